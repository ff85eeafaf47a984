"""Makes a report: reads the log once, chooses, looks up what was known, has pictures drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Protocol

from twin.clock import SystemClock
from twin.errors import TwinError
from twin.reporting.chronicle import Chronicle
from twin.reporting.composing import Findings
from twin.reporting.document import Picture
from twin.reporting.errors import ReportError
from twin.reporting.known import PastValues, known_at
from twin.reporting.places import Moment, Place, moments_of, places_of
from twin.reporting.scope import Scope, incident_named, incident_scope, whole_scope
from twin.reporting.source import Source, opened_source
from twin.reporting.tables import MOST_ROWS
from twin.reporting.words import Clockwork

Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDraw:
    """What a picture of the city needs.

    Attributes
    ----------
    city : as a recording names it
    past : brought to each moment by whoever draws
    """

    city: str
    past: PastValues
    moments: tuple[Moment, ...]
    places: tuple[Place, ...]
    scope: Scope
    clockwork: Clockwork


class Artist(Protocol):
    """Draws the city at some moments with the places marked; raises `TwinError` if it cannot."""

    def __call__(self, wanted: ToDraw, tell: Tell) -> tuple[Picture, ...]:
        """The pictures in order; `tell` is told the share done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What is asked for.

    Attributes
    ----------
    where : recording or journal
    incident : id or title, "" = everything
    start, end : turn the log's first and last moment into a moment; None = all of it
    city : in place of what the recording names
    """

    where: str
    incident: str = ""
    start: Callable[[int, int], int] | None = None
    end: Callable[[int, int], int] | None = None
    zone: tzinfo | None = UTC
    city: str = ""
    version: str = ""


def find(
    options: ReportOptions, *, artist: Artist | None = None, tell: Tell = lambda _: None
) -> Findings:
    """All that a report is composed of.

    Raises
    ------
    TwinError
        The log cannot be read, or holds no such incident or span.
    """
    with opened_source(options.where) as source:
        chronicle = Chronicle()
        first_ns, length = source.first_ns, max(source.last_ns - source.first_ns, 1)
        chronicle.take_all(
            source.steps(), lambda t_ns: tell(min(max((t_ns - first_ns) / length, 0.0), 1.0) * 0.2)
        )
        if not chronicle.n_events and not chronicle.incidents:
            raise ReportError(
                f"The log holds no fact, so there is nothing to report: {source.name}"
            )
        tell(0.2)
        scope = _scope(options, source, chronicle)
        past = PastValues(source.recording) if source.recording is not None else None
        known = known_at(scope.decisions[:MOST_ROWS], scope, chronicle.commands, past)
        tell(0.4)
        places = places_of(scope, past)
        pictures, why = _pictures(options, artist, source, past, scope, places, tell)
        if past is not None:
            past.seek(scope.end_ns)
        return Findings(
            source=source, chronicle=chronicle, scope=scope, clockwork=Clockwork(options.zone),
            version=options.version, made_ns=SystemClock().now_ns(), past=past, places=places,
            known=known, pictures=pictures, why_none=why,
        )  # fmt: skip


def _scope(options: ReportOptions, source: Source, chronicle: Chronicle) -> Scope:
    first_ns = min(t for t in (source.first_ns, chronicle.first_ns) if t)
    last_ns = max(source.last_ns, chronicle.last_ns)
    if options.incident:
        incident = incident_named(chronicle, options.incident)
        return incident_scope(chronicle, incident, last_ns)
    start_ns = options.start(first_ns, last_ns) if options.start else first_ns
    end_ns = options.end(first_ns, last_ns) if options.end else last_ns
    if start_ns > end_ns:
        raise ReportError("The span ends before it begins; --from must be before --to")
    if start_ns > last_ns or end_ns < first_ns:
        clock = _utc(first_ns), _utc(last_ns)
        raise ReportError(
            f"The log holds nothing of that span; it goes from {clock[0]} to {clock[1]}"
        )
    return whole_scope(chronicle, max(start_ns, first_ns), min(end_ns, last_ns))


def _pictures(
    options: ReportOptions, artist: Artist | None, source: Source, past: PastValues | None,
    scope: Scope, places: tuple[Place, ...], tell: Tell,
) -> tuple[tuple[Picture, ...], str]:  # fmt: skip
    if artist is None:
        return (), ""
    if past is None:
        return (), "a journal holds no positions; a recording does"
    city = options.city or source.city
    if not city:
        return (), "the recording does not say which city it is of (--city names one)"
    wanted = ToDraw(
        city=city,
        past=past,
        moments=moments_of(scope),
        places=places,
        scope=scope,
        clockwork=Clockwork(options.zone),
    )
    try:
        return artist(wanted, lambda part: tell(0.4 + 0.5 * part)), ""
    except TwinError as error:
        return (), str(error)


def _utc(t_ns: int) -> str:

    return f"{Clockwork().moment(t_ns)} UTC"
