"""The console's link: outbox, gaps, wrong fingerprints, silence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.twin.hub_rig import CLOCK, QUICK, console, polled, request, running_hub, until
from twin.errors import TwinError, WireError
from twin.hub.addresses import default_addresses
from twin.hub.server import Hub
from twin.link.client import HubClient
from twin.link.connection import reachable
from twin.link.control import EventMessage, Events, HubAddresses, HubInfo, Note, Submit
from twin.link.control_frames import decode_published
from twin.link.outbox import Outbox
from twin.link.status import LinkState
from twin.room.fold import Room
from twin.room.model import CommandState, Event, Operator

NOBODY = "tcp://127.0.0.1:1"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path / "journal.sqlite", times=QUICK) as hub:
        yield hub


def test_without_a_hub_it_is_offline_and_keeps_commands(tmp_path: Path) -> None:
    with console(NOBODY, tmp_path) as ada:
        one = request()
        ada.submit(one)
        until(lambda: ada.status().n_in_outbox == 1, what="on disk")
        assert list(ada.pending) == [one]
        assert ada.status().state is LinkState.OFFLINE
        assert ada.status().text == "No hub answers at 127.0.0.1:1, trying again"
        assert ada.hub_info() is None
        assert not ada.room.commands


def test_the_outbox_survives_the_console(hub: Hub, tmp_path: Path) -> None:
    one = request()
    with console(NOBODY, tmp_path) as ada:
        ada.submit(one)
    with console(hub.addresses.control, tmp_path) as ada:
        assert list(ada.pending) == [one]
        until(lambda: one.id in polled(ada).room.commands, what="the command of the former life")
        until(lambda: ada.status().n_in_outbox == 0 and not polled(ada).pending)
    with console(hub.addresses.control, tmp_path) as ada:
        until(lambda: one.id in polled(ada).room.commands)
        assert not ada.pending


def test_the_outbox_survives_kill_9_of_the_console(hub: Hub, tmp_path: Path) -> None:
    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from tests.twin.hub_rig import console, request, until\n"
        "with console('tcp://127.0.0.1:1', Path(sys.argv[1])) as c:\n"
        "    c.submit(request(id='the-one'))\n"
        "    until(lambda: c.status().n_in_outbox == 1)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False, timeout=60
    )
    assert done.returncode == -9
    with console(hub.addresses.control, tmp_path) as ada:
        until(lambda: "the-one" in polled(ada).room.commands, what="the command of the dead")


def test_two_consoles_cannot_share_an_outbox(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox(path)
    outbox.add(Note(id="n", text="x"))
    with pytest.raises(TwinError, match="Another console has this outbox open"):
        Outbox(path)
    outbox.close()
    again = Outbox(path)
    assert again.messages() == (Note(id="n", text="x"),)
    again.close()


_OPENER = """
import sys
from pathlib import Path
from twin.errors import TwinError
from twin.link.outbox import Outbox
print("ready", flush=True)
for line in sys.stdin:
    try:
        outbox = Outbox(Path(line.strip()))
    except TwinError as error:
        print(type(error).__name__, flush=True)
        sys.stdin.readline()
        continue
    print("open", flush=True)
    sys.stdin.readline()
    outbox.close()
