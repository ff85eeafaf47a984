"""Ask everybody to leave a building over its speakers; done when half of them have left."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.analysis.people_model import people_left
from twin.commands.base import CommandType, Effect, Windows
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget

LEFT_SHARE = 0.5
_AFTER_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvacuateBuilding:
    """Why; the speakers say it."""

    cause: str = field(
        default="fire",
        metadata={
            "help": "The speakers say it",
            "choices": ("fire", "gas", "flood", "threat", "drill"),
        },
    )


def _effect(target_id: str, _params: EvacuateBuilding) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/occupancy",
        relation="falls_by_share",
        value=LEFT_SHARE,
        deadline_s=300.0,
        text=f"the number of people inside falls by {LEFT_SHARE:.0%}",
    )


def _describe(target_name: str, params: EvacuateBuilding) -> str:
    return (
        f"Evacuate over {target_name} ({params.cause}): its speakers ask everybody to leave, again"
        " and again until the all clear"
    )


def _preview(target: PreviewTarget, _params: EvacuateBuilding, city: CityView) -> Preview:
    people_id = f"{target.id}/occupancy"
    people = city.last_value(people_id)
    if people is None:
        note = "How many people are inside is not known"
        return Preview(things=(target.id,), basis="no model: nobody counts there", notes=(note,))
    left = Prediction(
        datastream_id=people_id,
        text=f"people inside, {target.name}",
        unit="",
        before=people,
        after=people_left(people, _AFTER_S),
        after_s=_AFTER_S,
    )
    return Preview(
        things=(target.id,),
        predictions=(left,),
        basis="people model of the simulator: half of those inside leave in about 35 s",
        notes=(f"About {people:.0f} people are asked to leave",),
    )


COMMAND = CommandType(
    id="building.evacuate",
    version=1,
    title="Evacuate building",
    called="Evacuate over {target}",
    params=EvacuateBuilding,
    target_kinds=("evacuation_speakers",),
    departments=("control_room", "fire", "police"),
    significance=3,
    effect=_effect,
    describe=_describe,
    inverse="building.all_clear",
    icon="building",
    windows=Windows(start_s=30.0),
    preview=_preview,
)
