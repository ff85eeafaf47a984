"""Geometry templates: one tree, a thousand places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twin.arrays import Float64Array
from twin.city.copies import add_copies
from twin.city.gathering import Gathered, Gatherer, points_from_json
from twin.city.tally import Tally
from twin.readers.cityjson_geometry import DEPTHS, codes_of, lod_name, surfaces_of
from twin.readers.cityjson_looks import CityJsonLooks, LookLists, looks_of
from twin.readers.cityjson_schema import Geometry, geometry_of


@dataclass(slots=True)
class _Uses:
    rows: list[int] = field(default_factory=list)
    anchors: list[int] = field(default_factory=list)
    matrices: list[list[float]] = field(default_factory=list)


class Templates:
    """The templates of a file and where they are used; one thread.

    Parameters
    ----------
    block : the value of ``geometry-templates``
    """

    def __init__(
        self, block: Any, tally: Tally, looks: CityJsonLooks, lists: LookLists | None
    ) -> None:
        self._tally = tally
        self._looks = looks
        self._lists = lists
        self._templates: list[Any] = []
        self._vertices = np.empty((0, 3))
        self._uses: dict[tuple[int, int], _Uses] = {}  # by template and shade of the kind
        if isinstance(block, dict):
            listed = block.get("templates")
            self._templates = listed if isinstance(listed, list) else []
            self._vertices = points_from_json(block.get("vertices-templates", []), tally)

    def lod(self, geometry: Geometry) -> str:
        """Level of detail of the template an instance uses, "" if there is none."""
        index = geometry.template
        if type(index) is int and 0 <= index < len(self._templates):
            template = self._templates[index]
            return lod_name(template.get("lod")) if isinstance(template, dict) else ""
        return ""

    def use(self, geometry: Geometry, row: int, shade: int) -> None:
        """Note one instance; a malformed one is counted and left out."""
        index, anchor, matrix = geometry.template, geometry.boundaries, geometry.matrix
        good = (
            type(index) is int
            and 0 <= index < len(self._templates)
            and isinstance(anchor, list)
            and len(anchor) == 1
            and type(anchor[0]) is int
            and isinstance(matrix, list)
            and len(matrix) == 16
            and set(map(type, matrix)) <= {int, float}
        )
        if not good:
            self._tally.add("bad-instance", "Uses of a template that are malformed were left out")
            return
        uses = self._uses.setdefault((index, shade), _Uses())
        uses.rows.append(row)
        uses.anchors.append(anchor[0])
        uses.matrices.append(matrix)

    def add_to(self, gatherer: Gatherer, vertices: Float64Array) -> None:
        """Place all noted instances at their anchors in `vertices` (V, 3) and forget them."""
        for (index, shade), uses in self._uses.items():
            anchors = np.array(uses.anchors, dtype=np.int64)
            known = (anchors >= 0) & (anchors < len(vertices))
            self._tally.add(
                "bad-vertex-index",
                "Surfaces that name a vertex the file does not have were left out",
                int((~known).sum()),
            )
            template = self._template_polygons(index, shade)
            if template is not None and known.any():
                add_copies(
                    gatherer,
                    template,
                    np.array(uses.matrices, dtype=np.float64)[known].reshape(-1, 4, 4),
                    vertices[anchors[known]],
                    np.array(uses.rows, dtype=np.int32)[known],
                )
        self._uses.clear()

    def _template_polygons(self, index: int, shade: int) -> Gathered | None:
        """Polygons and shade codes of one template; None where nothing can be drawn."""
        value = self._templates[index]
        if not isinstance(value, dict) or value.get("type") not in DEPTHS:
            self._tally.add("undrawn-template", "Templates without surfaces are not drawn")
            return None
        geometry = geometry_of(value)
        surfaces = surfaces_of(geometry)
        codes = codes_of(geometry, len(surfaces), shade) or [shade] * len(surfaces)
        alone = Gatherer(self._tally)
        looks = None
        if self._lists is not None:
            looks = looks_of(*self._looks.of(geometry, len(surfaces), self._lists))
        alone.add(surfaces, self._vertices, [0] * len(surfaces), codes, looks=looks)
        gathered = alone.gathered()
        return gathered if len(gathered.features) else None
