"""Command lines of everybody on stage: hub, city, watcher, recorder, consoles, audience."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twin.playback.script import Script
from viewer.stage.passes import AUDIENCE, CITY, RECORDER, WATCHER, Pass

#: An audience may be waited for so long, and with it those who end by themselves.
_WAITS_S = 86_400.0


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
    pace : seconds of the scene a second: the city is directed and keeps the scene's clock; None =
        a script without a clock, in a city that lives by itself
    record : where the run is recorded, None = nowhere
    audience : further arguments of the console that looks on, None = nobody does
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
    pace: float | None = None
    record: Path | None = None
    audience: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CallSheet:
    """Who is called with which arguments of ``civitwin``.

    Attributes
    ----------
    endpoint : control addresses of all hubs
    """

    script: Script
    options: StageOptions
    endpoint: str
    passes: Mapping[str, Pass]

    def hub(self, port: int, journal: str, keys: Path) -> list[str]:
        """One hub."""
        options = self.options
        arguments = ["hub", "--journal", journal, "--base-port", str(port)]
        arguments += ["--keys", str(keys), "--scene", self.script.title]
        if options.policy:
            arguments += ["--policy", str(options.policy)]
        if options.interlocks:
            arguments += ["--interlocks", str(options.interlocks)]
        if options.samples:
            arguments += ["--samples", options.samples]
        if options.journal:
            arguments.append("--standby")
        return arguments

    def city(self) -> list[str]:
        """The simulator: directed where the script has a clock."""
        options, city = self.options, self.script.city
        arguments = ["sim", "--hub", self.endpoint, "--keys", str(self.passes[CITY].folder)]
        arguments += ["--alerts", str(options.folder / "alerts")]
        if options.pace is None:
            return [*arguments, "--buildings", str(options.buildings), "--seed", str(options.seed)]
        arguments += ["--buildings", str(city.buildings), "--seed", str(city.seed)]
        arguments += ["--datastreams", str(city.datastreams), "--units", str(city.units)]
        arguments += ["--speed", str(city.speed), "--weather", city.weather]
        arguments += ["--time-of-day", city.time_of_day]
        return [*arguments, "--sensor-faults", str(city.sensor_faults), "--directed"]

    def watcher(self, rules: Path) -> list[str]:
        """Who raises alarms by rules."""
        own = self.passes[WATCHER]
        arguments = ["watch", str(rules), "--hub", self.endpoint, "--keys", str(own.folder)]
        arguments += ["--person", own.person, "--password-stdin"]
        seconds = self.options.longest_s if self.options.audience is None else _WAITS_S
        return [*arguments, "--seconds", str(seconds)]

    def recorder(self, path: Path) -> list[str]:
        """Who records the run."""
        city = self.script.city
        arguments = ["record", "--hub", self.endpoint, "-o", str(path)]
        arguments += ["--city", f"demo:{city.buildings}:{city.seed}"]
        return [*arguments, "--keys", str(self.passes[RECORDER].folder)]

    def audience(self, further: tuple[str, ...]) -> list[str]:
        """The console that looks on."""
        city, own = self.script.city, self.passes[AUDIENCE]
        arguments = ["demo", "--hub", self.endpoint, "--buildings", str(city.buildings)]
        arguments += ["--seed", str(city.seed), "--operator", "Audience", "--keys", str(own.folder)]
        arguments += ["--person", own.person, "--password-stdin"]
        return [*arguments, "--settings", str(self.options.folder / "audience.ini"), *further]

    def console(self, name: str, run: str) -> list[str]:
        """A seat with a window."""
        options, seat, own = self.options, self.script.seats[name], self.passes[name]
        arguments = ["demo", "--hub", self.endpoint, "--buildings", str(options.buildings)]
        arguments += ["--seed", str(options.seed), "--operator", seat.operator]
        arguments += ["--department", seat.department, "--keys", str(own.folder)]
        arguments += ["--person", own.person, "--password-stdin", "--theme", options.theme]
        arguments += ["--play", str(self.script.path), "--seat", name, "--run", run]
        arguments += ["--pictures", str(options.pictures or options.folder)]
        arguments += ["--settings", str(options.folder / f"{name}.ini")]
        return [*arguments, "--seconds", str(options.longest_s), "--window", options.window_size]
