"""How numbers, times and states are written for a person. Local time lives here, UTC inside."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from twin.clock import NS_PER_S
from twin.sense.health import health_text
from twin.sense.model import OBSERVED_PROPERTIES, Datastream
from twin.sense.snapshot import ObservationSnapshot
from twin.sense.store import ObservationStore

_PLAIN_UNITS = {"1": "", "0/1": "", "bool": ""}
#: What 0, 1, 2 … mean where a datastream is a state.
_STATE_WORDS = {
    "closed": ("open", "closed"),
    "pump_running": ("stopped", "running"),
    "breaker_closed": ("open", "closed"),
    "signal_mode": ("by its plan", "green N–S", "green E–W", "flashing"),
    "service_state": ("in service", "held", "diverted"),
    "speaker_message": ("silent", "speaking"),
}


def property_title(name: str) -> str:
    """Title of an observed property: "traffic_speed" -> "Traffic speed"."""
    known = OBSERVED_PROPERTIES.get(name)
    if known is not None:
        return known[0]
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def number_text(value: float, *, span: float = 0.0) -> str:
    """A number with as many decimals as its usual range deserves, "–" for NaN.

    Parameters
    ----------
    span : width of the usual range; 0 = unknown, then whole numbers stay whole
    """
    if not math.isfinite(value):
        return "–"
    size = span or abs(value)
    if size >= 100 or (not span and value == int(value)):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if size >= 10 else f"{value:,.2f}"


def value_text(value: float, datastream: Datastream) -> str:
    """Value and unit of one datastream: "1.84 m", "closed", "no value yet".

    What has no unit and is whole is a number or a code ("4"), not a measurement ("4.00").
    """
    if not math.isfinite(value):
        return "no value yet"
    words = _STATE_WORDS.get(datastream.observed_property, ())
    if value in range(len(words)):
        return words[int(value)]
    unit = _PLAIN_UNITS.get(datastream.unit, datastream.unit)
    is_code = not unit and value == int(value)
    number = number_text(value, span=0.0 if is_code else datastream.max - datastream.min)
    return f"{number} {unit}".rstrip()


def age_text(age_s: float) -> str:
    """How long ago, short: "now", "12 s", "3 min", "2 h", "4 d"; "" for NaN."""
    if not math.isfinite(age_s):
        return ""
    if age_s < 1.0:
        return "now"
    return duration_text(age_s)


def duration_text(seconds: float) -> str:
    """A length of time in its largest whole unit: "12 s", "3 min", "2 h", "4 d"."""
    if seconds < 90:
        return f"{max(seconds, 0.0):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} d"


def elapsed_text(seconds: float) -> str:
    """Elapsed time of something that runs: "0:07", "12:41", "1:02:03"."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def clock_text(t_ns: int) -> str:
    """Local time of day with seconds, "14:02:07"; "" for 0."""
    if t_ns <= 0:
        return ""
    return f"{datetime.fromtimestamp(t_ns / NS_PER_S).astimezone():%H:%M:%S}"


def health_sentence(
    store: ObservationStore, slot: int, snapshot: ObservationSnapshot, now_ns: int
) -> str:
    """How one datastream is, with local times."""
    zone = datetime.fromtimestamp(now_ns / NS_PER_S).astimezone().tzinfo
    return health_text(store, slot, snapshot, now_ns, zone or UTC)


def unbroken(text: str) -> str:
    """The same text with its units ("veh/h") kept on one line."""
    return text.replace("/", "\u2060/\u2060")


def count_text(n: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 sensor", "2,512 sensors"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def kind_title(kind: str) -> str:
    """A kind for a person: "road_segment" -> "Road segment", "BuildingPart" -> "Building part"."""
    spaced = "".join(
        f" {c.lower()}" if c.isupper() and i and not kind[i - 1].isupper() else c
        for i, c in enumerate(kind.replace("_", " ").replace("+", ""))
    ).strip()
    return spaced[:1].upper() + spaced[1:]


def lower_first(text: str) -> str:
    """A sentence's start made fit for its middle."""
    if len(text) > 1 and not text[1].islower() and text[1] != " ":
        return text  # "PM2.5" stays
    return text[:1].lower() + text[1:]
