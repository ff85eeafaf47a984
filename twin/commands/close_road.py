"""Close a road segment to traffic; done when its traffic flow has all but stopped."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget
from twin.commands.previewing import along_street, count_text, length_m

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


def _preview(target: PreviewTarget, _params: CloseRoad, city: CityView) -> Preview:
    flow_id = f"{target.id}/traffic_flow"
    flow = city.last_value(flow_id)
    path, beside = along_street(target, city)
    emptied = Prediction(
        datastream_id=flow_id,
        text=f"traffic flow on {target.name}",
        unit="veh/h",
        before=flow,
        after=0.0,
        after_s=10.0,
    )
    notes = [f"{length_m(path):.0f} m of street are closed"] if path else []
    if flow:
        notes.append(f"About {flow:.0f} vehicles an hour must find another way")
    if beside:
        notes.append(f"{count_text(len(beside), 'unit or device', 'units and devices')} are on it")
    return Preview(
        things=(target.id, *beside),
        lines=(path,) if path else (),
        predictions=(emptied,),
        basis="the street's measured flow; which streets take it is not predicted",
        notes=tuple(notes),
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
    preview=_preview,
)
