"""Which history a console asks: a folder, or the values of a recording as tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin import recordings
from twin.clock import NS_PER_S
from twin.history.files import HistoryError
from twin.history.shelf import HistoryShelf, tables_of
from twin.history.writing import HistoryWriter
from twin.recording.reading import Recording

G1 = "g1/water_level"


@pytest.fixture
def recording(tmp_path: Path):
    path = tmp_path / "a.mcap"
    recordings.record(path, n_seconds=60)
    opened = Recording(path)
    yield opened
    opened.close()


def test_the_values_of_a_recording_are_asked_like_a_history(recording: Recording) -> None:
    shelf = HistoryShelf()
    changed: list[None] = []
    shelf.changed.connect(changed.append)
    assert shelf.is_empty
    shelf.show_recording(recording)
    assert changed == [None]
    told: list[float] = []
    history = shelf.opened(told.append)
    assert history.datastreams() == tuple(f"g{n}/water_level" for n in range(4))
    start_ns = recordings.START_NS
    span = history.past(G1, start_ns, start_ns + 61 * NS_PER_S, n_buckets=61)
    assert span.count.sum() == 60
    assert span.mean.tolist() == pytest.approx([2 * n + 0.1 for n in range(1, 61)])
    assert told
    assert told == sorted(told)
    folder = history.folder
    assert shelf.opened().folder == folder, "read once"
    shelf.close()
    shelf.close()
    assert not folder.exists()


def test_a_recording_that_begins_later_knows_what_was_announced_before(tmp_path: Path) -> None:
    from tests.twin.recordings import heard
    from twin.recording.keeping import Keeper

    keeper = Keeper(tmp_path / "hour.mcap", with_sync=False, by_hour=True)
    for message, t_ns in heard(4_000):
        if isinstance(message, list):
            keeper.take_samples(message, t_ns)
        else:
            keeper.take_fact(message, t_ns)
    keeper.close()
    files = sorted(tmp_path.glob("hour-*.mcap"))
    assert len(files) > 1
    later = Recording(files[-1])
    n = tables_of(later, tmp_path / "history")
    later.close()
    assert n > 4


def test_a_cancelled_reading_leaves_nothing_and_may_be_tried_again(recording: Recording) -> None:
    shelf = HistoryShelf()
    shelf.show_recording(recording)

    class Stop(Exception):
        pass

    def stop(_part: float) -> None:
        raise Stop

    with pytest.raises(Stop):
        shelf.opened(stop)
    assert shelf.opened().datastreams()
    shelf.close()


def test_a_folder_is_looked_at_before_it_is_taken(tmp_path: Path) -> None:
    shelf = HistoryShelf()
    with pytest.raises(HistoryError, match="There is no history"):
        shelf.open_folder(tmp_path)
    assert shelf.is_empty
    HistoryWriter(tmp_path / "history").close()
    shelf.open_folder(tmp_path / "history")
    assert shelf.folder == tmp_path / "history"
    assert shelf.opened().days() == ()
