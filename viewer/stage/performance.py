"""One performance of a script: hubs, city and seats are started, the expectations judged.

Everything runs as real processes on loopback with keys of its own. A seat with a window is a
console process; one without is played here. Whoever called gets a result that is plain data.
"""

from __future__ import annotations

import contextlib
import queue
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.clock import NS_PER_S, Clock, SystemClock
from twin.errors import TwinError
from twin.playback.script import Script
from twin.playback.seat import Outcome
from viewer.ports import free_base_port
from viewer.stage.cast import Member
from viewer.stage.passes import CITY, DIRECTOR, WATCHER, Pass, make_passes
from viewer.stage.place import HeadlessSeat

_TICK_S = 0.1
_FIRST_PORT = 5_810
_PORTS_A_HUB = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOptions:
    """How a script is performed.

    Attributes
    ----------
    folder : for keys, journal, logs; the caller's to keep or remove
    windows : names of the seats that get a console with a window
    journal : "" = a file in `folder`, else ``postgresql://…``: then two hubs share it
    samples : "" = ZeroMQ, else ``nats://…``
    policy, interlocks : files; None = none
    rules : file of event rules that are watched; None = none
    pictures : where consoles put their pictures
    buildings, seed : of the generated city
    longest_s : the whole performance may take so long
    """

    folder: Path
    windows: frozenset[str] = frozenset()
    journal: str = ""
    samples: str = ""
    policy: Path | None = None
    interlocks: Path | None = None
    rules: Path | None = None
    pictures: Path | None = None
    buildings: int = 800
    seed: int = 1
    window_size: str = "1280x720"
    theme: str = "light"
    longest_s: float = 900.0


