"""A hub that answers everything while its facts do not arrive; a hub that is slow to say a word."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from tests.twin.hub_rig import CLOCK, QUICK, console, polled, running_hub, until
from twin.link import connection as connections
from twin.link.connection import FIRST_WORD_S, SILENCE_S, Connection
from twin.link.control import Hello, HubInfo
from twin.link.mailbox import Mailbox
from twin.link.status import LinkState
from twin.samples.zeromq_source import SILENCE_S as SAMPLE_SILENCE_S
from twin.samples.zeromq_source import STILL_S, ZeromqSource


class Relay:
    """A TCP relay. A cut one keeps its connections open and swallows what comes through them."""

    def __init__(self, address: str, delay_s: float = 0.0) -> None:
        self._port = int(address.rsplit(":", 1)[1])
        self._delay_s = delay_s
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listening.getsockname()[1]}"
        self.n_taken = 0
        self._swallows: list[threading.Event] = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._take, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Swallow what comes through the connections that are open now."""
        for swallows in self._swallows:
            swallows.set()

    def close(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(5)
        self._listening.close()

    def _take(self) -> None:
        while not self._is_over.is_set():
            if not select.select([self._listening], [], [], 0.05)[0]:
                continue
            near = self._listening.accept()[0]
            self.n_taken += 1
            self._swallows.append(threading.Event())
            thread = threading.Thread(
                target=self._carry, args=(near, self._swallows[-1]), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _carry(self, near: socket.socket, swallows: threading.Event) -> None:
        self._is_over.wait(self._delay_s)
        with near, contextlib.suppress(OSError), socket.create_connection(
            ("127.0.0.1", self._port)
        ) as far:  # fmt: skip
            other = {near: far, far: near}
            while not self._is_over.is_set():
                for one in select.select([near, far], [], [], 0.05)[0]:
                    chunk = one.recv(65_536)
                    if not chunk:
                        return
                    if not swallows.is_set():
                        other[one].sendall(chunk)


@contextlib.contextmanager
def relay_to(address: str, delay_s: float = 0.0) -> Iterator[Relay]:
    relay = Relay(address, delay_s)
    try:
        yield relay
    finally:
        relay.close()


def test_facts_that_stop_arriving_are_noticed_and_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        running_hub(tmp_path / "j.sqlite", times=QUICK) as hub,
        relay_to(hub.addresses.events) as relay,
    ):

        def through_relay(info: HubInfo, _: str) -> HubInfo:
            addresses = msgspec.structs.replace(info.addresses, events=relay.address)
            return msgspec.structs.replace(info, addresses=addresses)

        monkeypatch.setattr(connections, "reachable", through_relay)
        with console(hub.addresses.control, tmp_path) as ada:
            until(lambda: polled(ada).status().state is LinkState.LIVE, what="the first facts")
            relay.cut()
            ada.add_note("said into the silence")
            until(lambda: ada.status().n_in_outbox == 0, what="the hub to answer")
            before = relay.n_taken
            until(
                lambda: (
                    "said into the silence"
                    in [e.body.get("text") for e in polled(ada).room.activity]
                ),
                what="the fact",
            )
            assert relay.n_taken > before, "by itself it would never have come"
            until(lambda: ada.status().state is LinkState.LIVE, what="all well again")


def test_a_hub_whose_facts_never_arrive_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = socket.create_server(("127.0.0.1", 0))  # takes connections and says nothing

    def to_nowhere(info: HubInfo, _: str) -> HubInfo:
        address = f"tcp://127.0.0.1:{nowhere.getsockname()[1]}"
        addresses = msgspec.structs.replace(info.addresses, events=address)
        return msgspec.structs.replace(info, addresses=addresses)

    monkeypatch.setattr(connections, "reachable", to_nowhere)
    with (
        nowhere,
        running_hub(tmp_path / "j.sqlite", times=QUICK) as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        until(lambda: "answers, but its facts do not arrive" in ada.status().text, what="words")
        assert ada.status().state is not LinkState.LIVE


def test_samples_that_stop_arriving_come_again(tmp_path: Path) -> None:
    with (
        running_hub(tmp_path / "j.sqlite", times=QUICK) as hub,
        relay_to(hub.addresses.samples_out) as relay,
    ):
        source = ZeromqSource(relay.address)
        try:
            until(lambda: source.receive(50), what="a beat of the hub")
            before = relay.n_taken
            relay.cut()
            until(lambda: not source.receive(300), what="the silence")
            until(lambda: source.trouble or source.receive(50), what="words")
            assert "have stopped" in source.trouble
            until(lambda: source.receive(50), what="a beat again")
            assert relay.n_taken > before
            assert source.trouble == ""
        finally:
            source.close()


def test_whoever_stood_still_does_not_call_the_hub_silent(tmp_path: Path) -> None:
    """After a stop the old connection has much to tell: its backlog, and how much was missed."""
    with (
        running_hub(tmp_path / "j.sqlite", times=QUICK) as hub,
        relay_to(hub.addresses.samples_out) as relay,
    ):
        source = ZeromqSource(relay.address)
        try:
            until(lambda: source.receive(50), what="a beat of the hub")
            relay.cut()
            until(lambda: not source.receive(300), what="the silence")
            time.sleep(SAMPLE_SILENCE_S + STILL_S)
            assert source.receive(50) == []
            assert source.trouble == ""
            assert relay.n_taken == 1
            until(lambda: source.trouble or source.receive(50), what="words")
        finally:
            source.close()


def test_a_publisher_without_beats_may_be_silent_as_long_as_it_likes(tmp_path: Path) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    publisher = context.socket(zmq.PUB)
    port = publisher.bind_to_random_port("tcp://127.0.0.1")
    source = ZeromqSource(f"tcp://127.0.0.1:{port}")
    try:

        def heard() -> bool:
            publisher.send_multipart([b"v1/s/loop/", b"not a batch"])
            return bool(source.receive(50))

        until(heard, what="something")
        end = time.monotonic() + SAMPLE_SILENCE_S + 0.5
        while time.monotonic() < end:
            source.receive(100)
        assert source.trouble == ""
    finally:
        source.close()
        context.destroy(0)


def test_a_hub_that_is_slow_to_say_a_word_is_not_given_up(tmp_path: Path) -> None:
    """Each connection gets through only after a time that is longer than a silence."""
    slow_s = SILENCE_S + 0.5
    with (
        running_hub(tmp_path / "j.sqlite", times=QUICK) as hub,
        relay_to(hub.addresses.control, slow_s) as relay,
    ):
        mail = Mailbox[None](10)
        connection = Connection(
            endpoint=f"{relay.address},tcp://127.0.0.1:1", hello=Hello(role="actuator", name="a"),
            clock=CLOCK, wake=mail, on_message=lambda _: None, with_events=False,
        )  # fmt: skip
        connection.open()
        begun = time.monotonic()
        try:
            while connection.info is None and time.monotonic() - begun < 3 * FIRST_WORD_S:
                connection.wait(20)
            assert connection.info is not None
            assert relay.n_taken == 1
        finally:
            connection.close()
            mail.close()
