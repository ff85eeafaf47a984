"""A film file written frame by frame: MP4 (H.264) or GIF, by the file's ending."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from twin.arrays import UInt8Array
from twin.errors import TwinError
from twin.export.beside import beside

#: A GIF holds its frames in memory until it is written.
MOST_GIF_FRAMES = 600
GIF_COLOURS = 128


class MovieError(TwinError):
    """A film cannot be written."""


class _Writer(Protocol):
    def add(self, pixels: UInt8Array) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


class Movie:
    """Frames in, one film out; an unfinished film leaves no file. One thread at a time.

    Use as a context: what is raised inside abandons the film.

    Parameters
    ----------
    path : ``.mp4`` or ``.gif``
    size_px : width and height; odd ones lose a row or column, which H.264 cannot have
    fps : frames a second of the film

    Raises
    ------
    MovieError
        Unknown ending, no folder, or the extra ``video`` is not installed.
    """

    def __init__(self, path: Path, size_px: tuple[int, int], fps: int = 25) -> None:
        if not path.parent.is_dir():
            raise MovieError(f"There is no folder {path.parent} to write the film to")
        self._path = path
        self._part = beside(path)
        self._size = (size_px[0] // 2 * 2, size_px[1] // 2 * 2)
        self._writer = self._make(path.suffix.lower(), fps)
        self.n_frames = 0

    def _make(self, suffix: str, fps: int) -> _Writer:
        if suffix == ".gif":
            return _Gif(self._part, fps)
        if suffix == ".mp4":
            return _Mp4(self._part, self._size, fps)
        raise MovieError(f"A film ends in .mp4 or .gif, not {suffix or 'nothing'!r}")

    def add(self, pixels: UInt8Array) -> None:
        """Append a frame: (height, width, 3) uint8, first row at the top."""
        width, height = self._size
        self._writer.add(pixels[:height, :width])
        self.n_frames += 1

    def __enter__(self) -> Movie:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is None and self.n_frames:
            self._writer.finish()
            self._part.replace(self._path)
        else:
            self._writer.abandon()
            self._part.unlink(missing_ok=True)


class _Mp4:
    def __init__(self, path: Path, size_px: tuple[int, int], fps: int) -> None:
        try:
            import av
        except ImportError as error:
            raise MovieError(
                'MP4 needs the extra "video": pip install "civitwin[video]"; GIF works without'
            ) from error
        self._av: Any = av
        self._container: Any = av.open(str(path), mode="w", format="mp4")
        stream: Any = self._container.add_stream("libx264", rate=Fraction(fps))
        stream.width, stream.height = size_px
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "18", "preset": "veryfast", "movflags": "+faststart"}
        self._stream = stream

    def add(self, pixels: UInt8Array) -> None:
        frame = self._av.VideoFrame.from_ndarray(pixels, format="rgb24")
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def finish(self) -> None:
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._container.close()

    def abandon(self) -> None:
        self._container.close()


class _Gif:
    def __init__(self, path: Path, fps: int) -> None:
        self._path, self._pause_ms = path, round(1000 / fps)
        self._frames: list[Any] = []

    def add(self, pixels: UInt8Array) -> None:
        from PIL import Image

        if len(self._frames) >= MOST_GIF_FRAMES:
            raise MovieError(f"A GIF takes at most {MOST_GIF_FRAMES} frames; write an .mp4")
        picture = Image.fromarray(pixels)
        self._frames.append(picture.quantize(GIF_COLOURS, method=Image.Quantize.FASTOCTREE))

    def finish(self) -> None:
        first, *others = self._frames
        first.save(
            self._path,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=self._pause_ms,
            loop=0,
        )

    def abandon(self) -> None:
        self._frames = []
