"""Who directs a scene: its clock and the city's, the audience's cues, what breaks and rains."""

from __future__ import annotations

import contextlib
import math
import queue
from collections.abc import Callable
from math import radians
from typing import Any, cast

from twin.clock import Clock
from twin.errors import TwinError
from twin.playback.act_bodies import NotYetError
from twin.playback.hands import NoHands
from twin.playback.scene_clock import SceneClock
from twin.playback.scene_source import SceneSource
from twin.playback.script import Script
from twin.playback.stage_fields import HUB_KILLED
from twin.security.client_security import ClientSecurity
from twin.session import TwinSession
from twin.sim.directing import Break, Inject, Until, Weather, line_of
from twin.sim.injecting import Shape
from viewer.stage.cast import Member

#: The city may be so far behind, seconds of its own, before the scene waits for it.
BEHIND_S = 1.5
#: It may live so far ahead of the scene's clock, so that it does not stand between two looks.
AHEAD_S = 0.3
#: The city lives so long before a scene begins, so that everything was observed.
WARM_UP_S = 4.0
#: What the audience reads while the scene waits for it.
GO_ON = "Press Space to go on"
_USUAL = {"distance_m": 420.0, "azimuth_deg": 20.0, "elevation_deg": 32.0}


class Director(NoHands):
    """The stage's hands while a scene is played. One thread.

    Parameters
    ----------
    session : of the director's console
    city : the simulator, directed
    kill_hub : breaks the hub
    security : keys with which the things of the scene are observed
    audience : the console that can be waited for, None = nobody looks on

    Attributes
    ----------
    clock : of the scene
    source : of the things that the scene brings along, None = none, or not yet
    """

    def __init__(
        self, script: Script, *, clock: Clock, pace: float, session: Callable[[], TwinSession],
        city: Member, kill_hub: Callable[[], None], security: ClientSecurity,
        audience: Member | None = None,
    ) -> None:  # fmt: skip
        self._script, self._session = script, session
        self._city, self._audience, self._kill_hub = city, audience, kill_hub
        self.clock = SceneClock(clock, pace)
        self._machine, self._security = clock, security
        self.source: SceneSource | None = None
        self._elapsed_s = 0.0
        self._stop: dict[str, float] = dict(_USUAL)

    @property
    def is_city_warm(self) -> bool:
        """Whether the city has lived long enough for a scene to begin."""
        return self._elapsed_s >= WARM_UP_S

    def step(self, *, is_live: bool) -> None:
        """Let time pass, as fast as the city and the ways to the hub can follow."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._elapsed_s = self._city.said.get_nowait().get("elapsed_s", self._elapsed_s)
        is_behind = self.clock.city_s - self._elapsed_s > BEHIND_S * max(self.clock.pace, 1.0)
        self.clock.step(is_late=is_behind or not is_live)
        ahead_s = AHEAD_S * self.clock.pace if self.clock.pace <= 1.0 else 0.0
        self._city.send(line_of(Until(seconds=round(self.clock.city_s + ahead_s, 3))))
        self._step_source()

    def begin(self) -> str:
        """Say that the scene begins; its clock runs from now on. Id of the request."""
        self.clock.begin()
        return self._show("scene", title=self._script.title, text="begun",
                          seconds=self._script.length_s)  # fmt: skip

    def end(self) -> str:
        """Say that the scene is over. Id of the request."""
        return self._show("scene", title=self._script.title, text="over")

    def close(self) -> None:
        """Let go of the scene's own source."""
        if self.source is not None:
            self.source.close()
            self.source = None

    # --- verbs ----------------------------------------------------------------------------------

    def fault(self, kind: str, target: str = "") -> str:
        """Break the hub, a sensor or a drive."""
        if kind == HUB_KILLED:
            self._kill_hub()
        else:
            self._city.send(line_of(Break(target=target, kind=kind)))
        return ""

    def weather(self, rain_mm_h: float, seconds: float = 0.0) -> str:
        """Let it rain in the city."""
        self._city.send(line_of(Weather(rain_mm_h=rain_mm_h, seconds=seconds)))
        return ""

    def inject(self, datastream: str, shape: str, by: float = 0.0, seconds: float = 0.0) -> str:
        """Add to what the city observes, or a thing of the scene."""
        what = cast("Shape", shape)
        if self.source is not None and self.source.has(datastream):
            self.source.inject(datastream, what, by, seconds, self.clock.now_s())
        else:
            self._city.send(
                line_of(Inject(datastream=datastream, shape=what, by=by, seconds=seconds))
            )
        return ""

    def caption(self, **fields: Any) -> str:
        """Let the audience read something."""
        return self._show("caption", **fields)

    def highlight(self, things: list[str]) -> str:
        """Let things be seen."""
        return self._show("highlight", things=things)

    def look(self, **fields: Any) -> str:
        """Switch layers of the audience's view."""
        return self._show("look", **fields)

    def camera(self, **fields: Any) -> str:
        """Move the audience's view to a place, or from stop to stop."""
        tour = fields.get("tour") or [fields]
        return self._show("camera", stops=[self._stop_of(one) for one in tour])

    def is_audience_ready(self, text: str) -> bool:
        """Whether somebody has pressed a key; until then the scene stands and the city lives."""
        if self._audience is None:
            return True
        answered = self._take_answers()
        if not self.clock.held:  # who pressed before it was asked for has not seen the question
            self.clock.held = True
            self._show("caption", title=GO_ON if text else "", text=text or GO_ON)
            return False
        if answered:
            self.clock.held = False
            self._show("caption", text="")
        return answered

    # --- inside ---------------------------------------------------------------------------------

    def _take_answers(self) -> bool:
        """Whether somebody has pressed since the last look."""
        is_pressed = False
        if self._audience is not None:
            with contextlib.suppress(queue.Empty):
                while True:
                    is_pressed |= bool(self._audience.said.get_nowait().get("go_on"))
        return is_pressed

    def _show(self, kind: str, **fields: Any) -> str:
        pace = 0.0 if self.clock.held else self.clock.pace
        body = {"kind": kind, "scene_s": round(self.clock.now_s(), 3), "pace": pace, **fields}
        return self._session().hub.act("cue.show", body)

    def _stop_of(self, said: dict[str, Any]) -> list[float]:
        """A stop as numbers; what is not said stays as it was at the stop before."""
        self._stop |= {name: said[name] for name in _USUAL if name in said}
        x, y, z = self._place_of(said["to"])
        angles = [radians(self._stop[name]) for name in ("azimuth_deg", "elevation_deg")]
        return [x, y, z, max(self._stop["distance_m"], 1.0), *angles,
                float(said.get("seconds", 0.0)), float(said.get("stay_s", 0.0))]  # fmt: skip

    def _place_of(self, place: Any) -> tuple[float, float, float]:
        if isinstance(place, list):
            x, y, z = [*place, 0.0][:3]
            return x, y, z
        x, y, z = (float(v) for v in self._session().observations.xyz_of_thing(str(place)))
        if not math.isfinite(x + y + z):
            raise NotYetError(f"nothing called {place} has a place")
        return x, y, z

    def _step_source(self) -> None:
        """Make the scene's own source once the city is known; let it observe."""
        if not self._script.things:
            return
        info = self._session().hub.hub_info()
        if info is None:
            return
        if self.source is None:
            try:
                things = self._script.things
                places = {one.near: self._place_of(one.near) for one in things if one.near}
            except TwinError:
                return
            self.source = SceneSource(
                things, place_of=places.__getitem__, clock=self._machine, security=self._security
            )
        self.source.step(info.addresses.samples_in, self.clock.now_s())
