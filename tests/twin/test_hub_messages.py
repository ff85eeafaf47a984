"""Messages in the core: channels, limits, what the room keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.hub_bench import Bench
from twin.hub.desks import messages as desk
from twin.link.control import Acknowledged, Refused
from twin.room.fold import Room
from twin.room.parts.messages import KEPT_A_CHANNEL, KEPT_CHANNELS, Messages


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet("ada", "Ada", "traffic")
    bench.greet("ben", "Ben", "fire")
    return bench


def post(bench: Bench, channel: str = "room", text: str = "Hello", who: str = "ada", **more: Any):
    return bench.act(who, "message.post", {"channel": channel, "text": text, **more})


def messages(bench: Bench) -> Messages:
    return bench.core.room[Messages]


def test_a_message_is_kept_with_its_author_time_and_links(bench: Bench) -> None:
    links = [
        {"kind": "thing", "name": "Pump 3", "target_id": "pump-3"},
        {"kind": "place", "name": "Quay", "xyz_local_m": [1.0, 2.0, 3.0]},
    ]
    reply = post(bench, "department:fire", " Look at @Pump 3 and the @Quay ", links=links)
    assert isinstance(reply, Acknowledged)
    (one,) = messages(bench).in_channel("department:fire")
    assert (one.id, one.seq, one.text) == (reply.id, reply.seq, "Look at @Pump 3 and the @Quay")
    assert (one.by.name, one.t_ns) == ("Ada", bench.now_ns)
    assert [link.name for link in one.links] == ["Pump 3", "Quay"]
    assert one.links[1].xyz_local_m == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"channel": "fire"}, "goes to"),
        ({"channel": "department:"}, "goes to"),
        ({"channel": "department:a b"}, "goes to"),
        ({"channel": "incident:" + "x" * 65}, "goes to"),
        ({"channel": "room\n"}, "goes to"),
        ({"text": "  "}, "1 to 2,000 letters"),
        ({"text": "x" * 2_001}, "1 to 2,000 letters"),
        ({"links": [{"kind": "place", "name": "a"}] * 21}, "at most 20 things"),
        ({"links": [{"kind": "place", "name": ""}]}, "has a name"),
        ({"links": [{"kind": "planet", "name": "Mars"}]}, "cannot be read"),
        ({"links": [{"kind": "place", "name": "a", "xyz_local_m": [9e9, 0, 0]}]}, "metres"),
        ({"by": "Ben"}, "cannot be read"),
    ],
)
def test_a_bad_message_leaves_no_trace(bench: Bench, body: dict[str, Any], words: str) -> None:
    before = bench.core.room.state_hash()
    reply = bench.act("ada", "message.post", {"channel": "room", "text": "Hello", **body})
    assert isinstance(reply, Refused)
    assert words in reply.text
    assert bench.core.room.state_hash() == before


def test_one_console_cannot_flood_the_others(bench: Bench) -> None:
    for _ in range(desk.MOST):
        assert isinstance(post(bench), Acknowledged)
    assert "wait a moment" in post(bench).text
    assert isinstance(post(bench, who="ben"), Acknowledged)
    bench.wait(desk.IN_S + 1)
    assert isinstance(post(bench), Acknowledged)


def test_the_room_keeps_the_last_of_each_channel(bench: Bench) -> None:
    for number in range(KEPT_A_CHANNEL + 5):
        bench.now_ns += 1_000_000_000
        post(bench, text=f"Number {number}")
    post(bench, "incident:i1", "About the fire")
    kept = messages(bench).in_channel("room")
    assert len(kept) == KEPT_A_CHANNEL
    assert kept[0].text == "Number 5"
    assert messages(bench).channels == ("room", "incident:i1")


def test_the_channel_that_was_silent_longest_goes_first(bench: Bench) -> None:
    for number in range(KEPT_CHANNELS):
        bench.now_ns += 1_000_000_000
        post(bench, f"incident:{number}")
    bench.now_ns += 1_000_000_000
    post(bench, "incident:0", "Still burning")
    bench.now_ns += 1_000_000_000
    post(bench, "room")
    channels = messages(bench).channels
    assert len(channels) == KEPT_CHANNELS
    assert "incident:1" not in channels
    assert channels[-2:] == ("incident:0", "room")
    copy = Room.from_bytes(bench.core.room.to_bytes())
    assert copy[Messages].channels == channels
    assert copy.state_hash() == bench.core.room.state_hash()
    for room in (copy, bench.core.room):
        assert all(room[Messages].in_channel(channel) for channel in channels)


def test_a_message_sent_twice_is_there_once(bench: Bench) -> None:
    body = {"channel": "room", "text": "Hello"}
    first = bench.act("ada", "message.post", body, act_id="act-1")
    assert bench.act("ada", "message.post", body, act_id="act-1") == first
    assert len(messages(bench).in_channel("room")) == 1
