"""How a report writes times, spans, people and values."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import UTC, datetime, tzinfo
from functools import cache

from twin.clock import NS_PER_S
from twin.commands.base import CommandType, command_registry
from twin.hub.hall import words
from twin.registry import Registry
from twin.room.model import CommandRequest, Operator

PRIORITY_SIGNS = {"critical": "◆", "high": "▲", "medium": "■", "low": "●"}
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


class Clockwork:
    """Times of the report in one time zone; None = this machine's."""

    def __init__(self, zone: tzinfo | None = UTC) -> None:
        self.zone = zone

    def at(self, t_ns: int) -> datetime:
        """The moment in the zone of the report."""
        return datetime.fromtimestamp(t_ns // NS_PER_S, UTC).astimezone(self.zone)

    def time(self, t_ns: int) -> str:
        """Time of day with seconds, "–" for none."""
        return self.at(t_ns).strftime("%H:%M:%S") if t_ns else "–"

    def moment(self, t_ns: int) -> str:
        """Day and time of day."""
        at = self.at(t_ns)
        return f"{at.day} {at.strftime('%B %Y, %H:%M:%S')}" if t_ns else "–"

    def span(self, start_ns: int, end_ns: int) -> str:
        """From when to when, the day said once where it is the same."""
        if self.at(start_ns).date() == self.at(end_ns).date():
            return f"{self.moment(start_ns)} to {self.time(end_ns)}"
        return f"{self.moment(start_ns)} to {self.moment(end_ns)}"

    def name(self, t_ns: int) -> str:
        """The zone as a person reads it, with its distance from UTC at that moment."""
        at = self.at(t_ns)
        offset = at.strftime("%z")
        name = getattr(self.zone, "key", "") or at.tzname() or ""
        if name == "UTC":
            return "UTC"
        return f"{name} (UTC{offset[:3]}:{offset[3:5]})"


def span_text(seconds: float) -> str:
    """How long: "0.4 s", "42 s", "3 min 05 s", "1 h 04 min", "2 days 3 h"."""
    if seconds < 0:
        return f"−{span_text(-seconds)}"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"
    return f"{whole // _DAY_S} days {whole % _DAY_S // _HOUR_S} h"


def value_text(value: float, unit: str = "") -> str:
    """A number as somebody at a desk reads it."""
    if not math.isfinite(value):
        return "no value"
    text = f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{text} {unit}".strip()


def ask_text(request: CommandRequest) -> str:
    """What was asked for: the title of the command, its target and its arguments."""
    known = _types().get(request.type_id)
    title = known.title if known else request.type_id
    units = (
        {}
        if known is None
        else {one.name: one.metadata.get("unit", "") for one in fields(known.params)}
    )
    given = ", ".join(
        _argument(name, value, units.get(name, "")) for name, value in request.args.items()
    )
    return f"{title}: {request.target_name or request.target_id}" + (f" ({given})" if given else "")


def capital(text: str) -> str:
    """The same with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def department_text(department: str) -> str:
    """A department with a capital, "–" for none."""
    return words(department).capitalize() or "–"


def department_of(operator: Operator | None) -> str:
    """Id of the department of an operator, "" for nobody."""
    return operator.department if operator is not None else ""


@cache
def _types() -> Registry[CommandType]:
    return command_registry()


def _argument(name: str, value: object, unit: str) -> str:
    called = words(name).removesuffix(" pct").removesuffix(" m").removesuffix(" s")
    return f"{called} {_plain(value)} {unit}".strip()


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
