"""Shapes of the symbols: one outline a family of things, with a sign cut out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

Points = Sequence[tuple[float, float]]

_SQUARE: Points = ((-0.78, -0.78), (0.78, -0.78), (0.78, 0.78), (-0.78, 0.78))
_DIAMOND: Points = ((0, -1), (1, 0), (0, 1), (-1, 0))
_TRIANGLE: Points = ((0, -0.95), (1, 0.75), (-1, 0.75))
_DROP: Points = ((0, -0.62), (0.34, -0.05), (0.4, 0.2), (0.25, 0.45), (0, 0.55))
_BOLT: Points = (
    (0.12, -0.6),
    (-0.36, 0.1),
    (-0.04, 0.1),
    (-0.14, 0.6),
    (0.36, -0.14),
    (0.04, -0.14),
)
_PLUS: Points = (
    (-0.15, -0.5), (0.15, -0.5), (0.15, -0.15), (0.5, -0.15), (0.5, 0.15), (0.15, 0.15),
    (0.15, 0.5), (-0.15, 0.5), (-0.15, 0.15), (-0.5, 0.15), (-0.5, -0.15), (-0.15, -0.15),
)  # fmt: skip
_ARROW: Points = ((0, -1), (0.72, 0.85), (0, 0.45), (-0.72, 0.85))
_BARS: Points = ((-0.42, -0.5), (-0.12, -0.5), (-0.12, 0.5), (-0.42, 0.5))


def _mirrored(half: Points) -> Points:
    return (*half, *[(-x, y) for x, y in reversed(half)])


def _ngon(n: int, turn: float = 0.0) -> Points:
    angles = np.arange(n) * 2 * np.pi / n + turn
    return tuple((float(np.sin(a)), -float(np.cos(a))) for a in angles)


@dataclass(frozen=True, slots=True)
class Art:
    """An outline (None = circle) and the polygons cut out of it, in -1..1, y down."""

    outline: Points | None
    cut: tuple[Points, ...] = ()


SYMBOLS: dict[str, Art] = {
    "dot": Art(None),
    "air": Art(None, (((-0.5, -0.3), (0.5, -0.3), (0.5, -0.1), (-0.5, -0.1)),
                      ((-0.5, 0.12), (0.25, 0.12), (0.25, 0.32), (-0.5, 0.32)))),
    "noise": Art(None, (((-0.5, -0.2), (-0.15, -0.2), (0.2, -0.5), (0.2, 0.5), (-0.15, 0.2),
                         (-0.5, 0.2)),)),
    "water": Art(_DIAMOND, (_mirrored(_DROP),)),
    "weather": Art(_ngon(5), (_mirrored(_DROP),)),
    "power": Art(_ngon(6), (_BOLT,)),
    "traffic": Art(_SQUARE, (((-0.5, 0.0), (-0.25, -0.4), (0.25, -0.4), (0.5, 0.0), (0.5, 0.35),
                              (-0.5, 0.35)),)),
    "signal": Art(_SQUARE, (_BARS, tuple((-x, y) for x, y in _BARS))),
    "parking": Art(_SQUARE, (((-0.3, -0.55), (0.1, -0.55), (0.4, -0.4), (0.4, 0.0), (0.1, 0.15),
                              (-0.08, 0.15), (-0.08, 0.55), (-0.3, 0.55)),)),
    "service": Art(_ngon(8, np.pi / 8), (_PLUS,)),
    "building": Art(_TRIANGLE),
    "small": Art(None),
    "ring": Art(None),
    "nose": Art(_ARROW),
    "closed": Art(None, (((-0.62, -0.16), (0.62, -0.16), (0.62, 0.16), (-0.62, 0.16)),)),
}  # fmt: skip

#: Which symbol a kind of thing has; others get a dot.
SYMBOL_OF_KIND: dict[str, str] = {
    "air_station": "air",
    "noise_meter": "noise",
    "weather_station": "weather",
    "river_gauge": "water",
    "pump_station": "water",
    "gate": "water",
    "substation": "power",
    "street_light": "power",
    "street_light_group": "power",
    "loop": "traffic",
    "road_segment": "traffic",
    "bridge": "traffic",
    "signal": "signal",
    "parking": "parking",
    "hospital": "service",
    "fire_station": "service",
    "police_station": "service",
    "depot": "service",
    "building": "building",
}


def draw_symbol(name: str, size_px: int, *, filled: bool = False) -> Image.Image:
    """Mask of a symbol; ``filled`` = its outline without the cuts. "hollow:NAME" = a frame."""
    hollow = name.startswith("hollow:")
    art = SYMBOLS[name.removeprefix("hollow:")]
    if name == "ring":
        return ImageChops.subtract(_shape(None, size_px, 0.94), _shape(None, size_px, 0.76))
    mask = _shape(art.outline, size_px, 0.22 if name == "small" else 0.70)
    if filled:
        return mask
    if hollow:
        return ImageChops.subtract(mask, _shape(art.outline, size_px, 0.50))
    for polygon in art.cut:
        mask = ImageChops.subtract(mask, _shape(polygon, size_px, 0.62))
    return mask


def _shape(outline: Points | None, size_px: int, scale: float) -> Image.Image:
    image = Image.new("L", (size_px, size_px))
    draw = ImageDraw.Draw(image)
    middle, reach = size_px / 2, size_px / 2 * scale
    if outline is None:
        draw.ellipse((middle - reach, middle - reach, middle + reach, middle + reach), fill=255)
    else:
        draw.polygon([(middle + x * reach, middle + y * reach) for x, y in outline], fill=255)
    return image
