"""Switch a traffic signal to another plan; done when it reports that plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect
from twin.commands.previewing import report_of
from twin.commands.undo import undo_to_value

_NAMES = {1: "day", 2: "rush hour", 3: "night", 4: "green corridor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSignalPlan:
    """Which plan it follows."""

    plan: int = field(
        default=1,
        metadata={
            "help": "1 day, 2 rush hour, 3 night, 4 green corridor",
            "choices": (1, 2, 3, 4),
        },
    )


def _effect(target_id: str, params: SetSignalPlan) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/signal_plan",
        relation="equals",
        value=float(params.plan),
        deadline_s=60.0,
        text=f"the signal reports plan {params.plan}",
    )


def _describe(target_name: str, params: SetSignalPlan) -> str:
    return f"Switch {target_name} to plan {params.plan} ({_NAMES[params.plan]})"


COMMAND = CommandType(
    id="signal.set_plan",
    version=1,
    title="Set signal plan",
    params=SetSignalPlan,
    target_kinds=("signal",),
    departments=("control_room", "traffic"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="signal.set_plan",
    before=("signal_plan",),
    undo=undo_to_value("signal.set_plan", "plan", "signal_plan", int),
    is_idempotent=True,
    icon="signal",
    preview=report_of(
        "signal_plan", lambda params: params.plan, seconds=2.0, basis="what the signal will report"
    ),
)
