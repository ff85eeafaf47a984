"""Files that hold keys: written whole, never readable by others, refused when they are.

On systems without POSIX modes (Windows) a file's rights come from its folder and are not checked.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from twin.city.toml_text import toml_text
from twin.errors import TwinError

SECRET_MODE = 0o600
PUBLIC_MODE = 0o644
MAX_FILE_BYTES = 8 << 20
_HAS_MODES = os.name == "posix"
_T = TypeVar("_T")


class KeyFileError(TwinError):
    """A file of keys is missing, damaged, or not as private as it must be."""


def read_secret(path: Path, kind: type[_T]) -> _T:
    """Read a file that nobody else may read.

    Raises
    ------
    KeyFileError
        It cannot be read, others can read it, or it is damaged. The text never quotes the file.
    """
    content, mode = _read(path)
    if _HAS_MODES and mode & 0o077:
        raise KeyFileError(
            f"Others can read this secret key (mode {mode:04o}); if nobody copied it, run"
            f" chmod 600 on it, else make a new one: {path}"
        )
    return _decode(content, path, kind, is_secret=True)


def read_public(path: Path, kind: type[_T]) -> _T:
    """Read a file of public keys that nobody else may write.

    Raises
    ------
    KeyFileError
        It cannot be read, others can write it, or it is damaged.
    """
    content, mode = _read(path)
    if _HAS_MODES and mode & 0o022:
        raise KeyFileError(
            f"Others can write this file of keys (mode {mode:04o}) and so let themselves in; check"
            f" it and run chmod go-w on it: {path}"
        )
    return _decode(content, path, kind, is_secret=False)


def write_toml(path: Path, record: object, *, mode: int, comment: str) -> None:
    """Write a record as TOML, whole or not at all.

    Raises
    ------
    KeyFileError
        The folder cannot be written.
    """
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    fields = msgspec.to_builtins(record)
    content = (head + "\n" + "".join(toml_text(fields, ()))).encode()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise KeyFileError(f"The key cannot be written ({error.strerror}): {path}") from error


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other writers of the folder out, so that no change is lost."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as stream:
        try:
            import fcntl
        except ImportError:  # Windows: two administrators at once are the administrators' matter
            yield
            return
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> tuple[bytes, int]:
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            content = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise KeyFileError(f"There is no such file of keys: {path}") from error
    except OSError as error:
        raise KeyFileError(f"The keys cannot be read ({error.strerror}): {path}") from error
    if len(content) > MAX_FILE_BYTES:
        raise KeyFileError(f"This is too large for a file of keys: {path}")
    return content, mode


def _decode(content: bytes, path: Path, kind: type[_T], *, is_secret: bool) -> _T:
    try:
        table: dict[str, Any] = tomllib.loads(content.decode("utf-8"))
        return msgspec.convert(table, kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError, RecursionError) as error:
        # a parser's message may quote the line, and the line may be a secret
        why = "" if is_secret else f" ({error})"
        cause = None if is_secret else error
        raise KeyFileError(f"This file of keys is damaged{why}: {path}") from cause
