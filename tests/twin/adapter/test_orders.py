"""What an adapter does with an order: once, never under an old lease, never against a guard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.twin.hub_rig import request
from tests.twin.interlocks.samples import GATE_RULE, rules, subject
from twin.adapter.memory import AdapterMemory
from twin.adapter.orders import CarryOut, Orders
from twin.clock import NS_PER_S, FakeClock
from twin.interlocks.model import Guard, Reading
from twin.link.control import ActuatorReply, Deliver
from twin.room.model import CommandRequest

RUNNING = "pump-2/pump_running"


class Desk:
    """An adapter's orders, over a file so that it can be restarted."""

    def __init__(self, path: Path, assets: tuple[str, ...] = ("gate-1", "pump-2")) -> None:
        self.path, self.assets = path, assets
        self.clock = FakeClock()
        self.values: dict[str, Reading] | None = {}
        self.memory: AdapterMemory | None = None
        self.restart()

    def restart(self) -> None:
        if self.memory is not None:
            self.memory.close()
        self.memory = AdapterMemory(self.path)
        values: Callable[[str], Reading | None] | None = None
        if self.values is not None:
            values = self.values.get
        self.orders = Orders(
            name="Gates", asset_ids=self.assets, memory=self.memory, clock=self.clock, values=values
        )

    def deliver(self, one: CommandRequest, **more: Any) -> CarryOut | ActuatorReply | None:
        return self.orders.take(Deliver(request=one, issued_by="Ada", **more))

    def says(self, one: CommandRequest, status: Any, attempt: int = 1, **more: Any) -> bool:
        reply = ActuatorReply(command_id=one.id, status=status, attempt=attempt, **more)
        return self.orders.note(reply)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "memory.sqlite")


def gate(**more: Any) -> CommandRequest:
    return request("gate.set", "gate-1", {"opening_pct": 50.0}, **more)


def said(found: object) -> str:
    assert isinstance(found, ActuatorReply), found
    return found.status


def why(found: object) -> str:
    assert isinstance(found, ActuatorReply), found
    assert found.status == "rejected"
    return found.text


def test_an_order_is_carried_out_once_however_often_it_comes(desk: Desk) -> None:
    one = gate()
    assert isinstance(desk.deliver(one), CarryOut)
    assert desk.deliver(one) is None, "under way, and no news"
    route = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    assert desk.says(one, "accepted", route=route)
    again = desk.deliver(one, was_accepted=True)
    assert said(again) == "accepted"
    assert isinstance(again, ActuatorReply)
    assert again.route == route
    assert desk.says(one, "done", text="Open")
    for _ in range(3):
        again = desk.deliver(one, was_accepted=True)
        assert said(again) == "done"
    desk.restart()
    again = desk.deliver(one, was_accepted=True)
    assert isinstance(again, ActuatorReply)
    assert (again.status, again.text, again.attempt) == ("done", "Open", 1)


@pytest.mark.parametrize("heard", [(), ("accepted",), ("accepted", "executing")])
def test_what_was_begun_before_a_restart_is_unknown_and_stays_so(
    desk: Desk, heard: tuple[str, ...]
) -> None:
    one = gate()
    desk.deliver(one)
    for status in heard:
        desk.says(one, status)
    desk.restart()
    for was_accepted in (False, True, False):
        found = desk.deliver(one, was_accepted=was_accepted)
        assert said(found) == "unknown"
    desk.restart()
    found = desk.deliver(one)
    assert isinstance(found, ActuatorReply)
    assert found.text == "Gates was restarted after it had begun; nobody knows what it did"
    assert not desk.says(one, "done"), "a word from the former life comes too late"


def test_a_new_attempt_is_a_new_order(desk: Desk) -> None:
    one = gate()
    desk.deliver(one)
    desk.says(one, "failed")
    assert isinstance(desk.deliver(one, attempt=2), CarryOut)
    assert desk.deliver(one, attempt=1) is None, "an older order comes late: the newest one counts"
    desk.restart()
    assert said(desk.deliver(one, attempt=2)) == "unknown"
    assert isinstance(desk.deliver(one, attempt=3), CarryOut), "the hub may ask for it again"


def test_a_new_attempt_waits_for_the_one_under_way(desk: Desk) -> None:
    one = gate()
    desk.deliver(one)
    assert desk.deliver(one, attempt=2) is None
    desk.says(one, "executing")
    found = desk.deliver(one, attempt=2)
    assert isinstance(found, ActuatorReply)
    assert (found.status, found.attempt) == ("executing", 1)


def test_without_memory_of_what_the_hub_holds_it_is_forgotten(desk: Desk) -> None:
    assert said(desk.deliver(gate(), was_accepted=True)) == "forgotten"
    one = gate()
    desk.deliver(one)
    desk.says(one, "failed")
    assert said(desk.deliver(one, attempt=5, was_accepted=True)) == "forgotten"


