"""The console's look: one style sheet, palette and font from the tokens of `twin.theme.Theme`.

Widgets say what they are with the dynamic property ``role``; the style sheet does the rest:

- QLabel: "title" (15 px, strong), "heading" (11 px, strong, muted), "caption" (11 px, muted),
  "muted", "figure" (20 px), "error", "key" (a keyboard hint)
- QPushButton, QToolButton: "primary" (the one step of a panel), "danger", "flat", "tab", "counter"
- QFrame, QWidget: "card" (hairline box), "rule" and "upright" (hairlines)
"""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from twin.theme import Theme
from widgets.icons import icon_path
from widgets.style_sheet import SHEET

_FAMILIES = ("Inter", "Noto Sans", "Segoe UI", "Helvetica Neue")
BODY_PX = 13


def mix(first: str, second: str, share: float) -> str:
    """`share` (0..1) of the colour `second` in `first`, all "#RRGGBB"."""
    parts = (
        round(int(first[i : i + 2], 16) * (1 - share) + int(second[i : i + 2], 16) * share)
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02X}" for part in parts)


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours by WCAG 2, 1 (same) to 21."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def on_colour(colour: str) -> str:
    """Ink that reads best on `colour`: near black or white."""
    return max(("#14171B", "#FFFFFF"), key=lambda ink: contrast(ink, colour))


def tokens(theme: Theme) -> dict[str, str]:
    """Every colour the style sheet uses, by name."""
    ui = theme.ui
    ink = on_colour(ui["accent"])
    return {
        **ui,
        "hover": mix(ui["panel"], ui["text"], 0.06),
        "pressed": mix(ui["panel"], ui["text"], 0.12),
        "button": mix(ui["panel"], ui["field"], 0.6)
        if theme.name == "light"
        else mix(ui["panel"], ui["text"], 0.05),
        "control": mix(ui["line"], ui["text"], 0.18),
        "soft": mix(ui["panel"], ui["line"], 0.55),
        "wash": mix(ui["panel"], ui["accent"], 0.16),
        "faint": mix(ui["muted"], ui["panel"], 0.45),
        "on_accent": ink,
        "accent_hover": mix(ui["accent"], ui["text"], 0.14),
        "critical": theme.priority["critical"],
        "error": mix(theme.priority["critical"], ui["text"], 0.08),
        "on_critical": on_colour(theme.priority["critical"]),
        "tick": icon_path("glyph-tick-light" if ink == "#FFFFFF" else "glyph-tick-dark"),
        "down": icon_path("glyph-down"),
        "up": icon_path("glyph-up"),
        "right": icon_path("glyph-right"),
    }


def style_sheet(theme: Theme) -> str:
    """The whole style sheet of one theme."""
    text = SHEET
    for name, value in sorted(tokens(theme).items(), key=lambda item: -len(item[0])):
        text = text.replace(f"@{name}@", value)
    return text


def body_font() -> QFont:
    """The console's font: Inter or Noto Sans where present, 13 px, tabular digits."""
    present = set(QFontDatabase.families())
    font = QFont(QApplication.font())
    for family in _FAMILIES:
        if family in present:
            font.setFamily(family)
            break
    font.setPixelSize(BODY_PX)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def palette(theme: Theme) -> QPalette:
    """Qt's palette, for what the style sheet leaves to Qt (text selection, links, tool tips)."""
    ui = theme.ui
    roles = {
        QPalette.ColorRole.Window: ui["background"],
        QPalette.ColorRole.WindowText: ui["text"],
        QPalette.ColorRole.Base: ui["field"],
        QPalette.ColorRole.AlternateBase: ui["panel"],
        QPalette.ColorRole.Text: ui["text"],
        QPalette.ColorRole.Button: ui["panel"],
        QPalette.ColorRole.ButtonText: ui["text"],
        QPalette.ColorRole.ToolTipBase: ui["panel"],
        QPalette.ColorRole.ToolTipText: ui["text"],
        QPalette.ColorRole.PlaceholderText: ui["muted"],
        QPalette.ColorRole.Highlight: ui["accent"],
        QPalette.ColorRole.HighlightedText: on_colour(ui["accent"]),
        QPalette.ColorRole.Link: ui["accent"],
        QPalette.ColorRole.Accent: ui["accent"],
        QPalette.ColorRole.Mid: ui["line"],
    }
    made = QPalette()
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    faint = QColor(tokens(theme)["faint"])
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text):
        made.setColor(QPalette.ColorGroup.Disabled, role, faint)
    made.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText, faint)
    return made


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Dress the whole application; plots colour themselves. GUI thread."""
    app.setStyle("Fusion")
    app.setPalette(palette(theme))
    app.setFont(body_font())
    app.setStyleSheet(style_sheet(theme))


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget its role and let the style sheet see it, also after it was shown."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        style = widget.style()
        style.unpolish(widget)
        style.polish(widget)
