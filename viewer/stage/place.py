"""A seat of a script without a window: a console in this process; the director's too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from twin.city.asset import CityAsset
from twin.clock import Clock
from twin.generate.city import generate_city
from twin.link.client import HubClient
from twin.link.signing import console_id_at
from twin.link.status import LinkState
from twin.playback.hands import Hands
from twin.playback.scene_clock import SceneTime
from twin.playback.script import Script, Step
from twin.playback.seat import Outcome, SeatPlayer
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


@cache
def _small_city() -> CityAsset:
    """A seat without a window looks at no city; its session wants one."""
    return generate_city(_SMALLEST_CITY)


class HeadlessSeat:
    """One seat, or with the name "" the director, who judges expectations. One thread.

    Parameters
    ----------
    lanes : steps that follow each other, lane by lane; the lanes go on beside each other
    time : of the scene; None = the machine's
    """

    def __init__(
        self, script: Script, name: str, *, endpoint: str, own: Pass, outbox: Path, clock: Clock,
        run: str, tell: Callable[[Outcome], None], hands: Hands, lanes: Sequence[Sequence[Step]],
        time: SceneTime | None = None,
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
        self.session = TwinSession(
            city=_small_city(), clock=clock, observations=observations,
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
        self._players = [
            SeatPlayer(
                self.session, script, seat=name, run=run, tell=tell, hands=hands, time=time,
                last_value=self.session.city_view.last_value, steps=lane,
            )
            for lane in lanes
        ]  # fmt: skip
        self.session.ingest.start()
        self.session.hub.start()

    @property
    def room(self) -> Room:
        """The room as it is seen here."""
        return self.session.hub.room

    @property
    def is_live(self) -> bool:
        """Whether the hub is heard."""
        return self.session.hub.status().state is LinkState.LIVE

    @property
    def left(self) -> list[Step]:
        """Steps that are still to come."""
        return [step for player in self._players for step in player.left]

    def poll(self) -> None:
        """Hear the hub and the city."""
        info = self.session.hub.hub_info()
        if info is not None and info.addresses.samples_out != self.session.ingest.endpoint:
            self.session.ingest.set_endpoint(info.addresses.samples_out)
        self.session.poll()

    def step(self) -> None:
        """Call a few times a second."""
        self.poll()
        for player in self._players:
            player.step()

    def close(self) -> None:
        """Let go of everything."""
        self.session.ingest.close()
        self.session.hub.close()
