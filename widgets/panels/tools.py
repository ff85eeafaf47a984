"""Measuring and asking the 3D view: tools, their settings, and what they found."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.analysis.finding import Finding
from twin.commands.params import fields_of
from twin.theme import Theme
from widgets.actions import key_text
from widgets.icons import icon
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.profile_plot import ProfilePlot
from widgets.parts.value_form import ValueForm
from widgets.tool_list import ToolEntry

_NOTHING = "Choose a tool. What it finds appears here, ready to copy; Esc puts it away."


class ToolsPanel(PanelWidget):
    """Buttons of all tools, above the settings and findings of those that are on."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._tools = context.tools
        self.buttons: dict[str, QToolButton] = {}
        self.sections: dict[str, ToolSection] = {}
        self._buttons_layout = QVBoxLayout()
        self._buttons_layout.setSpacing(2)
        self._empty = EmptyState(_NOTHING)
        self._sections_layout = QVBoxLayout()
        self._sections_layout.setSpacing(12)
        layout = self.scrolling_body(spacing=12)
        layout.addLayout(self._buttons_layout)
        layout.addWidget(self._empty)
        layout.addLayout(self._sections_layout)
        layout.addStretch(1)
        self.follow(self._tools.filled, lambda _nothing: self._fill())
        self.follow(self._tools.shown, self._show_entry)
        self.follow(self._tools.found, lambda found: self._show_finding(*found))
        self._fill()

    def release(self) -> None:
        """Let go of signals and plots."""
        for section in self.sections.values():
            section.release()
        super().release()

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme in icons and plots."""
        super().take_theme(theme)
        for entry in self._tools.entries:
            self.buttons[entry.id].setIcon(icon(entry.icon, theme.ui["text"]))
        for section in self.sections.values():
            section.plot.repaint_inks()

    def _fill(self) -> None:
        for button in self.buttons.values():
            button.deleteLater()
        for tool_id in tuple(self.sections):
            self._drop_section(tool_id)
        self.buttons = {}
        for entry in self._tools.entries:
            button = self._button(entry)
            self.buttons[entry.id] = button
            self._buttons_layout.addWidget(button)
            self._show_entry(entry)

    def _button(self, entry: ToolEntry) -> QToolButton:
        button = QToolButton()
        button.setText(entry.title)
        button.setIcon(icon(entry.icon, self.inks.theme.ui["text"]))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setCheckable(True)
        key = key_text(entry.key)
        button.setToolTip(f"{entry.help} ({key})" if key else entry.help)
        button.toggled.connect(lambda on: self._tools.switch(entry.id, on))
        return button

    def _show_entry(self, entry: ToolEntry) -> None:
        button = self.buttons[entry.id]
        was = button.blockSignals(True)
        button.setChecked(entry.on)
        button.blockSignals(was)
        if entry.on and entry.id not in self.sections:
            section = ToolSection(self, entry)
            self.sections[entry.id] = section
            self._sections_layout.insertWidget(0, section)
        elif not entry.on:
            self._drop_section(entry.id)
        if entry.on:
            self.sections[entry.id].show_entry(entry)
        self._empty.setVisible(not self.sections)

    def _show_finding(self, tool_id: str, finding: Finding) -> None:
        section = self.sections.get(tool_id)
        if section is not None:
            section.show_finding(finding)

    def _drop_section(self, tool_id: str) -> None:
        section = self.sections.pop(tool_id, None)
        if section is not None:
            section.release()
            section.hide()
            section.deleteLater()


class ToolSection(QWidget):
    """Settings of one tool that is on, and what it found."""

    def __init__(self, panel: ToolsPanel, entry: ToolEntry) -> None:
        super().__init__()
        self._tools, self._id = panel.context.tools, entry.id
        self._inks = panel.inks
        title = QLabel(entry.title)
        title.setProperty("role", "heading")
        fields = fields_of(type(entry.state))
        values = {field.name: getattr(entry.state, field.name) for field in fields}
        self.form = ValueForm(fields, values, sliders=True)
        self.form.edited.connect(self._tell)
        self.form.setVisible(bool(fields))
        self.rows = QLabel()
        self.rows.setTextFormat(Qt.TextFormat.RichText)
        self.rows.setWordWrap(True)
        self.rows.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.plot = ProfilePlot(panel.inks, self._tools.marker_moved.emit)
        self.plot.hide()
        self.copy = QPushButton("Copy results")
        self.copy.clicked.connect(self._copy)
        foot = QHBoxLayout()
        foot.addWidget(self.copy)
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for part in (title, self.form, self.rows, self.plot):
            layout.addWidget(part)
        layout.addLayout(foot)
        self.show_finding(self._tools.finding(entry.id))

    def show_entry(self, entry: ToolEntry) -> None:
        """Show the settings as they are now."""
        for name, control in self.form.controls.items():
            value = getattr(entry.state, name)
            if control.read() != value and not control.editor.hasFocus():
                control.write(value)

    def show_finding(self, finding: Finding) -> None:
        """Show what is known now."""
        self.rows.setText(table_html(finding, self._inks.theme))
        self.rows.setVisible(bool(finding.rows or finding.legend))
        self.copy.setVisible(bool(finding.rows))
        self.plot.setVisible(finding.curve is not None)
        if finding.curve is not None:
            self.plot.show_curve(finding.curve)

    def release(self) -> None:
        """Let go of the plot."""
        self.plot.release()

    def _tell(self, name: str) -> None:
        self._tools.set_field(self._id, name, self.form.controls[name].read())

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        clipboard.setText(self._tools.finding(self._id).text)


def table_html(finding: Finding, theme: Theme) -> str:
    """Names left in grey, values right in tabular digits; the legend below."""
    muted = theme.ui["muted"]
    rows = "".join(
        f'<tr><td style="color:{muted}; padding-right:12px">{_safe(row.name)}</td>'
        f"<td>{_safe(row.value)}&nbsp;{_safe(row.unit)}</td></tr>"
        for row in finding.rows
    )
    marks = "".join(
        f'<div><span style="color:{colour}">&#9632;</span> {_safe(words)}</div>'
        for words, colour in finding.legend
    )
    return f'<table cellspacing="0" cellpadding="1">{rows}</table>{marks}'


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


PANEL = PanelType(id="tools", title="Tools", area="left", create=ToolsPanel, order=15, icon="ruler")
