"""The simulated city as a console has it: real stores, fed with what the world says."""

from __future__ import annotations

import numpy as np

from tests.twin.sim_drive import Drive
from twin.city.asset import CityAsset
from twin.clock import FakeClock
from twin.commands.city_view import StoreCityView
from twin.sense.model import Announcement
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore


def view_of(drive: Drive, city: CityAsset, seconds: float = 6.0) -> StoreCityView:
    """Run the world for some seconds and let a console listen."""
    clock = FakeClock(drive.t_ns)
    store = ObservationStore(capacity=8_000, history=20, clock=clock)
    units = UnitStore(capacity=500, history=8, clock=clock)
    world = drive.world
    announcement = Announcement(
        source="sim",
        epoch="1",
        things=world.things,
        datastreams=world.datastreams,
        units=world.units,
    )
    store.announce(announcement)
    units.announce(announcement)
    unit_slots = units.slots_of("sim", np.arange(len(world.units), dtype=np.uint32))
    for _ in range(round(seconds)):
        samples = drive.gather(1.0)
        clock.advance_s(1.0)
        slots = store.slots_of("sim", samples.indices.astype(np.uint32))
        order = np.argsort(samples.t_ns, kind="stable")
        store.add(
            slots[order],
            samples.t_ns[order],
            samples.values[order],
            samples.quality[order],
            drive.t_ns,
        )
        xyz, heading = world.positions()
        t_ns = np.full(len(xyz), drive.t_ns, dtype=np.int64)
        units.add(unit_slots, t_ns, xyz.astype(np.float32), heading)
    return StoreCityView(city=lambda: city, observations=store, units=units, clock=clock)
