"""Rules between departments that are in force, so that every console shows the same ones."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.interlocks.model import RuleCard
from twin.room.model import Event
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, with its place in the file."""

    n: int
    rule: RuleCard


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rules come from; at most one entry."""

    fingerprint: str
    t_ns: int


class _Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "interlocks.loaded"."""

    fingerprint: str
    rules: tuple[RuleCard, ...] = ()


class InterlockRules(Part):
    """The rules in force, in the order of their file."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("interlock", InForce, lambda entry: entry.rule.id)
        self._source = self.table("interlock_file", _Source, lambda _: "source")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file, "" where there are no rules."""
        source = self._source.get("source")
        return source.fingerprint if source is not None else ""

    @property
    def rules(self) -> tuple[RuleCard, ...]:
        """All of them."""
        return tuple(one.rule for one in sorted(self.by_id.values(), key=lambda one: one.n))

    def handlers(self) -> Mapping[str, Handler]:
        """Loading replaces all."""
        return {"interlocks.loaded": self._loaded}

    def _loaded(self, event: Event) -> None:
        body = read_body(event, _Loaded)
        for rule_id in self.by_id:
            self.by_id.drop(rule_id)
        for n, rule in enumerate(body.rules):
            self.by_id.put(InForce(n=n, rule=rule))
        self._source.put(_Source(fingerprint=body.fingerprint, t_ns=event.t_ns))


PART = PartType(id="interlocks", make=InterlockRules)
