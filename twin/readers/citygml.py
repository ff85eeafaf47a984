"""CityGML 1.0, 2.0 and 3.0, read object by object; also packed with gzip."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from twin.arrays import Float64Array
from twin.city.asset import CityAsset, FeatureTable
from twin.city.gathering import Gathered, Gatherer, with_possible_heights
from twin.city.images import with_images, without_missing
from twin.city.placing import Placed, place
from twin.city.soup import feature_bounds, soup_of
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.readers.citygml_crs import NorthFirst, crs_of_srs_name
from twin.readers.citygml_features import FeatureWalker
from twin.readers.citygml_looks import SURFACE_DATA, GmlLooks
from twin.readers.citygml_polygons import FACES, PolygonStore
from twin.readers.citygml_stream import (
    Element,
    XmlStream,
    attribute,
    children,
    emptied,
    local_name,
    unpacked_head,
)
from twin.readers.cityjson_geometry import lod_rank

_ID = "citygml"
_MEMBERS = ("cityObjectMember", "featureMember", "member")
_VERSION = re.compile(r"citygml/(?:\w+/)?(\d\.\d)")
_KNOWN = re.compile(rb"opengis\.net/citygml|<(?:[\w.-]+:)?CityModel[\s>]|citygml\.org")


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read one CityGML file. Any thread; memory follows what is drawn, not the file.

    Raises
    ------
    ReadError
        It is no CityGML, it declares entities, or what it says cannot be drawn anywhere.
    """
    tally = Tally()
    with reading(path, _ID):
        city = _City(path, options, tally)
        city.take_all(lambda done: progress(0.7 * done))
        asset = city.asset(progress)
    progress(1.0)
    return asset


