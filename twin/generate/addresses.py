"""Names, addresses and other facts of a generated city's features, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import Column
from twin.generate.buildings import Buildings
from twin.generate.landmarks import CAP_M, TOWER_M
from twin.generate.layout import Layout
from twin.generate.zoning import Use

USE_NAMES = {
    Use.OLD: "residential",
    Use.TOWERS: "office",
    Use.PERIMETER: "residential",
    Use.ROWS: "residential",
    Use.SLABS: "residential",
    Use.VILLAS: "residential",
    Use.INDUSTRY: "industrial",
    Use.CIVIC: "civic",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Who is called what.

    Attributes
    ----------
    street_of_line : (L,) street of each line; ``street_names`` by street
    line_rows, bridge_rows, block_rows, nature_rows : feature rows
    bridge_lines : line of each bridge
    """

    layout: Layout
    street_of_line: Int64Array
    street_names: list[str]
    district_names: list[str]
    line_rows: Int64Array
    bridge_rows: Int64Array
    bridge_lines: Int64Array
    block_rows: Int64Array
    nature_rows: Int64Array

    def street_of_building(self, buildings: Buildings) -> Int64Array:
        """(N,) street at each front door."""
        return self.street_of_line[self._line_of_building(buildings)]

    def bridge_names(self) -> list[str]:
        """Names of the bridges, all different."""
        out: list[str] = []
        for street in self.street_of_line[self.bridge_lines].tolist():
            stem = self.street_names[street].rsplit(" ", 1)[0]
            name = f"{stem} Bridge"
            while name in out:
                name = f"New {name}"
            out.append(name)
        return out

    def house_numbers(self, buildings: Buildings) -> Int64Array:
        """(N,) odd on one side of a street, even on the other, rising along it."""
        line = self._line_of_building(buildings)
        lines = self.layout.blocks.lines
        to = buildings.centres - lines.starts[line]
        direction = lines.directions[line]
        t = (to * direction).sum(axis=1)
        left = direction[:, 0] * to[:, 1] - direction[:, 1] * to[:, 0] > 0
        group = self.street_of_line[line] * 2 + left
        order = np.lexsort((t, line, group))
        begins = np.concatenate([[True], np.diff(group[order]) != 0])
        place = np.arange(len(order))
        rank = place - np.maximum.accumulate(np.where(begins, place, 0))
        numbers = np.empty(len(order), dtype=np.int64)
        numbers[order] = rank * 2 + 1
        return numbers + left

    def _line_of_building(self, buildings: Buildings) -> Int64Array:
        return self.layout.blocks.cells.labels[buildings.block, buildings.slot]


def columns_of(addresses: Addresses, buildings: Buildings, n_features: int) -> dict[str, Column]:
    """Attribute columns of all features."""
    n = len(buildings.use)
    layout = addresses.layout
    stadium = layout.stadium
    names = np.full(n_features, None, dtype=object)
    names[:n] = _building_names(addresses, buildings)
    used = np.flatnonzero(addresses.line_rows >= 0)
    streets = np.array(addresses.street_names, dtype=object)
    names[addresses.line_rows[used]] = streets[addresses.street_of_line[used]]
    names[addresses.bridge_rows] = np.array(addresses.bridge_names(), dtype=object)
    names[addresses.nature_rows[1]] = "River Marrow"
    districts = np.array(addresses.district_names, dtype=object)
    district = np.full(n_features, None, dtype=object)
    district[:n] = districts[layout.districts[buildings.block]]
    district[addresses.block_rows] = districts[layout.districts]
    use = np.full(n_features, None, dtype=object)
    use[:n] = building_uses(buildings)
    heights = buildings.height_m.copy()
    hall = town_hall_rows(layout, buildings)
    heights[hall] = buildings.eaves_m[hall] + TOWER_M + CAP_M
    numbers = {
        "storeys": buildings.storeys.astype(np.float64),
        "height_m": np.round(heights, 1),
        "year": buildings.year.astype(np.float64),
    }
    columns: dict[str, Column] = {"name": names, "use": use, "district": district}
    for key, values in numbers.items():
        columns[key] = _spread(values, n_features)
    if stadium >= 0:
        names[n], use[n] = "Meadow Stadium", "civic"
        district[n] = addresses.district_names[int(layout.districts[stadium])]
        columns["height_m"][n], columns["year"][n], columns["storeys"][n] = 23.5, 1998.0, 3.0
    return columns


def building_uses(buildings: Buildings) -> NDArray[np.object_]:
    """(N,) object array of use words; shops sit among the old and inner houses."""
    words = np.array([USE_NAMES.get(use, "civic") for use in Use], dtype=object)
    out = words[buildings.use]
    shop = (np.arange(len(out)) * 7919) % 100
    old = (buildings.use == Use.OLD) & (shop < 38)
    inner = (buildings.use == Use.PERIMETER) & (shop < 14)
    office = (buildings.use == Use.PERIMETER) & (shop >= 88)
    out[old | inner] = "retail"
    out[office] = "office"
    return out


def _building_names(addresses: Addresses, buildings: Buildings) -> NDArray[np.object_]:
    streets = addresses.street_of_building(buildings).tolist()
    numbers = addresses.house_numbers(buildings).tolist()
    texts = addresses.street_names
    names = np.empty(len(streets), dtype=object)
    names[:] = [f"{k} {texts[s]}" for k, s in zip(numbers, streets, strict=True)]
    layout = addresses.layout
    names[town_hall_rows(layout, buildings)] = "Town Hall"
    for row, block in hospital_rows(layout, buildings):
        names[row] = hospital_name(addresses, block)
    return names


def town_hall_rows(layout: Layout, buildings: Buildings) -> Int64Array:
    """The town hall's row, or none."""
    return np.flatnonzero(buildings.block == layout.town_hall)[:1]


def hospital_rows(layout: Layout, buildings: Buildings) -> list[tuple[int, int]]:
    """(building, block) of the hospitals, largest district number last."""
    out: list[tuple[int, int]] = []
    for block in layout.hospitals.tolist():
        rows = np.flatnonzero(buildings.block == block)
        if len(rows):
            out.append((int(rows[0]), block))
    return out


def hospital_name(addresses: Addresses, block: int) -> str:
    """Named after its district."""
    return f"{addresses.district_names[int(addresses.layout.districts[block])]} Hospital"


def _spread(values: Float64Array, n_features: int) -> Float64Array:
    out = np.full(n_features, np.nan)
    out[: len(values)] = values
    return out
