"""What interlocks cost a command: the hub's whole question beside the bare CEL evaluation in it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from cel_expr_python import cel

from benchmarks.result import Result
from twin.interlocks.model import OtherCommand, Reading, Subject
from twin.interlocks.rule_file import load_interlocks, read_interlocks
from twin.interlocks.rules import entry_of
from twin.room.model import Command, CommandRequest, CommandState, Operator

READY = Path("resources/policies/interlocks.toml")
N_OTHERS = 100
N_ROUNDS, N_A_ROUND = 9, 400
ADA = Operator(name="Ada", department="water", console_id="a")
#: Matching the rules, gathering the inputs, and one more look at each culprit, over one evaluation.
SAMPLE_LIMIT, OTHERS_LIMIT = 12.0, 3.0
_MANY = """
[[interlock]]
id = "r{i}"
title = "Rule {i}"
text = "no"
actions = ["type{i}.*"]
blocks_when = "true"
"""


def run() -> list[Result]:
    """All figures, microseconds a command."""
    return [over_samples(), over_other_commands(), among_many_rules()]


def over_samples() -> Result:
    """A gate against a pump: one rule, one sample."""
    rules = load_interlocks(READY)
    subject = _subject("gate.set", "gate-1", {"opening_pct": 50.0})
    seen = {"pump-1/pump_running": Reading(0.0, 1.0)}
    source = next(rule.blocks_when for rule in rules.rules if rule.id == "gate-against-pump")
    data = {"pump_running": 0.0, "command.args": {"opening_pct": 50.0}}
    program = _environment().compile(source)
    assert rules.blocked("release", subject, seen, lambda _: ()) == ()
    return _figure(
        "interlocks.sample_us", lambda: rules.blocked("release", subject, seen, lambda _: ()),
        lambda: program.eval(data=data), SAMPLE_LIMIT, f"{len(rules.rules)} rules, 1 applies",
    )  # fmt: skip


def over_other_commands() -> Result:
    """A closure against the routes of a hundred other commands, none of them near."""
    rules = load_interlocks(READY)
    subject = _subject("road.close", "road-1", {})
    others = tuple(_other(i) for i in range(N_OTHERS))
    rule = next(rule for rule in rules.rules if rule.id == "road-against-emergency-route")
    program = _environment().compile(rule.blocks_when)
    keys = ("kind", "state", "route_distance_m")
    entries = [entry_of(other, keys) for other in others]
    assert rules.blocked("release", subject, {}, lambda _: others) == ()
    return _figure(
        "interlocks.others_us", lambda: rules.blocked("release", subject, {}, lambda _: others),
        lambda: program.eval(data={"others": entries}), OTHERS_LIMIT,
        f"{N_OTHERS} other commands, none in the way",
    )  # fmt: skip


def among_many_rules() -> Result:
    """The same gate among 193 rules that are about other commands."""
    text = READY.read_text() + "".join(_MANY.format(i=i) for i in range(186))
    rules = read_interlocks(text.encode(), "many")
    subject = _subject("gate.set", "gate-1", {"opening_pct": 50.0})
    seen = {"pump-1/pump_running": Reading(0.0, 1.0)}
    few = load_interlocks(READY)
    return _figure(
        "interlocks.many_rules_us", lambda: rules.blocked("release", subject, seen, lambda _: ()),
        lambda: few.blocked("release", subject, seen, lambda _: ()), 3.0,
        f"{len(rules.rules)} rules beside {len(few.rules)}",
    )  # fmt: skip


def _figure(
    name: str, ours: Callable[[], object], bare: Callable[[], object], limit: float, what: str
) -> Result:
    pairs = [(_us(ours), _us(bare)) for _ in range(N_ROUNDS)]
    ours_us = statistics.median(pair[0] for pair in pairs)
    ratio = statistics.median(one / other for one, other in pairs)
    bare_us = statistics.median(pair[1] for pair in pairs)
    return Result(
        name=name, value=round(ours_us, 2), unit="µs a command", ratio=round(ratio, 2),
        limit=limit, ok=ratio <= limit, note=f"{what}; yardstick {bare_us:.2f} µs",
    )  # fmt: skip


def _us(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(N_A_ROUND):
        work()
    return (time.perf_counter() - started) / N_A_ROUND * 1e6


def _environment() -> cel.Env:
    row = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    return cel.NewEnv(
        variables={
            "pump_running": cel.Type.DYN,
            "command.args": row,
            "others": cel.Type.List(row),
        }
    )


def _request(type_id: str, target_id: str, args: dict[str, float]) -> CommandRequest:
    return CommandRequest(
        id=target_id, type_id=type_id, type_version=1, target_id=target_id, target_name=target_id,
        args=args,
    )  # fmt: skip


def _subject(type_id: str, target_id: str, args: dict[str, float]) -> Subject:
    return Subject(request=_request(type_id, target_id, args), issued_by=ADA, xyz=(0.0, 0.0, 0.0))


def _other(i: int) -> OtherCommand:
    command = Command(
        request=_request("unit.dispatch", f"ambulance-{i}", {}), issued_by=ADA,
        state=CommandState.EXECUTING, route=((0.0, 0.0, 0.0),),
    )  # fmt: skip
    return OtherCommand(
        command=command, kind="ambulance", distance_m=500.0 + i, route_distance_m=200.0 + i
    )
