"""Tileset packages: ``.3tz`` (a zip) and ``.3dtiles`` (an SQLite file with a ``media`` table)."""

from __future__ import annotations

import sqlite3
import threading
import zipfile
import zlib
from pathlib import Path

from twin.tiles.fetch import absent, gunzipped, inner_key, refused, too_large

_START = "tileset.json"
_SQLITE = b"SQLite format 3\x00"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class ZipResources:
    """A ``.3tz`` package. The zip's own directory is used; its index file is optional."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise refused("The 3tz package is not a sound zip", str(path)) from error
        names = self._zip.namelist()
        starts = [_START, f"{_START}.gz"]
        self.start = next((name for name in starts if name in names), "")
        if not self.start:
            self._zip.close()
            raise refused("The 3tz package holds no tileset.json", str(path))

    def resolve(self, base: str, uri: str) -> str:
        """See `Resources.resolve`."""
        return inner_key(base, uri)

    def read(self, key: str, limit: int) -> bytes:
        """See `Resources.read`."""
        try:
            entry = self._zip.getinfo(key)
            if entry.file_size > limit:
                raise too_large(key, limit)
            with self._zip.open(entry) as stream:
                content = stream.read(limit + 1)
        except KeyError as error:
            raise absent(key) from error
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
            raise refused("The 3tz package is broken at a file", key) from error
        except (NotImplementedError, RuntimeError) as error:
            raise refused(
                "The 3tz package packs a file in a way that cannot be unpacked here; repack it "
                "with Deflate",
                key,
            ) from error
        if len(content) > limit:
            raise too_large(key, limit)
        return gunzipped(content, limit, key)

    def exists(self, key: str) -> bool | None:
        """See `Resources.exists`."""
        return key in self._zip.NameToInfo

    def close(self) -> None:
        """Close the zip."""
        self._zip.close()


class SqliteResources:
    """A ``.3dtiles`` package. One connection, opened for reading only, behind a lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self.start = _START
        self._path = path
        try:
            uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise refused("The 3dtiles package is not a sound SQLite file", str(path)) from error
        try:
            self._db.execute("PRAGMA trusted_schema = OFF")
            is_there = self.exists(_START)
        except sqlite3.Error as error:
            self._db.close()
            raise refused("The 3dtiles package is not a sound SQLite file", str(path)) from error
        if not is_there:
            self._db.close()
            raise refused("The 3dtiles package holds no tileset.json", str(path))

    def resolve(self, base: str, uri: str) -> str:
        """See `Resources.resolve`."""
        return inner_key(base, uri)

    def read(self, key: str, limit: int) -> bytes:
        """See `Resources.read`."""
        try:
            with self._lock:
                found = self._db.execute(
                    "SELECT length(content) FROM media WHERE key = ?", (key,)
                ).fetchone()
                if found is None:
                    raise absent(key)
                if not isinstance(found[0], int) or found[0] > limit:
                    raise too_large(key, limit)
                content = self._db.execute(
                    "SELECT content FROM media WHERE key = ?", (key,)
                ).fetchone()[0]
        except sqlite3.Error as error:
            raise refused("The 3dtiles package is broken at a file", key) from error
        if not isinstance(content, bytes):
            content = str(content).encode()
        return gunzipped(content, limit, key)

    def exists(self, key: str) -> bool | None:
        """See `Resources.exists`; `sqlite3.Error` when the file is no package."""
        with self._lock:
            query = self._db.execute("SELECT 1 FROM media WHERE key = ?", (key,))
            return query.fetchone() is not None

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()


def open_package(path: Path) -> ZipResources | SqliteResources | None:
    """The package in a file, by its first bytes or its ending; None when it is none.

    Raises
    ------
    ReadError
        It is a package and broken.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_SQLITE))
    except OSError as error:
        raise refused(f"The file cannot be read ({error.strerror})", str(path)) from error
    if head == _SQLITE:
        return SqliteResources(path)
    if head[:4] in _ZIP:
        return ZipResources(path)
    if path.suffix.lower() == ".3tz":
        raise refused("The 3tz package is not a sound zip", str(path))
    if path.suffix.lower() == ".3dtiles":
        raise refused("The 3dtiles package is not a sound SQLite file", str(path))
    return None
