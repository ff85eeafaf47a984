"""What a seat of a script can do, and which fields that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb; ``required`` is a part of ``fields``."""

    fields: frozenset[str]
    required: frozenset[str]
    needs_seat: bool = True


def _verb(required: str, optional: str = "", *, needs_seat: bool = True) -> Verb:
    needed = frozenset(required.split())
    return Verb(fields=needed | frozenset(optional.split()), required=needed, needs_seat=needs_seat)


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "compose": _verb("command target", "args reason"),
        "submit": _verb("label command target", "args reason"),
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
        "follow": _verb("who"),
        "panel": _verb("id"),
        "look_at": _verb("thing", "distance_m"),
        "select": _verb("thing"),
        "picture": _verb("name"),
        "wait": _verb(""),
        "expect": _verb("", needs_seat=False),
        "fault": _verb("kind", needs_seat=False),
    }
)
