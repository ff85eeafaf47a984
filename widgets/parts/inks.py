"""The theme's colours as Qt colours, for what panels paint themselves."""

from __future__ import annotations

from PySide6.QtGui import QColor

from twin.theme import Theme


class Inks:
    """Colours of the present theme; shared by the delegates of one panel. GUI thread."""

    def __init__(self, theme: Theme) -> None:
        self.change(theme)

    def change(self, theme: Theme) -> None:
        """Take the colours of another theme; whoever paints with them must repaint."""
        self.theme = theme
        self.background = QColor(theme.ui["background"])
        self.panel = QColor(theme.ui["panel"])
        self.line = QColor(theme.ui["line"])
        self.text = QColor(theme.ui["text"])
        self.muted = QColor(theme.ui["muted"])
        self.accent = QColor(theme.ui["accent"])
        self.field = QColor(theme.ui["field"])
        self.critical = QColor(theme.priority["critical"])
        self.high = QColor(theme.priority["high"])
        self.medium = QColor(theme.priority["medium"])
        self.low = QColor(theme.priority["low"])
        self.on_bright = QColor("#1F2429")

    def selected_row(self) -> QColor:
        """Background of a selected row: a light, opaque wash of the accent colour."""
        share = 0.16
        below, above = self.panel, self.accent
        return QColor.fromRgbF(
            below.redF() * (1 - share) + above.redF() * share,
            below.greenF() * (1 - share) + above.greenF() * share,
            below.blueF() * (1 - share) + above.blueF() * share,
        )
