"""People, read markers and mentions as a console knows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.widgets.panel_world import ADA, BEN, World
from twin.link.control import Acknowledged
from twin.link.presence import PresenceState
from twin.mentions import MentionIndex, split_at_links
from twin.people import is_called
from twin.room.fold import Room
from twin.room.parts.messages import Link


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.fill(n_stations=3, n_steps=2)
    yield made
    made.close()


def say(world: World, text: str, channel: str = "room", by=BEN, number: int = 0) -> None:
    body = {"id": f"{channel}-{text}-{number}", "channel": channel, "text": text}
    world.hub.happen("message.posted", {**body, "by": msgspec.to_builtins(by)}, actor=by.name)
    world.session.poll()


def test_people_are_those_of_the_room_with_what_they_show(world: World) -> None:
    world.hub.happen("operator.joined", msgspec.to_builtins(ADA), actor="Ada")
    world.hub.happen("operator.joined", msgspec.to_builtins(BEN), actor="Ben")
    world.session.poll()
    (ben,) = world.session.people()
    assert not ben.is_heard
    world.show(BEN, PresenceState(selected="Pump 1", pointer=(100, 200, 300)))
    (ben,) = world.session.people()
    assert (ben.shown.selected, ben.pointer_m) == ("Pump 1", (1.0, 2.0, 3.0))
    assert world.session.people() is world.session.people()
    world.clock.advance_s(6.0)
    assert not world.session.people()[0].is_heard, "nothing was heard for too long"
    world.hub.happen("operator.left", {"console_id": BEN.console_id}, actor="Ben")
    world.session.poll()
    assert world.session.people() == ()


@pytest.mark.parametrize(
    ("call", "to", "is_meant"),
    [
        (0, "", False),
        (7, "", True),
        (7, "department:traffic", True),
        (7, "department:fire", False),
        (7, "console-1", True),
        (7, "console-9", False),
    ],
)
def test_an_invitation_is_for_whom_it_names(call: int, to: str, is_meant: bool) -> None:
    assert is_called(PresenceState(call=call, call_to=to), ADA) is is_meant


def test_marks_of_the_room_are_areas_of_the_session(world: World) -> None:
    told: list[int] = []
    world.session.areas_changed.connect(lambda areas: told.append(len(areas)))
    points = [[0, 0, 0], [9, 0, 0], [9, 9, 0]]
    world.put_mark("m1", "area", points, title="East")
    world.session.poll()
    assert [area.name for area in world.session.areas] == ["East"]
    world.session.set_areas(world.session.areas)
    assert len(world.session.areas) == 1, "those of the room are not kept twice"
    world.hub.happen("mark.removed", {"id": "m1"}, actor="Ben")
    world.session.poll()
    assert world.session.areas == ()
    assert told == [1, 0]


def test_what_is_new_is_counted_until_it_was_seen(world: World) -> None:
    reader = world.session.reader
    say(world, "one")
    say(world, "two", number=1)
    say(world, "own", by=ADA)
    assert (reader.unread("room"), reader.n_unread()) == (2, 2)
    say(world, "for us", "department:traffic")
    say(world, "for others", "department:fire")
    say(world, "about it", "incident:7")
    assert reader.n_unread() == 4
    assert reader.unread("department:fire") == 1
    newest = reader.newest_unread()
    assert newest is not None
    assert newest.text == "about it"
    assert reader.channels()[:2] == ("room", "department:traffic")
    assert set(reader.channels()[2:]) == {"incident:7", "department:fire"}
    for channel in reader.channels():
        reader.mark_read(channel)
    assert reader.n_unread() == 0
    say(world, "again")
    assert reader.n_unread() == 1


def test_another_history_begins_with_everything_read(world: World) -> None:
    for number in range(5):
        say(world, "old", number=number)
    world.session.reader.mark_read("room")
    world.client._copy.room = Room()
    world.hub._seq = 0
    say(world, "of another hub")
    assert world.session.reader.n_unread() == 0
    say(world, "new there")
    assert world.session.reader.n_unread() == 1


def test_names_in_a_text_become_links(world: World) -> None:
    index = MentionIndex(world.session)
    links = index.found_in("Close @Harbour Street, send @Ambulance 1 to @Westeinde Hospital; @x")
    assert [(link.kind, link.name) for link in links] == [
        ("thing", "Harbour Street"), ("unit", "Ambulance 1"), ("place", "Westeinde Hospital"),
    ]  # fmt: skip
    assert links[0].target_id == "road-0"
    assert links[2].xyz_local_m == (400.0, 120.0, 0.0)
    assert index.found_in("mail ada@Harbour Streets and @Pump 12") == ()
    world.put_mark("m1", "note", [[0, 0, 0]], title="Leak")
    world.session.poll()
    assert index.found_in("see @Leak")[0].target_id == "m1"


def test_names_that_begin_so_come_first(world: World) -> None:
    index = MentionIndex(world.session)
    assert index.like("sta")[0].startswith("Sta")
    assert "Harbour Street" in index.like("street")
    assert len(index.like("", 3)) == 3
    assert index.like("no such thing") == []


def test_a_message_falls_into_text_and_links() -> None:
    links = (Link(kind="place", name="Pump 1"), Link(kind="place", name="Pump 10"))
    pieces = split_at_links("To @Pump 10, not @Pump 1 or a@b", links)
    assert [(text, link and link.name) for text, link in pieces] == [
        ("To ", None), ("@Pump 10", "Pump 10"), (", not ", None), ("@Pump 1", "Pump 1"),
        (" or a@b", None),
    ]  # fmt: skip
    assert split_at_links("", links) == []


def test_an_act_is_pending_until_it_is_answered(world: World) -> None:
    client = world.client
    act_id = client.act("message.post", {"channel": "room", "text": "Hello"})
    assert [act.id for act in client.pending_acts] == [act_id]
    client._unanswered.hear(Acknowledged(id=act_id, seq=1))
    assert "pending" in client.poll()
    assert client.pending_acts == ()
    act_id = client.act("message.post", {"channel": "room", "text": "Hello"})
    world.hub.refuse(act_id, "Too fast")
    assert {"pending", "refusals"} <= client.poll()
    assert client.pending_acts == ()
