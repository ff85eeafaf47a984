"""Every misbehaviour of an actuator against what the hub must make of it.

All of them run against one real hub at the same time: nobody's misbehaviour may touch the others.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest

from tests.twin.hub_rig import CLOCK, HubTimes, console, polled, request, running_hub, until
from tests.twin.misbehaving import KINDS, Misbehaving
from twin.commands import close_road, set_signal_plan
from twin.hub.replies import MAX_CORNERS
from twin.link.client import HubClient
from twin.link.control import ActuatorReply, Deliver, ReplyStatus
from twin.link.control_frames import PROTOCOL
from twin.room.model import Command, CommandRequest, CommandState

S = CommandState
TIMES = HubTimes(
    actuator_wait_s=4.0, accept_wait_s=0.7, n_attempts=3, n_tries=3, lost_wait_s=1.5,
    session_wait_s=2.0,
)  # fmt: skip
EFFECT_S = 5.0
SCHEDULED_S = 1.0
Behaviour = Callable[[Misbehaving, Deliver], None]


# --- what they do ---------------------------------------------------------------------------------


def obey(me: Misbehaving, order: Deliver) -> None:
    """The one that does it right."""
    if (order.request.id, order.attempt) not in me.executed:
        me.act(order)
    me.say(order, "accepted", "executing", "done", attempt=order.attempt)


def nothing(_me: Misbehaving, _order: Deliver) -> None:
    """Silence."""


def act_silently(me: Misbehaving, order: Deliver) -> None:
    if not me.executed:
        me.act(order)


def answer_the_second_time(me: Misbehaving, order: Deliver) -> None:
    act_silently(me, order)
    if len(me.delivered) > 1:
        me.say(order, "accepted", "done")


def say_it_twice(me: Misbehaving, order: Deliver) -> None:
    act_silently(me, order)
    me.say(order, "accepted", "accepted", "executing", "executing", "done", "done")


def say_it_backwards(me: Misbehaving, order: Deliver) -> None:
    act_silently(me, order)
    me.say(order, "done", "executing", "accepted")


def lie(me: Misbehaving, order: Deliver) -> None:
    me.say(order, "accepted", "executing", "done", text="All done!")


def lie_with_bad_samples(me: Misbehaving, order: Deliver) -> None:
    me.quality = 2
    obey(me, order)


def lie_with_samples_of_last_week(me: Misbehaving, order: Deliver) -> None:
    me.age_s = 7 * 86_400
    obey(me, order)


def answer_when_it_is_over(me: Misbehaving, order: Deliver) -> None:
    me.state["order"] = order


def later(me: Misbehaving, age_s: float) -> None:
    since = me.state.setdefault("since", age_s) if "order" in me.state else age_s
    if age_s - since > 4.0 and "order" in me.state:
        order = me.state.pop("order")
        me.act(order)
        me.say(order, "accepted", "executing", "done")


def act_and_die(me: Misbehaving, order: Deliver) -> None:
    me.act(order)
    me.is_showing = False
    me.go_dark()


def accept_and_die(me: Misbehaving, order: Deliver) -> None:
    me.say(order, "accepted")
    me.state["dies"] = True


def accept_act_and_die(me: Misbehaving, order: Deliver) -> None:
    me.act(order)
    accept_and_die(me, order)


def die_when_told(me: Misbehaving, age_s: float) -> None:
    since = me.state.setdefault("since", age_s) if me.state.get("dies") else age_s
    if age_s - since > 0.3 and not me.state.get("dark"):  # what was said has left by then
        me.go_dark()


def act_die_and_come_back_unsure(me: Misbehaving, order: Deliver) -> None:
    if len(me.delivered) == 1:
        me.act(order)
        me.drop_line()
        return
    me.say(order, "unknown", text="Restarted after it had begun; nobody knows what it did")


def die_and_come_back_unsure(me: Misbehaving, order: Deliver) -> None:
    if len(me.delivered) == 1:
        me.drop_line()
        return
    me.say(order, "unknown", text="Restarted after it had begun; nobody knows what it did")


def forget(me: Misbehaving, order: Deliver) -> None:
    """Accepts, loses its line and with it all memory; knows only what it is told next."""
    if order.attempt > 1:
        obey(me, order)
    elif order.was_accepted:
        me.say(order, "forgotten")
    elif len(me.delivered) == 1:
        me.say(order, "accepted")
        me.state["drop"] = True


def drop_when_told(me: Misbehaving, age_s: float) -> None:
    since = me.state.setdefault("since", age_s) if me.state.get("drop") else age_s
    if age_s - since > 0.3 and not me.state.get("dropped"):
        me.state["dropped"] = True
        me.drop_line()


def fail(me: Misbehaving, order: Deliver) -> None:
    me.executed.append((order.request.id, order.attempt))
    me.say(order, "failed", text="Stuck", attempt=order.attempt)


def fail_twice_each(me: Misbehaving, order: Deliver) -> None:
    me.executed.append((order.request.id, order.attempt))
    me.say(order, "failed", "failed", "failed", text="Stuck", attempt=order.attempt)


def change_its_mind(me: Misbehaving, order: Deliver) -> None:
    me.say(order, "rejected", text="No")
    me.act(order)
    me.say(order, "accepted", "executing", "done")


def speak_for_another(me: Misbehaving, age_s: float) -> None:
    victim = me.state.get("victim")
    if victim and not me.state.get("dark"):
        for status in ("failed", "rejected", "unknown"):
            me.send(ActuatorReply(command_id=victim, status=status, text="I say so"))


def speak_too_early(me: Misbehaving, age_s: float) -> None:
    early = me.state.get("own")
    if early and not me.delivered:
        me.send(ActuatorReply(command_id=early, status="accepted"))
        me.send(ActuatorReply(command_id=early, status="done"))


def flood(me: Misbehaving, order: Deliver) -> None:
    me.say(order, "accepted")
    for i in range(3_000):
        me.say(order, "executing", text=f"{i / 30:.1f} %")
    me.act(order)
    me.say(order, "done")


def talk_nonsense(me: Misbehaving, order: Deliver) -> None:
    me.send_frames([b"civ9", b"\x80"])
    me.send_frames([PROTOCOL])
    me.send_frames([PROTOCOL, b"\xc1" * 500])
    me.send_frames([PROTOCOL, b"\x91" * 5_000])
    me.send_map(type="reply", command_id=7, status="done")
    me.send_map(type="reply")
    me.send_map(type="world domination")
    me.send_map(type="deliver", request={}, issued_by="me")
    obey(me, order)


def say_what_is_no_word(me: Misbehaving, order: Deliver) -> None:
    me.send_map(type="reply", command_id=order.request.id, status="exploded")


def ramble(me: Misbehaving, order: Deliver) -> None:
    me.say(order, "failed", text="x" * 600_000)


def go_a_mad_way(me: Misbehaving, order: Deliver) -> None:
    me.act(order)
    me.say(order, "accepted", route=((0.0, math.nan, 0.0), (1.0, 1.0, math.inf)))
    me.say(order, "executing", route=tuple((float(i), 0.0, 0.0) for i in range(MAX_CORNERS + 1)))


def flap(me: Misbehaving, age_s: float) -> None:
    if me.state.get("done"):
        return
    if age_s - me.state.get("flapped", 0.0) > 0.25:
        me.state["flapped"] = age_s
        me.drop_line()


def answer_at_last(me: Misbehaving, order: Deliver) -> None:
    act_silently(me, order)
    if len(me.delivered) > 3:
        me.state["done"] = True
        me.say(order, "accepted", "done")


def speak_as_a_stranger(me: Misbehaving, order: Deliver) -> None:
    me.drop_line(with_hello=False)
    me.say(order, "accepted", "done")


# --- what must come of it ------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One way to misbehave. ``runs``: attempts that it has begun, in order."""

    kind: str
    on_deliver: Behaviour
    state: CommandState
    text: str
    runs: tuple[int, ...] = ()
    on_tick: Callable[[Misbehaving, float], None] = lambda _me, _age_s: None
    check: Callable[[Outcome], bool] = lambda _outcome: True
    is_scheduled: bool = False


