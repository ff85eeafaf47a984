"""Implicit geometry of CityGML: one tree, a thousand places."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int32Array
from twin.city.copies import add_copies
from twin.city.gathering import Gatherer
from twin.city.tally import Tally
from twin.readers.citygml_crs import NorthFirst
from twin.readers.citygml_polygons import PolygonStore, Ref, Use
from twin.readers.citygml_stream import Element, children, local_name

#: Radius of the Earth's ellipsoid (GRS 80) in metres and its squared eccentricity.
_MAJOR_M, _ECCENTRICITY2 = 6_378_137.0, 0.006694380022903


@dataclass(slots=True)
class _Uses:
    rows: list[int] = field(default_factory=list)
    matrices: list[list[float]] = field(default_factory=list)
    anchors: list[list[float]] = field(default_factory=list)


class ImplicitUses:
    """Notes who stands where; `add_to` makes the copies. One thread."""

    def __init__(self, store: PolygonStore, tally: Tally) -> None:
        self._store = store
        self._tally = tally
        self._uses: dict[tuple[tuple[Ref, ...], int], _Uses] = {}

    def take(self, element: Element, row: int, shade: int) -> None:
        """Note one ``ImplicitGeometry``; a malformed one is counted and left out."""
        refs: list[Ref] = []
        matrix: list[float] = np.eye(4).ravel().tolist()
        anchor = [0.0, 0.0, 0.0]
        try:
            for name, child in children(element):
                if name == "transformationMatrix":
                    matrix = _numbers(child, 16)
                elif name == "referencePoint":
                    anchor = _numbers(child, 3)
                elif name in ("relativeGMLGeometry", "relativeGeometry"):
                    refs = self._store.refs(child)
                elif name == "libraryObject":
                    self._tally.add("library-object", "Models in files of their own are not drawn")
        except ValueError:
            self._tally.add("bad-instance", "Uses of a template that are malformed were left out")
            return
        if refs:
            uses = self._uses.setdefault((tuple(refs), shade), _Uses())
            uses.rows.append(row)
            uses.matrices.append(matrix)
            uses.anchors.append(anchor)

    def anchors(self) -> Float64Array:
        """(N, 3) places of all copies in the file's CRS."""
        found = [anchor for uses in self._uses.values() for anchor in uses.anchors]
        return np.array(found, dtype=np.float64).reshape(-1, 3)

    def add_to(
        self,
        gatherer: Gatherer,
        vertices: Float64Array,
        order: NorthFirst,
        *,
        materials: Int32Array | None,
        uv: Float32Array | None,
    ) -> None:
        """Make all copies; `vertices`, `materials` and `uv` as in `PolygonStore.gathered`.

        Templates are in metres; `order` says in what their anchors are.
        """
        for (refs, shade), uses in self._uses.items():
            found = list(self._store.resolved(refs))
            known = [(number, turned) for number, turned in found if number >= 0]
            self._tally.add(
                "missing-link",
                "Links to surfaces that are not in the file lead nowhere",
                len(found) - len(known),
            )
            if not known:
                continue
            use = Use(
                polygons=array("q", [number for number, _ in known]),
                features=array("q", [0] * len(known)),
                codes=array("B", [shade] * len(known)),
                turned=array("B", [turned for _, turned in known]),
            )
            alone = Gatherer(self._tally)
            part = self._store.gathered(vertices, use, materials=materials, uv=uv)
            alone.add_polygons(
                part.polygons, part.features, part.codes, materials=part.materials, uv=part.uv
            )
            anchors = order.east_first(np.array(uses.anchors))
            add_copies(
                gatherer,
                alone.gathered(),
                np.array(uses.matrices).reshape(-1, 4, 4),
                anchors,
                np.array(uses.rows, dtype=np.int32),
                scales=_degrees_a_metre(anchors) if order.is_degrees else None,
            )


def _numbers(element: Element, n: int) -> list[float]:
    text = " ".join(
        one.text
        for one in element.iter()
        if isinstance(one.tag, str) and one.text and local_name(one.tag) != "name"
    )
    values = list(map(float, text.split()))
    if len(values) != n or not np.isfinite(values).all():
        raise ValueError("wrong count of numbers")
    return values


def _degrees_a_metre(anchors: Float64Array) -> Float64Array:
    """(n, 3) degrees east and north of one metre at anchors (n, 3) = longitude, latitude, m.

    By the radii of curvature of the ellipsoid along the parallel and the meridian.
    """
    latitude = np.radians(anchors[:, 1])
    shared = 1.0 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    east_m = _MAJOR_M * np.cos(latitude) / np.sqrt(shared)
    north_m = _MAJOR_M * (1.0 - _ECCENTRICITY2) / shared**1.5
    degrees = np.degrees(1.0 / np.stack([np.maximum(east_m, 1.0), north_m], axis=1))
    return np.column_stack([degrees, np.ones(len(anchors))])
