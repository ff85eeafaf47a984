"""Photographs on façades: pages, what hides them, and that nothing waits for them."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes import photo_pages
from scenes.city_scene import CityScene
from scenes.layers.photographs import PhotographsState
from scenes.offscreen import OffscreenWindow
from scenes.photo_pages import has_photographs, pages_of
from scenes.scene_input import SceneInput
from scenes.shader_part import ShaderPart
from scenes.style_texture import Alpha
from tests.twin.box_city import city_of_boxes
from twin.city.asset import CityAsset, Material
from twin.readers.base import open_city
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset

PINK = (250, 20, 220)
GREEN = (20, 200, 30)


def image(colour: tuple[int, int, int], size: tuple[int, int] = (8, 8)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()


def painted(materials: tuple[Material, ...], *, uv: bool = True) -> CityAsset:
    """Nine boxes; triangles of box n have material n where there is one."""
    city = city_of_boxes()
    soup = city.soup
    numbers = np.where(soup.features < len(materials), soup.features, -1).astype(np.int32)
    places = np.zeros((soup.n_triangles, 3, 2), np.float32) + 0.5
    return replace(
        city,
        soup=replace(soup, materials=numbers, uv=places if uv else None),
        materials=materials,
    )


def never() -> bool:
    return False


@pytest.fixture
def window() -> Iterator[OffscreenWindow]:
    made = OffscreenWindow(400, 300)
    yield made
    made.close()


def drawn(window: OffscreenWindow, city: CityAsset) -> CityScene:
    """The city from straight above with all its photographs."""
    scene = CityScene(window.renderer, theme=load_theme("light"))
    scene.set_city(city, tiles_from_asset(city))
    scene.camera.fly_to((0.0, 0.0, 0.0), 500.0, azimuth_rad=0.0, elevation_rad=1.55, animated=False)
    wait_for_photographs(scene)
    window.render()
    return scene


def wait_for_photographs(scene: CityScene) -> None:
    scene.update(SceneInput())
    faces = scene._layers._entries["photographs"].visual._faces
    pause = threading.Event()
    for _ in range(2000):
        scene.update(SceneInput())
        if faces is None or faces.is_complete:
            return
        pause.wait(0.005)
    raise AssertionError("the photographs never came")


def colour_at(window: OffscreenWindow, scene: CityScene, box: int) -> np.ndarray:
    bounds = scene._stage.asset.features.bounds_min_max_local_m[box]
    place = (float(bounds[[0, 3]].mean()), float(bounds[[1, 4]].mean()), float(bounds[5]))
    at = scene.pixel_from_local(place)
    assert at is not None
    window.render()
    return window.pixels()[round(at[1]), round(at[0])].astype(int)


def is_near(seen: np.ndarray, colour: tuple[int, int, int]) -> bool:
    """Whether a pixel has the colour in some light."""
    wanted = np.array(colour, float)
    return bool(np.abs(seen / seen.max() - wanted / wanted.max()).max() < 0.08)


def test_roofs_show_their_photographs_and_others_stay_plain(window: OffscreenWindow) -> None:
    city = painted((Material(image=image(PINK)), Material(image=image(GREEN))))
    scene = drawn(window, city)
    assert is_near(colour_at(window, scene, 0), PINK)
    assert is_near(colour_at(window, scene, 1), GREEN)
    assert np.ptp(colour_at(window, scene, 2)) < 30
    bounds = city.features.bounds_min_max_local_m[0]
    middle = (float(bounds[[0, 3]].mean()), float(bounds[[1, 4]].mean()), float(bounds[5]))
    at = scene.pixel_from_local(middle)
    assert at is not None
    picked = scene.pick(*at)
    assert picked is not None
    assert picked.feature == 0
    scene.dispose()


def test_photographs_count_in_the_memory_budget(window: OffscreenWindow) -> None:
    scene = drawn(window, painted((Material(image=image(PINK)),)))
    held = scene.budget.held["photographs and points"]
    assert held > 0
    scene.set_city(painted(()), ())
    scene.update(SceneInput())
    assert scene.budget.held["photographs and points"] == 0
    scene.dispose()


def test_selection_data_and_hiding_win_over_a_photograph(window: OffscreenWindow) -> None:
    scene = drawn(window, painted((Material(image=image(PINK)),) * 3))
    rgba = np.zeros((9, 4), np.uint8)
    rgba[1] = (10, 90, 200, Alpha.DATA)
    scene.set_feature_colours(rgba)
    hidden = np.zeros(9, bool)
    hidden[2] = True
    scene.set_hidden_features(hidden)
    scene.update(SceneInput())
    assert is_near(colour_at(window, scene, 0), PINK)
    assert is_near(colour_at(window, scene, 1), (10, 90, 200))
    assert not is_near(colour_at(window, scene, 2), PINK)
    scene.dispose()


def test_the_layer_can_be_switched_off_and_on(window: OffscreenWindow) -> None:
    scene = drawn(window, painted((Material(image=image(PINK)),)))
    scene.set_layer_visible("photographs", visible=False)
    scene.update(SceneInput())
    assert np.ptp(colour_at(window, scene, 0)) < 30
    scene.set_layer_visible("photographs", visible=True)
    scene.update(SceneInput())
    assert is_near(colour_at(window, scene, 0), PINK)
    scene.dispose()


def test_photographs_give_way_to_what_a_tool_draws(window: OffscreenWindow) -> None:
    scene = drawn(window, painted((Material(image=image(PINK)),)))
    part = ShaderPart(id="test", fragment="ambientColor = vec3(0.0, 0.2, 0.9);\n")
    scene._stage.add_shader_part(part)
    scene.update(SceneInput())
    assert is_near(colour_at(window, scene, 0), (0, 51, 230))
    scene._stage.drop_shader_part("test")
    scene.update(SceneInput())
    assert is_near(colour_at(window, scene, 0), PINK)
    scene.dispose()


def test_plain_colours_are_drawn_when_asked_for(window: OffscreenWindow) -> None:
    scene = drawn(window, painted((Material(rgba=(*GREEN, 255)),), uv=False))
    assert np.ptp(colour_at(window, scene, 0)) < 30
    scene.set_layer_state("photographs", PhotographsState(plain_colours=True))
    wait_for_photographs(scene)
    assert is_near(colour_at(window, scene, 0), GREEN)
    scene.set_layer_state("photographs", PhotographsState())
    scene.update(SceneInput())
    assert np.ptp(colour_at(window, scene, 0)) < 30
    scene.dispose()


def test_disposing_ends_the_thread_in_the_middle_of_its_work(window: OffscreenWindow) -> None:
    city = painted(tuple(Material(image=image((n, 0, 0), (600, 600))) for n in range(9)))
    scene = CityScene(window.renderer, theme=load_theme("light"))
    scene.set_city(city, tiles_from_asset(city))
    scene.update(SceneInput())
    assert any(thread.name == "photographs" for thread in threading.enumerate())
    scene.dispose()
    assert not any(thread.name == "photographs" for thread in threading.enumerate())


def test_broken_and_huge_images_cost_only_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    good = image(PINK)
    cut_off = image(GREEN, (64, 64))
    city = painted(
        (
            Material(image=b"no image"),
            Material(image=image(GREEN, (300, 300))),
            Material(image=cut_off[: len(cut_off) - 30]),
            Material(image=Path("/nowhere/wall.jpg")),
            Material(image=good),
        )
    )
    pages = list(pages_of(city, never))
    assert [set(city.soup.features[page.rows].tolist()) for page in pages] == [{4}]


def test_images_are_made_smaller_until_all_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_pages, "MAX_TEXTURE_BYTES", 400_000)
    city = painted(tuple(Material(image=image((n, 9, 9), (512, 256))) for n in range(4)))
    pages = list(pages_of(city, never))
    assert [page.pixels.shape for page in pages] == [(64, 128, 3)] * 4
    assert has_photographs(city)
    assert not has_photographs(city_of_boxes())


def test_many_small_photographs_share_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_pages, "MANY", 4)
    colours = [(25 * n + 5, 255 - 20 * n, 77) for n in range(9)]
    sizes = [(300 + 20 * n, 100 + 40 * n) for n in range(9)]
    materials = tuple(
        Material(image=image(colour, size)) for colour, size in zip(colours, sizes, strict=True)
    )
    city = painted(materials)
    pages = list(pages_of(city, never))
    assert 1 <= len(pages) < 4
    seen = {}
    for page in pages:
        height, width = page.pixels.shape[:2]
        assert (height, width) == (photo_pages.PAGE_PX, photo_pages.PAGE_PX)
        at = np.floor(page.uv * [width, height]).astype(int)
        shown = page.pixels[at[..., 1], at[..., 0]].reshape(-1, 3)
        rows = np.repeat(city.soup.features[page.rows], 3)
        for feature in np.unique(rows).tolist():
            seen[feature] = np.unique(shown[rows == feature], axis=0).tolist()
    assert seen == {n: [list(colour)] for n, colour in enumerate(colours)}


def test_repeated_images_keep_a_page_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_pages, "MANY", 0)
    city = painted((Material(image=image(PINK)),))
    assert city.soup.uv is not None
    city = replace(city, soup=replace(city.soup, uv=city.soup.uv * 9.0))
    (page,) = pages_of(city, never)
    assert page.repeats
    assert page.pixels.shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("name", "n_pages"),
    [
        ("cityjson/rotterdam_two_buildings_textures.v0x.zip", 14),
        ("citygml/yokosuka_plateau/udx/bldg/52397519_bldg_6697_op.gml", 3),
        ("citygml/ingolstadt_lod3_4018198/4018198.xml", 4),
    ],
)
def test_real_cities_have_all_their_photographs(shared_data: Path, name: str, n_pages: int) -> None:
    city = open_city(shared_data / name)
    pages = list(pages_of(city, never))
    assert len(pages) == n_pages if n_pages <= photo_pages.MANY else 0 < len(pages) <= n_pages
    assert city.soup.materials is not None
    drawn_rows = np.concatenate([page.rows for page in pages])
    assert sorted(drawn_rows.tolist()) == np.flatnonzero(city.soup.materials >= 0).tolist()
