"""What a command would change is drawn before it is released; leases and drills are marked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scenes.layers.command_preview import broken, ring_of
from tests.scenes.frames import count_near, draw, only
from tests.scenes.live import LiveRoom
from twin.commands.preview import Prediction, Preview, PreviewArea
from twin.theme import load_theme, rgb_from_hex

THEME = load_theme("light")
ACCENT = tuple(round(255 * part) for part in rgb_from_hex(THEME.ui["accent"]))


def test_things_are_ringed_and_the_rings_go_with_the_preview(target, scene) -> None:
    only(scene, "ground", "command_preview")
    room = LiveRoom([(0, 0, 0), (90, 60, 0)])
    room.report([50.0, 60.0])
    given = room.given()
    assert count_near(draw(target, scene, given), ACCENT) == 0
    one = count_near(draw(target, scene, replace(given, preview=Preview(things=("t0",)))), ACCENT)
    two = count_near(
        draw(target, scene, replace(given, preview=Preview(things=("t0", "t1", "gone")))), ACCENT
    )
    assert one > 30
    assert two > 1.5 * one
    assert count_near(draw(target, scene, given), ACCENT) == 0


def test_a_circle_and_a_way_are_broken_lines_and_a_prediction_is_written(target, scene) -> None:
    only(scene, "ground", "command_preview")
    room = LiveRoom([(0, 0, 0)])
    room.report([50.0])
    given = room.given()
    rings = Preview(things=("t0",))
    base = count_near(draw(target, scene, replace(given, preview=rings)), ACCENT)
    area = PreviewArea(label="", centre=(0.0, 0.0, 0.0), radius_m=120.0)
    circle = replace(rings, areas=(area,))
    with_area = count_near(draw(target, scene, replace(given, preview=circle)), ACCENT)
    assert with_area > base + 150
    way = replace(rings, lines=(((-120.0, -80.0, 0.0), (120.0, -80.0, 0.0)),))
    with_way = draw(target, scene, replace(given, preview=way))
    row = np.all(np.abs(with_way.astype(int) - ACCENT) < 40, axis=2)
    line = row.any(axis=0)
    assert line.sum() > 40
    assert (~line[np.flatnonzero(line)[0] : np.flatnonzero(line)[-1]]).sum() > 20, "it has gaps"
    ink = tuple(round(255 * part) for part in rgb_from_hex(THEME.scene["label_text"]))
    told = Prediction(
        datastream_id="t0/noise", text="Noise", unit="dB(A)", after=41.0, after_s=60.0, before=62.5
    )
    assert told.change == "62.5 → 41 dB(A)"
    plain = count_near(draw(target, scene, replace(given, preview=rings)), ink)
    written = replace(rings, predictions=(told,))
    assert count_near(draw(target, scene, replace(given, preview=written)), ink) > plain + 60


def test_a_unit_is_ringed_where_it_is(target, scene) -> None:
    only(scene, "ground", "command_preview")
    room = LiveRoom([], units=[(30.0, 20.0, 0.0)])
    room.report([])
    given = replace(room.given(), preview=Preview(things=("u0",)))
    assert count_near(draw(target, scene, given), ACCENT) > 30


def test_rings_and_pieces() -> None:
    ring = ring_of(PreviewArea(label="", centre=(10.0, 20.0, 3.0), radius_m=50.0))
    np.testing.assert_allclose(np.hypot(ring[:, 0] - 10, ring[:, 1] - 20), 50.0, rtol=1e-5)
    np.testing.assert_allclose(ring[0], ring[-1], atol=1e-4)
    corners = ((0.0, 0.0, 0.0), (10.0, 0.0, 0.0), (10.0, 10.0, 0.0))
    assert len(ring_of(PreviewArea(label="", ring=corners))) == 4
    assert len(ring_of(PreviewArea(label=""))) == 0
    path = np.array([(0, 0, 0), (100, 0, 0), (100, 50, 0)], np.float32)
    pieces = broken(path)
    lengths = np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1)
    assert abs(lengths.sum() / 150.0 - 0.6) < 0.02
    on_path = (pieces[:, :, 1] == 0) | (pieces[:, :, 0] == 100)
    assert on_path.all(), "a piece that goes around the corner is cut there"
    short = np.array([(0, 0, 0), (4, 0, 0)], np.float32)
    np.testing.assert_array_equal(broken(short), [short])


def test_a_lease_is_a_small_lock_mine_in_the_accent(target, scene) -> None:
    only(scene, "ground", "lease_marks")
    room = LiveRoom([(0, 0, 0)])
    room.report([50.0])
    given = room.given()
    empty = draw(target, scene, given)
    others = draw(target, scene, replace(given, leases={"t0": False, "gone": False}))
    mine = draw(target, scene, replace(given, leases={"t0": True}))
    n_changed = int((others != empty).any(axis=2).sum())
    assert 20 < n_changed < 400, "a small mark"
    assert count_near(mine, ACCENT) > 10 > count_near(others, ACCENT)
    assert (draw(target, scene, given) == empty).all()


def test_a_drill_is_written_over_the_picture(target, scene) -> None:
    only(scene, "ground", "drill_mark")
    given = LiveRoom([]).given()
    live = draw(target, scene, given).astype(int)
    drill = draw(target, scene, replace(given, is_drill=True)).astype(int)
    changed = (drill != live).any(axis=2)
    assert changed.mean() > 0.03
    assert np.abs(drill - live).max() < 60, "faint: the city is still read"
    for half in (changed[:150], changed[150:], changed[:, :200], changed[:, 200:]):
        assert half.any()
    assert (draw(target, scene, given).astype(int) == live).all()
