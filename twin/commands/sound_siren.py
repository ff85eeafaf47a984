"""Sound a siren; done when its own microphone hears it."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect, Windows

#: Sound level at the siren, dB(A), that tells sounding from silent.
SOUNDING_DB = 100.0


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
)
