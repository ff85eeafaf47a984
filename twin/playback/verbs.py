"""What a seat of a script can do, or the stage, and which fields that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Who = Literal["seat", "stage", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb.

    Attributes
    ----------
    required : a part of `fields`
    who : "seat" needs one, "stage" has none
    short : the verb may stand as a key of its own, ``{caption: Rain}``; a plain value is this field
    """

    fields: frozenset[str]
    required: frozenset[str]
    who: Who = "seat"
    short: str = ""

    @property
    def needs_seat(self) -> bool:
        """Whether somebody has to sit there."""
        return self.who == "seat"


def _verb(required: str, optional: str = "", *, who: Who = "seat", short: str = "") -> Verb:
    needed = frozenset(required.split())
    return Verb(fields=needed | frozenset(optional.split()), required=needed, who=who, short=short)


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "compose": _verb("command target", "args reason"),
        "submit": _verb("label command target", "args reason incident"),
        "approve": _verb("label", "text"),
        "deny": _verb("label text"),
        "cancel": _verb("label"),
        "take": _verb("asset"),
        "release": _verb("asset"),
        "hold": _verb("queue", "reason"),
        "let_go": _verb("queue"),
        "message": _verb("text", "channel"),
        "note": _verb("text"),
        "mark": _verb("kind thing", "title text purpose radius_m"),
        "act": _verb("kind body"),
        "follow": _verb("who"),
        "panel": _verb("id"),
        "look_at": _verb("thing", "distance_m"),
        "select": _verb("thing"),
        "picture": _verb("name"),
        "wait": _verb("", who="both"),
        "expect": _verb("", who="stage"),
        "if": _verb("", who="both"),
        "fault": _verb("kind", "target", who="stage", short="kind"),
        "caption": _verb("text", "title seconds narration", who="stage", short="text"),
        "camera": _verb(
            "", "to distance_m azimuth_deg elevation_deg seconds stay_s tour", who="stage",
            short="to",
        ),
        "highlight": _verb("things", who="stage", short="things"),
        "look": _verb("", "layers_on layers_off colour_by", who="stage", short="layers_on"),
        "weather": _verb("rain_mm_h", "seconds", who="stage", short="rain_mm_h"),
        "inject": _verb("datastream shape", "by seconds", who="stage", short="datastream"),
        "wait_for_audience": _verb("", "text", who="stage", short="text"),
    }
)  # fmt: skip
#: Verbs whose name may stand as a key of its own.
SHORT_VERBS = tuple(name for name, verb in VERBS.items() if verb.short)
