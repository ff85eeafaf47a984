"""The form of a recording, and that other readers of MCAP open it."""

from __future__ import annotations

import json
import random
import resource
import signal
from pathlib import Path

import msgspec
import pytest
from mcap.reader import make_reader

from tests.twin import recordings
from tests.twin.recordings import START_NS
from twin.clock import NS_PER_S
from twin.errors import WireError
from twin.link.control import EventMessage
from twin.link.wire import SampleBatch, decode
from twin.recording.form import CHANNELS, EVENT, ROOM, SAMPLES, STATE, RecordingError, unpack_frames
from twin.recording.lane_memory import messages_of_picture
from twin.recording.reading import Recording, mask_of
from twin.recording.writing import RecordingWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.mcap"
    recordings.record(path)
    return path


def test_all_messages_come_back_in_order(path: Path) -> None:
    recording = Recording(path)
    assert recording.is_whole
    assert not recording.damage
    messages = list(recording.messages())
    times = [message.t_ns for message in messages]
    assert times == sorted(times)
    events = [
        msgspec.json.decode(m.data, type=EventMessage) for m in messages if m.channel == EVENT
    ]
    assert [message.event.seq for message in events] == list(range(1, 61))
    assert events[4].event == recordings.note(5, START_NS + 5 * NS_PER_S)
    batches = [decode(unpack_frames(m.data)) for m in messages if m.channel == SAMPLES]
    assert len(batches) == 60
    assert isinstance(batches[0], SampleBatch)
    assert batches[0].values.tolist() == pytest.approx([2.0, 2.1, 2.2, 2.3])
    assert recording.about.scene == "Town"
    assert recording.about.city == "town.json"
    assert recording.end_ns - recording.start_ns == 60 * NS_PER_S
    recording.close()


def test_a_span_and_channels_can_be_asked_for(path: Path) -> None:
    recording = Recording(path)
    low, high = START_NS + 10 * NS_PER_S, START_NS + 13 * NS_PER_S
    found = list(recording.messages(after_ns=low, to_ns=high, channels=mask_of(EVENT)))
    assert [(m.t_ns - START_NS) // NS_PER_S for m in found] == [11, 12, 13]
    number = recording.chunk_before(high, ROOM)
    assert number is not None
    assert recording.chunks[number].start_ns == START_NS
    recording.close()


def test_the_newest_samples_are_written_in_between(path: Path) -> None:
    recording = Recording(path)
    states = list(recording.messages(channels=mask_of(STATE)))
    assert [round((m.t_ns - START_NS) / NS_PER_S) for m in states] == [30]
    topics = [bytes(frames[0]) for frames in messages_of_picture(states[0].data)]
    assert topics == [b"v1/a/town/", b"v1t/s/town/", b"v1t/m/town/"]
    recording.close()


def test_the_bare_library_reads_it(path: Path) -> None:
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        messages = list(reader.iter_messages())
        assert len(messages) == summary.statistics.message_count
        assert {c.topic for c in summary.channels.values()} == {c.topic for c in CHANNELS}
        facts = [m for schema, c, m in reader.iter_messages(topics=["facts/event"]) if schema]
        assert json.loads(facts[6].data)["event"]["body"] == {"id": "n7", "text": "Note 7"}


def test_each_chunk_is_on_disk_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "b.mcap"
    writer = RecordingWriter(path)
    writer.add(EVENT, b"{}", START_NS)
    writer.add(EVENT, b"{}", START_NS + NS_PER_S // 2)
    assert writer.n_chunks == 0
    writer.flush_old(START_NS + NS_PER_S)
    assert writer.n_chunks == 1
    writer.add(SAMPLES, bytes(1 << 20), START_NS + NS_PER_S)
    assert writer.n_chunks == 2
    assert path.stat().st_size == writer.n_bytes
    writer.abandon()
    assert len(list(Recording(path).messages())) == 3


def test_times_never_run_backwards(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "b.mcap")
    assert writer.add(EVENT, b"{}", 1_000) == 1_000
    assert writer.add(EVENT, b"{}", 500) == 1_000
    writer.close()
    writer.close()


def test_a_file_that_is_there_is_not_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="There is a file already; choose another name"):
        RecordingWriter(path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"cannot be made \(No such file"):
        RecordingWriter(tmp_path / "none" / "b.mcap")


def test_a_full_disk_is_said_and_leaves_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "b.mcap"
    writer = RecordingWriter(path)
    writer.add(EVENT, b"{}", START_NS)
    writer.flush()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (writer.n_bytes + 1000, limit[1]))
        writer.add(SAMPLES, random.Random(1).randbytes(5000), START_NS)
        with pytest.raises(RecordingError, match="cannot be written any more"):
            writer.flush()
        with pytest.raises(RecordingError, match="The recording is closed"):
            writer.flush()
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, old)
    assert [m.channel for m in Recording(path).messages()] == [EVENT]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"SQLite format 3\0" * 100, "is no recording of Civitwin"),
        (bytes(5000), "is no recording of Civitwin"),
    ],
)
def test_other_files_are_refused_with_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "c.mcap"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=said):
        Recording(path)


def test_an_absent_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"cannot be opened \(No such file"):
        Recording(tmp_path / "none.mcap")


@pytest.mark.parametrize("payload", [b"", b"\0\0\0\0", b"\xff\xff\0\0", b"\1\0\0\0\x09\0\0\0abc"])
def test_wrong_frames_are_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        unpack_frames(payload)
