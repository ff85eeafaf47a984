"""Makes the session of one console: stores, sample lane and link to the hub."""

from __future__ import annotations

from pathlib import Path

from twin.city.areas import areas_of_scene
from twin.city.scene_sources import SceneSources
from twin.clock import Clock
from twin.link.client import HubClient
from twin.room.model import Operator
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession
from viewer.city_source import LoadedCity
from viewer.key_arguments import Login, configure_of

OBSERVATIONS_KEPT = 256
MAX_DATASTREAMS = 100_000
MAX_UNITS = 20_000
POSITIONS_KEPT = 16


def make_session(
    loaded: LoadedCity,
    *,
    endpoint: str,
    operator: Operator,
    outbox: Path,
    clock: Clock,
    login: Login | None = None,
) -> tuple[TwinSession, list[str]]:
    """A session that has not begun to listen, and one sentence for each area it cannot show."""
    security = login.security if login else None
    observations = ObservationStore(
        capacity=MAX_DATASTREAMS, history=OBSERVATIONS_KEPT, clock=clock
    )
    units = UnitStore(capacity=MAX_UNITS, history=POSITIONS_KEPT, clock=clock)
    observations.set_origin(loaded.asset.origin)
    session = TwinSession(
        city=loaded.asset,
        clock=clock,
        observations=observations,
        units=units,
        ingest=SampleIngest(
            endpoint="",
            store=observations,
            units=units,
            clock=clock,
            configure=configure_of(security),
        ),
        hub=HubClient(
            endpoint=endpoint,
            operator=operator,
            outbox_path=outbox,
            clock=clock,
            security=security,
            signer=login.signer if login else None,
        ),
        scene_file=loaded.scene_file,
        sources=SceneSources(loaded.reports, loaded.scene_file),
    )
    areas, complaints = areas_of_scene(loaded.scene_file, loaded.asset.origin)
    session.set_areas(areas)
    return session, complaints
