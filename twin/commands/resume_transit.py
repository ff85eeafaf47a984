"""Let a held or diverted vehicle go on along its line; done when it reports that it does."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.hold_transit import HELD, IN_SERVICE, TRANSIT
from twin.commands.previewing import report_of
from twin.commands.undo import Before, Undo


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeTransit:
    """Nothing to choose."""


def _effect(target_id: str, _params: ResumeTransit) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/service_state",
        relation="equals",
        value=IN_SERVICE,
        deadline_s=60.0,
        text="the vehicle reports that it is in service on its line",
        tolerance=0.5,
    )


def _describe(target_name: str, _params: ResumeTransit) -> str:
    return f"Resume {target_name}: it goes on along its line from where it is"


def _undo(before: Before) -> Undo | None:
    """Hold or divert it again, as it was."""
    was = before.values.get("service_state", HELD)
    last = before.last("transit.hold" if was == HELD else "transit.divert")
    return None if last is None else Undo(type_id=last.type_id, args=dict(last.args))


COMMAND = CommandType(
    id="transit.resume",
    version=1,
    title="Resume vehicle",
    params=ResumeTransit,
    target_kinds=TRANSIT,
    departments=("control_room", "traffic", "police"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="transit.hold",
    before=("service_state",),
    undo=_undo,
    icon="unit",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=report_of(
        "service_state", lambda _params: IN_SERVICE, seconds=5.0, basis="what it will report"
    ),
)
