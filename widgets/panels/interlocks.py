"""Interlocks: rules between departments in force, what they hold back now, and by which values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QItemSelection
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from twin.clock import NS_PER_S
from twin.interlocks.model import RuleCard
from twin.interlocks.saying import filled
from twin.room.model import BlockedBy, Command, CommandState
from twin.room.parts.commands import Commands
from twin.room.parts.interlocks import InterlockRules
from widgets.panel import PanelContext, PanelType
from widgets.parts.command_details import selection_of
from widgets.parts.command_words import operator_text, request_phrase
from widgets.parts.elided_button import ElidedButton
from widgets.parts.empty_state import EmptyState
from widgets.parts.fact_table import FactView
from widgets.parts.fit_scroll import FitScroll
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.places import place_of
from widgets.parts.section_list import (
    KeyRole,
    Row,
    Section,
    SectionDelegate,
    SectionList,
    section_view,
)
from widgets.parts.wording import clock_text, value_text

#: Commands that a rule has ended are listed for so long.
ENDED_SHOWN_S = 900
_STAGES = {
    "submit": "when it is asked for",
    "release": "before it leaves",
    "adapter": "at the asset",
}
_UNKNOWN = {"block": "the command is held back", "pass": "the command may go on"}


class InterlocksPanel(PanelWidget):
    """What is held back on top, then all rules; the chosen one with its condition and values."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._chosen = ""
        self.model = SectionList()
        self._delegate = SectionDelegate(self.inks)
        self.list = section_view(self.model, self._delegate, "Interlocks")
        self.list.selectionModel().selectionChanged.connect(self._choose_row)
        self.list.doubleClicked.connect(lambda _index: self._fly())
        self.title, self.text = wrapped("title"), wrapped()
        self.condition = wrapped("muted")
        self.facts = FactView(most_rows=12)
        self.facts.setAccessibleName("The rule and the values it looks at")
        self.fly = QPushButton("Fly there")
        self.fly.clicked.connect(lambda _checked=False: self._fly())
        self.cancel = ElidedButton("Cancel command")
        self.cancel.clicked.connect(lambda _checked=False: self._cancel())
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.show_rows()

    def _lay_out(self) -> None:
        empty = EmptyState(
            "No rules between departments are in force on this hub. Where there are some, they "
            "and the commands that they hold back are shown here with the values they look at."
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.fly)
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        self._details = QWidget()
        details = QVBoxLayout(self._details)
        details.setContentsMargins(12, 8, 12, 12)
        details.setSpacing(8)
        for part in (self.title, self.text, self.condition):
            details.addWidget(part)
        details.addLayout(buttons)
        details.addWidget(self.facts)
        self._scroll = FitScroll(self._details)
        self._scroll.hide()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addWidget(self._scroll)
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(body)
        self._stack.addWidget(empty)

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Values and times go on."""
        self.show_rows()

    def show_rows(self) -> None:
        """List what is held back now, and the rules."""
        held, ended = self._held(), self._ended()
        rules = self.session.hub.room[InterlockRules].rules
        blocking = {one.rule for command in held for one in command.interlocks}
        sections: list[Section] = [
            ("Held back now", [self._command_row(command) for command in held]),
            ("Refused lately", [self._command_row(command) for command in ended]),
            ("Rules in force", [_rule_row(rule, rule.id in blocking) for rule in rules]),
        ]
        self.model.show_sections(sections)
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        self._show_chosen()

    def _held(self) -> list[Command]:
        return [command for command in self.session.hub.room[Commands].open if command.interlocks]

    def _ended(self) -> list[Command]:
        now_ns = self.session.clock.now_ns()
        found = (
            command
            for command in reversed(tuple(self.session.hub.room.commands.values()))
            if command.is_terminal and command.interlocks
        )
        return [c for c in found if now_ns - c.moved_ns < ENDED_SHOWN_S * NS_PER_S]

    def _command_row(self, command: Command) -> Row:
        return Row(
            key=f"command {command.request.id}",
            title=f"{request_phrase(command.request)}, {operator_text(command.issued_by)}",
            caption=reasons_text(command.interlocks),
            right=clock_text(command.moved_ns),
            level="warning" if not command.is_terminal else "calm",
            is_bold=not command.is_terminal,
        )

    def _show_chosen(self) -> None:
        kind, _, key = self._chosen.partition(" ")
        command = self.session.hub.room.commands.get(key) if kind == "command" else None
        rules = {rule.id: rule for rule in self.session.hub.room[InterlockRules].rules}
        rule = rules.get(key) if kind == "rule" else None
        self._scroll.setVisible(command is not None or rule is not None)
        self.fly.setVisible(command is not None)
        is_held = command is not None and command.state is CommandState.QUEUED
        self.cancel.setVisible(is_held)
        if command is not None:
            self._show_command(command)
        elif rule is not None:
            self._show_rule(rule)

    def _show_command(self, command: Command) -> None:
        self.title.setText(request_phrase(command.request))
        say(self.text, "\n".join(one.text for one in command.interlocks))
        say(self.condition, "")
        facts: list[tuple[str, str]] = [("Asked by", operator_text(command.issued_by))]
        for one in command.interlocks:
            facts.append(("Rule", one.title))
            for datastream_id, value in one.values.items():
                now = self._now(datastream_id)
                told = f"{self._text(datastream_id, value)} then" + (f", {now} now" if now else "")
                facts.append((self._named(datastream_id) or datastream_id, told))
        self.facts.show_facts(facts)

    def _show_rule(self, rule: RuleCard) -> None:
        self.title.setText(rule.title)
        say(self.text, rule_text(rule))
        say(self.condition, f"Holds a command back when  {rule.blocks_when}")
        about = (
            ("Commands", rule.actions),
            ("Assets", rule.targets),
            ("Kinds", tuple(kind.replace("_", " ") for kind in rule.kinds)),
            ("Areas", rule.areas),
        )
        facts = [(title, ", ".join(names)) for title, names in about if names]
        facts.append(("Asked", ", ".join(_STAGES.get(stage, stage) for stage in rule.at)))
        facts.append(("Value not known", _UNKNOWN.get(rule.unknown, rule.unknown)))
        for name, datastream_id in rule.inputs.items():
            told = " ".join(filter(None, (self._named(datastream_id), self._now(datastream_id))))
            facts.append((name, told or datastream_id))
        self.facts.show_facts(facts)

    def _named(self, datastream_id: str) -> str:
        """Name of the thing and property of a datastream; "" when it is not known."""
        store = self.session.observations
        slot = store.slot_of(datastream_id) if datastream_id else -1
        if slot < 0:
            return ""
        stream = store.datastreams[slot]
        thing = store.things.get(stream.thing_id)
        name = thing.name if thing is not None else stream.thing_id
        return f"{name}, {stream.observed_property.replace('_', ' ')}"

    def _now(self, datastream_id: str) -> str:
        value = self.session.city_view.last_value(datastream_id)
        return self._text(datastream_id, value) if value is not None else ""

    def _text(self, datastream_id: str, value: float) -> str:
        store = self.session.observations
        slot = store.slot_of(datastream_id)
        return value_text(value, store.datastreams[slot]) if slot >= 0 else f"{value:,.4g}"

    # -- choosing ---------------------------------------------------------------------------

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "interlocks" in changed:
            self.show_rows()

    def _choose_row(self, _on: QItemSelection, _off: QItemSelection) -> None:
        chosen = self.list.selectionModel().selectedIndexes()
        self._chosen = str(chosen[0].data(KeyRole) or "") if chosen else ""
        self._show_chosen()

    def _command(self) -> Command | None:
        kind, _, key = self._chosen.partition(" ")
        return self.session.hub.room.commands.get(key) if kind == "command" else None

    def _cancel(self) -> None:
        command = self._command()
        if command is not None:
            self.session.hub.cancel(command.request.id)

    def _fly(self) -> None:
        command = self._command()
        if command is None:
            return
        selection = selection_of(self.session, command.request.target_id)
        self.session.select(selection)
        place = place_of(self.session, selection)
        if place is not None:
            self.fly_to(place[1])


def reasons_text(blocked: Sequence[BlockedBy]) -> str:
    """Why, in one line."""
    return "; ".join(one.text for one in blocked)


def rule_text(rule: RuleCard) -> str:
    """What a rule says of any asset."""
    told = filled(rule.text, {"target": "the asset", "other": "another command"})
    told = re.sub(r"\{(\w+)\}", lambda match: f"its {match[1].replace('_', ' ')}", told)
    return f"{told[:1].upper()}{told[1:]}"


def _rule_row(rule: RuleCard, is_blocking: bool) -> Row:
    about = ", ".join((*rule.actions, *(kind.replace("_", " ") for kind in rule.kinds)))
    return Row(
        key=f"rule {rule.id}",
        title=rule.title,
        caption=rule_text(rule) or about,
        right="holds back" if is_blocking else "",
        level="warning" if is_blocking else "calm",
    )


PANEL = PanelType(
    id="interlocks",
    title="Interlocks",
    area="right",
    create=InterlocksPanel,
    order=30,
    icon="interlock",
    workspaces=("command",),
)
