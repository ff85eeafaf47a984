"""NATS as it fails: servers killed and restarted, no history, wrong password, nothing there."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from tests.services.nats import NatsServers, free_ports
from tests.twin.hub_rig import HubProcess, console, running_hub, until
from tests.twin.lane_rig import Console, LaneRig, Publisher, receive, seqs, source_at
from twin.errors import TwinError
from twin.hub.forwarder import BEAT_S
from twin.samples import nats_bridge
from twin.samples.address import LOGIN_VARIABLE, SampleAddressError, parse_nats
from twin.samples.nats_link import NatsLink
from twin.samples.nats_source import NatsSource
from twin.samples.outlet import NobodyListensError, open_outlet
from twin.samples.source import open_source


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServers]:
    with NatsServers(tmp_path) as servers:
        yield servers


async def nothing(_client: object, _is_new: bool) -> None: ...


# --- loss of servers ----------------------------------------------------------------------------


def test_one_of_three_servers_is_killed_under_load(tmp_path: Path) -> None:
    """Each in turn, whoever sits on it: samples go on, and every lost one is counted."""
    with (
        LaneRig("nats", tmp_path, n_servers=3) as rig,
        Publisher(rig.addresses.samples_in, "pushed") as pushed,
        Publisher(rig.addresses.samples_out, "native") as native,
        Console(rig.addresses.samples_out) as watching,
    ):
        assert rig.servers is not None
        both = (pushed, native)
        until(lambda: [p.announce() for p in both] and len(watching.ingest.stats().feeds) == 2)
        for publisher in both:  # what is lost before the first message counts nowhere
            until(lambda p=publisher: p.send() and watching.n_messages(p.source))
        for victim in range(3):
            rig.servers.kill(victim)
            started = time.monotonic()
            n_before = [watching.n_messages(p.source) for p in both]

            def both_go_on(before: list[int] = n_before) -> bool:
                for publisher in both:
                    publisher.send()
                now = [watching.n_messages(p.source) for p in both]
                return all(new > old + 20 for new, old in zip(now, before, strict=True))

            until(both_go_on, 20.0, f"samples without server {victim}")
            assert time.monotonic() - started < 20.0
            rig.servers.start(victim)
            rig.servers.wait(victim)
        for publisher in both:
            until(lambda p=publisher: is_accounted(watching, p), 30.0,
                  f"{publisher.seq} sent, {watching.ingest.stats()}")  # fmt: skip
        assert watching.ingest.stats().malformed == 0


def is_accounted(watching: Console, publisher: Publisher) -> bool:
    """Send one more; then what came and what is known to be missing is all that was sent."""
    publisher.send()
    with contextlib.suppress(AssertionError):  # this one was lost too; the next will show it
        until(lambda: accounted(watching, publisher) == publisher.seq, 1.0)
        return True
    return False


def accounted(watching: Console, publisher: Publisher) -> int:
    """Messages that came, that are missing, and that a console behind its time left out."""
    feed = watching.feed(publisher.source)
    return watching.n_messages(publisher.source) + feed.gaps + feed.skipped


def test_what_a_break_cost_is_fetched_from_history(tmp_path: Path) -> None:
    """The console's connection breaks while the server and its stream live: nothing is missing."""
    with (
        LaneRig("nats", tmp_path) as rig,
        Publisher(rig.addresses.samples_in) as publisher,
        source_at(rig.addresses.samples_out) as source,
    ):
        assert isinstance(source, NatsSource)
        until(lambda: publisher.announce() or source.receive(20))
        publisher.send()
        until(lambda: seqs(receive(source, 1), "src") == [0])
        client = source._client
        assert client is not None
        source._link.run(lambda: client._process_op_err(OSError("cable pulled")))
        until(lambda: not source._link.is_connected)
        for _ in range(5):
            publisher.send()
        got: list[int] = []
        until(lambda: got.extend(seqs(receive(source, 1), "src")) or max(got) >= 5)
        assert sorted(set(got)) == list(range(min(got), 6))
        assert min(got) <= 1


def test_a_dead_client_is_replaced(server: NatsServers) -> None:
    """As after https://github.com/nats-io/nats.py/issues/504: closed for good, nobody told."""
    source = NatsSource(server.address)
    outlet = open_outlet(server.address)
    try:
        outlet.connect(10.0)
        until(lambda: source._client is not None and source._link.is_connected)
        client = source._client
        assert client is not None
        source._link.run(client.close)
        until(lambda: source._link.n_clients == 2 and source._link.is_connected, 20.0)
        frames = [b"v1/j/src/", b'{"datastream": "a/b", "result": 1}']
        until(lambda: outlet.send(frames) and [m for m in source.receive(20) if m == frames], 20.0)
    finally:
        outlet.close()
        source.close()


