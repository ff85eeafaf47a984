"""The last steps of every footprint format: place, extrude, make the asset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.city.asset import CityAsset, FeatureTable
from twin.city.columns import ColumnsBuilder
from twin.city.footprints import Footprints, extruded, flattened, span_m
from twin.city.names import UniqueNames
from twin.city.placing import place
from twin.city.soup import feature_bounds
from twin.city.tally import Tally
from twin.errors import ReadError

BUILDING, FOOTPRINT = "Building", "Footprint"


@dataclass(slots=True)
class FootprintTable:
    """Rows and polygons as a footprint reader finds them; one thread."""

    path: Path
    reader_id: str
    tally: Tally = field(default_factory=Tally)
    footprints: Footprints = field(default_factory=Footprints)
    names: UniqueNames = field(default_factory=UniqueNames)
    codes: list[int] = field(default_factory=list)
    columns: ColumnsBuilder = field(default_factory=ColumnsBuilder)

    def add(self, wanted_id: object, attributes: dict[str, Any], polygons: Sequence[Any]) -> None:
        """Add one feature with its polygons (lists of rings of points).

        Its kind is "Building" where the file tells a height or calls it one, else "Footprint".
        """
        row = len(self.names)
        wanted = str(wanted_id) if isinstance(wanted_id, (str, int)) else ""
        if self.names.take(wanted) != wanted and wanted:
            self.tally.add("repeated-id", "Ids that came before got a number at their end")
        base_m, top_m, known = span_m(attributes, self.tally)
        is_building = known or bool(attributes.get("building"))
        self.codes.append(0 if is_building else 1)
        self.columns.add(row, attributes)
        for polygon in polygons:
            self.footprints.add(polygon, row, (base_m, top_m), self.tally)

    def asset(self, *, format_name: str, version: str, crs: str) -> CityAsset:
        """Place and extrude everything added.

        Raises
        ------
        ReadError
            There is no polygon.
        TwinError
            The coordinates cannot be placed.
        """
        flat = flattened(self.footprints)
        if not len(flat.xy):
            raise ReadError(
                "The file holds no polygon to build from", path=self.path, reader_id=self.reader_id
            )
        ground = np.column_stack([flat.xy, np.zeros(len(flat.xy))])
        placed = place(ground, crs, self.tally)
        soup, n_surfaces = extruded(self.footprints, flat, placed.xyz_local_m, self.tally)
        features = FeatureTable(
            ids=tuple(self.names.row_of),
            kind_names=(BUILDING, FOOTPRINT),
            kind_codes=np.array(self.codes, dtype=np.uint16),
            parents=np.full(len(self.names), -1, dtype=np.int32),
            bounds_min_max_local_m=feature_bounds(
                soup.corners_local_m.reshape(-1, 3), np.repeat(soup.features, 3), len(self.names)
            ),
            attributes=self.columns.columns(len(self.names), self.tally),
        )
        heights = soup.corners_local_m[:, :, 2]
        bounds = list(placed.source_bounds)
        if heights.size:
            bounds[2], bounds[5] = float(heights.min()), float(heights.max())
        return CityAsset(
            title=self.path.name.split(".")[0],
            format=format_name,
            version=version,
            origin=placed.origin,
            features=features,
            soup=soup,
            n_surfaces=n_surfaces,
            warnings=self.tally.warnings(),
            path=self.path,
            source_crs=placed.source_crs,
            source_bounds=tuple(bounds),
        )
