"""The processes behind a private console: hub, simulator, watcher, feeds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from twin.errors import TwinError
from viewer.processes import ChildFailedError, ChildProcess, end_text, last_line

READY_TIMEOUT_S = 20.0
MAX_RESTARTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFile:
    """A recorded series to replay as live data: file and further arguments of ``civitwin feed``."""

    path: Path
    arguments: tuple[str, ...] = ()


class PrivateHub:
    """A hub of our own on loopback, brought back with the same journal when it dies.

    Made and closed on the GUI thread; `on_trouble` is called on a worker thread. Its log, and the
    journal unless one is given, lie in ``folder``.
    """

    def __init__(
        self,
        *,
        base_port: int,
        scene: str,
        folder: Path,
        journal: Path | None,
        on_trouble: Callable[[str], None],
    ) -> None:
        self._journal = journal or folder / "journal.sqlite"
        self._log = folder / "hub.log"
        self._arguments = ["hub", "--insecure-loopback", "--journal", str(self._journal)]
        self._arguments += ["--base-port", str(base_port)]
        self._arguments += ["--scene", scene]
        self._on_trouble = on_trouble
        self._ready = threading.Event()
        self._addresses: Mapping[str, object] = {}
        self._n_restarts = 0
        self._is_closed = False
        self._child = self._start()

    @property
    def pid(self) -> int:
        """Process id of the hub that runs now."""
        return self._child.pid

    def control_endpoint(self) -> str:
        """Wait until the hub is ready and return the address of its control socket.

        Raises
        ------
        ChildFailedError
            It ended, or was not ready within 20 s; with its own last words.
        """
        if not self._ready.wait(READY_TIMEOUT_S) or not self._addresses:
            said = last_line(self._log) or "it said nothing"
            raise ChildFailedError(f"The hub did not start: {said}")
        return str(self._addresses["control"])

    def close(self) -> None:
        """Stop the hub."""
        self._is_closed = True
        self._child.stop()

    def _start(self) -> ChildProcess:
        return ChildProcess(
            name="hub",
            arguments=self._arguments,
            log_path=self._log,
            on_ready=self._take_ready,
            on_end=self._take_end,
        )

    def _take_ready(self, fields: Mapping[str, object]) -> None:
        self._addresses = fields
        self._ready.set()

    def _take_end(self, status: int) -> None:
        if self._is_closed:
            return
        if not self._addresses or self._n_restarts >= MAX_RESTARTS:
            self._ready.set()
            self._on_trouble(f"The hub ended: {end_text(status, self._log)}")
            return
        self._n_restarts += 1
        self._on_trouble("The hub ended unexpectedly and is being started again")
        self._child = self._start()


class Companions:
    """Simulator, watcher and feeds of one console. GUI thread; `on_trouble` on a worker thread."""

    def __init__(self, *, folder: Path, on_trouble: Callable[[str], None]) -> None:
        self._folder = folder
        self._on_trouble = on_trouble
        self._children: list[ChildProcess] = []

    def start_simulator(self, hub_endpoint: str, arguments: Sequence[str]) -> None:
        """Start ``civitwin sim`` on the hub."""
        alerts = str(self._folder / "alerts")
        self._start("simulator", ["sim", "--hub", hub_endpoint, "--alerts", alerts, *arguments])

    def start_watcher(self, hub_endpoint: str) -> None:
        """Start ``civitwin watch`` on the hub, with the event rules that come with the program."""
        with as_file(files("resources") / "rules" / "city.toml") as path:
            self._start("watcher", ["watch", str(path), "--hub", hub_endpoint])

    def start_feed(self, hub_endpoint: str, feed: FeedFile) -> None:
        """Start ``civitwin feed`` on the hub."""
        if not feed.path.is_file():
            raise TwinError(f"There is no such file to feed: {feed.path}")
        command = ["feed", str(feed.path), "--hub", hub_endpoint, *feed.arguments]
        self._start(f"feed {feed.path.name}", command)

    def close(self) -> None:
        """Stop all of them."""
        for child in self._children:
            child.stop()
        self._children.clear()

    def _start(self, name: str, arguments: list[str]) -> None:
        log = self._folder / f"{len(self._children)}-{arguments[0]}.log"

        def tell(status: int) -> None:
            if status:
                said = end_text(status, log)
                self._on_trouble(f"The {name} ended: {said}")

        self._children.append(
            ChildProcess(name=name, arguments=arguments, log_path=log, on_end=tell)
        )
