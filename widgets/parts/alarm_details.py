"""What is chosen in the alarm list: facts, what to do, and the ways to answer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from twin.acting import refusal_of
from twin.alarming import (
    SEVERITY_OF,
    acknowledge,
    make_incident,
    put_back,
    reset,
    shelve,
    take_out,
    to_acknowledge,
    to_reset,
    unshelve,
    unsuppress,
)
from twin.operations.alarm_groups import RANK, AlarmGroup
from twin.room.parts.alarms import Alarm, AlarmState
from twin.room.parts.incidents import Severity
from twin.session import TwinSession
from widgets.parts.alarm_forms import AlarmForm, IncidentForm, ServiceForm, ShelveForm
from widgets.parts.alarm_words import facts_of_alarm, facts_of_group, group_title, place_text
from widgets.parts.fact_table import FactView
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import offer, why_not
from widgets.parts.wording import count_text

_FLY_M = 220.0


class AlarmDetails(QWidget):
    """Facts, response and buttons; hidden while nothing is chosen. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._group: AlarmGroup | None = None
        self.alarms: tuple[Alarm, ...] = ()
        self._act_id = ""
        self.title = wrapped("title")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.response_heading = wrapped("heading", "What to do")
        self.response, self.problem, self.note = wrapped(), wrapped("error"), wrapped("muted")
        self.response.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts = FactView(most_rows=14)
        self.facts.horizontalHeader().resizeSection(0, 92)
        self.facts.setAccessibleName("Facts of the alarm")
        self._make_buttons()
        self.shelving = ShelveForm(self._shelve, self._leave_forms)
        self.service = ServiceForm(self._take_out, self._leave_forms)
        self.incident = IncidentForm(self._make_incident, self._leave_forms)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(self.response_heading)
        layout.addWidget(self.response)
        layout.addWidget(self.problem)
        layout.addLayout(self._buttons)
        layout.addWidget(self.note)
        for form in self.forms:
            layout.addWidget(form)
        layout.addWidget(self.facts)
        layout.addStretch(1)
        self.problem.hide()
        self.hide()

    @property
    def forms(self) -> tuple[AlarmForm, ...]:
        """The forms, of which at most one is open."""
        return self.shelving, self.service, self.incident

    def _make_buttons(self) -> None:
        self._buttons = QGridLayout()
        self._buttons.setSpacing(6)
        self.acknowledge = self._button("Acknowledge", self.acknowledge_chosen)
        self.acknowledge.setProperty("role", "primary")
        self.reset = self._button("Reset", self._reset)
        self.unshelve = self._button("Take off the shelf", self._unshelve)
        self.put_back = self._button("Put back into service", self._put_back)
        self.unsuppress = self._button("No longer suppress", self._unsuppress)
        self.shelve = self._button("Shelve…", self._open_shelving)
        self.take_out = self._button("Out of service…", self._open_service)
        self.fly = self._button("Fly there", self.fly_there)
        self.make = self._button("Make an incident…", self._open_incident)

        #: What each of them asks of the hub, and its own tool tip.
        self._acts = {
            self.acknowledge: ("alarm.acknowledge", "A"),
            self.reset: ("alarm.reset", "Let it go: its cause is over"),
            self.unshelve: ("alarm.unshelve", ""),
            self.put_back: ("alarm.put_back", ""),
            self.unsuppress: ("alarm.unsuppress", ""),
            self.shelve: ("alarm.shelve", "Out of sight for a while"),
            self.take_out: ("alarm.take_out", ""),
            self.make: ("incident.open", ""),
        }

    def _button(self, title: str, run: Callable[[], object]) -> QPushButton:
        button = QPushButton(title, self)
        button.clicked.connect(lambda _checked=False: run())
        return button

    def show_chosen(self, group: AlarmGroup | None, alarms: Sequence[Alarm]) -> None:
        """Show other alarms, or bring these up to date; none = nothing is chosen.

        Parameters
        ----------
        group : the entry, where all of it is chosen
        """
        chosen = tuple(alarms)
        if [alarm.id for alarm in chosen] != [alarm.id for alarm in self.alarms]:
            self._act_id = ""
            self._leave_forms()
        self._group, self.alarms = group, chosen
        self.setVisible(bool(chosen))
        if not chosen:
            return
        self._show_texts()
        self._show_buttons()
        refusal = refusal_of(self._session, self._act_id)
        say(self.problem, f"The hub refused: {refusal}" if refusal else "")

    def _show_texts(self) -> None:
        now_ns = self._session.clock.now_ns()
        chosen, group = self.alarms, self._group
        if len(chosen) == 1:
            head = chosen[0]
            self.title.setText(head.title)
            self.facts.show_facts(facts_of_alarm(head, now_ns))
        elif group is not None:
            head = group.head
            self.title.setText(group_title(group))
            self.facts.show_facts(facts_of_group(group))
        else:
            head = min(chosen, key=lambda alarm: RANK[alarm.priority])
            self.title.setText(f"{count_text(len(chosen), 'alarm')} chosen")
            self.facts.show_facts([])
        say(self.response, head.response if len(chosen) == 1 or group is not None else "")
        self.response_heading.setVisible(not self.response.isHidden())

    def _show_buttons(self) -> None:
        chosen, states = self.alarms, {alarm.state for alarm in self.alarms}
        n_new = len(to_acknowledge(chosen))
        many = f" {count_text(n_new, 'alarm')}" if len(chosen) > 1 else ""
        self.acknowledge.setText(f"Acknowledge{many}")
        wanted = {
            self.acknowledge: n_new > 0,
            self.reset: bool(to_reset(chosen)),
            self.unshelve: AlarmState.SHELVED in states,
            self.put_back: AlarmState.OUT_OF_SERVICE in states,
            self.unsuppress: AlarmState.SUPPRESSED in states,
            self.shelve: AlarmState.SHELVED not in states,
            self.take_out: AlarmState.OUT_OF_SERVICE not in states,
            self.fly: self.place is not None,
            self.make: True,
        }
        shown = [button for button, is_shown in wanted.items() if is_shown]
        for button in wanted:
            self._buttons.removeWidget(button)
            if button not in shown:
                button.hide()
        for n, button in enumerate(shown):
            self._buttons.addWidget(button, n // 2, n % 2)
            button.show()
        self.tell_permissions()

    def tell_permissions(self) -> None:
        """Turn off what the hub would refuse; the muted line says the first of it and why."""
        told = ""
        for button in self.answers():
            kind, tip = self._acts.get(button, ("", ""))
            against = why_not(self._session, kind) if kind else ""
            offer(button, against, tip=tip)
            if against and not told:
                told = f"{button.text().rstrip('…')}: {against}"
        say(self.note, told)

    def answers(self) -> list[QPushButton]:
        """What can be done about the chosen alarms now, in order."""
        found = (self._buttons.itemAt(n) for n in range(self._buttons.count()))
        widgets = (item.widget() for item in found if item is not None)
        return [one for one in widgets if isinstance(one, QPushButton)]

    # -- answering --------------------------------------------------------------------------

    @property
    def place(self) -> tuple[float, float, float] | None:
        """Where the first of the chosen ones is, local metres."""
        head = [self._group.head] if self._group is not None else []
        return next((one.xyz for one in (*head, *self.alarms) if one.xyz is not None), None)

    def acknowledge_chosen(self) -> bool:
        """Acknowledge all that is chosen; False when there is nothing to."""
        if not to_acknowledge(self.alarms):
            return False
        against = why_not(self._session, "alarm.acknowledge")
        if against:
            say(self.problem, against)
            return True
        self._act_id = acknowledge(self._session, self.alarms)
        return True

    def fly_there(self) -> None:
        """Let the camera go there."""
        if self.place is not None:
            self._session.fly_to_requested.emit((*self.place, _FLY_M))

    def _reset(self) -> None:
        self._act_id = reset(self._session, self.alarms)

    def _unshelve(self) -> None:
        self._act_id = unshelve(self._session, self.alarms)

    def _put_back(self) -> None:
        self._act_id = put_back(self._session, self.alarms)

    def _unsuppress(self) -> None:
        self._act_id = unsuppress(self._session, self.alarms)

    def _open_shelving(self) -> None:
        self._leave_forms()
        self.shelving.open(len(self.alarms))

    def _open_service(self) -> None:
        self._leave_forms()
        self.service.open(len(self.alarms))

    def _open_incident(self) -> None:
        self._leave_forms()
        head = self._group.head if self._group is not None else self.alarms[0]
        worst = min(self.alarms, key=lambda alarm: RANK[alarm.priority])
        place = place_text(head)
        title = f"{head.title}, {place}" if place else head.title
        self.incident.open(title, SEVERITY_OF[worst.priority], len(self.alarms))

    def _shelve(self) -> None:
        form = self.shelving
        self._act_id = shelve(self._session, self.alarms, form.seconds, form.reason.text().strip())
        self._leave_forms()

    def _take_out(self) -> None:
        self._act_id = take_out(self._session, self.alarms, self.service.reason.text().strip())
        self._leave_forms()

    def _make_incident(self) -> None:
        form = self.incident
        self._act_id = make_incident(
            self._session,
            self.alarms,
            title=form.title.text().strip(),
            kind=str(form.kind.currentData()),
            severity=Severity(form.severity.currentData()),
        )
        self._leave_forms()
        self._session.message.emit(f"An incident is made: {form.title.text().strip()}")

    def _leave_forms(self) -> None:
        for form in self.forms:
            form.hide()
