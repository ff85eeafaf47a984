"""A seat of a script without a window: a console in this process; the director's too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twin.clock import Clock
from twin.generate.city import generate_city
from twin.link.client import HubClient
from twin.link.signing import console_id_at
from twin.playback.script import Script
from twin.playback.seat import Hands, Outcome, SeatPlayer
from twin.room.fold import Room
from twin.room.model import Operator
from twin.security.client_keys import unlock
from twin.security.client_security import ClientSecurity
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession
from viewer.stage.passes import Pass

_SMALLEST_CITY = 500
_DATASTREAMS, _UNITS, _KEPT, _UNIT_HISTORY = 20_000, 2_000, 64, 8


class HeadlessSeat:
    """One seat, or with the name "" the director, who judges expectations. One thread."""

    def __init__(
        self, script: Script, name: str, *, endpoint: str, own: Pass, outbox: Path, clock: Clock,
        run: str, tell: Callable[[Outcome], None], hands: Hands,
    ) -> None:  # fmt: skip
        security = ClientSecurity.of_folder(own.folder)
        seat = script.seats.get(name)
        operator = Operator(
            name=seat.operator if seat else "Director",
            department=seat.department if seat else "control_room",
            console_id=console_id_at(security.name),
        )
        observations = ObservationStore(capacity=_DATASTREAMS, history=_KEPT, clock=clock)
        units = UnitStore(capacity=_UNITS, history=_UNIT_HISTORY, clock=clock)
        self._session = TwinSession(
            city=generate_city(_SMALLEST_CITY), clock=clock, observations=observations,
            units=units,
            ingest=SampleIngest(
                endpoint="", store=observations, units=units, clock=clock,
                configure=security.apply,
            ),
            hub=HubClient(
                endpoint=endpoint, operator=operator, outbox_path=outbox, clock=clock,
                security=security, signer=unlock(own.folder, own.person, own.password),
            ),
        )  # fmt: skip
        self._player = SeatPlayer(
            self._session, script, seat=name, run=run,
            last_value=self._session.city_view.last_value, tell=tell, hands=hands,
        )  # fmt: skip
        self._session.ingest.start()
        self._session.hub.start()

    @property
    def room(self) -> Room:
        """The room as it is seen here."""
        return self._session.hub.room

    def step(self) -> None:
        """Call a few times a second."""
        info = self._session.hub.hub_info()
        if info is not None and info.addresses.samples_out != self._session.ingest.endpoint:
            self._session.ingest.set_endpoint(info.addresses.samples_out)
        self._session.poll()
        self._player.step()

    def close(self) -> None:
        """Let go of everything."""
        self._session.ingest.close()
        self._session.hub.close()
