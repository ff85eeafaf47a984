"""Photographs of façades made ready for drawing: decoded, made small enough, put on few pages."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.arrays import BoolArray, Float32Array, Int64Array, UInt8Array
from twin.city.asset import CityAsset, Material

if TYPE_CHECKING:
    from PIL import Image

#: Memory of all photographs on the graphics side, mipmaps included.
MAX_TEXTURE_BYTES = 256 << 20
#: A photograph is never larger than this; more is halved until all fit the memory.
MAX_SIDE_PX, LEAST_SIDE_PX = 2048, 32
#: Photographs up to this size share pages, once there are more than a few of them.
SHARED_SIDE_PX, PAGE_PX, MANY = 512, 1024, 12
#: Round each photograph on a page its own edge is repeated, against its neighbours' colours.
MARGIN_PX = 4
#: Coordinates beyond the image by more than this share repeat it.
_BEYOND = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPage:
    """One image and the triangles that it is on.

    Attributes
    ----------
    pixels : (H, W, 3) uint8, lowest row first
    rows : (n,) triangles of the city's soup
    uv : (n, 3, 2) float32 on ``pixels``, v upwards
    repeats : whether the image goes on beyond its edge
    is_palette : whether the pixels are plain colours, which must not be mixed
    """

    pixels: UInt8Array
    rows: Int64Array
    uv: Float32Array
    repeats: bool = False
    is_palette: bool = False


@dataclass(slots=True)
class _Photo:
    """A photograph before it is decoded."""

    material: Material
    rows: Int64Array
    width: int = 0
    height: int = 0
    repeats: bool = False


def has_photographs(asset: CityAsset) -> bool:
    """Whether any triangle of the city has an image."""
    return asset.soup.uv is not None and any(one.image is not None for one in asset.materials)


def pages_of(asset: CityAsset, stopped: Callable[[], bool]) -> Iterator[PhotoPage]:
    """Pages of a city, one after the other; slow, so any thread but the GUI's.

    An image that cannot be decoded is left out, and its faces stay plain.

    Parameters
    ----------
    stopped : asked before each image; once true, no more pages come
    """
    soup = asset.soup
    if soup.materials is None:
        return
    yield from _palette(asset)
    if soup.uv is None:
        return
    placed: BoolArray = np.isfinite(soup.uv.sum(axis=(1, 2)))
    photos = list(_photos(asset, placed, stopped))
    side_px = _side_that_fits(photos)
    small = [one for one in photos if _is_small(one, side_px)]
    shared = small if len(small) > MANY else []
    alone = {id(one) for one in photos} - {id(one) for one in shared}
    for photo in (one for one in photos if id(one) in alone):
        if stopped():
            return
        pixels = _decoded(photo, side_px)
        if pixels is not None:
            yield PhotoPage(
                pixels=pixels,
                rows=photo.rows,
                uv=soup.uv[photo.rows],
                repeats=photo.repeats,
            )
    yield from _shared_pages(shared, soup.uv, side_px, stopped)


def _palette(asset: CityAsset) -> Iterator[PhotoPage]:
    """All triangles with plain colours, on one page with a pixel a colour."""
    numbers = asset.soup.materials
    plain = [n for n, one in enumerate(asset.materials) if one.image is None]
    rows = np.flatnonzero(np.isin(numbers, plain)) if numbers is not None else np.empty(0, int)
    if numbers is None or not len(rows):
        return
    colours = np.array([asset.materials[n].rgba[:3] for n in plain], np.uint8)
    width = min(len(plain), 1024)
    height = -(-len(plain) // width)
    pixels = np.zeros((height * width, 3), np.uint8)
    pixels[: len(plain)] = colours
    places = np.searchsorted(plain, numbers[rows])
    uv = np.stack([(places % width + 0.5) / width, (places // width + 0.5) / height], axis=1)
    yield PhotoPage(
        pixels=pixels.reshape(height, width, 3),
        rows=rows,
        uv=np.repeat(uv[:, None, :], 3, axis=1).astype(np.float32),
        is_palette=True,
    )


def _photos(asset: CityAsset, placed: BoolArray, stopped: Callable[[], bool]) -> Iterator[_Photo]:
    soup = asset.soup
    if soup.materials is None or soup.uv is None:
        return
    order = np.argsort(soup.materials, kind="stable")
    order = order[placed[order] & (soup.materials[order] >= 0)]
    cuts = np.flatnonzero(np.diff(soup.materials[order])) + 1
    for rows in np.split(order, cuts):
        if not len(rows) or stopped():
            continue
        photo = _Photo(asset.materials[int(soup.materials[rows[0]])], rows)
        if photo.material.image is None or not _measure(photo):
            continue
        uv = soup.uv[rows]
        photo.repeats = bool(uv.min() < -_BEYOND or uv.max() > 1.0 + _BEYOND)
        yield photo


def _opened(material: Material) -> Image.Image:
    from PIL import Image

    source: Any = material.image
    return Image.open(source if isinstance(source, Path) else io.BytesIO(source))


def _measure(photo: _Photo) -> bool:
    """Read the size from the head of the image; False where it is no image."""
    from PIL import Image, UnidentifiedImageError

    try:
        with _opened(photo.material) as image:
            photo.width, photo.height = image.size
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return False
    return photo.width > 0 and photo.height > 0


def _decoded(photo: _Photo, side_px: int) -> UInt8Array | None:
    """(H, W, 3) pixels from the lowest row up; None where the image is broken."""
    from PIL import Image

    width, height = _scaled(photo, side_px)
    try:
        with _opened(photo.material) as image:
            image.draft("RGB", (width, height))  # JPEG skips what is not wanted
            made = image.convert("RGB")
            if made.size != (width, height):
                made = made.resize((width, height), Image.Resampling.BOX)
            pixels: UInt8Array = np.asarray(made, dtype=np.uint8)[::-1]
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return None
    return np.ascontiguousarray(pixels)


def _scaled(photo: _Photo, side_px: int) -> tuple[int, int]:
    scale = min(1.0, side_px / max(photo.width, photo.height))
    return max(1, round(photo.width * scale)), max(1, round(photo.height * scale))


def _side_that_fits(photos: list[_Photo]) -> int:
    """Longest side that photographs may have so that all fit into `MAX_TEXTURE_BYTES`."""
    side_px = MAX_SIDE_PX
    while side_px > LEAST_SIDE_PX:
        sizes = (_scaled(photo, side_px) for photo in photos)
        n_bytes = sum(4 * width * height for width, height in sizes) * 4 // 3
        if n_bytes <= MAX_TEXTURE_BYTES:
            break
        side_px //= 2
    return side_px


def _is_small(photo: _Photo, side_px: int) -> bool:
    return not photo.repeats and max(_scaled(photo, side_px)) <= SHARED_SIDE_PX


def _shared_pages(
    photos: list[_Photo], uv: Float32Array, side_px: int, stopped: Callable[[], bool]
) -> Iterator[PhotoPage]:
    """Photographs side by side on shelves, the tallest first."""
    page = _Shelves()
    for photo in sorted(photos, key=lambda one: -_scaled(one, side_px)[1]):
        if stopped():
            return
        width, height = _scaled(photo, side_px)
        if not page.has_room(width, height):
            yield page.finished()
            page = _Shelves()
        pixels = _decoded(photo, side_px)
        if pixels is not None:
            page.put(pixels, photo.rows, uv[photo.rows])
    if page.rows:
        yield page.finished()


class _Shelves:
    """One page that is being filled."""

    def __init__(self) -> None:
        self.rows: list[Int64Array] = []
        self._pixels = np.zeros((PAGE_PX, PAGE_PX, 3), np.uint8)
        self._uv: list[Float32Array] = []
        self._x = self._y = self._shelf = 0

    def has_room(self, width: int, height: int) -> bool:
        """Whether an image still fits, on this shelf or the next one."""
        wide, high = width + 2 * MARGIN_PX, height + 2 * MARGIN_PX
        if self._x + wide <= PAGE_PX and self._y + max(high, self._shelf) <= PAGE_PX:
            return True
        return wide <= PAGE_PX and self._y + self._shelf + high <= PAGE_PX

    def put(self, pixels: UInt8Array, rows: Int64Array, uv: Float32Array) -> None:
        """Place an image that `has_room` said fits."""
        edged = np.pad(pixels, ((MARGIN_PX, MARGIN_PX), (MARGIN_PX, MARGIN_PX), (0, 0)), "edge")
        high, wide = edged.shape[:2]
        if self._x + wide > PAGE_PX:
            self._x, self._y, self._shelf = 0, self._y + self._shelf, 0
        self._pixels[self._y : self._y + high, self._x : self._x + wide] = edged
        corner = np.array([self._x + MARGIN_PX, self._y + MARGIN_PX], np.float32)
        size = np.array([pixels.shape[1], pixels.shape[0]], np.float32)
        self.rows.append(rows)
        placed = (corner + np.clip(uv, 0.0, 1.0) * size) / PAGE_PX
        self._uv.append(placed.astype(np.float32))
        self._x, self._shelf = self._x + wide, max(self._shelf, high)

    def finished(self) -> PhotoPage:
        """The page as it is."""
        return PhotoPage(
            pixels=self._pixels,
            rows=np.concatenate(self.rows),
            uv=np.concatenate(self._uv).astype(np.float32),
        )
