"""What was known at a moment: values of datastreams as consoles showed them, and what stood then.

A journal holds no samples; then the facts alone speak (values that commands and alarms carry).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from twin.clock import NS_PER_S, SystemClock
from twin.hub.hall import person
from twin.playback.replay import Replay
from twin.recording.reading import Recording
from twin.reporting.chronicle import AlarmLine
from twin.reporting.decisions import Decision
from twin.reporting.scope import Scope
from twin.reporting.words import span_text, value_text
from twin.room.model import Command
from twin.room.parts.alarms import PRIORITIES
from twin.sense.ingest import SampleIngest
from twin.sense.model import OBSERVED_PROPERTIES, Datastream, Quality
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

#: Moments beyond are told without values: each costs a look into the recording.
MOST_MOMENTS = 300
_MOST_VALUES, _MOST_OF_TARGET, _MOST_MESSAGES = 6, 3, 2
_CAPACITY, _UNITS = 200_000, 10_000


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest value of a datastream at a moment; ``age_s`` before it."""

    name: str
    value: float
    unit: str
    age_s: float
    quality: Quality

    def text(self) -> str:
        """For a person: "Gauge 3, water level 2.41 m (4 s old)"."""
        bad = "" if self.quality is Quality.GOOD else f", {self.quality.name.lower()}"
        age = f" ({span_text(self.age_s)} old{bad})" if self.age_s >= 1 or bad else ""
        return f"{self.name} {value_text(self.value, self.unit)}{age}"


class PastValues:
    """A recording's samples at any moment. One thread.

    Attributes
    ----------
    store, units : as consoles had them at the moment last sought
    t_ns : that moment
    """

    def __init__(self, recording: Recording) -> None:
        clock = SystemClock()
        self.store = ObservationStore(capacity=_CAPACITY, history=2, clock=clock)
        self.units = UnitStore(capacity=_UNITS, history=16, clock=clock)
        ingest = SampleIngest(endpoint="", store=self.store, units=self.units, clock=clock)
        self._replay = Replay(recording, clock=clock, samples=ingest)
        self.t_ns = -1
        self._slots: dict[str, int] = {}
        self._of_thing: dict[str, list[int]] = {}
        self._catalogue = -1

    def seek(self, t_ns: int) -> None:
        """Bring the stores to a moment."""
        self._replay.seek(t_ns)
        self.t_ns = t_ns
        if self.store.catalogue_version != self._catalogue:
            self._catalogue = self.store.catalogue_version
            self._slots, self._of_thing = {}, {}
            for slot, stream in enumerate(self.store.datastreams):
                self._slots[stream.id] = slot
                self._of_thing.setdefault(stream.thing_id, []).append(slot)

    def ids_of_thing(self, thing_id: str) -> list[str]:
        """Datastreams of a thing."""
        streams = self.store.datastreams
        return [streams[slot].id for slot in self._of_thing.get(thing_id, ())]

    def readings(self, ids: Iterable[str]) -> tuple[Reading, ...]:
        """The newest values of some datastreams; those that are not known are left out."""
        snapshot = self.store.snapshot()
        found = []
        for slot in (self._slots[one] for one in dict.fromkeys(ids) if one in self._slots):
            t_ns, value = int(snapshot.t_ns[slot]), float(snapshot.values[slot])
            if t_ns and np.isfinite(value):
                stream = self.store.datastreams[slot]
                found.append(
                    Reading(
                        self.name_of(stream), value, stream.unit,
                        max((self.t_ns - t_ns) / NS_PER_S, 0.0),
                        Quality(int(snapshot.quality[slot])),
                    )
                )  # fmt: skip
        return tuple(found)

    def name_of(self, stream: Datastream) -> str:
        """Its own name, else the thing's and what is observed of it."""
        if stream.name:
            return stream.name
        thing = self.store.things.get(stream.thing_id)
        known = OBSERVED_PROPERTIES.get(stream.observed_property)
        words = known[0].lower() if known else stream.observed_property.replace("_", " ")
        return f"{thing.name if thing else stream.thing_id}, {words}"

    def place_of(self, thing_id: str) -> tuple[float, float, float] | None:
        """Where a thing or unit is at the moment sought, local metres; None = not known."""
        for slot in self._of_thing.get(thing_id, ())[:1]:
            x, y, z = map(float, self.store.xyz_local_m[slot])
            if np.isfinite([x, y, z]).all():
                return x, y, z
        thing = self.store.things.get(thing_id)
        if thing is not None and thing.frame == "local":
            return thing.xyz
        for unit, xyz in zip(
            self.units.units, self.units.at(self.t_ns).xyz_local_m.tolist(), strict=False
        ):
            if unit.id == thing_id and np.isfinite(xyz).all():
                return float(xyz[0]), float(xyz[1]), float(xyz[2])
        return None


