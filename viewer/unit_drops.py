"""Units dragged from their board onto the mark of an incident in a view."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF
from PySide6.QtGui import QDragMoveEvent, QDropEvent

from scenes.pick import Pick
from twin.room.parts.incidents import Incidents
from twin.session import TwinSession
from twin.unit_assigning import UnitAssigning
from widgets.parts.unit_drag import UNITS_MIME, units_in
from widgets.viewport import Viewport


class UnitDrops(QObject):
    """Takes units where an incident is drawn. GUI thread; `close` at the end.

    Parameters
    ----------
    pick : what is drawn at a place of the view, device pixels from the top left
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        viewport: Viewport,
        pick: Callable[[float, float], Pick | None],
    ) -> None:
        super().__init__()
        self._session, self._viewport, self._pick = session, viewport, pick
        self._assigning = UnitAssigning(session)
        self._disconnect = session.room_changed.connect(self._follow_room)
        viewport.setAcceptDrops(True)
        viewport.installEventFilter(self)

    def close(self) -> None:
        """Take nothing any more."""
        self._disconnect()
        self._viewport.removeEventFilter(self)
        self._viewport.setAcceptDrops(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take units over the view, and let go of them on an incident."""
        kind = event.type()
        if kind == QEvent.Type.DragEnter and isinstance(event, QDropEvent):
            event.setAccepted(event.mimeData().hasFormat(UNITS_MIME))
            return True
        if kind == QEvent.Type.DragMove and isinstance(event, QDragMoveEvent):
            event.setAccepted(bool(self._incident_at(event)))
            return True
        if kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._drop(event)
            return True
        return super().eventFilter(watched, event)

    def _incident_at(self, event: QDropEvent) -> str:
        if not event.mimeData().hasFormat(UNITS_MIME):
            return ""
        at: QPointF = event.position()
        ratio = self._viewport.devicePixelRatioF()
        pick = self._pick(at.x() * ratio, at.y() * ratio)
        return "" if pick is None else pick.incident_id

    def _drop(self, event: QDropEvent) -> None:
        incident = self._session.hub.room[Incidents].by_id.get(self._incident_at(event))
        if incident is None:
            event.ignore()
            return
        event.acceptProposedAction()
        n = self._assigning.assign(units_in(event.mimeData()), incident)
        if not n:
            self._session.message.emit(f"It works on {incident.title} already")
        self._follow_room(frozenset({"refusals"}))

    def _follow_room(self, changed: frozenset[str]) -> None:
        refused = self._assigning.follow() if changed & {"incidents", "refusals"} else ""
        if refused:
            self._session.message.emit(f"The hub refused: {refused}")
