"""One console's view of the twin: everything panels and scenes read, made once in the app."""

from __future__ import annotations

from dataclasses import dataclass

from twin.city.asset import CityAsset
from twin.clock import Clock
from twin.link.client import HubClient
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.signals import Signal


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected: at most one of a feature row, a thing id, a unit id."""

    feature: int = -1
    thing_id: str = ""
    unit_id: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected."""
        return self.feature < 0 and not self.thing_id and not self.unit_id


NOTHING = Selection()


class TwinSession:
    """City, observations, units, room and link of one console.

    Signals (all emitted on the GUI thread)
    -------
    selection_changed(Selection)
        After `select`.
    room_changed(frozenset[str])
        Names of the parts of the room that moved ("commands", "activity", "operators").
    colour_by_changed(str)
        Observed property or attribute the city is coloured by; "" = plain.
    fly_to_requested(tuple x, y, z, distance)
        Somebody wants the camera there, local metres.
    message(str)
        One sentence for the operator, shown for a few seconds.
    """

    def __init__(
        self,
        *,
        city: CityAsset,
        clock: Clock,
        observations: ObservationStore,
        units: UnitStore,
        ingest: SampleIngest,
        hub: HubClient,
    ) -> None:
        self.city = city
        self.clock = clock
        self.observations = observations
        self.units = units
        self.ingest = ingest
        self.hub = hub
        self.selection = NOTHING
        self.colour_by = ""
        self.selection_changed: Signal[Selection] = Signal()
        self.room_changed: Signal[frozenset[str]] = Signal()
        self.colour_by_changed: Signal[str] = Signal()
        self.fly_to_requested: Signal[tuple[float, float, float, float]] = Signal()
        self.message: Signal[str] = Signal()

    def select(self, selection: Selection) -> None:
        """Make `selection` the current one and tell everybody."""
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit(selection)

    def colour_city_by(self, name: str) -> None:
        """Colour the city by an observed property or attribute, "" for the plain model."""
        if name != self.colour_by:
            self.colour_by = name
            self.colour_by_changed.emit(name)

    def poll(self) -> None:
        """Apply what came from the hub since the last call. GUI thread, once a frame."""
        changed = self.hub.poll()
        if changed:
            self.room_changed.emit(changed)