@dataclass
class Outcome:
    """How one went."""

    request: CommandRequest
    actuator: Misbehaving
    command: Command | None = None
    after: Command | None = None
    n_events: int = 0
    states: list[str] = field(default_factory=list)


SIGNAL, ROAD = "signal", "road_segment"
SHOWN, LATE = "Observed: ", "did not answer within 2.1 s; nobody knows what it did"
CASES = {
    "right": Case(SIGNAL, obey, S.VERIFIED, SHOWN, (1,)),
    "silent": Case(SIGNAL, nothing, S.UNKNOWN, LATE),
    "acts-silently": Case(ROAD, act_silently, S.UNKNOWN, LATE, (1,)),
    "slow": Case(
        SIGNAL, answer_the_second_time, S.VERIFIED, SHOWN, (1,),
        check=lambda one: one.command.n_sent >= 2,  # type: ignore[union-attr]
    ),
    "too-late": Case(ROAD, answer_when_it_is_over, S.UNKNOWN, LATE, (1,), later),
    "twice": Case(ROAD, say_it_twice, S.VERIFIED, SHOWN, (1,)),
    "backwards": Case(ROAD, say_it_backwards, S.VERIFIED, SHOWN, (1,)),
    "lies": Case(ROAD, lie, S.TIMED_OUT, "nobody observed that traffic flow falls"),
    "bad-samples": Case(
        SIGNAL, lie_with_bad_samples, S.TIMED_OUT, "nobody observed that the signal", (1,)
    ),
    "old-samples": Case(
        SIGNAL, lie_with_samples_of_last_week, S.TIMED_OUT, "nobody observed", (1,)
    ),
    "acts-and-dies": Case(ROAD, act_and_die, S.UNKNOWN, "nobody knows what it did", (1,)),
    "accepts-and-dies": Case(
        SIGNAL, accept_and_die, S.UNKNOWN, "was lost after it accepted", (), die_when_told
    ),
    "acts-shows-and-dies": Case(
        ROAD, accept_act_and_die, S.VERIFIED, SHOWN, (1,), die_when_told
    ),
    "unsure-and-shown": Case(ROAD, act_die_and_come_back_unsure, S.VERIFIED, SHOWN, (1,)),
    "unsure": Case(
        ROAD, die_and_come_back_unsure, S.UNKNOWN,
        "Restarted after it had begun; nobody knows what it did, and the effect was not observed",
    ),
    "forgets": Case(ROAD, forget, S.UNKNOWN, "has no memory of it", (), drop_when_told),
    "forgets-but-may-repeat": Case(SIGNAL, forget, S.VERIFIED, SHOWN, (2,), drop_when_told),
    "fails": Case(ROAD, fail, S.FAILED, "Stuck", (1,)),
    "fails-but-may-repeat": Case(SIGNAL, fail, S.FAILED, "Stuck", (1, 2, 3)),
    "fails-thrice-each": Case(SIGNAL, fail_twice_each, S.FAILED, "Stuck", (1, 2, 3)),
    "changes-its-mind": Case(ROAD, change_its_mind, S.REJECTED, "No", (1,)),
    "speaks-for-another": Case(SIGNAL, nothing, S.UNKNOWN, LATE, (), speak_for_another),
    "too-early": Case(
        SIGNAL, obey, S.VERIFIED, SHOWN, (1,), speak_too_early, is_scheduled=True,
        check=lambda one: one.states.index("ACCEPTED") > one.states.index("SENT"),
    ),
    "floods": Case(ROAD, flood, S.VERIFIED, SHOWN, (1,), check=lambda one: one.n_events < 60),
    "nonsense": Case(SIGNAL, talk_nonsense, S.VERIFIED, SHOWN, (1,)),
    "no-word": Case(SIGNAL, say_what_is_no_word, S.UNKNOWN, LATE),
    "rambles": Case(
        ROAD, ramble, S.FAILED, "xxx",
        check=lambda one: len(one.command.state_text) == 2_000,  # type: ignore[union-attr]
    ),
    "mad-route": Case(
        ROAD, go_a_mad_way, S.VERIFIED, SHOWN, (1,),
        check=lambda one: one.command.route == (),  # type: ignore[union-attr]
    ),
    "flaps": Case(SIGNAL, answer_at_last, S.VERIFIED, SHOWN, (1,), flap),
    "stranger": Case(ROAD, speak_as_a_stranger, S.UNKNOWN, "nobody knows what it did"),
}  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """Runs all of them at once."""
    folder = tmp_path_factory.mktemp("misbehaving")
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for module in (close_road, set_signal_plan):
            patch.setattr(module, "COMMAND", _with_quick_effect(module.COMMAND))
        hub = stack.enter_context(running_hub(folder / "journal.sqlite", times=TIMES))
        ada = stack.enter_context(console(hub.addresses.control, folder))
        found = {name: _started(stack, hub.addresses, name) for name in CASES}
        yield _played(ada, found)
        assert hub.counts.malformed >= 8


