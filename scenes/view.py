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
    position_m : (3,) float64, the eye
    forward : (3,) float64, unit
    size_px : width, height
    pixel_ratio : device pixels to a logical pixel
    view_angle_rad : vertical
    """

    matrix: Float64Array
    position_m: Float64Array
    forward: Float64Array
    size_px: tuple[int, int]
    pixel_ratio: float
    view_angle_rad: float

    @property
    def stamp(self) -> bytes:
        """Equal stamps = the same picture of the same world."""
        return self.matrix.tobytes() + repr((self.size_px, self.pixel_ratio)).encode()

    def project(self, xyz_local_m: Float32Array | Float64Array) -> Float64Array:
        """(N, 3) float64: x, y pixels from the top left and depth in metres (<= 0 behind)."""
        clip = np.asarray(xyz_local_m, np.float64) @ self.matrix[:, :3].T + self.matrix[:, 3]
        depth = clip[:, 3]
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        width, height = self.size_px
        x = (clip[:, 0] / safe * 0.5 + 0.5) * width
        y = (0.5 - clip[:, 1] / safe * 0.5) * height
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

    def ray_through(self, x_px: float, y_px: float) -> Float64Array:
        """(3,) unit direction from the eye through a pixel."""
        width, height = self.size_px
        ndc = np.array([2 * x_px / width - 1, 1 - 2 * y_px / height, 0.5, 1.0])
        point = np.linalg.solve(self.matrix, ndc)
        direction = point[:3] / point[3] - self.position_m
        if float(direction @ self.forward) < 0:
            direction = -direction
        unit: Float64Array = direction / np.linalg.norm(direction)
        return unit

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
    return View(
        matrix=numpy_matrix(composite),
        position_m=np.array(camera.GetPosition()),
        forward=np.array(camera.GetDirectionOfProjection()),
        size_px=(width, height),
        pixel_ratio=pixel_ratio,
        view_angle_rad=float(np.radians(camera.GetViewAngle())),
    )


def numpy_matrix(matrix: vtkMatrix4x4) -> Float64Array:
    """(4, 4) float64."""
    return np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])


def look_of(view: View) -> Look:
    """The same for choosing streamed tiles, in logical pixels."""
    return Look(
        eye_m=view.position_m,
        forward=view.forward,
        matrix=view.matrix,
        height_px=view.size_px[1] / view.pixel_ratio,
        view_angle_rad=view.view_angle_rad,
    )
