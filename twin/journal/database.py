"""A connection to the PostgreSQL database that holds a journal: place, errors, reconnecting."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg

from twin.journal.base import JournalError, JournalLostError

LEASE_S = 5.0
_LEASE_MIN_S, _LEASE_MAX_S = 0.5, 60.0
_CONNECT_S = 5
_STATEMENT_S = 10
_OLDEST_SERVER = 130_000
_ROOM = re.compile(r"[a-z][a-z0-9_]{0,39}")
_REQUIRED = {"fsync": "on", "full_page_writes": "on", "server_encoding": "UTF8"}
_SETTINGS = ("search_path", "synchronous_commit", "statement_timeout", "client_min_messages")
# A server that vanished without a word is noticed after some ten seconds, not after hours.
_SOCKET = {
    "connect_timeout": _CONNECT_S,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
}


class ConnectionGoneError(JournalLostError):
    """The server is not reached; whether a statement under way was carried out is not known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which database, and which room in it.

    Attributes
    ----------
    conninfo : for libpq
    lease_s : how long the writer's lease lasts without being renewed
    schema : PostgreSQL schema of the room's tables
    shown : for messages, without password
    """

    conninfo: str
    schema: str
    shown: str
    lease_s: float = LEASE_S


def place_of(url: str) -> Place:
    """Read ``postgresql://user@host:port/database?room=NAME&lease_s=5``; raises `JournalError`."""
    try:
        parts = urlsplit(url)
        asked = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise JournalError(f"The database's address cannot be read ({error}): {url}") from error
    rooms = [value for name, value in asked if name == "room"]
    room = rooms[-1] if rooms else ""
    if rooms and not _ROOM.fullmatch(room):
        raise JournalError(
            "A room's name has 1 to 40 of the letters a-z, digits and _, beginning with a letter;"
            f" {room!r} has not"
        )
    others = [(name, value) for name, value in asked if name not in {"room", "lease_s"}]
    conninfo = urlunsplit(parts._replace(query=urlencode(others)))
    host = parts.netloc.rpartition("@")[2]
    user = parts.username or ""
    netloc = f"{user}@{host}" if user else host
    query = urlencode([one for one in asked if one[0] != "password"])
    shown = urlunsplit(parts._replace(netloc=netloc, query=query))
    schema = f"civitwin_{room}" if room else "civitwin"
    return Place(conninfo, schema, shown, _lease_s(dict(asked).get("lease_s", str(LEASE_S))))


def _lease_s(text: str) -> float:
    if (
        not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text)
        or not _LEASE_MIN_S <= float(text) <= _LEASE_MAX_S
    ):
        raise JournalError(
            f"A writer's lease lasts {_LEASE_MIN_S:g} to {_LEASE_MAX_S:g} seconds, not {text!r}"
        )
    return float(text)


class Database:
    """One connection, every statement its own transaction unless in `transaction`. One thread.

    Raises
    ------
    ConnectionGoneError
        The server cannot be reached.
    JournalError
        It is not one that keeps what it acknowledged.
    """

    def __init__(self, place: Place, name: str = "civitwin") -> None:
        self.place = place
        self._name = name
        self.connection = self._connected()

    def reconnect(self) -> None:
        """Take a new connection; raises `JournalError`."""
        self.connection.close()
        self.connection = self._connected()

    def query(self, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        """Run one statement; its rows, or [] if it gives none.

        Raises
        ------
        ConnectionGoneError
            The connection broke.
        JournalError
            The statement failed and changed nothing.
        """
        try:
            cursor = self.connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._error(error) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        try:
            with self.connection.transaction():
                yield
        except psycopg.Error as error:
            raise self._error(error) from error

    def wait(self, timeout_s: float) -> bool:
        """Wait until something is told on the schema's channel; whether it was."""
        try:
            return any(True for _ in self.connection.notifies(timeout=timeout_s, stop_after=1))
        except psycopg.Error as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Close the connection. Twice is fine."""
        self.connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        try:
            connection = psycopg.connect(
                self.place.conninfo,
                autocommit=True,
                **({"application_name": self._name} | _SOCKET),  # type: ignore[arg-type]
            )
        except psycopg.Error as error:
            raise ConnectionGoneError(
                f"The journal's database cannot be reached ({_first_line(error)}):"
                f" {self.place.shown}"
            ) from error
        try:
            values = (self.place.schema, "on", f"{_STATEMENT_S}s", "warning")
            for setting in zip(_SETTINGS, values, strict=True):
                connection.execute("SELECT set_config(%s, %s, false)", setting)
            self._require_trustworthy(connection)
        except psycopg.Error as error:
            connection.close()
            raise self._error(error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _require_trustworthy(self, connection: psycopg.Connection[Any]) -> None:
        if connection.info.server_version < _OLDEST_SERVER:
            raise JournalError(
                f"PostgreSQL {_OLDEST_SERVER // 10_000} or newer is needed: {self.place.shown}"
            )
        for setting, wanted in _REQUIRED.items():
            row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
            if row is None or row[0] != wanted:
                raise JournalError(
                    f"The database can lose or change what it stored: {setting} is"
                    f" {row and row[0]}, it must be {wanted}: {self.place.shown}"
                )

    def _error(self, error: psycopg.Error) -> JournalError:
        if self.connection.closed:
            return ConnectionGoneError(
                f"The connection to the journal's database broke ({_first_line(error)}):"
                f" {self.place.shown}"
            )
        return JournalError(
            f"The journal's database refuses ({_first_line(error)}): {self.place.shown}"
        )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip()
