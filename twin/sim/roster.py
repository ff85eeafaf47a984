"""What the simulator announces: things, datastreams and their measuring habits, being collected."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.sense.model import OBSERVED_PROPERTIES, Datastream, Thing


@dataclass(frozen=True, slots=True)
class Habit:
    """How a property is measured: how often, how noisily, how finely.

    ``noise`` is new in every sample, ``wander`` changes over a minute; each has a share of the
    value and an amount in the property's unit (standard deviations).
    """

    interval_s: float
    noise_share: float = 0.0
    noise: float = 0.0
    wander_share: float = 0.0
    wander: float = 0.0
    decimals: int = 1


HABITS: dict[str, Habit] = {
    "traffic_speed": Habit(1.0, 0.02, 0.3, 0.03, 0.3),
    "traffic_flow": Habit(1.0, 0.03, 0.5, 0.05, 0.0, 0),
    "pm25": Habit(1.0, 0.01, 0.2, 0.04, 0.4),
    "noise": Habit(1.0, 0.0, 0.5, 0.0, 1.0),
    "water_level": Habit(1.0, 0.0, 0.002, 0.0, 0.005, 3),
    "rain": Habit(1.0, 0.04, 0.0, 0.05, 0.0),
    "power_load": Habit(1.0, 0.004, 0.01, 0.012, 0.02, 2),
    "parking_occupancy": Habit(2.0, 0.0, 0.0, 0.0, 0.0),
    "closed": Habit(5.0),
    "signal_plan": Habit(5.0),
    "pump_running": Habit(2.0),
    "gate_opening": Habit(1.0),
    "dimming": Habit(2.0),
    "distance_to_target": Habit(1.0),
    "signal_mode": Habit(5.0),
    "text_code": Habit(5.0),
    "breaker_closed": Habit(5.0),
    "service_state": Habit(5.0),
    "flight_height": Habit(1.0),
    "sound_level": Habit(2.0),
    "camera_preset": Habit(5.0),
    "occupancy": Habit(2.0),
    "speaker_message": Habit(5.0),
    "alert_active": Habit(5.0),
    "flood_depth": Habit(1.0),
}

#: States of actuators, and water on roads: id -> (title, unit, usual min, usual max).
STATE_PROPERTIES: dict[str, tuple[str, str, float, float]] = {
    "closed": ("Closed", "", 0.0, 1.0),
    "signal_plan": ("Signal plan", "", 1.0, 4.0),
    "pump_running": ("Pump running", "", 0.0, 1.0),
    "gate_opening": ("Gate opening", "%", 0.0, 100.0),
    "dimming": ("Light level", "%", 0.0, 100.0),
    "distance_to_target": ("Distance to target", "m", 0.0, 5000.0),
    "signal_mode": ("Signal mode", "", 0.0, 3.0),
    "text_code": ("Text code", "", 0.0, 65_535.0),
    "breaker_closed": ("Breaker closed", "", 0.0, 1.0),
    "service_state": ("Service state", "", 0.0, 2.0),
    "flight_height": ("Flight height", "m", 0.0, 120.0),
    "sound_level": ("Sound level", "dB(A)", 30.0, 120.0),
    "camera_preset": ("Camera preset", "", 0.0, 6.0),
    "occupancy": ("People inside", "", 0.0, 2_000.0),
    "speaker_message": ("Speaker message", "", 0.0, 1.0),
    "alert_active": ("Alerts in force", "", 0.0, 5.0),
    "flood_depth": ("Water on the road", "m", 0.0, 2.5),
}
_ALL_PROPERTIES = OBSERVED_PROPERTIES | STATE_PROPERTIES
_NO_UPPER_LIMIT = {"traffic_speed", "traffic_flow", "pm25", "noise", "rain", "power_load"}


class Roster:
    """Collects things and datastreams while the city is furnished with sensors.

    Parameters
    ----------
    rate : samples per usual sample; divides every interval
    """

    def __init__(self, rate: float) -> None:
        self.things: list[Thing] = []
        self.datastreams: list[Datastream] = []
        self._rate = rate
        self._numbers: dict[str, int] = {}
        self._names: dict[str, int] = {}

    def number(self, stem: str) -> int:
        """The next number of a series, from 1: "Loop Mill Street" -> 1, 2, 3 …"""
        self._numbers[stem] = self._numbers.get(stem, 0) + 1
        return self._numbers[stem]

    def numbered(self, stem: str) -> str:
        """The next name of a series: "Loop Mill Street 3", or "Loop Street 7 no. 3"."""
        between = " no. " if stem[-1:].isdigit() else " "
        return f"{stem}{between}{self.number(stem)}"

    def add_thing(self, thing: Thing) -> Thing:
        """Announce a thing; a name that is taken gets "(2)", "(3)" … behind it."""
        n_same = self._names[thing.name] = self._names.get(thing.name, 0) + 1
        if n_same > 1:
            thing = msgspec.structs.replace(thing, name=f"{thing.name} ({n_same})")
        self.things.append(thing)
        return thing

    def add_stream(self, thing_id: str, name: str, observed_property: str) -> int:
        """Announce one property of a thing or unit called `name`; returns its index."""
        title, unit, low, high = _ALL_PROPERTIES[observed_property]
        index = len(self.datastreams)
        self.datastreams.append(
            Datastream(
                index=index,
                id=f"{thing_id}/{observed_property}",
                thing_id=thing_id,
                observed_property=observed_property,
                name=f"{name} {title[0].lower()}{title[1:]}"
                if title != "PM2.5"
                else f"{name} PM2.5",
                unit=unit,
                min=low,
                max=high,
                interval_s=HABITS[observed_property].interval_s / self._rate,
            )
        )
        return index

    def streams(self, things: list[Thing], observed_property: str) -> Int64Array:
        """Announce one property of each thing; returns the indices."""
        return np.array(
            [self.add_stream(t.id, t.name, observed_property) for t in things], dtype=np.int64
        )

    def habit_columns(self) -> HabitColumns:
        """The habits as columns, one row a datastream."""
        habits = [HABITS[stream.observed_property] for stream in self.datastreams]
        names = [stream.observed_property for stream in self.datastreams]
        highest = [
            np.inf if name in _NO_UPPER_LIMIT else _ALL_PROPERTIES[name][3] for name in names
        ]
        return HabitColumns(
            interval_s=np.array([stream.interval_s for stream in self.datastreams]),
            noise_share=np.array([habit.noise_share for habit in habits]),
            noise=np.array([habit.noise for habit in habits]),
            wander_share=np.array([habit.wander_share for habit in habits]),
            wander=np.array([habit.wander for habit in habits]),
            scale=10.0 ** np.array([habit.decimals for habit in habits]),
            highest=np.array(highest),
            is_state=np.array([name in STATE_PROPERTIES for name in names]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitColumns:
    """`Habit` as arrays of length n; ``scale`` rounds, ``highest`` clips, 0 is the lowest."""

    interval_s: Float64Array
    noise_share: Float64Array
    noise: Float64Array
    wander_share: Float64Array
    wander: Float64Array
    scale: Float64Array
    highest: Float64Array
    is_state: BoolArray
