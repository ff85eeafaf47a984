"""CPU picking: a ray against the tiles it crosses, nearest first."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from vtkmodules.vtkCommonCore import reference
from vtkmodules.vtkCommonDataModel import vtkPolyData, vtkStaticCellLocator

from scenes.pick import Pick
from scenes.view import View
from scenes.vtk_arrays import triangle_mesh
from twin.analysis.cut import Plane
from twin.arrays import BoolArray, Float32Array, Float64Array
from twin.tiles.tile import Tile

#: A ray that leaves a hidden feature goes on this far behind it.
STEP_M = 0.01
_MOST_HIDDEN = 64
#: A point that lies so little behind a surface still counts as seen.
NEARLY_M = 0.6


@dataclass(slots=True, eq=False)
class PickMesh:
    """A tile as rays see it.

    Attributes
    ----------
    first_row : row of the feature table that the tile's feature 0 has
    locator : None = built when a ray first crosses the tile
    mesh : the tile's triangles for the locator, None = made for it
    """

    tile: Tile
    first_row: int = 0
    locator: vtkStaticCellLocator | None = None
    mesh: vtkPolyData | None = None


class Picker:
    """Finds the triangle under a pixel in well under a millisecond. GUI thread.

    Locators are built when a ray first crosses their tile, or ahead of that by `prepare_one`;
    streamed tiles bring theirs.
    """

    def __init__(self) -> None:
        self._whole: list[PickMesh] = []
        self._n_ready = 0
        self._drawn: tuple[list[PickMesh], Float32Array] = ([], np.empty((0, 6), np.float32))
        self._hidden: BoolArray = np.empty(0, bool)
        self._ground_z_m = 0.0
        self._cuts: tuple[Plane, ...] = ()

    def set_tiles(self, tiles: Sequence[Tile], ground_z_m: float) -> None:
        """Take another city."""
        self.set_meshes([PickMesh(tile) for tile in tiles], ground_z_m)

    def set_meshes(self, meshes: Sequence[PickMesh], ground_z_m: float) -> None:
        """Take another city whose locators are shared with other views."""
        self.clear()
        self._whole = list(meshes)
        self._ground_z_m = ground_z_m
        self.set_streamed(())

    def set_streamed(self, meshes: Sequence[PickMesh]) -> None:
        """Take what is drawn of streamed sources just now, beside what was read whole."""
        drawn = [*self._whole, *meshes]
        bounds = [mesh.tile.bounds_min_max_local_m for mesh in drawn]
        # Together, so that a tool that looks from a worker never sees one without the other.
        self._drawn = (drawn, np.array(bounds, np.float32).reshape(-1, 6))

    def set_ground(self, ground_z_m: float) -> None:
        """Height of the sheet under the city."""
        self._ground_z_m = ground_z_m

    def set_hidden(self, hidden: BoolArray) -> None:
        """(N,) bool: features rays go through."""
        self._hidden = hidden.copy()

    def clear(self) -> None:
        """Forget the city."""
        self._whole = []
        self._drawn = ([], np.empty((0, 6), np.float32))
        self._n_ready = 0
        self._hidden = np.empty(0, bool)

    def set_cuts(self, planes: Sequence[Plane]) -> None:
        """Planes beyond which nothing is drawn: rays go through what is there."""
        self._cuts = tuple(planes)

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """All tiles that are drawn now, streamed ones included."""
        return tuple(mesh.tile for mesh in self._drawn[0])

    def prepare_one(self) -> bool:
        """Build one locator that is missing (a few ms); False when all are there."""
        while self._n_ready < len(self._whole):
            mesh = self._whole[self._n_ready]
            self._n_ready += 1
            if mesh.locator is None:
                _locator_of(mesh)
                return True
        return False

    def pick(self, view: View, x_px: float, y_px: float) -> Pick | None:
        """The nearest triangle under a pixel, else the ground sheet, else None."""
        return self.pick_ray(*view.ray_from(x_px, y_px))

    def pick_ray(self, eye_m: Float64Array, ray: Float64Array) -> Pick | None:
        """The same for a ray: (3,) eye, (3,) unit direction."""
        meshes, bounds = self._drawn
        entry, leave = _crossings(bounds, eye_m, ray)
        best_m = np.inf
        found: Pick | None = None
        for index in np.argsort(entry):
            if not entry[index] < best_m:
                break
            reach = (float(entry[index]), float(leave[index]))
            hit = self._hit(meshes[int(index)], eye_m, ray, reach)
            if hit is not None and hit[0] < best_m:
                best_m, found = hit
        return found if found is not None else self._ground(eye_m, ray)

    def sees(self, eye_m: Float64Array, points_m: Float32Array) -> BoolArray:
        """(N,) bool: which points (N, 3) nothing of the city stands before.

        ``eye_m`` is one for all, (3,), or one for each, (N, 3).
        """
        seen = np.ones(len(points_m), bool)
        eyes = np.broadcast_to(eye_m, points_m.shape)
        for row, point in enumerate(points_m.astype(float)):
            eye_m = eyes[row]
            away = point - eye_m
            distance_m = float(np.linalg.norm(away))
            hit = self.pick_ray(eye_m, away / max(distance_m, 1e-6))
            if hit is not None and hit.feature >= 0:
                hit_m = float(np.linalg.norm(np.array(hit.xyz_local_m) - eye_m))
                seen[row] = hit_m > distance_m - NEARLY_M
        return seen

    def _hit(
        self, mesh: PickMesh, eye_m: Float64Array, ray: Float64Array, reach_m: tuple[float, float]
    ) -> tuple[float, Pick] | None:
        locator, tile = _locator_of(mesh), mesh.tile
        start_m = max(reach_m[0] - 1.0, 0.0)
        # The annotations of VTK know nothing of output arguments.
        intersect: Callable[..., int] = locator.IntersectWithLine
        number: Callable[..., int] = operator.index
        share, sub_id, cell_id = reference(0.0), reference(0), reference(0)
        where, parametric = [0.0] * 3, [0.0] * 3
        for _ in range(_MOST_HIDDEN):
            start, end = eye_m + ray * start_m, eye_m + ray * (reach_m[1] + 1.0)
            if not intersect(start, end, 1e-6, share, where, parametric, sub_id, cell_id):
                return None
            row = number(cell_id)
            feature = int(tile.features[row]) + mesh.first_row
            distance_m = float((np.array(where) - eye_m) @ ray)
            is_hidden = feature < len(self._hidden) and self._hidden[feature]
            if not (is_hidden or self._is_cut(where)):
                surface = int(tile.code_light[tile.triangles[row, 0]])
                point = (where[0], where[1], where[2])
                return distance_m, Pick(xyz_local_m=point, feature=feature, surface=surface)
            start_m = distance_m + STEP_M
        return None

    def _is_cut(self, where: Sequence[float]) -> bool:
        return any(float(plane.distance_m(np.array(where))) > 0 for plane in self._cuts)

    def _ground(self, eye_m: Float64Array, ray: Float64Array) -> Pick | None:
        if ray[2] > -1e-6:
            return None
        reach = (self._ground_z_m - eye_m[2]) / ray[2]
        if reach <= 0:
            return None
        x, y, z = (eye_m + ray * reach).tolist()
        return Pick(xyz_local_m=(x, y, z))


def locator_on(mesh: vtkPolyData) -> vtkStaticCellLocator:
    """A locator of a mesh's triangles. Any thread."""
    locator = vtkStaticCellLocator()
    locator.SetDataSet(mesh)
    locator.BuildLocator()
    return locator


def _locator_of(mesh: PickMesh) -> vtkStaticCellLocator:
    if mesh.locator is None:
        tile, made = mesh.tile, mesh.mesh
        if made is None:
            made = triangle_mesh(tile.points_local_m, tile.triangles)
        mesh.locator = locator_on(made)
    return mesh.locator


def _crossings(
    bounds: Float32Array, eye_m: Float64Array, ray: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Distances at which the ray enters (inf = never) and leaves each box (N, 6)."""
    direction = np.where(np.abs(ray) < 1e-12, 1e-12, ray)
    low = (bounds[:, :3] - eye_m) / direction
    high = (bounds[:, 3:] - eye_m) / direction
    enter = np.maximum(np.minimum(low, high).max(axis=1, initial=-np.inf), 0.0)
    leave: Float64Array = np.maximum(low, high).min(axis=1, initial=np.inf)
    return np.where(enter <= leave, enter, np.inf), leave
