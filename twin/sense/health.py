"""Is a datastream alive and believable? Vectorised over all of them, and one sentence for one."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, tzinfo

import numpy as np

from twin.arrays import BoolArray, Float64Array, UInt8Array
from twin.clock import NS_PER_S
from twin.sense.model import Quality
from twin.sense.store import ObservationSnapshot, ObservationStore

#: A datastream is stale after this many of its intervals …
STALE_INTERVALS = 3.0
#: … but never before this.
STALE_FLOOR_S = 10.0
#: A value is stuck when it repeats this many times longer than it usually does …
STUCK_FACTOR = 20.0
#: … over at least this time, and only where it is known to change.
STUCK_FLOOR_S = 60.0
_MIN_CHANGES = 5


class Health(enum.IntEnum):
    """Health of a datastream."""

    FRESH = 0
    STALE = 1
    SUSPECT = 2
    NEVER = 3


def health_of(snapshot: ObservationSnapshot, now_ns: int) -> UInt8Array:
    """(n,) uint8 codes of `Health`. Stale outweighs suspect: nothing is known about now."""
    codes = np.where(_is_suspect(snapshot), Health.SUSPECT, Health.FRESH).astype(np.uint8)
    codes[age_s(snapshot, now_ns) > stale_after_s(snapshot)] = Health.STALE
    codes[snapshot.counts == 0] = Health.NEVER
    return codes


def age_s(snapshot: ObservationSnapshot, now_ns: int) -> Float64Array:
    """(n,) seconds since the newest observation; one from a clock that is ahead counts on arrival.

    Meaningless (very large) where `snapshot.counts` is 0.
    """
    seen_ns = np.minimum(snapshot.t_ns, snapshot.received_ns)
    age: Float64Array = np.maximum(now_ns - seen_ns, 0) / NS_PER_S
    return age


def stale_after_s(snapshot: ObservationSnapshot) -> Float64Array:
    """(n,) age from which each datastream is stale: 3 of its intervals, at least 10 s."""
    interval_s = np.maximum(snapshot.interval_s, snapshot.declared.interval_s)
    limit: Float64Array = np.maximum(STALE_INTERVALS * interval_s, STALE_FLOOR_S)
    return limit


def _is_suspect(snapshot: ObservationSnapshot) -> BoolArray:
    flagged = snapshot.quality != Quality.GOOD
    suspect: BoolArray = flagged | _is_stuck(snapshot) | _is_impossible(snapshot)
    return suspect


def _is_stuck(snapshot: ObservationSnapshot) -> BoolArray:
    """Unchanged far longer than usual. Zero and the declared bounds are values things rest at."""
    declared = snapshot.declared
    is_resting = (snapshot.values == 0.0) | (snapshot.values == declared.min)
    is_resting |= snapshot.values == declared.max
    n_before = snapshot.counts - snapshot.repeats
    usual_repeats = n_before / np.maximum(snapshot.n_changes, 1)
    is_long = (snapshot.t_ns - snapshot.changed_ns) > STUCK_FLOOR_S * NS_PER_S
    stuck: BoolArray = (
        (snapshot.n_changes >= _MIN_CHANGES)
        & (snapshot.repeats > STUCK_FACTOR * usual_repeats)
        & is_long
        & ~is_resting
    )
    return stuck


def _is_impossible(snapshot: ObservationSnapshot) -> BoolArray:
    """A whole usual range beyond the usual range, or a percentage outside 0 to 100."""
    declared = snapshot.declared
    span = declared.max - declared.min
    with np.errstate(invalid="ignore"):
        beyond = (snapshot.values < declared.min - span) | (snapshot.values > declared.max + span)
        odd_percent = declared.is_percent & ((snapshot.values < -1.0) | (snapshot.values > 101.0))
    impossible: BoolArray = (beyond & (span > 0.0)) | odd_percent
    return impossible


def health_text(
    store: ObservationStore,
    slot: int,
    snapshot: ObservationSnapshot,
    now_ns: int,
    zone: tzinfo = UTC,
) -> str:
    """What to tell a person: "No samples for 2 min. Last value 1.84 m at 14:02:07".

    Parameters
    ----------
    zone : in which the time of day is written
    """
    if slot >= snapshot.n_slots or snapshot.counts[slot] == 0:
        return "No samples yet"
    stream, one = store.datastreams[slot], snapshot.only(slot)
    code = health_of(one, now_ns)[0]
    at = datetime.fromtimestamp(int(one.t_ns[0]) / NS_PER_S, zone)
    value = f"{one.values[0]:.6g} {stream.unit}".rstrip()
    ago = duration_text(float(age_s(one, now_ns)[0]))
    if code == Health.STALE:
        return f"No samples for {ago}. Last value {value} at {at:%H:%M:%S}"
    if code == Health.SUSPECT:
        return f"{_reason(one)}. Last value {value} at {at:%H:%M:%S}"
    return f"{value} at {at:%H:%M:%S}, {ago} ago"


def _reason(one: ObservationSnapshot) -> str:
    if one.quality[0] != Quality.GOOD:
        return f"The source marks this value as {Quality(int(one.quality[0])).name.lower()}"
    if _is_impossible(one)[0]:
        return "The value lies far outside its usual range"
    stuck_s = float(one.t_ns[0] - one.changed_ns[0]) / NS_PER_S
    return f"The value has not changed for {duration_text(stuck_s)}, though it used to"


def duration_text(seconds: float) -> str:
    """A duration for a person: "8 s", "2 min", "3 h", "4 days"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"
