"""The look: every token is filled in, contrasts hold, icons are there and take their colour."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from twin.theme import load_theme
from widgets.icons import icon_names, pixmap
from widgets.shape_mark import Level, level_colour, level_icon
from widgets.style import apply_theme, contrast, mix, on_colour, set_role, style_sheet, tokens

THEMES = ("light", "dark")


def test_mix_and_contrast() -> None:
    assert mix("#000000", "#FFFFFF", 0.5) == "#808080"
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)
    assert on_colour("#FFFFFF") == "#14171B"


@pytest.mark.parametrize("name", THEMES)
def test_no_token_is_left_open(name: str) -> None:
    sheet = style_sheet(load_theme(name))
    assert not re.search(r"@\w+@", sheet)
    for path in re.findall(r"url\(([^)]+)\)", sheet):
        assert path.endswith(".svg")
        with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - the sheet's own path
            assert "<svg" in stream.read()


@pytest.mark.parametrize("name", THEMES)
def test_text_contrast(name: str) -> None:
    used = tokens(load_theme(name))
    pairs = [
        ("text", "panel"),
        ("text", "background"),
        ("text", "field"),
        ("text", "hover"),
        ("text", "wash"),
        ("muted", "panel"),
        ("muted", "background"),
        ("muted", "field"),
        ("error", "panel"),
        ("on_accent", "accent"),
        ("on_critical", "critical"),
    ]
    weak = {pair: contrast(used[pair[0]], used[pair[1]]) for pair in pairs}
    assert {pair: c for pair, c in weak.items() if c < 4.5} == {}


@pytest.mark.parametrize("name", THEMES)
def test_focus_and_shapes_stand_out(name: str) -> None:
    theme = load_theme(name)
    assert contrast(theme.ui["accent"], theme.ui["panel"]) >= 3
    levels: tuple[Level, ...] = ("calm", "live", "pending", "warning", "alarm")
    for level in levels:
        assert contrast(level_colour(level, theme), theme.ui["panel"]) >= 3, level


def test_icons_are_drawn_in_the_colour_asked_for(qtbot: QtBot) -> None:
    assert len(icon_names()) > 40
    for name in icon_names():
        picture = pixmap(name, "#C4162A", 24).toImage()
        inked = [
            picture.pixelColor(x, y)
            for x in range(24)
            for y in range(24)
            if picture.pixelColor(x, y).alpha() > 200
        ]
        assert inked, f"{name} draws nothing"
        assert all(abs(c.red() - 0xC4) < 12 and c.green() < 0x30 for c in inked), name


def test_an_unknown_icon_is_empty_not_an_error(qtbot: QtBot) -> None:
    picture = pixmap("no-such-icon", "#000000", 16, 2.0).toImage()
    assert picture.width() == 32
    assert picture.pixelColor(16, 16).alpha() == 0


def test_levels_differ_in_shape_not_only_colour(qtbot: QtBot) -> None:
    theme = load_theme("light")
    outlines = set()
    levels: tuple[Level, ...] = ("calm", "live", "notice", "warning", "alarm")
    for level in levels:
        picture = level_icon(level, theme, 12).pixmap(12, 12).toImage()
        outlines.add(
            tuple(picture.pixelColor(x, y).alpha() > 127 for x in range(12) for y in range(12))
        )
    assert len(outlines) == len(levels)


def test_the_theme_reaches_widgets_and_changes_while_shown(qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    button = QPushButton("Close Harbour Street")
    button.resize(200, 30)
    qtbot.addWidget(button)
    colours = {}
    try:
        for name in THEMES:
            theme = load_theme(name)
            apply_theme(app, theme)
            set_role(button, "primary")
            seen = button.grab().toImage().pixelColor(8, 15)
            colours[name] = seen
            accent = QColor(theme.ui["accent"])
            assert abs(seen.red() - accent.red()) < 4
            assert abs(seen.blue() - accent.blue()) < 4
        label = QLabel("Old")
        qtbot.addWidget(label)
        set_role(label, "figure")
        assert label.fontMetrics().height() > button.fontMetrics().height()
    finally:
        app.setStyleSheet("")
    assert colours["light"] != colours["dark"]
