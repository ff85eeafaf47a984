"""Real stores with a few sensors and units in them."""

import numpy as np

from scenes.scene_input import NothingSelected, input_from_stores
from twin.clock import FakeClock
from twin.sense.model import Announcement, Datastream, Thing, Unit
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore


class LiveRoom:
    """Things at given places, each with one datastream; units at given places."""

    def __init__(
        self, places, kind="noise_meter", name="noise", units=(), path=(), unit_kind="bus"
    ):
        self.clock = FakeClock()
        self.store = ObservationStore(capacity=5000, history=8, clock=self.clock)
        self.units = UnitStore(capacity=100, history=8, clock=self.clock)
        things = tuple(
            Thing(id=f"t{i}", name=f"Station {i}", kind=kind, xyz=tuple(map(float, p)), path=path)
            for i, p in enumerate(places)
        )
        streams = tuple(
            Datastream(
                index=i,
                id=f"t{i}/{name}",
                thing_id=f"t{i}",
                observed_property=name,
                unit="dB(A)",
                min=0.0,
                max=100.0,
                interval_s=1.0,
            )
            for i in range(len(places))
        )
        moving = tuple(
            Unit(index=i, id=f"u{i}", name=f"Unit {i}", kind=unit_kind) for i in range(len(units))
        )
        self.store.announce(Announcement(source="s", epoch="1", things=things, datastreams=streams))
        self.units.announce(Announcement(source="s", epoch="1", units=moving))
        self._unit_places = np.array(units, np.float32).reshape(-1, 3)
        self._previous = None

    def report(self, values):
        """One observation of every datastream and one position of every unit, now."""
        now, n = self.clock.now_ns(), len(values)
        values = np.asarray(values, float)
        self.store.add(np.arange(n), np.full(n, now), values, np.zeros(n, np.uint8), now)
        k = len(self._unit_places)
        if k:
            heading = np.zeros(k, np.float32)
            self.units.add(np.arange(k), np.full(k, now), self._unit_places, heading)

    def given(self, colour_by="", selection=None, alarms=None, targets=frozenset()):
        """What a scene is told at this moment."""
        self._previous = input_from_stores(
            observations=self.store,
            units=self.units,
            now_ns=self.clock.now_ns(),
            selection=selection or NothingSelected(),
            colour_by=colour_by,
            alarms=alarms,
            targets=targets,
            previous=self._previous,
        )
        return self._previous