# --- what waits and what is lost ----------------------------------------------------------------


def test_nothing_old_is_sent_after_an_outage_and_all_of_it_is_counted(
    server: NatsServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.samples.nats_link.OUT_AGE_NS", 1)
    link = NatsLink(parse_nats(server.address), name="test", on_connected=nothing)
    link.start()
    try:
        assert link.wait_connected(10.0)
        server.kill(0)
        until(lambda: not link.is_connected)
        assert "cannot be reached, trying again" in link.trouble
        for _ in range(10):
            assert link.publish("a.b", b"x")
        server.start(0)
        until(lambda: link.n_lost == 10, 20.0)
        assert link.trouble == ""
    finally:
        link.close()


def test_the_queue_to_a_server_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.samples.nats_link.OUT_BYTES", 100)
    link = NatsLink(parse_nats(f"nats://127.0.0.1:{free_ports(1)[0]}"), name="test",
                    on_connected=nothing)  # fmt: skip
    link.start()
    try:
        assert [link.publish("a", bytes(30)) for _ in range(5)] == [True] * 3 + [False] * 2
        assert link.n_lost == 2
    finally:
        link.close()


def test_what_nats_does_not_take_is_counted(server: NatsServers) -> None:
    """Over 1 MB, the server's default: lost on the way to NATS, and known to be."""
    link = NatsLink(parse_nats(server.address), name="test", on_connected=nothing)
    link.start()
    try:
        assert link.wait_connected(10.0)
        assert link.publish("a", bytes(2_000_000))
        until(lambda: link.n_lost == 1)
        assert link.is_connected
    finally:
        link.close()


# --- a hub beside NATS --------------------------------------------------------------------------


def test_who_joins_late_without_jetstream_waits_for_the_next_announcement(tmp_path: Path) -> None:
    with NatsServers(tmp_path, jetstream=False) as servers:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        bridge = nats_bridge.NatsBridge(servers.address, context)
        outlet = open_outlet(servers.address)
        source = open_source(servers.address)
        try:
            outlet.connect(10.0)
            frames = [b"v1/j/src/", b'{"datastream": "a/b", "result": 1}']
            until(lambda: outlet.send(frames) and source.receive(20), 20.0)
        finally:
            source.close()
            outlet.close()
            bridge.close()
            context.term()


def test_a_late_joiner_gets_the_newest_samples_too(tmp_path: Path) -> None:
    with LaneRig("nats", tmp_path) as rig, Publisher(rig.addresses.samples_in) as publisher:
        publisher.announce()
        for value in range(5):
            publisher.send(float(value))
        until(lambda: rig.bridge.n_out >= 6)
        with Console(rig.addresses.samples_out) as late:
            until(lambda: late.n_messages() == 5)
            assert late.store.snapshot().values[0] == 4.0
            publisher.send(9.0)
            until(lambda: late.n_messages() == 6)
            assert late.feed().gaps == 0


def test_the_wish_for_the_thinned_lane_lapses(
    server: NatsServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_bridge, "WANT_EVERY_S", 0.1)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    bridge = nats_bridge.NatsBridge(server.address, context)
    link = NatsLink(parse_nats(server.address), name="test", on_connected=nothing)
    link.start()
    try:
        until(lambda: link.publish("civitwin.want.thin", b"") and bridge.is_thin_wanted)
        until(lambda: not bridge.is_thin_wanted)
    finally:
        link.close()
        bridge.close()
        context.term()


def test_a_hub_starts_and_serves_while_nats_is_away(tmp_path: Path) -> None:
    """Facts do not depend on NATS; samples come by themselves once it is there."""
    with NatsServers(tmp_path) as servers:
        servers.kill(0)
        with running_hub(tmp_path / "j.sqlite", samples=servers.address) as hub:
            assert hub.addresses.samples_out == servers.address
            with (
                console(hub.addresses.control, tmp_path) as client,
                Console(hub.addresses.samples_out) as watching,
                Publisher(hub.addresses.samples_in) as publisher,
            ):
                info = until(client.hub_info)
                assert info.addresses.samples_out == servers.address
                until(lambda: "cannot be reached" in watching.ingest.stats().trouble)
                servers.start(0)
                until(lambda: publisher.announce() or (publisher.send() and watching.feed()), 20.0)
                until(lambda: watching.ingest.stats().trouble == "")


def test_the_welcome_tells_no_password(tmp_path: Path) -> None:
    with NatsServers(tmp_path, arguments=("--user", "me", "--pass", "secret")) as servers:
        address = servers.address.replace("nats://", "nats://me:secret@")
        with HubProcess(tmp_path / "j", "--ephemeral", "--samples", address) as hub:
            assert hub.ready["samples_out"] == servers.address


def test_a_wrong_password_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NatsServers(tmp_path, arguments=("--user", "me", "--pass", "secret")) as servers:
        outlet = open_outlet(servers.address.replace("nats://", "nats://me:guess@"))
        until(lambda: "refuses" in outlet._link.trouble)
        with pytest.raises(NobodyListensError, match="refuses the user or the password") as caught:
            outlet.connect(0.1)
        outlet.close()
        assert "guess" not in str(caught.value)
        monkeypatch.setenv(LOGIN_VARIABLE, "me:secret")
        outlet = open_outlet(servers.address)
        outlet.connect(10.0)
        outlet.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl")
def test_encrypted_servers_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tls://: a server whose certificate nobody trusts is refused, and that is said."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    arguments = ("--tls", "--tlscert", str(certificate), "--tlskey", str(key))
    with NatsServers(tmp_path, arguments=arguments) as servers:
        address = servers.address.replace("nats://", "tls://")
        outlet = open_outlet(address)
        with pytest.raises(NobodyListensError, match="certificate"):
            outlet.connect(2.0)
        outlet.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with source_at(address) as source:
            outlet = open_outlet(address)
            outlet.connect(10.0)
            frames = [b"v1/j/src/", b'{"datastream": "a/b", "result": 1}']
            until(lambda: outlet.send(frames) and source.receive(20), 20.0)
            outlet.close()


def test_a_hub_refuses_an_address_that_is_none(tmp_path: Path) -> None:
    for samples in ("nats://", "http://x"):
        with pytest.raises(TwinError, match="nats://HOST:4222"):
            running_hub(tmp_path / "j.sqlite", samples=samples).__enter__()
    result = subprocess.run(
        [sys.executable, "-m", "viewer.cli", "hub", "--insecure-loopback", "--ephemeral",
         "--journal",
         str(tmp_path / "j"), "--samples", "tcp://127.0.0.1:1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode != 0
    assert "nats://HOST:4222" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_the_package_one_sentence_says_how_to_get_it() -> None:
    script = (
        "import sys; sys.modules['nats'] = None\n"
        "from twin.errors import TwinError\n"
        "from twin.samples.source import open_source\n"
        "try: open_source('nats://127.0.0.1:1')\n"
        "except TwinError as error: print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                            timeout=60, check=False)  # fmt: skip
    assert "pip install 'civitwin[nats]'" in result.stdout, result.stderr


def test_beats_come_often_enough_to_notice_two_seconds() -> None:
    assert BEAT_S <= 0.5
    assert issubclass(SampleAddressError, TwinError)


def test_publish_from_a_shell_over_nats_reaches_consoles_on_zeromq(tmp_path: Path) -> None:
    with LaneRig("nats", tmp_path) as rig, Console(rig.ports.addresses.samples_out) as watching:
        command = [
            sys.executable, "-m", "viewer.cli", "publish", "--samples-in",
            rig.addresses.samples_out, "--source", "shell", "--datastream", "gauge/water_level",
            "--value", "1.84", "--unit", "m",
        ]  # fmt: skip
        until(lambda: watching.ingest.stats().lag_s >= 0.0, what="the console is subscribed")
        subprocess.run(command, check=True, timeout=60, capture_output=True)
        until(lambda: watching.feed("shell"))
        assert watching.store.snapshot().values[0] == 1.84


def test_publish_says_when_nats_is_not_there() -> None:
    command = [
        sys.executable, "-m", "viewer.cli", "publish", "--samples-in",
        f"nats://127.0.0.1:{free_ports(1)[0]}", "--source", "shell", "--datastream",
        "gauge/water_level", "--value", "1",
    ]  # fmt: skip
    result = subprocess.run(command, timeout=60, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "NATS at nats://127.0.0.1:" in result.stderr
    assert "Traceback" not in result.stderr
