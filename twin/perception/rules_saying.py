"""What a dry run came to, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from twin.clock import NS_PER_S
from twin.perception.rules_past import DryRun, Episode
from twin.sense.health import duration_text

_DAY_S = 86_400.0


def would_have(answer: DryRun, zone: tzinfo | None = UTC) -> str:
    """The answer in one sentence: "Would have fired 14 times in 7 days at 3 places, longest …".

    Parameters
    ----------
    zone : in which the time of day is written; None = this machine's
    """
    span = duration_text((answer.end_ns - answer.start_ns) / NS_PER_S)
    if not answer.n_datastreams:
        return "It is about no datastream that is kept there"
    if answer.n_silent == answer.n_datastreams:
        return f"Nothing was heard of its {count(answer.n_datastreams, 'datastream')} in {span}"
    n, longest = len(answer.episodes), answer.longest
    if longest is None:
        return f"Would not have fired in {span}"
    lasted = duration_text(longest.lasted_s(answer.end_ns))
    times = "once" if n == 1 else f"{n:,} times"
    where = f"at {longest.place}" if n == 1 else f"at {count(len(answer.places), 'place')}"
    which = "for" if n == 1 else f"longest at {longest.place}, from {moment(longest, zone)}, for"
    return f"Would have fired {times} in {span} {where}, {which} {lasted}"


def episode_text(one: Episode, answer: DryRun, zone: tzinfo | None = UTC) -> str:
    """One time in a line: "2026-03-01 14:02:07, 42 min, Gauge 1"."""
    lasted = duration_text(one.lasted_s(answer.end_ns))
    still = "" if one.end_ns else ", still open at the end"
    return f"{moment(one, zone)}, {lasted}{still}, {one.place}"


def lines(answer: DryRun, most: int, zone: tzinfo | None = UTC) -> Iterator[str]:
    """The sentence, then place by place, then the first times."""
    yield f"“{answer.title}”: {would_have(answer, zone)[:1].lower()}{would_have(answer, zone)[1:]}"
    places = list(answer.places.items())
    if len(places) > 1:
        some = [f"{place} {n:,}×" for place, n in places[:most]]
        more = len(places) - most
        yield "  " + ", ".join(some) + (f" and {more:,} more places" if more > 0 else "")
    for one in answer.episodes[:most]:
        yield f"  {episode_text(one, answer, zone)}"
    left = len(answer.episodes) - most
    if left > 0:
        yield f"  and {left:,} more"


def moment(one: Episode, zone: tzinfo | None) -> str:
    """When it began."""
    at = datetime.fromtimestamp(one.start_ns / NS_PER_S, UTC).astimezone(zone)
    return f"{at:%Y-%m-%d %H:%M:%S}"


def count(n: int, what: str) -> str:
    """So many of something, in the singular where it is one."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"
