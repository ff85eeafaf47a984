"""Close the breaker of a feeder again; done when it carries load.

Not idempotent: a breaker that trips at once must not be closed a second time unasked.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.open_breaker import LOAD_OF_A_DEAD_FEEDER, SUPPLY_BASIS, hangs_on
from twin.commands.preview import CityView, Preview, PreviewTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseBreaker:
    """Nothing to choose."""


def _effect(target_id: str, _params: CloseBreaker) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/power_load",
        relation="above",
        value=LOAD_OF_A_DEAD_FEEDER,
        deadline_s=60.0,
        text=f"the feeder carries over {LOAD_OF_A_DEAD_FEEDER:g} kW",
    )


def _describe(target_name: str, _params: CloseBreaker) -> str:
    return f"Close the breaker of {target_name}: everything that hangs on it is under power again"


def _preview(target: PreviewTarget, _params: CloseBreaker, city: CityView) -> Preview:
    hanging, notes = hangs_on(target, city)
    return Preview(things=(target.id, *hanging), basis=SUPPLY_BASIS, notes=notes)


COMMAND = CommandType(
    id="power.close_breaker",
    version=1,
    title="Close breaker",
    called="Close the breaker of {target}",
    params=CloseBreaker,
    target_kinds=("feeder",),
    departments=("control_room", "energy"),
    significance=3,
    effect=_effect,
    describe=_describe,
    inverse="power.open_breaker",
    icon="power",
    windows=Windows(start_s=30.0),
    preview=_preview,
)
