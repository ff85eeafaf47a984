"""A form built from a dataclass: one field, one control, chosen by type and metadata.

Used for the parameters of commands and for the settings of layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.commands.params import ParamField

_HUGE = 1e9
#: Least width of the labels, so that forms below each other align.
LABEL_PX = 76
_SLIDER_STEPS = 200
_INDENT_PX = 6
#: Lines of a long text that are seen at once.
_LINES = 4


class Control(QWidget):
    """One field's control with room for a sentence when its value is wrong.

    Signals: ``edited`` after each change by the person.
    """

    edited = Signal()

    def __init__(
        self, editor: QWidget, read: Callable[[], Any], write: Callable[[Any], None]
    ) -> None:
        super().__init__()
        self.editor = editor
        self.read = read
        self._write = write
        self._count: Callable[[], None] = lambda: None
        self._error = QLabel()
        self._error.setWordWrap(True)
        self._error.setProperty("role", "error")
        self._error.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(editor)
        layout.addWidget(self._error)
        self.counter = QLabel()
        self.counter.setProperty("role", "muted")
        self.counter.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.counter.hide()
        layout.addWidget(self.counter)
        self.setFocusProxy(editor)

    def write(self, value: Any) -> None:
        """Show `value` without telling it as an edit."""
        was = self.editor.blockSignals(True)
        self._write(value)
        self.editor.blockSignals(was)
        self._count()

    def add_counter(self, most: int, text: Callable[[], str]) -> Callable[[], None]:
        """Count the letters of `text` below the editor; returns what counts them again."""

        def count() -> None:
            n_letters = len(text())
            left = most - n_letters
            words = f"{n_letters:,} of {most:,} letters"
            self.counter.setText(words if left >= 0 else f"{words}: {-left:,} too many")

        self._count = count
        count()
        self.counter.show()
        return count

    def show_error(self, sentence: str) -> None:
        """Show a sentence under the control; "" takes it away."""
        self._error.setText(sentence)
        self._error.setVisible(bool(sentence))

    def error(self) -> str:
        """The sentence shown now."""
        return self._error.text()


class CalmSpinBox(QDoubleSpinBox):
    """A number field that leaves the wheel to the panel that scrolls, unless it has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn the number only when the person is in the field."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class CalmWholeBox(QSpinBox):
    """The same for whole numbers."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn the number only when the person is in the field."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ValueForm(QWidget):
    """Controls for the fields of a dataclass.

    Parameters
    ----------
    fields : see `twin.commands.params.fields_of`
    values : value each control starts with, by field name; else the field's default
    sliders : use sliders for numbers with both ends known
    editors : makes the control of a field whose ``editor`` begins with that word; None = the usual

    Signals
    -------
    edited(str)
        Name of the field the person changed.
    """

    edited = Signal(str)

    def __init__(
        self,
        fields: Sequence[ParamField],
        values: Mapping[str, Any],
        *,
        sliders: bool = False,
        editors: Mapping[str, Callable[[ParamField], Control | None]] | None = None,
    ) -> None:
        super().__init__()
        self.controls: dict[str, Control] = {}
        self.folds: dict[str, Fold] = {}
        self._fold_of: dict[str, Fold] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        main = _form_layout()
        column.addLayout(main)
        for field in fields:
            layout = main
            if field.group:
                layout = self._fold(field, column).form
            make = (editors or {}).get(field.editor.partition(":")[0])
            control = make(field) if make is not None else None
            control = control or control_for(field, sliders=sliders)
            control.write(values.get(field.name, _start_of(field)))
            control.edited.connect(lambda name=field.name: self.edited.emit(name))
            label = QLabel("" if isinstance(control.editor, QCheckBox) else field.title)
            label.setBuddy(control.editor)
            label.setMinimumWidth(LABEL_PX)
            label.setToolTip(field.help)
            control.editor.setToolTip(field.help)
            control.editor.setAccessibleName(field.title)
            self.controls[field.name] = control
            layout.addRow(label, control)
            if field.group and control.read() != _start_of(field):
                self._fold_of[field.name].unfold()

    def values(self) -> dict[str, Any]:
        """What the controls show, by field name."""
        return {name: control.read() for name, control in self.controls.items()}

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its field, and the focus on the first wrong one."""
        for name, control in self.controls.items():
            control.show_error(errors.get(name, ""))
        wrong = next((name for name in self.controls if name in errors), "")
        if wrong in self._fold_of:
            self._fold_of[wrong].unfold()
        if wrong:
            self.controls[wrong].editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fold(self, field: ParamField, column: QVBoxLayout) -> Fold:
        """The folded part that a field belongs to, made with its first field."""
        fold = self.folds.get(field.group)
        if fold is None:
            fold = self.folds[field.group] = Fold(field.group)
            column.addWidget(fold)
        self._fold_of[field.name] = fold
        return fold


