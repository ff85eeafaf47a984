"""What a tool found out: rows to read and copy, shapes to export, a curve to plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from twin.arrays import Float32Array, Float64Array

ShapeKind = Literal["point", "line", "polygon"]


@dataclass(frozen=True, slots=True)
class Row:
    """One result: "Length", "12.40", "m". Without a unit it is words or a count."""

    name: str
    value: str
    unit: str = ""

    @property
    def text(self) -> str:
        """The row as one line, parts separated by tabs, as it is copied."""
        return "\t".join(part for part in (self.name, self.value, self.unit) if part)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Geometry of a result, local metres: (N, 3) float64; polygons are not closed."""

    kind: ShapeKind
    xyz_local_m: Float64Array
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Heights along a line.

    Attributes
    ----------
    distance_m : (N,) along the line
    heights_m : title -> (N,) heights above the scene's datum, NaN = none
    xyz_local_m : (N, 3) float32, the points the marker runs along
    """

    distance_m: Float64Array
    heights_m: dict[str, Float64Array]
    xyz_local_m: Float32Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A mark that was drawn and is ready to be shared; each drawing is another object.

    Attributes
    ----------
    kind : "note", "arrow", "sketch", "area" or "circle"
    points_m : local metres
    purpose : what an area is for, "" = not told
    """

    kind: Literal["note", "arrow", "sketch", "area", "circle"]
    points_m: tuple[tuple[float, float, float], ...]
    radius_m: float = 0.0
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """All a tool has to tell now.

    Attributes
    ----------
    hint : what to do next, "" = nothing
    features : rows of the feature table that were found (lasso), None = the tool finds none
    things : ids of the things that were found along with them
    legend : (words, "#RRGGBB") of what the tool paints
    drawn : what was drawn last, to be shared
    """

    hint: str = ""
    rows: tuple[Row, ...] = ()
    shapes: tuple[Shape, ...] = ()
    curve: Curve | None = None
    features: tuple[int, ...] | None = None
    things: tuple[str, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    drawn: Drawn | None = None

    @property
    def text(self) -> str:
        """All rows, one a line."""
        return "\n".join(row.text for row in self.rows)


NOTHING_FOUND = Finding()


def metres(value: float) -> str:
    """A length with as many decimals as it deserves: centimetres up to 1 km."""
    return f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.1f}"


def square_metres(value: float) -> str:
    """An area with as many decimals as it deserves."""
    return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def closed(points: Float64Array) -> Float64Array:
    """A ring with its first point again at the end."""
    return np.concatenate([points, points[:1]])
