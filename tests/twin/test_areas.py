"""Areas and cordons: from tables, from GeoJSON, and what is refused."""

import json

import numpy as np
import pytest

from twin.city.areas import (
    Area,
    AreaError,
    area_from_table,
    areas_from_geojson,
    areas_of_scene,
    circle_area,
    table_from_area,
)
from twin.city.frames import Origin, geographic_from_local
from twin.city.scene_file import SceneFile
from twin.errors import ReadError

ORIGIN = Origin(crs="EPSG:32632", east_m=373000.0, north_m=4843500.0, height_m=0.0)
SQUARE = ((0.0, 0.0), (100.0, 0.0), (100.0, 80.0), (0.0, 80.0), (0.0, 0.0))


def test_a_circle_keeps_its_radius():
    ring = circle_area("c", "Cordon", (10.0, 20.0), 50.0).rings_local_m()[0]
    assert np.allclose(np.hypot(ring[:, 0] - 10.0, ring[:, 1] - 20.0), 50.0)
    assert ring[0].tolist() == ring[-1].tolist()
    with pytest.raises(AreaError, match="radius"):
        circle_area("c", "Cordon", (0.0, 0.0), -1.0)


def test_an_area_survives_the_way_through_a_table():
    area = Area(id="a", name="Zone", rings=(SQUARE,), colour="#C4162A")
    assert area_from_table(table_from_area(area)) == area
    assert area_from_table({"rings": [SQUARE[:-1]]}, 3).name == "Area 3"
    assert area_from_table({"rings": [SQUARE[:-1]]}).rings == (SQUARE,)


def test_geojson_comes_out_where_it_was_drawn(tmp_path):
    degrees = geographic_from_local(np.array(SQUARE), ORIGIN)[:, :2].tolist()
    features = [
        {"type": "Feature", "properties": {"name": "Zone", "fill": "#112233"},
         "geometry": {"type": "Polygon", "coordinates": [degrees]}},
        {"type": "Feature", "properties": {"radius_m": 30.0},
         "geometry": {"type": "Point", "coordinates": degrees[0]}},
    ]  # fmt: skip
    path = tmp_path / "areas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    zone, circle = areas_from_geojson(path, ORIGIN)
    assert (zone.name, zone.colour) == ("Zone", "#112233")
    assert np.allclose(zone.rings_local_m()[0], SQUARE, atol=1e-3)
    assert np.allclose(np.hypot(*circle.rings_local_m()[0].T), 30.0, atol=1e-3)


@pytest.mark.parametrize(
    "text",
    ["", "[1", "[]", "{}", '{"features": 3}', '{"type": "Polygon", "coordinates": [[[1, 2]]]}',
     '{"type": "Polygon", "coordinates": [["a", "b", "c"]]}',
     '{"type": "Point", "coordinates": [1, 2]}'],
)  # fmt: skip
def test_what_is_no_area_is_one_sentence(tmp_path, text):
    path = tmp_path / "bad.geojson"
    path.write_text(text)
    with pytest.raises(ReadError, match=r"bad\.geojson"):
        areas_from_geojson(path, ORIGIN)


def test_a_scene_keeps_its_good_areas_and_names_the_bad_ones(tmp_path):
    tables = [
        {"name": "Good", "middle": [0.0, 0.0], "radius_m": 20.0},
        {"name": "Bad", "rings": [[[0, 0], [1, 1]]]},
        {"path": "gone.geojson"},
        7,
    ]
    scene = SceneFile(path=tmp_path / "scene.toml", tables={"area": tables})
    areas, complaints = areas_of_scene(scene, ORIGIN)
    assert [area.name for area in areas] == ["Good"]
    assert len(complaints) == 3
    assert "“Bad”" in complaints[0]
    assert "gone.geojson" in complaints[1]
    assert areas_of_scene(None, ORIGIN) == ((), [])
