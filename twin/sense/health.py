"""Is a datastream alive and believable? Vectorised over all of them, and one sentence for one."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, tzinfo

import numpy as np

from twin.arrays import BoolArray, Float64Array, UInt8Array
from twin.clock import NS_PER_S
from twin.sense.model import Quality
from twin.sense.snapshot import ObservationSnapshot
from twin.sense.store import ObservationStore
from twin.sense.trust import Doubt, is_out_of_range

#: A datastream is stale after this many of its intervals …
STALE_INTERVALS = 3.0
#: … but never before this.
STALE_FLOOR_S = 10.0


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
    doubts = snapshot.doubts.fitted(snapshot.n_slots)
    doubted = (doubts.bits != 0) | (
        is_out_of_range(snapshot.values, snapshot.declared) & ~doubts.is_shared
    )
    suspect: BoolArray = flagged | doubted
    return suspect


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
    bits = int(one.doubts.bits[0]) if len(one.doubts.bits) else 0
    if one.quality[0] != Quality.GOOD:
        return f"The source marks this value as {Quality(int(one.quality[0])).name.lower()}"
    is_shared = bool(one.doubts.is_shared.any())
    if is_out_of_range(one.values, one.declared)[0] and not is_shared:
        return "The value lies far outside its usual range"
    if bits & Doubt.FLAT:
        flat_s = float(one.t_ns[0] - one.changed_ns[0]) / NS_PER_S
        return f"The value has not changed for {duration_text(flat_s)}, though it used to"
    if bits & Doubt.NOISY:
        return "The value jumps about far more than it used to"
    if bits & Doubt.SKEW:
        lag_s = float(one.received_ns[0] - one.t_ns[0]) / NS_PER_S
        side = "ahead" if lag_s < 0 else "behind, or its samples come late"
        return f"Its clock is {duration_text(abs(lag_s))} {side}"
    if bits & Doubt.GAP:
        gap_s, usual_s = float(one.doubts.gap_s[0]), float(one.doubts.interval_s[0])
        usual = f"{usual_s:.2g} s" if usual_s < 10 else duration_text(usual_s)
        return f"It was silent for {duration_text(gap_s)}; usual are {usual}"
    if bits & Doubt.RANGE:
        return "A value lay far outside its usual range a moment ago"
    return "The source doubted a value a moment ago"


def duration_text(seconds: float) -> str:
    """A duration for a person: "8 s", "2 min", "3 h", "4 days"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"
