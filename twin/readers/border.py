"""The one place where foreign exceptions of a reading become a `ReadError`."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from twin.errors import ReadError, SourceUnreachableError, TwinError


@contextmanager
def reading(path: Path | str, reader_id: str) -> Iterator[None]:
    """Map everything a broken file can cause to one sentence.

    Raises
    ------
    ReadError
        With the file and the reader. What the caller's progress raises passes through.
    """
    try:
        with np.errstate(all="ignore"), _without_collector():
            yield
    except (ReadError, SourceUnreachableError):
        raise
    except TwinError as error:
        raise ReadError(str(error), path=path, reader_id=reader_id) from error
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        raise ReadError(sentence, path=path, reader_id=reader_id) from error


@contextmanager
def _without_collector() -> Iterator[None]:
    """Stop the cycle collector: parsed JSON is a million containers and not one cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _sentence(error: Exception) -> str | None:
    """What went wrong, for a person; None when it is not the file's fault."""
    reason = " ".join(str(error).split())[:200] or "it contradicts itself"
    sentences: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        (UnicodeError, "The file is not UTF-8 text; save it as UTF-8"),
        (msgspec.DecodeError, f"The file is not valid JSON ({reason})"),
        (RecursionError, "The file is nested too deeply to be a city"),
        (MemoryError, "The file needs more memory than there is"),
        (OSError, f"The file cannot be read ({getattr(error, 'strerror', None) or reason})"),
        (
            (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError),
            f"The file does not follow the rules of its format ({reason})",
        ),
    ]
    return next((text for types, text in sentences if isinstance(error, types)), None)


def json_bytes(content: bytes) -> bytes:
    """The JSON text of a file without a byte order mark.

    Raises
    ------
    UnicodeError
        The text is UTF-16 or UTF-32.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        raise UnicodeError("UTF-16")
    return content.removeprefix(b"\xef\xbb\xbf")
