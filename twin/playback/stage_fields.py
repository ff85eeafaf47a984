"""Kinds of the fields of verbs, so that a wrong value is told before anything is done."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from twin.sim.faults import FAULT_NAMES
from twin.sim.injecting import SHAPES

HUB_KILLED = "hub_killed"
#: What a stage can break: the hub, an asset's drive, a sensor in one of several ways.
FAULTS = (HUB_KILLED, "actuator", *FAULT_NAMES)
_Check = Callable[[str, Any], Any]


class FieldError(ValueError):
    """A field is not what it must be; the text says which and how."""


def _number(name: str, value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise FieldError(f"“{name}” is a number, not {value!r}")
    return float(value)


def _positive(name: str, value: Any) -> float:
    if _number(name, value) < 0:
        raise FieldError(f"“{name}” is a number of 0 or more, not {value!r}")
    return float(value)


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict | list) or value is None:
        raise FieldError(f"“{name}” is a text")
    return str(value)


def _names(name: str, value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [_text(name, one) for one in listed if one not in ("", None)]


def _map(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FieldError(f"“{name}” is a map")
    return value


def _one_of(*words: str) -> _Check:
    def check(name: str, value: Any) -> str:
        if value not in words:
            raise FieldError(f"“{name}” is one of {', '.join(words)}, not {value!r}")
        return str(value)

    return check


def _place(name: str, value: Any) -> Any:
    """A thing, or [x, y] or [x, y, z] in local metres."""
    if isinstance(value, list):
        if len(value) not in (2, 3):
            raise FieldError(f"“{name}” is a thing, or a place [x, y, z]")
        return [_number(name, one) for one in value]
    return _text(name, value)


_STOP: dict[str, _Check] = {
    "to": _place, "distance_m": _positive, "azimuth_deg": _number, "elevation_deg": _number,
    "seconds": _positive, "stay_s": _positive,
}  # fmt: skip


def _tour(name: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise FieldError(f"“{name}” is a list of stops such as “{{to: gate-1, distance_m: 400}}”")
    return [_stop(_map(name, one)) for one in value]


def _stop(stop: dict[str, Any]) -> dict[str, Any]:
    if "to" not in stop:
        raise FieldError("a camera needs “to”: a thing, or a place [x, y, z]")
    for key in stop:
        if key not in _STOP:
            raise FieldError(f"a stop of the camera has no “{key}”")
    return {key: _STOP[key](key, value) for key, value in stop.items()}


_CHECKS: dict[str, dict[str, _Check]] = {
    "caption": {"text": _text, "title": _text, "narration": _text, "seconds": _positive},
    "camera": {**_STOP, "tour": _tour},
    "highlight": {"things": _names},
    "look": {"layers_on": _names, "layers_off": _names, "colour_by": _text},
    "weather": {"rain_mm_h": _positive, "seconds": _positive},
    "inject": {
        "datastream": _text, "shape": _one_of(*SHAPES), "by": _number, "seconds": _positive,
    },
    "fault": {"kind": _one_of(*FAULTS), "target": _text},
    "wait_for_audience": {"text": lambda _name, value: "" if value is True else str(value or "")},
    "act": {"kind": _text, "body": _map},
    "submit": {"label": _text, "command": _text, "target": _text},
    "look_at": {"thing": _text, "distance_m": _positive},
}  # fmt: skip


#: Fields that are texts in every verb.
_TEXTS = ("label", "command", "target", "asset", "queue", "thing", "text", "reason", "who", "id",
          "name", "channel", "title", "purpose", "incident")  # fmt: skip


def checked_fields(verb: str, given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a verb in their kinds, raises `FieldError`."""
    checks = {name: _text for name in _TEXTS if name in given} | _CHECKS.get(verb, {})
    found = {
        key: checks[key](key, value) if key in checks else value for key, value in given.items()
    }
    if verb == "camera" and ("tour" in found) == ("to" in found):
        raise FieldError("a camera goes “to” a place, or on a “tour”")
    if verb == "fault" and (found["kind"] == HUB_KILLED) == bool(found.get("target")):
        raise FieldError("a fault has a target, but for hub_killed")
    return found
