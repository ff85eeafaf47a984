"""The past of a datastream in a panel: a real history folder, a real recording, real jobs."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.twin import recordings
from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.clock import NS_PER_S
from twin.history.asking import Span
from twin.history.writing import HistoryWriter
from twin.link.wire import encode_announcement, encode_batch
from twin.recording.reading import Recording
from twin.sense.model import Announcement, Datastream, Thing
from twin.session import Selection
from twin.theme import load_theme
from widgets.parts.past_plot import drawn
from widgets.parts.past_spans import choices, compared, moved, span_of

BERLIN = ZoneInfo("Europe/Berlin")
DAY_S = 86_400


def kept_times(session) -> np.ndarray:
    """Every ten minutes of ten days up to now, seconds."""
    now_s = session.clock.now_ns() // NS_PER_S
    today = span_of("day", session.clock.now_ns()).start_ns // NS_PER_S
    return np.arange(today - 9 * DAY_S, now_s, 600)


def kept(folder: Path, session) -> Datastream:
    """A history of the first datastream: n days ago it was n, for ten days up to now."""
    stream = session.observations.datastreams[0]
    today = span_of("day", session.clock.now_ns()).start_ns // NS_PER_S
    writer = HistoryWriter(folder)
    thing = Thing(id=stream.thing_id, name="T", kind="sensor")
    one = Datastream(index=0, id=stream.id, thing_id=thing.id, observed_property="p")
    writer.take(
        encode_announcement(
            Announcement(source="s", epoch="e", things=(thing,), datastreams=(one,))
        ),
        0,
    )
    times = kept_times(session)
    values = np.floor((today + DAY_S - 1 - times) / DAY_S)
    writer.take(
        encode_batch("s", "e", 0, np.zeros(len(times), np.uint32), times * NS_PER_S,
                     values, np.zeros(len(times), np.uint8), int(times[-1]) * NS_PER_S),
        int(times[-1]) * NS_PER_S,
    )  # fmt: skip
    writer.close()
    return stream


def answered(panel, qtbot):
    """Wait until what was asked last is there."""
    qtbot.waitUntil(
        lambda: (
            panel.asking.answer is not None and panel.asking.answer.question == panel.asking.asked
        ),
        timeout=30_000,
    )
    return panel.asking.answer


@pytest.fixture
def opened(full_world, open_panel, tmp_path: Path, qtbot):
    """The panel on a history of ten days, its datastream selected."""
    stream = kept(tmp_path / "history", full_world.session)
    full_world.session.select(Selection(thing_id=stream.thing_id))
    panel = open_panel("past")
    panel.open_folder(tmp_path / "history")
    number = [panel.streams.itemData(i) for i in range(panel.streams.count())].index(stream.id)
    panel.streams.setCurrentIndex(number)
    panel.ask()
    answered(panel, qtbot)
    return panel


def test_without_a_history_the_command_that_makes_one_is_named(full_world, open_panel) -> None:
    panel = open_panel("past")
    assert panel._stack.currentWidget() is panel._none
    assert "civitwin record -o city.mcap --history history" in panel._none.sentence()


def test_a_folder_without_a_history_is_refused_in_a_sentence(
    full_world, open_panel, tmp_path: Path
) -> None:
    said: list[str] = []
    full_world.session.message.connect(said.append)
    panel = open_panel("past")
    panel.open_folder(tmp_path)
    assert said == [f"There is no history in this folder: {tmp_path}"]
    assert full_world.session.history.is_empty


def test_nothing_selected_asks_for_a_selection(full_world, open_panel, tmp_path: Path) -> None:
    kept(tmp_path / "history", full_world.session)
    full_world.session.select(Selection())
    panel = open_panel("past")
    panel.open_folder(tmp_path / "history")
    assert panel._stack.currentWidget() is panel._empty


def test_a_day_is_shown_and_compared_with_the_week_before(opened, qtbot) -> None:
    today = opened.asking.answer
    assert set(today.span.mean.tolist()) == {0.0}
    opened.compare.setCurrentIndex(opened.compare.findData("week"))
    opened.ask()
    found = answered(opened, qtbot)
    assert set(found.others[0].mean.tolist()) == {7.0}
    assert "mean" in opened.sentence.text()
    assert opened.sentence.text().count(";") == 1
    opened.plot.read_at(3)
    assert opened.plot.other_at(0, 3) == 7.0
    assert found.question.others[0].text() in opened.words.text()


def test_one_goes_back_by_days_and_to_now_again(opened, qtbot) -> None:
    opened.back.click()
    assert set(answered(opened, qtbot).span.mean.tolist()) == {1.0}
    opened.back.click()
    assert set(answered(opened, qtbot).span.mean.tolist()) == {2.0}
    opened.today.click()
    assert set(answered(opened, qtbot).span.mean.tolist()) == {0.0}
    for _ in range(30):
        opened.back.click()
    answered(opened, qtbot)
    assert "Nothing is kept" in opened.sentence.text()
    assert not opened.export.isEnabled()


def test_a_week_and_a_month_hold_the_days(opened, qtbot) -> None:
    opened.kinds.button(2).click()
    week = answered(opened, qtbot)
    assert week.question.span.start.weekday() == 0
    opened.kinds.button(3).click()
    month = answered(opened, qtbot)
    assert month.question.span.start.day == 1
    times = kept_times(opened.session)
    for found in (week, month):
        span = found.question.span
        inside = (times * NS_PER_S >= span.start_ns) & (times * NS_PER_S < span.end_ns)
        assert int(found.span.count.sum()) == int(inside.sum()) > 0


def test_an_answer_that_is_late_is_not_shown(opened, qtbot) -> None:
    opened.back.click()
    opened.back.click()
    opened.on.click()
    found = answered(opened, qtbot)
    assert set(found.span.mean.tolist()) == {1.0}
    qtbot.waitUntil(lambda: not opened.context.bridge.jobs)
    assert opened.asking.answer.question == found.question


def test_the_plot_follows_a_change_of_theme_and_a_narrow_dock(opened, qtbot) -> None:
    opened.resize(300, 500)
    assert opened.width() <= 480, "beside another panel at the bottom of a small window"
    light = opened.plot.grab().toImage()
    opened.context.theme_changed.emit(load_theme("dark"))
    assert opened.plot.grab().toImage() != light


def test_the_arrow_keys_read_the_plot(opened, qtbot) -> None:
    from PySide6.QtCore import Qt

    qtbot.keyClick(opened.plot, Qt.Key.Key_Right)
    first = opened.words.text()
    qtbot.keyClick(opened.plot, Qt.Key.Key_Right)
    assert first
    assert opened.words.text() != first
    assert opened.plot.at == 1


def test_exact_values_are_exported(opened, qtbot, tmp_path: Path) -> None:
    said: list[str] = []
    opened.session.message.connect(said.append)
    out = tmp_path / "past.csv"
    opened.export.click()
    assert opened.exporting.dialog is not None
    opened.exporting.dialog.file.setText(str(out))
    opened.exporting.dialog.save.click()
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == int(opened.asking.answer.span.count.sum())
    assert said[0].startswith(f"Saved past.csv: {len(rows):,} values")


def test_a_recording_has_a_past_too(full_world, open_panel, tmp_path: Path, qtbot) -> None:
    path = tmp_path / "a.mcap"
    recordings.record(path, n_seconds=60)
    session = full_world.session
    session.observations.announce(recordings.announcement())
    recording = Recording(path)
    session.history.show_recording(recording)
    session.select(Selection(thing_id="g1"))
    panel = open_panel("past")
    session.history.show_recording(recording)
    assert panel._kind == "hour", "it is short"
    panel._span = span_of("hour", recordings.START_NS)
    panel.ask()
    found = answered(panel, qtbot)
    assert int(found.span.count.sum()) == 60
    assert found.span.low.min() == pytest.approx(2.1)
    assert found.span.high.max() == pytest.approx(120.1)
    assert panel.folder.isHidden()
    folder = Path(session.history.opened().folder)
    session.history.close()
    assert not folder.exists()
    recording.close()


# -- spans and drawing -----------------------------------------------------------------------


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * NS_PER_S


def test_spans_are_days_of_the_place_also_when_clocks_change() -> None:
    day = span_of("day", at("2026-03-29T14:00"), BERLIN)
    assert (day.end_ns - day.start_ns) // NS_PER_S == 23 * 3_600
    assert moved("day", day, -1, BERLIN).start.isoformat() == "2026-03-28T00:00:00+01:00"
    assert moved("day", day, 1, BERLIN).start.isoformat() == "2026-03-30T00:00:00+02:00"
    week = span_of("week", at("2026-11-29T14:00"), BERLIN)
    assert week.text() == "23 to 29 Nov 2026"
    month = span_of("month", at("2026-01-31T14:00"), BERLIN)
    assert month.text() == "January 2026"
    assert moved("month", month, -1, BERLIN).text() == "December 2025"
    assert moved("month", month, 1, BERLIN).end.isoformat() == "2026-03-01T00:00:00+01:00"
    assert day.text() == "Sun 29 Mar 2026"


def test_hours_go_on_when_clocks_change() -> None:
    hour = span_of("hour", at("2026-03-29T01:30"), BERLIN)
    assert hour.text() == "Sun 29 Mar 2026, 01:00 to 03:00"
    assert (hour.end_ns - hour.start_ns) // NS_PER_S == 3_600
    assert moved("hour", hour, 1, BERLIN).start.isoformat() == "2026-03-29T03:00:00+02:00"
    (other,) = compared("hour", hour, "day", BERLIN)
    assert other.start.isoformat() == "2026-03-28T01:00:00+01:00"


def test_a_day_is_compared_with_the_same_weekday() -> None:
    day = span_of("day", at("2026-11-29T14:00"), BERLIN)
    (other,) = compared("day", day, "week", BERLIN)
    assert other.start.weekday() == day.start.weekday()
    assert len(compared("day", day, "weeks", BERLIN)) == 4
    assert compared("day", day, "", BERLIN) == ()
    assert choices("month")[0][0] == ""


def test_no_line_crosses_a_gap() -> None:
    t_ns = np.array([0, 10, 20, 60, 70], np.int64) * NS_PER_S
    ones = np.ones(5)
    span = Span(t_ns, 10 * NS_PER_S, np.ones(5, np.int64), ones, ones, ones)
    x, (mean, _, _) = drawn(span, 0)
    assert np.isnan(mean).sum() == 1
    assert np.isnan(mean[3])
    assert (np.diff(x) > 0).all()
