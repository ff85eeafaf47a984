"""Open the breaker of a feeder: what hangs on it loses power; done when its load has gone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.analysis.power_model import feeder_of
from twin.commands.base import CommandType, Effect, Windows
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget
from twin.commands.previewing import MOST_THINGS, count_text

#: Below this a feeder counts as dead, kW; also used by `power.close_breaker`.
LOAD_OF_A_DEAD_FEEDER = 1.0
#: Nothing further away than this hangs on a feeder.
SUPPLY_M = 3_000.0
SUPPLY_BASIS = "everything hangs on the feeder nearest to it, up to 3 km away"


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


def hangs_on(target: PreviewTarget, city: CityView) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a feeder supplies, and sentences on how much that is."""
    here = target.xyz or city.position(target.id)
    if here is None:
        return (), ("Nobody knows where it stands, so what hangs on it is not known",)
    feeders = city.things_near(here, 2 * SUPPLY_M, ("feeder",))
    places = [city.position(feeder) for feeder in feeders]
    known = [(f, p) for f, p in zip(feeders, places, strict=True) if p is not None]
    if target.id not in {feeder for feeder, _ in known}:
        known.append((target.id, here))
    cabinets = np.array([place[:2] for _, place in known])
    row = [feeder for feeder, _ in known].index(target.id)
    found = []
    for kind in ("street_light_group", "building"):
        near = [(t, city.position(t)) for t in city.things_near(here, SUPPLY_M, (kind,))]
        placed = [(thing, place) for thing, place in near if place is not None]
        rows = feeder_of(np.array([place[:2] for _, place in placed]).reshape(-1, 2), cabinets)
        found.append([thing for (thing, _), r in zip(placed, rows, strict=True) if r == row])
    lights, buildings = found
    note = (
        f"{count_text(len(lights), 'street light group')} and"
        f" {count_text(len(buildings), 'metered building')} hang on it"
    )
    return tuple((*lights, *buildings)[:MOST_THINGS]), (note,)


def _preview(target: PreviewTarget, _params: OpenBreaker, city: CityView) -> Preview:
    load_id = f"{target.id}/power_load"
    load = city.last_value(load_id)
    hanging, notes = hangs_on(target, city)
    switched = Prediction(
        datastream_id=load_id,
        text=f"load of {target.name}",
        unit="kW",
        before=load,
        after=0.0,
        after_s=3.0,
    )
    return Preview(
        things=(target.id, *hanging),
        predictions=(switched,),
        basis=SUPPLY_BASIS,
        notes=notes,
    )


COMMAND = CommandType(
    id="power.open_breaker",
    version=1,
    title="Open breaker",
    called="Open the breaker of {target}",
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
    preview=_preview,
)
