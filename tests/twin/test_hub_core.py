"""The hub core: no sockets, no clock; rules, lifecycle, timeouts, and random requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.hub_bench import T0, TIMES, Bench, why
from tests.twin.hub_rig import request
from twin.hub.requests import (
    Asked,
    Greeted,
    Lost,
    Observation,
    Observed,
    Request,
    Send,
    Target,
    TargetsSeen,
    Tick,
)
from twin.link.control import (
    Acknowledged,
    ActuatorReply,
    Cancel,
    Deliver,
    Hello,
    HelloNeeded,
    Note,
    Refused,
    Revoke,
    Submit,
)
from twin.room.fold import Room
from twin.room.model import TERMINAL_STATES, CommandRequest, CommandState, Event
from twin.room.transitions import is_allowed

S = CommandState


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet()
    bench.serve()
    return bench


def test_a_command_lives_to_be_verified_by_the_city(bench: Bench) -> None:
    one = request()
    assert isinstance(bench.submit(one), Acknowledged)
    assert bench.state(one.id) is S.SENT
    delivered = bench.sent[-1]
    assert delivered.session == "f1"
    assert isinstance(delivered.message, Deliver)
    assert delivered.message.request == one
    bench.says(one.id, "accepted", "Will do")
    assert bench.state(one.id) is S.ACCEPTED
    bench.says(one.id, "executing")
    bench.says(one.id, "done")
    assert bench.state(one.id) is S.EXECUTING, "done is not yet verified"
    bench.see(1.0)
    assert bench.state(one.id) is S.EXECUTING
    bench.see(2.0)
    assert bench.state(one.id) is S.VERIFIED
    assert bench.command(one.id).observed == 2.0
    assert list(bench.command(one.id).times_ns) == [
        "SUBMITTED", "QUEUED", "RELEASED", "SENT", "ACCEPTED", "EXECUTING", "VERIFIED",
    ]  # fmt: skip


def test_a_sample_before_the_acceptance_does_not_count(bench: Bench) -> None:
    one = request()
    bench.see(2.0)
    bench.submit(one)
    bench.see(2.0)
    bench.says(one.id, "accepted")
    assert bench.state(one.id) is S.ACCEPTED
    bench.see(2.0, t_ns=T0)
    assert bench.state(one.id) is S.ACCEPTED, "older than the baseline"
    bench.see(2.0)
    assert bench.state(one.id) is S.VERIFIED


@pytest.mark.parametrize(
    "bad",
    [
        {"value": 2.0, "quality": 1},
        {"value": 2.0, "quality": 2},
        {"value": float("nan")},
        {"value": float("inf")},
        {"value": 2.0, "t_ns": T0 + 366 * 86_400 * 10**9},
        {"value": 2.0, "t_ns": T0 - 366 * 86_400 * 10**9},
        {"value": 2.0, "stream": "signal-2/signal_plan"},
    ],
)
def test_a_bad_sample_verifies_nothing(bench: Bench, bad: dict[str, Any]) -> None:
    one = request()
    bench.submit(one)
    bench.says(one.id, "accepted")
    bench.see(**bad)
    assert bench.state(one.id) is S.ACCEPTED


def pump() -> CommandRequest:
    return request("pump.start", "pump-1", {})


def test_falling_is_measured_from_the_last_good_value_before_sending(bench: Bench) -> None:
    bench.serve("pump-1", session="f2", name="Pumps")
    stream = "pump-1/water_level"
    bench.last[stream] = Observation(datastream_id=stream, t_ns=T0, value=2.0)
    one = pump()
    bench.submit(one)
    bench.says(one.id, "accepted", session="f2")
    bench.see(1.95, stream)
    assert bench.state(one.id) is S.ACCEPTED
    bench.see(1.9, stream)
    assert bench.state(one.id) is S.VERIFIED


def test_without_a_value_before_the_first_one_after_is_the_baseline(bench: Bench) -> None:
    bench.serve("pump-1", session="f2", name="Pumps")
    one = pump()
    bench.submit(one)
    bench.says(one.id, "accepted", session="f2")
    for value, state in ((1.0, S.ACCEPTED), (0.95, S.ACCEPTED), (0.85, S.VERIFIED)):
        bench.see(value, "pump-1/water_level")
        assert bench.state(one.id) is state


def test_the_baseline_survives_a_restart(bench: Bench) -> None:
    bench.serve("pump-1", session="f2", name="Pumps")
    stream = "pump-1/water_level"
    bench.last[stream] = Observation(datastream_id=stream, t_ns=T0, value=2.0)
    one = pump()
    bench.submit(one)
    bench.says(one.id, "accepted", session="f2")
    later = bench.restarted()
    later.serve("pump-1", session="g1", name="Pumps")
    assert isinstance(later.sent[-1].message, Deliver)
    assert later.sent[-1].message.was_accepted
    later.see(1.89, stream)
    assert later.state(one.id) is S.VERIFIED


@pytest.mark.parametrize(
    ("one", "department", "text"),
    [
        (
            request(),
            "water",
            "to water; the nearest, “open”, is for the departments that the command names",
        ),
        (request(type_id="city.evacuate"), "traffic", "knows no command called city.evacuate"),
        (request(type_version=2), "traffic", "version 1"),
        (request(args={"plan": 9}), "traffic", "Plan must be one of 1, 2, 3, 4"),
        (request(args={}), "traffic", ""),
        (request(args={"plan": "two"}), "traffic", "Plan must be a number"),
        (request(args={"plan": 2, "x": 1}), "traffic", "no field called x"),
        (request(target_id="gate-1"), "traffic", "Name of gate-1 does not accept"),
    ],
)
def test_a_rule_rejects_with_its_reason(one: CommandRequest, department: str, text: str) -> None:
    bench = Bench()
    bench.greet(dept=department)
    bench.serve("signal-1", "gate-1")
    bench.do(TargetsSeen((Target(id="gate-1", name="", kind="gate", accepts=("gate.set",)),)))
    assert isinstance(bench.submit(one), Acknowledged), "a rejected command is a fact too"
    if text:
        assert bench.state(one.id) is S.REJECTED
        assert text in bench.command(one.id).state_text
    else:
        assert bench.state(one.id) is S.SENT, "the default is taken"


def test_a_busy_target_says_who_and_what(bench: Bench) -> None:
    first, second = request(), request(args={"plan": 3})
    bench.submit(first)
    bench.greet("b1", "Bob", "traffic")
    bench.submit(second, "b1")
    assert bench.state(second.id) is S.REJECTED
    text = bench.command(second.id).state_text
    assert "Name of signal-1 is busy: Ada (control room) is running “Set signal plan”" in text
    bench.do(Asked("b1", Cancel(id="x", command_id=first.id)))
    third = request()
    bench.submit(third, "b1")
    assert bench.state(third.id) is S.SENT


def test_the_same_again_is_answered_the_same_and_another_is_refused(bench: Bench) -> None:
    one = request()
    first = bench.submit(one)
    assert [e.kind for e in bench.events if e.seq == first.seq] == ["command.submitted"]
    n = len(bench.events)
    assert bench.submit(one) == first
    other = msgspec.structs.replace(one, args={"plan": 3})
    refused = bench.submit(other)
    assert isinstance(refused, Refused)
    assert refused.is_final
    assert len(bench.events) == n
    assert bench.restarted().core.room.commands[one.id].request == one


def test_the_same_again_after_a_restart(bench: Bench) -> None:
    one = request()
    first = bench.submit(one)
    later = bench.restarted()
    assert isinstance(later.submit(one), HelloNeeded)
    later.greet()
    n = len(later.events)
    assert later.submit(one) == first
    assert len(later.events) == n


REFUSED: list[Callable[[Bench], Request]] = [
    lambda _: Asked("a1", Submit(request=request(id=""))),
    lambda _: Asked("a1", Submit(request=request(id="x" * 65))),
    lambda _: Asked("a1", Submit(request=request(target_id=""))),
    lambda _: Asked("a1", Submit(request=request(reason="x" * 3_000))),
    lambda _: Asked("a1", Submit(request=request(args={"plan": float("nan")}))),
    lambda _: Asked("a1", Submit(request=request(args={"plan": [{"x": b"bytes"}]}))),
    lambda _: Asked("a1", Submit(request=request(args={"plan": "x" * 20_000}))),
    lambda _: Asked("nobody", Submit(request=request())),
    lambda _: Asked("a1", Cancel(id="c", command_id="no such command")),
    lambda _: Asked("a1", Note(id="n", text="  ")),
    lambda _: Asked("a1", Note(id="n", text="x" * 3_000)),
    lambda _: Asked("a1", Note(id="", text="hello")),
    lambda _: Asked("f1", ActuatorReply(command_id="no such command", status="done")),
    lambda _: Asked("nobody", ActuatorReply(command_id="k", status="done")),
    lambda _: Greeted("z", Hello(role="console", name="")),
    lambda _: Greeted("z", Hello(role="console", name="Eve")),
    lambda _: Greeted("z", Hello(role="actuator", name="x" * 300)),
]


@pytest.mark.parametrize("make", REFUSED)
def test_a_refused_request_leaves_no_trace(bench: Bench, make: Callable[[Bench], Request]) -> None:
    bench.submit(request(target_id="signal-9"))
    before = (bench.core.room.state_hash(), len(bench.events), bench.core.watched)
    result = bench.do(make(bench))
    assert isinstance(result.reply, Refused | HelloNeeded)
    assert not result.outgoing
    assert (bench.core.room.state_hash(), len(bench.events), bench.core.watched) == before


def test_no_actuator_fails_after_a_moment() -> None:
    bench = Bench()
    bench.greet()
    one = request()
    bench.submit(one)
    assert bench.state(one.id) is S.QUEUED
    assert "Waiting for an actuator" in bench.command(one.id).state_text
    bench.wait(TIMES.actuator_wait_s - 0.1)
    assert bench.state(one.id) is S.QUEUED
    bench.wait(0.2)
    assert bench.state(one.id) is S.FAILED
    assert bench.command(one.id).state_text == "No actuator serves Name of signal-1"


def test_an_actuator_that_comes_in_time_gets_the_queued_command() -> None:
    bench = Bench()
    bench.greet()
    one = request()
    bench.submit(one)
    bench.serve()
    assert bench.state(one.id) is S.SENT


def test_a_silent_actuator_is_asked_again_and_then_nobody_knows(bench: Bench) -> None:
    one = request()
    bench.submit(one)
    for n_sent in range(1, TIMES.n_attempts + 1):
        assert len([s for s in bench.sent if isinstance(s.message, Deliver)]) == n_sent
        bench.wait(TIMES.accept_wait_s)
    assert bench.state(one.id) is S.UNKNOWN
    assert "Fake did not answer within 15 s" in bench.command(one.id).state_text


def test_an_effect_that_does_not_show_times_out_with_the_last_value(bench: Bench) -> None:
    one = request()
    bench.submit(one)
    bench.says(one.id, "executing")
    bench.see(1.0)
    bench.wait(59.0)
    assert bench.state(one.id) is S.EXECUTING
    bench.wait(1.1)
    assert bench.state(one.id) is S.TIMED_OUT
    assert "last value 1" in bench.command(one.id).state_text


def test_an_actuator_lost_under_way_is_unknown_unless_the_effect_shows(bench: Bench) -> None:
    bench.serve("signal-1", "signal-2")
    lost, shown = request(), request(target_id="signal-2")
    for one in (lost, shown):
        bench.submit(one)
        bench.says(one.id, "executing")
    bench.do(Lost("f1", "Connection lost"))
    bench.wait(1.0)
    bench.see(2.0, "signal-2/signal_plan")
    bench.wait(TIMES.lost_wait_s)
    assert bench.state(shown.id) is S.VERIFIED
    assert bench.state(lost.id) is S.UNKNOWN
    assert "was lost" in bench.command(lost.id).state_text


def test_an_actuator_that_comes_back_goes_on(bench: Bench) -> None:
    one = request()
    bench.submit(one)
    bench.says(one.id, "executing")
    bench.do(Lost("f1", "Connection lost"))
    bench.wait(TIMES.lost_wait_s - 1)
    bench.serve(session="f2")
    bench.wait(2.0)
    assert bench.state(one.id) is S.EXECUTING


def test_an_actuator_without_memory_is_unknown(bench: Bench) -> None:
    one = request()
    bench.submit(one)
    bench.says(one.id, "executing")
    bench.says(one.id, "forgotten")
    bench.wait(0.1)
    bench.wait(TIMES.lost_wait_s)
    assert bench.state(one.id) is S.UNKNOWN
    assert "no memory" in bench.command(one.id).state_text


@pytest.mark.parametrize("before", [(), ("accepted",), ("executing",)])
@pytest.mark.parametrize("is_shown", [False, True])
def test_an_actuator_that_does_not_know_what_it_did(
    bench: Bench, before: tuple[str, ...], is_shown: bool
) -> None:
    one = request()
    bench.submit(one)
    for status in before:
        bench.says(one.id, status)
    bench.says(one.id, "unknown", "Fake was restarted after it had begun; nobody knows")
    assert not bench.command(one.id).is_terminal, "the city may still show it"
    bench.wait(0.1)
    if is_shown:
        bench.see(2.0)
        assert bench.state(one.id) is S.VERIFIED
        return
    bench.wait(TIMES.lost_wait_s)
    assert bench.state(one.id) is S.UNKNOWN
    assert bench.command(one.id).state_text == (
        "Fake was restarted after it had begun; nobody knows, and the effect was not observed"
    )


@pytest.mark.parametrize("status", ["failed", "unknown", "forgotten"])
def test_what_may_be_repeated_is_tried_again_as_another_attempt(status: str) -> None:
    bench = Bench(times=replace(TIMES, n_tries=3))
    bench.greet()
    bench.serve()
    one = request()
    bench.submit(one)
    for _ in range(2):
        bench.says(one.id, "executing")
        bench.says(one.id, status)
        assert bench.state(one.id) is S.SENT
    assert [m.attempt for m in bench.delivered(one.id)] == [1, 2, 3]
    assert not any(m.was_accepted for m in bench.delivered(one.id))
    bench.says(one.id, "executing")
    bench.says(one.id, status)
    bench.wait(0.1)
    bench.wait(TIMES.lost_wait_s)
    assert bench.state(one.id) is (S.FAILED if status == "failed" else S.UNKNOWN)


def test_a_word_about_an_older_attempt_counts_for_nothing() -> None:
    """Its "failed", sent twice, must not start a third attempt beside the second."""
    bench = Bench(times=replace(TIMES, n_tries=3))
    bench.greet()
    bench.serve()
    one = request()
    bench.submit(one)
    failed = ActuatorReply(command_id=one.id, status="failed", attempt=1)
    bench.do(Asked("f1", failed))
    bench.do(Asked("f1", failed))
    assert [m.attempt for m in bench.delivered(one.id)] == [1, 2]
    bench.do(Asked("f1", ActuatorReply(command_id=one.id, status="executing", attempt=2)))
    assert bench.state(one.id) is S.EXECUTING


@pytest.mark.parametrize(
    ("before", "status", "state"),
    [
        ((), "rejected", S.REJECTED),
        ((), "failed", S.FAILED),
        (("accepted",), "failed", S.FAILED),
        (("executing",), "rejected", S.FAILED),
        ((), "done", S.EXECUTING),
        (("done",), "accepted", S.EXECUTING),
        (("failed",), "done", S.FAILED),
    ],
)
def test_replies_move_the_command(
    bench: Bench, before: tuple[str, ...], status: str, state: CommandState
) -> None:
    one = request()
    bench.submit(one)
    for word in before:
        bench.says(one.id, word, "Why not")
    bench.says(one.id, status, "Too windy")
    assert bench.state(one.id) is state
    if state in TERMINAL_STATES and not before:
        assert bench.command(one.id).state_text == "Too windy"


def test_only_the_actuator_of_the_target_may_answer(bench: Bench) -> None:
    bench.serve("signal-2", session="f2", name="Other")
    one = request()
    bench.submit(one)
    assert isinstance(bench.says(one.id, "accepted", session="f2"), Refused)
    assert isinstance(bench.says(one.id, "accepted", session="a1"), HelloNeeded)
    assert bench.state(one.id) is S.SENT


@pytest.mark.parametrize("words", [None, (), ("accepted",), ("executing",)])
def test_cancel_at_every_stage(bench: Bench, words: tuple[str, ...] | None) -> None:
    one = request(target_id="signal-1" if words is not None else "signal-9")
    bench.submit(one)
    for word in words or ():
        bench.says(one.id, word)
    cancel = Asked("a1", Cancel(id="x1", command_id=one.id))
    assert isinstance(bench.do(cancel).reply, Acknowledged)
    assert bench.state(one.id) is S.CANCELLED
    assert "Cancelled by Ada (control room)" in bench.command(one.id).state_text
    assert isinstance(bench.sent[-1].message, Revoke) == (words is not None) if bench.sent else True
    n = len(bench.events)
    assert isinstance(bench.do(cancel).reply, Acknowledged), "the same again"
    assert len(bench.events) == n


def test_what_is_over_cannot_be_cancelled_nor_by_another_department(bench: Bench) -> None:
    one = request()
    bench.submit(one)
    bench.greet("w1", "Wim", "water")
    reply = bench.do(Asked("w1", Cancel(id="x", command_id=one.id))).reply
    assert isinstance(reply, Refused)
    assert "Wim (water)" in reply.text
    bench.says(one.id, "failed")
    reply = bench.do(Asked("a1", Cancel(id="y", command_id=one.id))).reply
    assert isinstance(reply, Refused)
    assert "it is over (failed)" in reply.text


def test_a_note_is_added_once(bench: Bench) -> None:
    note = Asked("a1", Note(id="n1", text="Fog at the harbour"))
    first = bench.do(note).reply
    assert bench.do(note).reply == first
    assert bench.restarted().core.room.activity[-2].body["text"] == "Fog at the harbour"


def test_presence_follows_connections_not_messages(bench: Bench) -> None:
    bench.greet("a2", "Ada")
    assert len(bench.core.room.operators) == 1, "the same console on a fresh connection"
    bench.do(Lost("a1", "Connection lost"))
    assert len(bench.core.room.operators) == 1
    bench.do(Lost("a2", "Left"))
    assert not bench.core.room.operators


def test_time_never_runs_backwards(bench: Bench) -> None:
    bench.now_ns -= 10**12
    bench.do(Asked("a1", Note(id="n", text="early")))
    stamps = [event.t_ns for event in bench.events]
    assert stamps == sorted(stamps)


def test_resend_delivers_everything_under_way(bench: Bench) -> None:
    one = request()
    bench.submit(one)
    (again,) = bench.core.resend()
    assert isinstance(again, Send)
    assert isinstance(again.message, Deliver)
    assert again.message.request == one


# --- random requests ------------------------------------------------------------------------------

SESSIONS = st.sampled_from(["a1", "b1", "f1", "f2", "nobody"])
IDS = st.sampled_from([f"k{i}" for i in range(6)])
TARGETS = st.sampled_from(["signal-1", "signal-2", "pump-1"])
ARGS = st.sampled_from([{}, {"plan": 2}, {"plan": 77}, {"speed_pct": 50.0}])
TYPE_IDS = st.sampled_from(["signal.set_plan", "pump.start", "pump.stop", "no.such"])
STATUSES = st.sampled_from(
    ["accepted", "rejected", "executing", "done", "failed", "forgotten", "unknown"]
)
COMMANDS = st.builds(lambda i, ty, ta, a: request(ty, ta, a, id=i), IDS, TYPE_IDS, TARGETS, ARGS)
HELLOS = st.sampled_from(
    [
        Hello(role="console", name="Ada", department="control_room", console_id="c1"),
        Hello(role="console", name="Bob", department="water", console_id="c2"),
        Hello(role="actuator", name="F", asset_ids=("signal-1", "pump-1")),
        Hello(role="actuator", name="G", asset_ids=("signal-2", "signal-1")),
        Hello(role="console", name=""),
    ]
)
STREAMS = st.sampled_from(["signal-1/signal_plan", "signal-2/signal_plan", "pump-1/water_level"])
REQUESTS = st.one_of(
    st.builds(Greeted, SESSIONS, HELLOS),
    st.builds(lambda s, c: Asked(s, Submit(request=c)), SESSIONS, COMMANDS),
    st.builds(lambda s, i, c: Asked(s, Cancel(id=i, command_id=c)), SESSIONS, IDS, IDS),
    st.builds(
        lambda s, i, w: Asked(s, ActuatorReply(command_id=i, status=w)), SESSIONS, IDS, STATUSES
    ),
    st.builds(lambda s, i: Asked(s, Note(id=i, text="note")), SESSIONS, IDS),
    st.builds(Lost, SESSIONS, st.just("lost")),
    st.builds(
        lambda d, v, q: Observed(Observation(datastream_id=d, t_ns=0, value=v, quality=q)),
        STREAMS, st.floats(), st.integers(0, 3),
    ),
    st.just(Tick()),
)  # fmt: skip
STEPS = st.lists(st.tuples(REQUESTS, st.sampled_from([0.0, 0.1, 6.0, 70.0])), max_size=40)


def check_history(events: list[Event]) -> None:
    states: dict[str, CommandState] = {}
    for event in events:
        if event.kind == "command.submitted":
            command_id = event.body["request"]["id"]
            assert command_id not in states, "submitted twice"
            states[command_id] = S.SUBMITTED
        elif event.kind == "command.state":
            command_id, new = event.body["id"], CommandState(event.body["state"])
            assert is_allowed(states[command_id], new)
            states[command_id] = new


@settings(max_examples=250, deadline=None)
@given(STEPS)
def test_whatever_is_asked_the_room_is_the_fold_of_its_events(
    steps: list[tuple[Request, float]],
) -> None:
    bench = Bench()
    bench.greet("a1")
    bench.serve("signal-1", "pump-1", session="f1", name="F")
    for one, seconds in steps:
        bench.now_ns += round(seconds * 1e9)
        if isinstance(one, Observed):
            seen = one.observation
            bench.see(seen.value, seen.datastream_id, quality=seen.quality)
            continue
        before, n = bench.core.room.state_hash(), len(bench.events)
        result = bench.do(one)
        if isinstance(result.reply, Refused | HelloNeeded):
            assert (bench.core.room.state_hash(), len(bench.events)) == (before, n)
    check_history(bench.events)
    assert [event.seq for event in bench.events] == list(range(1, len(bench.events) + 1))
    fold = Room()
    for event in msgspec.json.decode(msgspec.json.encode(bench.events), type=list[Event]):
        fold.apply(event)
    assert fold.state_hash() == bench.core.room.state_hash()
    busy = [c.request.target_id for c in fold.commands.values() if not c.is_terminal]
    assert len(busy) == len(set(busy)), "two commands under way on one target"
    later = bench.restarted()
    assert later.core.watched == bench.core.watched
    for _ in range(100):
        later.wait(30.0)
    assert all(c.is_terminal for c in later.core.room.commands.values()), "stuck for ever"


def test_a_late_copy_of_a_refused_request_is_refused_too(bench: Bench) -> None:
    take = {"asset_id": "signal-1"}
    bench.greet("b1", "Ben", "traffic")
    bench.act("a1", "lease.take", take)
    refused = bench.act("b1", "lease.take", take, act_id="late")
    assert "held by Ada" in why(refused)
    bench.act("a1", "lease.release", take)
    assert bench.act("b1", "lease.take", take, act_id="late") == refused
    assert isinstance(bench.act("b1", "lease.take", take), Acknowledged)


def test_nobody_can_spoil_the_id_of_somebody_elses_request(bench: Bench) -> None:
    one = request()
    acknowledged = bench.submit(one)
    bench.greet("b1", "Ben", "traffic")
    spoiled = msgspec.structs.replace(one, args={"plan": 3})
    assert isinstance(bench.submit(spoiled, "b1"), Refused)
    assert bench.submit(one) == acknowledged


def test_a_clock_that_was_set_back_does_not_stop_deadlines(bench: Bench) -> None:
    bench.lose("f1")
    one = request()
    bench.submit(one)
    bench.now_ns -= 3_600 * 10**9
    later = bench.restarted()
    assert later.state(one.id) is S.QUEUED
    later.wait(6.0)
    assert later.state(one.id) is S.FAILED
