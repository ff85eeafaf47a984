"""Traffic signals: the plan each follows, what is forced on it, the green its approaches get."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array
from twin.commands.force_signal import MODES
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap

N_PLANS = 4
#: Plan (day, rush hour, night, green corridor) -> gain of north-south, of east-west approaches
_PLAN_GAINS = {1: (1.0, 1.0), 2: (1.12, 1.12), 3: (0.85, 0.85), 4: (1.25, 0.75)}
#: What is forced -> the same; the plan counts where nothing is.
_MODE_GAINS = {1: (1.35, 0.35), 2: (0.35, 1.35), 3: (0.7, 0.7)}
_MAX_SIGNALS = 60
_ACCEPTS = ("signal.set_plan", "signal.force", "signal.release")


class Signals:
    """Signals at the city's own places, or at its busiest crossings.

    Attributes
    ----------
    gains : (M,) factor on the flow of each street segment that the signals ask for
    """

    def __init__(self, city: SiteMap, roster: Roster) -> None:
        self._graph = city.graph
        places = [site.xyz for site in city.at_places(("signal",), _MAX_SIGNALS)]
        nodes = [self._nearest_node(x, y) for x, y, _ in places]
        if not nodes:
            crossings = np.flatnonzero(self._graph.degrees() >= 3)
            busy = city.bustle_at(self._graph.nodes[crossings])
            nodes = crossings[np.argsort(-busy, kind="stable")[:_MAX_SIGNALS]].tolist()
        self._nodes = list(dict.fromkeys(nodes))
        things = [self._thing(roster, k, node) for k, node in enumerate(self._nodes)]
        self._plan_streams = roster.streams(things, "signal_plan")
        self._mode_streams = roster.streams(things, "signal_mode")
        self._plans = np.ones(len(things))
        self._modes = np.zeros(len(things))
        self._row_of = {thing.id: k for k, thing in enumerate(things)}
        self._name_of = {thing.id: thing.name for thing in things}
        self.gains: Float64Array = np.ones(self._graph.n_edges)
        self.acts = {
            "signal.set_plan": Act(
                refuse=self._refuse_plan, begin=self._set_plan, outcome=self._has_plan
            ),
            "signal.force": Act(
                refuse=self._refuse_force, begin=self._force, outcome=self._is_forced
            ),
            "signal.release": Act(
                refuse=self._refuse_release, begin=self._release, outcome=self._is_released
            ),
        }

    def write(self, values: Float64Array) -> None:
        """Write plans and modes."""
        values[self._plan_streams] = self._plans
        values[self._mode_streams] = self._modes

    def _thing(self, roster: Roster, k: int, node: int) -> Thing:
        names = list(dict.fromkeys(self._graph.names[e] for e in self._graph.edges_at(node)))
        title = " / ".join(names[:2])
        number = roster.number(f"Signal {title}")
        x, y, z = self._graph.nodes[node].tolist()
        return roster.add_thing(
            Thing(
                id=f"signal-{k + 1}",
                name=f"Signal {title}" + (f" {number}" if number > 1 else ""),
                kind="signal",
                xyz=(x, y, z + 5.0),
                accepts=_ACCEPTS,
                department="traffic",
            )
        )

    def _nearest_node(self, x: float, y: float) -> int:
        return int(np.argmin(((self._graph.nodes[:, :2] - (x, y)) ** 2).sum(axis=1)))

    def _refuse_plan(self, target: str, args: Args) -> str:
        plan, row = int(args["plan"]), self._row_of[target]
        if plan not in _PLAN_GAINS:
            return f"{self._name_of[target]} has plans 1 to {N_PLANS}, not {plan}"
        if self._plans[row] == plan:
            return f"{self._name_of[target]} already runs plan {plan}"
        if self._modes[row]:
            return f"{self._name_of[target]} is forced just now; release it first"
        return ""

    def _set_plan(self, target: str, args: Args) -> str:
        plan = int(args["plan"])
        self._plans[self._row_of[target]] = plan
        self.gains = self._wanted_gains()
        return f"{self._name_of[target]} changes to plan {plan} at the end of its cycle"

    def _has_plan(self, target: str, args: Args) -> str:
        is_set = self._plans[self._row_of[target]] == int(args["plan"])
        return f"{self._name_of[target]} runs plan {int(args['plan'])}" if is_set else ""

    def _refuse_force(self, target: str, args: Args) -> str:
        mode = MODES.get(str(args["mode"]), 0)
        if not mode:
            return f"A signal can be forced to {', '.join(MODES)}"
        is_so = self._modes[self._row_of[target]] == mode
        return f"{self._name_of[target]} is forced to that already" if is_so else ""

    def _force(self, target: str, args: Args) -> str:
        self._modes[self._row_of[target]] = MODES[str(args["mode"])]
        self.gains = self._wanted_gains()
        return f"{self._name_of[target]} leaves its plan"

    def _is_forced(self, target: str, args: Args) -> str:
        is_so = self._modes[self._row_of[target]] == MODES[str(args["mode"])]
        words = str(args["mode"]).replace("_", " ")
        return f"{self._name_of[target]} shows {words}" if is_so else ""

    def _refuse_release(self, target: str, _: Args) -> str:
        is_forced = self._modes[self._row_of[target]] > 0
        return "" if is_forced else f"{self._name_of[target]} already follows its plan"

    def _release(self, target: str, _: Args) -> str:
        self._modes[self._row_of[target]] = 0.0
        self.gains = self._wanted_gains()
        return f"{self._name_of[target]} goes back to its plan"

    def _is_released(self, target: str, _: Args) -> str:
        is_free = self._modes[self._row_of[target]] == 0
        return f"{self._name_of[target]} follows its plan" if is_free else ""

    def _wanted_gains(self) -> Float64Array:
        gains = np.ones(self._graph.n_edges)
        settings = zip(
            self._nodes, self._plans.astype(int).tolist(), self._modes.astype(int).tolist(),
            strict=True,
        )  # fmt: skip
        for node, plan, mode in settings:
            north_south, east_west = _MODE_GAINS.get(mode, _PLAN_GAINS[plan])
            for edge in self._graph.edges_at(node):
                ends = self._graph.nodes[[self._graph.first[edge], self._graph.second[edge]]]
                east, north = np.abs(ends[1] - ends[0])[:2]
                gains[edge] *= north_south if north > east else east_west
        return np.asarray(np.clip(gains, 0.3, 1.5))