def _with_quick_effect(usual: Any) -> Any:
    def effect(target_id: str, params: Any) -> Any:
        return dataclasses.replace(usual.effect(target_id, params), deadline_s=EFFECT_S)

    return dataclasses.replace(usual, effect=effect)


def _started(stack: contextlib.ExitStack, addresses: Any, name: str) -> Outcome:
    case = CASES[name]
    actuator = Misbehaving(addresses, name, case.kind, case.on_deliver, case.on_tick)
    stack.enter_context(actuator)
    later_ns = CLOCK.now_ns() + round(SCHEDULED_S * 1e9) if case.is_scheduled else 0
    args = {"plan": 2} if case.kind == SIGNAL else {}
    one = request(KINDS[case.kind][0], actuator.asset_id, args, not_before_ns=later_ns)
    return Outcome(one, actuator)


def _played(ada: HubClient, found: dict[str, Outcome]) -> dict[str, Outcome]:
    until(lambda: len(_joined(ada)) == len(found), what="all actuators")
    for outcome in found.values():
        ada.submit(outcome.request)
        outcome.actuator.state["own"] = outcome.request.id
    found["speaks-for-another"].actuator.state["victim"] = found["slow"].request.id

    def ended() -> bool:
        commands = polled(ada).room.commands
        return all(o.request.id in commands and commands[o.request.id].is_terminal
                   for o in found.values())  # fmt: skip

    until(ended, 60.0, "an end of every command")
    until(lambda: found["too-late"].actuator.executed, what="the one that comes too late")
    _note(ada, "All is over")
    for outcome in found.values():
        outcome.command = polled(ada).room.commands[outcome.request.id]
        _look_back(ada, outcome)
    for outcome in found.values():
        if not outcome.actuator.state.get("dark"):
            outcome.actuator.on_tick = _say_everything_again
    until(lambda: all(o.actuator.state.get("again") or o.actuator.state.get("dark")
                      for o in found.values()))  # fmt: skip
    _note(ada, "And still is")
    for outcome in found.values():
        outcome.after = polled(ada).room.commands[outcome.request.id]
    return found


