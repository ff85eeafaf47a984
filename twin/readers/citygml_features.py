"""City objects of CityGML: which there are, and which of their surfaces are drawn."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from twin.city.columns import ColumnsBuilder
from twin.city.kinds import (
    is_semantic,
    surface_of_kind,
    surface_of_land_use,
    surface_of_semantics,
)
from twin.city.names import UniqueNames
from twin.city.tally import Tally
from twin.readers.citygml_attributes import take_data, take_generic, take_simple
from twin.readers.citygml_implicit import ImplicitUses
from twin.readers.citygml_polygons import PolygonStore, Ref, Use, new_use
from twin.readers.citygml_stream import Element, attribute, children
from twin.readers.cityjson_geometry import lod_rank, nearest_lod

_LOD = re.compile(
    r"lod(\d)\w*(?:Solid|Surface|Geometry|FootPrint|RoofEdge|Representation|Curve|Intersection"
    r"|Network|Point|PointCloud)$"
)
_SURFACE_PROPERTIES = frozenset(
    {"boundedBy", "boundary", "opening", "fillingSurface", "filling", "trafficArea",
     "auxiliaryTrafficArea"}
)  # fmt: skip
_OPENINGS = frozenset({"opening", "fillingSurface", "filling"})
#: Geometry without a level in its name (terrain); the level is a property beside it.
_PLAIN_GEOMETRY = frozenset({"tin"})
#: Features that may come without geometry and with nothing to tell them from data.
_FEATURES = frozenset(
    {"BuildingPart", "BuildingInstallation", "BuildingConstructiveElement", "BuildingUnit",
     "BuildingRoom", "Room", "Storey", "BuildingFurniture", "IntBuildingInstallation", "BridgePart",
     "BridgeInstallation", "BridgeConstructionElement", "TunnelPart", "TunnelInstallation",
     "HollowSpace", "TrafficSpace", "AuxiliaryTrafficSpace", "Section", "Intersection",
     "TINRelief", "MassPointRelief", "BreaklineRelief", "RasterRelief"}
)  # fmt: skip


@dataclass(slots=True)
class _Surfaces:
    """A roof, a wall, a window: its polygons by level of detail."""

    name: str
    is_opening: bool
    by_lod: dict[str, list[Ref]] = field(default_factory=dict)


@dataclass(slots=True)
class _Object:
    """What was found in one city object."""

    row: int
    kind: str
    shade: int
    attributes: dict[str, object] = field(default_factory=dict)
    own: dict[str, list[Ref]] = field(default_factory=dict)
    implicit: dict[str, list[Element]] = field(default_factory=dict)
    surfaces: list[_Surfaces] = field(default_factory=list)
    parts: list[tuple[str, Element]] = field(default_factory=list)


class FeatureWalker:
    """Takes city objects one after the other. One thread.

    Attributes
    ----------
    counts : elements by local name: features, their surfaces and openings
    lods : levels of detail found
    use : polygons to draw
    pending : (feature, shade, reference) to surfaces that may come later in the file
    """

    def __init__(self, store: PolygonStore, tally: Tally, *, wanted_lod: str = "") -> None:
        self._store = store
        self._tally = tally
        self._wanted = wanted_lod
        self.names = UniqueNames()
        self.columns = ColumnsBuilder()
        self.kinds: dict[str, int] = {}
        self.kind_codes: list[int] = []
        self.parents: list[int] = []
        self.counts: Counter[str] = Counter()
        self.lods: set[str] = set()
        self.use: Use = new_use()
        self.pending: list[tuple[int, int, Ref]] = []
        self.implicit = ImplicitUses(store, tally)

    def walk(self, kind: str, element: Element, parent: int = -1) -> float:
        """Take a city object with all that belongs to it; gives the rank of its finest level."""
        found = self._begun(kind, element, parent)
        for name, child in children(element):
            self._take_property(name, child, found)
        if "LandUse" in kind:
            found.shade = surface_of_land_use(found.attributes)
        self.columns.add(found.row, found.attributes)
        finest = max((self.walk(*part, found.row) for part in found.parts), default=-2.0)
        return max(self._draw(found, finest), finest)

    def finish(self) -> None:
        """Follow the links that pointed forward."""
        missing = 0
        for row, code, ref in self.pending:
            for number, turned in self._store.resolved([ref]):
                missing += number < 0
                self._add(row, code, number, turned)
        self.pending.clear()
        self._tally.add(
            "missing-link", "Links to surfaces that are not in the file lead nowhere", missing
        )

    # -- finding --------------------------------------------------------------------------------

    def _begun(self, kind: str, element: Element, parent: int) -> _Object:
        row = len(self.names)
        known_as = attribute(element, "id")
        if self.names.take(known_as or f"{kind}-{row + 1}") != known_as and known_as:
            self._tally.add("repeated-id", "Ids that came before got a number at their end")
        if len(self.kinds) >= np.iinfo(np.uint16).max and kind not in self.kinds:
            kind = "Unknown"
        self.kind_codes.append(self.kinds.setdefault(kind, len(self.kinds)))
        self.parents.append(parent)
        self.counts[kind] += 1
        return _Object(row, kind, surface_of_kind(kind))

    def _take_property(self, name: str, element: Element, into: _Object) -> None:
        level = _LOD.match(name)
        if level or name in _PLAIN_GEOMETRY:
            self._take_geometry(level[1] if level else "", element, into)
        elif take_generic(name, element, into.attributes):
            pass
        elif not len(element):
            take_simple(name, element, into.attributes)
        else:
            for kind, inner in children(element):
                self._take_object(name, kind, inner, into)

    def _take_geometry(self, lod: str, element: Element, into: _Object) -> None:
        if not lod:
            lod = str(into.attributes.get("lod", "")).removesuffix(".0")
        implicit = [inner for kind, inner in children(element) if kind == "ImplicitGeometry"]
        if implicit:
            into.implicit.setdefault(lod, []).extend(implicit)
            return
        refs = self._store.refs(element)
        if refs:
            into.own.setdefault(lod, []).extend(refs)
        else:
            self._tally.add("points-lines", "Points and lines are not drawn")

    def _take_object(self, name: str, kind: str, element: Element, into: _Object) -> None:
        if is_semantic(kind) or (name in _SURFACE_PROPERTIES and kind.endswith("Surface")):
            self._take_surfaces(kind, element, name in _OPENINGS, into)
        elif _is_feature(kind, element):
            into.parts.append((kind, element))
        else:
            take_data(kind, element, into.attributes)

    def _take_surfaces(self, kind: str, element: Element, is_opening: bool, into: _Object) -> None:
        self.counts[kind] += 1
        surfaces = _Surfaces(kind, is_opening)
        into.surfaces.append(surfaces)
        for name, child in children(element):
            level = _LOD.match(name)
            if level:
                refs = self._store.refs(child)
                if refs:
                    surfaces.by_lod.setdefault(level[1], []).extend(refs)
            elif name in _SURFACE_PROPERTIES:
                for inner_kind, inner in children(child):
                    if inner_kind != "Envelope":
                        self._take_surfaces(inner_kind, inner, name in _OPENINGS, into)

    # -- choosing -------------------------------------------------------------------------------

    def _draw(self, found: _Object, finest_part: float) -> float:
        """Draw the wanted (or finest) level unless parts are finer; gives its rank."""
        own_lods = [*found.own, *found.implicit]
        surface_lods = [
            lod for one in found.surfaces if not one.is_opening for lod in one.by_lod
        ] or [lod for one in found.surfaces for lod in one.by_lod]
        self.lods.update(lod for lod in (*own_lods, *surface_lods) if lod)
        if not own_lods and not surface_lods:
            return -2.0
        lod = nearest_lod([*own_lods, *surface_lods], self._wanted)
        if not self._wanted and finest_part > lod_rank(lod):
            return lod_rank(lod)
        drawn: set[int] = set()
        if surface_lods and nearest_lod(surface_lods, self._wanted) == lod:
            self._draw_surfaces(found, lod, drawn)
        self._draw_own(found, lod, drawn)
        for implicit in found.implicit.get(lod, ()):
            self.implicit.take(implicit, found.row, found.shade)
        return lod_rank(lod)

    def _draw_surfaces(self, found: _Object, lod: str, drawn: set[int]) -> None:
        for one in found.surfaces:
            if not one.by_lod:
                continue
            nearest = lod if one.is_opening else nearest_lod(list(one.by_lod), lod)
            code = surface_of_semantics(found.shade, one.name)
            for ref in one.by_lod.get(nearest, ()):
                self._draw_ref(found.row, code, ref, drawn)

    def _draw_own(self, found: _Object, lod: str, drawn: set[int]) -> None:
        """The object's own body, without what its surfaces have drawn already."""
        refs = found.own.get(lod, [])
        numbers = {number for number, _ in self._store.resolved(refs)}
        if drawn and numbers and -1 not in numbers and not numbers & drawn:
            self._tally.add(
                "same-lod-twice",
                "Objects that have surfaces and a body apart at one level show the surfaces",
            )
            return
        for ref in refs:
            self._draw_ref(found.row, found.shade, ref, drawn)

    def _draw_ref(self, row: int, code: int, ref: Ref, drawn: set[int]) -> None:
        for number, turned in self._store.resolved([ref]):
            if number < 0:
                self.pending.append((row, code, ref))
            elif number not in drawn:
                drawn.add(number)
                self._add(row, code, number, turned)

    def _add(self, row: int, code: int, number: int, turned: bool) -> None:
        if number >= 0:
            self.use.polygons.append(number)
            self.use.features.append(row)
            self.use.codes.append(code)
            self.use.turned.append(turned)


def _is_feature(kind: str, element: Element) -> bool:
    """Whether an object is a city object of its own, known or of an extension; not mere data."""
    if kind in _FEATURES:
        return True
    return any(
        _LOD.match(name) or name in ("boundedBy", "boundary", *_PLAIN_GEOMETRY)
        for name, _ in children(element)
    )