def test_the_last_word_stands(desk: Desk) -> None:
    one = gate()
    desk.deliver(one)
    assert desk.says(one, "failed", text="Stuck")
    assert not desk.says(one, "done")
    assert not desk.says(one, "executing")
    assert not desk.says(gate(), "done"), "nobody ordered that"
    assert said(desk.deliver(one)) == "failed"


def test_a_lower_lease_than_one_that_was_obeyed_is_refused(desk: Desk) -> None:
    assert isinstance(desk.deliver(gate(), lease_token=4), CarryOut)
    late = gate()
    assert why(desk.deliver(late, lease_token=3)) == (
        "Name of gate-1 has been taken over since: this order came under lease 3, lease 4 has been"
        " obeyed"
    )
    desk.restart()
    assert why(desk.deliver(late, lease_token=3)).startswith("Name of gate-1 has been taken over")
    assert "taken over" in why(desk.deliver(gate(), lease_token=0))
    assert isinstance(desk.deliver(gate(), lease_token=4), CarryOut)
    assert isinstance(desk.deliver(request("pump.stop", "pump-2", {}), lease_token=1), CarryOut)


def test_an_order_that_was_refused_raises_no_fence(desk: Desk) -> None:
    desk.values = {RUNNING: Reading(1.0)}
    desk.restart()
    (guard,) = rules(GATE_RULE).guards(subject())
    assert "stays shut" in why(desk.deliver(gate(), lease_token=9, guards=(guard,)))
    assert isinstance(desk.deliver(gate(), lease_token=8), CarryOut)


@pytest.mark.parametrize(
    ("seen", "more", "text"),
    [
        (Reading(1.0), {}, "stays shut while pump-2 runs (pump-2/pump_running = 1)"),
        (Reading(0.0), {}, ""),
        (None, {}, "stays shut while pump-2 runs: pump-2/pump_running is not known"),
        (Reading(0.0, 61.0), {}, "pump-2/pump_running is not known (last sample 61 s ago)"),
        (None, {"unknown": "pass"}, ""),
        (Reading(1.0), {"unknown": "pass"}, "(pump-2/pump_running = 1)"),
        (
            Reading(0.0),
            {"blocks_when": "running >"},
            "The rule “Gate against pump” cannot be asked",
        ),
        (Reading(0.0), {"blocks_when": "running >", "unknown": "pass"}, ""),
        (Reading(1.0), {"text": ""}, "Gate against pump (pump-2/pump_running = 1)"),
        (
            Reading(1.0),
            {
                "blocks_when": "running > 0 && target.kind == 'gate'",
                "facts": {"target.kind": "gate"},
            },
            "(pump-2/pump_running = 1)",
        ),
        (Reading(1.0), {"blocks_when": "running > 0 && command.args.opening_pct > 80"}, ""),
    ],
)
def test_guards_are_asked_with_its_own_values(
    desk: Desk, seen: Reading | None, more: dict[str, Any], text: str
) -> None:
    desk.values = {} if seen is None else {RUNNING: seen}
    desk.restart()
    (told,) = rules(GATE_RULE).guards(subject())
    fields = {"id": told.id, "title": told.title, "blocks_when": told.blocks_when,
              "inputs": told.inputs, "text": told.text, **more}  # fmt: skip
    found = desk.deliver(gate(), guards=(Guard(**fields),))
    if text:
        assert text in why(found)
    else:
        assert isinstance(found, CarryOut)


@pytest.mark.parametrize("has_values", [True, False])
def test_what_only_others_could_decide_is_left_to_the_hub(tmp_path: Path, has_values: bool) -> None:
    desk = Desk(tmp_path / "m.sqlite", assets=("gate-1",))
    desk.values = {} if has_values else None
    desk.restart()
    (guard,) = rules(GATE_RULE).guards(subject())
    assert isinstance(desk.deliver(gate(), guards=(guard,)), CarryOut)


def test_what_is_late_cancelled_or_not_its_own_is_refused(desk: Desk) -> None:
    now_ns = desk.clock.now_ns()
    late = gate(deadline_ns=now_ns - 12 * NS_PER_S)
    assert why(desk.deliver(late)) == "Its deadline passed 12 s before it arrived"
    assert isinstance(desk.deliver(gate(deadline_ns=now_ns + NS_PER_S)), CarryOut)
    cancelled = gate()
    desk.orders.revoke(cancelled.id)
    assert why(desk.deliver(cancelled)) == "It was cancelled before it arrived"
    assert (
        why(desk.deliver(request(target_id="signal-1"))) == "Gates does not serve Name of signal-1"
    )


def test_an_order_that_cannot_be_remembered_is_refused(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    one = gate()
    desk.deliver(one)
    assert desk.memory is not None
    desk.memory._connection.execute("ALTER TABLE attempt RENAME TO gone")
    assert "Gates did nothing: The adapter's memory cannot be" in why(desk.deliver(gate()))
    assert desk.says(one, "done"), "it was done: the hub must hear it"
    desk.memory._connection.execute("ALTER TABLE gone RENAME TO attempt")
    desk.restart()
    assert said(desk.deliver(one)) == "unknown", "but after a restart nobody can tell"
    assert "memory cannot be" in caplog.text
