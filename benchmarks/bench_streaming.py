"""What streaming costs as the city grows: choosing, frames on a flight, first picture, memory.

A city of boxes is made up tile by tile (`benchmarks.box_stream`), so that ten million buildings
need no disk; the flight is the same over each. The figures of the largest city are gated by those
of the smaller one in the same run: cost must grow with what is seen, not with what exists.

Run: python -m benchmarks.bench_streaming [LEVELS …]
"""

import resource
import sys
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.box_stream import BoxStream
from benchmarks.result import Result
from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from scenes.pose import Pose
from scenes.scene_input import SceneInput
from scenes.stage import empty_city
from scenes.view import look_of, view_of
from twin.city.residents import resident_city
from twin.theme import load_theme
from twin.tiles.budget import MIB

SIZE_PX = (1280, 720)
#: Buildings: 1,024 · 16,384 · 65,536 · 262,144 · 1,048,576.
LEVELS = (0, 2, 3, 4, 5)
#: The city that larger ones are compared with: 65,536 buildings.
YARDSTICK = 3
FLIGHT_FRAMES = 90
MEMORY_MIB = 1024
CHOOSE_LIMIT_MS, FLIGHT_LIMIT, FIRST_LIMIT_S, OVER_LIMIT_MIB = 2.0, 1.5, 3.0, 500.0


@dataclass(frozen=True, slots=True)
class Flight:
    """What one city cost."""

    n_buildings: int
    first_s: float
    choose_ms: float
    frame_p50_ms: float
    frame_p95_ms: float
    used_mib: float
    rss_mib: float
    n_met: int
    n_drawn: int


def settle(scene: CityScene, target: OffscreenWindow, limit_s: float = 120.0) -> float:
    """Seconds until the picture is complete."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < limit_s:
        if scene.update(SceneInput()):
            target.render()
        elif scene.is_settled and scene.streamed.streamer.is_idle:
            return time.perf_counter() - begin
        else:
            time.sleep(0.001)
    raise RuntimeError("The picture was never complete")


def pose_at(share: float) -> Pose:
    """The same way over the middle of every city, from high above down to the streets."""
    height = 2500.0 * (1 - share) + 350.0 * share
    return Pose(
        focal_m=(-350.0 + 700.0 * share, 200.0 * share, 10.0),
        distance_m=height,
        azimuth_rad=0.3 + 0.5 * share,
        elevation_rad=0.75 - 0.35 * share,
    )


def choosing_ms(scene: CityScene, target: OffscreenWindow) -> float:
    """Median of choosing what to draw and what to ask for, for a camera that moves a little."""
    times = []
    for step in range(41):
        scene.camera.set_pose(pose_at(1.0 - 0.0001 * step))
        scene.camera.apply()
        look = look_of(view_of(target.renderer))
        begin = time.perf_counter()
        scene.streamed.streamer.choose(look)
        times.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(times))


def fly(levels: int) -> Flight:
    """Open one city, wait for its first picture, fly over it."""
    target = OffscreenWindow(*SIZE_PX)
    source = BoxStream(levels)
    scene = CityScene(target.renderer, theme=load_theme("light"), memory_bytes=MEMORY_MIB * MIB)
    begin = time.perf_counter()
    scene.set_city(resident_city(empty_city()), (), (source,))
    settle(scene, target)
    first_s = time.perf_counter() - begin
    frames = []
    for step in range(FLIGHT_FRAMES):
        scene.camera.set_pose(pose_at(step / (FLIGHT_FRAMES - 1)))
        begin = time.perf_counter()
        scene.update(SceneInput())
        target.render()
        took_ms = 1e3 * (time.perf_counter() - begin)
        frames.append(took_ms)
        scene.note_frame(took_ms)
    settle(scene, target)
    choose_ms = choosing_ms(scene, target)
    made = Flight(
        n_buildings=source.n_buildings,
        first_s=first_s,
        choose_ms=choose_ms,
        frame_p50_ms=float(np.percentile(frames, 50)),
        frame_p95_ms=float(np.percentile(frames, 95)),
        used_mib=scene.budget.used_bytes / MIB,
        n_met=scene.streamed.figures.n_met,
        n_drawn=scene.streamed.figures.n_drawn,
        rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )
    if scene.failures:
        raise RuntimeError(f"Layers failed: {scene.failures}")
    scene.dispose()
    target.close()
    return made


def results_of(flight: Flight, yardstick: Flight) -> list[Result]:
    """Figures of one city beside those of the yardstick."""
    name = f"streaming.{flight.n_buildings}"
    note = f"{yardstick.frame_p95_ms:.1f} ms over {yardstick.n_buildings:,} buildings"
    ratio = flight.frame_p95_ms / yardstick.frame_p95_ms
    over_mib = flight.rss_mib - MEMORY_MIB
    return [
        Result(
            name=f"{name}.first_picture", value=flight.first_s, unit="s", ratio=None,
            limit=FIRST_LIMIT_S, ok=flight.first_s <= FIRST_LIMIT_S,
        ),
        Result(
            name=f"{name}.choose", value=flight.choose_ms, unit="ms", ratio=None,
            limit=CHOOSE_LIMIT_MS, ok=flight.choose_ms <= CHOOSE_LIMIT_MS,
            note=f"{flight.n_met} nodes looked at, {flight.n_drawn} drawn",
        ),
        Result(
            name=f"{name}.flight_p50", value=flight.frame_p50_ms, unit="ms", ratio=None,
            limit=float("inf"), ok=True,
        ),
        Result(
            name=f"{name}.flight_p95", value=flight.frame_p95_ms, unit="ms", ratio=ratio,
            limit=FLIGHT_LIMIT, ok=ratio <= FLIGHT_LIMIT, note=note,
        ),
        Result(
            name=f"{name}.held", value=flight.used_mib, unit="MiB", ratio=None,
            limit=float(MEMORY_MIB), ok=flight.used_mib <= MEMORY_MIB,
        ),
        Result(
            name=f"{name}.rss_over_budget", value=over_mib, unit="MiB", ratio=None,
            limit=OVER_LIMIT_MIB, ok=over_mib <= OVER_LIMIT_MIB,
            note="highest of this process so far; software GL keeps its buffers in it",
        ),
    ]  # fmt: skip


def run(levels: tuple[int, ...] = LEVELS) -> list[Result]:
    """All figures, each city gated by the yardstick's."""
    flights = {level: fly(level) for level in sorted({YARDSTICK, *levels})}
    return [
        result
        for level in sorted(levels)
        for result in results_of(flights[level], flights[YARDSTICK])
    ]


if __name__ == "__main__":
    asked = tuple(int(word) for word in sys.argv[1:])
    measured = run(asked or LEVELS)
    for result in measured:
        print(result.to_json())
    sys.exit(0 if all(result.ok for result in measured) else 1)