@dataclass(slots=True)
class Result:
    """What a performance came to.

    Attributes
    ----------
    steps : outcome of every step, in the order they ended, plain data
    state_hash : of the room at the end, as the director saw it
    """

    steps: list[dict[str, Any]] = field(default_factory=list)
    state_hash: str = ""
    seq: int = 0
    n_faults: int = 0

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Steps that did not go as they should."""
        return [step for step in self.steps if not step["ok"]]


class Stage:
    """Puts a script on stage. Main thread; close it."""

    def __init__(self, script: Script, options: StageOptions, clock: Clock | None = None) -> None:
        self.script, self.options = script, options
        self.run_id = uuid.uuid4().hex[:12]
        self.result = Result()
        self._clock = clock or SystemClock()
        self.store, self.passes = make_passes(script, options.folder / "keys")
        self._members: list[Member] = []
        self._hubs: list[Member] = []
        self._seats: dict[str, HeadlessSeat] = {}
        self._consoles: dict[str, Member] = {}
        self._open: dict[str, int] = {}

    # --- before -----------------------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """Control addresses of all hubs, as consoles take them."""
        return ",".join(self._addresses)

    @property
    def journal(self) -> str:
        """Where the journal is."""
        return self.options.journal or str(self.options.folder / "journal.sqlite")

    def start(self) -> None:
        """Start hubs, city and seats; the script begins as soon as they are there.

        Raises
        ------
        TwinError
            Something did not start; the text says what and why.
        """
        n_hubs = 2 if self.options.journal else 1
        first = free_base_port(_FIRST_PORT)
        self._ports = [first + _PORTS_A_HUB * i for i in range(n_hubs)]
        self._addresses = [f"tcp://127.0.0.1:{port}" for port in self._ports]
        self._hubs.append(self._start_hub(0))
        self._hubs[0].await_ready()  # before the others: the first one is to be the active one
        self._hubs += [self._start_hub(i) for i in range(1, n_hubs)]
        self._start_city()
        if self.options.rules is not None:
            self._start_watcher(self.options.rules)
        for name in self.script.seats:
            if name in self.options.windows:
                self._consoles[name] = self._start_console(name)
            else:
                self._seats[name] = self._take_place(name, self.passes[name])
            self._open[name] = len(self.script.of_seat(name))
        self._seats[""] = self._take_place("", self.passes[DIRECTOR])
        self._open[""] = len(self.script.of_seat(""))

    def _start_hub(self, i: int) -> Member:
        options = self.options
        arguments = ["hub", "--journal", self.journal, "--base-port", str(self._ports[i])]
        arguments += ["--keys", str(self.store.folder), "--scene", self.script.title]
        if options.policy:
            arguments += ["--policy", str(options.policy)]
        if options.interlocks:
            arguments += ["--interlocks", str(options.interlocks)]
        if options.samples:
            arguments += ["--samples", options.samples]
        if options.journal:
            arguments.append("--standby")
        return self._member(f"hub-{i}-{len(self._members)}", arguments)

    def _start_city(self) -> None:
        options = self.options
        arguments = ["sim", "--hub", self.endpoint, "--keys", str(self.passes[CITY].folder)]
        arguments += ["--buildings", str(options.buildings), "--seed", str(options.seed)]
        arguments += ["--alerts", str(options.folder / "alerts")]
        self._member("city", arguments)

    def _start_watcher(self, rules: Path) -> None:
        own = self.passes[WATCHER]
        arguments = ["watch", str(rules), "--hub", self.endpoint, "--keys", str(own.folder)]
        arguments += ["--person", own.person, "--password-stdin"]
        arguments += ["--seconds", str(self.options.longest_s)]
        self._member("watcher", arguments, standard_input=own.password + "\n")

    def _start_console(self, name: str) -> Member:
        options, seat, own = self.options, self.script.seats[name], self.passes[name]
        arguments = ["demo", "--hub", self.endpoint, "--buildings", str(options.buildings)]
        arguments += ["--seed", str(options.seed), "--operator", seat.operator]
        arguments += ["--department", seat.department, "--keys", str(own.folder)]
        arguments += ["--person", own.person, "--password-stdin", "--theme", options.theme]
        arguments += ["--play", str(self.script.path), "--seat", name, "--run", self.run_id]
        arguments += ["--pictures", str(options.pictures or options.folder)]
        arguments += ["--settings", str(options.folder / f"{name}.ini")]
        arguments += ["--seconds", str(options.longest_s), "--window", options.window_size]
        return self._member(f"console-{name}", arguments, standard_input=own.password + "\n")

    def _member(self, name: str, arguments: list[str], standard_input: str = "") -> Member:
        own = {"XDG_STATE_HOME": str(self.options.folder / "state")}  # outboxes of this run only
        member = Member(
            name, arguments, self.options.folder, environment=own, standard_input=standard_input
        )
        self._members.append(member)
        return member

    def _take_place(self, name: str, own: Pass) -> HeadlessSeat:
        return HeadlessSeat(
            self.script, name, endpoint=self.endpoint, own=own, run=self.run_id,
            outbox=self.options.folder / f"outbox-{name or DIRECTOR}.sqlite", clock=self._clock,
            tell=lambda outcome: self._tell(name, outcome), hands=self,
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
        while any(self._open.values()) and self._clock.monotonic_ns() < end_ns:
            for seat in self._seats.values():
                seat.step()
            for name, console in self._consoles.items():
                self._listen(name, console)
            self._watch()
            for told in self.result.steps[n_told:]:
                on_step(told)
            n_told = len(self.result.steps)
            time.sleep(_TICK_S)
        for name, left in self._open.items():
            for step in self.script.of_seat(name)[-left:] if left else ():
                self._note(name or DIRECTOR, step.line, step.verb, "its turn never came", 0.0)
        room = self._seats[""].room
        self.result.state_hash, self.result.seq = room.state_hash(), room.seq
        return self.result

    def _listen(self, name: str, console: Member) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                said = console.said.get_nowait()
                if "do" in said:
                    self._open[name] -= 1
                    self._note(name, said["line"], said["do"], said["text"], said["took_s"])

    def _tell(self, name: str, outcome: Outcome) -> None:
        self._open[name] -= 1
        step = outcome.step
        self._note(name or DIRECTOR, step.line, step.verb, outcome.text, outcome.took_s)

    def _note(self, who: str, line: int, verb: str, text: str, took_s: float) -> None:
        self.result.steps.append(
            {"seat": who, "line": line, "do": verb, "ok": not text, "text": text, "took_s": took_s}
        )

    def _watch(self) -> None:
        for member in self._members:
            is_hub = member in self._hubs or member.name.startswith("hub")
            if not member.is_running and not is_hub:
                raise TwinError(f"{member.name} ended: {member.last_words()}")

    def show_panel(self, panel_id: str) -> None:
        """The director shows nothing."""

    def picture(self, name: str) -> None:
        """The director takes no pictures."""

    def follow(self, console_id: str) -> None:
        """The director looks nowhere."""

    def fault(self, kind: str) -> None:
        """Break something; "hub_killed": the active hub dies, and comes back or is replaced."""
        if kind != "hub_killed":
            raise TwinError(f"Nobody can break “{kind}”; say hub_killed")
        self.result.n_faults += 1
        self._hubs[0].kill()
        dead = self._hubs.pop(0)
        i = self._ports.index(int(dead.ready["control"].rsplit(":", 1)[1]))
        self._hubs.append(self._start_hub(i))

    # --- after --------------------------------------------------------------------------------

    def close(self) -> None:
        """End everything. Twice is fine."""
        for seat in self._seats.values():
            seat.close()
        self._seats.clear()
        for member in reversed(self._members):
            member.end()
        self._members.clear()


@contextlib.contextmanager
def staged(script: Script, options: StageOptions) -> Iterator[Stage]:
    """A stage that is started and, whatever happens, cleared."""
    stage = Stage(script, options)
    try:
        stage.start()
        yield stage
    finally:
        stage.close()
