"""A small session for window tests: real stores and room, a hub link that is only told things."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from twin.city.asset import CityAsset, FeatureTable, Place, TriangleSoup
from twin.city.frames import Origin
from twin.clock import Clock, SystemClock
from twin.link.client import HubClient
from twin.link.control import HubInfo
from twin.link.presence import PresenceState
from twin.link.presences import Presences
from twin.link.status import LinkState, LinkStatus
from twin.room.fold import Room
from twin.room.model import Operator
from twin.sense.ingest import SampleIngest
from twin.sense.model import Announcement, Datastream, Thing, Unit
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession
from widgets.frame_times import FrameTimes
from widgets.panel import PanelContext
from widgets.viewport import Viewport


class ToldHub:
    """Stands for a `HubClient`; the link's state is what a test says it is."""

    def __init__(self) -> None:
        self.room = Room()
        self.presences = Presences("c1")
        self.shown: list[PresenceState] = []
        self.acts: list[tuple[str, dict[str, Any]]] = []
        self.joined_seq = 0
        self.pending_acts: list[Any] = []
        self.pending: list[Any] = []
        self.refusals: list[Any] = []
        self.is_drill = False
        self.operator = Operator(name="Ada", department="control_room", console_id="c1")
        self.link = LinkStatus(
            state=LinkState.LIVE,
            text="Connected to the hub",
            rtt_ms=3.2,
            last_seq=0,
            n_in_outbox=0,
            endpoint="tcp://127.0.0.1:5710",
        )

    def hub_info(self) -> HubInfo | None:
        return None

    def status(self) -> LinkStatus:
        return self.link

    def poll(self) -> frozenset[str]:
        return frozenset()

    def show(self, state: PresenceState) -> None:
        self.shown.append(state)

    def act(self, kind: str, body: dict[str, Any]) -> str:
        self.acts.append((kind, body))
        return f"act-{len(self.acts)}"

    def may(self, action: str, about: str = "") -> None:
        """Nobody has answered."""

    def go_offline(self) -> None:
        self.link = replace(
            self.link,
            state=LinkState.OFFLINE,
            rtt_ms=None,
            n_in_outbox=2,
            text="Hub not heard for 12 s, trying again",
        )


def small_city(n_features: int = 40) -> CityAsset:
    low = np.zeros((n_features, 3), np.float32)
    low[:, 0] = np.arange(n_features) * 20
    bounds = np.hstack([low, low + 10]).astype(np.float32)
    names = np.array([f"House {i}" if i % 2 else None for i in range(n_features)], object)
    return CityAsset(
        title="Testburg",
        format="CityJSON",
        version="2.0",
        origin=Origin(crs=None),
        features=FeatureTable(
            ids=[f"B{i:04d}" for i in range(n_features)],
            kind_names=("Building",),
            kind_codes=np.zeros(n_features, np.uint16),
            parents=np.full(n_features, -1, np.int32),
            bounds_min_max_local_m=bounds,
            attributes={"name": names},
        ),
        soup=TriangleSoup(
            corners_local_m=np.zeros((0, 3, 3), np.float32),
            features=np.zeros(0, np.int32),
            surfaces=np.zeros(0, np.uint8),
        ),
        places=(
            Place(
                id="p1",
                name="Harbour hospital",
                kind="hospital",
                xyz_local_m=(10.0, 20.0, 0.0),
                district="Old town",
            ),
        ),
    )


def small_session(clock: Clock | None = None, city: CityAsset | None = None) -> TwinSession:
    clock = clock or SystemClock()
    store = ObservationStore(capacity=64, history=32, clock=clock)
    units = UnitStore(capacity=16, history=8, clock=clock)
    announcement = Announcement(
        source="sim",
        epoch="e1",
        things=(
            Thing(id="pump.3", name="Pump 3", kind="pump_station", xyz=(5.0, 6.0, 0.0)),
            Thing(id="loop.9", name="Harbour Street loop", kind="loop", xyz=(50.0, 60.0, 0.0)),
        ),
        datastreams=(
            Datastream(
                index=0,
                id="pump.3/water_level",
                thing_id="pump.3",
                observed_property="water_level",
                unit="m",
                interval_s=5.0,
            ),
            Datastream(
                index=1,
                id="loop.9/traffic_flow",
                thing_id="loop.9",
                observed_property="traffic_flow",
                unit="veh/h",
                interval_s=5.0,
            ),
        ),
        units=(Unit(index=0, id="amb.1", name="Ambulance 1", kind="ambulance"),),
    )
    store.announce(announcement)
    units.announce(announcement)
    ingest = SampleIngest(
        endpoint="tcp://127.0.0.1:1", store=store, units=units, clock=clock
    )  # never started: the window only reads its counters
    return TwinSession(
        city=city or small_city(),
        clock=clock,
        observations=store,
        units=units,
        ingest=ingest,
        hub=cast("HubClient", ToldHub()),
    )


class PlainView(QWidget):
    """Stands for the 3D view where there is no window system."""

    def __init__(self) -> None:
        super().__init__()
        self.frame_times = FrameTimes()
        self.keys: list[str] = []
        self.n_wishes = 0
        self.is_closed = False
        self.has_gpu = False
        self.setMinimumSize(160, 120)

    def send_key(self, name: str) -> None:
        self.keys.append(name)

    def request_frame(self) -> None:
        self.n_wishes += 1

    def close_view(self) -> None:
        self.is_closed = True

    def as_viewport(self) -> Viewport:
        return cast("Viewport", self)


@dataclass
class PanelLog:
    """What happened to the panels of one test."""

    made: int = 0
    refreshed: int = 0
    released: int = 0
    fail_making: bool = False
    fail_refreshing: bool = False


class CountingPanel(QWidget):
    """A panel that counts what is done to it."""

    def __init__(self, log: PanelLog, _context: PanelContext) -> None:
        super().__init__()
        if log.fail_making:
            raise ValueError("no such table")
        self.log = log
        log.made += 1
        QVBoxLayout(self).addWidget(QLabel("A panel"))

    def refresh(self) -> None:
        if self.log.fail_refreshing:
            raise ValueError("the query failed")
        self.log.refreshed += 1

    def release(self) -> None:
        self.log.released += 1
