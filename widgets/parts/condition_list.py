"""A list of conditions with a colour each; the first that fits colours a feature."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.city.style import Condition
from widgets.icons import icon
from widgets.parts.expression_edit import ExpressionEdit

#: Colours new conditions take in turn; apart from each other for every kind of sight (Okabe, Ito).
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")


class ConditionList(QWidget):
    """Rows of colour, expression and a way out. GUI thread.

    Signals
    -------
    changed()
        The conditions that can be used are other ones.
    """

    changed = Signal()

    def __init__(self, muted: str) -> None:
        super().__init__()
        self._muted = muted
        self._names: tuple[str, ...] = ()
        self.rows: list[ConditionRow] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        self.add = QPushButton("Add condition")
        self.add.clicked.connect(lambda _checked: self._append(Condition(expression="", colour="")))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._rows)
        layout.addWidget(self.add)

    def offer(self, names: Sequence[str]) -> None:
        """Columns the expressions may use."""
        self._names = tuple(names)
        for row in self.rows:
            row.expression.offer(names)

    def conditions(self) -> tuple[Condition, ...]:
        """Those that can be used, in their order."""
        return tuple(row.condition() for row in self.rows if row.is_usable())

    def show_conditions(self, conditions: Sequence[Condition]) -> None:
        """Show other conditions without telling it as an edit."""
        if tuple(conditions) == self.conditions():
            return
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = []
        for condition in conditions:
            self._append(condition)

    def _append(self, condition: Condition) -> None:
        colour = condition.colour or COLOURS[len(self.rows) % len(COLOURS)]
        row = ConditionRow(condition, colour, self._muted)
        row.expression.offer(self._names)
        row.expression.write(condition.expression)
        row.changed.connect(self.changed)
        row.removed.connect(self._remove)
        self.rows.append(row)
        self._rows.addWidget(row)
        if not condition.expression:
            row.expression.line.setFocus()

    def _remove(self, row: ConditionRow) -> None:
        self.rows.remove(row)
        row.hide()
        row.deleteLater()
        self.changed.emit()


class ConditionRow(QWidget):
    """One condition."""

    changed = Signal()
    removed = Signal(object)

    def __init__(self, condition: Condition, colour: str, muted: str) -> None:
        super().__init__()
        self._title = condition.title
        self.colour = colour
        self.swatch = QPushButton()
        self.swatch.setFixedSize(24, 24)
        self.swatch.clicked.connect(lambda _checked: self._ask())
        self.expression = ExpressionEdit("height > 20", "Condition")
        self.expression.edited.connect(self.changed)
        out = QToolButton()
        out.setIcon(icon("close", muted))
        out.setToolTip("Remove this condition")
        out.setAccessibleName("Remove this condition")
        out.clicked.connect(lambda _checked: self.removed.emit(self))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.swatch)
        layout.addWidget(self.expression, 1)
        layout.addWidget(out)
        self._show_colour()

    def condition(self) -> Condition:
        """As it is written."""
        return Condition(expression=self.expression.text(), colour=self.colour, title=self._title)

    def is_usable(self) -> bool:
        """Whether there is an expression without a mistake."""
        return bool(self.expression.text()) and self.expression.is_right()

    def take_colour(self, colour: str) -> None:
        """Use another colour, "#RRGGBB"."""
        self.colour = colour
        self._show_colour()
        self.changed.emit()

    def _ask(self) -> None:
        chosen = QColorDialog.getColor(QColor(self.colour), self, "Colour of the condition")
        if chosen.isValid():
            self.take_colour(chosen.name().upper())

    def _show_colour(self) -> None:
        self.swatch.setStyleSheet(f"background: {self.colour}; border-radius: 4px; padding: 0;")
        self.swatch.setToolTip(f"Colour {self.colour}")
        self.swatch.setAccessibleName(f"Colour {self.colour}")
