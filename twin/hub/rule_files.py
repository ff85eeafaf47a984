"""Files of rules that may change while the hub runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from twin.errors import TwinError

T = TypeVar("T")
_Stamp = tuple[int, int, int]


class RuleFile(Generic[T]):
    """A file that is read again when it has changed. One thread.

    A file that cannot be read, or holds a mistake, changes nothing: the former rules stay in force
    and `trouble` says why.

    Parameters
    ----------
    load : reads the whole file, raises `TwinError` with a sentence

    Raises
    ------
    TwinError
        From the constructor: it cannot be used as it is.

    Attributes
    ----------
    value : what the file held when it was last sound
    trouble : why the newest content is not in force, "" = it is
    """

    def __init__(self, path: Path, load: Callable[[Path], T]) -> None:
        self._path, self._load = path, load
        self._stamp = self._look()
        self.value: T = load(path)
        self.trouble = ""

    def has_changed(self) -> bool:
        """Look whether the file is another one, and read it; True = `value` or `trouble` moved."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self.value = self._load(self._path)
        except TwinError as error:
            is_news = self.trouble != str(error)
            self.trouble = str(error)
            return is_news
        self.trouble = ""
        return True

    def _look(self) -> _Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
