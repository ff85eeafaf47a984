"""OpenStreetMap: heights, roofs, parts, areas, streets, places, the sea, and broken files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.twin.osm_samples import Map
from twin.city.asset import CityAsset, Surface
from twin.city.furnish import furnish
from twin.city.osm_areas import joined_ends
from twin.city.osm_columns import MOST_KEYS, OTHER_TAGS, tag_columns
from twin.city.street_graph import StreetGraph
from twin.errors import ReadError
from twin.readers.base import open_city


def row(asset: CityAsset, kind: str, number: int = 0) -> int:
    code = asset.features.kind_names.index(kind)
    return int(np.flatnonzero(asset.features.kind_codes == code)[number])


def flat_area(asset: CityAsset, surface: Surface) -> float:
    corners = asset.soup.corners_local_m[asset.soup.surfaces == surface].astype(float)
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (crosses[:, 2] > -1e-6).all()  # flat things look up
    return float(crosses[:, 2].sum() / 2)


def warned(asset: CityAsset) -> dict[str, int]:
    return {one.kind: one.count for one in asset.warnings}


@pytest.mark.parametrize(
    ("tags", "top", "source"),
    [
        ({"height": "12.5"}, 12.5, "height"),
        ({"height": "40 ft"}, 12.192, "height"),
        ({"building__levels": "4"}, 12, "levels"),
        ({"building__levels": "4", "roof__shape": "gabled", "roof__height": "3"}, 15, "levels"),
        ({"height": "10", "building__levels": "9"}, 10, "height"),
        ({"height": "tall"}, 9, "usual"),
        ({"building": "garage"}, 2.8, "usual"),
        ({}, 9, "usual"),
    ],
)
def test_heights(tmp_path: Path, tags: dict[str, str], top: float, source: str) -> None:
    sample = Map()
    sample.box(0, 0, 20, 12, **{"building": "yes", **tags})
    asset = open_city(sample.written(tmp_path))
    attributes = asset.features.attributes_of(0)
    assert attributes["height drawn"] == pytest.approx(top)
    assert attributes["height from"] == source
    low, high = asset.features.bounds_min_max_local_m[0, [2, 5]]
    assert (low, high) == (0.0, pytest.approx(top, abs=1e-3))
    assert ("no-height" in warned(asset)) == (source == "usual")
    assert ("odd-height" in warned(asset)) == (tags.get("height") == "tall")


def test_courtyards_of_multipolygons_are_open_and_counted_once(tmp_path: Path) -> None:
    sample = Map()
    outer = sample.box(0, 0, 40, 40, building="yes", height="10")
    inner = sample.box(10, 10, 20, 20)
    sample.relation(
        [(outer, "outer"), (inner, "inner")], type="multipolygon", building="yes", height="10"
    )
    asset = open_city(sample.written(tmp_path))
    assert asset.features.counts_by_kind() == {"Building": 1}
    assert flat_area(asset, Surface.ROOF) == pytest.approx(1600 - 400, rel=5e-3)
    assert asset.counts == {
        "nodes": 8, "ways": 2, "relations": 1, "multipolygons": 1, "building": 1,
        "buildings with height or levels": 1,
    }  # fmt: skip


def test_outlines_in_pieces_are_joined(tmp_path: Path) -> None:
    sample = Map()
    first = sample.way([(0, 0), (40, 0), (40, 30)])
    second = sample.way([(0, 0), (0, 30), (40, 30)])
    sample.relation([(first, "outer"), (second, "outer")], type="multipolygon", natural="water")
    asset = open_city(sample.written(tmp_path))
    assert flat_area(asset, Surface.WATER) == pytest.approx(1200, rel=5e-3)


def test_missing_members_are_named_and_the_rest_is_drawn(tmp_path: Path) -> None:
    sample = Map()
    sample.box(0, 0, 10, 10, building="yes", height="5")
    there = sample.way([(50, 0), (90, 0), (90, 30)])
    sample.relation([(there, "outer"), (999, "outer")], type="multipolygon", natural="water")
    asset = open_city(sample.written(tmp_path))
    assert warned(asset) == {"missing-members": 1, "incomplete-area": 1}
    assert asset.features.counts_by_kind() == {"Building": 1}


def test_joined_ends() -> None:
    rings = joined_ends([[1, 2, 3], [5, 4, 3], [5, 1], [7, 8, 9, 7], [20, 21]])
    assert [ring[0] == ring[-1] for ring in rings] == [True, True, False]
    assert sorted(rings[0][:-1]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("wide", "replaced"), [(20, True), (5, False)])
def test_parts_replace_the_outline_they_cover(tmp_path: Path, wide: float, replaced: bool) -> None:
    sample = Map()
    sample.box(0, 0, 20, 20, building="yes", height="30", name="Tower")
    sample.box(0, 0, wide, 20, building__part="yes", height="12")
    sample.box(2, 2, 3, 3, building__part="yes", min_height="12", height="40")
    asset = open_city(sample.written(tmp_path))
    assert asset.features.counts_by_kind() == {"Building": 1, "BuildingPart": 2}
    outline = row(asset, "Building")
    assert asset.features.parents.tolist().count(outline) == 2
    assert (outline not in asset.soup.features) == replaced
    spire = row(asset, "BuildingPart", 1)
    assert asset.features.bounds_min_max_local_m[spire, [2, 5]].tolist() == [12.0, 40.0]


def test_a_gabled_roof_has_its_eaves_below(tmp_path: Path) -> None:
    sample = Map()
    sample.box(0, 0, 20, 10, building="house", height="9", roof__shape="gabled", roof__height="3")
    asset = open_city(sample.written(tmp_path))
    roof = asset.soup.corners_local_m[asset.soup.surfaces == Surface.ROOF]
    assert sorted({round(float(z), 2) for z in roof[:, :, 2].ravel()}) == [6.0, 9.0]


def test_smaller_areas_lie_above_larger_ones_and_lines_above_all(tmp_path: Path) -> None:
    sample = Map()
    sample.box(0, 0, 200, 200, leisure="park", name="Park")
    sample.box(50, 50, 60, 60, natural="water")
    sample.box(70, 70, 10, 10, natural="wood")
    sample.way([(-50, 100), (250, 100)], highway="footway")
    sample.way([(100, -50), (100, 250)], highway="primary", name="High Street", oneway="yes")
    sample.way([(120, -50), (120, 250)], railway="tram")
    asset = open_city(sample.written(tmp_path))
    soup, features = asset.soup, asset.features

    def height(kind: str, number: int = 0) -> float:
        flat = soup.corners_local_m[
            (soup.features == row(asset, kind, number)) & (soup.surfaces != Surface.OTHER)
        ]
        return float(np.median(flat[:, :, 2]))

    park, lake = height("PlantCover"), height("WaterBody")
    path, road, rail = height("Path"), height("Road"), height("Railway")
    assert park < lake < path < road < rail < 1.0
    island = soup.corners_local_m[
        (soup.features == row(asset, "PlantCover", 1)) & (soup.surfaces == Surface.GREEN)
    ]
    assert island[:, :, 2].min() > lake
    assert features.attributes_of(row(asset, "Road"))["oneway"] == "yes"
    assert [place.kind for place in asset.places] == ["park"]


def test_streets_are_cut_where_they_meet(tmp_path: Path) -> None:
    sample = Map()
    sample.way(
        [(0, 0), (100, 0), (200, 0)], highway="primary", name="Long", maxspeed="60", lanes="4"
    )
    sample.way([(100, 0), (100, 50), (100.2, 80), (100, 100)], highway="residential", name="Side")
    sample.way([(100, 100), (150, 100)], highway="footway", name="Steps")
    sample.way([(200, 0), (300, 0)], highway="service")
    sample.way([(300, 0), (300, 90)], highway="residential", access="no")
    sample.node(100, 0)
    streets = open_city(sample.written(tmp_path)).streets
    assert streets is not None
    assert sorted(streets.names) == ["Long", "Long", "Service road by Long", "Side"]
    graph = StreetGraph(streets)
    assert (graph.n_edges, len(graph.core)) == (4, 5)
    assert sorted(graph.degrees().tolist()) == [1, 1, 1, 2, 3]
    by_name = dict(zip(streets.names, zip(streets.widths_m, streets.speeds_mps, strict=True),
                       strict=True))  # fmt: skip
    assert by_name["Long"] == pytest.approx((4 * 3.1 + 0.4, 60 / 3.6))
    assert by_name["Side"] == pytest.approx((6.5, 30 / 3.6))
    assert float(graph.length_m.sum()) == pytest.approx(400, rel=5e-3)


def test_a_junction_is_one_signal_named_after_its_streets(tmp_path: Path) -> None:
    sample = Map()
    for y in (-5, 5):
        sample.node(0, y, highway="traffic_signals")
    sample.node(500, 0, highway="traffic_signals")
    sample.way([(-50, 5), (0, 5), (50, 5)], highway="primary", name="A Street")
    sample.way([(0, -50), (0, -5), (0, 5), (0, 50)], highway="residential", name="B Street")
    sample.way([(450, 0), (500, 0)], highway="service")
    asset = open_city(sample.written(tmp_path))
    signals = [place for place in asset.places if place.kind == "signal"]
    assert sorted(place.name for place in signals) == [
        "B Street / A Street",
        "Traffic signals",
    ]


def test_places_stand_on_the_roof_of_their_building(tmp_path: Path) -> None:
    sample = Map()
    sample.box(0, 0, 30, 30, building="yes", height="20")
    sample.node(10, 10, amenity="police", name="Station 5")
    sample.box(100, 0, 30, 30, building="hospital", amenity="hospital", name="St. Anna", height="8")
    asset = open_city(sample.written(tmp_path))
    found = {place.kind: place for place in asset.places}
    assert found["police_station"].xyz_local_m[2] == 20.0
    assert found["police_station"].feature == row(asset, "Building", 0)
    assert found["hospital"].xyz_local_m[2] == 8.0
    assert all(type(value) is float for place in asset.places for value in place.xyz_local_m)


@pytest.mark.parametrize("turned", [False, True])
def test_the_sea_lies_right_of_its_coastline(tmp_path: Path, turned: bool) -> None:
    sample = Map()
    sample.box(-20, 50, 20, 20, building="yes", height="9")
    sample.way([(-200, 80), (200, 80)], highway="residential")
    coast = [(-300.0, 0.0), (0.0, 0.0), (300.0, 0.0)]
    sample.way(coast[::-1] if turned else coast, natural="coastline")
    head = ""
    asset = open_city(sample.written(tmp_path, head=head))
    sea = asset.soup.corners_local_m[asset.soup.surfaces == Surface.WATER].mean(axis=1)
    building = asset.features.bounds_min_max_local_m[row(asset, "Building")]
    assert len(sea)
    assert (sea[:, 1].mean() > building[1]) == turned
    assert "coastline" in warned(asset)


def test_rare_tags_stay_readable() -> None:
    tags = [{"name": "A", f"odd:{k}": "x", "maxspeed": "walk" if k else "30"} for k in range(200)]
    columns = tag_columns(tags)
    assert len(columns) == MOST_KEYS + 1
    assert columns["maxspeed"][0] == 30.0
    assert np.isnan(columns["maxspeed"][5])
    assert columns[OTHER_TAGS][199] in ("odd:199=x; maxspeed=walk", "maxspeed=walk; odd:199=x")


def test_far_ends_of_ferries_do_not_move_the_city(tmp_path: Path) -> None:
    sample = Map()
    sample.box(0, 0, 20, 20, building="yes", height="9")
    for k in range(8):
        sample.node(5.0 * k, 60.0, amenity="bench")
    sample.way([(0, 0), (400_000, 300_000)], route="ferry")
    asset = open_city(sample.written(tmp_path))
    assert warned(asset)["far-away"] == 1
    assert np.abs(asset.features.bounds_min_max_local_m).max() < 100


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<osm version="0.6"><node id="1" lat="1" lon="2"><tag k="a" v="&x;"/></node></osm>',
        '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
        '<osm version="0.6"><node id="1" lat="1" lon="2"><tag k="a" v="&b;"/></node></osm>',
        '<osm version="0.6"></osm>',
        '<osm version="0.6"><node id="1" lat="1" lon="2"/></osm>',
        '<osm version="0.6"><node id="x" lat="1" lon="2"/></osm>',
        '<osm version="0.6"><way id="1"><nd ref="5"/><tag k="highway" v="primary"/></way></osm>',
        "<gml/>",
    ],
)
def test_what_is_no_map_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.osm"
    path.write_text(text)
    with pytest.raises(ReadError) as caught:
        open_city(path)
    assert "\n" not in str(caught.value)


def test_furnish_invents_only_what_the_map_does_not_know(tmp_path: Path) -> None:
    sample = Map()
    for k in range(12):
        sample.box(40 * k, 20, 25, 25, building="yes", height="9")
    sample.way([(0, 0), (240, 0), (480, 0)], highway="residential", name="Real Street")
    sample.way([(240, 0), (240, -200)], highway="residential", name="Side Street")
    sample.node(100, 60, amenity="hospital", name="St. Anna")
    asset = furnish(open_city(sample.written(tmp_path)))
    assert asset.streets is not None
    assert set(asset.streets.names) == {"Real Street", "Side Street"}
    assert [p.name for p in asset.places if p.kind == "hospital"] == ["St. Anna"]
    assert {"pump_station", "signal", "substation"} <= {place.kind for place in asset.places}
    assert furnish(asset) is asset


def test_one_way_streets_and_tunnels_are_told(tmp_path):
    """-1 turns the edge round, a roundabout and a motorway are one-way without saying so."""
    path = tmp_path / "town.osm"
    nodes = "".join(
        f'<node id="{i}" lat="{52.0 + 0.001 * (i % 4)}" lon="{4.0 + 0.002 * (i // 4)}"/>'
        for i in range(1, 17)
    )
    ways = [
        ((1, 2), {"highway": "residential", "name": "A", "oneway": "yes"}),
        ((2, 3), {"highway": "residential", "name": "B", "oneway": "-1"}),
        ((3, 4), {"highway": "residential", "name": "C", "junction": "roundabout"}),
        ((4, 8), {"highway": "motorway", "name": "D"}),
        ((8, 12), {"highway": "motorway", "name": "E", "oneway": "no"}),
        ((12, 16), {"highway": "primary", "name": "F", "tunnel": "yes"}),
    ]
    text = "".join(
        f'<way id="{k}">'
        + "".join(f'<nd ref="{ref}"/>' for ref in refs)
        + "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        + "</way>"
        for k, (refs, tags) in enumerate(ways, 1)
    )
    path.write_text(f'<osm version="0.6">{nodes}{text}</osm>')
    streets = open_city(path).streets
    assert streets is not None
    row = {name: k for k, name in enumerate(streets.names)}
    assert {name: bool(streets.is_one_way[k]) for name, k in row.items()} == {
        "A": True, "B": True, "C": True, "D": True, "E": False, "F": False
    }  # fmt: skip
    assert [name for name, k in row.items() if streets.is_below[k]] == ["F"]
    north = streets.nodes_local_m[streets.edges][:, :, 1]
    assert north[row["A"], 1] > north[row["A"], 0]
    assert north[row["B"], 1] < north[row["B"], 0]
