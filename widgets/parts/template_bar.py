"""Templates of commands: use one, keep what is in the form as one, take one away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.acting import remove_template, save_template
from twin.room.parts.templates import Template, TemplateItem, Templates
from twin.session import ComposeRequest, TwinSession
from widgets.parts.wording import count_text

MAX_TITLE = 120


def compose_of(template: Template) -> ComposeRequest:
    """What a template puts into the form; several commands at once go to the review."""
    first = template.items[0]
    if len(template.items) == 1:
        return ComposeRequest(
            target_id=first.target_id, type_id=first.type_id, args=dict(first.args)
        )
    same = all((i.type_id, i.args) == (first.type_id, first.args) for i in template.items)
    return ComposeRequest(
        target_ids=tuple(item.target_id for item in template.items) if same else (),
        type_id=first.type_id if same else "",
        args=dict(first.args) if same else {},
        title=template.title,
        items=() if same else template.items,
    )


class TemplateBar(QWidget):
    """A button with all templates, and a line to keep a new one. GUI thread.

    Parameters
    ----------
    items : what the form holds now, () = nothing that could be kept
    """

    saved = Signal(str)

    def __init__(self, session: TwinSession, items: Callable[[], tuple[TemplateItem, ...]]) -> None:
        super().__init__()
        self._session = session
        self._items = items
        self.button = QPushButton("Templates")
        self.button.setProperty("role", "flat")
        self.button.setToolTip("Prepared commands, for everybody")
        self.menu = QMenu(self.button)
        self.menu.aboutToShow.connect(self.fill)
        self.button.setMenu(self.menu)
        self.title = QLineEdit()
        self.title.setMaxLength(MAX_TITLE)
        self.title.setPlaceholderText("Name of the template")
        self.title.setAccessibleName("Name of the template")
        self.title.returnPressed.connect(self.save)
        self.any_target = QCheckBox("Choose the target each time")
        self.keep = QPushButton("Keep template")
        self.keep.clicked.connect(lambda _checked=False: self.save())
        self._line = QWidget()
        column = QVBoxLayout(self._line)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(self.any_target)
        column.addWidget(self.keep, 0, Qt.AlignmentFlag.AlignLeft)
        self._line.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._line)

    def fill(self) -> None:
        """List the room's templates as they are now."""
        self.menu.clear()
        templates = tuple(self._session.hub.room[Templates].by_id.values())
        for template in templates:
            entry = self.menu.addAction(_title(template))
            entry.triggered.connect(lambda _checked=False, t=template: self.use(t))
        if not templates:
            self.menu.addAction("There are no templates yet").setEnabled(False)
        self.menu.addSeparator()
        keep = self.menu.addAction("Keep what is in the form as a template…")
        keep.setEnabled(bool(self._items()))
        keep.triggered.connect(lambda _checked=False: self.ask_for_name())
        if templates:
            remove = self.menu.addMenu("Remove")
            for template in templates:
                entry = remove.addAction(_title(template))
                entry.triggered.connect(lambda _checked=False, t=template: self.remove(t))

    def use(self, template: Template) -> None:
        """Put a template into the form."""
        self._session.compose(compose_of(template))

    def remove(self, template: Template) -> None:
        """Take a template away, for everybody."""
        remove_template(self._session, template.id)

    def ask_for_name(self) -> None:
        """Show the line for a new template's name."""
        items = self._items()
        self.any_target.setVisible(len(items) == 1)
        self.any_target.setChecked(False)
        self.title.clear()
        self._line.show()
        self.title.setFocus(Qt.FocusReason.OtherFocusReason)

    def save(self) -> None:
        """Keep what is in the form, under the name that was typed."""
        items, title = self._items(), self.title.text().strip()
        if not items or not title:
            self.title.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if self.any_target.isChecked() and len(items) == 1:
            items = (TemplateItem(type_id=items[0].type_id, args=items[0].args),)
        save_template(self._session, title, items)
        self._line.hide()
        self.saved.emit(title)


def _title(template: Template) -> str:
    n = len(template.items)
    return template.title if n == 1 else f"{template.title} ({count_text(n, 'command')})"