class _City:
    """One reading of one file."""

    def __init__(self, path: Path, options: ReadOptions, tally: Tally) -> None:
        self._path = path
        self._options = options
        self._tally = tally
        self._store = PolygonStore(tally)
        self._looks = GmlLooks(tally)
        self._walker = FeatureWalker(self._store, tally, wanted_lod=options.lod)
        self._crs_text = ""
        self._version = ""

    def take_all(self, progress: Progress) -> None:
        """Go through the file once."""
        tags = (*FACES, *SURFACE_DATA, *_MEMBERS, "Envelope")
        stream = XmlStream(self._path, tags, self._tally, reader_id=_ID)
        n_members = 0
        for name, element in stream.ends(progress):
            if name in FACES:
                if stream.is_cut_off:  # its last number may lack digits
                    element.clear()
                self._note_crs(element)
                self._store.take(element)
                self._walker.counts[name] += 1
            elif name in _MEMBERS:
                n_members += 1
                self._take_member(element)
                emptied(element)
            elif name == "Envelope":
                self._note_crs(element)
            else:
                self._looks.take(name, element)
                element.clear()
        if not n_members and stream.root is not None:
            self._take_odd(stream.root)
        self._walker.finish()

    def asset(self, progress: Progress) -> CityAsset:
        """Place, triangulate and finish.

        Raises
        ------
        ReadError
            No city object was found, or not in the level of detail that was asked for.
        """
        walker, wanted = self._walker, self._options.lod
        if not len(walker.names):
            raise self._error("The file holds no city objects, so it is no CityGML city")
        lods = tuple(sorted(walker.lods, key=lod_rank))
        if wanted and wanted not in lods:
            there = ", ".join(lods) or "none"
            raise self._error(f"There is no level of detail {wanted} in the file (it has: {there})")
        gathered, placed = self._placed()
        progress(0.8)
        soup = soup_of(gathered, placed.xyz_local_m, self._tally)
        materials = with_images(
            self._looks.materials(), self._looks.images, self._path, self._tally
        )
        soup, materials = without_missing(soup, materials, self._looks.images)
        n_features = len(walker.names)
        if not soup.n_triangles:
            self._tally.add("nothing-to-draw", "The file holds no surface that can be drawn")
        features = FeatureTable(
            ids=tuple(walker.names.row_of),
            kind_names=tuple(walker.kinds),
            kind_codes=np.array(walker.kind_codes, dtype=np.uint16),
            parents=np.array(walker.parents, dtype=np.int32),
            bounds_min_max_local_m=feature_bounds(
                soup.corners_local_m.reshape(-1, 3), np.repeat(soup.features, 3), n_features
            ),
            attributes=walker.columns.columns(n_features, self._tally),
        )
        return CityAsset(
            title=self._path.name.split(".")[0],
            format="CityGML",
            version=self._version,
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
            counts=dict(walker.counts),
        )

    def _placed(self) -> tuple[Gathered, Placed]:
        """Polygons to draw, and their vertices in the local frame."""
        vertices = self._store.vertices()
        materials, uv = self._looks.on(self._store, len(vertices))
        part = self._store.gathered(vertices, self._walker.use, materials=materials, uv=uv)
        named = self._crs_text or self._options.crs
        points = self._points(part)
        order = NorthFirst(crs_of_srs_name(named) if named else "", points, self._tally)
        gatherer = Gatherer(self._tally)
        gatherer.add_polygons(
            _east_first(part, order).polygons,
            part.features,
            part.codes,
            materials=part.materials,
            uv=part.uv,
        )
        self._walker.implicit.add_to(gatherer, vertices, order, materials=materials, uv=uv)
        gathered = gatherer.gathered()
        if self._crs_text:
            gathered = with_possible_heights(gathered, self._tally)
        crs = crs_of_srs_name(self._crs_text) if self._crs_text else ""
        placed = place(gathered.polygons.vertices, crs, self._tally, chosen_crs=self._options.crs)
        return gathered, placed

    def _points(self, part: Gathered) -> Float64Array:
        """(N, 3) points that lie in the file's CRS: not those of templates."""
        used = part.polygons.vertices[np.unique(part.polygons.corners)]
        return np.concatenate([used, self._walker.implicit.anchors()])

    def _take_member(self, element: Element) -> None:
        for kind, inner in children(element):
            if kind == "Appearance":
                continue
            self._note_version(inner)
            self._walker.walk(kind, inner)

    def _take_odd(self, root: Element) -> None:
        """A file whose members have undeclared prefixes, or one lone object."""
        for name, element in children(root):
            if name in _MEMBERS:
                self._take_member(element)
        is_lone = not len(self._walker.names) and local_name(root.tag) != "CityModel"
        if is_lone and self._store.n_polygons:
            self._note_version(root)
            self._walker.walk(local_name(root.tag), root)

    def _note_crs(self, element: Element) -> None:
        named = attribute(element, "srsName") if element.attrib else ""
        if named and not self._crs_text:
            self._crs_text = named
        elif named and named != self._crs_text:
            self._tally.add("mixed-crs", "The file names several CRSs; the first was taken for all")

    def _note_version(self, element: Element) -> None:
        if not self._version:
            spaces = " ".join(str(uri) for uri in element.nsmap.values())
            found = _VERSION.findall(spaces)
            self._version = max(found, default="")

    def _error(self, sentence: str) -> ReadError:
        return ReadError(sentence, path=self._path, reader_id=_ID)


def _east_first(part: Gathered, order: NorthFirst) -> Gathered:
    polygons = replace(part.polygons, vertices=order.east_first(part.polygons.vertices))
    return replace(part, polygons=polygons)


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the first bytes speak of CityGML."""
    text = unpacked_head(head)
    return b"<" in text[:1024] and _KNOWN.search(text) is not None


READER = ReaderType(
    id=_ID,
    title="CityGML",
    suffixes=(".citygml", ".gml", ".xml", ".gml.gz", ".citygml.gz"),
    sniff=sniff,
    read=read,
    priority=40,
)
