"""Samples on a real socket: decodable, contiguous, never blocking, recovering by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import zmq

from tests.twin.sim_city import grid_city
from tests.twin.sim_drive import START_NS
from twin.clock import NS_PER_S, FakeClock
from twin.link.wire import Message, PositionBatch, SampleBatch, decode
from twin.sense.model import Announcement
from twin.sim.addresses import reachable
from twin.sim.publisher import QUEUE_MESSAGES, SamplePublisher
from twin.sim.world import World, WorldOptions

TIMEOUT_S = 10.0


@pytest.fixture(scope="module")
def world() -> World:
    return World(grid_city(5), WorldOptions(n_datastreams=300, n_units=20))


@pytest.fixture
def publisher(world: World) -> Iterator[SamplePublisher]:
    publisher = SamplePublisher(
        Announcement(
            source="sim",
            epoch="e1",
            things=world.things,
            datastreams=world.datastreams,
            units=world.units,
        ),
        FakeClock(START_NS),
    )
    yield publisher
    publisher.close()


class Listener:
    """A stand-in for the hub's port: a bound PULL socket."""

    def __init__(self, endpoint: str = "tcp://127.0.0.1:*") -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.PULL)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(endpoint)
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def close(self) -> None:
        self.socket.close()
        self.context.term()


def receive(listener: Listener, count: int) -> list[Message]:
    messages = []
    while len(messages) < count:
        assert listener.socket.poll(TIMEOUT_S * 1000), (
            f"only {len(messages)} of {count} messages came"
        )
        messages.append(decode(listener.socket.recv_multipart()))
    return messages


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, "not reached in time"
        time.sleep(0.01)


def send_step(world: World, publisher: SamplePublisher, k: int) -> None:
    t_ns = START_NS + k * NS_PER_S // 5
    publisher.send_samples(world.step(t_ns, 0.2).samples)
    publisher.send_positions(t_ns, *world.positions())


def test_frames_decode_and_sequence_numbers_are_contiguous(
    world: World, publisher: SamplePublisher
) -> None:
    listener = Listener()
    publisher.connect(listener.endpoint)
    until(publisher.announce)
    for k in range(10):
        send_step(world, publisher, k)
    assert publisher.n_dropped == 0
    messages = receive(listener, 2 + 20)
    listener.close()
    announced = [m for m in messages if isinstance(m, Announcement)]
    assert sum(len(m.things) for m in announced) == len(world.things)
    assert sum(len(m.datastreams) for m in announced) == len(world.datastreams)
    assert sum(len(m.units) for m in announced) == 20
    batches = [m for m in messages if isinstance(m, SampleBatch | PositionBatch)]
    assert [m.seq for m in batches] == list(range(1, 21))
    samples = [m for m in batches if isinstance(m, SampleBatch)]
    assert sum(len(m.values) for m in samples) > 0
    assert max(int(m.indices.max()) for m in samples) < len(world.datastreams)
    positions = [m for m in batches if isinstance(m, PositionBatch)]
    assert np.array_equal(positions[-1].x, world.positions()[0][:, 0])
    assert positions[-1].frame == "local"


def test_without_a_hub_samples_are_dropped_and_counted(
    world: World, publisher: SamplePublisher
) -> None:
    publisher.connect("tcp://127.0.0.1:9")  # nobody listens there
    for k in range(QUEUE_MESSAGES):
        send_step(world, publisher, k)
    assert publisher.n_sent == 0
    assert publisher.n_dropped > QUEUE_MESSAGES
    assert not publisher.announce()


def test_it_recovers_when_the_hub_returns(world: World, publisher: SamplePublisher) -> None:
    listener = Listener()
    publisher.connect(listener.endpoint)
    until(publisher.announce)
    send_step(world, publisher, 0)
    receive(listener, 4)
    listener.close()
    until(lambda: not publisher.announce())
    dropped = publisher.n_dropped
    send_step(world, publisher, 1)
    assert publisher.n_dropped > dropped
    listener = Listener(listener.endpoint)
    until(publisher.announce)
    send_step(world, publisher, 2)
    batches = [m for m in receive(listener, 4) if isinstance(m, SampleBatch | PositionBatch)]
    listener.close()
    assert [m.seq for m in batches] == [5, 6]  # 3 and 4 are a visible gap


def test_a_hub_that_is_everywhere_is_reached_where_it_was_found() -> None:
    control = "tcp://10.0.0.7:5710"
    assert reachable("tcp://0.0.0.0:5712", seen_from=control) == "tcp://10.0.0.7:5712"
    assert reachable("tcp://[::]:5712", seen_from=control) == "tcp://10.0.0.7:5712"
    assert reachable("tcp://192.0.2.1:5712", seen_from=control) == "tcp://192.0.2.1:5712"
    assert reachable("ipc:///tmp/x", seen_from=control) == "ipc:///tmp/x"
