"""What belongs to an incident: objectives, links to alarms, commands, marks and things, files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton

from twin.incident_working import (
    add_objective,
    attach,
    attachment_of,
    link,
    remove_objective,
    unlink,
)
from twin.marking import middle_of_mark
from twin.room.parts.alarms import Alarms
from twin.room.parts.incidents import Incident
from twin.room.parts.marks import Marks
from twin.session import TwinSession
from widgets.bridge import Bridge
from widgets.parts.command_details import selection_of
from widgets.parts.command_words import STATE_WORDS, request_phrase
from widgets.parts.elided_button import ElidedButton
from widgets.parts.incident_area import IncidentArea
from widgets.parts.incident_page import RowsPage, focus, inset, row_of
from widgets.parts.incident_story import commands_of
from widgets.parts.incident_words import words
from widgets.parts.inks import Inks
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import Deed
from widgets.parts.places import place_of
from widgets.parts.section_list import ROW_PX, Row, Section
from widgets.parts.wording import clock_text, lower_first, property_title, value_text

_EMPTY = (
    "Nothing is linked yet. Select something in the view and link it, write an objective, or "
    "attach a file."
)


class LinksPage(RowsPage):
    """A click selects; a double click flies there."""

    def __init__(self, session: TwinSession, inks: Inks, bridge: Bridge) -> None:
        super().__init__(session, inks, "What belongs to it")
        self._bridge = bridge
        self.list.setMinimumHeight(ROW_PX)
        self.list.clicked.connect(self._select)
        self.list.activated.connect(self._fly)
        self.note = wrapped("muted")
        self.note.setContentsMargins(12, 8, 12, 0)
        self.column.insertWidget(0, self.note)
        self.area = IncidentArea(session)
        self.area.asked.connect(self.asked)
        self.column.insertWidget(0, self.area)
        self.objective = QLineEdit()
        self.objective.setMaxLength(300)
        self.objective.setPlaceholderText("Another objective, e.g. Keep the hospital dry")
        self.objective.setAccessibleName("Objective")
        self.objective.returnPressed.connect(self._add_objective)
        self.link = ElidedButton("Link what is selected")
        self.against = wrapped("muted")
        self.against.setContentsMargins(12, 0, 12, 0)
        self.link.clicked.connect(lambda _checked=False: self._link_selected())
        self.remove = QPushButton("Remove")
        self.remove.clicked.connect(lambda _checked=False: self._remove())
        self.file = ElidedButton("Attach a file…")
        self.file.clicked.connect(lambda _checked=False: self._choose_file())
        self.column.addLayout(inset(row_of(self.objective, stretch=0)))
        self.column.addLayout(inset(row_of(self.link, self.remove)))
        self.values = ElidedButton("Attach its values")
        self.values.clicked.connect(lambda _checked=False: self._attach_values())
        self.column.addLayout(inset(row_of(self.file, self.values)))
        self.column.addWidget(self.against)

    # -- showing ------------------------------------------------------------------------------

    def show_incident(self, incident_id: str) -> None:
        """Show another incident."""
        super().show_incident(incident_id)
        self.refresh()

    def refresh(self) -> None:
        """List what belongs to it."""
        incident = self.incident
        if incident is None:
            return
        self.area.show_incident(incident)
        self.model.show_sections(self._sections(incident))
        say(self.note, "" if self.model.rowCount() else _EMPTY)
        self.show_chosen()

    def show_chosen(self) -> None:
        """Only links and objectives can be taken away."""
        kind, incident = self.chosen.partition(":")[0], self.incident
        is_open = incident is not None and incident.is_open
        listed = incident is not None and self.chosen in incident.links
        self._tell_permissions(is_open, can_remove=kind == "objective" or listed)

    def _tell_permissions(self, is_open: bool, *, can_remove: bool) -> None:
        about, kind = self.incident_id if is_open else "", "incident.edit_list"
        tips = (
            (self.link, "", is_open),
            (self.remove, "Take the chosen link or objective away", is_open and can_remove),
            (
                self.file,
                "Its name, size and fingerprint; the file itself stays where it is",
                is_open,
            ),
            (self.values, "Attach what the selected thing shows now", is_open),
        )
        deeds = [Deed(one, kind, about, tip=tip, is_ready=ready) for one, tip, ready in tips]
        self.tell(self.against, deeds)
        self.objective.setEnabled(self.link.isEnabled())

    def _sections(self, incident: Incident) -> list[Section]:
        objectives = [
            Row(key=f"objective:{number}", title=text)
            for number, text in enumerate(incident.objectives)
        ]
        commands = [
            Row(
                key=f"command:{one.request.id}", title=request_phrase(one.request),
                caption=STATE_WORDS[one.state],
                right=clock_text(min(one.times_ns.values(), default=0)),
            )
            for one in commands_of(self.session, incident)
        ]  # fmt: skip
        there = {row.key for row in commands}
        linked = [self._link_row(one) for one in incident.links if one not in there]
        marks = [
            self._link_row(f"mark:{mark.id}")
            for mark in self.session.hub.room[Marks].by_id.values()
            if mark.incident == incident.id and f"mark:{mark.id}" not in incident.links
        ]
        files = [Row(key=f"file:{n}", title=t) for n, t in enumerate(incident.attachments)]
        return [
            ("Objectives", objectives),
            ("Commands", commands),
            ("Alarms, marks and things", [*linked, *marks]),
            ("Attachments", files),
        ]

    def _link_row(self, one: str) -> Row:
        kind, _, target = one.partition(":")
        room = self.session.hub.room
        title, caption = target, words(kind)
        if kind == "alarm":
            alarm = room[Alarms].by_id.get(target)
            if alarm is not None:
                title = f"{alarm.thing_name}: {alarm.title}".lstrip(": ")
                caption = f"{alarm.priority.value} alarm, {words(alarm.state.value.lower())}"
            else:
                caption = "alarm, normal again"
        elif kind == "mark":
            mark = room[Marks].by_id.get(target)
            title = (mark.title or mark.text or mark.kind) if mark is not None else target
            caption = "mark" if mark is not None else "mark, removed"
        elif kind in ("thing", "unit"):
            title = self.session.city_view.name_of(target)
        return Row(key=one, title=title, caption=caption)

    # -- doing --------------------------------------------------------------------------------

    def _target(self, key: str) -> str:
        """Id of the thing or unit that a row is about, "" = none."""
        kind, _, target = key.partition(":")
        room = self.session.hub.room
        if kind == "alarm":
            alarm = room[Alarms].by_id.get(target)
            return alarm.thing_id if alarm is not None else ""
        if kind == "command":
            command = room.commands.get(target)
            return command.request.target_id if command is not None else ""
        return target if kind in ("thing", "unit") else ""

    def _select(self, _index: QModelIndex) -> None:
        key = self.chosen
        target = self._target(key)
        if target:
            self.session.select(selection_of(self.session, target))
        elif key.startswith("mark:"):
            self.session.mark_inspected.emit(key.removeprefix("mark:"))

    def _fly(self, _index: QModelIndex) -> None:
        key = self.chosen
        target = self._target(key)
        place = place_of(self.session, selection_of(self.session, target)) if target else None
        if place is not None:
            self.session.fly_to_requested.emit((*place[1], 220.0))
        mark = self.session.hub.room[Marks].by_id.get(key.removeprefix("mark:"))
        if key.startswith("mark:") and mark is not None:
            point, distance_m = middle_of_mark(mark)
            self.session.fly_to_requested.emit((*point, distance_m))

    def _add_objective(self) -> None:
        incident, text = self.incident, self.objective.text().strip()
        if incident is None or not text:
            focus(self.objective)
            return
        self.asked.emit(add_objective(self.session, incident, text))
        self.objective.clear()

    def _link_selected(self) -> None:
        incident, chosen = self.incident, self.session.selection
        links = [f"thing:{one}" for one in (chosen.thing_id, *chosen.things) if one]
        links += [f"unit:{chosen.unit_id}"] if chosen.unit_id else []
        if incident is None or not links:
            self.failed.emit("Select a sensor, an asset or a unit in the view first")
            return
        self.asked.emit(link(self.session, incident, links[:100]))

    def _remove(self) -> None:
        incident, key = self.incident, self.chosen
        if incident is None:
            return
        kind, _, number = key.partition(":")
        if kind == "objective":
            text = incident.objectives[int(number)]
            self.asked.emit(remove_objective(self.session, incident, text))
        else:
            self.asked.emit(unlink(self.session, incident, key))

    def _attach_values(self) -> None:
        incident, thing_id = self.incident, self.session.selection.thing_id
        store = self.session.observations
        told = []
        for slot in store.slots_of_thing(thing_id).tolist() if thing_id else ():
            stream, (_times, values) = store.datastreams[slot], store.history_of(slot)
            if len(values):
                value = value_text(float(values[-1]), stream)
                told.append(f"{lower_first(property_title(stream.observed_property))} {value}")
        if incident is None or not told:
            self.failed.emit("Select a sensor or an asset that shows values in the view first")
            return
        name = self.session.city_view.name_of(thing_id)
        at = clock_text(self.session.clock.now_ns())
        self.asked.emit(attach(self.session, incident, f"{name} at {at}: {', '.join(told)}"))

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Attach a file")
        if name:
            self.attach_file(Path(name))

    def attach_file(self, path: Path) -> None:
        """Attach name, size and fingerprint of a file; it is read in the background."""
        incident = self.incident
        if incident is None:
            return
        self._bridge.run_job(
            lambda _progress: attachment_of(path),
            lambda text: self.asked.emit(attach(self.session, incident, text)),
            lambda error: self.failed.emit(str(error)),
        )
