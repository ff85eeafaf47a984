"""Sound a siren; done when its own microphone hears it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from twin.analysis.sound_model import (
    AUDIBLE_DB,
    SIREN_DB,
    louder_together,
    siren_db_at,
    siren_reach_m,
)
from twin.commands.base import CommandType, Effect, Windows
from twin.commands.preview import (
    CityView,
    Point,
    Prediction,
    Preview,
    PreviewArea,
    PreviewTarget,
)
from twin.commands.previewing import people_note

#: Sound level at the siren, dB(A), that tells sounding from silent.
SOUNDING_DB = 100.0
_MOST_METERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSiren:
    """Which signal, and for how long."""

    tone: str = field(
        default="warning",
        metadata={"help": "What the tone tells people", "choices": ("warning", "all_clear")},
    )
    seconds: int = field(
        default=60,
        metadata={
            "title": "Duration",
            "help": "It falls silent by itself after that",
            "unit": "s",
            "min": 10,
            "max": 600,
        },
    )


def _effect(target_id: str, _params: SoundSiren) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/sound_level",
        relation="above",
        value=SOUNDING_DB,
        deadline_s=30.0,
        text=f"the sound level at the siren rises above {SOUNDING_DB:g} dB(A)",
    )


def _describe(target_name: str, params: SoundSiren) -> str:
    tone = params.tone.replace("_", " ")
    return (
        f"Sound {target_name} ({tone}) for {params.seconds} s: everybody around it hears it and"
        " cannot be asked to unhear it"
    )


def _preview(target: PreviewTarget, params: SoundSiren, city: CityView) -> Preview:
    here = target.xyz or city.position(target.id)
    if here is None:
        note = "Nobody knows where it stands, so nobody can tell who hears it"
        return Preview(things=(target.id,), basis="no model: no position is known", notes=(note,))
    area = PreviewArea(
        label=f"over {AUDIBLE_DB:g} dB(A)", centre=here, radius_m=siren_reach_m(AUDIBLE_DB)
    )
    level_id = f"{target.id}/sound_level"
    sounding = Prediction(
        datastream_id=level_id,
        text=f"sound level at {target.name}",
        unit="dB(A)",
        before=city.last_value(level_id),
        after=SIREN_DB,
        after_s=4.0,
    )
    meters = _meters(here, area.radius_m, city)
    return Preview(
        things=(target.id, *(meter.datastream_id.rpartition("/")[0] for meter in meters)),
        areas=(area,),
        predictions=(sounding, *meters),
        basis=f"{SIREN_DB:g} dB(A) at 30 m, 10 dB less with each doubling of the distance",
        notes=(people_note(area, city), f"It falls silent by itself after {params.seconds} s"),
    )


def _meters(here: Point, radius_m: float, city: CityView) -> list[Prediction]:
    """What the nearest noise meters will hear."""
    found = []
    for meter in city.things_near(here, radius_m, ("noise_meter",))[:_MOST_METERS]:
        there, before = city.position(meter), city.last_value(f"{meter}/noise")
        if there is None or before is None:
            continue
        heard = siren_db_at(np.array([math.dist(here[:2], there[:2])]))
        found.append(
            Prediction(
                datastream_id=f"{meter}/noise",
                text=f"noise at {city.name_of(meter)}",
                unit="dB(A)",
                before=before,
                after=float(louder_together(np.array([before]), heard)[0]),
                after_s=4.0,
            )
        )
    return found


COMMAND = CommandType(
    id="siren.sound",
    version=1,
    title="Sound siren",
    params=SoundSiren,
    target_kinds=("siren",),
    departments=("control_room", "fire"),
    significance=4,
    effect=_effect,
    describe=_describe,
    inverse="siren.silence",
    icon="sound",
    windows=Windows(start_s=15.0),
    preview=_preview,
)
