"""One performance of a script: hubs, city and seats are started, the expectations judged.

Everything runs as real processes on loopback with keys of its own. A seat with a window is a
console process; one without is played here. Whoever called gets a result that is plain data.
"""

from __future__ import annotations

import contextlib
import queue
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.clock import NS_PER_S, Clock, SystemClock
from twin.errors import TwinError
from twin.playback.hands import Hands, NoHands
from twin.playback.scene_clock import SceneTime
from twin.playback.script import Script, Step
from twin.playback.seat import Outcome
from twin.playback.stage_fields import HUB_KILLED
from twin.security.client_security import ClientSecurity
from viewer.ports import free_base_port
from viewer.stage.call_sheet import CallSheet, StageOptions
from viewer.stage.cast import Member
from viewer.stage.directing import Director
from viewer.stage.passes import AUDIENCE, DIRECTOR, WATCHER, Pass, make_passes
from viewer.stage.place import HeadlessSeat

_TICK_S, _SCENE_TICK_S = 0.1, 0.05
#: Everybody on stage is there within so long.
_COMING_S = 180.0
_FIRST_PORT = 5_810
_PORTS_A_HUB = 10


@dataclass(slots=True)
class Result:
    """What a performance came to.

    Attributes
    ----------
    steps : outcome of every step, in the order they ended, plain data
    state_hash : of the room at the end, as the director saw it
    scene_s : how long the scene was
    """

    steps: list[dict[str, Any]] = field(default_factory=list)
    state_hash: str = ""
    seq: int = 0
    n_faults: int = 0
    scene_s: float = 0.0

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Steps that did not go as they should."""
        return [step for step in self.steps if not step["ok"]]


class AudienceLeftError(TwinError):
    """Whoever looked on has closed the window."""


class Stage(NoHands):
    """Puts a script on stage. Main thread; close it."""

    def __init__(self, script: Script, options: StageOptions, clock: Clock | None = None) -> None:
        self.script, self.options = script, options
        self.run_id = uuid.uuid4().hex[:12]
        self.result = Result()
        self._clock = clock or SystemClock()
        self.store, self.passes = make_passes(script, options.folder / "keys")
        self._round = 0
        self._ports: list[int] = []
        self._members: list[Member] = []
        self._hubs: list[Member] = []
        self._seats: dict[str, HeadlessSeat] = {}
        self._consoles: dict[str, Member] = {}
        self._over: set[str] = set()
        self._city: Member | None = None
        self._audience: Member | None = None
        self._recorder: Member | None = None
        self._director: Director | None = None

    # --- before -----------------------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """Control addresses of all hubs, as consoles take them."""
        return ",".join(f"tcp://127.0.0.1:{port}" for port in self._ports)

    @property
    def _sheet(self) -> CallSheet:
        return CallSheet(self.script, self.options, self.endpoint, self.passes)

    @property
    def journal(self) -> str:
        """Where the journal is."""
        name = f"journal-{self._round}.sqlite" if self._round else "journal.sqlite"
        return self.options.journal or str(self.options.folder / name)

    def start(self) -> None:
        """Start hubs, city and seats; the script begins as soon as they are there.

        Raises
        ------
        TwinError
            Something did not start; the text says what and why.
        """
        n_hubs = 2 if self.options.journal else 1
        if not self._ports:
            first = free_base_port(_FIRST_PORT)
            self._ports = [first + _PORTS_A_HUB * i for i in range(n_hubs)]
        self._hubs.append(self._start_hub(0))
        self._hubs[0].await_ready()  # before the others: the first one is to be the active one
        self._hubs += [self._start_hub(i) for i in range(1, n_hubs)]
        self._city = self._start_city()
        if self.options.rules is not None:
            watcher = self._sheet.watcher(self.options.rules)
            self._start_with_password("watcher", watcher, self.passes[WATCHER])
        if self.options.audience is not None and self._audience is None:
            audience = self._sheet.audience(self.options.audience)
            self._audience = self._start_with_password("audience", audience, self.passes[AUDIENCE])
        if self.options.record is not None:
            self._recorder = self._member("recorder", self._sheet.recorder(self.options.record))
        if self.options.pace is not None:
            self._director = self._make_director(self._city, self.options.pace)
        time = self._director.clock if self._director else None
        for name in self.script.seats:
            if name in self.options.windows:
                console = self._sheet.console(name, self.run_id)
                self._consoles[name] = self._start_with_password(
                    f"console-{name}", console, self.passes[name]
                )
            else:
                lanes = [self.script.of_seat(name)]
                self._seats[name] = self._take_place(name, self.passes[name], lanes, time)
        lanes = [self.script.of_seat(""), *((step,) for step in self.script.watched())]
        self._seats[""] = self._take_place("", self.passes[DIRECTOR], lanes, time)

    def _make_director(self, city: Member, pace: float) -> Director:
        return Director(
            self.script, clock=self._clock, pace=pace, city=city, audience=self._audience,
            session=lambda: self._seats[""].session, kill_hub=self._kill_hub,
            security=ClientSecurity.of_folder(self.passes[DIRECTOR].folder),
        )  # fmt: skip

    def _start_hub(self, i: int) -> Member:
        arguments = self._sheet.hub(self._ports[i], self.journal, self.store.folder)
        return self._member(f"hub-{i}-{len(self._members)}", arguments)

    def _start_city(self) -> Member:
        return self._member("city", self._sheet.city(), listens=self.options.pace is not None)

    def _start_with_password(self, name: str, arguments: list[str], own: Pass) -> Member:
        return self._member(name, arguments, standard_input=own.password + "\n")

    def _member(
        self, name: str, arguments: list[str], standard_input: str = "", *, listens: bool = False
    ) -> Member:
        own = {"XDG_STATE_HOME": str(self.options.folder / "state")}  # outboxes of this run only
        member = Member(
            name, arguments, self.options.folder, environment=own, standard_input=standard_input,
            listens=listens,
        )  # fmt: skip
        self._members.append(member)
        return member

    def _take_place(
        self, name: str, own: Pass, lanes: Sequence[Sequence[Step]], time: SceneTime | None
    ) -> HeadlessSeat:
        hands: Hands = self if self._director is None else self._director
        return HeadlessSeat(
            self.script, name, endpoint=self.endpoint, own=own, run=self.run_id,
            outbox=self.options.folder / f"outbox-{name or DIRECTOR}.sqlite", clock=self._clock,
            tell=lambda outcome: self._tell(name, outcome), hands=hands, lanes=lanes, time=time,
        )  # fmt: skip

    # --- while it runs ------------------------------------------------------------------------

    def perform(self, on_step: Callable[[dict[str, Any]], None] = lambda _: None) -> Result:
        """Play to the end of the script, or of the time.

        Raises
        ------
        TwinError
            A process ended before its time.
        """
        end_ns = self._clock.monotonic_ns() + round(self.options.longest_s * NS_PER_S)
        n_told = 0
        if self._director is not None:
            self._open_scene(self._director, end_ns)
        while not self._is_over() and self._clock.monotonic_ns() < end_ns:
            end_ns += self._tick()
            for told in self.result.steps[n_told:]:
                on_step(told)
            n_told = len(self.result.steps)
        for name, seat in self._seats.items():
            for step in seat.left:
                self._note(name or DIRECTOR, step, "its turn never came")
        for name in self._consoles.keys() - self._over:
            self._note(name, self.script.of_seat(name)[-1], "its turn never came")
        for told in self.result.steps[n_told:]:
            on_step(told)
        if self._director is not None:
            self.result.scene_s = round(self._director.clock.now_s(), 2)
            self._await_answer(self._director.end(), end_ns)
        room = self._seats[""].room
        self.result.state_hash, self.result.seq = room.state_hash(), room.seq
        return self.result

    def _open_scene(self, director: Director, end_ns: int) -> None:
        """Wait until everybody is there and the city lives, then let the scene's clock run."""
        n_there = len(self._seats) + (self._audience is not None)
        end_ns = min(end_ns, self._clock.monotonic_ns() + round(_COMING_S * NS_PER_S))
        while not (
            director.is_city_warm
            and len(self._seats[""].room.operators) >= n_there
            and self._is_recorded()
            and all(seat.is_live for seat in self._seats.values())
        ):
            if self._clock.monotonic_ns() > end_ns:
                raise TwinError("The scene did not begin: not everybody came in time")
            self._pass_time(director)
            for seat in self._seats.values():
                seat.poll()
        self._await_answer(director.begin(), end_ns)

    def _is_recorded(self) -> bool:
        """Whether the recording has begun, where there is to be one."""
        path = self.options.record
        return path is None or (path.exists() and path.stat().st_size > 0)

    def _await_answer(self, request_id: str, end_ns: int) -> None:
        """Wait until the hub has answered a request of the director."""
        hub = self._seats[""].session.hub
        while any(act.id == request_id for act in hub.pending_acts):
            if self._clock.monotonic_ns() > end_ns:
                return
            self._seats[""].poll()
            self._watch()
            time.sleep(_TICK_S)

    def _is_over(self) -> bool:
        lasts = self._director is not None and (self._director.clock.now_s() < self.script.length_s)
        return (
            not lasts
            and not any(seat.left for seat in self._seats.values())
            and (self._over >= self._consoles.keys())
        )

    def _tick(self) -> int:
        """Let some time pass; how much of it the audience was waited for, nanoseconds."""
        started_ns = self._clock.monotonic_ns()
        if self._director is not None:
            self._pass_time(self._director)
        else:
            time.sleep(_TICK_S)
        for seat in self._seats.values():
            seat.step()
        for name, console in self._consoles.items():
            self._listen(name, console)
        self._watch()
        is_waiting = self._director is not None and self._director.clock.held
        return self._clock.monotonic_ns() - started_ns if is_waiting else 0

    def _pass_time(self, director: Director) -> None:
        time.sleep(_SCENE_TICK_S)
        director.step(is_live=all(seat.is_live for seat in self._seats.values()))
        self._watch()

    def _listen(self, name: str, console: Member) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                said = console.said.get_nowait()
                if said.get("over"):
                    self._over.add(name)
                elif "do" in said:
                    keys = ("line", "do", "text", "took_s")
                    self.result.steps.append(
                        {"seat": name, "ok": not said["text"], **{key: said[key] for key in keys}}
                    )

    def _tell(self, name: str, outcome: Outcome) -> None:
        self._note(name or DIRECTOR, outcome.step, outcome.text, outcome.took_s, outcome.at_s)

    def _note(
        self, who: str, step: Step, text: str, took_s: float = 0.0, at_s: float = 0.0
    ) -> None:
        self.result.steps.append(
            {"seat": who, "line": step.line, "do": step.verb, "ok": not text, "text": text,
             "took_s": took_s, "at_s": at_s, "what": step.when.text()}
        )  # fmt: skip

    def _watch(self) -> None:
        for member in self._members:
            is_hub = member in self._hubs or member.name.startswith("hub")
            if member is self._audience and not member.is_running:
                raise AudienceLeftError("The window was closed before the scene was over")
            if not member.is_running and not is_hub:
                raise TwinError(f"{member.name} ended: {member.last_words()}")

    def fault(self, kind: str, target: str = "") -> str:
        """Break something; "hub_killed": the active hub dies, and comes back or is replaced."""
        if kind != HUB_KILLED:
            raise TwinError(f"Nobody can break “{kind} {target}” here; say {HUB_KILLED}")
        self._kill_hub()
        return ""

    def _kill_hub(self) -> None:
        self.result.n_faults += 1
        self._hubs[0].kill()
        dead = self._hubs.pop(0)
        i = self._ports.index(int(dead.ready["control"].rsplit(":", 1)[1]))
        self._hubs.append(self._start_hub(i))

    # --- after --------------------------------------------------------------------------------

    def start_again(self) -> None:
        """Clear the stage for another round, from an empty room; who looks on stays.

        Raises
        ------
        TwinError
            Something did not start.
        """
        self._clear(keep=self._audience)
        if not self.options.journal:  # a show room plays for days
            for file in Path(self.journal).parent.glob(f"{Path(self.journal).name}*"):
                file.unlink()
        self._round += 1
        self.run_id, self.result = uuid.uuid4().hex[:12], Result()
        self.start()

    def close(self) -> None:
        """End everything. Twice is fine."""
        self._clear(keep=None)

    def _clear(self, keep: Member | None) -> None:
        if self._director is not None:
            self._director.close()
        if self._recorder is not None:  # before anybody leaves, so that the record is of the scene
            self._recorder.end()
        for seat in self._seats.values():
            seat.close()
        self._seats.clear()
        for member in reversed(self._members):
            if member is not keep:
                member.end()
        self._members = [member for member in self._members if member is keep]
        self._hubs.clear()


__all__ = ["AudienceLeftError", "Result", "Stage", "StageOptions", "staged"]


@contextlib.contextmanager
def staged(script: Script, options: StageOptions) -> Iterator[Stage]:
    """A stage that is started and, whatever happens, cleared."""
    stage = Stage(script, options)
    try:
        stage.start()
        yield stage
    finally:
        stage.close()
