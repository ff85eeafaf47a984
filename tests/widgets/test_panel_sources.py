"""The Sources panel: switches, troubles in words, placing by numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.twin.scene_samples import EAST, NORTH, footprints, obj_box
from tests.widgets.panel_fixtures import *  # noqa: F403
from tests.widgets.panel_world import World
from twin.city.compose import compose, scene_at
from twin.city.scene_file import Placement, load_scene
from twin.city.scene_sources import SceneSources
from widgets.panels.sources import SourcesPanel


@pytest.fixture
def panel(world: World, open_panel, tmp_path: Path) -> SourcesPanel:
    """Footprints with a CRS, a box without one, and a file that is not there."""
    files = [
        footprints(tmp_path / "plots.geojson", {"a": (EAST, NORTH)}),
        obj_box(tmp_path / "box.obj"),
        tmp_path / "gone.geojson",
    ]
    composed = compose(scene_at(files))
    world.session.city = composed.asset
    world.session.sources = SceneSources(composed.reports, composed.scene)
    return open_panel("sources")


def texts(panel: SourcesPanel, source_id: str) -> str:
    from PySide6.QtWidgets import QLabel

    row = panel.rows[source_id]
    return "\n".join(label.text() for label in row.findChildren(QLabel))


def test_each_source_says_what_it_is_and_what_is_wrong(panel: SourcesPanel) -> None:
    assert list(panel.rows) == ["plots", "box", "gone"]
    assert "GeoJSON · EPSG:32632" in texts(panel, "plots")
    assert "1 features" in texts(panel, "plots")
    assert "no CRS" in texts(panel, "box")
    assert "There is no such file" in texts(panel, "gone")
    assert not panel.rows["gone"].check.isEnabled()
    assert not panel.rows["gone"].go.isEnabled()
    assert hasattr(panel.rows["box"], "place")
    assert not hasattr(panel.rows["plots"], "place")


def test_a_switch_hides_the_features_of_its_source(panel: SourcesPanel, world: World) -> None:
    panel.rows["box"].check.click()
    assert world.session.sources.hidden_rows(2).tolist() == [False, True]
    world.session.sources.set_visible("box", True)
    assert panel.rows["box"].check.isChecked()


def test_a_streamed_source_has_a_switch_too(panel: SourcesPanel) -> None:
    sources = panel.sources
    sources.reports = tuple(
        dataclasses.replace(one, is_stream=one.source.id == "box") for one in sources.reports
    )
    sources.changed.emit(None)
    panel.rows["box"].check.click()
    assert not sources.is_visible("box")
    row = panel.rows["box"]
    assert row.lacks.isHidden()
    sources.tell("box", "tiles/2.b3dm and 786 more missing: There is no such file")
    assert not row.lacks.isHidden()
    assert "tiles/2.b3dm" in row.lacks.text()
    sources.tell("box", "")
    assert row.lacks.isHidden()


def test_flying_to_a_source_looks_at_its_middle(panel: SourcesPanel, world: World) -> None:
    flights: list[tuple[float, float, float, float]] = []
    world.session.fly_to_requested.connect(flights.append)
    panel.rows["box"].go.click()
    assert flights[0][:2] == pytest.approx((0.0, 0.0), abs=11.0)


def test_placing_tells_every_try_and_the_choice(panel: SourcesPanel, world: World) -> None:
    tried: list[Placement | None] = []
    chosen: list[Placement] = []
    sources = world.session.sources
    sources.place_previewed.connect(lambda one: tried.append(one[1]))
    sources.place_chosen.connect(lambda one: chosen.append(one[1]))
    row = panel.rows["box"]
    row.place.click()
    assert not row.form.isHidden()
    row.form.fields["east_m"].setValue(25.0)
    row.form.fields["turn_deg"].setValue(45.0)
    assert tried[-1] == Placement(east_m=25.0, turn_deg=45.0)
    sources.preview_place("box", Placement(east_m=60.0, turn_deg=45.0))  # dragged in the view
    assert row.form.fields["east_m"].value() == 60.0
    row.form.stand.click()
    assert chosen == [Placement(east_m=60.0, turn_deg=45.0)]
    assert tried[-1] is None
    assert row.form.isHidden()
    assert sources.scene_file.source("box").place == chosen[0]


def test_leaving_the_placing_changes_nothing(panel: SourcesPanel, world: World) -> None:
    row = panel.rows["box"]
    row.place.click()
    row.form.fields["east_m"].setValue(25.0)
    row.form.leave.click()
    assert row.form.isHidden()
    assert world.session.sources.scene_file.source("box").place is None


def test_the_scene_is_saved_where_it_lies(
    panel: SourcesPanel, world: World, tmp_path: Path
) -> None:
    said: list[str] = []
    world.session.message.connect(said.append)
    world.session.sources.scene_file.save(tmp_path / "scene.toml")
    panel.rows["box"].check.click()
    panel.save.click()
    assert not load_scene(tmp_path).source("box").visible
    assert said == [f"Scene saved: {tmp_path / 'scene.toml'}"]
