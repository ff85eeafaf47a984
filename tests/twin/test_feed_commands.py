"""``civitwin feed`` and ``civitwin publish`` as processes, against a real socket."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from twin.link import wire
from twin.sense.model import Announcement

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pull():
    with zmq.Context() as context, context.socket(zmq.PULL) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVTIMEO, 30_000)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        yield socket, f"tcp://127.0.0.1:{port}"


def civitwin(*arguments: str, **more) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "viewer.cli", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **more
    )


def test_publish_sends_one_observation(pull):
    socket, endpoint = pull
    done = civitwin(
        "publish", "--datastream", "gauge/water_level", "--value", "1.84", "--unit", "m",
        "--location", "4.3", "52.1", "--name", "Gauge", "--samples-in", endpoint,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    (got,) = wire.decode(socket.recv_multipart()).observations
    assert (got.datastream, got.result, got.unit, got.name) == (
        "gauge/water_level", 1.84, "m", "Gauge",
    )  # fmt: skip
    assert got.xyz == (4.3, 52.1, 0.0)


def test_publish_takes_lines_and_names_the_bad_ones(pull):
    socket, endpoint = pull
    lines = '{"datastream": "a/b", "result": 1}\n\nnonsense\n{"datastream": "a/b", "result": 2}\n'
    done = civitwin("publish", "--stdin", "--samples-in", endpoint, input=lines)
    assert done.returncode == 1
    assert "line 3:" in done.stderr
    assert "Traceback" not in done.stderr
    results = [wire.decode(socket.recv_multipart()).observations[0].result for _ in range(2)]
    assert results == [1.0, 2.0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["publish", "--datastream", "a/b", "--value", "1"], "Nobody takes samples"),
        (["publish", "--datastream", "ab", "--value", "1"], "thing/property"),
        (["publish", "--datastream", "a/b"], "--value NUMBER"),
        (["publish", "--datastream", "a/b", "--value", "nan"], "--value NUMBER"),
        (["feed", "no-such-file.csv"], "cannot be read"),
    ],
)
def test_faults_are_one_sentence_and_exit_1(arguments, words):
    done = civitwin(*arguments, "--samples-in", "tcp://127.0.0.1:9")
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_address_follows_the_hub(pull):
    socket, endpoint = pull
    port = int(endpoint.rpartition(":")[2])
    hub = f"tcp://127.0.0.1:{port - 2}"
    assert civitwin("publish", "--datastream", "a/b", "--value", "1", "--hub", hub).returncode == 0
    assert wire.decode(socket.recv_multipart()).observations
    wrong = civitwin("publish", "--datastream", "a/b", "--value", "1", "--hub", "somewhere")
    assert "--hub takes tcp://HOST:PORT" in wrong.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_feed_stops_cleanly_when_told(pull, tmp_path, number):
    socket, endpoint = pull
    rows = "".join(f"{i},{i}\n" for i in range(3600))
    path = tmp_path / "levels.csv"
    path.write_text("time,level\n" + rows)
    command = [sys.executable, "-m", "viewer.cli", "feed", str(path), "--speed", "20",
               "--samples-in", endpoint]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert isinstance(wire.decode(socket.recv_multipart()), Announcement)
        batch = wire.decode(socket.recv_multipart())
        assert batch.source == "levels"
        process.send_signal(number)
        out, errors = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 0
    assert errors == ""
    assert out.startswith("levels.csv: 1 properties of one sensor (level), 3,600 rows")
    assert "Sent " in out


def test_feed_ends_after_its_seconds(pull, tmp_path):
    _, endpoint = pull
    path = tmp_path / "levels.csv"
    path.write_text("time,level\n" + "".join(f"{i},{i}\n" for i in range(3600)))
    done = civitwin("feed", str(path), "--seconds", "0.3", "--samples-in", endpoint)
    assert done.returncode == 0
    assert "replayed 60 times as fast in 60 s" in done.stdout
