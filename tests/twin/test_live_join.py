"""Live topics joined to the features of a city by id or attribute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.twin.box_city import city_of_boxes
from tests.twin.imported import imported
from twin.city.feature_file import FeatureFile
from twin.city.feature_keys import FeatureKeys
from twin.city.join import join_from_text
from twin.city.key_text import key_text
from twin.city.residents import resident_city
from twin.city.scene_file import SceneFileError, load_scene
from twin.city.stream_table import StreamTable
from twin.clock import SystemClock
from twin.errors import ReadError
from twin.sense.live_join import LiveJoin, LiveJoins
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore

NUMBERS = np.arange(9.0) * 10.0
BY_NUMBER = LiveJoin(topic="meters", key="name", attribute="number")


@pytest.fixture
def store() -> ObservationStore:
    return ObservationStore(capacity=100, history=4, clock=SystemClock())


def announce(store: ObservationStore, source: str, *names: str) -> None:
    things = tuple(Thing(id=f"m-{name}", name=name, kind="sensor", frame="none") for name in names)
    streams = tuple(
        Datastream(index=i, id=f"{one.id}/load", thing_id=one.id, observed_property="load")
        for i, one in enumerate(things)
    )
    store.announce(Announcement(source=source, epoch="e", things=things, datastreams=streams))


def joins_of(city: object, *joins: LiveJoin) -> LiveJoins:
    return LiveJoins(joins, FeatureKeys(city).ids)  # type: ignore[arg-type]


def test_things_get_the_feature_whose_attribute_has_their_name(store: ObservationStore) -> None:
    joins = joins_of(city_of_boxes(attributes={"number": NUMBERS}), BY_NUMBER)
    announce(store, "meters", "20", "80", "7")
    announce(store, "others", "30")
    before = store.catalogue_version
    store.set_joins(joins)  # things that are known already are asked for too
    assert joins.has_questions
    assert joins.resolve()
    store.set_joins(joins)
    assert store.catalogue_version > before
    assert (store.things["m-20"].feature_id, store.things["m-20"].own_only) == ("box-2", True)
    assert store.things["m-80"].feature_id == "box-8"
    assert store.things["m-7"].feature_id == store.things["m-30"].feature_id == ""
    assert joins.misses() == [
        "1 of 3 names of the topic meters are the attribute 'number' of no feature"
    ]
    announce(store, "meters", "20", "80", "7")  # said again: nothing has changed
    version = store.catalogue_version
    announce(store, "meters", "20", "80", "7")
    assert store.catalogue_version == version
    announce(store, "meters", "10")
    assert store.things["m-10"].feature_id == ""  # not known yet, and nobody waited
    assert joins.resolve()
    store.set_joins(joins)
    assert store.things["m-10"].feature_id == "box-1"


def test_topics_may_have_wildcards_and_ids_are_compared_without_an_attribute(
    store: ObservationStore,
) -> None:
    joins = joins_of(city_of_boxes(), LiveJoin(topic="meter-*", key="name"))
    store.set_joins(joins)
    announce(store, "meter-west", "box-4")
    joins.resolve()
    store.set_joins(joins)
    assert store.things["m-box-4"].feature_id == "box-4"
    store.set_joins(None)
    assert store.things["m-box-4"].feature_id == ""


def test_features_of_a_streamed_city_are_found_in_its_table(tmp_path: Path) -> None:
    folder = imported("generated:500", tmp_path / "town")
    table = FeatureFile(folder / "features.parquet")
    told = [row for row in range(table.n_features) if table.attributes_of(row).get("height_m")]
    wanted = [table.found(row) for row in told[::50]]
    city = resident_city(city_of_boxes())
    city.features.set_table("city", StreamTable(folder / "features.parquet"))  # type: ignore[attr-defined]
    keys = FeatureKeys(city)
    names = [one.id for one in wanted]
    assert keys.ids("", [*names, "box-3", "nobody"]) == {
        **{name: name for name in names},
        "box-3": "box-3",
    }
    column, value = "height_m", table.attributes_of(wanted[0].row)["height_m"]
    text = key_text(value)
    found = keys.ids(column, [text, "no number"])
    assert set(found) == {text}
    assert table.attributes_of(table.row_of(found[text]))[column] == value
    assert keys.ids("no such attribute", ["x"]) == {}


def test_a_scene_says_what_is_joined(tmp_path: Path) -> None:
    scene = tmp_path / "scene.toml"
    scene.write_text('[[join]]\npath = "topic:meters"\nkey = "name"\nfeature_key = "number"\n')
    (join,) = load_scene(scene).joins
    assert (join.is_live, join.topic) == (True, "meters")
    scene.write_text('[[join]]\npath = "topic:meters"\nkey = "colour"\n')
    with pytest.raises(SceneFileError, match="key is one of id, name, feature_id, not 'colour'"):
        load_scene(scene)


def test_a_live_join_on_the_command_line() -> None:
    join = join_from_text("topic:meters:name=number")
    assert (join.path, join.key, join.feature_key) == ("topic:meters", "name", "number")
    with pytest.raises(ReadError, match="joined by id, name, feature_id"):
        join_from_text("topic:meters:colour")
