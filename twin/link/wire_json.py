"""The JSON lane of the sample wire: one observation or position a message, self-announcing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from twin.city.frames import MAX_LOCAL_M
from twin.errors import WireError
from twin.sense.model import Quality

MAX_JSON_BYTES = 4 * 1024 * 1024
MAX_ID = 200

_QUALITIES = {"good": Quality.GOOD, "suspect": Quality.SUSPECT, "bad": Quality.BAD}


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObservation:
    """One observation of a self-announcing source.

    Attributes
    ----------
    datastream : "thing/property"
    t_ns : when observed; None = on arrival
    name : name of the thing for a person, "" = not told
    frame, xyz : position of the thing; xyz None = not told
    """

    datastream: str
    result: float
    t_ns: int | None
    quality: Quality
    unit: str
    name: str
    frame: str
    xyz: tuple[float, float, float] | None

    @property
    def thing_id(self) -> str:
        """Everything before the last slash."""
        return self.datastream.rpartition("/")[0]

    @property
    def observed_property(self) -> str:
        """Everything behind the last slash."""
        return self.datastream.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPosition:
    """One position of a moving unit; heading in radians clockwise from north, NaN = not known."""

    unit: str
    kind: str
    name: str
    t_ns: int | None
    frame: str
    xyz: tuple[float, float, float]
    heading_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonBatch:
    """What one JSON message held; ``errors`` has a sentence for each entry that was dropped.

    ``epoch`` and ``seq`` are set on the thinned lane only: how many messages the hub counted.
    """

    source: str
    observations: tuple[JsonObservation, ...]
    positions: tuple[JsonPosition, ...]
    errors: tuple[str, ...]
    epoch: str = ""
    seq: int = -1


class _Entry(msgspec.Struct):
    datastream: str = ""
    result: float | bool | None = None
    time: int | str | None = None
    unit: str = ""
    name: str = ""
    kind: str = "other"
    location: tuple[float, ...] | None = None
    local: tuple[float, float, float] | None = None
    heading: float | None = None
    quality: str = "good"


_entry_decoder = msgspec.json.Decoder(_Entry)
_list_decoder = msgspec.json.Decoder(list[msgspec.Raw])


def decode_json_lane(source: str, text: bytes | memoryview) -> JsonBatch:
    """Read an object or a list of objects; entries that are wrong are left out and named.

    Raises
    ------
    WireError
        The text is not JSON, or holds not one good entry.
    """
    try:
        is_list = bytes(text[:64]).lstrip()[:1] == b"["
        raws = [bytes(raw) for raw in _list_decoder.decode(text)] if is_list else [bytes(text)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"The JSON cannot be read: {error}") from error
    observations: list[JsonObservation] = []
    positions: list[JsonPosition] = []
    errors: list[str] = []
    for raw in raws:
        try:
            entry = _entry_of(raw)
            if entry.datastream:
                observations.append(_observation(entry))
            else:
                positions.append(_position(entry))
        except WireError as error:
            errors.append(str(error))
    if errors and not observations and not positions:
        raise WireError(errors[0])
    return JsonBatch(
        source=source, observations=tuple(observations), positions=tuple(positions),
        errors=tuple(errors),
    )  # fmt: skip


def _entry_of(raw: bytes) -> _Entry:
    try:
        return _entry_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"The JSON cannot be read: {error}") from error


def _observation(entry: _Entry) -> JsonObservation:
    thing_id, _, observed_property = entry.datastream.rpartition("/")
    if not thing_id or not observed_property or len(entry.datastream) > MAX_ID:
        raise WireError(
            f'"datastream" must be thing/property, at most {MAX_ID} characters,'
            f" not {entry.datastream[:80]!r}"
        )
    if entry.result is None or not math.isfinite(entry.result):
        raise WireError(f'{entry.datastream}: "result" must be a number')
    quality = _QUALITIES.get(entry.quality.lower())
    if quality is None:
        raise WireError(f'{entry.datastream}: "quality" must be good, suspect or bad')
    placed = _place_of(entry)
    return JsonObservation(
        datastream=entry.datastream, result=float(entry.result), t_ns=_time_ns(entry.time),
        quality=quality, unit=entry.unit[:32], name=entry.name[:MAX_ID],
        frame=placed[0] if placed else "local", xyz=placed[1] if placed else None,
    )  # fmt: skip


def _position(entry: _Entry) -> JsonPosition:
    if not entry.unit or len(entry.unit) > MAX_ID:
        raise WireError('An entry needs "datastream" (an observation) or "unit" (a moving thing)')
    placed = _place_of(entry)
    if placed is None:
        raise WireError(f'{entry.unit}: a moving thing needs "location" or "local"')
    heading = math.nan if entry.heading is None else math.radians(entry.heading % 360.0)
    return JsonPosition(
        unit=entry.unit, kind=entry.kind[:32], name=entry.name[:MAX_ID] or entry.unit,
        t_ns=_time_ns(entry.time), frame=placed[0], xyz=placed[1], heading_rad=heading,
    )  # fmt: skip


def _place_of(entry: _Entry) -> tuple[str, tuple[float, float, float]] | None:
    if entry.local is not None:
        if max(abs(metres) for metres in entry.local) > MAX_LOCAL_M:
            raise WireError(f'"local" lies over {MAX_LOCAL_M / 1000:.0f} km from the city')
        return "local", entry.local
    if entry.location is None:
        return None
    numbers = entry.location
    if (
        len(numbers) not in (2, 3)
        or abs(numbers[0]) > 180.0
        or abs(numbers[1]) > 90.0
        or abs(numbers[-1]) > 100_000.0
    ):
        raise WireError('"location" must be [longitude, latitude] or [longitude, latitude, height]')
    return "geographic", (numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 0.0)


def _time_ns(time: int | str | None) -> int | None:
    """Nanoseconds of an integer or an ISO 8601 text; without a zone it is UTC."""
    if isinstance(time, int) and not 0 <= time < 2**63:
        raise WireError('"time" must be nanoseconds since 1970, 63 bits')
    if time is None or isinstance(time, int):
        return time
    try:
        stamp = datetime.fromisoformat(time)
    except ValueError as error:
        raise WireError(
            f'"time" {time[:40]!r} is neither ISO 8601 nor whole nanoseconds'
        ) from error
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    return round((stamp - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6) * 1000
