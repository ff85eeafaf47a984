"""IFC: a small house made by the library, placed, coloured, cut off; the worker is ended."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

pytest.importorskip("ifcopenshell", reason="needs the extra 'formats'")

from tests.twin.ifc_house import (
    EAST_M,
    HEIGHT_M,
    LENGTH_M,
    NORTH_M,
    STOREY_M,
    TURN_RAD,
    WIDTH_M,
    write_house,
)
from twin.city.asset import Surface
from twin.city.frames import projected_from_local
from twin.errors import ReadError
from twin.readers import ifc
from twin.readers.base import ReadOptions, no_progress, open_city


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ifc") / "house.ifc"
    write_house(path)
    return path


def test_elements_become_features_with_parents_and_property_sets(house: Path) -> None:
    steps: list[float] = []
    city = ifc.read(house, ReadOptions(), steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    assert dict(city.counts) == {
        "IfcWall": 4, "IfcSlab": 1, "IfcSpace": 1, "IfcSite": 1, "IfcBuilding": 1,
        "IfcBuildingStorey": 1,
    }  # fmt: skip
    table = city.features
    names = [table.attributes_of(row).get("name") for row in range(table.n_features)]
    south, storey = names.index("South"), names.index("BuildingStorey")
    assert table.parents[south] == storey
    assert table.attributes_of(south) == {
        "name": "South", "Pset_House.FireRating": "F90", "Pset_House.Load": 2.5,
        "Pset_House.IsOuter": "yes",
    }  # fmt: skip
    room = names.index("Living room")
    assert np.isnan(table.bounds_min_max_local_m[room]).all()


def test_the_map_conversion_places_and_turns_the_house(house: Path) -> None:
    city = open_city(house)
    assert city.source_crs == "EPSG:25832"
    points = projected_from_local(city.soup.corners_local_m.reshape(-1, 3), city.origin)
    offset = points - [EAST_M, NORTH_M, HEIGHT_M]
    along = offset[:, :2] @ [np.cos(TURN_RAD), np.sin(TURN_RAD)]
    across = offset[:, :2] @ [-np.sin(TURN_RAD), np.cos(TURN_RAD)]
    assert (along.min(), along.max()) == pytest.approx((0.0, LENGTH_M), abs=1e-3)
    assert (across.min(), across.max()) == pytest.approx((0.0, WIDTH_M), abs=1e-3)
    assert offset[:, 2].max() == pytest.approx(STOREY_M + 0.2, abs=1e-3)


def test_walls_slab_and_its_colour(house: Path) -> None:
    city = open_city(house)
    soup = city.soup
    assert soup.n_triangles == 5 * 12
    assert soup.materials is not None
    coloured = np.unique(soup.features[soup.materials >= 0])
    assert [city.features.kind(row) for row in coloured] == ["IfcSlab"]
    assert city.materials[0].rgba == (204, 51, 26, 255)
    of_slab = soup.surfaces[soup.features == coloured[0]]
    assert sorted(set(of_slab.tolist())) == [Surface.WALL, Surface.ROOF, Surface.GROUND]


def test_a_house_without_a_place_is_not_georeferenced(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.ifc"
    write_house(path, georeferenced=False, millimetres=False)
    city = open_city(path)
    assert city.origin.crs is None
    assert {warning.kind for warning in city.warnings} == {"no-crs"}
    assert city.source_bounds == pytest.approx((0, 0, 0, LENGTH_M, WIDTH_M, STOREY_M + 0.2))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_cut_off_files_open_in_part_or_say_why_not(
    house: Path, tmp_path: Path, share: float
) -> None:
    content = house.read_bytes()
    path = tmp_path / "cut.ifc"
    path.write_bytes(content[: int(share * len(content))])
    started = perf_counter()
    said, kinds = "", set()
    try:
        kinds = {warning.kind for warning in open_city(path).warnings}
    except ReadError as error:
        said = str(error)
    assert ("truncated" in kinds) != said.endswith(str(path))
    assert "\n" not in said
    assert perf_counter() - started < 15.0


def test_a_worker_that_falls_silent_is_ended(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ifc, "MAX_SILENT_SECONDS", 0.0)
    monkeypatch.setattr(ifc, "MAX_SECONDS", 0.02)
    with pytest.raises(ReadError, match="too long"):
        ifc.read(house, ReadOptions(), no_progress)


def test_cancelling_ends_the_worker(house: Path) -> None:
    def cancel(fraction: float) -> None:
        raise KeyboardInterrupt(fraction)

    with pytest.raises(KeyboardInterrupt):
        ifc.read(house, ReadOptions(), cancel)


def test_a_model_without_elements_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.ifc"
    path.write_text(
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','',(''),(''),'','','');"
        "\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\nENDSEC;\nEND-ISO-10303-21;\n"
    )
    with pytest.raises(ReadError, match="IFC"):
        open_city(path)
