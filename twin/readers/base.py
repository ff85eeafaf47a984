"""The record of a city reader, and how a file finds its reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from twin.city.asset import CityAsset
from twin.city.frames import Origin
from twin.errors import ReadError
from twin.registry import Registry

SNIFF_BYTES = 65_536

#: Called now and then with the fraction done (0..1); raising from it cancels the reading.
Progress = Callable[[float], None]


def no_progress(fraction: float) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a person may choose when opening a file.

    Attributes
    ----------
    lod : level of detail wanted, "" = the best one
    crs : CRS to use when the file names none, "" = leave it not georeferenced
    origin : frame of the scene it is read for; only readers of terrain give their asset in it,
        None = the file's own
    focus_local_m : xmin ymin xmax ymax in that frame: where the rest of the scene lies
    """

    lod: str = ""
    crs: str = ""
    origin: Origin | None = None
    focus_local_m: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderType:
    """Record of one file format (upper-case ``READER`` of a module in `twin.readers`).

    Attributes
    ----------
    suffixes : lower-case endings, longest first, e.g. (".city.json", ".json")
    sniff : from the first 64 KiB (decoded if compressed) says whether it is ours; never raises
    read : path, options, progress -> CityAsset; raises only `twin.errors.TwinError`
    priority : asked in falling order
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Path, bytes], bool]
    read: Callable[[Path, ReadOptions, Progress], CityAsset]
    priority: int = 0


@lru_cache(maxsize=1)
def reader_registry() -> Registry[ReaderType]:
    """All readers."""
    return Registry(ReaderType).load_all("twin.readers")


def open_city(
    path: Path, options: ReadOptions | None = None, progress: Progress = no_progress
) -> CityAsset:
    """Read any city file. Any thread; long for large files.

    Raises
    ------
    ReadError
        The file is absent, unreadable, of no known format or broken.
    """
    path = file_of(path)
    return reader_of(path).read(path, options or ReadOptions(), progress)


def file_of(path: Path) -> Path:
    """The file that a folder stands for: its tileset; other paths stay as they are."""
    tileset = path / "tileset.json"
    return tileset if tileset.is_file() else path


def reader_of(path: Path) -> ReaderType:
    """The reader of a file, from its name and its first bytes.

    Raises
    ------
    ReadError
        The file is absent, unreadable or of no known format.
    """
    if path.is_dir():
        if not (path / "tileset.json").is_file():
            raise ReadError(
                "This folder holds no scene.toml and no tileset.json; choose a file in it",
                path=path,
            )
        path = path / "tileset.json"
    if not path.is_file():
        raise ReadError("There is no such file", path=path)
    try:
        with path.open("rb") as stream:
            head = stream.read(SNIFF_BYTES)
    except OSError as error:
        raise ReadError(f"The file cannot be read ({error.strerror})", path=path) from error
    if not head.strip():
        raise ReadError("The file is empty", path=path)
    readers = sorted(reader_registry(), key=lambda reader: -reader.priority)
    for reader in readers:
        if reader.sniff(path, head):
            return reader
    known = ", ".join(sorted({suffix for reader in readers for suffix in reader.suffixes}))
    raise ReadError(f"No reader knows this format (known endings: {known})", path=path)
