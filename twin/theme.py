"""Design tokens from ``resources/themes``: the one place where widgets and scenes get colours."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import msgspec


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one theme; every colour is "#RRGGBB"."""

    name: str
    ui: dict[str, str]
    priority: dict[str, str]
    frame: dict[str, str]
    department: dict[str, str]
    scene: dict[str, str]
    surface: dict[str, str]


def load_theme(name: str) -> Theme:
    """Read "light" or "dark".

    Raises
    ------
    FileNotFoundError
        There is no such theme.
    """
    text = files("resources").joinpath("themes", f"{name}.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Theme)


def department_colour(theme: Theme, department: str) -> str:
    """Colour of a department's people and marks; never alone, its name stands beside it."""
    return theme.department.get(department, theme.department["other"])


def rgb_from_hex(colour: str) -> tuple[float, float, float]:
    """Red, green, blue in 0..1 of "#RRGGBB"."""
    return (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)
