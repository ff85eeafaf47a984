"""Call a unit back from where it was sent; done when it reports that it has no destination."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.dispatch_unit import DISPATCHED
from twin.commands.previewing import report_of
from twin.commands.undo import undo_to_earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallUnit:
    """Nothing to choose."""


def _effect(target_id: str, _params: RecallUnit) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/distance_to_target",
        relation="equals",
        value=0.0,
        deadline_s=60.0,
        text="it reports that it has no destination",
    )


def _describe(target_name: str, _params: RecallUnit) -> str:
    return f"Recall {target_name}: it leaves its mission and goes back to its district"


COMMAND = CommandType(
    id="unit.recall",
    version=1,
    title="Recall unit",
    params=RecallUnit,
    target_kinds=DISPATCHED,
    departments=("control_room", "fire", "police", "works"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="unit.dispatch",
    undo=undo_to_earlier("unit.dispatch"),
    icon="unit",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=report_of(
        "distance_to_target", lambda _params: 0.0, seconds=2.0, basis="what the unit will report"
    ),
)
