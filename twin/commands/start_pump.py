"""Start a pump; done when the water level has fallen."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.analysis.water_model import level_after_pumping
from twin.commands.base import CommandType, Effect
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget

DROP_M = 0.1
#: The level is predicted for this long after acceptance.
_AFTER_S = 60.0


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


def _preview(target: PreviewTarget, params: StartPump, city: CityView) -> Preview:
    level_id = f"{target.id}/water_level"
    level = city.last_value(level_id)
    if level is None:
        note = "The level of its basin is not known, so nothing can be predicted"
        return Preview(things=(target.id,), basis="no model: no level is known", notes=(note,))
    fallen = Prediction(
        datastream_id=level_id,
        text=f"water level behind {target.name}",
        unit="m",
        before=level,
        after=level_after_pumping(level, params.speed_pct / 100.0, _AFTER_S),
        after_s=_AFTER_S,
    )
    return Preview(
        things=(target.id,),
        predictions=(fallen,),
        basis="pump model of the simulator: a steady rate down to the floor, without new inflow",
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
    preview=_preview,
)
