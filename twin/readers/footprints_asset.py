"""Rows, polygons, lines and points as a JSON reader finds them, one feature after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from twin.city.asset import CityAsset
from twin.city.columns import ColumnsBuilder
from twin.city.footprints import Footprints, flattened, span_m
from twin.city.names import UniqueNames
from twin.city.ribbons import lines_of
from twin.city.tally import Tally
from twin.readers.vector_asset import EXTRUDED, VectorParts, VectorSource, vector_asset
from twin.readers.vector_kinds import KIND_NAMES, flat_look, line_kind

BUILDING, FOOTPRINT, LINE, POINT = "Building", "Footprint", "Line", "PointOfInterest"
_KINDS = (BUILDING, FOOTPRINT, LINE, POINT, *KIND_NAMES)


@dataclass(slots=True)
class FootprintTable:
    """Features as a reader finds them; one thread."""

    path: Path
    reader_id: str
    tally: Tally = field(default_factory=Tally)
    footprints: Footprints = field(default_factory=Footprints)
    names: UniqueNames = field(default_factory=UniqueNames)
    codes: list[int] = field(default_factory=list)
    columns: ColumnsBuilder = field(default_factory=ColumnsBuilder)
    looks: list[int] = field(default_factory=list)
    lines: list[list[Any]] = field(default_factory=list)
    line_rows: list[int] = field(default_factory=list)
    line_tags: list[dict[str, str]] = field(default_factory=list)
    points: list[tuple[float, float]] = field(default_factory=list)
    point_rows: list[int] = field(default_factory=list)

    def add(self, wanted_id: object, attributes: dict[str, Any], polygons: Sequence[Any]) -> None:
        """Add one feature with its polygons (lists of rings of points).

        Its kind is "Building" where the file tells a height or calls it one; what it calls
        water, green or paved in the words of OpenStreetMap is laid flat; else "Footprint".
        """
        tags = _texts(attributes)
        flat = flat_look(tags)
        if flat is not None:
            row = self._row(wanted_id, attributes, flat[0])
            span = (0.0, 0.0)
        else:
            base_m, top_m, known = span_m(attributes, self.tally)
            is_building = known or bool(attributes.get("building"))
            row = self._row(wanted_id, attributes, BUILDING if is_building else FOOTPRINT)
            span = (base_m, top_m)
        for polygon in polygons:
            self.footprints.add(polygon, row, span, self.tally)
        look = EXTRUDED if flat is None else int(flat[1])
        self.looks += [look] * (len(self.footprints.features) - len(self.looks))

    def add_lines(self, wanted_id: object, attributes: dict[str, Any], lines: list[Any]) -> None:
        """Add one feature with its lines (lists of points)."""
        tags = _texts(attributes)
        row = self._row(wanted_id, attributes, line_kind(tags)[0] or LINE)
        for line in lines:
            if _is_line(line):
                self.lines.append(line)
                self.line_rows.append(row)
                self.line_tags.append(tags)
            else:
                self.tally.add("bad-line", "Lines that are no two points or more were left out")

    def add_points(self, wanted_id: object, attributes: dict[str, Any], points: list[Any]) -> None:
        """Add one feature with its points."""
        row = self._row(wanted_id, attributes, POINT)
        for point in points:
            if _is_point(point):
                self.points.append((float(point[0]), float(point[1])))
                self.point_rows.append(row)
            else:
                self.tally.add("bad-point", "Points that are no two numbers were left out")

    def _row(self, wanted_id: object, attributes: dict[str, Any], kind: str) -> int:
        row = len(self.names)
        wanted = str(wanted_id) if isinstance(wanted_id, (str, int)) else ""
        if self.names.take(wanted) != wanted and wanted:
            self.tally.add("repeated-id", "Ids that came before got a number at their end")
        self.codes.append(_KINDS.index(kind))
        self.columns.add(row, attributes)
        return row

    def asset(self, *, format_name: str, version: str, crs: str) -> CityAsset:
        """Place and draw everything added.

        Raises
        ------
        ReadError
            There is no polygon, line or point.
        TwinError
            The coordinates cannot be placed.
        """
        kinds = [line_kind(tags) for tags in self.line_tags]
        parts = VectorParts(
            ids=tuple(self.names.row_of),
            kind_names=_KINDS,
            kind_codes=self.codes,
            columns=self.columns.columns(len(self.names), self.tally),
            polygons=flattened(self.footprints),
            polygon_rows=np.array(self.footprints.features, dtype=np.int32),
            looks=np.array(self.looks, dtype=np.uint8),
            spans_m=np.column_stack([self.footprints.bases_m, self.footprints.tops_m]),
            lines=lines_of(
                [np.array([point[:2] for point in line], dtype=np.float64) for line in self.lines]
            ),
            line_rows=np.array(self.line_rows, dtype=np.int32),
            line_widths_m=np.array([width for _, _, width in kinds]),
            line_surfaces=np.array([int(surface) for _, surface, _ in kinds], dtype=np.uint8),
            line_tags=[tags if "highway" in tags else {} for tags in self.line_tags],
            points=np.array(self.points, dtype=np.float64).reshape(-1, 2),
            point_rows=np.array(self.point_rows, dtype=np.int32),
        )
        source = VectorSource(
            path=self.path,
            reader_id=self.reader_id,
            format_name=format_name,
            version=version,
            crs=crs,
        )
        return vector_asset(parts, source, self.tally)


def _texts(attributes: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in attributes.items() if isinstance(value, str)}


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) >= 2
        and set(map(type, point)) <= {int, float}
        and max(map(abs, point)) < 1e300
    )


def _is_line(line: Any) -> bool:
    if not isinstance(line, list) or len(line) < 2 or not set(map(type, line)) <= {list}:
        return False
    if min(map(len, line)) < 2 or not set(map(type, chain.from_iterable(line))) <= {int, float}:
        return False
    return bool(max(map(abs, chain.from_iterable(line))) < 1e300)
