"""How a person wants the city drawn: colour, visibility and height by attribute or live value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec

from twin.errors import TwinError
from twin.ramps import Ramp

Breaks: TypeAlias = Literal["quantile", "equal", "natural"]
How: TypeAlias = Literal["ramp", "classes", "categories", "conditions"]


class StyleError(TwinError):
    """A style or one of its expressions cannot be used; the text is for the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Features that meet a CQL2 expression get a colour ("#RRGGBB"); the first that fits wins."""

    expression: str
    colour: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourRule:
    """From a column to colours.

    Attributes
    ----------
    how : ``ramp`` (numbers along a ramp), ``classes`` (numbers in steps), ``categories`` (one
        colour a text), ``conditions`` (one colour a CQL2 expression)
    column : attribute or observed property; unused by conditions
    vmin, vmax : ends of the ramp; None = as the data are
    breaks, n_classes : how numbers are cut into classes
    categories : text -> "#RRGGBB"; empty = the most frequent texts along the ramp
    """

    how: How = "ramp"
    column: str = ""
    ramp: Ramp = "cividis"
    vmin: float | None = None
    vmax: float | None = None
    breaks: Breaks = "quantile"
    n_classes: int = 5
    categories: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeightRule:
    """Features grow to ``column`` x ``factor`` metres above their foot."""

    column: str
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CityStyle:
    """One named style; everything left out stays as the model is.

    Attributes
    ----------
    filter : CQL2 text; features that do not meet it are hidden, "" = all are shown
    """

    name: str = ""
    colour: ColourRule | None = None
    filter: str = ""
    height: HeightRule | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it changes nothing."""
        return self.colour is None and not self.filter and self.height is None


PLAIN = CityStyle()


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleOutcome:
    """What a style did to the city: ``n_shown`` of ``n_total`` features, or why it could not."""

    n_shown: int = 0
    n_total: int = 0
    error: str = ""


def style_from_table(table: Mapping[str, Any]) -> CityStyle:
    """A style from one ``[[style]]`` table of a scene file.

    Raises
    ------
    StyleError
        A field has a wrong type or value.
    """
    try:
        return msgspec.convert(dict(table), CityStyle)
    except msgspec.ValidationError as error:
        name = table.get("name", "")
        raise StyleError(f"The style “{name}” cannot be read: {error}") from error


def table_from_style(style: CityStyle) -> dict[str, Any]:
    """A style as a table for a scene file; what is left out is not written."""
    table = _without_none(msgspec.to_builtins(style))
    return {key: value for key, value in table.items() if value not in ("", {}, [])}


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_none(part) for part in value]
    return value
