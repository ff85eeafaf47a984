"""Whether a concurrent history could have happened one operation after the other (Wing and Gong).

An operation lies between its call and its answer; one without an answer may have happened at any
time after its call, or never. A model says which results are possible in which state. The search
remembers what it has tried (Lowe's memo), so histories of a few dozen operations are quick.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

FOREVER = 1 << 62


@dataclass(frozen=True)
class Operation:
    """One call. ``result`` None = never answered."""

    who: str
    what: tuple[Any, ...]
    called: int
    answered: int
    result: bool | None


#: (state, operation) -> the state after it, or `IMPOSSIBLE`.
Model = Callable[[Any, Operation], Any]
IMPOSSIBLE = object()


def is_linearizable(history: Sequence[Operation], model: Model, state: Hashable) -> bool:
    """Search for an order that the model allows and that respects real time."""
    ops = sorted(history, key=lambda op: op.called)
    full = (1 << len(ops)) - 1
    needed = sum(1 << i for i, op in enumerate(ops) if op.result is not None)
    seen: set[tuple[int, Hashable]] = set()
    todo: list[tuple[int, Hashable]] = [(0, state)]
    while todo:
        done, now = todo.pop()
        if done & needed == needed:
            return True
        if (done, now) in seen:
            continue
        seen.add((done, now))
        left = [i for i in range(len(ops)) if not done >> i & 1]
        first_answer = min(ops[i].answered for i in left)
        for i in left:
            if ops[i].called > first_answer:
                break
            after = model(now, ops[i])
            if after is not IMPOSSIBLE:
                todo.append((done | 1 << i, after))
    return full == 0


def lease_model(ranks: dict[str, int]) -> Model:
    """One asset's lease; the state is its holder, "" = free."""

    def step(holder: str, op: Operation) -> Any:
        match op.what:
            case ("take",):
                works, after = holder == "", op.who
            case ("release",):
                works, after = holder == op.who, ""
            case ("seize",):
                works = holder not in ("", op.who) and ranks[op.who] > ranks[holder]
                after = op.who
            case ("expire", whose):
                works, after = holder == whose, ""
            case ("by command",):
                works, after = holder == "", op.who
            case other:
                raise AssertionError(other)
        return _outcome(holder, after, works=works, op=op)

    return step


def approval_model(needed: int, issuer: str) -> Model:
    """One command's approval; the state is (who said yes, is it over)."""

    def step(state: tuple[frozenset[str], bool], op: Operation) -> Any:
        yes, is_over = state
        match op.what:
            case ("yes",):
                works = not is_over and op.who != issuer and op.who not in yes
                more = yes | {op.who}
                after = (more, len(more) >= needed)
            case ("no",):
                works = not is_over and op.who != issuer and op.who not in yes
                after = (yes, True)
            case ("over",):
                works, after = True, (yes, True)
            case other:
                raise AssertionError(other)
        return _outcome(state, after, works=works, op=op)

    return step


def _outcome(before: Any, after: Any, *, works: bool, op: Operation) -> Any:
    if op.result is None:
        return after if works else IMPOSSIBLE
    if op.result:
        return after if works else IMPOSSIBLE
    return IMPOSSIBLE if works else before
