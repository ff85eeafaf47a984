"""Every decoder of the wire against random and mutated frames: a message or a `WireError`, no more.

A million frames in the fast set, a hundred million with ``CIVITWIN_LONG=1``. What comes out of a
mutated frame is a message of the protocol; what the hub makes of it is tested elsewhere.
"""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pytest

from tests.twin.hub_bench import INFO
from tests.twin.hub_rig import request
from twin.errors import WireError
from twin.link.control import (
    Act,
    ActuatorReply,
    Cancel,
    Deliver,
    Events,
    Heartbeat,
    Hello,
    Note,
    Ping,
    Refused,
    Snapshot,
    Submit,
)
from twin.link.control_frames import (
    decode_from_hub,
    decode_published,
    decode_to_hub,
    encode_control,
    encode_event,
    encode_heartbeat,
)
from twin.link.wire import decode, encode_announcement, encode_batch
from twin.room.fold import Room
from twin.room.model import Event
from twin.sense.model import Announcement, Datastream, Thing

#: Bad frames for one decoder, and for all together.
FAST, LONG = 1_000_000, 100_000_000
GROWTH_MIB = 150
EVENT = Event(seq=3, t_ns=5, kind="note.added", actor="a", body={"text": "x", "n": [1, 2.5, None]})
Frames = list[bytes]


def _control() -> list[Frames]:
    messages = (
        Hello(role="console", name="Ada", department="fire", console_id="c"),
        Submit(request=request(), signature="ab" * 64),
        Cancel(id="k", command_id="c"),
        Note(id="n", text="hello"),
        Act(id="a", kind="lease.take", body={"asset_id": "gate-1", "x": {"y": [1, 2]}}),
        ActuatorReply(command_id="c", status="done", route=((1.0, 2.0, 3.0),)),
        Ping(t_ns=7),
    )
    return [encode_control(message) for message in messages]


def _from_hub() -> list[Frames]:
    messages = (
        INFO,
        Refused(id="k", text="no"),
        Snapshot(epoch="e", seq=1, room=Room().to_bytes()),
        Events(epoch="e", events=(EVENT, EVENT), last_seq=4),
        Deliver(request=request(), issued_by="Ada", lease_token=3),
    )
    return [encode_control(message) for message in messages]


def _published() -> list[Frames]:
    beat = Heartbeat(epoch="e", seq=1, state_hash="00", t_ns=5, trouble="")
    return [encode_event("e", EVENT), encode_heartbeat(beat)]


def _samples() -> list[Frames]:
    n = 5
    batch = encode_batch(
        "fake", "e1", 1, np.arange(n, dtype=np.uint32), np.arange(n, dtype=np.int64),
        np.arange(n, dtype=np.float64), np.zeros(n, dtype=np.uint8), 5,
    )  # fmt: skip
    announcement = encode_announcement(
        Announcement(
            source="fake", epoch="e1", things=(Thing(id="t", name="T", kind="gate"),),
            datastreams=(
                Datastream(index=0, id="t/level", thing_id="t", observed_property="level"),
            ),
        )
    )  # fmt: skip
    json = [b"v1/j/gauge/", b'[{"datastream": "g/level", "result": 1.5, "local": [1, 2, 3]}]']
    return [[bytes(part) for part in frames] for frames in (batch, announcement, json)]


def _read_room(frames: Frames) -> object:
    return Room.from_bytes(frames[0])


DECODERS: dict[str, tuple[Callable[[Frames], object], list[Frames], float]] = {
    "to_hub": (decode_to_hub, _control(), 0.35),
    "from_hub": (decode_from_hub, _from_hub(), 0.25),
    "published": (decode_published, _published(), 0.2),
    "samples": (decode, _samples(), 0.19),
    "room": (_read_room, [[Room().to_bytes()]], 0.01),
}


def mutated(good: list[Frames], n: int, rng: random.Random) -> Iterator[Frames]:
    """Random frames, and good ones with bytes flipped, cut off, doubled, or parts exchanged."""
    for _ in range(n):
        frames = list(rng.choice(good))
        kind = rng.randrange(6)
        at = rng.randrange(len(frames))
        body = frames[at]
        if kind == 0:
            frames[at] = rng.randbytes(rng.randrange(64))
        elif kind == 1 and body:
            flipped = bytearray(body)
            for _ in range(rng.randrange(1, 4)):
                flipped[rng.randrange(len(flipped))] = rng.randrange(256)
            frames[at] = bytes(flipped)
        elif kind == 2:
            frames[at] = body[: rng.randrange(len(body) + 1)]
        elif kind == 3:
            frames[at] = body + body[rng.randrange(len(body) + 1) :]
        elif kind == 4:
            frames = frames[: rng.randrange(len(frames) + 1)] or [b""]
        else:
            other = rng.choice(rng.choice(good))
            cut = rng.randrange(len(body) + 1)
            frames[at] = body[:cut] + other[rng.randrange(len(other) + 1) :]
        yield frames


def _fuzz(name: str, total: int) -> str:
    read, good, share = DECODERS[name]
    for frames in good:
        read(frames)  # the good ones are good
    rng = random.Random(f"{name} {total}")
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    n_refused = n_read = 0
    for frames in mutated(good, round(total * share), rng):
        try:
            read(frames)
            n_read += 1
        except WireError:
            n_refused += 1
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) / 1024
    assert n_refused > 0
    assert grown_mib < GROWTH_MIB, f"{grown_mib:.0f} MiB more"
    return (
        f"bad frames, {name}: {n_refused + n_read:,} messages, {n_refused:,} refused, {n_read:,}"
        f" could be read; memory + {grown_mib:.0f} MiB"
    )


@pytest.mark.parametrize("name", DECODERS)
def test_a_million_bad_frames(name: str) -> None:
    _fuzz(name, FAST)


@pytest.mark.long
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("name", DECODERS)
def test_a_hundred_million_bad_frames(name: str, figure: Callable[[str], None]) -> None:
    figure(_fuzz(name, int(os.environ.get("CIVITWIN_FRAMES", LONG))))


def test_a_bomb_of_depth_and_of_promised_length() -> None:
    deep = b"\x91" * 200_000
    promised = b"\xdd\xff\xff\xff\xff"
    for read, good, _ in DECODERS.values():
        at = min(1, len(good[0]) - 1)  # the frame that holds msgpack
        for bomb in (deep, promised, b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff"):
            frames = [*good[0][:at], bomb, *good[0][at + 1 :]]
            with pytest.raises(WireError):
                read(frames)


def test_a_message_of_the_protocol_comes_back_as_it_was() -> None:
    for name, (read, good, _) in DECODERS.items():
        if name in ("to_hub", "from_hub"):
            for frames in good:
                assert encode_control(read(frames)) == frames  # type: ignore[arg-type]
    assert msgspec.msgpack.decode(_published()[0][1])["event"]["seq"] == 3
