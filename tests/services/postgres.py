"""A private PostgreSQL for tests: real server, own folder, a free loopback port, gone at the end.

`postgres` is the fixture; `running_postgres` the same for scripts and benchmarks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
_WAIT_S = 60.0
_INIT = ("-U", "civitwin", "-A", "trust", "-N", "--encoding=UTF8", "--locale=C")


class Postgres:
    """One running server.

    Attributes
    ----------
    url : of an empty database, as its superuser
    """

    def __init__(self, folder: Path) -> None:
        self._bin = _programs()
        self._folder = folder
        self._as_user = _unprivileged(folder)
        self._log = (folder / "log.txt").open("ab")
        self._run("initdb", "-D", str(folder / "data"), *_INIT)
        self.port = _free_port()
        self.url = f"postgresql://civitwin@127.0.0.1:{self.port}/postgres"
        self.process = self.start()

    def room_url(self) -> str:
        """Place of a journal that nobody else uses."""
        return f"{self.url}?room=test_{uuid.uuid4().hex[:12]}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server on the same port as before and wait until it answers."""
        command = [
            *self._as_user, str(self._bin / "postgres"), "-D", str(self._folder / "data"),
            "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={self._folder}", "-c", "max_connections=50",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        end = time.monotonic() + _WAIT_S
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > end:
                    said = (self._folder / "log.txt").read_text()[-2_000:]
                    raise RuntimeError(f"PostgreSQL does not start: {said}") from None
                time.sleep(0.02)
            else:
                return self.process

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it: SIGINT in order, SIGQUIT as a crash."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(_WAIT_S)

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        self._log.close()

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._bin / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def _programs() -> Path:
    done = subprocess.run(
        ["bash", str(ROOT / "scripts" / "postgresql.sh")],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Path(done.stdout.split()[-1])


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses root: then it runs as nobody, who must own the folder."""
    if os.getuid():
        return []
    folder.chmod(0o755)
    os.chown(folder, 65_534, 65_534)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for the time of a ``with``."""
    folder = Path(tempfile.mkdtemp(prefix="civitwin-postgres-"))
    try:
        server = Postgres(folder)
        try:
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of a run; tests take rooms of their own (`Postgres.room_url`)."""
    with running_postgres() as server:
        yield server
