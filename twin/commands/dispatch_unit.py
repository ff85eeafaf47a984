"""Send a unit to a place; done when it is there."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.city.frames import MAX_LOCAL_M
from twin.commands.base import CommandType, Effect
from twin.commands.preview import CityView, Preview, PreviewTarget
from twin.commands.previewing import way_to
from twin.commands.undo import Before, Undo

ARRIVED_M = 40.0
#: Share of a street's speed that a unit drives to a mission: faster than the others, through them.
_BLUE_LIGHT_HASTE = 1.0
#: Kinds of units that can be sent somewhere.
DISPATCHED = ("ambulance", "fire_engine", "police", "works")


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchUnit:
    """Where it goes, metres of the city's local frame."""

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


def _effect(target_id: str, params: DispatchUnit) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/distance_to_target",
        relation="below",
        value=ARRIVED_M,
        deadline_s=900.0,
        text=f"it is within {ARRIVED_M:g} m of {_place(params)}",
    )


def _describe(target_name: str, params: DispatchUnit) -> str:
    return f"Send {target_name} to {_place(params)}: it leaves what it is doing and drives there"


def _place(params: DispatchUnit) -> str:
    return params.place or f"{params.x_m:.0f} m east, {params.y_m:.0f} m north"


def _undo(before: Before) -> Undo:
    """Send it where it was going before; where it was going nowhere, call it back."""
    was_going = before.values.get("distance_to_target", 0.0) > 0.0
    last = before.last("unit.dispatch", "unit.recall") if was_going else None
    if last is None or last.type_id != "unit.dispatch":
        return Undo(type_id="unit.recall")
    return Undo(type_id="unit.dispatch", args=dict(last.args))


def _preview(target: PreviewTarget, params: DispatchUnit, city: CityView) -> Preview:
    return way_to(target, (params.x_m, params.y_m), _place(params), city, _BLUE_LIGHT_HASTE)


COMMAND = CommandType(
    id="unit.dispatch",
    version=1,
    title="Dispatch unit",
    params=DispatchUnit,
    target_kinds=DISPATCHED,
    departments=("control_room", "fire", "police", "works"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="unit.recall",
    undo=_undo,
    before=("distance_to_target",),
    icon="unit",
    preview=_preview,
)
