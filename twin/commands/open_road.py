"""Open a closed road segment again; done when traffic flows."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect
from twin.commands.close_road import FLOW_OF_A_CLOSED_ROAD


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRoad:
    """Nothing to choose."""


def _effect(target_id: str, _params: OpenRoad) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/traffic_flow",
        relation="above",
        value=FLOW_OF_A_CLOSED_ROAD,
        deadline_s=90.0,
        text=f"traffic flow rises above {FLOW_OF_A_CLOSED_ROAD:g} veh/h",
    )


def _describe(target_name: str, _params: OpenRoad) -> str:
    return f"Open {target_name}: vehicles may enter it again"


COMMAND = CommandType(
    id="road.open",
    version=1,
    title="Open road",
    params=OpenRoad,
    target_kinds=("road_segment",),
    departments=("control_room", "traffic", "fire", "police", "works"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="road.close",
    icon="road",
)
