"""Blank a message sign; done when the sign reports that it shows nothing."""

from __future__ import annotations

from dataclasses import dataclass

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.previewing import report_of
from twin.commands.show_sign import text_before
from twin.commands.undo import Before, Undo


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSign:
    """Nothing to choose."""


def _effect(target_id: str, _params: ClearSign) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/text_code",
        relation="equals",
        value=0.0,
        deadline_s=60.0,
        text="the sign reports that it is blank",
        tolerance=0.5,
    )


def _describe(target_name: str, _params: ClearSign) -> str:
    return f"Clear {target_name}: drivers who pass it read nothing"


def _undo(before: Before) -> Undo | None:
    """Show the text that was there; None where it is not known or was none."""
    undo = text_before(before)
    return undo if undo is not None and undo.type_id == "sign.show" else None


COMMAND = CommandType(
    id="sign.clear",
    version=1,
    title="Clear sign",
    params=ClearSign,
    target_kinds=("message_sign",),
    departments=("control_room", "traffic", "police"),
    significance=1,
    effect=_effect,
    describe=_describe,
    inverse="sign.show",
    before=("text_code",),
    undo=_undo,
    icon="sign",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=report_of(
        "text_code", lambda _params: 0.0, seconds=2.0, basis="what the sign will report"
    ),
)
