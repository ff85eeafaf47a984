"""The stage of the city, 1 normal to 5 crisis: one number for everybody, set by people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from twin.room.errors import EventError
from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

#: Words of the stages; the number stands beside them everywhere.
STAGE_WORDS = {1: "Normal", 2: "Attention", 3: "Alert", 4: "Severe", 5: "Crisis"}
LOWEST, HIGHEST = 1, 5
CHANGES_KEPT = 100
Level = Annotated[int, msgspec.Meta(ge=LOWEST, le=HIGHEST)]


class StageChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the stage. All fields are always written.

    Attributes
    ----------
    seq : number of its event, as text
    level, before : 1 … 5
    proposed : what the rules proposed when it was set, 0 = nobody asked them
    facts : what that proposal stood on, sentences
    """

    seq: str
    t_ns: int
    level: int
    before: int
    by: Operator
    reason: str
    proposed: int = 0
    facts: tuple[str, ...] = ()


class _Set(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "stage.set"."""

    level: Level
    before: Level
    by: Operator
    reason: str
    proposed: int = 0
    facts: tuple[str, ...] = ()


class Stage(Part):
    """The changes of the stage, oldest first; the last one is in force."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.changes = self.table("stage_change", StageChange, lambda entry: entry.seq)

    @property
    def newest(self) -> StageChange | None:
        """The change that is in force, None before the first."""
        return next(reversed(self.changes.values()), None)

    @property
    def level(self) -> int:
        """Stage in force; 1 before anybody has set one."""
        newest = self.newest
        return LOWEST if newest is None else newest.level

    def handlers(self) -> Mapping[str, Handler]:
        """Setting it. The log of the shift takes this kind too, so it never raises."""
        return {"stage.set": self._set}

    def _set(self, event: Event) -> None:
        try:
            body = read_body(event, _Set)
        except EventError:
            return
        change = StageChange(
            seq=str(event.seq),
            t_ns=event.t_ns,
            level=body.level,
            before=body.before,
            by=body.by,
            reason=body.reason,
            proposed=body.proposed,
            facts=body.facts,
        )
        self.changes.put(change)
        if len(self.changes) > CHANGES_KEPT:
            self.changes.drop(next(iter(self.changes)))


PART = PartType(id="stage", make=Stage)
