"""Many moving and many recoloured symbols over a city of 100,000 buildings, frames a second.

Off-screen (EGL), 1280 x 720, the camera at rest, everything the console does in a frame included:
taking the moment out of the stores, updating all layers, drawing.
Run: python -m benchmarks.bench_symbols
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.bench_frame import SIZE_PX, box_city
from benchmarks.result import Result
from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from scenes.scene_input import NothingSelected, SceneInput, input_from_stores
from twin.city.asset import CityAsset
from twin.clock import FakeClock
from twin.sense.model import Announcement, Datastream, Thing, Unit
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset

BUILDINGS = 100_000
UNITS, UNITS_HZ, UNITS_FPS = 10_000, 10.0, 20.0
POINTS, POINTS_HZ, POINTS_FPS = 100_000, 5.0, 15.0
FRAMES = 60
KINDS = ("bus", "taxi", "taxi", "ambulance", "police", "works")


class Crowd:
    """A scene with its stores; `frame` lets time pass and draws."""

    def __init__(self, asset: CityAsset, shown: tuple[str, ...]) -> None:
        self.clock = FakeClock()
        self.observations = ObservationStore(capacity=POINTS, history=2, clock=self.clock)
        self.units = UnitStore(capacity=UNITS, history=8, clock=self.clock)
        self.window = OffscreenWindow(*SIZE_PX)
        self.scene = CityScene(self.window.renderer, theme=load_theme("light"))
        self.scene.set_city(asset, tiles_from_asset(asset))
        for layer in self.scene.layers:
            self.scene.set_layer_visible(layer.id, layer.id in shown or not layer.is_listed)
        self._given: SceneInput | None = None

    def frame(self, dt_s: float, colour_by: str = "") -> None:
        """One frame, ``dt_s`` after the last."""
        self.clock.advance_s(dt_s)
        self._given = input_from_stores(
            observations=self.observations,
            units=self.units,
            now_ns=self.clock.now_ns(),
            selection=NothingSelected(),
            colour_by=colour_by,
            previous=self._given,
        )
        self.scene.update(self._given)
        self.window.render()

    def close(self) -> None:
        """Let go of the window."""
        self.scene.dispose()
        self.window.close()


def frames_a_second(frame: Callable[[int], None]) -> tuple[float, str]:
    """Mean frames a second after a warm-up; 95th percentile of a frame and CPU time in words."""
    for k in range(8):
        frame(k)
    took = []
    cpu_s = time.process_time()
    for k in range(8, 8 + FRAMES):
        began = time.perf_counter()
        frame(k)
        took.append(1e3 * (time.perf_counter() - began))
    cpu_ms = 1e3 * (time.process_time() - cpu_s) / FRAMES
    told = f"p95 {np.percentile(took, 95):.0f} ms, {cpu_ms:.0f} ms of CPU a frame (all threads)"
    return 1e3 / float(np.mean(took)), told


def bench_units(asset: CityAsset) -> Result:
    """Units that report ten times a second, drawn in every frame."""
    crowd = Crowd(asset, ("ground", "buildings", "units", "compass", "scale_bar"))
    rng = np.random.default_rng(5)
    bounds = asset.bounds_min_max_local_m()
    xy = rng.uniform(0.6 * bounds[:2], 0.6 * bounds[3:5], (UNITS, 2))
    heading = rng.uniform(-3, 3, UNITS).astype(np.float32)
    crowd.units.announce(Announcement(source="s", epoch="1", units=tuple(
        Unit(index=i, id=f"u{i}", name=f"Unit {i}", kind=KINDS[i % len(KINDS)])
        for i in range(UNITS)
    )))  # fmt: skip
    step_m = 12.0 / UNITS_HZ * np.column_stack([np.sin(heading), np.cos(heading)])
    rows, dt_s = np.arange(UNITS), 1.0 / UNITS_FPS
    reports = {"n": 0}

    def frame(k: int) -> None:
        if int(k * dt_s * UNITS_HZ) >= reports["n"]:
            reports["n"] += 1
            xyz = np.column_stack([xy + step_m * reports["n"], np.full(UNITS, 1.0)])
            now = crowd.clock.now_ns()
            crowd.units.add(rows, np.full(UNITS, now), xyz.astype(np.float32), heading)
        crowd.frame(dt_s)

    fps, told = frames_a_second(frame)
    crowd.close()
    return Result(
        name="symbols.units_fps", value=round(fps, 1), unit="frames/s", ratio=None,
        limit=UNITS_FPS, ok=fps >= UNITS_FPS,
        note=f"{UNITS:,} units at {UNITS_HZ:.0f} Hz, {BUILDINGS:,} buildings, {told}",
    )  # fmt: skip


def bench_points(asset: CityAsset) -> Result:
    """A coloured point for each of many sensors, all of which report five times a second."""
    crowd = Crowd(asset, ("ground", "buildings", "sensor_points", "compass", "legend"))
    rng = np.random.default_rng(6)
    bounds = asset.bounds_min_max_local_m()
    places = rng.uniform(bounds[:2], bounds[3:5], (POINTS, 2))
    crowd.observations.announce(Announcement(
        source="s", epoch="1",
        things=tuple(Thing(id=f"t{i}", name="", kind="noise_meter", xyz=(x, y, 2.0))
                     for i, (x, y) in enumerate(places.tolist())),
        datastreams=tuple(
            Datastream(index=i, id=f"t{i}/noise", thing_id=f"t{i}", observed_property="noise",
                       unit="dB(A)", min=35.0, max=85.0, interval_s=1.0)
            for i in range(POINTS)
        ),
    ))  # fmt: skip
    rows, dt_s = np.arange(POINTS), 1.0 / POINTS_FPS
    reports = {"n": 0}

    def frame(k: int) -> None:
        if int(k * dt_s * POINTS_HZ) >= reports["n"]:
            reports["n"] += 1
            now = crowd.clock.now_ns()
            values = rng.uniform(35.0, 85.0, POINTS)
            good = np.zeros(POINTS, np.uint8)
            crowd.observations.add(rows, np.full(POINTS, now), values, good, now)
        crowd.frame(dt_s)

    fps, told = frames_a_second(frame)
    crowd.close()
    return Result(
        name="symbols.points_fps", value=round(fps, 1), unit="frames/s", ratio=None,
        limit=POINTS_FPS, ok=fps >= POINTS_FPS,
        note=f"{POINTS:,} points recoloured at {POINTS_HZ:.0f} Hz, {told}",
    )  # fmt: skip


def run() -> list[Result]:
    """Both figures."""
    asset = box_city(BUILDINGS)
    return [bench_units(asset), bench_points(asset)]


if __name__ == "__main__":
    for figure in run():
        sys.stdout.write(figure.to_json() + "\n")
