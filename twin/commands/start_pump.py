"""Start a pump; done when the water level has fallen."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect

DROP_M = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPump:
    """How hard it pumps."""

    speed_pct: float = field(
        default=100.0,
        metadata={
            "title": "Speed",
            "help": "Share of the full speed",
            "unit": "%",
            "min": 20.0,
            "max": 100.0,
        },
    )


def _effect(target_id: str, _params: StartPump) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/water_level",
        relation="falls_by",
        value=DROP_M,
        deadline_s=120.0,
        text=f"water level falls by {DROP_M:g} m",
    )


def _describe(target_name: str, params: StartPump) -> str:
    return (
        f"Start {target_name} at {params.speed_pct:g} % of its speed: the water level behind it"
        f" falls by at least {DROP_M:g} m"
    )


COMMAND = CommandType(
    id="pump.start",
    version=1,
    title="Start pump",
    params=StartPump,
    target_kinds=("pump_station",),
    departments=("control_room", "water"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="pump.stop",
    icon="pump",
)
