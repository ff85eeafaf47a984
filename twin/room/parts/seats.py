"""Workspaces that are handed from one seat to another: what somebody sees, to go on with it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.link.presence import Look
from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body


class WorkspaceOffer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A workspace that waits for whoever takes it over.

    Attributes
    ----------
    to : console it is for, "" = anybody
    workspace : id of the layout
    look : where the camera stands, None = no view is open
    panels : ids of the panels that are open
    feature_ids, things, unit_id : what is selected
    filters : id of a panel -> what it is filtered by, in that panel's own words
    incident : id of the incident that is worked, "" = none
    """

    id: str
    by: Operator
    made_ns: int
    expires_ns: int
    to: str = ""
    workspace: str = ""
    text: str = ""
    look: Look | None = None
    panels: tuple[str, ...] = ()
    feature_ids: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    unit_id: str = ""
    filters: dict[str, str] = {}
    incident: str = ""


class _Offered(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "workspace.offered"."""

    offer: WorkspaceOffer


class _Gone(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "workspace.taken" and "workspace.withdrawn"."""

    id: str


class Seats(Part):
    """Offered workspaces by id, oldest first."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.offers = self.table("workspace_offer", WorkspaceOffer, lambda entry: entry.id)

    def handlers(self) -> Mapping[str, Handler]:
        """Offered, taken, withdrawn."""
        return {
            "workspace.offered": self._offered,
            "workspace.taken": self._gone,
            "workspace.withdrawn": self._gone,
        }

    def _offered(self, event: Event) -> None:
        self.offers.put(read_body(event, _Offered).offer)

    def _gone(self, event: Event) -> None:
        self.offers.drop(read_body(event, _Gone).id)


PART = PartType(id="seats", make=Seats)
