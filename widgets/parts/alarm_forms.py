"""What setting an alarm aside or making an incident of it asks: for how long, why, of what kind."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from twin.incident_working import KINDS
from twin.room.parts.incidents import Severity
from widgets.parts.elided_button import ElidedButton
from widgets.parts.value_form import LABEL_PX
from widgets.parts.wording import count_text, kind_title

DURATIONS = (
    ("15 minutes", 900.0),
    ("30 minutes", 1_800.0),
    ("1 hour", 3_600.0),
    ("4 hours", 14_400.0),
    ("12 hours", 43_200.0),
)
_MOST_LETTERS = 500


class AlarmForm(QWidget):
    """Base: rows, a button that names what it does, and Back. GUI thread.

    Parameters
    ----------
    done : called by the button and by Enter
    left : called by Back
    """

    def __init__(self, done: Callable[[], object], left: Callable[[], object]) -> None:
        super().__init__()
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(8)
        self.form.setVerticalSpacing(8)
        self.confirm = ElidedButton()
        self.confirm.setProperty("role", "primary")
        self.confirm.clicked.connect(lambda _checked=False: done())
        self.back = QPushButton("Back")
        self.back.clicked.connect(lambda _checked=False: left())
        self._done = done
        self.hide()

    def add_text(self, title: str, placeholder: str) -> QLineEdit:
        """A row for a sentence; without it nothing is done."""
        field = QLineEdit()
        field.setMaxLength(_MOST_LETTERS)
        field.setPlaceholderText(placeholder)
        field.setAccessibleName(title)
        field.textChanged.connect(lambda text: self.confirm.setEnabled(bool(text.strip())))
        field.returnPressed.connect(lambda: self.confirm.isEnabled() and self._done())
        self.form.addRow(title, field)
        label = self.form.labelForField(field)
        if label is not None:
            label.setMinimumWidth(LABEL_PX)
        return field

    def add_choice(self, title: str) -> QComboBox:
        """A row for a choice."""
        box = QComboBox()
        box.setAccessibleName(title)
        self.form.addRow(title, box)
        return box

    def end(self) -> None:
        """Add the buttons below the rows."""
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.confirm)
        row.addWidget(self.back)
        row.addStretch(1)
        self.form.addRow(row)
        self.confirm.setEnabled(False)


class ShelveForm(AlarmForm):
    """For how long, and why."""

    def __init__(self, done: Callable[[], object], left: Callable[[], object]) -> None:
        super().__init__(done, left)
        self.duration = self.add_choice("Shelve for")
        for title, seconds in DURATIONS:
            self.duration.addItem(title, seconds)
        self.duration.setCurrentIndex(1)
        self.duration.currentIndexChanged.connect(lambda _index: self._tell())
        self.reason = self.add_text("Because", "Why nobody needs it until then")
        self._n = 1
        self.end()
        self._tell()

    @property
    def seconds(self) -> float:
        """For how long."""
        return float(self.duration.currentData())

    def open(self, n_alarms: int) -> None:
        """Ask for so many alarms."""
        self._n = n_alarms
        self.reason.clear()
        self._tell()
        self.show()
        self.reason.setFocus()

    def _tell(self) -> None:
        what = count_text(self._n, "alarm")
        self.confirm.say(f"Shelve {what} for {self.duration.currentText()}")


class ServiceForm(AlarmForm):
    """Why it is taken out of service."""

    def __init__(self, done: Callable[[], object], left: Callable[[], object]) -> None:
        super().__init__(done, left)
        self.reason = self.add_text("Because", "What is done about it, and by whom")
        self.end()

    def open(self, n_alarms: int) -> None:
        """Ask for so many alarms."""
        self.reason.clear()
        self.confirm.say(f"Take {count_text(n_alarms, 'alarm')} out of service")
        self.show()
        self.reason.setFocus()


class IncidentForm(AlarmForm):
    """Title, kind and severity of an incident that is made of alarms."""

    def __init__(self, done: Callable[[], object], left: Callable[[], object]) -> None:
        super().__init__(done, left)
        self.title = self.add_text("Title", "What has happened, and where")
        self.kind, self.severity = self.add_choice("Kind"), self.add_choice("Severity")
        for kind in KINDS:
            self.kind.addItem(kind_title(kind), kind)
        for severity in Severity:
            self.severity.addItem(kind_title(severity.value), severity.value)
        self.end()

    def open(self, title: str, severity: Severity, n_alarms: int) -> None:
        """Ask, with what is known filled in."""
        self.title.setText(title)
        self.kind.setCurrentIndex(self.kind.count() - 1)
        self.severity.setCurrentIndex(self.severity.findData(severity.value))
        self.confirm.say(f"Make an incident of {count_text(n_alarms, 'alarm')}")
        self.show()
        self.title.setFocus()
