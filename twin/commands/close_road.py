"""Close a road segment to traffic; done when its traffic flow has all but stopped."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect

#: Vehicles an hour; also used by `road.open`.
FLOW_OF_A_CLOSED_ROAD = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRoad:
    """Why the road is closed; drivers read it on the signs."""

    cause: str = field(
        default="works",
        metadata={
            "help": "Shown to drivers on the signs",
            "choices": ("works", "accident", "event", "flood"),
        },
    )


def _effect(target_id: str, _params: CloseRoad) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/traffic_flow",
        relation="below",
        value=FLOW_OF_A_CLOSED_ROAD,
        deadline_s=90.0,
        text=f"traffic flow falls below {FLOW_OF_A_CLOSED_ROAD:g} veh/h",
    )


def _describe(target_name: str, params: CloseRoad) -> str:
    return (
        f"Close {target_name} ({params.cause}): no vehicle enters it, and its traffic moves to the"
        " streets around it"
    )


COMMAND = CommandType(
    id="road.close",
    version=1,
    title="Close road",
    params=CloseRoad,
    target_kinds=("road_segment",),
    departments=("control_room", "traffic", "fire", "police", "works"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="road.open",
    icon="barrier",
)
