"""Rules: which event rules run, what they came to, writing them, and what they would have done."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.perception.rules_editing import about_text, when_text
from twin.perception.rules_model import CompiledRule, RuleError, compiled
from twin.room.parts.event_rules import EventRules, RuleEntry
from twin.ruling import (
    Reach,
    RuleStanding,
    Sight,
    is_watched,
    put_rule,
    reach_of,
    remove_rule,
    standings,
    switch_rule,
)
from twin.theme import Theme
from widgets.bridge import Stop
from widgets.panel import PanelContext, PanelType
from widgets.parts.alarm_words import PRIORITY_TITLES, department_title
from widgets.parts.command_words import operator_text
from widgets.parts.empty_state import EmptyState
from widgets.parts.fact_table import FactView
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import offer, why_not
from widgets.parts.row_list import RowList
from widgets.parts.rule_dry_run import RuleDryRun
from widgets.parts.rule_form import RuleForm
from widgets.parts.rule_words import reach_text, rule_row
from widgets.parts.wording import clock_text, count_text

_LOOK_MS = 300
_UNWATCHED = (
    "No watcher is connected, so no rule raises an alarm. Start “civitwin watch” on the hub"
)


class EventRulesPanel(PanelWidget):
    """The list on top; below it the chosen rule, or the form; below that the dry run."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._chosen, self._waits_for = "", ""
        self._wanted_look, self._n_looks, self._has_moved = False, 0, True
        self.status = wrapped("muted")
        self.list = RowList(self.inks, "Event rules")
        self.list.setMinimumHeight(120)
        self.list.selectionModel().currentChanged.connect(lambda *_: self._choose())
        self.title, self.note, self.problem = wrapped("title"), wrapped(), wrapped("error")
        self.problem.setContentsMargins(12, 0, 12, 4)
        self.problem.hide()
        self.facts = FactView(most_rows=12)
        self.facts.setAccessibleName("The rule")
        self.form = RuleForm(self.session)
        self.form.edited.connect(self._follow_form)
        self.form.kept.connect(self._keep)
        self.form.left.connect(self._leave_form)
        self.dry_run = RuleDryRun(context, self.inks)
        self._make_buttons()
        self._lay_out()
        self._stop_looking: Stop = context.bridge.every(_LOOK_MS, self._look_when_due)
        self.follow(self.session.room_changed, self._follow_room)
        self._leave_form()
        self.show_rules()

    # --- making -------------------------------------------------------------------------------

    def _make_buttons(self) -> None:
        self.new, self.change, self.switch, self.remove = (
            QPushButton(words) for words in ("New rule…", "Change…", "Switch off", "Remove")
        )
        self.against = wrapped("muted")
        self.against.hide()
        self.new.clicked.connect(lambda _checked=False: self._write(None))
        self.change.clicked.connect(lambda _checked=False: self._write(self._entry()))
        self.switch.clicked.connect(lambda _checked=False: self._switch())
        self.remove.clicked.connect(lambda _checked=False: self._remove())

    def _lay_out(self) -> None:
        self._empty = EmptyState(
            "There are no event rules. A rule says when an alarm comes and when it goes; "
            "“civitwin watch FILE” brings in those of a file.",
        )
        self._upper = QWidget()
        self._top = QStackedLayout(self._upper)
        self._top.addWidget(self.list)
        self._top.addWidget(self._empty)
        self._steps = QWidget()
        grid = QGridLayout(self._steps)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for number, button in enumerate((self.new, self.change, self.switch, self.remove)):
            grid.addWidget(button, number // 2, number % 2)
        self.details = QWidget()
        details = QVBoxLayout(self.details)
        details.setContentsMargins(0, 0, 0, 0)
        details.setSpacing(6)
        for part in (self.title, self.note, self.facts):
            details.addWidget(part)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.details)
        column.addWidget(self.form)
        column.addWidget(self.dry_run)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        self._scroll = scroll
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = QVBoxLayout()
        head.setContentsMargins(12, 8, 12, 8)
        head.setSpacing(6)
        head.addWidget(self.status)
        head.addWidget(self._steps)
        head.addWidget(self.against)
        layout.addLayout(head)
        layout.addWidget(self.problem)
        layout.addWidget(self._upper, 2)
        layout.addWidget(scroll, 3)
        layout.addWidget(self.form.footer)

    # --- showing ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what has moved since the last time."""
        if self._has_moved:
            self.show_rules()
        self._tell_permissions()

    def _tell_permissions(self) -> None:
        """Turn off what the hub would refuse; the muted line says the first of it and why."""
        entry = self._entry()
        about = entry.id if entry is not None else ""
        told = ""
        for button, kind, is_there in (
            (self.new, "rule.put", True),
            (self.change, "rule.put", entry is not None),
            (self.switch, "rule.enable", entry is not None),
            (self.remove, "rule.remove", entry is not None),
        ):
            against = why_not(self.session, kind, about if button is not self.new else "")
            told = told or against
            offer(button, against, tip="")
            if not is_there:
                button.setEnabled(False)
        say(self.against, told if self.form.isHidden() else "")

    def show_rules(self) -> None:
        """List the rules of the room as they stand."""
        self._has_moved = False
        found = standings(self.session.hub.room)
        self.list.show_rows([rule_row(one, self.inks.theme) for one in found])
        self._top.setCurrentIndex(0 if found else 1)
        watched = is_watched(self.session.hub.room)
        n_open, n_on = sum(one.n_open for one in found), sum(one.entry.is_on for one in found)
        told = f"{count_text(n_on, 'rule')} on, {count_text(n_open, 'alarm')} open"
        say(self.status, told if watched else _UNWATCHED if found else "")
        if self._waits_for and self.list.choose(self._waits_for):
            self._waits_for = ""
        self._show_chosen(found)

    def _show_chosen(self, found: list[RuleStanding]) -> None:
        one = next((one for one in found if one.entry.id == self._chosen), None)
        is_writing = not self.form.isHidden()
        self._upper.setVisible(not is_writing)
        self.form.footer.setVisible(is_writing)
        self._steps.setVisible(not is_writing)
        self._tell_permissions()
        self.details.setVisible(one is not None and not is_writing)
        self._scroll.setVisible(one is not None or is_writing)
        if one is None:
            return
        entry = one.entry
        self.switch.setText("Switch off" if entry.is_on else "Switch on")
        self.remove.setText("Back to the file" if entry.file and entry.is_edited else "Remove")
        self.title.setText(entry.rule.title)
        say(self.note, entry.rule.text)
        self.facts.show_facts(_facts(one))

    def _follow_room(self, changed: frozenset[str]) -> None:
        self._has_moved |= bool(changed & {"event_rules", "alarms", "operators"})
        if "permissions" in changed:
            self._tell_permissions()
        if "refusals" in changed:
            self.tell_refusal(self.problem)

    def _choose(self) -> None:
        key = self.list.current_key
        if key == self._chosen or not key:
            return
        self._chosen = key
        say(self.problem, "")
        if self.form.isHidden():
            self.dry_run.show_rule(self._compiled())
        self._show_chosen(standings(self.session.hub.room))

    # --- changing -----------------------------------------------------------------------------

    def _entry(self) -> RuleEntry | None:
        return self.session.hub.room[EventRules].by_id.get(self._chosen)

    def _compiled(self) -> CompiledRule | None:
        entry = self._entry()
        try:
            return compiled(entry.rule) if entry else None
        except RuleError:  # a newer program wrote it
            return None

    def _write(self, entry: RuleEntry | None) -> None:
        say(self.problem, "")
        self.form.show()
        self.form.write(entry.rule if entry else None, entry.rev if entry else 0)
        self.form.title.setFocus()
        self.show_rules()
        self._scroll.verticalScrollBar().setValue(0)

    def _leave_form(self) -> None:
        self.form.hide()
        self.dry_run.show_rule(self._compiled())
        self.show_rules()

    def _keep(self) -> None:
        ready = self.form.compiled
        if ready is None:
            return
        entry = self.session.hub.room[EventRules].by_id.get(ready.rule.id)
        is_on = entry.is_on if entry else True
        self.problem.hide()
        self._act_id = put_rule(self.session, ready.rule, self.form.rev, is_on=is_on)
        self._waits_for = ready.rule.id
        self._leave_form()

    def _switch(self) -> None:
        entry = self._entry()
        if entry is not None:
            self.problem.hide()
            self._act_id = switch_rule(self.session, entry.id, is_on=not entry.is_on)

    def _remove(self) -> None:
        entry = self._entry()
        if entry is not None:
            self.problem.hide()
            self._act_id = remove_rule(self.session, entry.id)

    # --- looking while it is written ------------------------------------------------------------

    def _follow_form(self) -> None:
        self.dry_run.show_rule(self.form.compiled)
        self._wanted_look = True
        if self.form.compiled is None:
            say(self.form.reach, "")

    def _look_when_due(self) -> None:
        """What the rule in the form is about: looked up on a worker, not with each letter."""
        ready = self.form.compiled
        if not self._wanted_look or self.form.isHidden() or ready is None:
            return
        self._wanted_look = False
        self._n_looks += 1
        number, sight = self._n_looks, Sight.of(self.session)

        def done(reach: Reach) -> None:
            if number == self._n_looks and self.form.compiled is ready:
                say(self.form.reach, reach_text(reach))

        self.context.bridge.run_job(
            lambda _progress: reach_of(ready, sight), done, lambda _error: None
        )

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme."""
        super().take_theme(theme)
        self.dry_run.plot.repaint_inks()
        self.show_rules()

    def release(self) -> None:
        """Let go of signals, jobs and the timer."""
        self._stop_looking()
        self.dry_run.release()
        super().release()


def _facts(one: RuleStanding) -> list[tuple[str, str]]:
    entry, rule = one.entry, one.entry.rule
    opened, closed = when_text(rule)
    came = "never"
    if one.fired is not None:
        place = f", {one.fired.last_place}" if one.fired.last_place else ""
        times = count_text(one.fired.n, "time")
        came = f"{times}, last at {clock_text(one.fired.last_ns)}{place}"
    changed = ", changed here" if entry.is_edited else ""
    where = f"{entry.file}{changed}" if entry.file else "this room"
    by = f"{where}, by {operator_text(entry.by)}" if entry.by else where
    found = [
        ("About", about_text(rule)),
        ("Opens when", opened),
        ("Closes when", closed),
        ("Suppressed while", rule.suppress_when),
        ("Priority", PRIORITY_TITLES[rule.priority] + (", latched" if rule.latched else "")),
        ("Department", department_title(rule.department)),
        ("Response", rule.response),
        ("Came", came),
        ("From", by),
    ]
    return [(name, text) for name, text in found if text]


PANEL = PanelType(
    id="event_rules",
    title="Rules",
    area="right",
    create=EventRulesPanel,
    order=45,
    icon="rule",
    workspaces=("monitor",),
)
