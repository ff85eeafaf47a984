"""Who is there: operators by console."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body


class _Left(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "operator.left"."""

    console_id: str


class Operators(Part):
    """Operators by console id, in the order they joined."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_console = self.table("operator", Operator, lambda entry: entry.console_id)

    def handlers(self) -> Mapping[str, Handler]:
        """Joining, leaving, and a hub that starts with nobody connected."""
        return {
            "operator.joined": self._joined,
            "operator.left": self._left,
            "hub.started": self._hub_started,
        }

    def _joined(self, event: Event) -> None:
        operator = read_body(event, Operator)
        self.by_console.drop(operator.console_id)
        self.by_console.put(operator)

    def _left(self, event: Event) -> None:
        self.by_console.drop(read_body(event, _Left).console_id)

    def _hub_started(self, _: Event) -> None:
        for console_id in self.by_console:
            self.by_console.drop(console_id)


PART = PartType(id="operators", make=Operators)
