"""Putting, removing and switching event rules; bringing in those of a watcher's file."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.perception.rules_model import EventRule, RuleError, compiled
from twin.room.parts.event_rules import EventRules, RuleEntry

MAX_RULES = 500
MAX_FILE = 120
MAX_BYTES = 262_144
MAX_LOADED_BYTES = 900_000


class PutRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "rule.put"; ``expected_rev`` 0 = it is a new one, else the revision to change."""

    rule: EventRule
    expected_rev: int = 0
    is_on: bool = True


class RemoveRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "rule.remove"."""

    id: str


class EnableRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "rule.enable"."""

    id: str
    is_on: bool


class LoadRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "rule.load": all rules of a watcher's file; ``file`` "" = it has none."""

    file: str
    fingerprint: str
    rules: tuple[EventRule, ...] = ()


class EventRuleDesk(Desk):
    """Keeps event rules."""

    def acts(self) -> Mapping[str, Taken]:
        """Acts about rules."""
        return {
            "rule.put": Taken(PutRule, self._put),
            "rule.remove": Taken(RemoveRule, self._remove),
            "rule.enable": Taken(EnableRule, self._enable),
            "rule.load": Taken(LoadRules, self._load),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """By id of the rule."""
        return {
            "rule.remove": self.asked("rule.remove", lambda _, key: self._why_not_remove(key)),
            "rule.enable": self.asked("rule.enable", lambda _, key: self._why_not_switch(key)),
        }

    def _why_not_remove(self, rule_id: str) -> str:
        old = self._rules.get(rule_id)
        if old is None:
            return "There is no such rule"
        if old.file and not old.is_edited:
            return f"“{old.rule.title}” stands in the file {old.file}; switch it off instead"
        followers = [one.rule.title for one in self._rules.values() if one.rule.root == rule_id]
        if followers and not old.file:
            return f"“{followers[0]}” follows from this rule; change that one first"
        return ""

    def _why_not_switch(self, rule_id: str) -> str:
        return "" if rule_id in self._rules else "There is no such rule"

    @property
    def _rules(self) -> Mapping[str, RuleEntry]:
        return self.hall.room[EventRules].by_id.entries

    def _put(self, who: Who, body: PutRule) -> str:
        rule, old = body.rule, self._rules.get(body.rule.id)
        if (old.rev if old else 0) != body.expected_rev:
            return self._overtaken(rule, old)
        if old is None and len(self._rules) >= MAX_RULES:
            return f"There are {MAX_RULES} rules already; remove some"
        sentence = _unfit(rule) or self._unfit_root(rule, self._rules)
        if sentence:
            return sentence
        self.hall.emit(
            "rule.put", person(who.operator), rule=msgspec.to_builtins(rule), is_on=body.is_on,
            by=msgspec.to_builtins(who.operator),
            text=f"{'Made' if old is None else 'Changed'} the rule “{rule.title}”",
        )  # fmt: skip
        return ""

    def _remove(self, who: Who, body: RemoveRule) -> str:
        why = self._why_not_remove(body.id)
        if why:
            return why
        old = self._rules[body.id]
        text = f"Removed the rule “{old.rule.title}”"
        self.hall.emit("rule.removed", person(who.operator), id=body.id, text=text)
        return ""

    def _enable(self, who: Who, body: EnableRule) -> str:
        why = self._why_not_switch(body.id)
        if why:
            return why
        old = self._rules[body.id]
        if old.is_on == body.is_on:
            return f"“{old.rule.title}” is {'on' if body.is_on else 'off'} already"
        self.hall.emit(
            "rule.switched", person(who.operator), id=body.id, is_on=body.is_on,
            by=msgspec.to_builtins(who.operator),
            text=f"Switched the rule “{old.rule.title}” {'on' if body.is_on else 'off'}",
        )  # fmt: skip
        return ""

    def _load(self, who: Who, body: LoadRules) -> str:
        if len(body.file) > MAX_FILE or len(body.fingerprint) > MAX_FILE:
            return f"The name of a file of rules has at most {MAX_FILE} letters"
        if bool(body.file) != bool(body.rules):
            return "A file of rules has a name and holds rules"
        ids = [rule.id for rule in body.rules]
        if len(set(ids)) < len(ids):
            return "Two rules of the file have the same id"
        if len({*ids, *self._rules}) > MAX_RULES:
            return f"There would be over {MAX_RULES} rules; nobody could oversee them"
        for rule in body.rules:
            old = self._rules.get(rule.id)
            if old is not None and old.file and old.file != body.file:
                return f"“{rule.id}” stands in the file {old.file} already"
            sentence = _unfit(rule)
            if sentence:
                return sentence
        plain = msgspec.to_builtins(body)
        if len(msgspec.json.encode(plain)) > MAX_LOADED_BYTES:
            return f"A file of rules has at most {MAX_LOADED_BYTES:,} bytes; make several of it"
        n = len(body.rules)
        self.hall.emit(
            "rule.loaded", person(who.operator), **plain, console_id=who.operator.console_id,
            text=f"{n} rule{'' if n == 1 else 's'} of {body.file or 'no file'} watched",
        )  # fmt: skip
        return ""

    def _overtaken(self, rule: EventRule, old: RuleEntry | None) -> str:
        if old is None:
            return "There is no such rule any more"
        by = person(old.by) if old.by else f"the file {old.file}"
        return f"“{rule.title}” was changed first, by {by}; look at it as it is now"

    @staticmethod
    def _unfit_root(rule: EventRule, rules: Mapping[str, RuleEntry]) -> str:
        if rule.root and rule.root not in rules:
            return f"There is no rule “{rule.root}” that it could follow from"
        return ""


def _unfit(rule: EventRule) -> str:
    try:
        compiled(rule)
    except RuleError as error:
        where = f", {error.field}" if error.field else ""
        return f"Rule “{rule.id[:60]}”{where}: {error}"
    if len(msgspec.json.encode(rule)) > MAX_BYTES:
        return f"A rule has at most {MAX_BYTES:,} bytes"
    return ""


DESK = DeskType(id="event_rules", make=EventRuleDesk)
