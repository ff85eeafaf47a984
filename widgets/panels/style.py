"""How the city is drawn: colour, visibility and height by attribute, live value or expression."""

from __future__ import annotations

import dataclasses

from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.city.named_styles import NamedStyles
from twin.city.style import PLAIN, CityStyle, ColourRule, HeightRule, StyleOutcome
from twin.city.style_columns import FACTS
from twin.errors import TwinError
from twin.ramps import DIVERGING, SEQUENTIAL
from widgets.panel import PanelContext, PanelType
from widgets.parts.condition_list import ConditionList
from widgets.parts.expression_edit import ExpressionEdit
from widgets.parts.legend_swatch import LegendSwatch, ramp_icon
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.value_form import CalmSpinBox, CalmWholeBox
from widgets.parts.wording import property_title

HOW = (
    ("", "Plain"),
    ("ramp", "Ramp"),
    ("classes", "Classes"),
    ("categories", "Categories"),
    ("conditions", "Conditions"),
)
BREAKS = (("quantile", "Equal counts"), ("equal", "Equal steps"), ("natural", "Natural breaks"))
UNSAVED = "New style"


class StylePanel(PanelWidget):
    """Edits `TwinSession.style`; each change is drawn at once."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._layers = context.layers
        self.styles = NamedStyles(self.session.scene_file)
        self._columns: tuple[str, ...] = ()
        self._is_showing = False
        layout = self.scrolling_body(spacing=8)
        for part in (self._make_names(), self._make_filter(), self._make_colour()):
            layout.addLayout(part)
        self.legend = LegendSwatch(self.inks)
        layout.addWidget(self.legend)
        layout.addLayout(self._make_height())
        self.remark = QLabel()
        self.remark.setWordWrap(True)
        self.remark.setProperty("role", "error")
        self.remark.hide()
        layout.addWidget(self.remark)
        layout.addStretch(1)
        self.follow(self.session.style_changed, self.show_style)
        self.follow(self._layers.style_outcome_changed, self.show_outcome)
        self.follow(self._layers.legend_changed, self.legend.show_legend)
        self.refresh()
        self.show_style(self.session.style)
        self.show_outcome(self._layers.style_outcome)
        self.legend.show_legend(self._layers.legend)
        if self.styles.unread:
            self._say(self.styles.unread[0])

    # -- controls ---------------------------------------------------------------------------

    def _make_names(self) -> QHBoxLayout:
        self.names = QComboBox()
        self.names.setEditable(True)
        self.names.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        line = self.names.lineEdit()
        if line is not None:
            line.setPlaceholderText("Name of the style")
        self.names.setAccessibleName("Style")
        self.names.setToolTip("Styles of this scene; write a new name and save to keep one")
        self.names.activated.connect(lambda _index: self._load(self.names.currentText()))
        self.save = QPushButton("Save")
        self.save.setToolTip("Keep this style under the name")
        self.save.clicked.connect(lambda _checked: self._save())
        self.remove = QPushButton("Delete")
        self.remove.setToolTip("Forget the style of this name")
        self.remove.clicked.connect(lambda _checked: self._remove())
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.names, 1)
        row.addWidget(self.save)
        row.addWidget(self.remove)
        self._fill_names("")
        return row

    def _make_filter(self) -> QVBoxLayout:
        self.filter = ExpressionEdit("height > 20 and kind = 'Building'", "Show only")
        self.filter.line.setToolTip("A CQL2 expression; what does not meet it is hidden")
        self.filter.changed.connect(lambda _text: self._apply())
        self.count = QLabel()
        self.count.setProperty("role", "caption")
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(_heading("SHOW ONLY"))
        column.addWidget(self.filter)
        column.addWidget(self.count)
        return column

    def _make_colour(self) -> QVBoxLayout:
        self.how = _choice(HOW)
        self.column = _choice(())
        self.ramp = QComboBox()
        for ramp in (*SEQUENTIAL, *DIVERGING):
            self.ramp.addItem(ramp_icon(ramp), ramp.capitalize(), ramp)
        self.ramp.setIconSize(ramp_icon(SEQUENTIAL[0]).availableSizes()[0])
        self.breaks = _choice(BREAKS)
        self.n_classes = CalmWholeBox()
        self.n_classes.setRange(2, 8)
        self.n_classes.setValue(5)
        self.ends = (QLineEdit(), QLineEdit())
        for line, name in zip(self.ends, ("Lowest value", "Highest value"), strict=True):
            line.setPlaceholderText("auto")
            line.setAccessibleName(name)
            line.setToolTip(f"{name} of the ramp; empty = as the data are")
            line.setValidator(QDoubleValidator(line))
            line.editingFinished.connect(self._apply)
        for box in (self.how, self.column, self.ramp, self.breaks):
            box.activated.connect(lambda _index: self._apply())
        self.n_classes.valueChanged.connect(lambda _n: self._apply())
        both = QHBoxLayout()
        both.addWidget(self.ends[0])
        both.addWidget(QLabel("to"))
        both.addWidget(self.ends[1])
        between = QWidget()
        between.setLayout(both)
        both.setContentsMargins(0, 0, 0, 0)
        self._form = _form()
        self._form.addRow("Colour", self.how)
        self._rows = {
            "column": self.column, "ramp": self.ramp, "ends": between,
            "breaks": self.breaks, "number": self.n_classes,
        }  # fmt: skip
        titles = {
            "column": "By", "ramp": "Ramp", "ends": "From", "breaks": "Cut by", "number": "Classes"
        }  # fmt: skip
        for key, control in self._rows.items():
            self._form.addRow(titles[key], control)
        self.conditions = ConditionList(self.inks.theme.ui["muted"])
        self.conditions.changed.connect(self._apply)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(_heading("COLOUR"))
        column.addLayout(self._form)
        column.addWidget(self.conditions)
        return column

    def _make_height(self) -> QVBoxLayout:
        self.height_by = _choice(())
        self.height_by.activated.connect(lambda _index: self._apply())
        self.factor = CalmSpinBox()
        self.factor.setRange(0.001, 1000.0)
        self.factor.setDecimals(3)
        self.factor.setValue(1.0)
        self.factor.valueChanged.connect(lambda _value: self._apply())
        self._height_form = _form()
        self._height_form.addRow("By", self.height_by)
        self._height_form.addRow("Times", self.factor)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(_heading("HEIGHT"))
        column.addLayout(self._height_form)
        return column

    # -- what is on offer --------------------------------------------------------------------

    def refresh(self) -> None:
        """Offer columns that came since."""
        observed = self.session.observations.observed_properties()
        attributes = tuple(self.session.city.features.attributes)
        columns = tuple(dict.fromkeys((*attributes, *observed, *FACTS)))
        if columns == self._columns:
            return
        self._columns = columns
        self.filter.offer(columns)
        self.conditions.offer(columns)
        titled = [(name, property_title(name) if name in observed else name) for name in columns]
        titled.sort(key=lambda pair: pair[1].casefold())
        for box, none in ((self.column, "Choose a column"), (self.height_by, "As modelled")):
            kept = box.currentData()
            box.clear()
            box.addItem(none, "")
            for name, title in titled:
                box.addItem(title, name)
            box.setCurrentIndex(max(box.findData(kept), 0))
        self.show_style(self.session.style)

    def _fill_names(self, name: str) -> None:
        self.names.clear()
        self.names.addItem(UNSAVED)
        self.names.addItems(self.styles.names)
        self.names.setCurrentIndex(max(self.names.findText(name), 0))
        self.remove.setEnabled(name in self.styles.names)

    # -- from the session --------------------------------------------------------------------

    def show_style(self, style: CityStyle) -> None:
        """Show a style as it is now, without telling it as an edit."""
        self._is_showing = True
        rule = style.colour or ColourRule()
        self.how.setCurrentIndex(
            max(self.how.findData(style.colour.how if style.colour else ""), 0)
        )
        for box, value in (
            (self.column, rule.column),
            (self.ramp, rule.ramp),
            (self.breaks, rule.breaks),
        ):
            box.setCurrentIndex(max(box.findData(value), 0))
        self.n_classes.setValue(rule.n_classes)
        for line, end in zip(self.ends, (rule.vmin, rule.vmax), strict=True):
            if not line.hasFocus():
                line.setText("" if end is None else f"{end:g}")
        self.conditions.show_conditions(rule.conditions)
        if not self.filter.line.hasFocus():
            self.filter.write(style.filter)
        height = style.height
        self.height_by.setCurrentIndex(
            max(self.height_by.findData(height.column if height else ""), 0)
        )
        if height is not None:
            self.factor.setValue(height.factor)
        self._show_rows()
        self._is_showing = False

    def show_outcome(self, outcome: StyleOutcome) -> None:
        """Say how much of the city is shown, and what went wrong."""
        style = self.session.style
        self.count.setVisible(bool(style.filter) and not outcome.error)
        self.count.setText(f"{outcome.n_shown:,} of {outcome.n_total:,} buildings shown")
        self._say(outcome.error)

    def _show_rows(self) -> None:
        how = self.how.currentData()
        shown = {
            "column": how in ("ramp", "classes", "categories"),
            "ramp": how in ("ramp", "classes", "categories"),
            "ends": how == "ramp",
            "breaks": how == "classes",
            "number": how == "classes",
        }
        for key, control in self._rows.items():
            self._form.setRowVisible(control, shown[key])
        self.conditions.setVisible(how == "conditions")
        self._height_form.setRowVisible(self.factor, bool(self.height_by.currentData()))

    # -- to the session ----------------------------------------------------------------------

    def written_style(self) -> CityStyle:
        """The style as the controls stand."""
        filter_text = self.filter.text() if self.filter.is_right() else self.session.style.filter
        by = str(self.height_by.currentData() or "")
        return CityStyle(
            name=self.session.style.name,
            colour=self._rule(),
            filter=filter_text,
            height=HeightRule(column=by, factor=self.factor.value()) if by else None,
        )

    def _rule(self) -> ColourRule | None:
        how = self.how.currentData()
        column = str(self.column.currentData() or "")
        if not how or (how != "conditions" and not column):
            return None
        known = self.session.style.colour
        low, high = (_number(line.text()) for line in self.ends)
        keeps = known is not None and known.column == column
        return ColourRule(
            how=how,
            column="" if how == "conditions" else column,
            ramp=self.ramp.currentData(),
            vmin=low,
            vmax=high,
            breaks=self.breaks.currentData(),
            n_classes=self.n_classes.value(),
            categories=known.categories if known is not None and keeps else {},
            conditions=self.conditions.conditions() if how == "conditions" else (),
        )

    def _apply(self) -> None:
        if self._is_showing:
            return
        self._show_rows()
        self.session.set_style(self.written_style())

    # -- by name -----------------------------------------------------------------------------

    def _load(self, name: str) -> None:
        is_known = name in self.styles.names
        self.remove.setEnabled(is_known)
        if is_known or name == UNSAVED:
            self.session.set_style(self.styles.style(name) if is_known else PLAIN)
            self.filter.write(self.session.style.filter)

    def _save(self) -> None:
        name = self.names.currentText()
        try:
            if name == UNSAVED:
                name = self._free_name()
            named = self.styles.put(name, self.written_style())
        except TwinError as error:
            self._say(str(error))
            return
        self.session.set_style(named)
        self._fill_names(named.name)
        kept = "in the scene file" if self.styles.is_saved else "until the console closes"
        self.session.message.emit(f"The style “{named.name}” is kept {kept}")

    def _remove(self) -> None:
        try:
            self.styles.remove(self.names.currentText())
        except TwinError as error:
            self._say(str(error))
        self._fill_names("")
        self.session.set_style(dataclasses.replace(self.session.style, name=""))

    def _free_name(self) -> str:
        number = 1
        while f"Style {number}" in self.styles.names:
            number += 1
        return f"Style {number}"

    def _say(self, sentence: str) -> None:
        self.remark.setText(sentence)
        self.remark.setVisible(bool(sentence))


def _choice(options: tuple[tuple[str, str], ...]) -> QComboBox:
    box = QComboBox()
    box.setMinimumContentsLength(8)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    for value, title in options:
        box.addItem(title, value)
    return box


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(8)
    form.setVerticalSpacing(8)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


PANEL = PanelType(
    id="style", title="Style", area="left", create=StylePanel, order=12, icon="filter"
)
