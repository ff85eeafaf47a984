"""Fly a drone to a place and let it hover there; done when it is above it."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.city.frames import MAX_LOCAL_M
from twin.commands.base import CommandType, Effect, Windows
from twin.commands.undo import Before, Undo

OVER_PLACE_M = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlyDrone:
    """Where it goes and how high, metres of the city's local frame."""

    x_m: float = field(
        metadata={
            "title": "East",
            "help": "Metres east of the city's origin",
            "unit": "m",
            "min": -MAX_LOCAL_M,
            "max": MAX_LOCAL_M,
        },
    )
    y_m: float = field(
        metadata={
            "title": "North",
            "help": "Metres north of the city's origin",
            "unit": "m",
            "min": -MAX_LOCAL_M,
            "max": MAX_LOCAL_M,
        },
    )
    place: str = field(
        default="",
        metadata={"help": "Name of the place, for people", "max_length": 200},
    )
    height_m: float = field(
        default=80.0,
        metadata={
            "title": "Height",
            "help": "Above the ground at its home; 120 m is the most without a permit",
            "unit": "m",
            "min": 20.0,
            "max": 120.0,
        },
    )


def _place(params: FlyDrone) -> str:
    return params.place or f"{params.x_m:.0f} m east, {params.y_m:.0f} m north"


def _effect(target_id: str, params: FlyDrone) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/distance_to_target",
        relation="below",
        value=OVER_PLACE_M,
        deadline_s=600.0,
        text=f"it is within {OVER_PLACE_M:g} m of {_place(params)}",
    )


def _describe(target_name: str, params: FlyDrone) -> str:
    return (
        f"Fly {target_name} to {_place(params)} at {params.height_m:g} m: it flies straight there"
        " and hovers until it is called home"
    )


def _undo(before: Before) -> Undo:
    """Back to where it hovered; home where it was not out."""
    was_out = before.values.get("flight_height", 0.0) > 1.0
    last = before.last("drone.fly", "drone.return_home") if was_out else None
    if last is None or last.type_id != "drone.fly":
        return Undo(type_id="drone.return_home")
    return Undo(type_id="drone.fly", args=dict(last.args))


COMMAND = CommandType(
    id="drone.fly",
    version=1,
    title="Fly drone",
    params=FlyDrone,
    target_kinds=("drone",),
    departments=("control_room", "fire", "police", "environment"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="drone.return_home",
    before=("flight_height",),
    undo=_undo,
    icon="unit",
    windows=Windows(start_s=30.0),
)
