"""Take a traffic signal out of its plan: green for one direction, or flashing amber."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget
from twin.commands.undo import Before, Undo

#: What is forced -> the ``signal_mode`` that the signal reports; 0 is its plan.
MODES = {"green_north_south": 1, "green_east_west": 2, "flash": 3}
_APPROACH_M = 80.0
_WORDS = {
    "green_north_south": "green for north and south, red for the others",
    "green_east_west": "green for east and west, red for the others",
    "flash": "flashing amber for everybody",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceSignal:
    """What it shows until it is released."""

    mode: str = field(
        default="green_north_south",
        metadata={"help": "What it shows until it is released", "choices": tuple(MODES)},
    )


def _effect(target_id: str, params: ForceSignal) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/signal_mode",
        relation="equals",
        value=float(MODES[params.mode]),
        deadline_s=60.0,
        text=f"the signal reports {_WORDS[params.mode]}",
        tolerance=0.5,
    )


def _describe(target_name: str, params: ForceSignal) -> str:
    return f"Force {target_name}: {_WORDS[params.mode]}, until it is released to its plan"


def _undo(before: Before) -> Undo:
    """Force again what was forced before, else release it."""
    was = before.values.get("signal_mode", 0.0)
    mode = next((name for name, code in MODES.items() if code == was), "")
    if mode:
        return Undo(type_id="signal.force", args={"mode": mode})
    return Undo(type_id="signal.release")


def _preview(target: PreviewTarget, params: ForceSignal, city: CityView) -> Preview:
    mode_id = f"{target.id}/signal_mode"
    here = target.xyz or city.position(target.id)
    streets = city.things_near(here, _APPROACH_M, ("road_segment",)) if here else ()
    forced = Prediction(
        datastream_id=mode_id,
        text=f"{target.name} shows {_WORDS[params.mode]}",
        unit="",
        before=city.last_value(mode_id),
        after=float(MODES[params.mode]),
        after_s=2.0,
    )
    notes = (f"{len(streets)} measured streets within {_APPROACH_M:g} m of it",) if streets else ()
    return Preview(
        things=(target.id, *streets),
        predictions=(forced,),
        basis="what the signal will report; how traffic follows is not predicted",
        notes=notes,
    )


COMMAND = CommandType(
    id="signal.force",
    version=1,
    title="Force signal",
    params=ForceSignal,
    target_kinds=("signal",),
    departments=("control_room", "traffic", "police", "fire"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="signal.release",
    before=("signal_mode",),
    undo=_undo,
    icon="signal",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=_preview,
)
