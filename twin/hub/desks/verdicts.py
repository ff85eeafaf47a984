"""Taking verdicts of operators on detected episodes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.parts.verdicts import Verdict

MAX_ID = 200
MAX_TEXT = 500


class Give(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "verdict.give"; a second one on the same episode takes the place of the first."""

    id: str
    datastream_id: str
    is_anomaly: bool
    start_ns: int
    end_ns: int
    thing_id: str = ""
    thing_name: str = ""
    xyz: tuple[float, float, float] | None = None
    strength: float = 0.0
    threshold: float = 0.0
    reason: str = ""


class VerdictDesk(Desk):
    """Keeps labels."""

    def acts(self) -> Mapping[str, Taken]:
        """Giving a verdict."""
        return {"verdict.give": Taken(Give, self._give)}

    def _give(self, who: Who, body: Give) -> str:
        ids = (body.id, body.datastream_id)
        if not all(0 < len(one) <= MAX_ID for one in ids):
            return f"A verdict names its episode and datastream in 1 to {MAX_ID} letters each"
        if max(len(body.thing_id), len(body.thing_name), len(body.reason)) > MAX_TEXT:
            return f"Texts of a verdict have at most {MAX_TEXT} letters"
        if not 0 <= body.start_ns <= body.end_ns:
            return "An episode ends after it begins"
        numbers = (body.strength, body.threshold, *(body.xyz or ()))
        if not all(math.isfinite(number) for number in numbers):
            return "The numbers of a verdict must be finite"
        verdict = Verdict(**msgspec.structs.asdict(body), by=who.operator, at_ns=self.hall.now_ns)
        self.hall.emit("verdict.given", person(who.operator), verdict=verdict)
        return ""


DESK = DeskType(id="verdicts", make=VerdictDesk)
