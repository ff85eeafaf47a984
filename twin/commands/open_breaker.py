"""Open the breaker of a feeder: what hangs on it loses power; done when its load has gone."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect, Windows

#: Below this a feeder counts as dead, kW; also used by `power.close_breaker`.
LOAD_OF_A_DEAD_FEEDER = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBreaker:
    """Why it is opened; it stands on the tag at the breaker."""

    cause: str = field(
        default="works",
        metadata={
            "help": "Stands on the tag at the breaker",
            "choices": ("works", "fire", "flood", "overload"),
        },
    )


def _effect(target_id: str, _params: OpenBreaker) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/power_load",
        relation="below",
        value=LOAD_OF_A_DEAD_FEEDER,
        deadline_s=60.0,
        text=f"the load of the feeder falls below {LOAD_OF_A_DEAD_FEEDER:g} kW",
    )


def _describe(target_name: str, params: OpenBreaker) -> str:
    return (
        f"Open the breaker of {target_name} ({params.cause}): buildings and street lights that"
        " hang on it lose power"
    )


COMMAND = CommandType(
    id="power.open_breaker",
    version=1,
    title="Open breaker",
    params=OpenBreaker,
    target_kinds=("feeder",),
    departments=("control_room", "energy"),
    significance=3,
    effect=_effect,
    describe=_describe,
    inverse="power.close_breaker",
    icon="power",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
)
