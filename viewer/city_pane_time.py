"""How far views are behind live, and the past that the stores still know for them."""

from __future__ import annotations

from scenes.scene_input import Past
from twin.clock import NS_PER_S
from twin.sense.snapshot import ObservationSnapshot
from twin.sense.unit_past import UnitPast
from twin.session import TwinSession

#: How much further back or forward one press of a key goes.
STEP_NS = 10 * NS_PER_S
#: What the menu of a view offers.
CHOICES_S = (10, 30, 60, 120, 300, 600)


class SharedPast:
    """Earlier moments for all views of a console. GUI thread.

    Values come from the rings of the observation store, as far as each reaches; positions from
    moments noted since the console started. Commands and areas are not kept: they are shown as
    they are now, but for closed roads and pumps, which say themselves how they are.
    """

    def __init__(self, session: TwinSession) -> None:
        self._session = session
        self._units = UnitPast(session.units)
        #: Values by second, and the seconds asked for since one was last added.
        self._values: dict[int, ObservationSnapshot] = {}
        self._asked: set[int] = set()

    def note(self) -> None:
        """Keep this moment; call it about once a second."""
        self._units.note(self._session.clock.now_ns())

    def reach_ns(self) -> int:
        """How far back positions are kept now."""
        oldest_ns = self._units.oldest_ns
        now_ns = self._session.clock.now_ns()
        return 0 if oldest_ns is None else max(now_ns - oldest_ns, 0)

    def at(self, t_ns: int) -> Past:
        """What was at a moment: values to the second, positions smoothly."""
        second, store = t_ns // NS_PER_S, self._session.observations
        kept = self._values.get(second)
        # One taken before a datastream was announced is too short for layers that know it.
        if kept is None or kept.catalogue_version != store.catalogue_version:
            self._values = {s: kept for s, kept in self._values.items() if s in self._asked}
            self._asked = set()
            self._values[second] = store.snapshot_at(second * NS_PER_S)
        self._asked.add(second)
        return Past(self._values[second], self._units.at(t_ns))


def behind_text(behind_ns: int) -> str:
    """How far behind live, for a person: "00:40 behind live"; "" for live."""
    if behind_ns <= 0:
        return ""
    minutes, seconds = divmod(round(behind_ns / NS_PER_S), 60)
    return f"{minutes:02d}:{seconds:02d} behind live"
