"""A picture drawn in parts is the picture drawn in one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import scenes.big_picture
from scenes.big_picture import save_big_png
from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from scenes.scene_input import SceneInput
from twin.generate.city import generate_city
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset


@pytest.fixture(scope="module")
def city():
    asset = generate_city(n_buildings=500, seed=3)
    return asset, tiles_from_asset(asset)


@pytest.fixture
def scene(city):
    target = OffscreenWindow(400, 250)
    made = CityScene(target.renderer, theme=load_theme("light"))
    made.set_city(*city)
    yield made, target
    made.dispose()
    target.close()


def picture(path):
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def test_parts_make_the_same_picture(scene, tmp_path, monkeypatch):
    made, target = scene
    save_big_png(tmp_path / "one.png", (400, 250), made, target, SceneInput())
    monkeypatch.setattr(scenes.big_picture, "PART_PX", 128)
    shares = []
    save_big_png(tmp_path / "parts.png", (400, 250), made, target, SceneInput(), shares.append)
    one, parts = picture(tmp_path / "one.png"), picture(tmp_path / "parts.png")
    assert one.shape == parts.shape == (250, 400, 3)
    differs = np.abs(one - parts).max(axis=2) > 24
    assert differs.mean() < 0.01  # edges of single pixels, where the rasteriser rounds
    assert np.ptp(one) > 100  # there is a city in it
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_the_view_is_as_before_afterwards(scene, tmp_path, monkeypatch):
    made, target = scene
    save_big_png(tmp_path / "one.png", (400, 250), made, target, SceneInput())
    monkeypatch.setattr(scenes.big_picture, "PART_PX", 100)
    save_big_png(tmp_path / "parts.png", (400, 250), made, target, SceneInput())
    target.window.SetSize(400, 250)
    made.update(SceneInput())
    target.render()
    differs = np.abs(picture(tmp_path / "one.png") - target.pixels().astype(int)).max(axis=2) > 24
    assert differs.mean() < 0.01


def test_what_is_stopped_leaves_no_file(scene, tmp_path, monkeypatch):
    made, target = scene
    monkeypatch.setattr(scenes.big_picture, "PART_PX", 128)

    def stop(fraction):
        if fraction > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_big_png(tmp_path / "a.png", (400, 250), made, target, SceneInput(), stop)
    assert list(tmp_path.iterdir()) == []
