"""Keeps a console's window in step with what the hub says: where samples are, who sits here."""

from __future__ import annotations

from twin.room.model import Operator
from twin.session import TwinSession
from widgets.top_bar import TopBar


class HubFollower:
    """Looks at the link now and then. GUI thread."""

    def __init__(self, session: TwinSession, top_bar: TopBar) -> None:
        self._session = session
        self._top_bar = top_bar
        self._shown: Operator | None = None

    def look(self) -> None:
        """Listen where the hub says its samples are; show who it says is here."""
        hub = self._session.hub
        info = hub.hub_info()
        if info is not None and info.addresses.samples_out != self._session.ingest.endpoint:
            self._session.ingest.set_endpoint(info.addresses.samples_out)
        if hub.operator != self._shown:
            self._shown = hub.operator
            department = hub.operator.department.replace("_", " ")
            self._top_bar.show_operator(hub.operator.name, department)
