"""Rules and commands for tests of interlocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.twin.hub_rig import request
from twin.interlocks.model import OtherCommand, Subject
from twin.interlocks.rule_file import read_interlocks
from twin.interlocks.rules import Rules, is_like
from twin.room.model import Command, CommandState, Operator

READY = Path("resources/policies/interlocks.toml")
ADA = Operator(name="Ada", department="water", console_id="a")
GATE_RULE = """
version = 1
[links.pump]
"gate-1" = "pump-2"
[[interlock]]
id = "gate-pump"
title = "Gate against pump"
text = "{target} stays shut while {pump} runs"
actions = ["gate.*"]
inputs = { running = "{pump}/pump_running" }
blocks_when = "running > 0"
"""


def rules(text: str) -> Rules:
    """Rules out of a text."""
    return read_interlocks(text.encode(), "city.toml")


def one_rule(**fields: Any) -> Rules:
    """A file with one rule; the fields are TOML texts."""
    told = {
        "id": '"r"', "title": '"R"', "text": '"{target} is not touched"', "blocks_when": '"true"',
        **fields,
    }  # fmt: skip
    return rules("version = 1\n[[interlock]]\n" + "\n".join(f"{k} = {v}" for k, v in told.items()))


def subject(
    type_id: str = "gate.set", target_id: str = "gate-1", args: dict[str, Any] | None = None,
    **more: Any,
) -> Subject:  # fmt: skip
    """A command that is about to run."""
    args = {"opening_pct": 50} if args is None else args
    drill = more.pop("drill", False)
    return Subject(
        request=request(type_id, target_id, args, drill=drill),
        issued_by=more.pop("issued_by", ADA), **more,
    )  # fmt: skip


def other(
    type_id: str = "unit.dispatch", target_id: str = "ambulance-4", *,
    state: CommandState = CommandState.EXECUTING, args: dict[str, Any] | None = None,
    has_route: bool = False, **more: Any,
) -> OtherCommand:  # fmt: skip
    """Another command under way."""
    command = Command(
        request=request(type_id, target_id, args or {}), issued_by=ADA, state=state,
        route=((0.0, 0.0, 0.0), (10.0, 0.0, 0.0)) if has_route else (),
    )  # fmt: skip
    return OtherCommand(command=command, title=more.pop("title", "Dispatch unit"), **more)


def around(*others: OtherCommand) -> Callable[[tuple[str, ...]], tuple[OtherCommand, ...]]:
    """What `Rules.blocked` asks others from."""
    return lambda types: tuple(o for o in others if is_like(o.command.request.type_id, types))
