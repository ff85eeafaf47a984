"""Selects a feature of a streamed city as soon as a tile that holds it is loaded."""

from __future__ import annotations

from twin.city.residents import ResidentFeatures
from twin.clock import NS_PER_S
from twin.export.chosen import MERGED, chosen_at
from twin.session import NOTHING, Selection, TwinSession
from widgets.bridge import Bridge, Stop

_LOOK_MS = 100
#: So long a tile with the very feature is waited for; then one that holds it in a block will do.
_FINE_S = 6.0
_GIVE_UP_S = 40.0


class PendingSelection:
    """At most one wish at a time; another selection or wish ends it. GUI thread."""

    def __init__(self, session: TwinSession, bridge: Bridge) -> None:
        self._session, self._bridge = session, bridge
        self._id = self._name = ""
        self._since_ns = 0
        self._stop: Stop | None = None
        session.selection_changed.connect(self._note_selection)

    @property
    def is_waiting(self) -> bool:
        """Whether a feature is still waited for."""
        return bool(self._id)

    def want(self, feature_id: str, name: str) -> None:
        """Select the feature of this id, now or when it is loaded."""
        self._end()
        self._session.select(NOTHING)
        self._id, self._name = feature_id, name
        self._since_ns = self._session.clock.monotonic_ns()
        if not self._try():
            self._stop = self._bridge.every(_LOOK_MS, self._try)

    def _try(self) -> bool:
        waited_s = (self._session.clock.monotonic_ns() - self._since_ns) / NS_PER_S
        row = self._row(coarse=waited_s > _FINE_S)
        if row >= 0:
            self._end()
            self._session.select(Selection(feature=row))
        elif waited_s > _GIVE_UP_S:
            self._session.message.emit(
                f"{self._name} is not loaded, so it cannot be selected. Go closer to it"
            )
            self._end()
        return not self._id

    def _row(self, *, coarse: bool) -> int:
        """Row of the feature; that of a block which it is a part of only if ``coarse``."""
        features = self._session.city.features
        if not isinstance(features, ResidentFeatures):
            return -1
        found = -1
        for row in features.rows_of(self._id).tolist():
            one = chosen_at(features, row)
            merged = 1.0 if one is None else one.near_attributes.get(MERGED, 1.0)
            if merged == 1.0:
                return int(row)
            found = int(row) if coarse else found
        return found

    def _note_selection(self, selection: Selection) -> None:
        if not selection.is_empty:
            self._end()

    def _end(self) -> None:
        self._id = ""
        if self._stop is not None:
            self._stop()
            self._stop = None
