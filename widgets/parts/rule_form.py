"""The form of an event rule: written in words and conditions, looked at while it is typed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.commands.base import DEPARTMENTS
from twin.perception.rules_editing import (
    id_of,
    inputs_of,
    inputs_text,
    names_of,
    places_of,
    thresholds_of,
    thresholds_text,
)
from twin.perception.rules_language import INPUTS
from twin.perception.rules_model import CompiledRule, EventRule, RuleError, compiled
from twin.room.parts.alarms import PRIORITIES
from twin.room.parts.event_rules import EventRules
from twin.session import TwinSession
from widgets.parts.alarm_words import PRIORITY_TITLES, department_title
from widgets.parts.labels import say, wrapped

_TWO_LINES_PX, _THREE_LINES_PX = 46, 64
_TITLES = {
    "id": "Title", "title": "Title", "open": "Opens when", "close": "Closes when",
    "suppress_when": "Suppressed while", "thresholds": "Numbers", "inputs": "Other values",
    "needs": "Needs", "areas": "Area", "response": "Response", "root": "Follows from",
}  # fmt: skip
_NEEDS = (("at any of them", "any"), ("at all of them", "all"))


class RuleForm(QWidget):
    """One rule while it is written. GUI thread.

    Attributes
    ----------
    footer : what is wrong, what the rule is about, and the buttons; placed by whoever has the form,
        so that it stays in sight while the form scrolls

    Signals
    -------
    edited()
        The person changed something; `compiled` and `problem` are as they are now.
    kept(), left()
        The person wants everybody to have the rule; or none of it.
    """

    edited = Signal()
    kept = Signal()
    left = Signal()

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._base: EventRule | None = None
        self.rev = 0
        self.compiled: CompiledRule | None = None
        self._is_filling = False
        self._make_editors()
        self._lay_out()
        self.write(None, 0)

    # --- making -------------------------------------------------------------------------------

    def _make_editors(self) -> None:
        self.heading, self.problem, self.reach = (
            wrapped("title"),
            wrapped("error"),
            wrapped("muted"),
        )
        self.title, self.response = QLineEdit(), QLineEdit()
        self.things = QLineEdit()
        self.things.setPlaceholderText("Ids with commas, * for anything; empty = all")
        self.use_selection = QPushButton("Use selection")
        self.use_selection.clicked.connect(lambda _checked=False: self.take_selection())
        self.kinds, self.properties, self.area = _chooser(), _chooser(), _chooser()
        self.per, self.needs = QComboBox(), QComboBox()
        self.per.addItem("One alarm each", "datastream")
        self.per.addItem("One alarm for the area", "area")
        self.needs.setEditable(True)
        for words, value in _NEEDS:
            self.needs.addItem(words, value)
        self.open, self.close_when, self.suppress = (_condition() for _ in range(3))
        self.open.setPlaceholderText("value > 2.4")
        self.close_when.setPlaceholderText("value < 2.2   (empty: when it opens no more)")
        self.open_for, self.close_for, self.max_age = (_seconds() for _ in range(3))
        self.max_age.setSpecialValueText("By its interval")
        self.priority, self.department, self.root = QComboBox(), QComboBox(), QComboBox()
        for priority in PRIORITIES:
            self.priority.addItem(PRIORITY_TITLES[priority], priority.value)
        self.department.addItem("Nobody's", "")
        for name in DEPARTMENTS:
            self.department.addItem(department_title(name), name)
        self.latched = QCheckBox("Stays until somebody resets it")
        self.thresholds, self.inputs = _condition(_THREE_LINES_PX), _condition()
        self.thresholds.setPlaceholderText("flood_m = 2.4\nflood_m[gauge-3] = 2.9")
        self.inputs.setPlaceholderText("pump = {thing}/pump_running")
        self.keep, self.leave = QPushButton(), QPushButton("Discard")
        self.keep.setProperty("role", "primary")
        self.keep.clicked.connect(lambda _checked=False: self.kept.emit())
        self.leave.clicked.connect(lambda _checked=False: self.left.emit())
        self.more = QToolButton()
        self.more.setText("More")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_more)
        self._connect()

    def _connect(self) -> None:
        for line in (self.title, self.response, self.things):
            line.textChanged.connect(lambda _text: self._look())
        for text in (self.open, self.close_when, self.suppress, self.thresholds, self.inputs):
            text.textChanged.connect(self._look)
        for box in (self.kinds, self.properties, self.area, self.per, self.needs, self.root):
            box.currentTextChanged.connect(lambda _text: self._look())
        for box in (self.priority, self.department):
            box.currentIndexChanged.connect(lambda _index: self._look())
        for number in (self.open_for, self.close_for, self.max_age):
            number.valueChanged.connect(lambda _value: self._look())
        self.latched.toggled.connect(lambda _on: self._look())

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(8)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        things = _beside(self.things, self.use_selection)
        self._rows: tuple[tuple[str, QWidget, QWidget], ...] = (
            ("Title", self.title, self.title),
            ("Value", self.properties, self.properties),
            ("Kind of thing", self.kinds, self.kinds),
            ("Things", things, self.things),
            ("Area", self.area, self.area),
            ("Alarm", _beside(self.per, self.needs), self.per),
            ("Opens when", self.open, self.open),
            ("… for at least", self.open_for, self.open_for),
            ("Closes when", self.close_when, self.close_when),
            ("… for at least ", self.close_for, self.close_for),
            ("Priority", self.priority, self.priority),
            ("Department", self.department, self.department),
            ("Response", self.response, self.response),
        )
        self._more_rows: tuple[tuple[str, QWidget, QWidget], ...] = (
            ("Numbers", self.thresholds, self.thresholds),
            ("Other values", self.inputs, self.inputs),
            ("Suppressed while", self.suppress, self.suppress),
            ("Follows from", self.root, self.root),
            ("Not known after", self.max_age, self.max_age),
            ("Latched", self.latched, self.latched),
        )
        for words, row, editor in (*self._rows, *self._more_rows):
            editor.setAccessibleName(words.strip())
            self._form.addRow(words.strip(), row)
        self.needs.setAccessibleName("How many of the area's values")
        self._form.insertRow(self._form.rowCount() - len(self._more_rows), "", self.more)
        buttons = QHBoxLayout()
        buttons.addWidget(self.keep)
        buttons.addWidget(self.leave)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.heading)
        layout.addLayout(self._form)
        self.footer = QWidget()
        foot = QVBoxLayout(self.footer)
        foot.setContentsMargins(12, 8, 12, 8)
        foot.setSpacing(6)
        foot.addWidget(self.reach)
        foot.addWidget(self.problem)
        foot.addLayout(buttons)
        self._show_more(False)

    def _show_more(self, on: bool) -> None:
        for _, row, _ in self._more_rows:
            self._form.setRowVisible(row, on)
        self.more.setText("Less" if on else "More: numbers, other values, suppression …")

    # --- reading and writing --------------------------------------------------------------------

    def write(self, rule: EventRule | None, rev: int) -> None:
        """Show a rule to change (`rev` of it), or an empty one."""
        self._is_filling = True
        self._base, self.rev = rule, rev
        shown = rule or EventRule(id="", title="", open="")
        self._offer(shown)
        self.heading.setText(f"Change “{shown.title}”" if rule else "A new rule")
        self.keep.setText("Keep the change" if rule else "Put it in force")
        self.title.setText(shown.title)
        self.response.setText(shown.response)
        self.things.setText(", ".join((*shown.things, *shown.datastreams)))
        for line in (self.title, self.response, self.things):
            line.setCursorPosition(0)
        self.open.setPlainText(shown.open)
        self.close_when.setPlainText(shown.close)
        self.suppress.setPlainText(shown.suppress_when)
        self.thresholds.setPlainText(thresholds_text(shown.thresholds))
        self.inputs.setPlainText(inputs_text(shown.inputs))
        for box, value in (
            (self.per, shown.per), (self.priority, shown.priority.value),
            (self.department, shown.department), (self.root, shown.root),
        ):  # fmt: skip
            box.setCurrentIndex(max(box.findData(value), 0))
        row = self.needs.findData(shown.needs)
        if row >= 0:
            self.needs.setCurrentIndex(row)
        else:
            self.needs.setEditText(f"at {shown.needs} of them")
        self.open_for.setValue(shown.open_for_s)
        self.close_for.setValue(shown.close_for_s)
        self.max_age.setValue(shown.max_age_s)
        self.latched.setChecked(shown.latched)
        is_plain = not (shown.thresholds or shown.inputs or shown.suppress_when or shown.root)
        self.more.setChecked(not is_plain or shown.latched or shown.max_age_s > 0)
        self._is_filling = False
        self._look()

    def take_selection(self) -> None:
        """Take the things that are selected in the city."""
        chosen = self._session.selection
        things = chosen.things or ((chosen.thing_id,) if chosen.thing_id else ())
        if not things:
            say(self.problem, "Nothing is selected that has values; click a sensor in the city")
            return
        self.things.setText(", ".join(things))

    def rule(self) -> EventRule:
        """The rule as it stands in the form. Raises `RuleError` where lines cannot be read."""
        base = self._base or EventRule(id="", title="", open="")
        title = self.title.text().strip()
        known = self._session.hub.room[EventRules].by_id
        named = names_of(self.things.text())
        areas = names_of(self.area.currentText())
        places = {**places_of(self._session.areas), **base.places}
        return msgspec.structs.replace(
            base, id=base.id or id_of(title, known.entries), title=title,
            open=self.open.toPlainText().strip(), close=self.close_when.toPlainText().strip(),
            properties=names_of(self.properties.currentText()),
            kinds=names_of(self.kinds.currentText()), areas=areas,
            things=tuple(one for one in named if "/" not in one),
            datastreams=tuple(one for one in named if "/" in one),
            places={name: places[name] for name in areas if name in places},
            per=self.per.currentData(), needs=self._needs(),
            open_for_s=self.open_for.value(), close_for_s=self.close_for.value(),
            max_age_s=self.max_age.value(), priority=PRIORITIES[self.priority.currentIndex()],
            department=str(self.department.currentData()), root=str(self.root.currentData() or ""),
            response=self.response.text().strip(), latched=self.latched.isChecked(),
            suppress_when=self.suppress.toPlainText().strip(),
            thresholds=thresholds_of(self.thresholds.toPlainText()),
            inputs=inputs_of(self.inputs.toPlainText()),
        )  # fmt: skip

    def _needs(self) -> str | int:
        if self.per.currentData() == "datastream":
            return "any"
        text = self.needs.currentText()
        row = self.needs.findText(text)
        if row >= 0:
            return str(self.needs.itemData(row))
        digits = "".join(one for one in text if one.isdigit())
        if not digits:
            raise RuleError("say any, all, or how many of them", "needs")
        return int(digits)

    def _look(self) -> None:
        """Check what is written, and say what is wrong with it."""
        if self._is_filling:
            return
        is_area = self.per.currentData() == "area"
        self.needs.setVisible(is_area)
        try:
            self.compiled = compiled(self.rule())
            say(self.problem, "")
        except RuleError as error:
            self.compiled = None
            is_begun = bool(self.title.text().strip() or self.open.toPlainText().strip())
            say(self.problem, _problem(error) if is_begun else "")
        self.keep.setEnabled(self.compiled is not None)
        self.edited.emit()

    def _offer(self, shown: EventRule) -> None:
        """What there is in this city to choose from."""
        store = self._session.observations
        kinds = sorted({one.kind for one in store.things.values() if one.kind})
        names = sorted({*places_of(self._session.areas), *shown.places})
        for box, known, now in (
            (self.kinds, kinds, shown.kinds),
            (self.properties, store.observed_properties(), shown.properties),
            (self.area, names, shown.areas),
        ):
            box.clear()
            box.addItem("")
            box.addItems(list(known))
            box.setEditText(", ".join(now))
        self.root.clear()
        self.root.addItem("No other rule", "")
        for entry in self._session.hub.room[EventRules].by_id.values():
            if entry.id != shown.id:
                self.root.addItem(entry.rule.title, entry.id)


def words_text(names: Mapping[str, object] | tuple[str, ...] = INPUTS) -> str:
    """What conditions may use, for a tooltip."""
    return "You can use " + ", ".join(names) + ", and the names under Numbers and Other values"


def _problem(error: RuleError) -> str:
    place = f", letter {error.column}" if error.column else ""
    place = f", line {error.line}{place}" if error.line > 1 else place
    title = _TITLES.get(error.field, "")
    text = str(error)
    return f"{title}{place}: {text}" if title else f"{text[:1].upper()}{text[1:]}"


def _chooser() -> QComboBox:
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setMinimumContentsLength(8)
    line = box.lineEdit()
    if line is not None:
        line.setPlaceholderText("Any")
    return box


def _condition(height_px: int = _TWO_LINES_PX) -> QPlainTextEdit:
    editor = QPlainTextEdit()
    editor.setFixedHeight(height_px)
    editor.setTabChangesFocus(True)
    editor.setToolTip(words_text())
    return editor


def _seconds() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.0, 604_800.0)
    box.setDecimals(0)
    box.setSuffix(" s")
    return box


def _beside(wide: QWidget, other: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    row.addWidget(wide, 1)
    row.addWidget(other)
    return holder