def known_at(decisions: Sequence[Decision], scope: Scope, commands: Mapping[str, Command],
             past: PastValues | None) -> dict[int, tuple[str, ...]]:  # fmt: skip
    """Event number of a decision -> what was known then, a line each."""
    found: dict[int, tuple[str, ...]] = {}
    for n, decision in enumerate(decisions):
        lines: list[str] = []
        command = commands.get(decision.command)
        if past is not None and n < MOST_MOMENTS:
            past.seek(decision.t_ns)
            ids = _ids(decision, command, scope, past)
            lines += [one.text() for one in islice(past.readings(ids), _MOST_VALUES)]
        lines += _from_facts(decision, command, has_samples=past is not None)
        lines += _standing(scope.alarms, decision.t_ns)
        lines += _said(scope, decision.t_ns)
        found[decision.seq] = tuple(lines)
    return found


def _ids(decision: Decision, command: Command | None, scope: Scope, past: PastValues) -> list[str]:
    ids: list[str] = []
    if command is not None:
        if command.effect is not None:
            ids.append(command.effect.datastream_id)
        ids += past.ids_of_thing(command.request.target_id)[:_MOST_OF_TARGET]
    target = command.request.target_id if command is not None else ""
    linked = {
        link.removeprefix("alarm:")
        for incident in scope.incidents
        if incident.id == decision.incident
        for link in incident.links
    }
    for line in scope.alarms:
        alarm = line.alarm
        is_named = alarm.id in decision.alarms or (target and alarm.thing_id == target)
        is_of_incident = alarm.id in linked or scope.incident is not None
        stands = is_of_incident and not decision.alarms and line.stands_at(decision.t_ns)
        if alarm.datastream_id and (is_named or stands):
            ids.append(alarm.datastream_id)
    return ids


def _from_facts(decision: Decision, command: Command | None, *, has_samples: bool) -> list[str]:
    """What the facts themselves say was seen."""
    if command is None or decision.kind == "review":
        return []
    lines = [f"{one.title}: {one.text}" for one in command.interlocks]
    if not has_samples and command.baseline is not None:
        lines.append(f"Before it was sent: {value_text(command.baseline.value)}")
    if decision.kind in ("approved", "denied", "glass") and command.approval is not None:
        lines.append(f"Rule: {command.approval.needed} needed. {command.approval.text}".strip())
    return lines


def _standing(alarms: Sequence[AlarmLine], t_ns: int) -> list[str]:
    there = [line for line in alarms if line.is_annunciated and line.stands_at(t_ns)]
    if not there:
        return []
    counts = ", ".join(
        f"{n} {one.value}"
        for one in PRIORITIES
        if (n := sum(a.alarm.priority is one for a in there))
    )
    unseen = sum(not 0 < line.acked_ns <= t_ns for line in there)
    more = f" ({unseen} not acknowledged)" if unseen else ""
    return [f"Alarms standing: {counts}{more}"]


def _said(scope: Scope, t_ns: int) -> list[str]:
    """The last messages before, of the last five minutes."""
    before = [m for m in scope.messages if 0 <= t_ns - m.t_ns <= 300 * NS_PER_S]
    return [f"{person(m.by)} had written: “{_short(m.text)}”" for m in before[-_MOST_MESSAGES:]]


def _short(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:89]}…"
