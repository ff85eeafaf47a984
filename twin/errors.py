"""The errors a person may meet. Their text is one sentence: what, where, what to do."""

from __future__ import annotations

from pathlib import Path


class TwinError(Exception):
    """Root of all errors that are shown to a person as one clear sentence."""


class ReadError(TwinError):
    """A file could not be read as a city.

    Attributes
    ----------
    path : Path
        The file; made from the URL's text for what lies on a server.
    reader_id : str
        The reader that gave up, empty when no reader knew the file.
    """

    def __init__(self, message: str, *, path: Path | str, reader_id: str = "") -> None:
        super().__init__(f"{message}: {path}")
        self.path = Path(path)
        self.reader_id = reader_id


class CrsError(TwinError):
    """A coordinate reference system is unknown or does not fit the data."""


class WireError(TwinError):
    """A message on a socket breaks the wire format. Counted, never fatal."""


class CommandRejected(TwinError):
    """The hub refuses a command; the text is shown to the operator."""


class SourceUnreachableError(TwinError):
    """A server or a part of a source cannot be had just now; trying again later may help."""
