"""The publishers in ``examples/`` do what docs/wire-protocol.md says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from twin.link import wire
from twin.link.wire_json import JsonBatch
from twin.sense.model import Announcement

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def received_from(command: list[str], n_messages: int) -> list[wire.Message]:
    with zmq.Context() as context, context.socket(zmq.PULL) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVTIMEO, 30_000)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        done = subprocess.run(
            [*command, f"tcp://127.0.0.1:{port}", "3"], capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return [wire.decode(socket.recv_multipart()) for _ in range(n_messages)]


def test_the_python_sensor():
    messages = received_from([sys.executable, str(EXAMPLES / "publish_sensor.py")], 3)
    for message in messages:
        assert isinstance(message, JsonBatch)
        (observation,) = message.observations
        assert observation.datastream == "river-gauge-1/water_level"
        assert observation.frame == "geographic"


def test_the_python_batches():
    announced, *batches = received_from([sys.executable, str(EXAMPLES / "publish_batch.py")], 4)
    assert isinstance(announced, Announcement)
    assert len(announced.datastreams) == len(announced.things)
    for seq, batch in enumerate(batches):
        assert isinstance(batch, wire.SampleBatch)
        assert (batch.seq, batch.epoch) == (seq, announced.epoch)
        assert len(batch.values) == len(announced.datastreams)


def test_the_node_sensor():
    node = shutil.which("node")
    if node is None or not (EXAMPLES / "node_modules" / "zeromq").is_dir():
        pytest.skip("needs node, and npm install in examples/")
    messages = received_from([node, str(EXAMPLES / "publish_sensor.mjs")], 3)
    assert all(message.observations[0].datastream == "air-1/pm25" for message in messages)


@pytest.mark.parametrize("name", ["publish_sensor.py", "publish_batch.py", "publish_sensor.mjs"])
def test_each_is_short_and_needs_nothing_of_ours(name):
    text = (EXAMPLES / name).read_text("utf-8")
    assert len(text.splitlines()) < 25
    assert "civitwin" not in text.lower()
    assert "from twin" not in text
