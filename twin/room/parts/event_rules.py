"""Event rules of the room: what the watcher runs, who changed it, how often each one came.

Files are brought in by the watcher that reads them; a rule that somebody changed in a console stays
as they made it, whatever the file says later.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.perception.rules_model import EventRule
from twin.perception.rules_naming import rule_of_alarm
from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body


class RuleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event rule of the room. All fields are always written, see `Table`.

    Attributes
    ----------
    file : that it came from, "" = made in a console
    is_edited : changed in a console since
    rev : counts its changes, from 1
    """

    id: str
    rule: EventRule
    is_on: bool = True
    file: str = ""
    is_edited: bool = False
    by: Operator | None = None
    changed_ns: int = 0
    rev: int = 1


class RuleFileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of rules that a watcher brought in.

    Attributes
    ----------
    file : its name; "" = the watcher has none
    console_id : of the watcher
    """

    file: str
    fingerprint: str
    console_id: str
    n_rules: int
    loaded_ns: int


class RuleFired(msgspec.Struct, frozen=True, kw_only=True):
    """How often the alarms of a rule came.

    Attributes
    ----------
    last_ns : hub time
    last_place : name of the thing or area
    """

    id: str
    n: int
    last_ns: int
    last_place: str


class _Put(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "rule.put"."""

    rule: EventRule
    by: Operator
    is_on: bool


class _Id(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "rule.removed"."""

    id: str


class _Switched(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "rule.switched"."""

    id: str
    is_on: bool
    by: Operator


class _Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "rule.loaded"."""

    file: str
    fingerprint: str
    console_id: str
    rules: tuple[EventRule, ...]


class EventRules(Part):
    """Event rules by id, the files they came from, how often each fired."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("event_rule", RuleEntry, lambda entry: entry.id)
        self.files = self.table("rule_file", RuleFileEntry, lambda entry: entry.file)
        self.fired = self.table("rule_fired", RuleFired, lambda entry: entry.id)

    def handlers(self) -> Mapping[str, Handler]:
        """Changes of rules, and alarms that come from them."""
        return {
            "rule.put": self._put,
            "rule.removed": self._removed,
            "rule.switched": self._switched,
            "rule.loaded": self._loaded,
            "alarm.raised": self._raised,
        }

    def _put(self, event: Event) -> None:
        body = read_body(event, _Put)
        old = self.by_id.get(body.rule.id)
        self.by_id.put(
            RuleEntry(
                id=body.rule.id, rule=body.rule, is_on=body.is_on, file=old.file if old else "",
                is_edited=True, by=body.by, changed_ns=event.t_ns, rev=old.rev + 1 if old else 1,
            )
        )  # fmt: skip

    def _removed(self, event: Event) -> None:
        self._drop(read_body(event, _Id).id)

    def _switched(self, event: Event) -> None:
        body = read_body(event, _Switched)
        old = self.by_id.get(body.id)
        if old is not None:
            changes = {"is_on": body.is_on, "by": body.by, "changed_ns": event.t_ns}
            self.by_id.put(msgspec.structs.replace(old, rev=old.rev + 1, **changes))

    def _loaded(self, event: Event) -> None:
        body = read_body(event, _Loaded)
        wanted = {rule.id for rule in body.rules}
        for old in self.by_id.values():
            if old.file == body.file and body.file and not old.is_edited and old.id not in wanted:
                self._drop(old.id)
        for rule in body.rules:
            self._load(rule, body.file, event.t_ns)
        self.files.put(
            RuleFileEntry(
                file=body.file, fingerprint=body.fingerprint, console_id=body.console_id,
                n_rules=len(body.rules), loaded_ns=event.t_ns,
            )
        )  # fmt: skip

    def _load(self, rule: EventRule, file: str, t_ns: int) -> None:
        old = self.by_id.get(rule.id)
        if old is None:
            self.by_id.put(RuleEntry(id=rule.id, rule=rule, file=file, changed_ns=t_ns))
        elif not old.is_edited and old.file == file and old.rule != rule:
            self.by_id.put(
                msgspec.structs.replace(old, rule=rule, changed_ns=t_ns, rev=old.rev + 1)
            )

    def _raised(self, event: Event) -> None:
        """Count it; the alarm itself is `twin.room.parts.alarms`'s, so nothing here may raise."""
        alarm = event.body.get("alarm")
        if not isinstance(alarm, dict):
            return
        rule_id = rule_of_alarm(str(alarm.get("id", "")))
        if rule_id not in self.by_id:
            return
        old = self.fired.get(rule_id)
        self.fired.put(
            RuleFired(
                id=rule_id, n=old.n + 1 if old else 1, last_ns=event.t_ns,
                last_place=str(alarm.get("thing_name", "")),
            )
        )  # fmt: skip

    def _drop(self, rule_id: str) -> None:
        self.by_id.drop(rule_id)
        self.fired.drop(rule_id)


PART = PartType(id="event_rules", make=EventRules)
