"""``python -m benchmarks.city_flight FOLDER SECONDS``: open an imported city and fly over it.

A process of its own, so that start and memory are those of one city. Prints one JSON line. The
flight is the same over every city: from high above the middle down to the streets.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

SIZE_PX = (1280, 720)
MEMORY_MIB = 1024
SETTLE_S = 120.0


@dataclass(frozen=True, slots=True)
class Flown:
    """What one city cost: times from the start of the process, memory at its highest."""

    first_s: float
    frame_p50_ms: float
    frame_p95_ms: float
    n_frames: int
    n_drawn: int
    n_triangles: int
    used_mib: float
    rss_mib: float


def fly(folder: Path, seconds: float) -> Flown:
    """Open, wait for the complete first picture, fly.

    Raises
    ------
    RuntimeError
        The first picture was not complete within two minutes, or a layer failed.
    """
    from scenes.city_scene import CityScene
    from scenes.offscreen import OffscreenWindow
    from scenes.pose import Pose
    from scenes.scene_input import SceneInput
    from twin.theme import load_theme
    from viewer.city_source import CityLoading, CitySource
    from viewer.report import process_age_s

    target, given = OffscreenWindow(*SIZE_PX), SceneInput()
    scene = CityScene(target.renderer, theme=load_theme("light"), memory_bytes=MEMORY_MIB << 20)
    loaded = CityLoading(CitySource(path=folder)).result()
    scene.set_city(loaded.asset, loaded.tiles, loaded.streams)
    end = time.perf_counter() + SETTLE_S
    while True:
        if scene.update(given):
            target.render()
        elif scene.is_settled:
            break
        else:
            time.sleep(0.001)
        if time.perf_counter() > end:
            raise RuntimeError(f"The first picture of {folder} was not complete in {SETTLE_S} s")
    first_s = process_age_s()
    frames: list[float] = []
    begin = time.perf_counter()
    while (share := (time.perf_counter() - begin) / seconds) < 1.0:
        scene.camera.set_pose(
            Pose(
                focal_m=(-350.0 + 700.0 * share, 200.0 * share, 10.0),
                distance_m=2500.0 * (1 - share) + 350.0 * share,
                azimuth_rad=0.3 + 0.5 * share,
                elevation_rad=0.75 - 0.35 * share,
            )
        )
        started = time.perf_counter()
        scene.update(given)
        target.render()
        frames.append((time.perf_counter() - started) * 1000)
        scene.note_frame(frames[-1])
    if scene.failures:
        raise RuntimeError(f"Layers failed: {scene.failures}")
    if scene.streamed is None:
        raise RuntimeError(f"Not a city that is streamed: {folder}")
    figures = scene.streamed.figures
    flown = Flown(
        first_s=round(first_s, 2),
        frame_p50_ms=round(float(np.percentile(frames, 50)), 1),
        frame_p95_ms=round(float(np.percentile(frames, 95)), 1),
        n_frames=len(frames),
        n_drawn=figures.n_drawn,
        n_triangles=figures.n_triangles,
        used_mib=round(scene.budget.used_bytes / 2**20, 1),
        rss_mib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )
    scene.dispose()
    target.close()
    return flown


if __name__ == "__main__":
    print(json.dumps(asdict(fly(Path(sys.argv[1]), float(sys.argv[2])))), flush=True)
