"""What leaves the console: models, tables, tracks."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from tests.twin.box_city import city_of_boxes
from tests.widgets.panel_world import World
from twin.city.frames import Origin
from twin.city.resident_range import ResidentRange
from twin.city.residents import ResidentFeatures
from twin.clock import NS_PER_S
from twin.errors import CrsError
from twin.export.chosen import Piece, chosen_of, table_rows
from twin.export.czml import UnitRecorder
from twin.export.models import NothingToExportError, glb_of_pieces
from twin.export.sensors import rows_of_sensors, sensors_now
from twin.export.tables import TableRow, csv_of, geojson_of
from twin.sense.model import Unit
from twin.tiles.partition import tiles_from_asset

HAGUE = Origin(crs="EPSG:28992", east_m=81_000.0, north_m=455_000.0, height_m=1.0)


def glb_of(asset, tiles, rows):
    pieces = [Piece(table=asset.features, tiles=tiles)]
    return glb_of_pieces(pieces, chosen_of(asset.features, rows))


def test_a_model_holds_exactly_the_chosen_features():
    import trimesh

    asset = city_of_boxes()
    tiles = tiles_from_asset(asset, features_per_tile=2)
    rows = [0, asset.features.n_features - 1]
    scene = trimesh.load_scene(io.BytesIO(glb_of(asset, tiles, rows)), file_type="glb")
    wanted = np.isin(asset.soup.features, rows)
    assert sum(len(mesh.faces) for mesh in scene.geometry.values()) == np.count_nonzero(wanted)
    assert set(scene.geometry) == {asset.features.ids[row] for row in rows}
    extent = scene.bounds[1] - scene.bounds[0]
    corners = asset.soup.corners_local_m[wanted].reshape(-1, 3)
    east, north, up = np.ptp(corners, axis=0)
    np.testing.assert_allclose(extent, [east, up, north], rtol=1e-5)
    assert scene.bounds[0][1] == pytest.approx(0.0, abs=1e-4)  # stands on its ground


def test_a_model_of_nothing_says_so():
    asset = city_of_boxes()
    with pytest.raises(NothingToExportError, match="no surfaces"):
        glb_of(asset, tiles_from_asset(asset), [])


def test_csv_tells_places_in_degrees_and_never_runs_a_formula():
    rows = [
        TableRow(id="=1+1", xyz_local_m=(0.0, 0.0, 0.0), values={"name": "@x", "level": -2.5}),
        TableRow(id="b", xyz_local_m=None, values={"name": 'a "quoted", text'}),
    ]
    table = list(csv.DictReader(io.StringIO(csv_of(rows, HAGUE))))
    assert [row["id"] for row in table] == ["'=1+1", "b"]
    assert (float(table[0]["longitude"]), float(table[0]["latitude"])) == pytest.approx(
        (4.3077, 52.0783), abs=5e-4
    )
    assert table[0]["name"] == "'@x"
    assert float(table[0]["level"]) == -2.5
    assert table[1]["name"] == 'a "quoted", text'
    assert table[1]["longitude"] == ""


def test_csv_of_a_city_without_crs_gives_metres():
    rows = [TableRow(id="a", xyz_local_m=(1.5, -2.0, 0.0))]
    table = list(csv.DictReader(io.StringIO(csv_of(rows, Origin(crs=None)))))
    assert (float(table[0]["x_m"]), float(table[0]["y_m"])) == (1.5, -2.0)


def test_geojson_of_features_carries_their_attributes():
    asset = city_of_boxes()
    rows = table_rows(chosen_of(asset.features, [0]))
    made = json.loads(geojson_of(rows, HAGUE))
    [feature] = made["features"]
    assert feature["id"] == asset.features.ids[0]
    assert feature["properties"]["kind"] == asset.features.kind(0)
    assert feature["geometry"]["type"] == "Point"
    with pytest.raises(CrsError, match="--crs"):
        geojson_of(rows, Origin(crs=None))


def test_czml_follows_a_unit_and_does_not_let_a_waiting_one_drift():
    recorder = UnitRecorder(HAGUE)
    unit = Unit(index=0, id="bus-1", name="Bus 1", kind="bus")
    xs = [0.0, 0.0, 0.0, 0.0, 100.0]
    for second, x in enumerate(xs):
        recorder.add(second * NS_PER_S, [unit], np.array([[x, 0.0, 3.0]], np.float32))
    document, packet = json.loads(recorder.czml())
    assert document["version"] == "1.0"
    numbers = np.array(packet["position"]["cartographicDegrees"]).reshape(-1, 4)
    assert numbers[:, 0].tolist() == [0.0, 3.0, 4.0]  # stood until second 3, then moved
    assert numbers[0, 1:3].tolist() == numbers[1, 1:3].tolist()
    assert numbers[2, 1] > numbers[1, 1]
    assert numbers[:, 3].tolist() == [4.0, 4.0, 4.0]  # 3 m above the origin's 1 m


def test_czml_leaves_out_units_never_seen():
    recorder = UnitRecorder(HAGUE)
    unit = Unit(index=0, id="u", name="U", kind="car")
    recorder.add(0, [unit], np.full((1, 3), np.nan, np.float32))
    assert recorder.n_units == 0
    assert len(json.loads(recorder.czml())) == 1


class FakeTable:
    """Stands for the table beside a streamed source."""

    columns = ("storeys",)
    n_features = 100

    def attributes_of(self, row):
        return {"storeys": float(row)}


def streamed(asset, *, n_times=1):
    """A live table that holds the features of an asset so many times, as its tiles do."""
    features = ResidentFeatures()
    n = asset.features.n_features
    own = {"row": np.arange(n, dtype=float), "zmin": np.zeros(n), "merged": np.ones(n)}
    table = replace(asset.features, attributes=own)
    for _ in range(n_times):
        features.admit(ResidentRange(features.reserve(n), table, "city"))
    features.set_table("city", FakeTable())
    return features, table


def test_features_of_a_streamed_city_come_once_with_all_attributes():
    asset = city_of_boxes()
    n = asset.features.n_features
    features, _table = streamed(asset, n_times=2)
    rows = table_rows(chosen_of(features, [2, n + 2, 1, 10_000, -1]))
    assert [row.id for row in rows] == [asset.features.ids[2], asset.features.ids[1]]
    assert rows[0].values["storeys"] == 2.0
    assert not {"row", "zmin", "merged"} & set(rows[0].values)
    near = chosen_of(features, [2])[0].near_attributes
    assert near == {}  # nothing that came with the tile is for a person


def test_a_model_takes_each_streamed_feature_from_the_finest_tile_alone():
    import trimesh

    asset = city_of_boxes()
    features, table = streamed(asset)
    fine, coarse = asset.soup, tiles_from_asset(asset)
    coarse_tiles = [replace(tile, points_local_m=tile.points_local_m * 2) for tile in coarse]
    pieces = [Piece(table=table, tiles=coarse), Piece(table=table, tiles=coarse_tiles)]
    content = glb_of_pieces(pieces, chosen_of(features, [1]))
    scene = trimesh.load_scene(io.BytesIO(content), file_type="glb")
    wanted = fine.corners_local_m[fine.features == 1]
    (mesh,) = scene.geometry.values()
    assert len(mesh.faces) == len(wanted)
    east, north, up = np.ptp(wanted.reshape(-1, 3), axis=0)
    np.testing.assert_allclose(scene.bounds[1] - scene.bounds[0], [east, up, north], rtol=1e-5)
    assert mesh.metadata["storeys"] == 1.0


def test_sensors_are_told_with_value_age_and_health(tmp_path):
    world = World(tmp_path)
    world.fill()
    try:
        now = sensors_now(world.store, world.clock.now_ns())
        rows = rows_of_sensors(now)
        assert [row.id for row in rows] == [one.id for one in world.store.datastreams]
        known = [row for row in rows if row.values["value"] is not None]
        never = [row for row in rows if row.values["value"] is None]
        assert {row.values["health"] for row in never} == {"never"}
        assert all(row.values["age_s"] is None and row.values["time"] is None for row in never)
        slot = world.store.slot_of(known[0].id)
        assert known[0].values["value"] == world.store.snapshot().values[slot]
        assert all(row.values["age_s"] >= 0 for row in known)
        assert {"fresh", "stale"} <= {row.values["health"] for row in known}
        seen = datetime.fromisoformat(str(known[0].values["time"]))
        told_ns = world.store.snapshot().t_ns[slot]
        assert seen.timestamp() == pytest.approx(told_ns / NS_PER_S, abs=2e-3)
        assert "thing_id" in csv_of(rows, HAGUE).splitlines()[0]
    finally:
        world.close()
