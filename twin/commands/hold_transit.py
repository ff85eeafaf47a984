"""Hold a public transport vehicle at its next stop; done when it stands there."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.previewing import report_of
from twin.commands.undo import Before, Undo

#: Kinds of units that run on a line.
TRANSIT = ("bus", "tram")
#: What a vehicle reports as its ``service_state``.
IN_SERVICE, HELD, DIVERTED = 0.0, 1.0, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTransit:
    """Why it waits; passengers hear it."""

    cause: str = field(
        default="headway",
        metadata={
            "help": "Passengers hear it",
            "choices": ("headway", "police", "fire", "flood", "connection"),
        },
    )


def _effect(target_id: str, _params: HoldTransit) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/service_state",
        relation="equals",
        value=HELD,
        deadline_s=300.0,
        text="the vehicle reports that it stands at a stop and waits",
        tolerance=0.5,
    )


def _describe(target_name: str, params: HoldTransit) -> str:
    return f"Hold {target_name} at its next stop ({params.cause}): it waits until it is resumed"


def service_before(before: Before) -> Undo | None:
    """Back to what the vehicle did before: on its line, held, or on the way round it was on."""
    was = before.values.get("service_state", IN_SERVICE)
    if was == IN_SERVICE:
        return Undo(type_id="transit.resume")
    last = before.last("transit.hold" if was == HELD else "transit.divert")
    return None if last is None else Undo(type_id=last.type_id, args=dict(last.args))


COMMAND = CommandType(
    id="transit.hold",
    version=1,
    title="Hold vehicle",
    params=HoldTransit,
    target_kinds=TRANSIT,
    departments=("control_room", "traffic", "police"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="transit.resume",
    before=("service_state",),
    undo=service_before,
    icon="unit",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=report_of(
        "service_state",
        lambda _params: HELD,
        seconds=60.0,
        basis="stops are close",
    ),
)
