"""Move a water gate; done when it reports the opening asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect
from twin.commands.undo import undo_to_value


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGate:
    """How far it opens."""

    opening_pct: float = field(
        metadata={
            "title": "Opening",
            "help": "0 is closed, 100 is fully open",
            "unit": "%",
            "min": 0.0,
            "max": 100.0,
        },
    )


def _effect(target_id: str, params: SetGate) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/gate_opening",
        relation="equals",
        value=params.opening_pct,
        deadline_s=90.0,
        text=f"the gate reports an opening of {params.opening_pct:g} %",
    )


def _describe(target_name: str, params: SetGate) -> str:
    return (
        f"Move {target_name} to an opening of {params.opening_pct:g} %: the flow through it changes"
    )


COMMAND = CommandType(
    id="gate.set",
    version=1,
    title="Set gate",
    params=SetGate,
    target_kinds=("gate",),
    departments=("control_room", "water"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="gate.set",
    before=("gate_opening",),
    undo=undo_to_value("gate.set", "opening_pct", "gate_opening"),
    is_idempotent=True,
    icon="gate",
)