class Fold(QWidget):
    """A heading that shows and hides the fields below it."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = QToolButton()
        self.heading.setText(title)
        self.heading.setCheckable(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setArrowType(Qt.ArrowType.RightArrow)
        self.heading.toggled.connect(self._show)
        self._body = QWidget()
        self.form = _form_layout()
        self._body.setLayout(self.form)
        self._body.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.heading)
        layout.addWidget(self._body)

    def unfold(self) -> None:
        """Show the fields."""
        self.heading.setChecked(True)

    @property
    def is_open(self) -> bool:
        """Whether the fields are shown."""
        return self.heading.isChecked()

    def _show(self, is_open: bool) -> None:
        self.heading.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._body.setVisible(is_open)


def _form_layout() -> QFormLayout:
    layout = QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(8)
    layout.setVerticalSpacing(8)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    return layout


def control_for(field: ParamField, *, sliders: bool = False) -> Control:
    """The control that fits a field's type and limits."""
    if field.choices:
        return _choice(field.choices)
    if field.kind is bool:
        return _check(field.title)
    if field.kind is int or field.kind is float:
        if sliders and field.min is not None and field.max is not None:
            return _slider(field, field.min, field.max)
        return _whole(field) if field.kind is int else _number(field)
    if field.editor == "lines":
        return _lines(field)
    return _text(field)


def _start_of(field: ParamField) -> Any:
    """What a control without a value starts with."""
    if field.default is not None:
        return field.default
    if field.choices:
        return field.choices[0]
    return "" if field.kind is str else field.kind(0)


def _check(title: str) -> Control:
    box = QCheckBox(title)
    control = Control(box, box.isChecked, box.setChecked)
    box.toggled.connect(lambda _on: control.edited.emit())
    return control


def _choice(choices: Sequence[Any]) -> Control:
    box = QComboBox()
    for choice in choices:
        text = str(choice).replace("_", " ")
        box.addItem(text[:1].upper() + text[1:], choice)
    box.setMinimumContentsLength(6)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    control = Control(box, box.currentData, lambda v: box.setCurrentIndex(max(box.findData(v), 0)))
    box.activated.connect(lambda _index: control.edited.emit())
    return control


def _text(field: ParamField) -> Control:
    line = QLineEdit()
    line.setMaxLength(field.max_length)
    line.setPlaceholderText(field.help)
    control = Control(line, line.text, lambda value: line.setText(str(value)))
    if field.editor == "counted":
        count = control.add_counter(field.max_length, line.text)
        line.textEdited.connect(lambda _text: count())
    line.textEdited.connect(lambda _text: control.edited.emit())
    return control


def _lines(field: ParamField) -> Control:
    """A text of several lines with a counter of its letters."""
    edit = QPlainTextEdit()
    edit.setTabChangesFocus(True)
    edit.setPlaceholderText(field.help)
    edit.setFixedHeight(edit.fontMetrics().lineSpacing() * _LINES + 16)
    control = Control(edit, edit.toPlainText, lambda value: edit.setPlainText(str(value)))
    count = control.add_counter(field.max_length, edit.toPlainText)
    edit.textChanged.connect(count)
    edit.textChanged.connect(control.edited)
    return control


def _whole(field: ParamField) -> Control:
    box = CalmWholeBox()
    indent(box)
    low, high = _limits(field)
    box.setRange(int(low), int(high))
    box.setSuffix(f" {field.unit}" if field.unit else "")
    control = Control(box, box.value, lambda value: box.setValue(int(value)))
    box.valueChanged.connect(lambda _value: control.edited.emit())
    return control


def _number(field: ParamField) -> Control:
    box = CalmSpinBox()
    indent(box)
    low, high = _limits(field)
    fine = high - low < 10
    box.setRange(low, high)
    box.setDecimals(2 if fine else 1)
    box.setSingleStep(0.1 if fine else 1.0)
    box.setSuffix(f" {field.unit}" if field.unit else "")
    control = Control(box, box.value, lambda value: box.setValue(float(value)))
    box.valueChanged.connect(lambda _value: control.edited.emit())
    return control


def indent(box: QAbstractSpinBox) -> None:
    """Move the figures in from the border, where other fields begin.

    Qt ignores the padding of a style sheet there once the buttons of a box are styled too.
    """
    box.lineEdit().setTextMargins(_INDENT_PX, 0, 0, 0)


def _limits(field: ParamField) -> tuple[float, float]:
    low = -_HUGE if field.min is None else field.min
    return low, _HUGE if field.max is None else field.max


def _slider(field: ParamField, low: float, high: float) -> Control:
    whole = field.kind is int
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, max(int(high - low), 1) if whole else _SLIDER_STEPS)
    figure = QLabel()
    figure.setMinimumWidth(56)
    figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    decimals = 0 if whole or high - low >= 20 else 1 if high - low >= 2 else 2

    value: int | float = low

    def take(new: float) -> None:
        nonlocal value
        value = round(new) if whole else float(new)
        finer = decimals + (round(value, decimals) != value)
        figure.setText(f"{value:.{finer}f} {field.unit}".rstrip())

    def move(step: int) -> None:
        take(min(max(round(low + (high - low) * step / slider.maximum(), decimals), low), high))
        control.edited.emit()

    def write(new: float) -> None:
        was = slider.blockSignals(True)
        slider.setValue(round((float(new) - low) / (high - low) * slider.maximum()))
        slider.blockSignals(was)
        take(new)  # exactly: no step of the slider need be there

    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(slider, 1)
    layout.addWidget(figure)
    row.setFocusProxy(slider)
    control = Control(row, lambda: value, write)
    slider.valueChanged.connect(move)
    return control
