"""Send a public transport vehicle round by way of a place; done when it is on that way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from twin.city.frames import MAX_LOCAL_M
from twin.commands.base import CommandType, Effect, Windows
from twin.commands.hold_transit import DIVERTED, TRANSIT, service_before
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget
from twin.commands.previewing import way_to

#: Share of a street's speed that a bus drives.
_BUS_HASTE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class DivertTransit:
    """Where it goes round, metres of the city's local frame."""

    x_m: float = field(
        metadata={
            "title": "East",
            "help": "Metres east of the city's origin",
            "unit": "m",
            "example": 120.0,
            "min": -MAX_LOCAL_M,
            "max": MAX_LOCAL_M,
        },
    )
    y_m: float = field(
        metadata={
            "title": "North",
            "help": "Metres north of the city's origin",
            "unit": "m",
            "example": -80.0,
            "min": -MAX_LOCAL_M,
            "max": MAX_LOCAL_M,
        },
    )
    place: str = field(
        default="",
        metadata={"help": "Name of the place, for people", "max_length": 200},
    )


def _place(params: DivertTransit) -> str:
    return params.place or f"{params.x_m:.0f} m east, {params.y_m:.0f} m north"


def _effect(target_id: str, params: DivertTransit) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/service_state",
        relation="equals",
        value=DIVERTED,
        deadline_s=120.0,
        text=f"the vehicle reports that it drives by way of {_place(params)}",
        tolerance=0.5,
    )


def _describe(target_name: str, params: DivertTransit) -> str:
    return (
        f"Divert {target_name} by way of {_place(params)}: it leaves out the stops until then and"
        " goes on along its line afterwards"
    )


def _preview(target: PreviewTarget, params: DivertTransit, city: CityView) -> Preview:
    way = way_to(target, (params.x_m, params.y_m), _place(params), city, _BUS_HASTE)
    state_id = f"{target.id}/service_state"
    diverted = Prediction(
        datastream_id=state_id,
        text=f"{target.name} is on the way round",
        unit="",
        before=city.last_value(state_id),
        after=DIVERTED,
        after_s=10.0,
    )
    notes = (*way.notes, "Where it comes back to its line is not predicted")
    return replace(way, predictions=(diverted,), notes=notes)


COMMAND = CommandType(
    id="transit.divert",
    version=1,
    title="Divert vehicle",
    params=DivertTransit,
    target_kinds=TRANSIT,
    departments=("control_room", "traffic", "police"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="transit.resume",
    before=("service_state",),
    undo=service_before,
    icon="unit",
    windows=Windows(start_s=30.0),
    preview=_preview,
)
