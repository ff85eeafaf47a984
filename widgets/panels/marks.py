"""Marks of the room: make, find, change and remove them, export them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.errors import TwinError
from twin.marking import Draft, again, marks_geojson, middle_of_mark, put_mark, remove_mark
from twin.room.parts.marks import Mark, Marks
from twin.theme import Theme
from widgets.icons import icon
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.labels import wrapped
from widgets.parts.mark_form import MarkForm
from widgets.parts.mark_words import mark_fits, mark_row, mark_title
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import Deed, offer, tell, why_not
from widgets.parts.row_list import RowList
from widgets.tool_list import ToolEntry

#: Tools that draw marks, in the order of their buttons.
TOOLS = ("mark_note", "mark_arrow", "mark_sketch", "mark_area")
_EMPTY = "Nobody has marked anything. Pin a note, draw an arrow or a cordon: everybody sees it."
_NOT_FOUND = "No mark fits this text. Clear it to see all."


class MarksPanel(PanelWidget):
    """Buttons of the drawing tools, the form of the draft, and the list."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._asked: dict[str, Draft | None] = {}
        self._confirming = ""
        self.buttons: dict[str, QToolButton] = {}
        self.form = MarkForm(self.session)
        self.form.shared.connect(self._share)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter marks")
        self.filter.setAccessibleName("Filter marks")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(lambda _text: self.show_marks())
        self.list = RowList(self.inks, "Marks")
        self.list.selectionModel().currentChanged.connect(lambda *_: self._show_steps())
        self.list.activated.connect(self._fly)
        self.list.doubleClicked.connect(self._fly)
        self._empty = EmptyState(_EMPTY)
        self.note = wrapped("muted")
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.draft_changed, self.form.show_draft)
        self.follow(self.session.mark_inspected, self._inspect)
        self.follow(context.tools.filled, lambda _nothing: self._fill_buttons())
        self.follow(context.tools.shown, lambda _entry: self._show_buttons())
        self.form.show_draft(self.session.draft)
        self._fill_buttons()
        self.show_marks()

    # -- making -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._bar = QHBoxLayout()
        self._bar.setSpacing(4)
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addLayout(self._bar)
        layout.addWidget(self.form)
        layout.addWidget(self.filter)
        layout.addWidget(stack, 1)
        layout.addLayout(self._make_steps())
        layout.addWidget(self.note)
        layout.addWidget(self._make_confirm())

    def _make_steps(self) -> QGridLayout:
        self.fly, self.change, self.remove, self.export = (
            QPushButton(words) for words in ("Fly to", "Change…", "Remove…", "Export list…")
        )
        self.fly.clicked.connect(lambda _checked=False: self._fly(self.list.currentIndex()))
        self.change.clicked.connect(lambda _checked=False: self._change())
        self.remove.clicked.connect(lambda _checked=False: self._ask_remove())
        self.export.setToolTip("All marks of the list as GeoJSON")
        self.export.clicked.connect(lambda _checked=False: self._ask_export())
        grid = QGridLayout()
        grid.setSpacing(6)
        for number, button in enumerate((self.fly, self.change, self.remove, self.export)):
            grid.addWidget(button, number // 2, number % 2)
        return grid

    def _make_confirm(self) -> QWidget:
        self.confirm = QFrame()
        self.confirm.setProperty("role", "card")
        self.effect = QLabel()
        self.effect.setWordWrap(True)
        self.really = QPushButton("Remove it")
        self.really.setProperty("role", "danger")
        self.really.clicked.connect(lambda _checked=False: self._remove())
        keep = QPushButton("Keep it")
        keep.clicked.connect(lambda _checked=False: self._show_steps())
        row = QHBoxLayout()
        row.addWidget(self.really)
        row.addWidget(keep)
        row.addStretch(1)
        layout = QVBoxLayout(self.confirm)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(self.effect)
        layout.addLayout(row)
        self.confirm.hide()
        return self.confirm

    def _fill_buttons(self) -> None:
        for button in self.buttons.values():
            button.hide()
            button.deleteLater()
        self.buttons = {}
        known = {entry.id: entry for entry in self.context.tools.entries}
        for tool_id in TOOLS:
            entry = known.get(tool_id)
            if entry is None:
                continue
            button = QToolButton()
            button.setCheckable(True)
            button.setText(entry.title.split(" or ")[0])
            button.setToolTip(_tool_tip(entry))
            button.setIconSize(QSize(16, 16))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(
                lambda on, tool_id=tool_id: self.context.tools.switch(tool_id, on)
            )
            self.buttons[tool_id] = button
            self._bar.addWidget(button, 1)
        self._dress(self.context.theme if not self.buttons else self.inks.theme)
        self._show_buttons()

    def _show_buttons(self) -> None:
        for entry in self.context.tools.entries:
            button = self.buttons.get(entry.id)
            if button is not None:
                button.setChecked(entry.on)

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme in icons and rows."""
        super().take_theme(theme)
        self._dress(theme)
        self.show_marks()

    def _dress(self, theme: Theme) -> None:
        for entry in self.context.tools.entries:
            button = self.buttons.get(entry.id)
            if button is not None:
                button.setIcon(icon(entry.icon, theme.ui["text"]))

    # -- the list -----------------------------------------------------------------------------

    def show_marks(self) -> None:
        """List what fits the filter, newest first."""
        shown = self._listed()
        now_ns, room = self.session.clock.now_ns(), self.session.hub.room
        self.list.show_rows([mark_row(mark, self.inks.theme, now_ns, room) for mark in shown])
        self._empty.say(_NOT_FOUND if self.filter.text().strip() else _EMPTY)
        self._stack.setCurrentWidget(self.list if shown else self._empty)
        self._show_steps(keep_confirm=True)

    def refresh(self) -> None:
        """Keep the ages true."""
        self.show_marks()

    def _listed(self) -> list[Mark]:
        words = self.filter.text().casefold().split()
        marks = [mark for mark in self.session.marks if mark_fits(mark, words)]
        return sorted(marks, key=lambda mark: -mark.changed_ns)

    def _current(self) -> Mark | None:
        return self.session.hub.room[Marks].by_id.get(self.list.current_key)

    def _show_steps(self, *, keep_confirm: bool = False) -> None:
        self.fly.setEnabled(self._current() is not None)
        self.export.setEnabled(bool(self.list.rows.rows))
        if not keep_confirm or self._confirming != self.list.current_key:
            self._confirming = ""
        self.confirm.setVisible(bool(self._confirming))
        self._tell_permissions()

    def _tell_permissions(self) -> None:
        """Turn off what the hub would refuse of the chosen mark, and of a new one."""
        mark = self._current()
        about, has_one = (mark.id, True) if mark is not None else ("", False)
        deeds = (
            Deed(self.change, "mark.put", about, is_ready=has_one),
            Deed(self.remove, "mark.remove", about, is_ready=has_one),
            Deed(self.really, "mark.remove", about),
        )
        tell(self.session, self.note, deeds, has_room=self.form.isHidden())
        against = why_not(self.session, "mark.put")
        for entry in self.context.tools.entries:
            button = self.buttons.get(entry.id)
            if button is not None:
                offer(button, against, tip=_tool_tip(entry))
        self.form.tell_permissions()

    def _inspect(self, mark_id: str) -> None:
        self.filter.clear()
        self.list.choose(mark_id)
        self._show_steps()

    # -- steps --------------------------------------------------------------------------------

    def _fly(self, _index: QModelIndex) -> None:
        mark = self._current()
        if mark is not None:
            point, distance_m = middle_of_mark(mark)
            self.session.fly_to_requested.emit((*point, distance_m))

    def _change(self) -> None:
        mark = self._current()
        if mark is not None:
            self.session.set_draft(Draft.of(mark))

    def _ask_remove(self) -> None:
        mark = self._current()
        if mark is not None:
            self._confirming = mark.id
            self.effect.setText(f"“{mark_title(mark)}” disappears from everybody's city.")
            self.confirm.show()
            self.really.setFocus()

    def _remove(self) -> None:
        mark = self._current()
        if mark is not None and mark.id == self._confirming and self.really.isEnabled():
            self._asked[remove_mark(self.session, mark)] = None
        self._confirming = ""
        self._show_steps()

    def _share(self, draft: Draft) -> None:
        self._asked[put_mark(self.session, draft)] = draft
        self.session.set_draft(None)

    def _ask_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Export marks", "marks.geojson", "GeoJSON (*.geojson)"
        )
        if name:
            self.export_to(Path(name))

    def export_to(self, path: Path) -> None:
        """Write the listed marks as GeoJSON."""
        marks = self._listed()
        try:
            path.write_bytes(marks_geojson(marks, self.session.city.origin))
        except (TwinError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            self.session.message.emit(f"The marks were not exported: {why}")
            return
        self.session.message.emit(f"{len(marks)} marks exported to {path}")

    # -- what the hub says --------------------------------------------------------------------

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "refusals" in changed:
            self._take_refusals()
        if changed & {"marks", "pending"}:
            self._asked = {
                act.id: self._asked[act.id]
                for act in self.session.hub.pending_acts
                if act.id in self._asked
            }
        if "marks" in changed:
            self.show_marks()
        elif "permissions" in changed:
            self._tell_permissions()

    def _take_refusals(self) -> None:
        """What was typed is kept, on top of what the mark is now; the window says why."""
        for refused in self.session.hub.refusals:
            if refused.id not in self._asked:
                continue
            draft = self._asked.pop(refused.id)
            if draft is not None and self.session.draft is None:
                now = self.session.hub.room[Marks].by_id.get(draft.id)
                self.session.set_draft(again(self.session, draft, now, refused.text))


def _tool_tip(entry: ToolEntry) -> str:
    return f"{entry.help} ({entry.key})" if entry.key else entry.help


PANEL = PanelType(
    id="marks",
    title="Marks",
    area="left",
    create=MarksPanel,
    order=17,
    icon="mark",
)
