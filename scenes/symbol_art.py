"""Shapes of the symbols, in three parts that are drawn over each other.

A plate (one outline a family of things), a glyph on it, and small marks beside it.
"""

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
_BEAK: Points = ((0, -1), (0.44, -0.42), (-0.44, -0.42))
#: A hand that points: its tip is the middle of the sprite.
_POINTER: Points = (
    (0, 0), (0, 0.84), (0.19, 0.65), (0.33, 0.96), (0.47, 0.9), (0.34, 0.6), (0.6, 0.6),
)  # fmt: skip
_HOUSE: Points = (
    (0, -0.6),
    (0.58, -0.02),
    (0.38, -0.02),
    (0.38, 0.5),
    (-0.38, 0.5),
    (-0.38, -0.02),
    (-0.58, -0.02),
)
_BARS: Points = ((-0.42, -0.5), (-0.12, -0.5), (-0.12, 0.5), (-0.42, 0.5))


def _mirrored(half: Points) -> Points:
    return (*half, *[(-x, y) for x, y in reversed(half)])


def _ngon(n: int, turn: float = 0.0) -> Points:
    angles = np.arange(n) * 2 * np.pi / n + turn
    return tuple((float(np.sin(a)), -float(np.cos(a))) for a in angles)


@dataclass(frozen=True, slots=True)
class Art:
    """Outline of a plate (None = circle) and polygons of the glyph on it, in -1..1, y down."""

    outline: Points | None
    glyph: tuple[Points, ...] = ()


FAMILIES: dict[str, Art] = {
    "dot": Art(None, (_ngon(12),)),
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
    "building": Art(None, (_HOUSE,)),
    "incident": Art(_TRIANGLE, (((-0.13, -0.42), (0.13, -0.42), (0.09, 0.34), (-0.09, 0.34)),
                                ((-0.12, 0.5), (0.12, 0.5), (0.12, 0.74), (-0.12, 0.74)))),
    "note": Art(_SQUARE, (((-0.48, -0.42), (0.48, -0.42), (0.48, -0.24), (-0.48, -0.24)),
                          ((-0.48, -0.08), (0.48, -0.08), (0.48, 0.1), (-0.48, 0.1)),
                          ((-0.48, 0.26), (0.1, 0.26), (0.1, 0.44), (-0.48, 0.44)))),
}  # fmt: skip

#: Which family a kind of thing belongs to; others are a "dot".
FAMILY_OF_KIND: dict[str, str] = {
    "air_station": "air",
    "noise_meter": "noise",
    "weather_station": "weather",
    "river_gauge": "water",
    "sewer_gauge": "water",
    "underpass": "water",
    "pump_station": "water",
    "gate": "water",
    "substation": "power",
    "street_light": "power",
    "street_light_group": "power",
    "feeder": "power",
    "loop": "traffic",
    "road_segment": "traffic",
    "bridge": "traffic",
    "signal": "signal",
    "message_sign": "signal",
    "parking": "parking",
    "hospital": "service",
    "fire_station": "service",
    "police_station": "service",
    "depot": "service",
    "building": "building",
    "evacuation_speakers": "building",
    "siren": "noise",
    "camera": "dot",
    "alert_gateway": "service",
}

#: Kinds worth a symbol from further away than the many others.
KEY_KINDS = frozenset(
    {
        "pump_station",
        "gate",
        "substation",
        "hospital",
        "fire_station",
        "police_station",
        "depot",
        "siren",
        "alert_gateway",
        "underpass",
    }
)

_PLATE, _EDGE = 0.69, 0.78
_BADGE_AT, _BADGE = (0.58, -0.58), 0.32
_LOCK_AT = (-0.55, 0.48)
_GAPS: tuple[Points, ...] = (
    ((-0.2, -1.0), (0.2, -1.0), (0.2, 1.0), (-0.2, 1.0)),
    ((-1.0, -0.2), (1.0, -0.2), (1.0, 0.2), (-1.0, 0.2)),
)
#: Slanting bands, for plates of what must not be trusted.
_STRIPES: tuple[Points, ...] = tuple(
    ((at - 1.0, -1.0), (at - 0.82, -1.0), (at + 1.18, 1.0), (at + 1.0, 1.0))
    for at in (-1.2, -0.8, -0.4, 0.0, 0.4, 0.8, 1.2)
)
_BADGES: dict[str, Points | None] = {
    "diamond": tuple((1.15 * x, 1.15 * y) for x, y in _DIAMOND),
    "triangle": _TRIANGLE,
    "square": _SQUARE,
    "disc": None,
}


