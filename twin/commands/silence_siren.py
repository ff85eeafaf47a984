"""Silence a siren; done when its own microphone no longer hears it."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.previewing import report_of
from twin.commands.sound_siren import SOUNDING_DB
from twin.commands.undo import undo_to_earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceSiren:
    """Nothing to choose."""


def _effect(target_id: str, _params: SilenceSiren) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/sound_level",
        relation="below",
        value=SOUNDING_DB,
        deadline_s=30.0,
        text=f"the sound level at the siren falls below {SOUNDING_DB:g} dB(A)",
    )


def _describe(target_name: str, _params: SilenceSiren) -> str:
    return f"Silence {target_name}: it stops at once, before its time"


COMMAND = CommandType(
    id="siren.silence",
    version=1,
    title="Silence siren",
    params=SilenceSiren,
    target_kinds=("siren",),
    departments=("control_room", "fire"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="siren.sound",
    undo=undo_to_earlier("siren.sound"),
    icon="sound",
    is_idempotent=True,
    windows=Windows(start_s=15.0),
    preview=report_of(
        "sound_level", lambda _params: 52.0, seconds=5.0, basis="the usual level of a quiet roof"
    ),
)
