"""Tell a building over its speakers that it is safe again; done when they report it."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.previewing import report_of
from twin.commands.undo import undo_to_earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearBuilding:
    """Nothing to choose."""


def _effect(target_id: str, _params: ClearBuilding) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/speaker_message",
        relation="equals",
        value=0.0,
        deadline_s=60.0,
        text="the speakers report that no message is being said",
        tolerance=0.5,
    )


def _describe(target_name: str, _params: ClearBuilding) -> str:
    return f"All clear over {target_name}: its speakers say once that people may go back in"


COMMAND = CommandType(
    id="building.all_clear",
    version=1,
    title="Give all clear",
    called="Give the all clear over {target}",
    params=ClearBuilding,
    target_kinds=("evacuation_speakers",),
    departments=("control_room", "fire", "police"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="building.evacuate",
    undo=undo_to_earlier("building.evacuate"),
    icon="building",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=report_of(
        "speaker_message", lambda _params: 0.0, seconds=2.0, basis="what the speakers will report"
    ),
)
