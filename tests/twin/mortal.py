"""A console and an adapter as real processes that kill themselves (SIGKILL) at a chosen step."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zmq

from tests.twin.hub_rig import CLOCK
from tests.twin.misbehaving import KINDS
from twin.adapter.memory import AdapterMemory
from twin.link.actuator import ActuatorClient, Reply
from twin.link.client import HubClient
from twin.link.connection import Connection
from twin.link.control import Acknowledged, ActuatorReply, HubAddresses, Ping, Pong, Submit
from twin.link.control_frames import decode_from_hub
from twin.link.outbox import Outbox
from twin.link.wire import encode_announcement, encode_batch
from twin.room.model import CommandRequest, Operator
from twin.sense.model import Announcement, Datastream, Thing

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["twin.hub.server", "tests.twin.fork_hub", "tests.twin.mortal"])
LONGEST_S = 120.0
SHOW_S = 0.05

WORDS = ("accepted", "executing", "done")
#: Everything that an adapter does with one order, in order.
ADAPTER_STEPS = (
    "delivered", "before intent", "intent kept", "before act", "acted",
    *(f"{when} {word}" for word in WORDS for when in ("before keeping", "kept", "sent")),
)  # fmt: skip
#: Everything that a console does with one command, in order.
CONSOLE_STEPS = (
    "before outbox", "in outbox", "before send", "sent", "acknowledged", "out of outbox",
)  # fmt: skip
Step = Callable[[str], None]


def started(target: Callable[..., None], **arguments: Any) -> BaseProcess:
    """A process of one of the roles below."""
    process = _context.Process(target=target, kwargs=arguments, daemon=True)
    process.start()
    return process


def _mortal(die_at: str) -> Step:
    def at(step: str) -> None:
        if step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def _around(owner: Any, name: str, before: Callable[..., None], after: Callable[..., None]) -> None:
    """Do something around each call of a method."""
    usual = getattr(owner, name)

    def wrapped(*args: Any) -> Any:
        before(*args)
        result = usual(*args)
        after(*args)
        return result

    setattr(owner, name, wrapped)


def _flush(connection: Connection) -> None:
    """Wait until the hub has seen what was sent on a connection."""
    socket = connection._control
    assert socket is not None
    connection.send(Ping(t_ns=7))
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if socket.poll(100) and decode_from_hub(socket.recv_multipart()) == _PONG:
            return


class _Pong:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pong) and other.t_ns == 7

    __hash__ = None  # type: ignore[assignment]


_PONG = _Pong()


def _wait_for_the_end() -> None:
    threading.Event().wait(LONGEST_S)


# --- the roles ------------------------------------------------------------------------------------


def console(control: str, folder: str, name: str, request: bytes, die_at: str = "") -> None:
    """Submits a command, or only goes on with what is in its outbox (``request`` empty)."""
    at = _mortal(die_at)
    client = HubClient(
        endpoint=control,
        operator=Operator(name=name, department="control_room", console_id=f"console-{name}"),
        outbox_path=Path(folder) / f"{name}.sqlite",
        clock=CLOCK,
    )
    outbox: Outbox = client._outbox
    connection = client._connection

    def sent(message: Any) -> None:
        if isinstance(message, Submit) and die_at == "sent":
            _flush(connection)
            at("sent")

    _around(outbox, "add", lambda _: at("before outbox"), lambda _: at("in outbox"))
    _around(outbox, "remove", lambda _: None, lambda _: at("out of outbox"))
    _around(
        connection, "send", lambda m: at("before send") if isinstance(m, Submit) else None, sent
    )

    def heard(message: Any) -> None:
        if isinstance(message, Acknowledged):
            at("acknowledged")

    _around(connection, "_on_message", heard, lambda _: None)
    client.start()
    if request:
        client.submit(msgspec.msgpack.decode(request, type=CommandRequest))
    _wait_for_the_end()


def adapter(
    addresses: bytes, folder: str, name: str, kind: str, *, shows: bool, die_at: str = ""
) -> None:
    """Serves one asset; each act is a line in a file, and the city shows it if ``shows``."""
    at = _mortal(die_at)
    where = msgspec.msgpack.decode(addresses, type=HubAddresses)
    acts = Path(folder) / f"{name}.acts"
    memory = AdapterMemory(Path(folder) / f"{name}.memory")

    def act(request: CommandRequest, reply: Reply) -> None:
        at("before act")
        with acts.open("a") as file:
            file.write(f"{request.id} {reply._attempt}\n")
            file.flush()
            os.fsync(file.fileno())
        at("acted")
        reply.accepted()
        reply.executing()
        reply.done()

    client = ActuatorClient(
        endpoint=where.control, name=name, asset_ids=(name,), on_command=act, clock=CLOCK,
        memory=memory,
    )  # fmt: skip

    def sent(message: Any) -> None:
        if isinstance(message, ActuatorReply) and die_at == f"sent {message.status}":
            _flush(client._connection)
            at(die_at)

    orders = client._orders
    _around(memory, "begin", lambda *_: at("before intent"), lambda *_: at("intent kept"))
    client._orders = _Watched(orders, at)  # type: ignore[assignment]
    _around(client._connection, "send", lambda _: None, sent)
    client.start()
    _show(where, name, kind, acts if shows else None)


class _Watched:
    """The orders, which have slots, with steps around."""

    def __init__(self, orders: Any, at: Step) -> None:
        self._orders, self._at = orders, at

    def take(self, order: Any) -> Any:
        self._at("delivered")
        return self._orders.take(order)

    def note(self, reply: ActuatorReply) -> bool:
        self._at(f"before keeping {reply.status}")
        kept = bool(self._orders.note(reply))
        self._at(f"kept {reply.status}")
        return kept

    def revoke(self, command_id: str) -> None:
        self._orders.revoke(command_id)


def _show(addresses: HubAddresses, name: str, kind: str, acts: Path | None) -> None:
    """Publish what the city shows, for as long as the process lives."""
    accepts, observed, before, after = KINDS[kind]
    thing = Thing(id=name, name=name, kind=kind, accepts=(accepts,))
    stream = Datastream(index=0, id=f"{name}/{observed}", thing_id=name, observed_property=observed)
    context: zmq.Context[Any] = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.connect(addresses.samples_in)
    push.send_multipart(
        encode_announcement(
            Announcement(source=name, epoch="e", things=(thing,), datastreams=(stream,))
        )
    )
    end = time.monotonic() + LONGEST_S
    seq = 0
    while time.monotonic() < end:
        seq += 1
        value = after if acts is not None and acts.exists() else before
        now_ns = CLOCK.now_ns()
        columns = (np.array([0], np.uint32), np.array([now_ns], np.int64), np.array([value]))
        push.send_multipart(encode_batch(name, "e", seq, *columns, np.array([0], np.uint8), now_ns))
        time.sleep(SHOW_S)
