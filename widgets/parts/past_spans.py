"""Hours, days, weeks and months of local time, and which others they are compared with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from twin.clock import NS_PER_S

SpanKind = Literal["hour", "day", "week", "month"]
KINDS: tuple[SpanKind, ...] = ("hour", "day", "week", "month")
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class LocalSpan:
    """From a midnight up to another one, or an hour.

    Attributes
    ----------
    start, end : local time, with a zone
    """

    start: datetime
    end: datetime

    @property
    def start_ns(self) -> int:
        """UTC nanoseconds."""
        return round(self.start.timestamp()) * NS_PER_S

    @property
    def end_ns(self) -> int:
        """UTC nanoseconds."""
        return round(self.end.timestamp()) * NS_PER_S

    def text(self) -> str:
        """For a person: "Mon 23 Nov 2026", "23 to 29 Nov 2026", "November 2026"."""
        if self.end_ns - self.start_ns <= _HOUR_S * NS_PER_S:
            day = f"{self.start:%a} {self.start.day} {self.start:%b %Y}"
            return f"{day}, {self.start:%H:%M} to {self.end:%H:%M}"
        days = (self.end.replace(tzinfo=None) - self.start.replace(tzinfo=None)).days
        last = self.end - timedelta(days=1)
        if days == 1:
            return f"{self.start:%a} {self.start.day} {self.start:%b %Y}"
        if days > 7:
            return f"{self.start:%B %Y}"
        month = "" if self.start.month == last.month else f" {self.start:%b}"
        return f"{self.start.day}{month} to {last.day} {last:%b %Y}"


#: Key, title, and how many spans back the others begin, for each kind.
_COMPARED: dict[SpanKind, tuple[tuple[str, str, tuple[int, ...]], ...]] = {
    "hour": (
        ("before", "Hour before", (1,)),
        ("day", "Same hour the day before", (24,)),
        ("week", "Same hour last week", (168,)),
    ),
    "day": (
        ("before", "Day before", (1,)),
        ("week", "Same weekday last week", (7,)),
        ("weeks", "Same weekday, last four weeks", (7, 14, 21, 28)),
    ),
    "week": (
        ("before", "Week before", (1,)),
        ("weeks", "Last four weeks", (1, 2, 3, 4)),
    ),
    "month": (("before", "Month before", (1,)),),
}


def span_of(kind: SpanKind, t_ns: int, zone: tzinfo | None = None) -> LocalSpan:
    """The hour, day, week (from Monday) or month of a moment; ``zone`` None = this machine's."""
    at = datetime.fromtimestamp(t_ns // NS_PER_S, UTC).astimezone(zone)
    if kind == "hour":
        return _hour(at.replace(minute=0, second=0), zone)
    start = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "week":
        start -= timedelta(days=start.weekday())
    elif kind == "month":
        start = start.replace(day=1)
    return _from(kind, start, zone)


def moved(kind: SpanKind, span: LocalSpan, n: int, zone: tzinfo | None = None) -> LocalSpan:
    """The span that begins `n` spans later (earlier if negative)."""
    if kind == "hour":
        return _hour(span.start.astimezone(UTC) + timedelta(hours=n), zone)
    if kind == "month":
        month = span.start.year * 12 + span.start.month - 1 + n
        start = span.start.replace(year=month // 12, month=month % 12 + 1)
    else:
        start = span.start + timedelta(days=n * (7 if kind == "week" else 1))
    return _from(kind, start, zone)


def choices(kind: SpanKind) -> tuple[tuple[str, str], ...]:
    """Key and title of what a span can be compared with; "" = nothing."""
    return (("", "Compare with nothing"), *((key, title) for key, title, _ in _COMPARED[kind]))


def compared(
    kind: SpanKind, span: LocalSpan, key: str, zone: tzinfo | None = None
) -> tuple[LocalSpan, ...]:
    """The other spans of a choice, newest first."""
    found = next((back for known, _, back in _COMPARED[kind] if known == key), ())
    return tuple(moved(kind, span, -n, zone) for n in found)


def _hour(start: datetime, zone: tzinfo | None) -> LocalSpan:
    start = start.astimezone(UTC)
    return LocalSpan(start.astimezone(zone), (start + timedelta(hours=1)).astimezone(zone))


def _from(kind: SpanKind, start: datetime, zone: tzinfo | None) -> LocalSpan:
    """The whole span from a local midnight on; its offset from UTC is that day's own."""
    bare = start.replace(tzinfo=None)
    if kind == "month":
        end = (bare + timedelta(days=32)).replace(day=1)
    else:
        end = bare + timedelta(days=7 if kind == "week" else 1)
    return LocalSpan(_local(bare, zone), _local(end, zone))


def _local(bare: datetime, zone: tzinfo | None) -> datetime:
    return bare.astimezone() if zone is None else bare.replace(tzinfo=zone)
