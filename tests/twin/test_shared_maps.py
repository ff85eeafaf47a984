"""Maps, timetables and footprints of shared/data: what they hold and what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.city.asset import CityAsset
from twin.errors import ReadError
from twin.readers.base import open_city

FOLDERS = ("osm", "gtfs", "footprints")

#: What shared/data/README.md says of each file; None = the file is bad on purpose.
COUNTS: dict[str, dict[str, int] | None] = {
    "osm/helsinki_centre.osm.pbf": {
        "nodes": 24_260, "ways": 5_130, "relations": 620, "building": 433,
        "buildings with height or levels": 150,
    },
    "osm/monaco.osm.gz": {"nodes": 13_739, "ways": 1_944, "building": 962},
    "osm/berlin_siegessaeule.osm.gz": {"nodes": 5_117, "ways": 418},
    "osm/newcastle_abst_u_turns.osm": {"nodes": 22, "ways": 6, "relations": 30},
    "gtfs/bart.zip": {"stops": 50, "trips": 2_525, "shape_points": 25_074},
    "gtfs/caltrain_ct.zip": {"stops": 109, "trips": 176},
    "gtfs/cairns_gtfs.zip": {"stops": 416, "trips": 1_339},
    "gtfs/bart_errors.zip": {},
    "gtfs/invalid.zip": None,
    "footprints/manhattan_buildings_heights.json": {"polygons": 999},
    "footprints/vancouver_blocks.geojson": {"polygons": 4_627},
}  # fmt: skip


def files_of(shared_data: Path) -> dict[str, Path]:
    found = [path for folder in FOLDERS for path in (shared_data / folder).iterdir()]
    return {path.relative_to(shared_data).as_posix(): path for path in found if path.is_file()}


def test_every_file_is_known(shared_data: Path) -> None:
    assert set(files_of(shared_data)) == set(COUNTS)


@pytest.mark.parametrize("name", [name for name, counts in COUNTS.items() if counts is not None])
def test_counts_are_those_of_the_readme(shared_data: Path, name: str) -> None:
    asset = open_city(shared_data / name)
    expected = COUNTS[name]
    assert expected is not None
    assert {key: asset.counts.get(key) for key in expected} == expected
    assert asset.soup.n_triangles > 0
    assert np.isfinite(asset.soup.corners_local_m).all()
    assert len(set(asset.features.ids)) == asset.features.n_features
    bounds = asset.features.bounds_min_max_local_m
    assert len(bounds) == asset.features.n_features


def test_bad_ones_are_refused_or_named(shared_data: Path) -> None:
    with pytest.raises(ReadError):
        open_city(shared_data / "gtfs" / "invalid.zip")
    errors = open_city(shared_data / "gtfs" / "bart_errors.zip")
    assert "bad-position" in {warning.kind for warning in errors.warnings}
    newcastle = open_city(shared_data / "osm" / "newcastle_abst_u_turns.osm")
    assert "missing-members" in {warning.kind for warning in newcastle.warnings}


def test_the_sea_is_beside_monaco_and_streets_run_in_helsinki(shared_data: Path) -> None:
    monaco = open_city(shared_data / "osm" / "monaco.osm.gz")
    sea = monaco.features.ids.index("sea")
    bounds = monaco.features.bounds_min_max_local_m
    assert (bounds[sea, 3:5] - bounds[sea, :2]).min() > 2_000
    helsinki = open_city(shared_data / "osm" / "helsinki_centre.osm.pbf")
    assert helsinki.streets is not None
    names = set(helsinki.streets.names)
    assert {"Mannerheimintie", "Aleksanterinkatu", "Esplanadi"} & names
    assert len(helsinki.streets.edges) > 1_000
    assert connected_share(helsinki) > 0.85  # one-way streets end at the edge of the extract
    kinds = {place.kind for place in helsinki.places}
    assert {"signal", "station", "park", "square", "parking"} <= kinds


def connected_share(asset: CityAsset) -> float:
    from twin.city.street_graph import StreetGraph

    assert asset.streets is not None
    graph = StreetGraph(asset.streets)
    return len(graph.core) / len(graph.nodes)
