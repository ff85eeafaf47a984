"""How detected episodes and verdicts are told."""

from __future__ import annotations

from datetime import datetime

from twin.clock import NS_PER_S
from twin.perception.episode_log import Episode
from twin.perception.nearest import NearestDay
from twin.perception.watching import StreamView
from twin.room.parts.verdicts import Verdict
from twin.session import TwinSession
from widgets.parts.command_words import operator_text
from widgets.parts.wording import clock_text, count_text, lower_first, property_title


def stream_name(session: TwinSession, datastream_id: str) -> str:
    """Name and property, as “Pump 3, water level”; the id where it is not announced."""
    store = session.observations
    slot = store.slot_of(datastream_id)
    if slot < 0:
        return datastream_id
    stream = store.datastreams[slot]
    thing = store.things.get(stream.thing_id)
    name = thing.name if thing is not None else stream.thing_id
    return f"{name}, {lower_first(property_title(stream.observed_property))}"


def unit_of(session: TwinSession, datastream_id: str) -> str:
    """Unit of a datastream, "" where it has none or is not announced."""
    slot = session.observations.slot_of(datastream_id)
    return session.observations.datastreams[slot].unit if slot >= 0 else ""


def moment_text(t_ns: int, now_ns: int) -> str:
    """Time of day, with the day where it is another one."""
    at = datetime.fromtimestamp(t_ns / NS_PER_S).astimezone()
    today = datetime.fromtimestamp(now_ns / NS_PER_S).astimezone()
    if at.date() == today.date():
        return clock_text(t_ns)
    return f"{at.day} {at:%b %H:%M}"


def why_text(session: TwinSession, episode: Episode) -> str:
    """What is unusual about an episode, in one sentence."""
    return episode.text(unit_of(session, episode.datastream_id))


def verdict_text(verdict: Verdict | None) -> str:
    """What somebody said, "" for nothing."""
    if verdict is None:
        return ""
    what = "an anomaly" if verdict.is_anomaly else "not an anomaly"
    return f"{operator_text(verdict.by)} said at {clock_text(verdict.at_ns)}: {what}"


def nearest_text(nearest: NearestDay | None) -> str:
    """What the dashed line is."""
    if nearest is None:
        return "No earlier day is known to lay beside it"
    back = count_text(nearest.back, nearest.unit)
    return f"Dashed: the nearest normal {nearest.unit}, {back} before"


def learning_text(view: StreamView | None) -> str:
    """How far a watched datastream has got."""
    if view is None:
        return "waits for its first values"
    source = "from its history" if view.has_history else "from what came since it is watched"
    if view.n_to_learn:
        left_s = view.n_to_learn * view.bucket_s
        known = f"{view.n_buckets} of {view.probation} values"
        return f"learns what is usual: {known}, {left_s / 60:.0f} min to go"
    n = count_text(len(view.episodes), "episode")
    return f"{n}, usual learned {source}"
