"""What is drawn and how: layers on and off, "Colour by" with its legend, each layer's settings."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.commands.params import fields_of
from twin.ramps import DIVERGING, SEQUENTIAL, Ramp
from widgets.icons import icon
from widgets.layer_list import LayerEntry
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.legend_swatch import LegendSwatch, ramp_icon
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.value_form import ValueForm
from widgets.parts.wording import property_title

PLAIN = "Plain model"


class LayersPanel(PanelWidget):
    """Controls of the 3D view, built from what the layers declare."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._layers = context.layers
        self._offered: tuple[Any, ...] = ()
        self.rows: dict[str, LayerRow] = {}
        self._rows_layout = QVBoxLayout()
        self._rows_layout.setSpacing(0)
        layout = self.scrolling_body(spacing=8)
        layout.addLayout(self._make_colouring())
        self.legend = LegendSwatch(self.inks)
        layout.addWidget(self.legend)
        layout.addSpacing(8)
        layout.addLayout(self._rows_layout)
        layout.addStretch(1)
        self.follow(self.session.colour_by_changed, self._show_colouring)
        self.follow(self._layers.ramp_changed, self._show_ramp)
        self.follow(self._layers.legend_changed, self.legend.show_legend)
        self.follow(self._layers.filled, lambda _nothing: self._fill_rows())
        self.follow(self._layers.changed, self._show_layer)
        self._fill_rows()
        self.refresh()
        self._show_ramp(self._layers.ramp)
        self.legend.show_legend(self._layers.legend)

    def _make_colouring(self) -> QFormLayout:
        self.colour_by = QComboBox()
        self.ramp = QComboBox()
        for box in (self.colour_by, self.ramp):
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        for name in (*SEQUENTIAL, *DIVERGING):
            self.ramp.addItem(ramp_icon(name), name.capitalize(), name)
        self.ramp.setIconSize(ramp_icon(SEQUENTIAL[0]).availableSizes()[0])
        self.colour_by.activated.connect(
            lambda _index: self.session.colour_city_by(str(self.colour_by.currentData() or ""))
        )
        self.ramp.activated.connect(lambda _index: self._choose_ramp(self.ramp.currentData()))
        form = QFormLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Colour by", self.colour_by)
        self._ramp_label = QLabel("Ramp")
        form.addRow(self._ramp_label, self.ramp)
        return form

    # -- colouring --------------------------------------------------------------------------

    def refresh(self) -> None:
        """Offer observed properties and attributes that came since."""
        observed = self.session.observations.observed_properties()
        attributes = tuple(self.session.city.features.attributes)
        if (observed, attributes) == self._offered:
            return
        self._offered = (observed, attributes)
        model = QStandardItemModel(self.colour_by)
        model.appendRow(_item(PLAIN, ""))
        for heading, names in (("Observed now", observed), ("Attributes of buildings", attributes)):
            if names:
                title = QStandardItem(heading)
                title.setFlags(Qt.ItemFlag.NoItemFlags)
                model.appendRow(title)
            is_observed = names is observed
            titles = [(property_title(n) if is_observed else n, n) for n in names]
            for text, name in sorted(titles, key=lambda pair: pair[0].casefold()):
                model.appendRow(_item(text, name))
        self.colour_by.setModel(model)
        self._show_colouring(self.session.colour_by)

    def _show_colouring(self, name: str) -> None:
        self.colour_by.setCurrentIndex(max(self.colour_by.findData(name), 0))
        for part in (self.ramp, self._ramp_label):
            part.setVisible(bool(name))

    def _choose_ramp(self, ramp: Ramp) -> None:
        self._layers.set_ramp(ramp)

    def _show_ramp(self, ramp: Ramp) -> None:
        self.ramp.setCurrentIndex(max(self.ramp.findData(ramp), 0))

    # -- layers -----------------------------------------------------------------------------

    def _fill_rows(self) -> None:
        while (item := self._rows_layout.takeAt(0)) is not None:
            part = item.widget()
            if part is not None:
                part.hide()
                part.deleteLater()
        self.rows = {}
        for entry in self._layers.entries:
            row = LayerRow(self, entry)
            self.rows[entry.id] = row
            self._rows_layout.addWidget(row)
        if not self.rows:
            self._rows_layout.addWidget(
                EmptyState(
                    "No layer is drawn yet. They appear with a city: use “Open city…” in the menu, "
                    "or start with “civitwin demo”."
                )
            )

    def _show_layer(self, entry: LayerEntry) -> None:
        row = self.rows.get(entry.id)
        if row is not None:
            row.show_entry(entry)


class LayerRow(QWidget):
    """One layer: check box, and its settings under a fold."""

    def __init__(self, panel: LayersPanel, entry: LayerEntry) -> None:
        super().__init__()
        self._layers, self._id = panel.context.layers, entry.id
        self.check = QCheckBox(entry.title)
        self.check.toggled.connect(lambda on: self._layers.set_visible(self._id, on))
        fields = fields_of(type(entry.state))
        values = {field.name: getattr(entry.state, field.name) for field in fields}
        self.form = ValueForm(fields, values, sliders=True)
        self.form.edited.connect(self._tell)
        self.form.setContentsMargins(24, 0, 0, 12)
        self.form.hide()
        self.fold = QToolButton()
        self.fold.setIcon(icon("settings", panel.inks.theme.ui["muted"]))
        self.fold.setCheckable(True)
        policy = self.fold.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # rows without settings are as high as the others
        self.fold.setSizePolicy(policy)
        self.fold.setVisible(bool(fields))
        self.fold.setToolTip(f"Settings of {entry.title}")
        self.fold.setAccessibleName(f"Settings of {entry.title}")
        self.fold.toggled.connect(self.form.setVisible)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.check, 1)
        top.addWidget(self.fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.form)
        self.show_entry(entry)

    def show_entry(self, entry: LayerEntry) -> None:
        """Show a layer as it is now."""
        was = self.check.blockSignals(True)
        self.check.setChecked(entry.visible)
        self.check.blockSignals(was)
        for name, control in self.form.controls.items():
            value = getattr(entry.state, name)
            if control.read() != value and not control.editor.hasFocus():
                control.write(value)

    def _tell(self, name: str) -> None:
        self._layers.set_field(self._id, name, self.form.controls[name].read())


def _item(text: str, name: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setData(name, Qt.ItemDataRole.UserRole)
    return item


PANEL = PanelType(
    id="layers", title="Layers", area="left", create=LayersPanel, order=10, icon="layers"
)
