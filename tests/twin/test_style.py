"""Styles: CQL2 to masks with NULL logic, columns, colours, classes, filters, heights, names."""

import numpy as np
import pytest

from twin.city.asset import FeatureTable
from twin.city.class_breaks import class_edges, class_of
from twin.city.cql2_mask import compiled
from twin.city.named_styles import NamedStyles
from twin.city.scene_file import SceneFile, load_scene
from twin.city.style import (
    CityStyle,
    ColourRule,
    Condition,
    HeightRule,
    StyleError,
    style_from_table,
    table_from_style,
)
from twin.city.style_columns import StyleColumns, Texts
from twin.city.style_paint import (
    OTHER,
    ValueRange,
    shown_of,
    style_colours,
    style_heights,
    style_hidden,
)
from twin.near_names import near_names
from twin.ramps import ramp_table

GREY = (9, 9, 9)


def bounds(x, y, z0, z1):
    return [x - 5, y - 5, z0, x + 5, y + 5, z1]


@pytest.fixture
def table():
    """Row 0 a building with parts 1 and 2, rows 3 and 4 plain buildings, 5 a road, 6 terrain."""
    nan = [np.nan] * 6
    return FeatureTable(
        ids=["a", "a1", "a2", "b", "c", "r", "t"],
        kind_names=("Building", "BuildingPart", "Road", "TINRelief"),
        kind_codes=np.array([0, 1, 1, 0, 0, 2, 3], np.uint16),
        parents=np.array([-1, 0, 0, -1, -1, -1, -1], np.int32),
        bounds_min_max_local_m=np.array(
            [nan, bounds(0, 0, 0, 10), bounds(10, 0, 0, 20), bounds(100, 0, 2, 32),
             bounds(0, 100, 0, 5), bounds(50, 50, 0, 0), bounds(0, 0, -1, 3)], np.float32,
        ),
        attributes={
            "year": np.array([1900.0, np.nan, np.nan, 1950.0, np.nan, np.nan, np.nan]),
            "use": np.array(["office", None, "Élan", "home", None, None, None], object),
            "built": np.array(["1900-05-01", None, None, "1950", "2001-01-01T12:00:00Z", None,
                               None], object),
            "lit": np.array(["true", None, None, "no", None, None, None], object),
            "code": np.array(["12", None, None, "7", "x", None, None], object),
            "load-kW": np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan, np.nan]),
        },
    )  # fmt: skip


@pytest.fixture
def columns(table):
    live = np.array([np.nan, 40.0, 60.0, 80.0, np.nan, np.nan, np.nan])
    return StyleColumns(table, {"noise": lambda: live})


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("year = 1900", "a a1 a2"),
        ("year <> 1900", "b"),
        ("1900 < year", "b"),
        ("not year > 1920", "a a1 a2"),
        ("year > 1920 or use = 'office'", "a a1 b"),
        ("year > 1920 and use = 'home'", "b"),
        ("year is null", "c r t"),
        ("use is not null and year is not null", "a a1 a2 b"),
        ("year between 1890 and 1910", "a a1 a2"),
        ("not year between 1890 and 1910", "b"),
        ("use in ('office', 'home')", "a a1 b"),
        ("use not in ('office', 'home')", "a2"),
        ("use like 'o%' or use like '%_om_'", "a a1 b"),
        ("use like 'OFF%'", ""),
        ("casei(use) = 'OFFICE'", ""),
        ("casei(use) = casei('OFFICE')", "a a1"),
        ("accenti(use) = accenti('Elan')", "a2"),
        ("year / 2 + 5 = 955", "a a1 a2"),
        ("year % 100 = 50 and year div 100 = 19", "b"),
        ("year - 1900 = -0.0", "a a1 a2"),
        ("noise >= 60", "a2 b"),
        ("height > 15 and kind = 'BuildingPart'", "a2"),
        ("zmax = 32", "b"),
        ("id = 'r'", "r"),
        ("s_intersects(geometry, bbox(-1, -1, 12, 1))", "a1 a2 t"),
        ("s_within(geometry, POLYGON((90 -9, 110 -9, 110 9, 90 9, 90 -9)))", "b"),
        ("s_disjoint(geometry, bbox(-1, -1, 200, 1))", "c r"),
        ("s_dwithin(geometry, POINT(0 95), 6)", "c"),
        ("built < date('1940-01-01')", "a a1 a2"),
        ("t_after(built, date('1999-01-01'))", "c"),
        ("t_during(built, interval('1890-01-01', '..'))", "a a1 a2 c"),
        ("lit = true", "a a1 a2"),
        ("lit", "a a1 a2"),
        ("not lit", "b"),
        ("code > 10", "a a1 a2"),
        ('"load-kW" >= 4', "b c"),
        ('{"op": ">", "args": [{"property": "year"}, 1920]}', "b"),
    ],
)
def test_an_expression_selects_these_features(columns, table, expression, rows):
    found = np.flatnonzero(compiled(expression).of(columns))
    assert " ".join(table.ids[row] for row in found) == rows