def _joined(ada: HubClient) -> set[str]:
    return {e.body["name"] for e in polled(ada).room.activity if e.kind == "actuator.joined"}


def _look_back(ada: HubClient, outcome: Outcome) -> None:
    moves = [e for e in ada.room.activity if e.body.get("id") == outcome.request.id]
    outcome.n_events = len(moves)
    outcome.states = [e.body["state"] for e in moves if e.kind == "command.state"]


def _say_everything_again(me: Misbehaving, _age_s: float) -> None:
    if me.delivered and not me.state.get("again"):
        for status in get_args(ReplyStatus):
            me.say(me.delivered[-1], status, text="but still")
    me.state["again"] = True


def _note(ada: HubClient, text: str) -> None:
    """A round trip through the hub: what was sent before has been seen."""
    ada.add_note(text)
    until(lambda: text in [e.body.get("text") for e in polled(ada).room.activity], what=text)


@pytest.mark.parametrize("name", CASES)
def test_misbehaviour(name: str, outcomes: dict[str, Outcome]) -> None:
    case, outcome = CASES[name], outcomes[name]
    command = outcome.command
    assert command is not None
    assert command.state is case.state, command.state_text
    assert case.text in command.state_text
    assert [attempt for _, attempt in outcome.actuator.executed] == list(case.runs)
    assert case.check(outcome)


@pytest.mark.parametrize("name", CASES)
def test_the_end_is_the_end_and_no_attempt_is_begun_twice(
    name: str, outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[name]
    assert outcome.after == outcome.command
    executed = outcome.actuator.executed
    assert len(set(executed)) == len(executed)
    attempts = [one.attempt for one in outcome.actuator.delivered]
    assert attempts == sorted(attempts), "an older attempt was never delivered after a newer one"
    assert len(set(attempts)) <= 1 + (CASES[name].kind == SIGNAL) * (TIMES.n_tries - 1)
