"""A city inside a zip, with the files beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from twin.city.asset import CityAsset, ReadWarning
from twin.city.images import with_image_bytes
from twin.errors import ReadError
from twin.readers.base import (
    SNIFF_BYTES,
    Progress,
    ReaderType,
    ReadOptions,
    reader_registry,
)
from twin.readers.border import reading

_ID = "zip"
#: A zip that unpacks to more than this must be unpacked by the person.
MAX_UNPACKED_BYTES = 1 << 30
MAX_MEMBERS = 20_000


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read the city inside a zip; the first by name when there are several. Any thread.

    Raises
    ------
    ReadError
        The zip is broken, too large, locked, or holds no city; or the city in it is broken.
    """
    import tempfile
    import zipfile

    with (
        reading(path, _ID),
        tempfile.TemporaryDirectory(prefix="civitwin-zip-", ignore_cleanup_errors=True) as folder,
    ):
        try:
            names = _unpack(path, Path(folder))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            reason = " ".join(str(error).split())[:120]
            raise ReadError(
                f"The zip cannot be unpacked ({reason})", path=path, reader_id=_ID
            ) from error
        cities = _cities(Path(folder), names)
        if not cities:
            raise ReadError("The zip holds no city of a known format", path=path, reader_id=_ID)
        city, reader = cities[0]
        asset = with_image_bytes(_read_inner(path, city, reader, options, progress))
    name = city.relative_to(folder).as_posix()
    inside = ReadWarning("inside-zip", f"The city {name} inside the zip was opened")
    others = [ReadWarning("other-cities", "The zip holds more cities", len(cities) - 1)]
    warnings = (inside, *(others if len(cities) > 1 else []), *asset.warnings)
    return replace(asset, path=path, warnings=warnings)


def _read_inner(
    path: Path, city: Path, reader: ReaderType, options: ReadOptions, progress: Progress
) -> CityAsset:
    try:
        return reader.read(city, options, progress)
    except ReadError as error:
        sentence = str(error).removesuffix(f": {error.path}")
        raise ReadError(
            f"{sentence} (in {city.name} inside the zip)", path=path, reader_id=error.reader_id
        ) from error


def _unpack(path: Path, folder: Path) -> list[Path]:
    """Unpack all plain members; gives where they lie, in the order of their names."""
    import shutil
    import zipfile

    unpacked: list[Path] = []
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        n_bytes = sum(one.file_size for one in members)
        if n_bytes > MAX_UNPACKED_BYTES or len(members) > MAX_MEMBERS:
            raise ReadError(
                "The zip is too large to open as it is; unpack it and open the city in it",
                path=path,
                reader_id=_ID,
            )
        for member in sorted(members, key=lambda one: one.filename):
            inside = PurePosixPath(member.filename)
            if inside.is_absolute() or ".." in inside.parts or "__MACOSX" in inside.parts:
                continue
            target = folder.joinpath(*inside.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            # zipfile stops at the size the member claims, so the sum above holds.
            with archive.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            unpacked.append(target)
    return unpacked


def _cities(folder: Path, names: list[Path]) -> list[tuple[Path, ReaderType]]:
    """Members that a reader knows, shallowest first."""
    readers = sorted(reader_registry(), key=lambda reader: -reader.priority)
    found: list[tuple[Path, ReaderType]] = []
    for name in sorted(names, key=lambda one: len(one.relative_to(folder).parts)):
        if name.name.startswith("."):
            continue
        with name.open("rb") as stream:
            head = stream.read(SNIFF_BYTES)
        reader = next((one for one in readers if one.id != _ID and one.sniff(name, head)), None)
        if reader is not None and head.strip():
            found.append((name, reader))
    return found


def sniff(_path: Path, head: bytes) -> bool:
    """Whether it is a zip by its first bytes."""
    return head.startswith(b"PK\x03\x04")


READER = ReaderType(
    id=_ID, title="A city inside a zip", suffixes=(".zip",), sniff=sniff, read=read, priority=100
)
