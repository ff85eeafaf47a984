"""Bookmarks and tours: kept in the scene file or a text, whatever else stands there."""

from __future__ import annotations

import json

import pytest

from twin.analysis.pose import Pose
from twin.city.bookmarks import Bookmark, BookmarkBook, BookmarkError, Tour, TourStop, tour_of
from twin.city.scene_file import SceneFile, load_scene

POSE = Pose(focal_m=(1.0, 2.0, 3.0), distance_m=100.0, azimuth_rad=0.5, elevation_rad=0.6)


def bookmark(name, **more):
    return Bookmark(name=name, pose=POSE, **more)


def test_a_bookmark_comes_back_from_the_scene_file(tmp_path):
    scene = SceneFile(path=tmp_path / "scene.toml", title="Town")
    book = BookmarkBook(scene)
    kept = bookmark(
        "Harbour",
        colour_by="pm25",
        layers={"labels": False},
        tools={"sun": {"hour": 17.5, "day": "2026-06-21"}},
        thumbnail="aGk=",
    )
    book.put(kept)
    book.put(bookmark("Hall"))
    book.put_tour(Tour(name="All", stops=(TourStop(bookmark="Hall", travel_s=3.0),)))
    again = BookmarkBook(load_scene(scene.path))
    assert again.bookmarks == (kept, bookmark("Hall"))
    assert again.tours == book.tours
    assert again.unread == []


def test_what_is_not_understood_stays_in_the_file(tmp_path):
    scene = SceneFile(
        path=tmp_path / "scene.toml", tables={"bookmark": [{"name": "old"}], "x": {"y": 1}}
    )
    book = BookmarkBook(scene)
    assert len(book.unread) == 1
    assert "pose" in book.unread[0]
    book.put(bookmark("new"))
    tables = load_scene(scene.path).tables
    assert [row["name"] for row in tables["bookmark"]] == ["new", "old"]
    assert tables["x"] == {"y": 1}


def test_without_a_saved_scene_the_text_is_kept():
    texts = []
    book = BookmarkBook(None, keep=texts.append)
    book.put(bookmark("a"))
    book.put(bookmark("b"))
    book.move("b", -1)
    assert [b.name for b in BookmarkBook(None, kept=texts[-1]).bookmarks] == ["b", "a"]
    book.remove("b")
    assert [row["name"] for row in json.loads(texts[-1])["bookmark"]] == ["a"]
    assert BookmarkBook(None, kept="{broken").bookmarks == ()


def test_a_tour_leaves_out_what_was_forgotten():
    book = BookmarkBook(None)
    changes = []
    book.changed.connect(changes.append)
    for name in ("a", "b", "c"):
        book.put(bookmark(name))
    tour = tour_of("All", book.bookmarks, 4.0, 1.0)
    book.remove("b")
    path, stops = book.path_of(tour)
    assert [stop.name for stop in stops] == ["a", "c"]
    assert path.arrivals_s == (0.0, 5.0)
    assert len(changes) == 4
    book.remove("a")
    book.remove("c")
    with pytest.raises(BookmarkError, match="no view that is still there"):
        book.path_of(tour)
    with pytest.raises(BookmarkError, match="name"):
        book.put(bookmark("  "))
