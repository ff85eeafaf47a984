"""Pictures of any size, drawn part by part and written row by row: memory stays that of a strip."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from scenes.billboards import WHOLE
from scenes.offscreen import OffscreenWindow
from scenes.scene_input import SceneInput
from twin.arrays import Float64Array, UInt8Array
from twin.export.beside import beside

if TYPE_CHECKING:
    from scenes.city_scene import CityScene

PART_PX = 2048
#: Enough for a wall print; the file's own limit lies far beyond.
MOST_PX = 65_536


def save_big_png(
    path: Path,
    size_px: tuple[int, int],
    scene: CityScene,
    target: OffscreenWindow,
    given: SceneInput,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> None:
    """Draw the scene through its camera as one large picture. The thread of the scene.

    Labels, symbols, legend and scale lie where they would in one picture of that size. A file
    that cannot be finished is not left behind; ``progress`` may raise to stop.

    Parameters
    ----------
    size_px : up to `MOST_PX` each way
    target : the window of the scene's renderer; its size is changed

    Raises
    ------
    OSError
        The file cannot be written.
    """
    part_file = beside(path)
    try:
        with part_file.open("wb") as stream:
            png = _PngRows(stream.write, size_px)
            for rows in _strips(size_px, scene, target, given, progress):
                png.add(rows)
            png.finish()
        part_file.replace(path)
    finally:
        part_file.unlink(missing_ok=True)


def _strips(
    size_px: tuple[int, int],
    scene: CityScene,
    target: OffscreenWindow,
    given: SceneInput,
    progress: Callable[[float], None],
) -> Iterator[UInt8Array]:
    """Rows from the top, (h, width, 3) uint8, up to `PART_PX` high."""
    width, height = size_px
    target.window.SetSize(width, height)
    scene.update(given)
    camera = target.renderer.GetActiveCamera()
    aspect = width / height
    whole = _numpy(camera.GetProjectionTransformMatrix(aspect, -1, 1))
    side = (min(PART_PX, width), min(PART_PX, height))
    target.window.SetSize(*side)
    camera.UseExplicitProjectionTransformMatrixOn()
    try:
        for top in range(0, height, side[1]):
            strip = np.empty((min(side[1], height - top), width, 3), np.uint8)
            for left in range(0, width, side[0]):
                part = part_of(size_px, side, left, top)
                camera.SetExplicitProjectionTransformMatrix(_vtk(clip_of(part) @ whole))
                scene.draw_part(part)
                target.render()
                n = min(side[0], width - left)
                strip[:, left : left + n] = target.pixels()[: len(strip), :n]
                progress((top * width + (left + n) * len(strip)) / (width * height))
            yield strip
    finally:
        camera.UseExplicitProjectionTransformMatrixOff()
        scene.draw_part(WHOLE)


def part_of(
    size_px: tuple[int, int], side_px: tuple[int, int], left_px: int, top_px: int
) -> tuple[float, float, float, float]:
    """Scale x, y and offset x, y from the clip space of the whole to that of a part.

    A part hangs over the right and lower edge where the sizes do not divide.
    """
    scale = size_px[0] / side_px[0], size_px[1] / side_px[1]
    middle_x = 2 * (left_px + side_px[0] / 2) / size_px[0] - 1
    middle_y = 1 - 2 * (top_px + side_px[1] / 2) / size_px[1]
    return scale[0], scale[1], -middle_x * scale[0], -middle_y * scale[1]


def clip_of(part: tuple[float, float, float, float]) -> Float64Array:
    """(4, 4) matrix that brings clip coordinates of the whole to those of a part."""
    matrix = np.eye(4)
    matrix[0, 0], matrix[1, 1], matrix[0, 3], matrix[1, 3] = part
    return matrix


def _numpy(matrix: vtkMatrix4x4) -> Float64Array:
    return np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])


def _vtk(array: Float64Array) -> vtkMatrix4x4:
    matrix = vtkMatrix4x4()
    matrix.DeepCopy(array.ravel().tolist())
    return matrix


class _PngRows:
    """A PNG of 8-bit RGB written row by row (PNG specification, third edition, 5 and 9.2)."""

    _UP = 2

    def __init__(self, write: Callable[[bytes], int], size_px: tuple[int, int]) -> None:
        self._write = write
        self._packer = zlib.compressobj(6)
        self._above: UInt8Array = np.zeros((1, size_px[0] * 3), np.uint8)
        write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", *size_px, 8, 2, 0, 0, 0))

    def add(self, rows: UInt8Array) -> None:
        """(h, width, 3) uint8, the next rows."""
        flat = rows.reshape(len(rows), -1)
        before = np.concatenate([self._above, flat[:-1]])
        filtered = np.empty((len(flat), flat.shape[1] + 1), np.uint8)
        filtered[:, 0] = self._UP
        np.subtract(flat, before, out=filtered[:, 1:])
        self._above = flat[-1:].copy()
        self._chunk(b"IDAT", self._packer.compress(filtered.tobytes()))

    def finish(self) -> None:
        """Write what is left and the end."""
        self._chunk(b"IDAT", self._packer.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, data: bytes) -> None:
        if data or kind == b"IEND":
            check = struct.pack(">I", zlib.crc32(kind + data))
            self._write(struct.pack(">I", len(data)) + kind + data + check)
