"""Let a forced traffic signal follow its plan again."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.previewing import report_of
from twin.commands.undo import undo_to_earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSignal:
    """Nothing to choose."""


def _effect(target_id: str, _params: ReleaseSignal) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/signal_mode",
        relation="equals",
        value=0.0,
        deadline_s=60.0,
        text="the signal reports that it follows its plan",
        tolerance=0.5,
    )


def _describe(target_name: str, _params: ReleaseSignal) -> str:
    return f"Release {target_name}: it goes back to its plan at the end of its cycle"


COMMAND = CommandType(
    id="signal.release",
    version=1,
    title="Release signal",
    params=ReleaseSignal,
    target_kinds=("signal",),
    departments=("control_room", "traffic", "police", "fire"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="signal.force",
    undo=undo_to_earlier("signal.force"),
    icon="signal",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=report_of(
        "signal_mode", lambda _params: 0.0, seconds=2.0, basis="what the signal will report"
    ),
)
