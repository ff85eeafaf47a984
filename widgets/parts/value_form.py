"""A form built from a dataclass: one field, one control, chosen by type and metadata.

Used for the parameters of commands and for the settings of layers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from twin.commanding import field_title

_HUGE = 1e9
_SLIDER_STEPS = 200


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
        self._error = QLabel()
        self._error.setWordWrap(True)
        self._error.setProperty("role", "error")
        self._error.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(editor)
        layout.addWidget(self._error)
        self.setFocusProxy(editor)

    def write(self, value: Any) -> None:
        """Show `value` without telling it as an edit."""
        was = self.editor.blockSignals(True)
        self._write(value)
        self.editor.blockSignals(was)

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
    fields : fields of a frozen dataclass; metadata ``title``, ``help``, ``unit``, ``min``,
        ``max``, ``step``, ``choices``
    values : value each control starts with, by field name
    sliders : use sliders for numbers with both ends known

    Signals
    -------
    edited(str)
        Name of the field the person changed.
    """

    edited = Signal(str)

    def __init__(
        self,
        fields: Sequence[dataclasses.Field[Any]],
        values: Mapping[str, Any],
        *,
        sliders: bool = False,
    ) -> None:
        super().__init__()
        self.controls: dict[str, Control] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(8)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for field in fields:
            control = control_for(field, sliders=sliders)
            control.write(values[field.name])
            control.edited.connect(lambda name=field.name: self.edited.emit(name))
            label = QLabel("" if isinstance(control.editor, QCheckBox) else field_title(field))
            label.setBuddy(control.editor)
            help_text = str(field.metadata.get("help", ""))
            label.setToolTip(help_text)
            control.editor.setToolTip(help_text)
            control.editor.setAccessibleName(field_title(field))
            self.controls[field.name] = control
            layout.addRow(label, control)

    def values(self) -> dict[str, Any]:
        """What the controls show, by field name."""
        return {name: control.read() for name, control in self.controls.items()}

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its field, and the focus on the first wrong one."""
        for name, control in self.controls.items():
            control.show_error(errors.get(name, ""))
        wrong = next((c for name, c in self.controls.items() if name in errors), None)
        if wrong is not None:
            wrong.editor.setFocus(Qt.FocusReason.OtherFocusReason)


def control_for(field: dataclasses.Field[Any], *, sliders: bool = False) -> Control:
    """The control that fits a field's type and metadata."""
    meta = field.metadata
    kind = field.type if isinstance(field.type, str) else field.type.__name__
    if meta.get("choices"):
        return _choice(list(meta["choices"]), dict(meta.get("choice_titles", {})))
    if kind == "bool":
        return _check(field_title(field))
    if kind in ("int", "float"):
        if sliders and meta.get("min") is not None and meta.get("max") is not None:
            return _slider(meta, whole=kind == "int")
        return _whole(meta) if kind == "int" else _number(meta)
    return _text(str(meta.get("placeholder", "")))


def _check(title: str) -> Control:
    box = QCheckBox(title)
    control = Control(box, box.isChecked, box.setChecked)
    box.toggled.connect(lambda _on: control.edited.emit())
    return control


def _choice(choices: list[Any], titles: dict[Any, str]) -> Control:
    box = QComboBox()
    for choice in choices:
        text = str(titles.get(choice, choice)).replace("_", " ")
        box.addItem(text[:1].upper() + text[1:], choice)
    box.setMinimumContentsLength(6)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    control = Control(box, box.currentData, lambda v: box.setCurrentIndex(max(box.findData(v), 0)))
    box.activated.connect(lambda _index: control.edited.emit())
    return control


def _text(placeholder: str) -> Control:
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    control = Control(line, line.text, lambda value: line.setText(str(value)))
    line.textEdited.connect(lambda _text: control.edited.emit())
    return control


def _whole(meta: Mapping[str, Any]) -> Control:
    box = CalmWholeBox()
    box.setRange(int(meta.get("min", -_HUGE)), int(meta.get("max", _HUGE)))
    box.setSuffix(f" {meta['unit']}" if meta.get("unit") else "")
    control = Control(box, box.value, lambda value: box.setValue(int(value)))
    box.valueChanged.connect(lambda _value: control.edited.emit())
    return control


def _number(meta: Mapping[str, Any]) -> Control:
    box = CalmSpinBox()
    low, high = float(meta.get("min", -_HUGE)), float(meta.get("max", _HUGE))
    box.setRange(low, high)
    box.setDecimals(2 if high - low < 10 else 1)
    box.setSingleStep(float(meta.get("step", 0.1 if high - low < 10 else 1.0)))
    box.setSuffix(f" {meta['unit']}" if meta.get("unit") else "")
    control = Control(box, box.value, lambda value: box.setValue(float(value)))
    box.valueChanged.connect(lambda _value: control.edited.emit())
    return control


def _slider(meta: Mapping[str, Any], *, whole: bool) -> Control:
    low, high = float(meta["min"]), float(meta["max"])
    steps = int(high - low) if whole else _SLIDER_STEPS
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, max(steps, 1))
    figure = QLabel()
    figure.setMinimumWidth(56)
    figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    unit = f" {meta['unit']}" if meta.get("unit") else ""
    decimals = 0 if whole or high - low >= 100 else 1 if high - low >= 10 else 2

    def read() -> int | float:
        value = low + (high - low) * slider.value() / slider.maximum()
        return round(value) if whole else value

    def show() -> None:
        figure.setText(f"{read():.{decimals}f}{unit}")

    def tell() -> None:
        show()
        control.edited.emit()

    def write(value: float) -> None:
        was = slider.blockSignals(True)
        slider.setValue(round((float(value) - low) / (high - low) * slider.maximum()))
        slider.blockSignals(was)
        show()

    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(slider, 1)
    layout.addWidget(figure)
    row.setFocusProxy(slider)
    control = Control(row, read, write)
    slider.valueChanged.connect(lambda _value: tell())
    return control
