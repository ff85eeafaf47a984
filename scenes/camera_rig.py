"""The camera of a city: orbit, pan, zoom to a point, fly, home. North is up on a map view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from vtkmodules.vtkRenderingCore import vtkCamera, vtkRenderer

from scenes.home_view import HOME_AZIMUTH_RAD, HOME_ELEVATION_RAD, home_pose
from scenes.plan_view import place_plan, plan_home, plan_pose
from scenes.pose import VIEW_ANGLE_DEG, Point, Pose, axes_of, between, point_of
from scenes.view import View, numpy_matrix, view_of
from twin.arrays import Float64Array
from twin.tiles.look import Look

LOWEST_RAD = np.radians(2.0)
HIGHEST_RAD = np.radians(89.0)
FLIGHT_S = 0.6
#: A place is looked at at least so steeply, so that no house stands before it.
FLY_ELEVATION_RAD = np.radians(36.0)
ORBIT_RAD_PER_PX = 0.0055
CLEARANCE_M = 2.0
NEAREST_M = 8.0
#: The ground sheet reaches this many city radii (see `scenes.ground.RINGS`).
SHEET_RADII = 14.5


@dataclass(slots=True)
class _Flight:
    start: Pose
    end: Pose
    elapsed_s: float = 0.0
    becomes_plan: bool = False


class CameraRig:
    """Moves the renderer's camera. GUI thread.

    Moves change ``pose`` at once; `apply` writes it to the VTK camera (the scene does so in its
    ``update``). ``reduced_motion`` makes flights jump. As a plan (see `set_plan`) it looks straight
    down with north up, whatever it is told; pan and zoom go on working.

    Attributes
    ----------
    lens_shift : half widths of the picture by which it lies beside the axis: a picture that is the
        left part of a wider one goes on in it, see `viewer.swipe_driver`
    """

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._bounds = np.array([-100.0, -100.0, 0.0, 100.0, 100.0, 30.0])
        self._samples: Float64Array = np.zeros((0, 3))
        self._ground_z_m = 0.0
        self._pivot: Float64Array | None = None
        self._flight: _Flight | None = None
        self._written: tuple[Pose, tuple[int, ...], bool, float] | None = None
        self.lens_shift = 0.0
        self._is_plan = False
        self._before_plan = (HOME_AZIMUTH_RAD, HOME_ELEVATION_RAD)
        self._at_home: Pose | None = None
        self._home_size = (0, 0)
        self.reduced_motion = False
        self.pose = Pose(
            focal_m=(0.0, 0.0, 0.0),
            distance_m=500.0,
            azimuth_rad=HOME_AZIMUTH_RAD,
            elevation_rad=HOME_ELEVATION_RAD,
        )

    # -- where things are -------------------------------------------------------------------

    def set_bounds(
        self,
        bounds_min_max_m: Float64Array,
        ground_z_m: float,
        samples_m: Float64Array | None = None,
    ) -> None:
        """Tell how large the city is; ``samples_m`` (N, 3) are points that `home` must show."""
        self._bounds = np.asarray(bounds_min_max_m, float)
        self._ground_z_m = ground_z_m
        low, high = self._bounds[:3], self._bounds[3:]
        corners = np.array(
            [[x, y, ground_z_m] for x in (low[0], high[0]) for y in (low[1], high[1])]
        )
        self._samples = corners if samples_m is None or not len(samples_m) else samples_m

    def follow_bounds(
        self, bounds_min_max_m: Float64Array, ground_z_m: float, samples_m: Float64Array
    ) -> None:
        """Learn more of a streamed city; the home view follows while it is looked at."""
        self.set_bounds(bounds_min_max_m, ground_z_m, samples_m)
        if self._at_home == self.pose and self._flight is None:
            self.home(animated=False)

    def look_ahead(self, view: View) -> Look | None:
        """What will be seen when a flight under way arrives; None without one."""
        if self._flight is None:
            return None
        pose, size = self._flight.end, view.size_px
        camera = vtkCamera()
        self._place(camera, pose)
        composite = camera.GetCompositeProjectionTransformMatrix(size[0] / size[1], -1, 1)
        return Look(
            eye_m=pose.eye(),
            forward=pose.forward(),
            matrix=numpy_matrix(composite),
            height_px=size[1] / view.pixel_ratio,
            view_angle_rad=view.view_angle_rad,
        )

    @property
    def distance_m(self) -> float:
        """From the eye to the middle of the picture."""
        return self.pose.distance_m

    @property
    def is_at_home(self) -> bool:
        """Whether this is the home view, which follows the shape of the window."""
        return self._at_home == self.pose

    @property
    def is_flying(self) -> bool:
        """Whether a flight is under way."""
        return self._flight is not None

    # -- plan -------------------------------------------------------------------------------

    @property
    def is_plan(self) -> bool:
        """Whether this is a plan, or flies to become one."""
        return self._is_plan or (self._flight is not None and self._flight.becomes_plan)

    @property
    def is_flat(self) -> bool:
        """Whether it draws as a plan now."""
        return self._is_plan

    def set_plan(self, on: bool, *, animated: bool = True) -> None:
        """Become a plan of what is in the middle of the picture, or look aslant again."""
        if on == self.is_plan:
            return
        if not on:
            azimuth, elevation = self._before_plan
            self._is_plan = False
            tilted = replace(self.pose, azimuth_rad=azimuth, elevation_rad=elevation)
            self._go(tilted, animated)
            return
        self._before_plan = (self.pose.azimuth_rad, self.pose.elevation_rad)
        end = plan_pose(self._refocused(self.pose), self._ground_z_m)
        if not animated or self.reduced_motion:
            self._become_plan(end)
        else:
            upright = replace(end, elevation_rad=HIGHEST_RAD)
            self._flight = _Flight(self.pose, upright, becomes_plan=True)

    def _become_plan(self, pose: Pose) -> None:
        self._flight, self._is_plan = None, True
        self._set(pose)

    # -- drags ------------------------------------------------------------------------------

    def begin_drag(self, point: Point | None) -> None:
        """Take hold of a point; None = the middle of the picture."""
        self._flight = None
        self._pivot = np.array(self.pose.focal_m if point is None else point, float)

    def orbit_px(self, dx_px: float, dy_px: float) -> None:
        """Turn about the point that was taken hold of."""
        self._turn_about(self._pivot, dx_px * ORBIT_RAD_PER_PX, dy_px * ORBIT_RAD_PER_PX)

    def turn(self, azimuth_rad: float, elevation_rad: float) -> None:
        """Turn about the middle of the picture."""
        self._turn_about(None, azimuth_rad, elevation_rad)

    def pan_px(self, from_px: tuple[float, float], to_px: tuple[float, float]) -> None:
        """Drag the ground: the point under ``from_px`` comes to lie under ``to_px``."""
        plane_z = self.pose.focal_m[2] if self._pivot is None else float(self._pivot[2])
        begin, end = (self._on_plane(pixel, plane_z) for pixel in (from_px, to_px))
        if begin is None or end is None:
            return
        step = begin - end
        length = float(np.hypot(step[0], step[1]))
        step *= min(1.0, 0.5 * self.pose.distance_m / max(length, 1e-9))
        self._move(step)

    def pan_by_px(self, right_px: float, up_px: float) -> None:
        """Move along the ground by so many pixels of the middle of the picture."""
        metres = self._view().metres_per_px(self.pose.distance_m)
        ahead = np.array([np.sin(self.pose.azimuth_rad), np.cos(self.pose.azimuth_rad), 0.0])
        self._flight = None
        self._move((self.pose.right() * right_px + ahead * up_px) * metres)

    def end_drag(self) -> None:
        """Let go and bring the focal point back to the ground."""
        self._pivot = None
        self._refocus()

    def zoom_at(self, factor: float, point: Point | None) -> None:
        """Come nearer (factor < 1) to a point, which stays where it is in the picture."""
        self._flight = None
        target = np.array(self.pose.focal_m if point is None else point, float)
        limited = float(np.clip(factor * self.pose.distance_m, NEAREST_M, self._farthest_m()))
        factor = limited / self.pose.distance_m
        focal = target + (np.array(self.pose.focal_m) - target) * factor
        self._set(replace(self.pose, focal_m=point_of(focal), distance_m=limited))

    # -- flights ----------------------------------------------------------------------------

    def fly_to(
        self,
        point: Point,
        distance_m: float | None = None,
        *,
        azimuth_rad: float | None = None,
        elevation_rad: float | None = None,
        animated: bool = True,
    ) -> None:
        """Go and look at a point."""
        pose = self.pose
        wanted = 250.0 if distance_m is None else distance_m
        elevation = max(pose.elevation_rad, FLY_ELEVATION_RAD)
        self._go(
            Pose(
                focal_m=point,
                distance_m=float(np.clip(wanted, NEAREST_M, self._farthest_m())),
                azimuth_rad=pose.azimuth_rad if azimuth_rad is None else azimuth_rad,
                elevation_rad=elevation if elevation_rad is None else elevation_rad,
            ),
            animated,
        )

    def home(self, *, animated: bool = True) -> None:
        """The whole city, from above and aside."""
        self._home_size = self._size()
        if self._is_plan:
            self._at_home = plan_home(self._samples, self._home_size, self._ground_z_m)
        else:
            self._at_home = self._refocused(home_pose(self._samples, self._home_size))
        self._go(self._at_home, animated)

    def top_view(self) -> None:
        """Straight down, north up."""
        self._go(replace(self.pose, azimuth_rad=0.0, elevation_rad=HIGHEST_RAD), animated=True)

    def north_up(self) -> None:
        """Turn until north is up."""
        self._go(replace(self.pose, azimuth_rad=0.0), animated=True)

    def set_pose(self, pose: Pose) -> None:
        """Go somewhere at once (a stored view, a followed camera)."""
        self._flight = None
        self._set(pose)

    def look_from(self, eye: Point, focal: Point) -> None:
        """Go to an eye point that looks at another point."""
        ray = np.array(focal, float) - np.array(eye, float)
        distance = max(float(np.linalg.norm(ray)), 1.0)
        self.set_pose(
            Pose(
                focal_m=focal,
                distance_m=distance,
                azimuth_rad=float(np.arctan2(ray[0], ray[1])),
                elevation_rad=float(np.arcsin(np.clip(-ray[2] / distance, -1, 1))),
            )
        )

    def tick(self, dt_s: float) -> bool:
        """Go on with a flight; True while there is one."""
        flight = self._flight
        if flight is None:
            return False
        flight.elapsed_s += dt_s
        share = min(1.0, flight.elapsed_s / FLIGHT_S)
        self._set(between(flight.start, flight.end, share * share * (3 - 2 * share)))
        if share >= 1.0:
            self._flight = None
            if flight.becomes_plan:
                self._become_plan(self.pose)
        return True

    # -- to VTK -----------------------------------------------------------------------------

    def apply(self) -> bool:
        """Write the pose to the VTK camera; False when nothing has changed since."""
        size = self._size()
        if size != self._home_size and self._at_home == self.pose:
            self.home(animated=False)  # the window took another shape before anybody moved
        state = (self.pose, size, self._is_plan, self.lens_shift)
        if state == self._written:
            return False
        self._written = state
        self._place(self._renderer.GetActiveCamera(), self.pose)
        return True

    def _place(self, camera: vtkCamera, pose: Pose) -> None:
        camera.SetViewAngle(VIEW_ANGLE_DEG)
        camera.SetWindowCenter(self.lens_shift, 0.0)
        if self._is_plan:
            place_plan(camera, pose, float(self._bounds[2]), float(self._bounds[5]))
            return
        camera.ParallelProjectionOff()
        eye = pose.eye()
        camera.SetPosition(*eye)
        camera.SetFocalPoint(*pose.focal_m)
        camera.SetViewUp(*np.cross(pose.right(), pose.forward()))
        camera.SetClippingRange(*self._clipping_range(eye))

    def _clipping_range(self, eye: Float64Array) -> tuple[float, float]:
        low, high = self._bounds[:3], self._bounds[3:]
        gap = np.maximum(np.maximum(low - eye, eye - high), 0.0)
        to_city = float(np.linalg.norm(gap))
        above_ground = max(float(eye[2]) - self._ground_z_m, 0.0)
        near = max(0.5, 0.4 * min(to_city, above_ground))
        middle = 0.5 * (low + high)
        radius = max(50.0, 0.5 * float(np.hypot(*(high[:2] - low[:2]))))
        far = float(np.linalg.norm(eye - middle)) + SHEET_RADII * radius
        return near, max(far, near * 10)

    # -- inside -----------------------------------------------------------------------------

    def _view(self) -> View:
        self.apply()
        return view_of(self._renderer)

    def _on_plane(self, pixel: tuple[float, float], z_m: float) -> Float64Array | None:
        view = self._view()
        begin, ray = view.ray_from(*pixel)
        if abs(ray[2]) < 1e-6:
            return None
        reach = (z_m - begin[2]) / ray[2]
        if not 0 < reach < 20 * self.pose.distance_m + view.lift_m:
            return None
        point: Float64Array = begin + ray * reach
        return point

    def _move(self, step_m: Float64Array) -> None:
        focal = np.array(self.pose.focal_m)
        focal[:2] += step_m[:2]
        low, high = self._bounds[:3], self._bounds[3:]
        margin = 0.75 * (high - low) + 200.0
        focal[:2] = np.clip(focal[:2], (low - margin)[:2], (high + margin)[:2])
        self._set(replace(self.pose, focal_m=point_of(focal)))

    def _turn_about(
        self, pivot: Float64Array | None, azimuth_rad: float, elevation_rad: float
    ) -> None:
        pose = self.pose
        self._flight = None
        if self._is_plan:
            return
        elevation = float(np.clip(pose.elevation_rad + elevation_rad, LOWEST_RAD, HIGHEST_RAD))
        turned = replace(pose, azimuth_rad=pose.azimuth_rad + azimuth_rad, elevation_rad=elevation)
        if pivot is not None:
            # The pivot keeps its place in the picture: same offsets along the turned axes.
            offset = np.array(pose.focal_m) - pivot
            old, new = axes_of(pose), axes_of(turned)
            turned = replace(turned, focal_m=point_of(pivot + new.T @ (old @ offset)))
        self._set(turned)

    def _refocus(self) -> None:
        """Slide the focal point along the line of sight to the ground; the picture stays."""
        pose = self._refocused(self.pose)
        if pose is not self.pose:
            self._set(pose)

    def _refocused(self, pose: Pose) -> Pose:
        """The same view with its focal point on the ground, where it meets the ground at all."""
        eye, forward = pose.eye(), pose.forward()
        if forward[2] > -0.02 or self._is_plan:
            return pose
        reach = (max(self._ground_z_m, self._bounds[2]) - eye[2]) / forward[2]
        if not NEAREST_M < reach < self._farthest_m():
            return pose
        return replace(pose, focal_m=point_of(eye + forward * reach), distance_m=float(reach))

    def _farthest_m(self) -> float:
        return 6.0 * float(np.linalg.norm(self._bounds[3:] - self._bounds[:3])) + 500.0

    def _set(self, pose: Pose) -> None:
        if self._is_plan:
            self.pose = plan_pose(pose, self._ground_z_m)
            return
        lift = self._ground_z_m + CLEARANCE_M - float(pose.eye()[2])
        if lift > 0:
            x, y, z = pose.focal_m
            pose = replace(pose, focal_m=(x, y, z + lift))
        self.pose = pose

    def _go(self, pose: Pose, animated: bool) -> None:
        self._flight = None
        if animated and not self.reduced_motion:
            end = plan_pose(pose, self._ground_z_m) if self._is_plan else pose
            self._flight = _Flight(self.pose, end)
        else:
            self._set(pose)

    def _size(self) -> tuple[int, int]:
        width, height = self._renderer.GetSize()
        return max(int(width), 1), max(int(height), 1)