"""


def test_of_two_consoles_that_start_together_one_has_the_outbox(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _OPENER]
    with ExitStack() as stack:
        openers = [
            stack.enter_context(
                subprocess.Popen(
                    command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                    bufsize=1,
                )
            )
            for _ in range(2)
        ]  # fmt: skip

        def tell(line: str) -> None:
            for opener in openers:
                assert opener.stdin is not None
                opener.stdin.write(f"{line}\n")
                opener.stdin.flush()

        def hear() -> list[str]:
            found = []
            for opener in openers:
                assert opener.stdout is not None
                found.append(opener.stdout.readline().strip())
            return sorted(found)

        assert hear() == ["ready", "ready"]
        for n in range(10):
            for path in (tmp_path / f"new-{n}.sqlite", tmp_path / "kept.sqlite"):
                tell(str(path))
                assert hear() == ["OutboxInUseError", "open"], path.name
                tell("close")


def test_the_outbox_keeps_order_and_one_of_each(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    messages = [Submit(request=request(args={"plan": n})) for n in (1, 2, 3)]
    for message in [*messages, messages[0]]:
        outbox.add(message)
    assert outbox.remove(messages[1].request.id)
    assert not outbox.remove(messages[1].request.id)
    assert outbox.messages() == (messages[0], messages[2])
    outbox.close()


def test_a_broken_outbox_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(TwinError, match="The outbox cannot be opened"):
        Outbox(path)


def test_lost_events_are_asked_for(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        console(hub.addresses.control, tmp_path, "Ada") as ada,
        console(hub.addresses.control, tmp_path, "Bob") as bob,
    ):
        until(lambda: len(polled(bob).room.operators) == 2)
        lost: list[int] = []

        def leaky(frames: list[bytes]) -> Any:
            message = decode_published(frames)
            if isinstance(message, EventMessage | Events) and len(lost) % 5 != 4:
                lost.append(1)
                raise WireError("lost on the way")
            lost.append(0)
            return message

        monkeypatch.setattr("twin.link.connection.decode_published", leaky)
        for n in range(50):
            ada.add_note(f"note {n}")
        until(lambda: polled(ada).room.activity[-1].body.get("text") == "note 49")
        until(lambda: polled(bob).room.seq == ada.room.seq, what="the gap repaired")
        assert 1 in lost
        assert bob.room.state_hash() == ada.room.state_hash()


def test_a_room_that_went_wrong_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    with console(hub.addresses.control, tmp_path) as ada:
        until(lambda: polled(ada).room.operators)
        ada.room._fingerprint.total += 1
        wrong = ada.room
        until(lambda: polled(ada).room is not wrong, what="a new snapshot")
        ada.room.seq -= 1
        until(lambda: ada.add_note("x") or polled(ada).room.activity[-1].kind == "note.added")
        expected = hub._core.room
        until(lambda: polled(ada).room.state_hash() == expected.state_hash())


def test_a_console_that_does_not_poll_is_bounded(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.link.room_copy.MOST_WAITING", 20)
    with (
        console(hub.addresses.control, tmp_path, "Ada") as ada,
        console(hub.addresses.control, tmp_path, "Bob") as bob,
    ):
        until(lambda: len(polled(bob).room.operators) == 2)
        for n in range(100):
            ada.add_note(f"note {n}")
        until(
            lambda: "note 99" in [event.body.get("text") for event in polled(ada).room.activity],
            30.0,
        )
        until(lambda: bob._copy._has_overflowed, what="a full inbox")
        assert len(bob._copy._inbox) <= 21
        until(
            lambda: polled(bob).room.state_hash() == polled(ada).room.state_hash(),
            what="caught up",
        )


def test_it_notices_silence_and_comes_back(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    with running_hub(journal, times=QUICK) as hub:
        addresses = hub.addresses
        client = HubClient(
            endpoint=addresses.control,
            operator=Operator(name="Ada", department="control_room", console_id="c"),
            outbox_path=tmp_path / "outbox.sqlite",
            clock=CLOCK,
        )
        client.start()
        until(lambda: polled(client).status().state is LinkState.LIVE)
        assert client.status().rtt_ms is None or client.status().rtt_ms > 0
    until(lambda: client.status().state is LinkState.STALE, what="stale")
    assert "Hub not heard for 2 s, trying again" in client.status().text
    one = request()
    client.submit(one)
    with running_hub(journal, times=QUICK, addresses=addresses):
        until(lambda: one.id in polled(client).room.commands, what="sent when the hub was back")
        assert client.room.commands[one.id].state is not CommandState.DRAFT
        assert client.status().state is LinkState.LIVE
        client.close()
        client.close()


def test_another_journal_is_another_room(tmp_path: Path) -> None:
    with running_hub(tmp_path / "a.sqlite", times=QUICK) as hub:
        addresses = hub.addresses
        with console(addresses.control, tmp_path) as ada:
            ada.add_note("in a")
            until(lambda: "in a" in [e.body.get("text") for e in polled(ada).room.activity])
    with (
        running_hub(tmp_path / "b.sqlite", times=QUICK, addresses=addresses) as other,
        console(addresses.control, tmp_path) as ada,
    ):
        until(lambda: polled(ada).room.operators)
        assert "in a" not in [e.body.get("text") for e in ada.room.activity]
        info = ada.hub_info()
        assert info is not None
        assert info.epoch == other.epoch


def test_a_console_without_a_name_is_told(hub: Hub, tmp_path: Path) -> None:
    with console(hub.addresses.control, tmp_path, name=" ") as nameless:
        until(lambda: "refuses this console" in polled(nameless).status().text)


def test_an_old_event_changes_nothing(hub: Hub, tmp_path: Path) -> None:
    with console(hub.addresses.control, tmp_path) as ada:
        until(lambda: polled(ada).room.operators)
        old = ada.room.activity[0]
        ada._take_event(hub.epoch, Event(**{f: getattr(old, f) for f in old.__struct_fields__}))
        seq = ada.room.seq
        ada.poll()
        assert ada.room.seq >= seq
        assert isinstance(ada.room, Room)


def test_wildcard_addresses_become_reachable() -> None:
    info = HubInfo(
        epoch="e", scene="", version="0", seq=0, addresses=default_addresses("0.0.0.0", 6000)
    )
    assert reachable(info, "tcp://hub.example:6000").addresses == HubAddresses(
        control="tcp://hub.example:6000",
        events="tcp://hub.example:6001",
        samples_in="tcp://hub.example:6002",
        samples_out="tcp://hub.example:6003",
        record="tcp://hub.example:6004",
    )
