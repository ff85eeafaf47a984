"""One look through the camera as plain numbers: projection, rays, metres to a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkRenderingCore import vtkRenderer

from twin.arrays import BoolArray, Float32Array, Float64Array
from twin.tiles.look import Look


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """The camera of one frame. Pixels are device pixels from the top left.

    Attributes
    ----------
    matrix : (4, 4) float64, clip from local
    position_m : (3,) float64, where rays begin; the eye in perspective
    forward : (3,) float64, unit
    size_px : width, height
    pixel_ratio : device pixels to a logical pixel
    view_angle_rad : vertical
    flat_depth_m : in parallel projection the depth at which a camera in perspective would show
        everything in this scale; 0 in perspective
    lift_m : how far ``position_m`` lies behind that camera
    """

    matrix: Float64Array
    position_m: Float64Array
    forward: Float64Array
    size_px: tuple[int, int]
    pixel_ratio: float
    view_angle_rad: float
    flat_depth_m: float = 0.0
    lift_m: float = 0.0

    @property
    def is_parallel(self) -> bool:
        """Whether rays are parallel and nothing gets smaller with its distance (a plan)."""
        return self.flat_depth_m > 0.0

    @property
    def eye_m(self) -> Float64Array:
        """(3,) where a camera in perspective would stand: for choosing detail by distance."""
        eye: Float64Array = self.position_m + self.forward * self.lift_m
        return eye

    @property
    def pull(self) -> float:
        """What moves clip z by a metre where shaders bring lines and images before their faces.

        They subtract ``pull * (a / w + b)`` with a about 90 b: a metres and b a metre of depth.
        """
        if not self.is_parallel:
            return -float(self.matrix[2, :3] @ self.position_m + self.matrix[2, 3])
        per_m = float(np.linalg.norm(self.matrix[2, :3]))
        return per_m * (1.0 + 0.011 * self.flat_depth_m)

    @property
    def stamp(self) -> bytes:
        """Equal stamps = the same picture of the same world."""
        return self.matrix.tobytes() + repr((self.size_px, self.pixel_ratio)).encode()

    def project(self, xyz_local_m: Float32Array | Float64Array) -> Float64Array:
        """(N, 3) float64: x, y pixels from the top left and depth in metres (<= 0 behind).

        In parallel projection the depth of all points is `flat_depth_m`.
        """
        clip = np.asarray(xyz_local_m, np.float64) @ self.matrix[:, :3].T + self.matrix[:, 3]
        depth = clip[:, 3]
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        width, height = self.size_px
        x = (clip[:, 0] / safe * 0.5 + 0.5) * width
        y = (0.5 - clip[:, 1] / safe * 0.5) * height
        if self.is_parallel:
            depth = np.full(len(clip), self.flat_depth_m)
        return np.column_stack([x, y, depth])

    def is_inside(self, pixels: Float64Array, margin_px: float = 0.0) -> BoolArray:
        """(N,) bool: which results of `project` fall on the screen."""
        width, height = self.size_px
        x, y, depth = pixels.T
        inside: BoolArray = (
            (depth > 0)
            & (x > -margin_px)
            & (y > -margin_px)
            & (x < width + margin_px)
            & (y < height + margin_px)
        )
        return inside

    def sees_boxes(self, bounds_min_max_m: Float32Array) -> BoolArray:
        """(N,) bool: which boxes (N, 6) may be in the picture; never False for one that is."""
        columns = [[x, y, z] for x in (0, 3) for y in (1, 4) for z in (2, 5)]
        corners = bounds_min_max_m.astype(np.float64)[:, columns]
        clip = corners @ self.matrix[:, :3].T + self.matrix[:, 3]
        limit = clip[:, :, 3:]
        sides = np.concatenate([clip[:, :, :2] > limit, clip[:, :, :2] < -limit], axis=2)
        hidden: BoolArray = np.any(np.all(sides, axis=1), axis=1)
        return ~hidden

    def pixel_of(self, xyz_local_m: tuple[float, float, float]) -> tuple[float, float] | None:
        """Pixel of one point, None behind the eye."""
        x, y, depth = self.project(np.array([xyz_local_m]))[0]
        return (float(x), float(y)) if depth > 0 else None

    def ray_from(self, x_px: float, y_px: float) -> tuple[Float64Array, Float64Array]:
        """(3,) point where the ray of a pixel begins and (3,) its unit direction."""
        point = self._unprojected(x_px, y_px)
        if self.is_parallel:
            ahead = float((point - self.position_m) @ self.forward)
            return point - ahead * self.forward, self.forward
        direction = point - self.position_m
        if float(direction @ self.forward) < 0:
            direction = -direction
        unit: Float64Array = direction / np.linalg.norm(direction)
        return self.position_m, unit

    def eyes_of(self, points_m: Float32Array | Float64Array) -> Float64Array:
        """From where points (N, 3) are seen: (3,) in perspective, (N, 3) in parallel projection."""
        if not self.is_parallel:
            return self.position_m
        points = np.asarray(points_m, np.float64)
        ahead = (points - self.position_m) @ self.forward
        eyes: Float64Array = points - ahead[:, None] * self.forward
        return eyes

    def _unprojected(self, x_px: float, y_px: float) -> Float64Array:
        width, height = self.size_px
        ndc = np.array([2 * x_px / width - 1, 1 - 2 * y_px / height, 0.5, 1.0])
        point = np.linalg.solve(self.matrix, ndc)
        unprojected: Float64Array = point[:3] / point[3]
        return unprojected

    def metres_per_px(self, depth_m: float) -> float:
        """Size of one pixel at a depth."""
        return 2 * float(np.tan(self.view_angle_rad / 2)) * depth_m / self.size_px[1]


def view_of(renderer: vtkRenderer, pixel_ratio: float = 1.0) -> View:
    """The renderer's camera as it stands."""
    camera = renderer.GetActiveCamera()
    width, height = renderer.GetSize()
    if width < 1 or height < 1:
        width, height = 1, 1
    composite = camera.GetCompositeProjectionTransformMatrix(width / height, -1, 1)
    view_angle_rad = float(np.radians(camera.GetViewAngle()))
    flat_depth_m = 0.0
    if camera.GetParallelProjection():
        flat_depth_m = camera.GetParallelScale() / float(np.tan(0.5 * view_angle_rad))
    return View(
        matrix=numpy_matrix(composite),
        position_m=np.array(camera.GetPosition()),
        forward=np.array(camera.GetDirectionOfProjection()),
        size_px=(width, height),
        pixel_ratio=pixel_ratio,
        view_angle_rad=view_angle_rad,
        flat_depth_m=flat_depth_m,
        lift_m=camera.GetDistance() - flat_depth_m if flat_depth_m else 0.0,
    )


def numpy_matrix(matrix: vtkMatrix4x4) -> Float64Array:
    """(4, 4) float64."""
    return np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])


def look_of(view: View) -> Look:
    """The same for choosing streamed tiles, in logical pixels."""
    return Look(
        eye_m=view.eye_m,
        forward=view.forward,
        matrix=view.matrix,
        height_px=view.size_px[1] / view.pixel_ratio,
        view_angle_rad=view.view_angle_rad,
    )
