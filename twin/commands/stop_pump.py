"""Stop a pump; done when it reports that it stands still."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect


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
    icon="pump",
)
