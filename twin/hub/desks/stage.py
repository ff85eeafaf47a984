"""Setting the stage of the city: with a reason, and on what was seen."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.parts.stage import HIGHEST, LOWEST, STAGE_WORDS, Stage

MAX_TEXT = 500
MAX_FACTS = 20


class SetStage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "stage.set".

    ``expected`` is the stage that whoever sets it saw; ``proposed`` what the rules proposed to
    them (0 = nothing), ``facts`` what that stood on.
    """

    level: int
    expected: int
    reason: str
    proposed: int = 0
    facts: tuple[str, ...] = ()


class StageDesk(Desk):
    """Keeps the stage."""

    def acts(self) -> Mapping[str, Taken]:
        """Setting it."""
        return {"stage.set": Taken(SetStage, self._set)}

    def permissions(self) -> Mapping[str, Ask]:
        """By level, "1" to "5"."""
        return {"stage.set": self.asked("stage.set", lambda _, level: self._why_not(level))}

    def _why_not(self, level: str) -> str:
        now = self.hall.room[Stage].level
        if level != str(now):
            return ""
        return f"The city is at stage {now} ({STAGE_WORDS[now]}) already"

    def _set(self, who: Who, body: SetStage) -> str:
        stage = self.hall.room[Stage]
        now = stage.level
        if not LOWEST <= body.level <= HIGHEST or not 0 <= body.proposed <= HIGHEST:
            return f"A stage is {LOWEST} to {HIGHEST}"
        newest = stage.newest
        if body.expected != now and newest is not None:
            return (
                f"{person(newest.by)} set stage {now} first; look at it as it is now, then set it"
                " again"
            )
        why = self._why_not(str(body.level))
        if why:
            return why
        if not 0 < len(body.reason.strip()) <= MAX_TEXT:
            return f"A stage is set with a reason of 1 to {MAX_TEXT} letters"
        if len(body.facts) > MAX_FACTS or any(len(fact) > MAX_TEXT for fact in body.facts):
            return f"A stage stands on at most {MAX_FACTS} facts of {MAX_TEXT} letters"
        self.hall.emit(
            "stage.set",
            person(who.operator),
            level=body.level,
            before=now,
            by=who.operator,
            reason=body.reason.strip(),
            proposed=body.proposed,
            facts=body.facts,
        )
        return ""


DESK = DeskType(id="stage", make=StageDesk)
