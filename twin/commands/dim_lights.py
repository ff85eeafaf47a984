"""Dim or brighten a group of street lights; done when it reports the level asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.analysis.power_model import dimmed_load
from twin.commands.base import CommandType, Effect
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget
from twin.commands.undo import undo_to_value


@dataclass(frozen=True, slots=True, kw_only=True)
class DimLights:
    """How bright they are."""

    level_pct: float = field(
        default=50.0,
        metadata={
            "title": "Level",
            "help": "0 is dark, 100 is full light",
            "unit": "%",
            "min": 0.0,
            "max": 100.0,
        },
    )


def _effect(target_id: str, params: DimLights) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/dimming",
        relation="equals",
        value=params.level_pct,
        deadline_s=60.0,
        text=f"the lights report a level of {params.level_pct:g} %",
    )


def _describe(target_name: str, params: DimLights) -> str:
    return f"Set {target_name} to {params.level_pct:g} % of their light: their power load follows"


def _preview(target: PreviewTarget, params: DimLights, city: CityView) -> Preview:
    level_id, load_id = f"{target.id}/dimming", f"{target.id}/power_load"
    level, load = city.last_value(level_id), city.last_value(load_id)
    told = [
        Prediction(
            datastream_id=level_id,
            text=f"light level of {target.name}",
            unit="%",
            before=level,
            after=params.level_pct,
            after_s=8.0,
        )
    ]
    if level is not None and load is not None:
        told.append(
            Prediction(
                datastream_id=load_id,
                text=f"power load of {target.name}",
                unit="kW",
                before=load,
                after=dimmed_load(load, level, params.level_pct),
                after_s=8.0,
            )
        )
    return Preview(
        things=(target.id,),
        predictions=tuple(told),
        basis="load in proportion to the light, plus 4 % standby; holds while the lamps burn",
    )


COMMAND = CommandType(
    id="lights.dim",
    version=1,
    title="Dim street lights",
    params=DimLights,
    target_kinds=("street_light_group",),
    departments=("control_room", "energy"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="lights.dim",
    before=("dimming",),
    undo=undo_to_value("lights.dim", "level_pct", "dimming"),
    is_idempotent=True,
    icon="lights",
    preview=_preview,
)
