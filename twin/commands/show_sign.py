"""Show a text on a message sign; done when the sign reports the code of that text."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from twin.commands.base import CommandType, Effect, Windows
from twin.commands.params import FieldRejected
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget
from twin.commands.undo import Before, Undo

SIGN_LETTERS = 60
_CODES = 65_535
_READ_M = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSign:
    """What drivers read."""

    text: str = field(
        metadata={
            "help": "What drivers read; a few words that are understood at a glance",
            "max_length": SIGN_LETTERS,
            "editor": "counted",
        }
    )

    def __post_init__(self) -> None:
        """Take texts only that a sign can show."""
        if not self.text.strip() or not self.text.isprintable():
            raise FieldRejected("text", "The text must have letters, all on one line")


def sign_code(text: str) -> int:
    """The ``text_code`` a sign reports for a text: 1 … 65535, 0 is blank.

    It is 1 + CRC-32 of the UTF-8 text modulo 65535; a source in another language makes the same.
    """
    return 1 + zlib.crc32(text.encode("utf-8", "replace")) % _CODES


def _effect(target_id: str, params: ShowSign) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/text_code",
        relation="equals",
        value=float(sign_code(params.text)),
        deadline_s=60.0,
        text=f"the sign reports that it shows “{params.text}”",
        tolerance=0.5,
    )


def _describe(target_name: str, params: ShowSign) -> str:
    return f"Show “{params.text}” on {target_name}: every driver who passes reads it"


def text_before(before: Before) -> Undo | None:
    """Show the text that was there, blank it if it was blank; None if nobody knows the text."""
    code = before.values.get("text_code")
    if code == 0:
        return Undo(type_id="sign.clear")
    for one in before.earlier:
        text = str(one.args.get("text", ""))
        if one.type_id == "sign.show" and (code is None or sign_code(text) == code):
            return Undo(type_id="sign.show", args={"text": text})
    return Undo(type_id="sign.clear") if code is None else None


def _preview(target: PreviewTarget, params: ShowSign, city: CityView) -> Preview:
    code_id = f"{target.id}/text_code"
    here = target.xyz or city.position(target.id)
    streets = city.things_near(here, _READ_M, ("road_segment",)) if here else ()
    flows = [city.last_value(f"{street}/traffic_flow") for street in streets]
    known = [flow for flow in flows if flow is not None]
    shown = Prediction(
        datastream_id=code_id,
        text=f"{target.name} shows “{params.text}”",
        unit="",
        before=city.last_value(code_id),
        after=float(sign_code(params.text)),
        after_s=2.0,
    )
    note = (
        f"About {max(known):.0f} vehicles an hour pass it"
        if known
        else "How many vehicles pass it is not measured"
    )
    return Preview(
        things=(target.id, *streets),
        predictions=(shown,),
        basis=f"the busiest measured street within {_READ_M:g} m",
        notes=(note,),
    )


COMMAND = CommandType(
    id="sign.show",
    version=1,
    title="Show text on sign",
    called="Show a text on {target}",
    params=ShowSign,
    target_kinds=("message_sign",),
    departments=("control_room", "traffic", "police"),
    significance=2,
    effect=_effect,
    describe=_describe,
    inverse="sign.clear",
    before=("text_code",),
    undo=text_before,
    icon="sign",
    is_idempotent=True,
    windows=Windows(start_s=30.0),
    preview=_preview,
)
