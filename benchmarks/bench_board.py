"""The command board with 10,000 open commands: sorting all into lanes, against a bare pass."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from benchmarks.result import Result
from twin.commanding import command_types
from twin.room.fold import Room
from twin.room.model import CommandRequest, CommandState, Event, Operator
from twin.waiting import queue_of
from widgets.parts.board import Board, BoardFilter

_N = 10_000
_ROUNDS = 9
_LIMIT_MS = 100.0
_STATES = (
    (),
    (CommandState.AWAITING_APPROVAL,),
    (CommandState.QUEUED,),
    (CommandState.QUEUED, CommandState.RELEASED, CommandState.SENT),
)


def run() -> list[Result]:
    """Medians of nine rounds: all commands, those with two words, and what waits for somebody."""
    room, me = _room(), Operator(name="Ada", department="fire", console_id="c1")
    board = Board()
    words = BoardFilter(words=("street", "99"))
    board.lanes(room, words)  # texts are told once
    calls: dict[str, Callable[[], object]] = {
        "board.sort_10k": lambda: board.lanes(room, BoardFilter()),
        "board.filter_10k": lambda: board.lanes(room, words),
        "board.waiting_10k": lambda: queue_of(room, me, 0),
    }
    bare = _median([_took_ms(lambda: _pass(room)) for _ in range(_ROUNDS)])
    results = []
    for name, call in calls.items():
        value = _median([_took_ms(call) for _ in range(_ROUNDS)])
        results.append(
            Result(
                name=name,
                value=round(value, 2),
                unit="ms",
                ratio=round(value / bare, 1),
                limit=_LIMIT_MS,
                ok=value < _LIMIT_MS,
                note="ratio to a bare pass over the same commands, limit on the value in ms",
            )
        )
    return results


def _room() -> Room:
    """Ten thousand commands in four states, folded from their events."""
    room = Room()
    by = msgspec.to_builtins(Operator(name="Ben", department="traffic", console_id="c2"))
    approval = {"needed": 1, "digest": "0" * 64, "expires_ns": 10**18, "departments": ["fire"]}
    seq = 0
    for n in range(_N):
        request = CommandRequest(
            id=f"c{n}", type_id="road.close", type_version=command_types()["road.close"].version,
            target_id=f"road-{n}", target_name=f"Street {n}", args={"cause": "works"},
        )  # fmt: skip
        seq += 1
        body = {"request": msgspec.to_builtins(request), "operator": by, "level": 2}
        room.apply(Event(seq=seq, t_ns=seq, kind="command.submitted", actor="Ben", body=body))
        for state in _STATES[n % len(_STATES)]:
            seq += 1
            moved = {"id": request.id, "state": state.value}
            if state is CommandState.AWAITING_APPROVAL:
                moved["approval"] = approval  # type: ignore[assignment]
            room.apply(Event(seq=seq, t_ns=seq, kind="command.state", actor="hub", body=moved))
    return room


def _pass(room: Room) -> int:
    return sum(1 for command in room.commands.values() if not command.is_terminal)


def _took_ms(call: Callable[[], object]) -> float:
    began_ns = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - began_ns) / 1e6


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
