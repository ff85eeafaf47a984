"""Checks the tables of a scene file, so that a wrong key is named with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.errors import TwinError


class SceneFileError(TwinError):
    """A scene file cannot be read or written; says where and what to change."""


def as_text(value: Any) -> str:
    """Text. Raises TypeError with what it must be."""
    if not isinstance(value, str):
        raise TypeError("text in quotes")
    return value


def as_flag(value: Any) -> bool:
    """True or false. Raises TypeError with what it must be."""
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def as_number(value: Any) -> float:
    """A finite number. Raises TypeError with what it must be."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not abs(value) < 1e12:  # so that NaN is refused too
        raise TypeError("a number")
    return float(value)


def as_three(value: Any) -> tuple[float, float, float]:
    """Three numbers. Raises TypeError with what it must be."""
    if not isinstance(value, list) or len(value) != 3:
        raise TypeError("three numbers: east, north, height")
    try:
        east, north, height = (as_number(one) for one in value)
    except TypeError:
        raise TypeError("three numbers: east, north, height") from None
    return east, north, height


def as_table(value: Any) -> dict[str, Any]:
    """A table. Raises TypeError with what it must be."""
    if not isinstance(value, dict):
        raise TypeError("a table")
    return value


def taken(table: Any, known: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The values of a table, each checked by its key."""
    if not isinstance(table, dict):
        raise SceneFileError(f"The scene's {where} must be a table")
    found = {}
    for key, value in table.items():
        if key not in known:
            there = ", ".join(known)
            raise SceneFileError(f"The scene's {where} has an unknown key {key!r} (known: {there})")
        try:
            found[key] = known[key](value)
        except TypeError as error:
            raise SceneFileError(f"In the scene's {where}, {key} must be {error}") from None
    return found
