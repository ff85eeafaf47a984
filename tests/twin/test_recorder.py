"""The recorder on a real hub: nothing lost, whatever happens to the hub."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.twin import recordings
from tests.twin.hub_bench import room_of
from tests.twin.hub_rig import (
    FakeCity,
    HubProcess,
    console,
    free_base_port,
    polled,
    request,
    running_hub,
    until,
)
from tests.twin.recorder_rig import Stepping, events_of, folded
from twin.journal.sqlite import SqliteJournal
from twin.link.actuator import Reply
from twin.link.control import EventMessage, Snapshot
from twin.link.wire import encode_announcement
from twin.recording.form import ANNOUNCED, EVENT, REMARK, ROOM, SAMPLES, Picture, RecordingError
from twin.recording.from_journal import record_journal
from twin.recording.keeping import Keeper
from twin.recording.reading import Recording, mask_of
from twin.room.fold import Room
from twin.room.model import CommandRequest, CommandState


def test_facts_and_samples_of_a_hub_are_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with running_hub(tmp_path / "j.sqlite", scene="Town") as hub:
        addresses = hub.addresses

        def behave(_asked: CommandRequest, reply: Reply, city: FakeCity) -> None:
            reply.accepted()
            city.keep_showing("signal-1", 2.0)

        with (
            FakeCity(addresses, behave) as city,
            console(addresses.control, tmp_path) as ada,
            Stepping(addresses.control, path) as recorder,
        ):
            keeper = recorder.keeper
            until(lambda: keeper.room.seq, what="the first room")
            city.announce()
            asked = request()
            ada.submit(asked)
            until(
                lambda: (
                    (command := keeper.room.commands.get(asked.id))
                    and command.state is CommandState.VERIFIED
                ),
                what="a verified command",
            )
            until(lambda: keeper.counts.n_samples > 5, what="samples")
            polled(ada)
    recording = Recording(path)
    assert recording.is_whole
    assert recording.about.scene == "Town"
    channels = {m.channel for m in recording.messages()}
    assert {EVENT, ROOM, SAMPLES, ANNOUNCED} <= channels
    assert not list(recording.messages(channels=mask_of(REMARK)))
    recording.close()
    seqs = events_of(path)
    assert seqs == list(range(seqs[0], seqs[-1] + 1))
    journal = SqliteJournal(tmp_path / "j.sqlite")
    room = room_of(event for event in journal.events() if event.seq <= seqs[-1])
    journal.close()
    assert folded(path).state_hash() == room.state_hash()


def test_a_hub_killed_in_between_costs_no_fact(tmp_path: Path) -> None:
    path, journal = tmp_path / "a.mcap", tmp_path / "j.sqlite"
    port = str(free_base_port())
    with HubProcess(journal, "--base-port", port) as hub:
        control = hub.addresses.control
        with console(control, tmp_path) as ada, Stepping(control, path) as recorder:
            keeper = recorder.keeper
            until(lambda: keeper.room.seq)
            for n in range(3):
                ada.add_note(f"before {n}")
            until(lambda: any(e.body.get("text") == "before 2" for e in keeper.room.activity))
            hub.kill()
            ada.add_note("while it was dead")
            with HubProcess(journal, "--base-port", port):
                until(
                    lambda: any(
                        e.body.get("text") == "while it was dead" for e in keeper.room.activity
                    ),
                    timeout_s=20,
                )
    seqs = events_of(path)
    assert seqs == list(range(seqs[0], seqs[-1] + 1))


def test_a_recorder_that_is_killed_leaves_all_but_the_last_second(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with running_hub(tmp_path / "j.sqlite") as hub, console(hub.addresses.control, tmp_path) as ada:
        process = subprocess.Popen(
            [sys.executable, "-m", "viewer.cli", "record", "--hub", hub.addresses.control,
             "-o", str(path)],
        )  # fmt: skip
        try:
            until(lambda: any("Recorder" in o.name for o in polled(ada).room.operators.values()))
            ada.add_note("kept")
            seq = until(
                lambda: next(
                    (e.seq for e in polled(ada).room.activity if e.body.get("text") == "kept"), 0
                )
            )

            def holds() -> bool:
                try:
                    return folded(path).seq >= seq
                except (RecordingError, StopIteration):
                    return False

            until(holds, what="the note on disk")
        finally:
            process.kill()
            process.wait()
    recording = Recording(path)
    assert not recording.is_whole
    recording.close()
    assert folded(path).seq >= seq


def test_the_command_ends_on_a_signal_and_says_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with running_hub(tmp_path / "j.sqlite") as hub:
        process = subprocess.Popen(
            [sys.executable, "-m", "viewer.cli", "record", "--hub", hub.addresses.control,
             "-o", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        until(lambda: path.exists() and path.stat().st_size > 1000)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "facts" in out
    assert f"Recording {hub.addresses.control}" in err
    recording = Recording(path)
    assert recording.is_whole
    recording.close()


def test_a_next_hour_is_a_next_file_that_stands_alone(tmp_path: Path) -> None:
    hour_ns = 3_600 * 10**9
    keeper = Keeper(tmp_path / "a.mcap", by_hour=True, with_sync=False)
    t_ns = recordings.START_NS
    keeper.take_fact(Snapshot(epoch="e", seq=0, room=Room().to_bytes()), t_ns)
    keeper.take_samples(encode_announcement(recordings.announcement()), t_ns)
    keeper.take_samples(recordings.samples(1, t_ns), t_ns)
    for n in range(1, 4):
        at_ns = t_ns + n * hour_ns
        keeper.take_fact(EventMessage(epoch="e", event=recordings.note(n, at_ns)), at_ns)
    keeper.close()
    paths = sorted(tmp_path.glob("a-*.mcap"))
    assert len(paths) == 4
    last = Recording(paths[-1])
    picture = next(last.messages(channels=mask_of(ROOM)))
    assert msgspec.msgpack.decode(picture.data, type=Picture).seq == 2
    assert last.about is not None
    last.close()


def test_a_journal_becomes_a_recording(tmp_path: Path) -> None:
    where = tmp_path / "j.sqlite"
    with contextlib.closing(SqliteJournal(where)) as journal:
        journal.append([recordings.note(n, n * 10**9) for n in range(1, 101)])
        n = record_journal(where, tmp_path / "a.mcap")
    assert n == 100
    assert events_of(tmp_path / "a.mcap") == list(range(1, 101))


def test_an_empty_journal_is_refused(tmp_path: Path) -> None:
    SqliteJournal(tmp_path / "j.sqlite").close()
    with pytest.raises(RecordingError, match="The journal is empty"):
        record_journal(tmp_path / "j.sqlite", tmp_path / "a.mcap")
    assert not (tmp_path / "a.mcap").exists()


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "there.mcap").write_text("")
    for out, said in (
        (tmp_path / "none" / "a.mcap", "The folder of --out does not exist"),
        (tmp_path / "there.mcap", "There is a file already"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "viewer.cli", "record", "-o", str(out)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
