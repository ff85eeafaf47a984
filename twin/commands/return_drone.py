"""Call a drone home; done when it has landed there."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.previewing import report_of
from twin.commands.undo import undo_to_earlier

LANDED_M = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDrone:
    """Nothing to choose."""


def _effect(target_id: str, _params: ReturnDrone) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/flight_height",
        relation="below",
        value=LANDED_M,
        deadline_s=600.0,
        text="it reports that it has landed",
    )


def _describe(target_name: str, _params: ReturnDrone) -> str:
    return f"Return {target_name} to its home: it flies straight back and lands"


COMMAND = CommandType(
    id="drone.return_home",
    version=1,
    title="Return drone home",
    called="Return {target} home",
    params=ReturnDrone,
    target_kinds=("drone",),
    departments=("control_room", "fire", "police", "environment"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="drone.fly",
    undo=undo_to_earlier("drone.fly"),
    icon="home",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=report_of(
        "flight_height", lambda _params: 0.0, seconds=120.0, basis="a few kilometres at 12 m/s"
    ),
)