def masks_of(name: str, size_px: int) -> tuple[Image.Image, Image.Image | None]:
    """Body of a symbol and, for those that have a rim of their own, body and rim together.

    Names: "plate:FAMILY", "hollow:FAMILY" (an empty frame), "hatched:FAMILY" (with slanting bands),
    "glyph:FAMILY", "badge:SHAPE" (a mark right above), "half" (the mark of a running command),
    "ring", "dot", "nose" and "small nose" (arrows), "disc", "beak" (a disc that points), "pointer"
    (its tip in the middle), "closed" (a no-entry sign), "aim" (a ring of four pieces), "lock" and
    "hollow lock" (small, below on the left).
    """
    kind, _, what = name.partition(":")
    if kind == "plate":
        outline = FAMILIES[what].outline
        return _shape(outline, size_px, _PLATE), _shape(outline, size_px, _EDGE)
    if kind == "hollow":
        outline = FAMILIES[what].outline
        return _without(_shape(outline, size_px, _EDGE), _shape(outline, size_px, 0.58)), None
    if kind == "hatched":
        outline = FAMILIES[what].outline
        whole, inner = _shape(outline, size_px, _PLATE), _shape(outline, size_px, 0.58)
        stripes = _all_of([_shape(stripe, size_px, 1.0) for stripe in _STRIPES])
        hatched = ImageChops.darker(inner, stripes)
        return _all_of([_without(whole, inner), hatched]), _shape(outline, size_px, _EDGE)
    if kind == "glyph":
        return _all_of([_shape(p, size_px, 0.64) for p in FAMILIES[what].glyph]), None
    if kind == "badge":
        return _shape(_BADGES[what], size_px, _BADGE, _BADGE_AT), None
    return _mark_of(name, size_px)


def _mark_of(name: str, size_px: int) -> tuple[Image.Image, Image.Image | None]:
    """The marks that belong to no family."""
    if name == "half":
        disc = _shape(None, size_px, _BADGE, _BADGE_AT)
        left = (-1.0, -1.0), (_BADGE_AT[0], -1.0), (_BADGE_AT[0], 1.0), (-1.0, 1.0)
        inner = _without(_shape(None, size_px, 0.20, _BADGE_AT), _shape(left, size_px, 1.0))
        return _without(disc, inner), disc
    if name == "ring":
        return _without(_shape(None, size_px, 1.0), _shape(None, size_px, 0.84)), None
    if name == "aim":
        ring = _without(_shape(None, size_px, 1.0), _shape(None, size_px, 0.80))
        return _without(ring, _all_of([_shape(p, size_px, 1.0) for p in _GAPS])), None
    if name in ("lock", "hollow lock"):
        return _lock(size_px, is_hollow=name != "lock")
    if name == "closed":
        bar = ((-0.62, -0.16), (0.62, -0.16), (0.62, 0.16), (-0.62, 0.16))
        sign = _without(_shape(None, size_px, 0.70), _shape(bar, size_px, 0.62))
        return sign, _shape(None, size_px, 0.80)
    if name == "beak":
        return _all_of([_shape(None, size_px, 0.58), _shape(_BEAK, size_px, 0.96)]), None
    if name == "pointer":
        return _shape(_POINTER, size_px, 1.0), None
    if name == "disc":
        return _shape(None, size_px, 0.58), None
    if name in _ARROW_SCALES:
        return _shape(_ARROW, size_px, _ARROW_SCALES[name]), None
    return _shape(None, size_px, 0.16), None


def _lock(size_px: int, *, is_hollow: bool) -> tuple[Image.Image, Image.Image]:
    x, y = _LOCK_AT

    def box(left: float, top: float, right: float, bottom: float) -> Points:
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        return tuple((x + dx, y + dy) for dx, dy in corners)

    shackle = _without(
        _shape(None, size_px, 0.24, (x, y - 0.06)), _shape(None, size_px, 0.13, (x, y - 0.06))
    )
    body = _shape(box(-0.32, 0.0, 0.32, 0.36), size_px, 1.0)
    if is_hollow:
        body = _without(body, _shape(box(-0.21, 0.11, 0.21, 0.25), size_px, 1.0))
    whole = _all_of(
        [
            _shape(box(-0.42, -0.1, 0.42, 0.46), size_px, 1.0),
            _shape(None, size_px, 0.34, (x, y - 0.06)),
        ]
    )
    return _all_of([shackle, body]), whole


_ARROW_SCALES = {"nose": 0.66, "small nose": 0.42}


def _without(image: Image.Image, hole: Image.Image) -> Image.Image:
    return ImageChops.subtract(image, hole)


def _all_of(images: Sequence[Image.Image]) -> Image.Image:
    whole = images[0]
    for image in images[1:]:
        whole = ImageChops.lighter(whole, image)
    return whole


def _shape(
    outline: Points | None, size_px: int, scale: float, at: tuple[float, float] = (0.0, 0.0)
) -> Image.Image:
    image = Image.new("L", (size_px, size_px))
    draw = ImageDraw.Draw(image)
    half = size_px / 2
    x0, y0, reach = half * (1 + at[0]), half * (1 + at[1]), half * scale
    if outline is None:
        draw.ellipse((x0 - reach, y0 - reach, x0 + reach, y0 + reach), fill=255)
    else:
        draw.polygon([(x0 + x * reach, y0 + y * reach) for x, y in outline], fill=255)
    return image
