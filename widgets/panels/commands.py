"""Commands: prepare one, confirm its effect, and watch every one until the city shows it."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, Qt
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.link.control import Act
from twin.link.hub_link import Given
from widgets.panel import PanelContext, PanelType
from widgets.parts.command_details import CommandDetails
from widgets.parts.command_list import CommandDelegate, CommandList, IdRole
from widgets.parts.composer import Composer
from widgets.parts.empty_state import EmptyState
from widgets.parts.fit_scroll import FitScroll
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget

#: Kinds of acts that are about commands.
_OF_COMMANDS = ("batch.", "template.")


class CommandsPanel(PanelWidget):
    """Composer on top, list of commands, details of the selected one."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.composer = Composer(self.session)
        self.model = CommandList(self.session)
        self._shown_id = ""
        self._make_list()
        self.details = CommandDetails(self.session, context.actions)
        self.facts, self.cancel, self.undo = (
            self.details.facts,
            self.details.cancel,
            self.details.undo,
        )
        self._refusal = wrapped("error")
        self._refusal.setContentsMargins(12, 0, 12, 4)
        self._refusal.hide()
        self._others: set[str] = set()  # acts of other panels: those tell their refusals themselves
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part, stretch in (
            (FitScroll(self.composer), 0),
            (_rule(), 0),
            (self._refusal, 0),
            (self._middle, 1),
            (self.details, 0),
        ):
            layout.addWidget(part, stretch)
        self.composer.issued.connect(self._show_issued)
        self.follow(self.session.compose_requested, self.composer.compose)
        self.follow(self.session.selection_changed, self.composer.follow_selection)
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.given, self._note_given)
        if self.session.compose_request is not None:
            self.composer.compose(self.session.compose_request)
        else:
            self.composer.follow_selection(self.session.selection)
        self._show_list()

    def _make_list(self) -> None:
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName("Commands")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._delegate = CommandDelegate(self.inks)
        self.list.setItemDelegate(self._delegate)
        self.list.selectionModel().selectionChanged.connect(self._show_details)
        empty = EmptyState(
            "No command has been given yet. Choose a target above, or select something in the "
            "view and use the buttons of the inspector."
        )
        self._middle = QWidget()
        self._stack = QStackedLayout(self._middle)
        self._stack.addWidget(self.list)
        self._stack.addWidget(empty)

    def refresh(self) -> None:
        """Elapsed times go on; new targets are offered."""
        self.composer.offer_targets()
        self.composer.tell_preview()
        self.composer.tell_permission()
        self._show_list()
        self._fill_details()

    def release(self) -> None:
        """Take the preview out of the city and let go."""
        self.composer.preview.show(())
        super().release()

    def _follow_room(self, changed: frozenset[str]) -> None:
        if changed & {"commands", "pending"}:
            self._show_list()
            self._fill_details()
        if "permissions" in changed:
            self.composer.tell_permission()
            self._fill_details()
        if "refusals" in changed:
            self._tell_refusal()

    def _note_given(self, given: Given) -> None:
        if isinstance(given, Act) and not given.kind.startswith(_OF_COMMANDS):
            self._others.add(given.id)

    def _tell_refusal(self) -> None:
        """Say why the hub refused the last command, batch or template, whoever's panel gave it."""
        refusals = self.session.hub.refusals
        newest = refusals[-1] if refusals else None
        if newest is not None and newest.id not in self._others:
            say(self._refusal, f"The hub refused: {newest.text}")

    def _show_list(self) -> None:
        self.model.reload()
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)

    def _show_issued(self, command_id: str) -> None:
        self._refusal.hide()
        self._show_list()
        row = self.model.row_of(command_id)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_details(self, _on: QItemSelection, _off: QItemSelection) -> None:
        chosen = self.list.selectionModel().selectedIndexes()
        self._shown_id = str(chosen[0].data(IdRole)) if chosen else ""
        self._fill_details()

    def _fill_details(self) -> None:
        request = self.model.request(self._shown_id) if self._shown_id else None
        self.details.show_command(request, self.model.command(self._shown_id))


def _rule() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFixedHeight(1)
    line.setProperty("role", "rule")
    return line


PANEL = PanelType(
    id="commands", title="Commands", area="right", create=CommandsPanel, order=20, icon="commands"
)
