"""The style panel: what is chosen is what the session draws, and mistakes are told at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.city.scene_file import SceneFile, load_scene
from twin.city.style import CityStyle, ColourRule, Condition, HeightRule, StyleOutcome
from widgets.parts.condition_list import COLOURS
from widgets.parts.expression_edit import ExpressionEdit


@pytest.fixture
def panel(full_world, open_panel):
    return open_panel("style")


def choose(box, value):
    box.setCurrentIndex(box.findData(value))
    assert box.currentData() == value
    box.activated.emit(box.currentIndex())


def write(edit, text, qtbot):
    edit.line.clear()
    qtbot.keyClicks(edit.line, text)


def test_it_offers_attributes_observed_values_and_facts(panel, world) -> None:
    names = {panel.column.itemData(row) for row in range(panel.column.count())}
    assert {"kind", "height", *world.session.city.features.attributes} <= names
    assert set(world.session.observations.observed_properties()) <= names


def test_a_filter_is_drawn_as_it_is_written_and_counted(panel, world, layers, qtbot) -> None:
    write(panel.filter, "height > 2", qtbot)
    assert world.session.style.filter == "height > 2"
    layers.show_style_outcome(StyleOutcome(n_shown=1234, n_total=8503))
    assert panel.count.text() == "1,234 of 8,503 buildings shown"
    assert panel.count.isVisible()


def test_a_mistake_stands_under_the_field_and_the_last_good_filter_stays(
    panel, world, qtbot
) -> None:
    write(panel.filter, "height > 2", qtbot)
    write(panel.filter, "hieght > 30", qtbot)
    assert "did you mean “height”" in panel.filter.error.text()
    assert panel.filter.error.isVisible()
    assert world.session.style.filter != "hieght > 30"
    panel.filter.line.clear()
    qtbot.keyClicks(panel.filter.line, "height > 30")
    assert not panel.filter.error.isVisible()
    assert world.session.style.filter == "height > 30"


def test_column_ramp_and_classes_make_the_colour_rule(panel, world) -> None:
    choose(panel.how, "classes")
    assert world.session.style.colour is None  # no column yet
    choose(panel.column, "height")
    choose(panel.ramp, "viridis")
    choose(panel.breaks, "natural")
    panel.n_classes.setValue(4)
    assert world.session.style.colour == ColourRule(
        how="classes", column="height", ramp="viridis", breaks="natural", n_classes=4
    )
    choose(panel.how, "ramp")
    panel.ends[0].setText("5")
    panel.ends[1].setText("50")
    panel.ends[1].editingFinished.emit()
    assert (world.session.style.colour.vmin, world.session.style.colour.vmax) == (5.0, 50.0)
    choose(panel.how, "")
    assert world.session.style.colour is None


def test_a_colour_rule_takes_the_place_of_colour_by(panel, world) -> None:
    world.session.colour_city_by("height")
    choose(panel.how, "ramp")
    choose(panel.column, "height")
    assert world.session.colour_by == ""


def test_conditions_are_added_recoloured_and_removed(panel, world, qtbot) -> None:
    choose(panel.how, "conditions")
    qtbot.mouseClick(panel.conditions.add, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.conditions.add, Qt.MouseButton.LeftButton)
    first, second = panel.conditions.rows
    write(first.expression, "height > 20", qtbot)
    write(second.expression, "height >", qtbot)
    assert second.expression.error.text()
    assert world.session.style.colour.conditions == (
        Condition(expression="height > 20", colour=COLOURS[0]),
    )
    first.take_colour("#123456")
    assert world.session.style.colour.conditions[0].colour == "#123456"
    first.removed.emit(first)
    assert world.session.style.colour.conditions == ()


def test_height_by_a_column(panel, world) -> None:
    choose(panel.height_by, "height")
    panel.factor.setValue(2.5)
    assert world.session.style.height == HeightRule(column="height", factor=2.5)
    choose(panel.height_by, "")
    assert world.session.style.height is None


def test_a_style_is_saved_found_again_and_forgotten(
    full_world, open_panel, tmp_path, qtbot
) -> None:
    session = full_world.session
    session.scene_file = SceneFile(path=tmp_path / "scene.toml")
    panel = open_panel("style")
    write(panel.filter, "height > 3", qtbot)
    panel.names.setEditText("Tall")
    qtbot.mouseClick(panel.save, Qt.MouseButton.LeftButton)
    assert session.style.name == "Tall"
    assert load_scene(tmp_path / "scene.toml").tables["style"][0]["filter"] == "height > 3"
    panel.names.setCurrentIndex(0)
    panel.names.activated.emit(0)
    assert session.style == CityStyle()
    panel.names.setCurrentIndex(panel.names.findText("Tall"))
    panel.names.activated.emit(panel.names.currentIndex())
    assert session.style.filter == "height > 3"
    assert panel.filter.text() == "height > 3"
    qtbot.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
    assert (
        "style" not in load_scene(tmp_path / "scene.toml").tables
        or not load_scene(tmp_path / "scene.toml").tables["style"]
    )


def test_what_the_scene_could_not_do_is_said(panel, layers) -> None:
    layers.show_style_outcome(StyleOutcome(error="There is no column “x” in this city"))
    assert panel.remark.text() == "There is no column “x” in this city"
    layers.show_style_outcome(StyleOutcome(n_shown=1, n_total=1))
    assert not panel.remark.isVisible()


def test_a_style_set_elsewhere_is_shown(panel, world) -> None:
    style = CityStyle(
        filter="height > 9",
        colour=ColourRule(how="categories", column="kind", ramp="batlow"),
        height=HeightRule(column="zmax", factor=3.0),
    )
    world.session.set_style(style)
    assert panel.written_style() == style


def test_names_with_odd_signs_are_completed_in_quotes(qtbot) -> None:
    edit = ExpressionEdit("", "Filter")
    qtbot.addWidget(edit)
    edit.offer(["load-kW", "addr:street", "height"])
    edit._complete('"load-kW"')
    qtbot.keyClicks(edit.line, " > 3 and hei")
    edit._complete("height")
    qtbot.keyClicks(edit.line, " > 1")
    assert edit.text() == '"load-kW" > 3 and height > 1'
    assert edit.is_right()
