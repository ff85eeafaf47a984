"""Turns decoded CityJSON, a whole file or line by line, into a `CityAsset`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.arrays import Float64Array
from twin.city.asset import CityAsset, FeatureTable
from twin.city.columns import ColumnsBuilder
from twin.city.family import parent_rows
from twin.city.gathering import Gatherer, points_from_json, with_possible_heights
from twin.city.images import with_images, without_missing
from twin.city.kinds import surface_of_kind, surface_of_land_use
from twin.city.names import UniqueNames
from twin.city.placing import place
from twin.city.soup import feature_bounds, soup_of
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReadOptions
from twin.readers.cityjson_geometry import (
    DEPTHS,
    INSTANCE,
    UNDRAWN,
    codes_of,
    is_solid,
    lod_name,
    lod_rank,
    nearest_lod,
    surfaces_of,
)
from twin.readers.cityjson_header import crs_text_of, transform_of, version_of
from twin.readers.cityjson_looks import CityJsonLooks, UvRings, looks_of
from twin.readers.cityjson_schema import CityObject, Geometry, Model, ObjectId
from twin.readers.cityjson_templates import Templates

#: Name of the format by reader.
_FORMATS = {"cityjson": "CityJSON", "cityjsonseq": "CityJSONSeq", "flatcitybuf": "FlatCityBuf"}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Surfaces of some objects with their rows and shade codes."""

    surfaces: list[Any] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    materials: list[int] = field(default_factory=list)
    uv_rings: list[UvRings | None] = field(default_factory=list)


