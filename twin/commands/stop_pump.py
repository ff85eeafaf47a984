"""Stop a pump; done when it reports that it stands still."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect
from twin.commands.previewing import report_of
from twin.commands.undo import Before, Undo


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPump:
    """Nothing to choose."""


def _effect(target_id: str, _params: StopPump) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/pump_running",
        relation="equals",
        value=0.0,
        deadline_s=60.0,
        text="the pump reports that it stands still",
    )


def _describe(target_name: str, _params: StopPump) -> str:
    return f"Stop {target_name}: the water level behind it may rise"


def _undo(before: Before) -> Undo:
    """Start it as it was started last; at full speed where that is not known."""
    last = before.last("pump.start")
    return Undo(type_id="pump.start", args={} if last is None else last.args)


COMMAND = CommandType(
    id="pump.stop",
    version=1,
    title="Stop pump",
    params=StopPump,
    target_kinds=("pump_station",),
    departments=("control_room", "water"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="pump.start",
    undo=_undo,
    is_idempotent=True,
    icon="pump",
    preview=report_of(
        "pump_running", lambda _params: 0.0, seconds=5.0, basis="what the pump itself will report"
    ),
)
