"""Event rules as a form shows them: tables as lines of text, names from titles, areas by name."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping

from twin.city.areas import Area as CityArea
from twin.perception.rules_model import MAX_ID, Area, EventRule, RuleError
from twin.sense.model import OBSERVED_PROPERTIES

_THRESHOLD = re.compile(r"([a-z_][a-z0-9_]*)(?:\s*\[([^\[\]]+)\])?\s*=\s*(\S+)")
_INPUT = re.compile(r"([a-z_][a-z0-9_]*)\s*=\s*(\S.*)")


def thresholds_text(tables: Mapping[str, Mapping[str, float]]) -> str:
    """Tables as lines ``name = 2.4`` for the default and ``name[gauge-3] = 2.9`` for one."""
    return "\n".join(
        f"{name}{'' if key == 'default' else f'[{key}]'} = {value:g}"
        for name, table in tables.items()
        for key, value in table.items()
    )


def thresholds_of(text: str) -> dict[str, dict[str, float]]:
    """Tables from such lines. Raises `RuleError` with the line."""
    found: dict[str, dict[str, float]] = {}
    for number, line in _lines(text):
        match = _THRESHOLD.fullmatch(line)
        value = _number(match[3]) if match else None
        if match is None or value is None:
            what = f"line {number}: write name = 2.4, or name[gauge-3] = 2.9 for one thing"
            raise RuleError(what, "thresholds")
        found.setdefault(match[1], {})[(match[2] or "default").strip()] = value
    return found


def inputs_text(inputs: Mapping[str, str]) -> str:
    """Inputs as lines ``pump = {thing}/pump_running``."""
    return "\n".join(f"{name} = {one}" for name, one in inputs.items())


def inputs_of(text: str) -> dict[str, str]:
    """Inputs from such lines. Raises `RuleError` with the line."""
    found: dict[str, str] = {}
    for number, line in _lines(text):
        match = _INPUT.fullmatch(line)
        if match is None:
            raise RuleError(f"line {number}: write name = {{thing}}/property", "inputs")
        found[match[1]] = match[2].strip()
    return found


def names_of(text: str) -> tuple[str, ...]:
    """Names from a text with commas or lines between them."""
    return tuple(one.strip() for one in re.split(r"[,\n]", text) if one.strip())


def id_of(title: str, taken: Collection[str]) -> str:
    """An id made of a title: "River level high" is ``river-level-high``."""
    stem = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[: MAX_ID - 4].strip("-") or "rule"
    found, n = stem, 1
    while found in taken:
        n += 1
        found = f"{stem}-{n}"
    return found


def places_of(areas: Iterable[CityArea]) -> dict[str, Area]:
    """Areas of a city by name, as a rule takes them along: their longest outline."""
    found: dict[str, Area] = {}
    for one in areas:
        ring = max(one.rings, key=len, default=())
        corners = ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring
        if len(corners) >= 3 and one.name and one.name not in found:
            found[one.name] = Area(points=tuple((float(x), float(y)) for x, y in corners))
    return found


def about_text(rule: EventRule) -> str:
    """What a rule is about, for a person."""
    parts = [
        _titles(rule.properties) or "All values",
        f"of {_words(rule.kinds)}" if rule.kinds else "",
        f"at {', '.join(rule.things[:3])}{' …' if len(rule.things) > 3 else ''}"
        if rule.things else "",
        f"({', '.join(rule.datastreams[:3])}{' …' if len(rule.datastreams) > 3 else ''})"
        if rule.datastreams else "",
        f"in {', '.join(rule.areas)}" if rule.areas else "",
    ]  # fmt: skip
    told = " ".join(part for part in parts if part)
    return told[:1].upper() + told[1:]


def when_text(rule: EventRule) -> tuple[str, str]:
    """When its alarm comes and when it goes, for a person."""
    many = ""
    if rule.per == "area":
        many = {"any": " at one of them", "all": " at all of them"}.get(
            str(rule.needs), f" at {rule.needs} of them"
        )
    opened = f"{' '.join(rule.open.split())}{many}{_dwell(rule.open_for_s)}"
    closed = " ".join(rule.close.split()) or "that is not so any more"
    return opened, f"{closed}{_dwell(rule.close_for_s)}"


def _dwell(seconds: float) -> str:
    return f", for {seconds:g} s" if seconds else ""


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


def _titles(names: tuple[str, ...]) -> str:
    known = OBSERVED_PROPERTIES
    return ", ".join(known[one][0] if one in known else one.replace("_", " ") for one in names)


def _lines(text: str) -> Iterable[tuple[int, str]]:
    return (
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#")
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
