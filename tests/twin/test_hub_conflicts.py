"""Two operators, one asset or mark, the same 10 ms: one wins, and the other learns who and why."""

from __future__ import annotations

import random

import pytest

from tests.twin.hub_bench import Bench
from tests.twin.hub_rig import request
from twin.link.control import Acknowledged, Refused
from twin.room.model import CommandState, Event
from twin.room.parts.marks import Marks

ROUNDS = 10_000
SEED = 20_26
TEN_MS = 10_000_000
S = CommandState


def two_operators() -> Bench:
    bench = Bench()
    bench.greet("ada", "Ada", "traffic")
    bench.greet("ben", "Ben", "traffic")
    bench.serve("signal-1")
    return bench


def test_of_two_commands_for_one_asset_exactly_one_is_done() -> None:
    """Bar: 10,000 rounds, within 10 ms, in either order; the loser is told who won and why."""
    dice = random.Random(SEED)
    bench = two_operators()
    won = {"Ada": 0, "Ben": 0}
    for number in range(ROUNDS):
        n_before, n_sent = len(bench.events), len(bench.sent)
        order = [("ada", "Ada"), ("ben", "Ben")]
        dice.shuffle(order)
        asked = []
        for session, name in order:
            bench.now_ns += dice.randrange(TEN_MS // 2)
            one = request(args={"plan": dice.choice([1, 2, 3])}, id=f"{number}-{name}")
            assert isinstance(bench.submit(one, session), Acknowledged)
            asked.append((one, name))
        (first, winner), (second, loser) = asked
        commands = bench.core.room.commands
        assert commands[first.id].state is S.SENT, f"round {number}, seed {SEED}"
        assert commands[second.id].state is S.REJECTED, f"round {number}, seed {SEED}"
        text = commands[second.id].state_text
        assert text.startswith(f"Name of signal-1 is busy: {winner} (traffic) is running ")
        assert loser not in text
        delivered = [sent.message.request.id for sent in bench.sent[n_sent:]]
        assert delivered == [first.id]
        won[winner] += 1
        bench.says(first.id, "rejected", "Enough for this round")
        check_order(bench.events[n_before:], first.id, second.id)
        del bench.events[:]
        del bench.sent[:]
    assert min(won.values()) > ROUNDS // 3, "the order was not mixed"


def check_order(events: list[Event], first: str, second: str) -> None:
    states = [
        (event.body["id"], event.body["state"]) for event in events if event.kind == "command.state"
    ]
    assert [state for one, state in states if one == second] == ["REJECTED"]
    assert [state for one, state in states if one == first].count("SENT") == 1


@pytest.mark.parametrize("kind", ["change", "remove"])
def test_of_two_changes_of_one_mark_exactly_one_counts(kind: str) -> None:
    dice = random.Random(SEED)
    bench = two_operators()
    for number in range(1_000):
        mark_id = f"m{number}"
        body = {"id": mark_id, "kind": "note", "points": [[0.0, 0.0, 0.0]], "title": "Leak"}
        bench.act("ada", "mark.put", body)
        bench.now_ns += dice.randrange(TEN_MS)
        order = [("ada", "Ada"), ("ben", "Ben")]
        dice.shuffle(order)
        replies = []
        for session, name in order:
            bench.now_ns += dice.randrange(TEN_MS // 2)
            change = {**body, "title": f"Leak, says {name}", "expected_rev": 1}
            gone = {"id": mark_id, "expected_rev": 1}
            act = ("mark.put", change) if kind == "change" else ("mark.remove", gone)
            replies.append(bench.act(session, *act))
        assert isinstance(replies[0], Acknowledged)
        assert isinstance(replies[1], Refused)
        winner = order[0][1]
        mark = bench.core.room[Marks].by_id.get(mark_id)
        if kind == "change":
            assert mark is not None
            assert (mark.title, mark.rev) == (f"Leak, says {winner}", 2)
            assert f"{winner} (traffic) changed “Leak, says {winner}” first" in replies[1].text
            bench.act("ada", "mark.remove", {"id": mark_id, "expected_rev": 2})
        else:
            assert mark is None
            assert f"{winner} (traffic) removed it" in replies[1].text