def test_an_expression_and_its_opposite_leave_out_what_is_unknown(columns):
    for text in ("year > 1920", "use = 'home'", "use like 'o%'", "noise between 50 and 70"):
        yes, no = compiled(text).of(columns), compiled(f"not ({text})").of(columns)
        assert not (yes & no).any()
        assert not (yes | no)[[5, 6]].any()
        assert (yes | no).any()


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("yaer > 3", "no column “yaer”.*did you mean “year”"),
        ("yera = 1", "did you mean “year”"),
        ("hight(year) > 3", "no function “hight”"),
        ("casi(use) = 'x'", "did you mean “casei”"),
        ("year >", "at its end; expected a column, a number"),
        ("year > 20 an x", "at “an"),
        ("year = 'old'", "numbers.*text “old”"),
        ("year like 'x'", "like compares texts"),
        ("year + 2", "“[+]” gives a value"),
        ("'x'", "is a value, not a condition"),
        ("s_intersects(geometry, year)", "needs an area"),
        ("year > date('soon')", "not a date|cannot be understood"),
        ("", "empty"),
        ('{"op": ">", "args": [{"property": "year"}]}', "too few|not CQL2"),
        ('{"op"', "not CQL2"),
    ],
)
def test_a_wrong_expression_is_one_sentence_that_helps(columns, expression, words):
    with pytest.raises(StyleError, match=words) as caught:
        compiled(expression).of(columns)
    assert "\n" not in str(caught.value)


def test_the_columns_an_expression_reads_are_known_without_a_city():
    mask = compiled("a > 3 and casei(b) = 'x' and s_within(geom, bbox(0,0,1,1))")
    assert mask.columns == {"a", "b"}


def test_parts_inherit_and_facts_of_heights_belong_to_buildings(columns):
    year = columns.values("year")
    assert year[[1, 2]].tolist() == [1900.0, 1900.0]
    assert isinstance(columns.values("use"), Texts)
    height = columns.values("height")
    assert height[[1, 2, 3]].tolist() == [10.0, 20.0, 30.0]
    assert np.isnan(height[[5, 6]]).all()
    assert {"year", "noise", "kind", "zmax"} <= set(columns.names)


# -- colours ---------------------------------------------------------------------------------


def test_a_ramp_runs_from_end_to_end_and_ground_keeps_its_shade(columns):
    rule = ColourRule(column="year", ramp="viridis")
    made = style_colours(rule, columns, GREY)
    table = ramp_table("viridis")
    assert (made.vmin, made.vmax) == (1900.0, 1950.0)
    assert made.rgba[1].tolist() == [*table[0].tolist(), 255]
    assert made.rgba[3].tolist() == [*table[255].tolist(), 255]
    assert made.rgba[4].tolist() == [*GREY, 255]
    assert made.rgba[[5, 6]].tolist() == [[0, 0, 0, 0]] * 2


def test_ends_come_from_the_rule_then_from_what_is_known_then_from_the_data(columns):
    known = ValueRange(title="Noise", unit="dB(A)", vmin=35.0, vmax=85.0)
    made = style_colours(ColourRule(column="noise"), columns, GREY, known)
    assert (made.title, made.unit, made.vmin, made.vmax) == ("Noise", "dB(A)", 35.0, 85.0)
    mine = ColourRule(column="noise", vmin=0.0, vmax=100.0)
    assert style_colours(mine, columns, GREY, known).vmax == 100.0


def test_classes_name_their_ends_and_hold_equal_counts(columns):
    rule = ColourRule(how="classes", column="load-kW", n_classes=2)
    made = style_colours(rule, columns, GREY)
    assert [name for name, _ in made.classes] == ["3 to 5", "1 to 3"]
    colours = [tuple(made.rgba[row, :3].tolist()) for row in (0, 1, 2, 3, 4)]
    assert colours[0] == colours[1] == made.classes[1][1]
    assert colours[2] == colours[3] == colours[4] == made.classes[0][1]
    assert "equal counts" in made.note


def test_categories_take_given_colours_and_the_rest_is_other(columns):
    rule = ColourRule(how="categories", column="use", categories={"office": "#FF0000"})
    made = style_colours(rule, columns, GREY)
    assert made.rgba[1].tolist() == [255, 0, 0, 255]
    assert made.rgba[3, :3].tolist() == list(OTHER)
    assert made.classes[-1] == ("other (2)", OTHER)
    ranked = style_colours(ColourRule(how="categories", column="use"), columns, GREY)
    assert ranked.classes[0][0] == "office"


