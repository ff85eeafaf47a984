"""Open a closed road segment again; done when traffic flows."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect
from twin.commands.close_road import FLOW_OF_A_CLOSED_ROAD
from twin.commands.preview import CityView, Preview, PreviewTarget
from twin.commands.previewing import along_street, length_m


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


def _preview(target: PreviewTarget, _params: OpenRoad, city: CityView) -> Preview:
    path, beside = along_street(target, city)
    return Preview(
        things=(target.id, *beside),
        lines=(path,) if path else (),
        basis="the street itself; how much traffic comes back is not predicted",
        notes=(f"{length_m(path):.0f} m of street are open again",) if path else (),
    )


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
    preview=_preview,
)