class CityJsonBuilder:
    """Gathers objects batch by batch; `asset` finishes. One thread.

    Parameters
    ----------
    header : the file (or first line) with version, metadata, transform and templates
    """

    def __init__(
        self, *, path: Path, reader_id: str, header: Model, options: ReadOptions, tally: Tally
    ) -> None:
        self._path = path
        self._reader_id = reader_id
        self._options = options
        self._tally = tally
        self.version = version_of(header, tally)
        self._crs_text = crs_text_of(header.metadata)
        transform = transform_of(header, self.version, tally)
        if transform is None:
            raise self._error(
                "The file's transform must hold a scale and a translate of three numbers each"
            )
        self._scale, self._translate = transform
        self._looks = CityJsonLooks(path, tally)
        # The header is also the first part that is added: its lists serve both.
        self._lists = self._header_lists = self._looks.lists_of(header.appearance)
        self._templates = Templates(header.templates, tally, self._looks, self._lists)
        self._is_first = True
        self._gatherer = Gatherer(tally)
        self._columns = ColumnsBuilder()
        self._names = UniqueNames()
        self._kind_codes: list[int] = []
        self._kinds: dict[str, int] = {}
        self._parents: dict[int, list[Any]] = {}
        self._children: dict[int, list[Any]] = {}
        self._lods: set[str] = set()
        self._n_vertices = 0

    def add(self, model: Model) -> None:
        """Add the city objects of a file or a line, with its own vertices."""
        objects = model.city_objects
        if not isinstance(objects, dict):
            self._tally.add("no-objects", "A part of the file has no CityObjects")
            return
        vertices = self._positions([] if model.vertices is None else model.vertices)
        self._n_vertices += len(vertices)
        if not self._is_first:
            self._lists = self._looks.lists_of(model.appearance) or self._header_lists
        self._is_first = False
        chosen = {key: self._chosen(one) for key, one in objects.items()}
        batch = _Batch()
        for key, one in objects.items():
            row, shade = self._row(key, one)
            rank, geometries = chosen[key]
            for geometry in () if self._has_finer_parts(one, rank, chosen) else geometries:
                self._gather(geometry, row, shade, batch)
        self._gatherer.add(
            batch.surfaces,
            vertices,
            batch.features,
            batch.codes,
            looks=looks_of(batch.materials, batch.uv_rings) if batch.materials else None,
        )
        self._templates.add_to(self._gatherer, vertices)

    def asset(self, progress: Progress) -> CityAsset:
        """Place, triangulate and finish.

        Raises
        ------
        TwinError
            The wanted level of detail is absent, or the coordinates cannot be placed.
        """
        wanted = self._options.lod
        lods = tuple(sorted(self._lods, key=lod_rank))
        if wanted and wanted not in lods:
            there = ", ".join(lods) or "none"
            raise self._error(f"There is no level of detail {wanted} in the file (it has: {there})")
        gathered = self._gatherer.gathered()
        if self._crs_text:
            gathered = with_possible_heights(gathered, self._tally)
        placed = place(
            gathered.polygons.vertices, self._crs_text, self._tally, chosen_crs=self._options.crs
        )
        progress(0.7)
        soup = soup_of(gathered, placed.xyz_local_m, self._tally)
        progress(0.9)
        n_features = len(self._names)
        features = FeatureTable(
            ids=tuple(self._names.row_of),
            kind_names=tuple(self._kinds),
            kind_codes=np.array(self._kind_codes, dtype=np.uint16),
            parents=parent_rows(
                n_features, self._names.row_of, self._parents, self._children, self._tally
            ),
            bounds_min_max_local_m=feature_bounds(
                soup.corners_local_m.reshape(-1, 3), np.repeat(soup.features, 3), n_features
            ),
            attributes=self._columns.columns(n_features, self._tally),
        )
        if not soup.n_triangles:
            self._tally.add("nothing-to-draw", "The file holds no surface that can be drawn")
        materials = with_images(
            self._looks.materials(), self._looks.images, self._path, self._tally
        )
        soup, materials = without_missing(soup, materials, self._looks.images)
        return CityAsset(
            title=self._path.name.split(".")[0],
            format=_FORMATS[self._reader_id],
            version=self.version,
            origin=placed.origin,
            features=features,
            soup=soup,
            n_surfaces=gathered.polygons.n_surfaces,
            lods=lods,
            lod_drawn=wanted or (lods[-1] if lods else ""),
            warnings=self._tally.warnings(),
            path=self._path,
            source_crs=placed.source_crs,
            source_bounds=placed.source_bounds,
            materials=materials,
            counts=self._counts(features),
        )

    def _counts(self, features: FeatureTable) -> dict[str, int]:
        counts = features.counts_by_kind()
        for name, count in (
            ("vertices", self._n_vertices),
            ("materials", self._looks.n_materials),
            ("textures", self._looks.n_textures),
        ):
            if count:
                counts[name] = count
        return counts

    def _error(self, sentence: str) -> ReadError:
        return ReadError(sentence, path=self._path, reader_id=self._reader_id)

    def _positions(self, vertices: Any) -> Float64Array:
        return points_from_json(vertices, self._tally) * self._scale + self._translate

    def _row(self, key: str, one: CityObject) -> tuple[int, int]:
        """Add a row to the feature table; gives it with the shade of its kind."""
        row = len(self._names)
        if self._names.take(str(key)) != key:
            self._tally.add("repeated-id", "Ids that came before got a number at their end")
        kind = one.type
        if not isinstance(kind, str) or not kind:
            self._tally.add("no-kind", "City objects without a type are shown as Unknown")
            kind = "Unknown"
        if len(self._kinds) >= np.iinfo(np.uint16).max and kind not in self._kinds:
            kind = "Unknown"
        self._kind_codes.append(self._kinds.setdefault(kind, len(self._kinds)))
        self._note_attributes(row, one.attributes)
        old_parent = None if one.parent is None else [one.parent]
        self._note(row, old_parent if one.parents is None else one.parents, self._parents)
        self._note(row, one.children if one.children is not None else one.members, self._children)
        if "LandUse" in kind:
            return row, surface_of_land_use(one.attributes)
        return row, surface_of_kind(kind)

    def _note_attributes(self, row: int, attributes: Any) -> None:
        if isinstance(attributes, dict):
            self._columns.add(row, attributes)
        elif attributes is not None:
            self._tally.add("bad-attributes", "Attributes that are no JSON object were left out")

    def _note(self, row: int, relatives: Any, kept: dict[int, list[Any]]) -> None:
        if isinstance(relatives, list):
            if relatives:
                kept[row] = relatives
        elif relatives is not None:
            self._tally.add("bad-relatives", "Parents or children that are no list were left out")

    def _lod_of(self, geometry: Geometry) -> str:
        if geometry.type == INSTANCE:
            return self._templates.lod(geometry)
        return lod_name(geometry.lod)

    def _chosen(self, one: CityObject) -> tuple[float, list[Geometry]]:
        """Rank of the level of detail to draw for an object, and its geometries."""
        drawable = []
        for geometry in one.geometry or ():
            if not isinstance(geometry.type, str) or (
                geometry.type not in DEPTHS and geometry.type not in (INSTANCE, *UNDRAWN)
            ):
                self._tally.add("bad-geometry", "Geometries of a wrong shape were left out")
            elif geometry.type in UNDRAWN:
                self._tally.add("points-lines", "Points and lines are not drawn")
            else:
                drawable.append((self._lod_of(geometry), geometry))
        if not drawable:
            return -2.0, []
        names = [name for name, _ in drawable]
        self._lods.update(name for name in names if name)
        lod = nearest_lod(names, self._options.lod)
        same = [geometry for name, geometry in drawable if name == lod]
        solids = [geometry for geometry in same if is_solid(geometry)]
        if solids and len(solids) < len(same):
            self._tally.add(
                "same-lod-twice",
                "Objects that have a solid and loose surfaces at one level show the solid",
            )
        return lod_rank(lod), solids or same

    def _has_finer_parts(
        self, one: CityObject, rank: float, chosen: dict[ObjectId, tuple[float, list[Geometry]]]
    ) -> bool:
        """Whether the parts of an object are more detailed than the object itself."""
        if self._options.lod or not isinstance(one.children, list):
            return False
        parts = [ObjectId(child) for child in one.children if isinstance(child, str)]
        return any(chosen[part][0] > rank for part in parts if part in chosen)

    def _gather(self, geometry: Geometry, row: int, shade: int, batch: _Batch) -> None:
        if geometry.type == INSTANCE:
            self._templates.use(geometry, row, shade)
            return
        try:
            surfaces = surfaces_of(geometry)
        except ValueError:
            self._tally.add("bad-geometry", "Geometries of a wrong shape were left out")
            return
        codes = codes_of(geometry, len(surfaces), shade)
        if codes is None:
            self._tally.add("bad-semantics", "Semantics that do not fit their surfaces are ignored")
            codes = [shade] * len(surfaces)
        batch.surfaces.extend(surfaces)
        batch.features.extend([row] * len(surfaces))
        batch.codes.extend(codes)
        if self._lists is not None:
            materials, uv_rings = self._looks.of(geometry, len(surfaces), self._lists)
            batch.materials.extend(materials)
            batch.uv_rings.extend(uv_rings)
