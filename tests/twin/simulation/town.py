"""One simulated shift: a hub, four consoles, an actuator, and what goes wrong between them.

The parts are beside this module: `world` (time, chance, network), `disk`, `hub`, `console`,
`people`, `actuator`. What must be true afterwards is in `judge`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.twin.simulation.actuator import SimActuator
from tests.twin.simulation.console import SimConsole
from tests.twin.simulation.hub import SimHub
from tests.twin.simulation.people import PEOPLE, SimOperator
from tests.twin.simulation.world import MS, S_NS, World
from twin.link.control import Act
from twin.room.parts.holds import Holds

FAULTS = ("cut", "half cut", "console", "torn picture", "disk", "actuator")


@dataclass
class Run:
    """One simulated shift and what is needed to judge it.

    ``away``: the name of who was gone for a while at the end; ``there``: who was then in the room.
    """

    world: World
    hub: SimHub
    consoles: list[SimConsole]
    actuator: SimActuator
    away: str = ""
    there: frozenset[str] = frozenset()


def run(seed: int, busy_s: float = 25.0, calm_s: float = 150.0) -> Run:
    """Simulate: faults for a while, then calm until everything must have ended."""
    world = World(seed)
    hub = SimHub(world)
    actuator = SimActuator(world, hub)
    consoles = [SimConsole(world, hub, *person) for person in PEOPLE]
    hub.peers = {peer.name: peer for peer in (*consoles, actuator)}
    shift = Run(world, hub, consoles, actuator)
    end = round(busy_s * S_NS)
    _plan_work(shift, end)
    _plan_faults(shift, end)
    world.run_until(end)
    world.calm = True
    world.cut.clear()
    hub.journal.fill(is_full=False)
    world.run_until(end + 15 * S_NS)
    for i, queue in enumerate(hub.core.room[Holds].by_queue):
        release = Act(id=f"end-{i}", kind="queue.release", body={"queue": queue})
        consoles[0].ask(release, ("let go",))
    world.run_until(end + round(calm_s * S_NS))
    _leave_unseen(shift)
    for console in consoles:
        console.look()
        console.close()
    return shift


def _plan_work(shift: Run, end: int) -> None:
    rng = shift.world.rng
    operators = [SimOperator(console) for console in shift.consoles]
    at = 0
    while at < end:
        at += rng.randint(50, 600) * MS
        shift.world.after(at, rng.choice(operators).operate)


def _plan_faults(shift: Run, end: int) -> None:
    rng = shift.world.rng
    for _ in range(rng.randint(0, 6)):
        at = rng.randint(0, end)
        length = rng.randint(100 * MS, 12 * S_NS)
        do, undo = _fault(shift, rng.choice(FAULTS))
        shift.world.after(at, do)
        shift.world.after(at + length, undo)


def _fault(shift: Run, kind: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """What goes wrong, and what ends it."""
    world, hub, actuator = shift.world, shift.hub, shift.actuator
    match kind:
        case "cut" | "half cut":
            name = world.rng.choice(sorted(hub.peers))
            ways = [(name, "hub"), ("hub", name)]
            if kind == "half cut":
                ways = [world.rng.choice(ways)]
            return lambda: world.cut.update(ways), lambda: world.cut.difference_update(ways)
        case "console":
            return world.rng.choice(shift.consoles).reborn, _nothing
        case "torn picture":
            return world.rng.choice(shift.consoles).tear, _nothing
        case "actuator":
            return lambda: actuator.crash() if actuator.is_alive else None, _nothing
        case _:
            return lambda: hub.journal.fill(is_full=True), lambda: hub.journal.fill(is_full=False)


def _leave_unseen(shift: Run) -> None:
    """Somebody goes while nothing can be stored, and comes back long after."""
    world, hub, shift.away = shift.world, shift.hub, PEOPLE[-1][0]
    ways = [(shift.away, "hub"), ("hub", shift.away)]
    hub.journal.fill(is_full=True)
    world.cut.update(ways)
    world.run_until(world.now + 8 * S_NS)
    hub.journal.fill(is_full=False)
    world.run_until(world.now + 4 * S_NS)
    shift.there = frozenset(hub.core.room.operators)
    world.cut.difference_update(ways)
    world.run_until(world.now + 8 * S_NS)


def _nothing() -> None:
    """It ends by itself."""
