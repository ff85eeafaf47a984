"""Things that a scene brings along: a source of samples of its own on the hub's public port."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import numpy as np

from twin.clock import NS_PER_S, Clock
from twin.playback.script import SceneThing
from twin.security.client_security import ClientSecurity
from twin.sense.model import Announcement, Datastream, Thing
from twin.sim.injecting import Injections, Shape
from twin.sim.publisher import SamplePublisher
from twin.sim.world import Samples

SOURCE = "scene"
INTERVAL_S = 1.0
ANNOUNCE_S = 5.0


class SceneSource:
    """Observes each thing of a scene once a second: its value, and what was injected. One thread.

    Parameters
    ----------
    place_of : where a thing of the city stands, local metres
    security : keys that may be a source; None = for a hub without keys
    """

    def __init__(
        self,
        things: tuple[SceneThing, ...],
        *,
        place_of: Callable[[str], tuple[float, float, float]],
        clock: Clock,
        security: ClientSecurity | None,
        seed: int = 1,
    ) -> None:
        self._clock = clock
        self._rows = {thing.datastream: row for row, thing in enumerate(things)}
        self._values = np.array([thing.value for thing in things])
        self._injections = Injections(len(things), np.random.default_rng(seed))
        self._publisher = SamplePublisher(_announcement(things, place_of), clock, security)
        self._announced_ns = -(10**18)
        self._due_s = 0.0

    def has(self, datastream: str) -> bool:
        """Whether a datastream is one of this source."""
        return datastream in self._rows

    def inject(
        self, datastream: str, shape: Shape, by: float, seconds: float, now_s: float
    ) -> None:
        """Add to what is observed from now on."""
        self._injections.add(self._rows[datastream], shape, by, seconds, now_s)

    def step(self, endpoint: str, now_s: float) -> None:
        """Observe if it is time to.

        Parameters
        ----------
        endpoint : the hub's samples_in
        now_s : of the scene
        """
        self._publisher.connect(endpoint)
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._announced_ns > ANNOUNCE_S * NS_PER_S and self._publisher.announce():
            self._announced_ns = now_ns
        if now_s < self._due_s:
            return
        self._due_s = now_s + INTERVAL_S
        rows = np.arange(len(self._values), dtype=np.int64)
        values = self._values.copy()
        self._injections.apply(rows, values, now_s)
        t_ns = np.full(len(rows), self._clock.now_ns(), dtype=np.int64)
        quality = np.zeros(len(rows), dtype=np.uint8)
        self._publisher.send_samples(
            Samples(indices=rows, t_ns=t_ns, values=values, quality=quality)
        )

    def close(self) -> None:
        """Let go of the socket."""
        self._publisher.close()


def _announcement(
    things: tuple[SceneThing, ...], place_of: Callable[[str], tuple[float, float, float]]
) -> Announcement:
    return Announcement(
        source=SOURCE,
        epoch=secrets.token_hex(8),
        things=tuple(
            Thing(
                id=thing.thing_id, name=thing.name, kind=thing.kind,
                xyz=place_of(thing.near) if thing.near else thing.xyz,
                department=thing.department,
            )
            for thing in things
        ),
        datastreams=tuple(
            Datastream(
                index=row, id=thing.datastream, thing_id=thing.thing_id,
                observed_property=thing.datastream.rpartition("/")[2], name=thing.name,
                unit=thing.unit, min=0.0, max=thing.max, interval_s=INTERVAL_S,
            )
            for row, thing in enumerate(things)
        ),
        units=(),
    )  # fmt: skip
