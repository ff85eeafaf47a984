"""Frame times of the scene against a bare VTK window with the same tiles, in one run.

Off-screen (EGL), 1280 x 720, the two sides alternating. Run: python -m benchmarks.bench_frame
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from benchmarks.result import Result
from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from scenes.pose import Pose
from scenes.scene_input import NothingSelected, SceneInput, input_from_stores
from scenes.view import view_of
from scenes.vtk_arrays import triangle_mesh, vtk_from_numpy
from twin.city.asset import CityAsset, FeatureTable, TriangleSoup
from twin.city.frames import Origin
from twin.clock import FakeClock
from twin.sense.model import Announcement, Datastream, Thing, Unit
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.theme import load_theme
from twin.tiles.light import unit_normals
from twin.tiles.partition import tiles_from_asset
from twin.tiles.tile import Tile

SIZE_PX = (1280, 720)
BUILDINGS = 100_000
SENSORS, SAMPLES_PER_S, UNITS = 2_500, 10_000, 200
FRAME_LIMIT, LIVE_LIMIT, RECOLOUR_LIMIT_MS, PICK_LIMIT_MS = 1.10, 1.25, 10.0, 1.0
TILING_LIMIT_S = 8.0


def box_city(n: int, seed: int = 0) -> CityAsset:
    """N box buildings of ten triangles, 25 m apart: the load, not the look."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n)))
    column, row = np.divmod(np.arange(n), side)
    middle = np.column_stack([column, row]) * 25.0 - side * 12.5 + rng.uniform(-3, 3, (n, 2))
    half, height = rng.uniform(6, 11, (n, 2)), rng.gamma(3, 6, n) + 4
    unit = np.array([[x, y, z] for z in (0, 1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    size = np.column_stack([half, height])
    points = unit[None] * size[:, None]
    points[:, :, :2] += middle[:, None]
    quads = [(0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    features = FeatureTable(
        ids=[f"b{i}" for i in range(n)],
        kind_names=("Building",),
        kind_codes=np.zeros(n, np.uint16),
        parents=np.full(n, -1, np.int32),
        bounds_min_max_local_m=np.hstack([points.min(axis=1), points.max(axis=1)]).astype("f4"),
    )
    soup = TriangleSoup(
        corners_local_m=points[:, faces].reshape(-1, 3, 3).astype(np.float32),
        features=np.repeat(np.arange(n, dtype=np.int32), len(faces)),
        surfaces=np.tile(np.array([0] * 8 + [1] * 2, np.uint8), n),
    )
    return CityAsset(
        title="Boxes", format="boxes", version="1", origin=Origin(crs=None), features=features,
        soup=soup,
    )  # fmt: skip


def bare_window(tiles: list[Tile]) -> OffscreenWindow:
    """The peer: the same tiles as plain lit VTK actors with a normal for each point."""
    target = OffscreenWindow(*SIZE_PX)
    for tile in tiles:
        normals = np.zeros_like(tile.points_local_m)
        normals[tile.triangles.ravel()] = np.repeat(unit_normals(tile.corners_local_m), 3, axis=0)
        mesh = triangle_mesh(tile.points_local_m, tile.triangles)
        mesh.GetPointData().SetNormals(vtk_from_numpy(normals))
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(mesh)
        mapper.StaticOn()
        actor = vtkActor()
        actor.SetMapper(mapper)
        target.renderer.AddActor(actor)
    return target


class Live:
    """Sensors and units in real stores, fed as fast as asked."""

    def __init__(self, asset: CityAsset) -> None:
        rng = np.random.default_rng(1)
        bounds = asset.bounds_min_max_local_m()
        self.clock = FakeClock()
        self.store = ObservationStore(capacity=20_000, history=16, clock=self.clock)
        self.units = UnitStore(capacity=1_000, history=8, clock=self.clock)
        places = rng.uniform(bounds[:2], bounds[3:5], (SENSORS, 2))
        things = tuple(
            Thing(id=f"t{i}", name=f"Station {i}", kind="noise_meter", xyz=(x, y, 0.0))
            for i, (x, y) in enumerate(places.tolist())
        )
        streams = tuple(
            Datastream(
                index=i, id=f"t{i}/noise", thing_id=f"t{i}", observed_property="noise",
                unit="dB(A)", min=35.0, max=85.0, interval_s=1.0,
            )
            for i in range(SENSORS)
        )  # fmt: skip
        units = tuple(Unit(index=i, id=f"u{i}", name=f"Bus {i}", kind="bus") for i in range(UNITS))
        self.store.announce(Announcement(source="s", epoch="1", things=things, datastreams=streams))
        self.units.announce(Announcement(source="s", epoch="1", units=units))
        self._rng, self._at = rng, rng.uniform(bounds[:2] * 0.3, bounds[3:5] * 0.3, (UNITS, 2))
        self._heading = rng.uniform(-3, 3, UNITS).astype(np.float32)
        self._given: SceneInput | None = None

    def step(self, dt_s: float) -> None:
        """Let ``dt_s`` of samples and positions arrive."""
        self.clock.advance_s(dt_s)
        now, n = self.clock.now_ns(), max(1, round(SAMPLES_PER_S * dt_s))
        slots = self._rng.integers(0, SENSORS, n)
        self.store.add(
            slots, np.full(n, now), self._rng.uniform(35, 85, n), np.zeros(n, np.uint8), now
        )
        self._at += np.column_stack([np.sin(self._heading), np.cos(self._heading)]) * 10 * dt_s
        xyz = np.column_stack([self._at, np.zeros(UNITS)]).astype(np.float32)
        self.units.add(np.arange(UNITS), np.full(UNITS, now), xyz, self._heading)

    def given(self) -> SceneInput:
        """What the scene draws now."""
        self._given = input_from_stores(
            observations=self.store, units=self.units, now_ns=self.clock.now_ns(),
            selection=NothingSelected(), colour_by="noise", previous=self._given,
        )  # fmt: skip
        return self._given


def look(target: OffscreenWindow, scene: CityScene, pose: Pose, peer: OffscreenWindow) -> None:
    """Put both cameras in the same place."""
    scene.camera.set_pose(pose)
    scene.camera.apply()
    ours, theirs = (w.renderer.GetActiveCamera() for w in (target, peer))
    theirs.SetPosition(ours.GetPosition())
    theirs.SetFocalPoint(ours.GetFocalPoint())
    theirs.SetViewUp(ours.GetViewUp())
    theirs.SetViewAngle(ours.GetViewAngle())
    peer.renderer.ResetCameraClippingRange()


def turned(pose: Pose, step: int) -> Pose:
    """The same view from a little further round, so that no side draws the same frame twice."""
    return Pose(
        focal_m=pose.focal_m, distance_m=pose.distance_m,
        azimuth_rad=pose.azimuth_rad + 0.01 * step, elevation_rad=pose.elevation_rad,
    )  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def compare(
    target: OffscreenWindow,
    scene: CityScene,
    peer: OffscreenWindow,
    pose: Pose,
    live: Live | None,
    frames: int = 21,
) -> tuple[float, float]:
    """Median seconds of our frame (update and draw), and median ratio to the peer's beside it."""

    def frame() -> None:
        scene.update(SceneInput() if live is None else live.given())
        target.render()

    ours, ratios = [], []
    for step in range(frames + 2):
        look(target, scene, turned(pose, step), peer)
        if live is not None:
            live.step(0.1)
        if step % 2:
            mine, theirs = seconds(frame), seconds(peer.render)
        else:
            theirs, mine = seconds(peer.render), seconds(frame)
        if step >= 2:
            ours.append(mine)
            ratios.append(mine / theirs)
    return float(np.median(ours)), float(np.median(ratios))


def ratio_result(name: str, ours_s: float, ratio: float, limit: float) -> Result:
    """Our frame in ms, gated by its ratio to the peer's."""
    return Result(
        name=name,
        value=1e3 * ours_s,
        unit="ms",
        ratio=ratio,
        limit=limit,
        ok=ratio <= limit,
        note="over plain lit VTK actors of the same tiles",
    )


def limit_result(name: str, value: float, unit: str, limit: float) -> Result:
    """A figure with a limit of its own."""
    return Result(
        name=name, value=value, unit=unit, ratio=value / limit, limit=limit, ok=value <= limit
    )


def recolour_ms(target: OffscreenWindow, scene: CityScene, n: int, frames: int = 11) -> float:
    """What new colours of all buildings add to a frame."""
    rng = np.random.default_rng(2)
    home = scene.camera.pose
    added = []
    for step in range(frames):
        rgba = rng.integers(0, 255, (n, 4), np.uint8)
        rgba[:, 3] = 255
        times = []
        for is_coloured in (False, True) if step % 2 else (True, False):
            scene.camera.set_pose(turned(home, step))

            def frame(is_coloured: bool = is_coloured, rgba: np.ndarray = rgba) -> None:
                if is_coloured:
                    scene.set_feature_colours(rgba)
                scene.update(SceneInput())
                target.render()

            times.append((is_coloured, seconds(frame)))
        spent = dict(times)
        added.append(spent[True] - spent[False])
    return 1e3 * float(np.median(added))


def pick_p95_ms(target: OffscreenWindow, scene: CityScene, n: int = 500) -> float:
    """95th percentile of picks at random pixels, locators built."""
    while scene.prepare_picking():
        pass
    rng = np.random.default_rng(3)
    view = view_of(target.renderer)
    pixels = rng.uniform((0, 0), view.size_px, (n, 2)).tolist()
    times = [seconds(lambda x=x, y=y: scene.pick(x, y)) for x, y in pixels]
    return 1e3 * float(np.percentile(times, 95))


def run(n_buildings: int = BUILDINGS) -> list[Result]:
    """All figures."""
    asset = box_city(n_buildings)
    begin = time.perf_counter()
    tiles = tiles_from_asset(asset)
    tiling_s = time.perf_counter() - begin
    target, peer = OffscreenWindow(*SIZE_PX), bare_window(tiles)
    scene = CityScene(target.renderer, theme=load_theme("light"))
    scene.set_city(asset, tiles)
    overview = scene.camera.pose
    street = Pose(focal_m=(0.0, 0.0, 5.0), distance_m=140.0, azimuth_rad=0.4, elevation_rad=0.45)
    while scene.prepare_picking():
        pass
    results = [limit_result("frame.tiling", tiling_s, "s", TILING_LIMIT_S)]
    for name, pose in (("overview", overview), ("street", street)):
        ours, ratio = compare(target, scene, peer, pose, None)
        results.append(ratio_result(f"frame.{name}", ours, ratio, FRAME_LIMIT))
        results.append(
            limit_result(f"frame.pick_p95.{name}", pick_p95_ms(target, scene), "ms", PICK_LIMIT_MS)
        )
    scene.camera.set_pose(street)
    added = recolour_ms(target, scene, n_buildings)
    results.append(limit_result("frame.recolour", added, "ms", RECOLOUR_LIMIT_MS))
    live = Live(asset)
    for name, pose in (("overview", overview), ("street", street)):
        ours, ratio = compare(target, scene, peer, pose, live)
        results.append(ratio_result(f"frame.live.{name}", ours, ratio, LIVE_LIMIT))
    if scene.failures:
        raise RuntimeError(f"Layers failed: {scene.failures}")
    scene.dispose()
    return results


if __name__ == "__main__":
    measured = run(int(sys.argv[1]) if len(sys.argv) > 1 else BUILDINGS)
    for result in measured:
        print(result.to_json())
    sys.exit(0 if all(result.ok for result in measured) else 1)
