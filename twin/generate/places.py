"""Places of a generated city: services, equipment and what people call things."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import Place
from twin.city.spread import spread_rows
from twin.generate.addresses import Addresses, hospital_name, hospital_rows
from twin.generate.buildings import Buildings
from twin.generate.district_raster import DistrictRaster
from twin.generate.layout import Layout
from twin.generate.network import Pieces
from twin.generate.river import BANK_Z_M, WATER_Z_M
from twin.generate.zoning import Use

_ID_WORDS = {"street_light": "lights"}
_MOST_SIGNALS, _MOST_LOOPS, _MOST_LIGHTS = 1500, 3000, 3000
_MOST_OVERHEAD = 200


@dataclass(slots=True, kw_only=True)
class PlaceMaker:
    """Gathers the places of one city; ids count up by kind."""

    layout: Layout
    pieces: Pieces
    addresses: Addresses
    buildings: Buildings
    bridge_rows: Int64Array
    park_rows: Int64Array
    seed: int
    _found: list[tuple[str, str, tuple[float, float, float], int, str]] = field(
        default_factory=list
    )
    _used: set[str] = field(default_factory=set)
    _times: dict[str, int] = field(default_factory=dict)
    _raster: DistrictRaster = field(init=False)

    def __post_init__(self) -> None:
        centres = self.layout.blocks.cells.centres()
        self._raster = DistrictRaster(centres, self.layout.districts)

    def places(self) -> tuple[Place, ...]:
        """All places."""
        self._services()
        self._streets()
        self._river()
        self._green_and_squares()
        self._districts()
        self._stations()
        return self._numbered()

    def _numbered(self) -> tuple[Place, ...]:
        totals: dict[str, int] = {}
        for kind, *_ in self._found:
            totals[kind] = totals.get(kind, 0) + 1
        seen: dict[str, int] = {}
        out: list[Place] = []
        for kind, name, xyz, feature, district in self._found:
            seen[kind] = seen.get(kind, 0) + 1
            digits = max(2, len(str(totals[kind])))
            word = _ID_WORDS.get(kind, kind.replace("_", "-"))
            out.append(
                Place(
                    id=f"{word}-{seen[kind]:0{digits}d}",
                    name=name,
                    kind=kind,
                    xyz_local_m=xyz,
                    feature=feature,
                    district=district,
                )
            )
        return tuple(out)

    def _add(
        self, kind: str, name: str, xy: Float64Array, z_m: float = 0.0, feature: int = -1
    ) -> None:
        xyz = (round(float(xy[0]), 2), round(float(xy[1]), 2), round(z_m, 2))
        self._found.append((kind, name, xyz, feature, self._district_at(xy)))

    def _district_at(self, xy: Float64Array) -> str:
        return self.addresses.district_names[self._raster.at(xy)]

    def _services(self) -> None:
        """Hospitals, and stations and the like in ordinary buildings."""
        buildings = self.buildings
        n = len(buildings.use)
        for row, block in hospital_rows(self.layout, buildings):
            self._on_building("hospital", hospital_name(self.addresses, block), row)
        homes = np.flatnonzero(np.isin(buildings.use, [Use.PERIMETER, Use.ROWS, Use.SLABS]))
        works = np.flatnonzero(np.isin(buildings.use, [Use.INDUSTRY, Use.SLABS, Use.ROWS]))
        wanted = [
            ("fire_station", "fire station", homes, 2200, 3, 90.0),
            ("police_station", "police station", homes, 2600, 3, 210.0),
            ("substation", "substation", works, 900, 5, 330.0),
            ("depot", "works depot", works, 9000, 1, 140.0),
            ("air_station", "air station", np.arange(n), 700, 6, 10.0),
            ("noise_meter", "noise meter", homes, 450, 8, 50.0),
            ("weather_station", "weather station", np.arange(n), 5000, 2, 0.0),
            ("siren", "siren", homes, 1200, 3, 250.0),
        ]
        for kind, words, rows, each, least, degrees in wanted:
            count = min(max(least, n // each), 400)
            turn = np.radians(degrees)
            start = 0.25 * self.layout.radius_m * np.array([np.cos(turn), np.sin(turn)])
            pool = rows if len(rows) else np.arange(n)
            for row in spread_rows(buildings.centres, pool, count, start).tolist():
                name = f"{self._district_at(buildings.centres[row])} {words}"
                self._on_building(kind, self._unused(name, row), row)

    def _unused(self, name: str, row: int) -> str:
        """The name, with its street where another place is called that."""
        if name not in self._used:
            self._used.add(name)
            return name
        street = self.addresses.street_of_line[
            self.layout.blocks.cells.labels[self.buildings.block[row], self.buildings.slot[row]]
        ]
        return f"{name}, {self.addresses.street_names[int(street)]}"

    def _on_building(self, kind: str, name: str, row: int) -> None:
        height = float(self.buildings.height_m[row])
        self._add(kind, name, self.buildings.centres[row], height, row)

    def _streets(self) -> None:
        """Signals at busy junctions, loops and lights on the streets."""
        pieces, lines = self.pieces, self.layout.blocks.lines
        names, street = self.addresses.street_names, self.addresses.street_of_line[pieces.labels]
        rank = lines.ranks[pieces.labels]
        for node in self._busy_junctions(rank).tolist():
            touching = np.flatnonzero((pieces.edges == node).any(axis=1))
            crossing = list(dict.fromkeys(names[int(street[k])] for k in touching))
            self._add("signal", " / ".join(crossing[:2]), pieces.nodes[node])
        start, end = pieces.ends()
        middle, length = (start + end) / 2, np.hypot(*(end - start).T)
        order = np.lexsort((-length, pieces.bridge, street))
        _, first = np.unique(street[order], return_index=True)
        longest = order[first]
        total = np.bincount(street, weights=length)[street[longest]]
        main = longest[np.lexsort((-total, rank[longest]))]
        for piece in main[:_MOST_LIGHTS].tolist():
            self._add("street_light", f"{names[int(street[piece])]} lights", middle[piece], 6.0)
        busy = np.flatnonzero((rank <= 1) & ~pieces.bridge & (length > 40))
        busy = busy[:: max(1, len(busy) // min(_MOST_LOOPS, 40 + len(busy) // 3))]
        for piece in busy.tolist():
            feature = int(self.addresses.line_rows[pieces.labels[piece]])
            self._add("loop", f"{names[int(street[piece])]} loop", middle[piece], 0.0, feature)
        wide = np.flatnonzero((rank <= 1) & ~pieces.bridge)
        for kind, word, each in (("message_sign", "sign", 40), ("camera", "camera", 80)):
            count = int(np.clip(len(wide) // each, min(8, len(wide)), _MOST_OVERHEAD))
            start = np.array([40.0 * len(kind), 0.0])  # not both at the same places
            for piece in spread_rows(middle, wide, count, start).tolist():
                name = self._numbered_name(f"{names[int(street[piece])]} {word}")
                self._add(kind, name, middle[piece], 6.0)

    def _numbered_name(self, name: str) -> str:
        """The name, with a number from the second on."""
        number = self._times[name] = self._times.get(name, 0) + 1
        return f"{name} {number}" if number > 1 else name

    def _busy_junctions(self, rank: Int64Array) -> Int64Array:
        """Nodes where at least three ways meet and two of them are main streets."""
        pieces = self.pieces
        n = len(pieces.nodes)
        ways = np.bincount(pieces.edges.ravel(), minlength=n)
        main = np.bincount(pieces.edges[(rank <= 1) | (rank == 4)].ravel(), minlength=n)
        rows = np.flatnonzero((ways >= 3) & (main >= 3))
        away = np.hypot(*pieces.nodes[rows].T)
        return rows[np.argsort(away, kind="stable")][:_MOST_SIGNALS]

    def _river(self) -> None:
        river, reach = self.layout.river, 0.9 * self.layout.radius_m
        z = WATER_Z_M
        count = int(np.clip(len(self.buildings.use) // 700, 6, 60))
        for k, u in enumerate(np.linspace(-reach, reach, count)):
            side = 1.0 if k % 2 else -1.0
            xy = river.line(np.array([u]), side * (river.half_width_m + 8))[0]
            self._add("pump_station", f"{self._district_at(xy)} pump station", xy, BANK_Z_M)
        for k, u in enumerate(np.linspace(-1.05 * reach, 1.05 * reach, max(2, count // 3))):
            xy = river.line(np.array([u]), river.half_width_m + 3)[0]
            self._add("gate", f"Sluice gate {k + 1}", xy, BANK_Z_M)
        for k, u in enumerate(np.linspace(-reach, reach, max(3, count // 2))):
            xy = river.line(np.array([u + 30.0]), -river.half_width_m + 3)[0]
            self._add("river_gauge", f"River gauge {k + 1}", xy, z)
        start, end = self.pieces.ends()
        middle = ((start + end) / 2)[self.pieces.bridge]
        for name, xy, row in zip(
            self.addresses.bridge_names(), middle, self.bridge_rows.tolist(), strict=True
        ):
            self._add("bridge", name, xy, 1.6, row)

    def _green_and_squares(self) -> None:
        layout = self.layout
        centres, areas = layout.blocks.cells.centres(), layout.blocks.cells.areas()
        stems = ("Garden", "Green", "Common", "Park", "Gardens")
        used: set[str] = set()
        for block in np.flatnonzero(layout.uses == Use.PARK)[:400].tolist():
            stem = self._street_stem(block)
            name = next(f"{stem} {s}" for s in (*stems, str(block)) if f"{stem} {s}" not in used)
            used.add(name)
            self._add("park", name, centres[block], 0.0, int(self.park_rows[block]))
        squares = np.flatnonzero((layout.uses == Use.SQUARE) & (areas > 1200))[:200]
        for k, block in enumerate(squares.tolist()):
            name = "Market Square" if k == 0 else f"{self._street_stem(block)} Square"
            self._add("square", name, centres[block], 0.0, int(self.park_rows[block]))
        lots = np.flatnonzero(np.isin(layout.uses, [Use.TOWERS, Use.SLABS, Use.INDUSTRY]))
        count = int(np.clip(len(self.buildings.use) // 400, 6, 200))
        for block in spread_rows(centres, lots, count, np.zeros(2)).tolist():
            row = int(self.park_rows[block])
            self._add("parking", f"{self._street_stem(block)} car park", centres[block], 0.0, row)

    def _street_stem(self, block: int) -> str:
        line = int(self.layout.blocks.cells.labels[block, 0])
        return self.addresses.street_names[int(self.addresses.street_of_line[line])].rsplit(" ", 1)[
            0
        ]

    def _districts(self) -> None:
        centres = self.layout.blocks.cells.centres()
        for number, name in enumerate(self.addresses.district_names):
            inside = self.layout.districts == number
            if inside.any():
                self._add("district", name, centres[inside].mean(axis=0))

    def _stations(self) -> None:
        """Underground and bus stations by the widest junctions, far from each other."""
        pieces, rank = self.pieces, self.layout.blocks.lines.ranks[self.pieces.labels]
        rows = self._busy_junctions(rank)
        count = int(np.clip(len(self.buildings.use) // 1200, 3, 80))
        for node in spread_rows(pieces.nodes, rows, count, np.zeros(2)).tolist():
            self._add(
                "station", f"{self._district_at(pieces.nodes[node])} station", pieces.nodes[node]
            )
