"""Move a water gate; done when it reports the opening asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from twin.analysis.water_model import GATE_RATE_PER_S, GATE_REACH_M, level_after_gate
from twin.commands.base import CommandType, Effect
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget
from twin.commands.undo import undo_to_value

#: Levels are predicted for this long after acceptance, at so many places.
_LEVELS_S = 60.0
_MOST_LEVELS = 8


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


def _preview(target: PreviewTarget, params: SetGate, city: CityView) -> Preview:
    opening_id = f"{target.id}/gate_opening"
    opening = city.last_value(opening_id)
    moving_s = abs(params.opening_pct - (50.0 if opening is None else opening)) / GATE_RATE_PER_S
    moved = Prediction(
        datastream_id=opening_id,
        text=f"{target.name} is {params.opening_pct:g} % open",
        unit="%",
        before=opening,
        after=params.opening_pct,
        after_s=moving_s,
    )
    levels = [] if opening is None else _levels(target, opening, params.opening_pct, city)
    note = () if opening is not None else ("How far it is open now is not known",)
    return Preview(
        things=tuple(
            dict.fromkeys(
                (target.id, *(level.datastream_id.rpartition("/")[0] for level in levels))
            )
        ),
        predictions=(moved, *levels),
        basis="gate model of the simulator: levels follow the opening, less the further away",
        notes=note,
    )


def _levels(
    target: PreviewTarget, opening: float, wanted: float, city: CityView
) -> list[Prediction]:
    """Water levels at the gate and at the gauges and gates in its reach, a minute later."""
    here = target.xyz or city.position(target.id)
    near = city.things_near(here, GATE_REACH_M, ("gate", "river_gauge")) if here else ()
    found = []
    for thing_id in dict.fromkeys((target.id, *near)):
        there, level = city.position(thing_id), city.last_value(f"{thing_id}/water_level")
        if level is None or here is None or (there is None and thing_id != target.id):
            continue
        gap_m = 0.0 if there is None else math.dist(here[:2], there[:2])
        found.append(
            Prediction(
                datastream_id=f"{thing_id}/water_level",
                text=f"water level at {city.name_of(thing_id)}",
                unit="m",
                before=level,
                after=max(level_after_gate(level, opening, wanted, gap_m, _LEVELS_S), 0.0),
                after_s=_LEVELS_S,
            )
        )
    return found[:_MOST_LEVELS]


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
    preview=_preview,
)
