"""Fly a drone to a place and let it hover there; done when it is above it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from twin.city.frames import MAX_LOCAL_M
from twin.commands.base import CommandType, Effect, Windows
from twin.commands.preview import CityView, Point, Prediction, Preview, PreviewTarget
from twin.commands.previewing import minutes_text
from twin.commands.undo import Before, Undo

OVER_PLACE_M = 20.0
CRUISE_MPS = 12.0
CLIMB_MPS = 4.0
#: Room that is kept to the side of roofs and above them.
ROOF_GAP_M = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlyDrone:
    """Where it goes and how high, metres of the city's local frame."""

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


def flight_preview(
    target: PreviewTarget, goal: Point, height_m: float, place: str, city: CityView
) -> Preview:
    """Up, straight over, and how long that takes; a roof in the way is told."""
    here = city.position(target.id) or target.xyz
    if here is None:
        note = f"Nobody knows where {target.name} is, so its way cannot be told"
        return Preview(things=(target.id,), basis="no model: no position is known", notes=(note,))
    ground_m = here[2] - (city.last_value(f"{target.id}/flight_height") or 0.0)
    cruise_m = ground_m + height_m
    gap_m = math.dist(here[:2], goal[:2])
    seconds = abs(cruise_m - here[2]) / CLIMB_MPS + gap_m / CRUISE_MPS
    roof_m = city.highest_roof_m(here, goal, ROOF_GAP_M)
    notes = [f"{gap_m / 1000:.1f} km, about {minutes_text(seconds)}"]
    if roof_m is not None and roof_m + ROOF_GAP_M > cruise_m:
        notes.append(f"A roof of {roof_m - ground_m:.0f} m over its ground stands in the way")
    over = (goal[0], goal[1], cruise_m)
    arrival = Prediction(
        datastream_id=f"{target.id}/distance_to_target",
        text=f"{target.name} is over {place}",
        unit="m",
        before=city.last_value(f"{target.id}/distance_to_target"),
        after=0.0,
        after_s=seconds,
    )
    return Preview(
        things=(target.id,),
        lines=((here, (here[0], here[1], cruise_m), over),),
        predictions=(arrival,),
        basis=f"a straight flight at {CRUISE_MPS:g} m/s without wind; roofs as boxes",
        notes=tuple(notes),
    )


def _preview(target: PreviewTarget, params: FlyDrone, city: CityView) -> Preview:
    goal = (params.x_m, params.y_m, 0.0)
    return flight_preview(target, goal, params.height_m, _place(params), city)


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
    preview=_preview,
)
