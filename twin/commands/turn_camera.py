"""Turn a camera to one of its presets; done when it reports that it looks there."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.previewing import report_of
from twin.commands.undo import Before, Undo

N_PRESETS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCamera:
    """Where it looks."""

    preset: int = field(
        default=1,
        metadata={
            "help": "Number of the view that was saved in the camera",
            "min": 1,
            "max": N_PRESETS,
        },
    )


def _effect(target_id: str, params: TurnCamera) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/camera_preset",
        relation="equals",
        value=float(params.preset),
        deadline_s=60.0,
        text=f"the camera reports preset {params.preset}",
        tolerance=0.5,
    )


def _describe(target_name: str, params: TurnCamera) -> str:
    return f"Turn {target_name} to preset {params.preset}: everybody who watches it sees that view"


def _undo(before: Before) -> Undo:
    """Back to the preset it showed; asked of the operator where it showed none (0, moving)."""
    preset = int(before.values.get("camera_preset", 0.0))
    return Undo(type_id="camera.preset", args={"preset": preset} if preset else {})


COMMAND = CommandType(
    id="camera.preset",
    version=1,
    title="Turn camera",
    params=TurnCamera,
    target_kinds=("camera",),
    departments=("control_room", "traffic", "police", "fire"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="camera.preset",
    before=("camera_preset",),
    undo=_undo,
    icon="camera",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=report_of(
        "camera_preset", lambda params: params.preset, seconds=8.0, basis="what it will report"
    ),
)
