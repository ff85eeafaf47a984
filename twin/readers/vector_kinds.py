"""What layers and attributes of vector files mean: houses, roads, water, green, points."""

from __future__ import annotations

import re
from collections.abc import Mapping

from twin.city.asset import Surface
from twin.city.osm_lines import line_look
from twin.city.osm_tags import (
    BRIDGE,
    BUILDING,
    LAND,
    PATH,
    PLANTS,
    RAILWAY,
    ROAD,
    SQUARE,
    WATER,
    area_look,
    is_building,
    is_part,
)

#: Kinds that attributes in the words of OpenStreetMap can give.
KIND_NAMES = (ROAD, PATH, RAILWAY, WATER, PLANTS, SQUARE, LAND, BRIDGE)

_LINE_WIDTH_M = 1.5
#: Words in a layer's name, in some languages; the first that fits counts.
_LAYER_WORDS: tuple[tuple[str, str], ...] = (
    (BUILDING, r"build|bldg|bati|geb(ae|ä)ude|haus|hous|pand|edific|footprint|rakennus|byg"),
    (RAILWAY, r"rail|schiene|tram|bahn|spoor|metro"),
    (ROAD, r"road|street|strass|straß|highway|verkehr|transport|wegvak|weg(en)?$|rue|route|calle"
           r"|via(l|rio)?s?$"),
    (WATER, r"water|river|lake|gew(ae|ä)sser|fluss|seen?$|canal|hydro|ocean|sea$"),
    (PLANTS, r"park|green|gr(ue|ü)n|forest|wood|wald|veget|plant|garden|grass|trees?$"),
    (SQUARE, r"square|plaza|platz|parking|paved|pavement|sidewalk"),
    (LAND, r"land.?use|parcel|parzell|district|boundar|zone|zoning|ward|admin|quart|kadaster"),
)  # fmt: skip
_AREA_SURFACES = {
    WATER: Surface.WATER, PLANTS: Surface.GREEN, SQUARE: Surface.PAVED, LAND: Surface.TERRAIN,
    ROAD: Surface.ROAD, RAILWAY: Surface.RAIL,
}  # fmt: skip
_LINES = {
    ROAD: (Surface.ROAD, 6.5), RAILWAY: (Surface.RAIL, 2.4), WATER: (Surface.WATER, 4.0),
    PLANTS: (Surface.GREEN, 2.0),
}  # fmt: skip


def flat_look(tags: Mapping[str, str]) -> tuple[str, Surface] | None:
    """Kind and shade of an area by its tags; None where they say nothing of the kind."""
    if is_building(tags) or is_part(tags):
        return None
    return area_look({**tags, "type": "multipolygon"})


def line_kind(tags: Mapping[str, str], layer_kind: str = "") -> tuple[str, Surface, float]:
    """Kind ("" unknown), shade and width of a line by its tags, else by its layer."""
    look = line_look(tags)
    if look is not None:
        return look.kind, look.surface, look.width_m
    surface, width = _LINES.get(layer_kind, (Surface.OTHER, _LINE_WIDTH_M))
    return layer_kind if layer_kind in _LINES else "", surface, width


def kind_of_layer(name: str) -> str:
    """Kind of a layer's features by its name, "" where it tells none."""
    lower = name.lower().replace("_", " ")
    for kind, words in _LAYER_WORDS:
        if any(re.search(words, piece) for piece in (lower, *lower.split())):
            return kind
    return ""


def surface_of_layer(kind: str) -> Surface | None:
    """Shade of flat areas of a layer of some kind; None = they are bodies."""
    return _AREA_SURFACES.get(kind)