def test_the_first_condition_that_fits_gives_the_colour(columns):
    rule = ColourRule(
        how="conditions",
        conditions=(
            Condition(expression="height > 25", colour="#FF0000", title="tall"),
            Condition(expression="height > 15", colour="#00FF00"),
        ),
    )
    made = style_colours(rule, columns, GREY)
    assert [made.rgba[row].tolist() for row in (1, 2, 3)] == [
        [0, 0, 0, 0], [0, 255, 0, 255], [255, 0, 0, 255]
    ]  # fmt: skip
    assert [name for name, _ in made.classes] == ["tall", "height > 15"]


def test_a_wrong_colour_is_named(columns):
    rule = ColourRule(how="conditions", conditions=(Condition(expression="lit", colour="red"),))
    with pytest.raises(StyleError, match="“red” is not a colour"):
        style_colours(rule, columns, GREY)


@pytest.mark.parametrize("how", ["quantile", "equal", "natural"])
def test_class_edges_rise_and_hold_every_value(how):
    values = np.concatenate([np.linspace(0, 1, 50), np.linspace(10, 11, 50), [100.0]])
    edges = class_edges(values, how, 3)
    assert (np.diff(edges) > 0).all()
    assert (edges[0], edges[-1]) == (0.0, 100.0)
    assert set(class_of(values, edges)) <= {0, 1, 2}
    assert class_edges(np.array([5.0, 5.0]), how, 4).tolist() == [5.0, 5.0]
    assert class_edges(np.empty(0), how, 4).tolist() == [0.0, 1.0]


def test_natural_breaks_fall_into_the_gaps():
    values = np.array([1.0, 1.1, 1.2, 10.0, 10.1, 50.0, 50.2])
    assert class_of(values, class_edges(values, "natural", 3)).tolist() == [0, 0, 0, 1, 1, 2, 2]


# -- visibility and height -------------------------------------------------------------------


def test_a_filter_hides_buildings_without_a_value_but_not_the_ground(columns):
    hidden = style_hidden("year > 1920", columns)
    assert hidden.tolist() == [True, True, True, False, True, False, False]
    assert shown_of(hidden, columns) == (1, 3)
    assert style_hidden("kind <> 'Road'", columns)[5]


def test_a_building_counts_as_shown_with_one_of_its_parts(columns):
    hidden = style_hidden("height > 15", columns)
    assert hidden.tolist()[1:4] == [True, False, False]
    assert shown_of(hidden, columns) == (2, 3)


def test_a_building_grows_as_a_whole_from_its_foot(columns):
    heights = style_heights(HeightRule(column="load-kW", factor=10.0), columns)
    assert heights[1].tolist() == heights[2].tolist() == [0.0, 1.5]
    assert heights[3].tolist() == pytest.approx([2.0, 40.0 / 30.0])
    assert heights[5, 1] == heights[6, 1] == 1.0
    with pytest.raises(StyleError, match="holds texts"):
        style_heights(HeightRule(column="use"), columns)


# -- as a table, by name ---------------------------------------------------------------------

STYLE = CityStyle(
    name="Tall offices",
    colour=ColourRule(
        how="conditions", conditions=(Condition(expression="height > 20", colour="#0072B2"),)
    ),
    filter="use = 'office'",
    height=HeightRule(column="year", factor=0.01),
)


def test_a_style_survives_the_way_through_a_table():
    assert style_from_table(table_from_style(STYLE)) == STYLE
    assert "vmin" not in table_from_style(STYLE)["colour"]
    with pytest.raises(StyleError, match="“x” cannot be read"):
        style_from_table({"name": "x", "filter": 3})


def test_named_styles_are_kept_in_the_scene_file(tmp_path):
    scene = SceneFile(path=tmp_path / "scene.toml")
    styles = NamedStyles(scene)
    assert styles.put("Mine ", STYLE).name == "Mine"
    again = NamedStyles(load_scene(tmp_path / "scene.toml"))
    assert again.names == ("Mine",)
    assert again.style("Mine").filter == STYLE.filter
    again.remove("Mine")
    assert NamedStyles(load_scene(tmp_path / "scene.toml")).names == ()


def test_a_style_of_the_file_that_is_wrong_is_named_and_stays_there():
    odd = {"name": "odd", "colour": {"how": "rainbow"}}
    scene = SceneFile(tables={"style": [odd]})
    styles = NamedStyles(scene)
    assert "odd" in styles.unread[0]
    styles.put("Fine", CityStyle(filter="a > 1"))
    assert scene.tables["style"][-1] == odd
    with pytest.raises(StyleError, match="name"):
        styles.put("  ", STYLE)


def test_near_names_come_as_a_phrase():
    assert near_names("hieght", ["height", "width"]) == "“height”"
    assert near_names("eave", ["AbsEavesM", "RelEavesM", "x"]) == "“AbsEavesM” or “RelEavesM”"
    assert near_names("zzz", ["height"]) == ""
