"""Offering a workspace to another seat, taking one over, and taking an offer back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.clock import NS_PER_S
from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import HUB, person
from twin.hub.who import Who
from twin.link.presence import Look
from twin.room.parts.seats import Seats, WorkspaceOffer

MAX_ID = 64
MAX_TEXT = 500
MAX_NAMES = 500
MAX_NAME = 200
MAX_FILTER = 2_000
MAX_OFFERS = 200
#: An offer that nobody takes goes after this long.
OPEN_S = 3_600


class OfferWorkspace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "workspace.offer"; see `WorkspaceOffer`."""

    id: str
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


class OneOffer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "workspace.take" and "workspace.withdraw"."""

    id: str


class SeatDesk(Desk):
    """Keeps offered workspaces."""

    def acts(self) -> Mapping[str, Taken]:
        """Offering, taking, withdrawing."""
        return {
            "workspace.offer": Taken(OfferWorkspace, self._offer),
            "workspace.take": Taken(OneOffer, self._take),
            "workspace.withdraw": Taken(OneOffer, self._withdraw),
        }

    def tick(self) -> None:
        """Forget offers that nobody took."""
        for offer in self._part.offers.values():
            if offer.expires_ns <= self.hall.now_ns:
                self.hall.emit("workspace.withdrawn", HUB, id=offer.id, reason="Nobody took it")

    @property
    def _part(self) -> Seats:
        return self.hall.room[Seats]

    def _offer(self, who: Who, body: OfferWorkspace) -> str:
        sentence = _unfit(body)
        if sentence:
            return sentence
        offers, me = self._part.offers, who.operator
        if body.id in offers or len(offers) >= MAX_OFFERS:
            return f"An offer has a new id, and at most {MAX_OFFERS} wait at a time"
        if body.to and body.to not in self.hall.room.operators:
            return "Nobody sits there"
        if body.to == me.console_id:
            return "A workspace is handed to another seat"
        now_ns = self.hall.now_ns
        fields = msgspec.structs.asdict(body)
        offer = WorkspaceOffer(
            by=me, made_ns=now_ns, expires_ns=now_ns + OPEN_S * NS_PER_S, **fields
        )
        self.hall.emit("workspace.offered", person(me), offer=offer)
        return ""

    def _take(self, who: Who, body: OneOffer) -> str:
        offer = self._part.offers.get(body.id)
        if offer is None:
            return "Somebody else has taken it, or it was withdrawn"
        me = who.operator.console_id
        if offer.by.console_id == me:
            return "It is your own workspace"
        if offer.to and offer.to != me:
            return "It is offered to another seat"
        self.hall.emit("workspace.taken", person(who.operator), id=offer.id, by=offer.by)
        return ""

    def _withdraw(self, who: Who, body: OneOffer) -> str:
        offer = self._part.offers.get(body.id)
        if offer is None:
            return "Somebody has taken it, or it was withdrawn"
        me = who.operator
        if me.identity != offer.by.identity and me.console_id != offer.to:
            return f"{person(offer.by)} offered it"
        self.hall.emit("workspace.withdrawn", person(me), id=offer.id)
        return ""


def _unfit(body: OfferWorkspace) -> str:
    """Why an offer cannot be kept, "" if it can."""
    if not 0 < len(body.id) <= MAX_ID or len(body.text) > MAX_TEXT:
        return f"An offer has an id, and at most {MAX_TEXT} letters"
    lists = (body.panels, body.feature_ids, body.things, tuple(body.filters))
    if max(map(len, lists)) > MAX_NAMES:
        return f"A workspace has at most {MAX_NAMES} panels, filters and selected things"
    names = [body.workspace, body.unit_id, body.incident, *(one for many in lists for one in many)]
    if max(map(len, names)) > MAX_NAME:
        return f"Names have at most {MAX_NAME} letters"
    if any(len(words) > MAX_FILTER for words in body.filters.values()):
        return f"A filter has at most {MAX_FILTER} letters"
    return ""


DESK = DeskType(id="seats", make=SeatDesk)
