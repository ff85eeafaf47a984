"""Films: what goes in comes out, and nothing half-written stays."""

from __future__ import annotations

import numpy as np
import pytest

from scenes.movie import Movie, MovieError


def frames(n=5, size=(64, 48)):
    for i in range(n):
        pixels = np.zeros((size[1], size[0], 3), np.uint8)
        pixels[:, : 8 * (i + 1)] = (200, 40, 40)
        yield pixels


def test_mp4_holds_every_frame_in_order(tmp_path):
    av = pytest.importorskip("av", reason="the extra video is not installed")
    path = tmp_path / "tour.mp4"
    with Movie(path, (64, 48), fps=25) as movie:
        for pixels in frames():
            movie.add(pixels)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        red = [
            (f.to_ndarray(format="rgb24")[:, :, 0] > 100).sum() / 48
            for f in container.decode(stream)
        ]
        assert float(stream.average_rate) == 25
    assert np.allclose(red, [8, 16, 24, 32, 40], atol=1.5)


def test_gif_holds_every_frame(tmp_path):
    from PIL import Image

    path = tmp_path / "tour.gif"
    with Movie(path, (64, 48), fps=10) as movie:
        for pixels in frames(4):
            movie.add(pixels)
    with Image.open(path) as picture:
        assert picture.n_frames == 4
        assert picture.info["duration"] == 100


def record_and_break(path, n):
    with Movie(path, (64, 48)) as movie:
        for pixels in frames(n):
            movie.add(pixels)
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["a.gif", "a.mp4"])
@pytest.mark.parametrize("n", [0, 3])
def test_an_interrupted_film_leaves_no_file(tmp_path, name, n):
    if name.endswith("mp4"):
        pytest.importorskip("av", reason="the extra video is not installed")
    with pytest.raises(KeyboardInterrupt):
        record_and_break(tmp_path / name, n)
    assert list(tmp_path.iterdir()) == []


def test_odd_sizes_lose_a_row(tmp_path):
    from PIL import Image

    with Movie(tmp_path / "a.gif", (63, 47)) as movie:
        movie.add(np.zeros((47, 63, 3), np.uint8))
        movie.add(np.full((47, 63, 3), 9, np.uint8))
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.size == (62, 46)


def test_refusals_name_the_reason(tmp_path):
    with pytest.raises(MovieError, match=r"ends in \.mp4 or \.gif"):
        Movie(tmp_path / "a.avi", (64, 48))
    with pytest.raises(MovieError, match="no folder"):
        Movie(tmp_path / "nowhere" / "a.gif", (64, 48))
