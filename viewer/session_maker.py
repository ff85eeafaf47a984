"""Makes the session of one console: stores, sample lane and link to the hub."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from twin.city.areas import areas_of_scene
from twin.city.scene_sources import SceneSources
from twin.link.client import HubClient
from twin.link.hub_link import Given, HubLink
from twin.playback.cursor_clock import CursorClock
from twin.playback.live_memory import LiveMemory, Tap
from twin.playback.no_hub import NoHub
from twin.playback.time_machine import TimeMachine
from twin.recording.reading import Recording
from twin.room.model import Operator
from twin.samples.source import Configure, as_it_is
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession
from twin.signals import Signal
from viewer.city_source import LoadedCity
from viewer.key_arguments import Login, configure_of

OBSERVATIONS_KEPT = 256
MAX_DATASTREAMS = 100_000
MAX_UNITS = 20_000
POSITIONS_KEPT = 16


class MadeSession(NamedTuple):
    """A session that has not begun to listen.

    Attributes
    ----------
    machine : which moment it shows
    memory : what it remembers of the last minutes, None for a replay
    complaints : a sentence for each area that it cannot show
    """

    session: TwinSession
    machine: TimeMachine
    memory: LiveMemory | None
    complaints: list[str]


def made_session(
    loaded: LoadedCity,
    *,
    endpoint: str,
    operator: Operator,
    outbox: Path,
    clock: CursorClock,
    login: Login | None = None,
    recording: Recording | None = None,
) -> MadeSession:
    """The session of a console at a hub, or of one that shows a recording."""
    if recording is not None:
        return make_replay(loaded, recording=recording, operator=operator, clock=clock)
    return make_session(
        loaded, endpoint=endpoint, operator=operator, outbox=outbox, clock=clock, login=login
    )


def make_session(
    loaded: LoadedCity,
    *,
    endpoint: str,
    operator: Operator,
    outbox: Path,
    clock: CursorClock,
    login: Login | None = None,
) -> MadeSession:
    """The session of a console at a hub."""
    security = login.security if login else None
    memory = LiveMemory(clock.real)
    stores = _Stores.made(loaded, clock)
    given: Signal[Given] = Signal()
    hub = HubClient(
        endpoint=endpoint, operator=operator, outbox_path=outbox, clock=clock.real,
        tap=memory.take_fact, on_given=given.emit, security=security,
        signer=login.signer if login else None,
    )  # fmt: skip
    session, complaints = stores.session(
        loaded, clock, hub, tap=memory.take_samples, configure=configure_of(security), given=given
    )
    machine = TimeMachine(session=session, tape=memory.ring, clock=clock)
    return MadeSession(session, machine, memory, complaints)


def make_replay(
    loaded: LoadedCity, *, recording: Recording, operator: Operator, clock: CursorClock
) -> MadeSession:
    """The session of a console that shows a recording and can reach no hub."""
    stores = _Stores.made(loaded, clock)
    session, complaints = stores.session(loaded, clock, NoHub(operator))
    machine = TimeMachine(
        session=session, tape=recording, clock=clock, about=recording.about,
        place=recording.path.name,
    )  # fmt: skip
    return MadeSession(session, machine, None, [*complaints, *recording.damage[:3]])


class _Stores(NamedTuple):
    observations: ObservationStore
    units: UnitStore

    @classmethod
    def made(cls, loaded: LoadedCity, clock: CursorClock) -> _Stores:
        observations = ObservationStore(
            capacity=MAX_DATASTREAMS, history=OBSERVATIONS_KEPT, clock=clock
        )
        observations.set_origin(loaded.asset.origin)
        units = UnitStore(capacity=MAX_UNITS, history=POSITIONS_KEPT, clock=clock)
        return cls(observations, units)

    def session(
        self,
        loaded: LoadedCity,
        clock: CursorClock,
        hub: HubLink,
        *,
        tap: Tap | None = None,
        configure: Configure = as_it_is,
        given: Signal[Given] | None = None,
    ) -> tuple[TwinSession, list[str]]:
        session = TwinSession(
            city=loaded.asset,
            clock=clock,
            observations=self.observations,
            units=self.units,
            ingest=SampleIngest(
                endpoint="",
                store=self.observations,
                units=self.units,
                clock=clock.real,
                tap=tap,
                configure=configure,
            ),
            hub=hub,
            scene_file=loaded.scene_file,
            sources=SceneSources(loaded.reports, loaded.scene_file),
            given=given,
        )
        areas, complaints = areas_of_scene(loaded.scene_file, loaded.asset.origin)
        session.set_areas(areas)
        return session, complaints
