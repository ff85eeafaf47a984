"""The sources of the scene: on and off, where they come from, what was odd, and placing by hand."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.city.scene_file import SceneFileError
from twin.city.scene_report import SourceReport
from twin.theme import Theme
from widgets.icons import icon
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.place_form import PlaceForm

_MOST_COUNTS = 4
_MOST_WARNINGS = 6


class SourcesPanel(PanelWidget):
    """One row a source, and the step to save them as a scene."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.sources = self.session.sources
        self.rows: dict[str, SourceRow] = {}
        self._rows_layout = QVBoxLayout()
        self._rows_layout.setSpacing(4)
        self.save = QPushButton("Save scene")
        self.save.clicked.connect(lambda _checked=False: self.save_scene())
        layout = self.scrolling_body(spacing=8)
        layout.addLayout(self._rows_layout)
        self.areas = QPushButton("Open areas…")
        self.areas.setToolTip("Cordons and districts from a GeoJSON file")
        self.areas.clicked.connect(lambda _checked=False: context.actions.run("areas.open"))
        layout.addWidget(self.save, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.areas, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        self.follow(self.sources.changed, lambda _nothing: self._fill())
        self.follow(self.sources.visible_changed, self._show_visible)
        self.follow(self.sources.told, self._show_lacks)
        self.follow(
            self.sources.place_previewed,
            lambda tried: self.rows[tried[0]].form.show_place(tried[1]),
        )
        self._fill()

    def take_theme(self, theme: Theme) -> None:
        """Tint the icons anew."""
        super().take_theme(theme)
        self._fill()

    def save_scene(self) -> None:
        """Write the scene where it came from, or ask where to."""
        scene = self.sources.scene_file
        if scene is None:
            return
        path = scene.path
        if path is None:
            name, _kind = QFileDialog.getSaveFileName(
                self, "Save scene", "scene.toml", "Scenes (*.toml)"
            )
            if not name:
                return
            path = scene.folder / name
        try:
            scene.save(path)
        except SceneFileError as error:
            self.session.message.emit(str(error))
        else:
            self.session.message.emit(f"Scene saved: {path}")

    def _fill(self) -> None:
        while (item := self._rows_layout.takeAt(0)) is not None:
            part = item.widget()
            if part is not None:
                part.hide()
                part.deleteLater()
        self.rows = {}
        for report in self.sources.reports:
            row = SourceRow(self, report)
            self.rows[report.source.id] = row
            self._rows_layout.addWidget(row)
        self.save.setVisible(bool(self.rows))
        if not self.rows:
            self._rows_layout.addWidget(
                EmptyState(
                    "This city was generated. Open files of your own with "
                    "“civitwin open FILE FILE …”; each is listed here."
                )
            )

    def _show_lacks(self, source_id: str) -> None:
        row = self.rows.get(source_id)
        if row is not None:
            row.show_lacks(self.sources.lacks(source_id))

    def _show_visible(self, source_id: str) -> None:
        row = self.rows.get(source_id)
        if row is not None:
            row.show_visible(self.sources.is_visible(source_id))


class SourceRow(QWidget):
    """One source: its switch, what it is, what was odd, and where it stands."""

    def __init__(self, panel: SourcesPanel, report: SourceReport) -> None:
        super().__init__()
        self._panel, self.report = panel, report
        source_id = report.source.id
        self.check = QCheckBox(report.title)
        self.check.setChecked(panel.sources.is_visible(source_id))
        self.check.setEnabled(not report.trouble)
        self.check.toggled.connect(lambda on: panel.sources.set_visible(source_id, on))
        self.go = QToolButton()
        self.go.setIcon(icon("frame", panel.inks.theme.ui["muted"]))
        self.go.setToolTip(f"Fly to {report.title}")
        self.go.setAccessibleName(f"Fly to {report.title}")
        self.go.setEnabled(len(report.bounds_min_max_local_m) == 6)
        self.go.clicked.connect(lambda _checked=False: self.fly())
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.check, 1)
        top.addWidget(self.go)
        self.form = PlaceForm()
        self.form.tried.connect(lambda: panel.sources.preview_place(source_id, self.form.place()))
        self.form.chosen.connect(lambda: panel.sources.choose_place(source_id, self.form.place()))
        self.form.left.connect(lambda: panel.sources.preview_place(source_id, None))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(4)
        layout.addLayout(top)
        for text, role in _lines(report):
            layout.addWidget(_label(text, role))
        self.lacks = _label("", "muted")
        layout.addWidget(self.lacks)
        self.show_lacks(panel.sources.lacks(source_id))
        if _can_be_placed(report):
            self.place = QPushButton("Place…")
            self.place.clicked.connect(lambda _checked=False: self._begin_placing())
            layout.addWidget(self.place, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.form)

    def fly(self) -> None:
        """Ask for a look at the whole source."""
        west, south, low, east, north, high = self.report.bounds_min_max_local_m
        middle = ((west + east) / 2, (south + north) / 2, (low + high) / 2)
        size = max(east - west, north - south, high - low, 60.0)
        self._panel.session.fly_to_requested.emit((*middle, 1.2 * size))

    def show_visible(self, visible: bool) -> None:
        """Show the switch as it is now."""
        was = self.check.blockSignals(True)
        self.check.setChecked(visible)
        self.check.blockSignals(was)

    def show_lacks(self, words: str) -> None:
        """Show what is missing of it now."""
        self.lacks.setText(words)
        self.lacks.setVisible(bool(words))

    def _begin_placing(self) -> None:
        self.form.begin(self.report.source.place)
        self._panel.sources.preview_place(self.report.source.id, self.form.place())


def _can_be_placed(report: SourceReport) -> bool:
    return not report.trouble and not report.is_stream and not report.crs


def _lines(report: SourceReport) -> list[tuple[str, str]]:
    """What is told of a source, with the role of each line."""
    if report.trouble:
        return [(report.trouble, "error")]
    by_hand = "placed by hand" if report.source.place else "no CRS"
    crs = report.crs or by_hand
    facts = [f"{report.format} · {crs}"] if report.format else []
    counts = sorted(report.counts.items(), key=lambda pair: -pair[1])[:_MOST_COUNTS]
    if counts:
        facts.append(" · ".join(f"{number:,} {name}" for name, number in counts))
    if report.is_stream:
        facts.append("Read piece by piece while you look at it")
    lines = [(text, "caption") for text in facts]
    for one in report.warnings[:_MOST_WARNINGS]:
        times = f" ({one.count:,})" if one.count > 1 else ""
        lines.append((f"{one.message}{times}", "muted"))
    if len(report.warnings) > _MOST_WARNINGS:
        lines.append((f"and {len(report.warnings) - _MOST_WARNINGS} more remarks", "muted"))
    return lines


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setProperty("role", role)
    label.setContentsMargins(24, 0, 0, 0)
    return label


PANEL = PanelType(
    id="sources", title="Sources", area="left", create=SourcesPanel, order=12, icon="city"
)
