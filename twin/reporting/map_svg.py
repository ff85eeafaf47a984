"""A plan from positions alone: where things stand, the numbered places of a report, a scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import log10

import numpy as np

from twin.reporting.document import Picture
from twin.reporting.places import Place
from twin.reporting.svg import (
    ACCENT,
    INK,
    LINE,
    MUTED,
    circle,
    drawing,
    line,
    polygon,
    polyline,
    priority_colour,
    text,
)
from twin.room.parts.incidents import Incident

At = Callable[[float, float], tuple[float, float]]
WIDTH, HEIGHT = 720.0, 380.0
_MARGIN = 34.0
_LEAST_M = 200.0
_MOST_DOTS = 3_000
_SIGN_R = 8.5


def plan(
    places: Sequence[Place],
    incidents: Iterable[Incident],
    dots: np.ndarray,
    paths: Iterable[np.ndarray],
    caption: str,
) -> Picture | None:
    """A plan, north up; None where no place is known.

    Parameters
    ----------
    dots : (n, 3) local metres, all things, for orientation
    paths : (k, 3) each, things that are lines
    """
    known = [(one, one.xyz) for one in places if one.xyz is not None]
    if not known:
        return None
    xy = np.array([[xyz[0], xyz[1]] for _, xyz in known])
    low, high = xy.min(axis=0), xy.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2 * 1.25, _LEAST_M / 2)
    scale = min((WIDTH - 2 * _MARGIN) / (2 * half[0]), (HEIGHT - 2 * _MARGIN) / (2 * half[1]))

    def at(x: float, y: float) -> tuple[float, float]:
        return WIDTH / 2 + (x - middle[0]) * scale, HEIGHT / 2 - (y - middle[1]) * scale

    def inside(x: float, y: float) -> bool:
        return 0 <= x <= WIDTH and 0 <= y <= HEIGHT

    pieces = []
    for path in paths:
        points = [at(float(x), float(y)) for x, y, *_ in path]
        runs = [pair for pair in pairwise(points) if _crosses(pair)]
        pieces += [polyline(pair, LINE, 3.0) for pair in runs]
    for x, y in (at(float(one[0]), float(one[1])) for one in dots[:_MOST_DOTS]):
        if inside(x, y):
            pieces.append(circle(x, y, 1.3, "#B9BDC2"))
    for incident in incidents:
        pieces += _area(incident, at, scale)
    pieces += _signs(known, at)
    pieces += _scale_bar(scale)
    pieces += [
        polygon([(WIDTH - 20, 12), (WIDTH - 14, 30), (WIDTH - 20, 26), (WIDTH - 26, 30)], MUTED),
        text(WIDTH - 20, 42, "N", size=10, anchor="middle", colour=MUTED),
    ]
    names = "; ".join(f"{one.number} {one.name}" for one, _ in known)
    alt = f"Plan with {len(known)} numbered places: {names}"
    svg = drawing(WIDTH, HEIGHT, pieces, alt)
    return Picture(caption=caption, alt=alt, size=(round(WIDTH), round(HEIGHT)), svg=svg)


def _crosses(pair: tuple[tuple[float, float], tuple[float, float]]) -> bool:
    """Whether the box around a piece of a line reaches into the drawing, which cuts the rest."""
    (x1, y1), (x2, y2) = pair
    return max(x1, x2) > 0 and min(x1, x2) < WIDTH and max(y1, y2) > 0 and min(y1, y2) < HEIGHT


def _area(incident: Incident, at: At, scale: float) -> list[str]:
    if incident.ring:
        return [polygon([at(x, y) for x, y, _ in incident.ring], ACCENT, ACCENT, 0.12)]
    if incident.xyz is not None and incident.radius_m:
        x, y = at(incident.xyz[0], incident.xyz[1])
        ring = circle(x, y, incident.radius_m * scale, ACCENT, ACCENT, 1.2)
        return [ring.replace("/>", ' fill-opacity="0.10"/>')]
    return []


def _signs(known: Sequence[tuple[Place, tuple[float, float, float]]], at: At) -> list[str]:
    """The numbers; those that would cover others are moved aside, with a line to their place."""
    taken: list[tuple[float, float]] = []
    pieces, signs = [], []
    for place, xyz in known:
        x0, y0 = at(xyz[0], xyz[1])
        x, y = free_spot(x0, y0, taken, 2 * _SIGN_R + 1)
        taken.append((x, y))
        colour = priority_colour(place.priority) if place.priority else INK
        if place.thing_id.startswith("incident:"):
            colour = ACCENT
        if (x, y) != (x0, y0):
            pieces.append(line(x0, y0, x, y, colour, 1.2))
        pieces.append(circle(x0, y0, 2.2, colour))
        signs.append(circle(x, y, _SIGN_R, colour, "#FFFFFF", 1.5))
        signs.append(text(x, y + 3.6, str(place.number), size=10, anchor="middle",
                          colour="#FFFFFF", weight="bold"))  # fmt: skip
    return [*pieces, *signs]


def free_spot(
    x: float, y: float, taken: Sequence[tuple[float, float]], apart: float
) -> tuple[float, float]:
    """The nearest spot to a place that is `apart` from all that are taken."""
    for ring in range(12):
        for turn in range(max(6 * ring, 1)):
            angle = 2 * np.pi * turn / max(6 * ring, 1)
            spot = (x + ring * apart * np.cos(angle), y - ring * apart * np.sin(angle))
            if all((spot[0] - a) ** 2 + (spot[1] - b) ** 2 >= apart**2 for a, b in taken):
                return float(spot[0]), float(spot[1])
    return x, y


def _scale_bar(scale: float) -> list[str]:
    about_m = 120 / scale
    unit = 10 ** int(log10(about_m))
    length_m = max(step * unit for step in (1, 2, 5) if step * unit <= about_m or step == 1)
    width = length_m * scale
    y = HEIGHT - 14
    words = f"{length_m:,.0f} m" if length_m < 1_000 else f"{length_m / 1_000:g} km"
    return [
        line(14, y, 14 + width, y, INK, 1.6),
        line(14, y - 4, 14, y + 4, INK, 1.6),
        line(14 + width, y - 4, 14 + width, y + 4, INK, 1.6),
        text(14 + width + 6, y + 3.5, words, size=10),
    ]
