"""Roads, tracks and streams of OpenStreetMap as flat ribbons with markings and bridge decks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array
from twin.city.asset import Surface, TriangleSoup
from twin.city.flat_map import MARKING_M, PATH_M, RAIL_M, ROAD_M, joined
from twin.city.osm_tags import (
    PATH,
    RAILWAY,
    ROAD,
    WATER,
    Tags,
    is_below_ground,
    rail_width_m,
    road_class,
    road_width_m,
    waterway_width_m,
)
from twin.city.ribbons import Lines, lines_of, ribbons

#: Decks of bridges lie so much above other lines, and their edges stick out so far.
_DECK_M, _PARAPET_M = 0.14, 0.9
_DASH_M, _DASH_STEP_M, _JUNCTION_M, _DASH_WIDTH_M = 3.0, 9.0, 9.0, 0.3
MOST_DASHES = 60_000


@dataclass(frozen=True, slots=True)
class LineLook:
    """How a way is drawn: kind of feature, shade, width, height above the highest area."""

    kind: str
    surface: Surface
    width_m: float
    rise_m: float


def line_look(tags: Tags) -> LineLook | None:
    """The look of a way that is drawn as a line; None for others."""
    road = road_class(tags)
    if road is not None:
        wide = road.drivable or tags.get("highway") == "pedestrian"
        return LineLook(
            ROAD if wide else PATH,
            Surface.ROAD if wide else Surface.PAVED,
            road_width_m(tags, road),
            ROAD_M if wide else PATH_M,
        )
    rail = rail_width_m(tags)
    if rail is not None:
        return LineLook(RAILWAY, Surface.RAIL, rail, RAIL_M)
    water = waterway_width_m(tags)
    return LineLook(WATER, Surface.WATER, water, 0.01) if water is not None else None


def is_hidden(tags: Tags) -> bool:
    """Whether a line is under the ground."""
    return is_below_ground(tags) or (tags.get("railway") == "subway" and "bridge" not in tags)


def lines_soup(
    lines: list[Float64Array], looks: Sequence[LineLook], tags: Sequence[Tags],
    rows: list[int], top_m: float,
) -> TriangleSoup:  # fmt: skip
    """Ribbons of ways.

    Parameters
    ----------
    lines : (k, 2) local metres of each way
    rows : feature of each
    top_m : z of the highest area
    """
    together = lines_of(lines)
    features = np.array(rows, dtype=np.int32)
    deck = np.array([one.get("bridge", "no") != "no" for one in tags], dtype=bool)
    width = np.array([look.width_m for look in looks])
    z = top_m + np.array([look.rise_m for look in looks]) + _DECK_M * deck
    surfaces = np.array([look.surface for look in looks], dtype=np.uint8)
    under = np.array([look.surface != Surface.WATER for look in looks], dtype=bool) & deck
    decks = lines_of([line for line, wanted in zip(lines, under, strict=True) if wanted])
    return joined(
        [
            ribbons(together, width, z, features, surfaces),
            ribbons(
                decks,
                width[under] + 2 * _PARAPET_M,
                np.full(int(under.sum()), top_m + 0.01 + _DECK_M),
                features[under],
                np.full(int(under.sum()), Surface.BRIDGE, dtype=np.uint8),
            ),
        ]
    )


def dashes(
    lines: list[Float64Array], rows: list[int], decks: list[bool], top_m: float
) -> TriangleSoup:
    """Dashes along lines (k, 2), none near their ends; every other one where they are too many."""
    together = lines_of(lines)
    length = together.lengths_m()
    room = length - 2 * _JUNCTION_M
    counts = np.maximum(np.floor((room + _DASH_STEP_M - _DASH_M) / _DASH_STEP_M), 0).astype(int)
    if not 0 < counts.sum() <= MOST_DASHES:
        return joined([])
    line = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = _JUNCTION_M + number * _DASH_STEP_M
    ends = np.stack(
        [_points_at(together, line, first), _points_at(together, line, first + _DASH_M)]
    )
    dash = Lines(xy=ends.transpose(1, 0, 2).reshape(-1, 2), starts=np.arange(len(line) + 1) * 2)
    features = np.array(rows, dtype=np.int32)[line]
    z = top_m + MARKING_M + _DECK_M * np.array(decks, dtype=np.float64)
    return ribbons(
        dash,
        np.full(len(line), _DASH_WIDTH_M),
        z[line],
        features,
        np.full(len(line), Surface.MARKING, dtype=np.uint8),
        round_ends=False,
    )


def _points_at(lines: Lines, line: np.ndarray, along_m: Float64Array) -> Float64Array:
    """(D, 2) points so many metres along the lines numbered `line` (D,)."""
    owner = lines.line_of_point()
    step = np.zeros(len(lines.xy))
    step[1:] = np.hypot(*np.diff(lines.xy, axis=0).T)
    step[lines.starts[:-1][np.diff(lines.starts) > 0]] = 0.0
    # One rising number for all lines: the line's own metres above a start far from the others.
    run = np.cumsum(step)
    begin = run[lines.starts[:-1]]
    apart = float(run[-1]) + 10.0 if len(run) else 1.0
    rising = run - begin[owner] + owner * apart
    wanted = along_m + line * apart
    return np.stack([np.interp(wanted, rising, lines.xy[:, axis]) for axis in (0, 1)], axis=1)
