"""Finds the image files that a city names, inside the city's own folder only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from twin.arrays import Int32Array
from twin.city.asset import CityAsset, Material, ReadWarning, TriangleSoup
from twin.city.tally import Tally

#: Encoded images kept in memory for a city that came out of an archive.
MAX_HELD_BYTES = 512 << 20


def with_images(
    materials: tuple[Material, ...], names: list[str], path: Path, tally: Tally
) -> tuple[Material, ...]:
    """Materials with the image files they name, which lie beside or below the city.

    Parameters
    ----------
    names : image of each material as the file spells it, "" for a plain colour
    path : the city file

    Returns
    -------
    tuple of Material; a material whose image is absent has neither image nor name of one
    """
    found: list[Material] = []
    for material, name in zip(materials, names, strict=True):
        image = None
        if name and not _is_inside(name):
            tally.add("outside-texture", "Texture images outside the city's folder are not opened")
        elif name:
            image = _image_at(path.parent, name)
        if name and image is None:
            tally.add("missing-textures", "Texture images are absent; the city is shown without")
        found.append(replace(material, image=image, name=PurePosixPath(name).name))
    return tuple(found)


def is_image_there(path: Path, name: str) -> bool:
    """Whether the image that a city file at `path` names can be opened."""
    return _is_inside(name) and _image_at(path.parent, name) is not None


def _is_inside(name: str) -> bool:
    inside = PurePosixPath(name.replace("\\", "/"))
    is_away = "://" in name or inside.is_absolute() or PureWindowsPath(name).drive
    return not is_away and ".." not in inside.parts


def _image_at(folder: Path, name: str) -> Path | None:
    """The file, beside the city or (by custom before CityJSON 1.0) in ``appearances``."""
    inside = PurePosixPath(name.replace("\\", "/"))
    try:
        for candidate in (folder / inside, folder / "appearances" / inside):
            if candidate.is_file() and candidate.resolve().is_relative_to(folder.resolve()):
                return candidate
    except (OSError, ValueError):  # a name no file system takes
        pass
    return None


def with_image_bytes(asset: CityAsset) -> CityAsset:
    """The city with its images read, for files that will be gone; too large ones become none."""
    left, n_left_out = MAX_HELD_BYTES, 0
    held: list[Material] = []
    for material in asset.materials:
        image = material.image
        if isinstance(image, Path):
            n_bytes = image.stat().st_size
            fits = n_bytes <= left
            left -= n_bytes if fits else 0
            n_left_out += not fits
            image = image.read_bytes() if fits else None
        held.append(replace(material, image=image))
    warning = ReadWarning("too-many-textures", "Texture images beyond 512 MiB were left out")
    extra = (replace(warning, count=n_left_out),) if n_left_out else ()
    return replace(asset, materials=tuple(held), warnings=(*asset.warnings, *extra))


def without_missing(
    soup: TriangleSoup, materials: tuple[Material, ...], names: list[str]
) -> tuple[TriangleSoup, tuple[Material, ...]]:
    """Triangles forget materials whose image is absent; unused materials go."""
    if soup.materials is None:
        return soup, ()
    missing = [bool(name) and one.image is None for one, name in zip(materials, names, strict=True)]
    numbers: Int32Array = soup.materials.copy()
    gone = np.isin(numbers, np.flatnonzero(missing))
    numbers[gone] = -1
    used = np.unique(numbers[numbers >= 0])
    if not len(used):
        return replace(soup, materials=None, uv=None), ()
    renumbered = np.full(len(materials) + 1, -1, np.int32)
    renumbered[used] = np.arange(len(used))
    kept = tuple(materials[number] for number in used.tolist())
    uv = soup.uv if any(one.image is not None for one in kept) else None
    return replace(soup, materials=renumbered[numbers], uv=uv), kept
