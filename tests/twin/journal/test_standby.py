"""Several hub processes on one database: the active one is killed or stopped, again and again."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from tests.services.postgres import Postgres, running_postgres
from tests.twin.hub_rig import console, free_base_port, polled, request, until
from tests.twin.journal.conformance import saved
from tests.twin.journal.samples import notes
from tests.twin.security.keys_rig import KeysRig
from tests.twin.security.secure_rig import POLICY
from twin.hub.options import HubOptions
from twin.hub.standby import Turns
from twin.journal.base import JournalError
from twin.journal.follower import Follower
from twin.journal.postgres import PostgresJournal
from twin.journal.postgres_reader import PostgresReader
from twin.journal.verify import START, checked
from twin.link.control import Acknowledged, Hello, HelloNeeded, HubInfo, Submit
from twin.link.control_frames import decode_from_hub, encode_control
from twin.link.signing import console_id_at
from twin.link.status import LinkState
from twin.security.client_security import ClientSecurity
from viewer.cli import main

SILENCE_S = 1.0
PROMOTED_S = 10.0
N_OPEN = 8
_OPEN_HUB = ("hub", "--insecure-loopback")


class Member:
    """One ``civitwin hub --standby`` with ports of its own."""

    def __init__(self, url: str, *trust: str) -> None:
        self.control = f"tcp://127.0.0.1:{(port := free_base_port())}"
        trust = trust or ("--insecure-loopback",)
        command = [sys.executable, "-m", "viewer.cli", "hub", *trust, "--standby"]
        self.process = subprocess.Popen(
            [*command, "--journal", url, "--base-port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._read_lines, name="member-out"),
            threading.Thread(target=self._read_errors, name="member-err"),
        ]
        for one in self._threads:
            one.start()

    def _read_lines(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line) | {"at": time.monotonic()})

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    @property
    def is_active(self) -> bool:
        return bool(self.said) and "ready" in self.said[-1]

    @property
    def is_waiting(self) -> bool:
        return bool(self.said) and "standby" in self.said[-1]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        status = self.process.wait(20)
        for one in self._threads:
            one.join(10)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return status


class Streamer:
    """Keeps a few submits open at whichever hub answers; what is not acknowledged goes again."""

    def __init__(self, endpoints: list[str]) -> None:
        self.acknowledged: dict[str, int] = {}
        self.given: dict[str, Submit] = {}
        self.endpoints = endpoints
        self._context: zmq.Context[Any] = zmq.Context()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="streamer")
        self._thread.start()

    def _run(self) -> None:
        turn = 0
        while not self._stop.is_set():
            self._talk_to(self.endpoints[turn % len(self.endpoints)])
            turn += 1

    def _talk_to(self, endpoint: str) -> None:
        dealer = self._context.socket(zmq.DEALER)
        dealer.set(zmq.LINGER, 0)
        dealer.connect(endpoint)
        hello = encode_control(
            Hello(role="console", name="S", department="control_room", console_id="s")
        )
        dealer.send_multipart(hello)
        while not self._stop.is_set() and dealer.poll(round(1_000 * SILENCE_S)):
            match decode_from_hub(dealer.recv_multipart()):
                case Acknowledged(id=key, seq=seq):
                    assert self.acknowledged.setdefault(key, seq) == seq
                    self._send_new(dealer)
                case HubInfo():
                    for message in list(self.given.values()):
                        if message.request.id not in self.acknowledged:
                            dealer.send_multipart(encode_control(message))
                    while len(self.given) - len(self.acknowledged) < N_OPEN:
                        self._send_new(dealer)
                case HelloNeeded():
                    dealer.send_multipart(hello)
        dealer.close()

    def _send_new(self, dealer: zmq.Socket[bytes]) -> None:
        message = Submit(request=request(target_id=f"signal-{len(self.given)}"))
        self.given[message.request.id] = message
        dealer.send_multipart(encode_control(message))

    def close(self) -> None:
        self._stop.set()
        self._thread.join(20)
        self._context.term()


@contextlib.contextmanager
def hubs(url: str, n: int = 2, trust: tuple[str, ...] = ()) -> Iterator[list[Member]]:
    members: list[Member] = []
    try:
        for _ in range(n):
            members.append(Member(url, *trust))
        yield members
    finally:
        for one in members:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGCONT)
                one.stop(signal.SIGKILL)


def active_of(members: list[Member], timeout_s: float = 30.0) -> Member:
    found = until(
        lambda: [one for one in members if one.process.poll() is None and one.is_active],
        timeout_s,
        "a hub serves",
    )
    assert len(found) == 1
    return found[0]


def require_one_history(url: str, acknowledged: dict[str, int]) -> int:
    """Chain without a break, nothing acknowledged lost, nothing twice; the number of take-overs."""
    reader = PostgresReader(url)
    end, stored = START, {}
    for row in reader.rows():
        end = checked(row, end, reader.epoch)
        if row[2] == "command.submitted":
            key = json.loads(row[4])["request"]["id"]
            assert key not in stored, "stored twice"
            stored[key] = row[0]
    assert reader.head() == (end.seq, end.chain)
    assert {key: stored.get(key) for key in acknowledged} == acknowledged
    term = reader.database.query("SELECT term FROM head")[0][0]
    reader.close()
    return int(term)


def kill_again_and_again(url: str, n_kills: int, folder: Path) -> list[float]:
    """Kill the active hub at random moments under load; how long each promotion took, seconds."""
    rng = random.Random(7)
    took: list[float] = []
    with hubs(url) as members:
        endpoints = [one.control for one in members]
        streamer = Streamer(endpoints)
        try:
            for _ in range(n_kills):
                victim = active_of(members)
                other = next(one for one in members if one is not victim)
                until(lambda o=other: o.is_waiting, 30.0, "the other waits")
                enough = len(streamer.acknowledged) + rng.randrange(1, 80)
                until(lambda n=enough: len(streamer.acknowledged) >= n, 30.0, "acknowledgements")
                killed = time.monotonic()
                victim.stop(signal.SIGKILL)
                until(lambda o=other: o.is_active, 30.0, "the other serves")
                took.append(other.said[-1]["at"] - killed)
                members[members.index(victim)] = Member(url)
                endpoints[:] = [one.control for one in members]
            with console(",".join(endpoints), folder) as ada:
                enough = len(streamer.acknowledged) + 10
                until(lambda: len(streamer.acknowledged) >= enough, 30.0, "it goes on")
                until(lambda: polled(ada).room.commands, 20.0, "a console finds the active hub")
        finally:
            streamer.close()
        assert require_one_history(url, streamer.acknowledged) >= n_kills + 1
    return took


def test_the_active_hub_is_killed_again_and_again(postgres: Postgres, tmp_path: Path) -> None:
    took = kill_again_and_again(f"{postgres.room_url()}&lease_s=1", 8, tmp_path)
    assert len(took) == 8
    assert max(took) < PROMOTED_S


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_the_active_hub_is_killed_a_hundred_times(
    postgres: Postgres, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    took = kill_again_and_again(postgres.room_url(), 100, tmp_path)
    figure(
        f"PostgreSQL: active hub killed {len(took)} times, 0 acknowledged lost, 0 doubled;"
        f" promotion {sorted(took)[50]:.1f} s at the median, {max(took):.1f} s at most"
    )
    assert max(took) < PROMOTED_S


def test_an_active_hub_that_is_stopped_and_goes_on_is_fenced(postgres: Postgres) -> None:
    url = f"{postgres.room_url()}&lease_s=1"
    with hubs(url) as members:
        old = active_of(members)
        new = next(one for one in members if one is not old)
        until(lambda: new.is_waiting, 30.0, "the other waits")
        assert new.said[-1]["address"] == old.control
        streamer = Streamer([old.control])
        until(lambda: len(streamer.acknowledged) >= 20, 30.0, "acknowledgements")
        old.process.send_signal(signal.SIGSTOP)
        until(lambda: new.is_active, 30.0, "the other serves")
        late = dict(streamer.given)
        until(lambda: len(streamer.given) >= len(late))
        n_before = len(streamer.acknowledged)
        old.process.send_signal(signal.SIGCONT)
        until(lambda: old.is_waiting, 30.0, "the old one has stepped down")
        assert any("Another hub writes this journal now" in line for line in old.errors)
        streamer.endpoints[:] = [old.control, new.control]
        until(lambda: len(streamer.acknowledged) >= n_before + 20, 30.0, "it goes on")
        streamer.close()
        assert require_one_history(url, streamer.acknowledged) == 2
        assert old.stop() == 0
        assert new.stop() == 0


def test_a_hub_that_ends_in_order_hands_over_at_once(postgres: Postgres, tmp_path: Path) -> None:
    url = f"{postgres.room_url()}&lease_s=30"
    with hubs(url) as members:
        first = active_of(members)
        second = next(one for one in members if one is not first)
        until(lambda: second.is_waiting, 30.0, "the other waits")
        with console(",".join(one.control for one in members), tmp_path) as ada:
            until(lambda: polled(ada).status().state is LinkState.LIVE, 20.0, "live")
            until(lambda: polled(ada).room.operators, 20.0)
            assert first.stop() == 0
            one = request()
            ada.submit(one)
            until(lambda: second.is_active, 10.0, "long before the lease runs out")
            until(lambda: one.id in polled(ada).room.commands, 20.0, "the console came along")
            assert not ada.pending


def test_with_keys_a_person_is_logged_in_at_the_next_hub(
    postgres: Postgres, tmp_path: Path
) -> None:
    """The next hub challenges anew; what was signed while nobody served is taken with its name."""
    keys = KeysRig.make(tmp_path / "keys")
    (tmp_path / "policy.toml").write_text(POLICY)
    trust = ("--keys", str(keys.folder), "--policy", str(tmp_path / "policy.toml"))
    security = ClientSecurity(keys.workstation("desk-1"))
    ada = keys.person("ada", at=("desk-1",))
    url = f"{postgres.room_url()}&lease_s=1"
    with hubs(url, trust=trust) as members:
        first = active_of(members)
        second = next(one for one in members if one is not first)
        until(lambda: second.is_waiting, 30.0, "the other waits")
        with console(
            ",".join(one.control for one in members), tmp_path, security=security, signer=ada,
            console_id=console_id_at("desk-1"),
        ) as client:  # fmt: skip
            until(lambda: polled(client).room.operators, 20.0, "logged in")
            first.stop(signal.SIGKILL)
            one = request()
            client.submit(one)
            until(lambda: second.is_active, PROMOTED_S, "the other serves")
            command = until(lambda: polled(client).room.commands.get(one.id), 20.0, "taken")
            assert command.issued_by.name == "Ada"
            assert not client.pending
        assert second.stop() == 0
    reader = PostgresReader(url)
    signed = [row for row in reader.rows() if row[2] == "command.submitted"]
    reader.close()
    assert len(signed) == 1
    assert "signature" in signed[0][4]


def test_a_database_that_goes_away_is_waited_for() -> None:
    with running_postgres() as server, hubs(f"{server.room_url()}&lease_s=1") as members:
        until(lambda: {one.is_waiting for one in members} == {True, False}, 30.0)
        active = active_of(members)
        server.stop(signal.SIGQUIT)
        until(lambda: any("cannot be reached" in e for e in active.errors), 30.0, "said")
        assert all(one.process.poll() is None for one in members)
        n_ready = sum("ready" in said for one in members for said in one.said)
        server.start()
        until(
            lambda: sum("ready" in s for one in members for s in one.said) > n_ready,
            30.0,
            "one serves again",
        )


# --- what needs no second process -----------------------------------------------------------------


def test_without_standby_a_second_hub_is_refused(
    postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres.room_url()
    journal = PostgresJournal(url, holder="hub A")
    assert main(["hub", "--insecure-loopback", "--journal", url, "--ephemeral"]) == 1
    assert "Another hub writes this journal now (hub A" in capsys.readouterr().err
    journal.close()


@pytest.mark.parametrize(
    ("journal", "sentence"),
    [
        ("x.sqlite", "--standby needs a journal that hubs share"),
        ("postgresql://127.0.0.1:1/x", "cannot be reached"),
        ("postgresql://127.0.0.1:1/x?lease_s=0", "A writer's lease lasts 0.5 to 60 seconds"),
        ("postgresql://127.0.0.1:1/x?lease_s=nan", "A writer's lease lasts 0.5 to 60 seconds"),
    ],
)
def test_a_standby_that_cannot_be(
    journal: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*_OPEN_HUB, "--standby", "--journal", journal, "--ephemeral"]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_a_standby_may_be_stopped_while_it_waits(postgres: Postgres) -> None:
    url = postgres.room_url()
    journal = PostgresJournal(url, holder="hub A")
    said: list[str] = []
    turns = Turns(HubOptions(journal=url), said.append)
    thread = threading.Thread(target=turns.run)
    thread.start()
    until(lambda: said)
    turns.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert json.loads(said[0])["active"] == "hub A"
    journal.close()


def test_a_follower_reads_along_and_finds_what_was_changed(postgres: Postgres) -> None:
    url = postgres.room_url()
    journal = PostgresJournal(url, holder="hub A")
    journal.append(notes(1, 5))
    follower = Follower(url)
    assert follower.follow() == 5
    assert follower.follow() == 0
    journal.append(notes(6, 7))
    holder = follower.holder()
    assert holder is not None
    assert holder.name == "hub A"
    journal.append(notes(8, 9))
    journal.store.database.query("UPDATE events SET actor = 'Eve' WHERE seq = 8")
    with pytest.raises(JournalError, match="row 8 was changed"):
        follower.follow()
    assert follower.end.seq == 7
    follower.close()
    journal.close()


def test_a_follower_that_lags_goes_on_behind_a_cut(postgres: Postgres) -> None:
    url = postgres.room_url()
    journal = PostgresJournal(url)
    journal.append(notes(1, 5))
    follower = Follower(url)
    assert follower.follow() == 5
    journal.append(notes(6, 20))
    journal.save_snapshot(saved(15))
    assert journal.retain(1 << 62, 0) is not None
    follower.follow()
    assert follower.end.seq == 20
    follower.close()
    journal.close()
