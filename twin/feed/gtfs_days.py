"""Which services of a GTFS feed run on a day, by calendar.txt and calendar_dates.txt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from twin.feed.recording import FeedError
from twin.readers.gtfs_tables import Columns, GtfsFiles

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Days of a feed's period that are looked through for a busy one.
_DAYS_LOOKED_AT = 28


@dataclass(frozen=True, slots=True)
class Calendar:
    """When services run.

    Attributes
    ----------
    weekly : service, the seven weekdays, first and last day
    added, removed : services by day
    """

    weekly: tuple[tuple[str, tuple[bool, ...], date, date], ...]
    added: dict[date, set[str]]
    removed: dict[date, set[str]]

    def services_on(self, day: date) -> set[str]:
        """Ids of the services that run on a day."""
        by_week = {
            service
            for service, days, first, last in self.weekly
            if first <= day <= last and days[day.weekday()]
        }
        return (by_week - self.removed.get(day, set())) | self.added.get(day, set())

    def span(self) -> tuple[date, date] | None:
        """First and last day on which anything may run; None for an empty calendar."""
        days = [day for _, _, first, last in self.weekly for day in (first, last)]
        days += list(self.added)
        return (min(days), max(days)) if days else None

    def busiest_day(self, trips_of_service: Counter[str], today: date) -> date:
        """Today where anything runs; else the day with most trips in the feed's period.

        Raises
        ------
        FeedError
            The calendar knows no day.
        """
        span = self.span()
        if span is None:
            raise FeedError("The feed's calendar says on no day that anything runs")
        if sum(trips_of_service[one] for one in self.services_on(today)):
            return today
        first = max(span[0], min(span[1] - timedelta(days=_DAYS_LOOKED_AT), today))
        days = [first + timedelta(days=k) for k in range(_DAYS_LOOKED_AT + 1)]
        return max(days, key=lambda d: sum(trips_of_service[one] for one in self.services_on(d)))


def read_calendar(files: GtfsFiles) -> Calendar:
    """The calendar of a feed; rows with impossible dates are counted and left out."""
    weekly = []
    table = files.table("calendar.txt", ("service_id", "start_date", "end_date", *_WEEKDAYS))
    for row in _rows(table, ("service_id", "start_date", "end_date", *_WEEKDAYS)):
        first, last = _day(row[1]), _day(row[2])
        if first is None or last is None:
            files.tally.add("bad-date", "Calendar rows with impossible dates were left out")
            continue
        weekly.append((row[0], tuple(cell.strip() == "1" for cell in row[3:]), first, last))
    added: dict[date, set[str]] = {}
    removed: dict[date, set[str]] = {}
    names = ("service_id", "date", "exception_type")
    for service, text, kind in _rows(files.table("calendar_dates.txt", names), names):
        day = _day(text)
        if day is None or kind.strip() not in ("1", "2"):
            files.tally.add("bad-date", "Calendar rows with impossible dates were left out")
        else:
            (added if kind.strip() == "1" else removed).setdefault(day, set()).add(service)
    return Calendar(tuple(weekly), added, removed)


def _rows(table: Columns | None, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    if table is None:
        return []
    return list(zip(*(table.text(name).tolist() for name in names), strict=True))


def _day(text: str) -> date | None:
    text = text.strip()
    if len(text) != 8 or not text.isdigit():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
