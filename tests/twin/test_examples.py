"""The publishers in ``examples/`` do what docs/wire-protocol.md says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from tests.twin.hub_rig import console, request, running_hub, wait_for_state
from twin.adapter.memory import AdapterMemory
from twin.link import wire
from twin.link.wire_json import JsonBatch
from twin.room.model import CommandState
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


def test_the_actuator_obeys_and_survives_being_killed(tmp_path):
    controller = tmp_path / "controller.txt"
    with (
        running_hub(tmp_path / "journal.sqlite") as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        command = [sys.executable, str(EXAMPLES / "actuator.py"), hub.addresses.control]
        for plan in (3, 2):
            process = subprocess.Popen(
                [*command, "signal-42", str(controller)], stderr=subprocess.PIPE, text=True
            )
            try:
                one = request(target_id="signal-42", args={"plan": plan})
                ada.submit(one)
                wait_for_state(ada, one.id, CommandState.VERIFIED, timeout_s=30.0)
            finally:
                process.kill()
                assert process.communicate(timeout=10)[1] == ""
        assert controller.read_text() == "2"
        memory = AdapterMemory(controller.with_suffix(".memory"))
        assert memory.unended() == ()
        assert memory.newest(one.id).reply.text == "Plan 2 is set"
        memory.close()
