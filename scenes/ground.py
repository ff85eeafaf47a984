"""The sheet under the city that fades into the horizon, and the sky above it."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.view import View
from scenes.vtk_arrays import triangle_mesh, vtk_from_numpy
from twin.arrays import Float32Array, Float64Array, Int32Array
from twin.city.asset import CityAsset, FeatureTable, Surface
from twin.theme import Theme, rgb_from_hex
from twin.tiles.tile import Tile

SPOKES = 96
#: Rings as multiples of the model's radius. How far each has faded into the horizon is told by
#: the radius of the built part instead: a model that brings its own country fades within it.
RINGS = ((0.0, 0.0), (1.05, 0.0), (1.5, 0.22), (2.2, 0.5), (3.5, 0.78), (6.0, 0.94), (14.0, 1.0))
FLAT_LIGHT = 1.06
BELOW_M = 0.12
SKY_FULL_RAD = 0.5


def ground_height(asset: CityAsset) -> float:
    """Height of the sheet: just under the lowest ground, outliers left out."""
    z = asset.soup.corners_local_m[:, :, 2]
    if not z.size:
        return 0.0
    flat = np.isin(asset.soup.surfaces, [Surface.TERRAIN, Surface.ROAD, Surface.GREEN])
    water = asset.soup.surfaces == Surface.WATER
    if flat.any() or water.any():
        lows = [np.percentile(z[flat], 0.5)] if flat.any() else []
        lows += [z[water].min()] if water.any() else []
        return float(min(lows)) - 4 * BELOW_M
    bounds = asset.features.bounds_min_max_local_m
    bases = bounds[~np.isnan(bounds[:, 2]), 2]
    return float(np.percentile(bases if len(bases) else z, 2.0)) - BELOW_M


def lowest_ground(tile: Tile, features: FeatureTable) -> float:
    """The same for one tile of a city; NaN for an empty one. Any thread."""
    if not tile.n_triangles:
        return float("nan")
    z = tile.points_local_m[:, 2]
    surface = tile.code_light.astype(np.uint8)
    flat = np.isin(surface, [Surface.TERRAIN, Surface.ROAD, Surface.GREEN])
    water = surface == Surface.WATER
    if flat.any() or water.any():
        lows = [np.percentile(z[flat], 0.5)] if flat.any() else []
        lows += [z[water].min()] if water.any() else []
        return float(min(lows)) - 4 * BELOW_M
    bases = features.bounds_min_max_local_m[:, 2]
    bases = bases[~np.isnan(bases)]
    return float(np.percentile(bases if len(bases) else z, 2.0)) - BELOW_M


class Ground:
    """Ground sheet and sky gradient. GUI thread.

    Parameters
    ----------
    bounds_min_max_m : (6,) of everything in the scene
    built_m : radius of the part that has buildings
    """

    def __init__(
        self,
        renderer: vtkRenderer,
        bounds_min_max_m: Float64Array,
        built_m: float,
        ground_z_m: float,
    ) -> None:
        self._renderer = renderer
        bounds = bounds_min_max_m
        self._radius_m = max(50.0, 0.5 * float(np.hypot(*(bounds[3:5] - bounds[:2]))))
        self._near_m = RINGS[1][0] * min(self._radius_m, built_m)
        self._centre = centre = 0.5 * (bounds[:2] + bounds[3:5])
        self._z_m = ground_z_m
        self._visible = True
        points, triangles, share = _disc(centre, self._radius_m, ground_z_m)
        shares, fades = np.array(RINGS).T
        self._fade = np.interp(share * self._radius_m / built_m, shares, fades)
        self._mesh = triangle_mesh(points, triangles)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._mesh)
        mapper.SetColorModeToDirectScalars()
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.PickableOff()
        self._horizon = self._sky = self._near = np.zeros(3)
        # Drawn after all solid things, so that the depth test spares what the city covers.
        self._actor.ForceTranslucentOn()
        self._actor.UseBoundsOff()
        renderer.AddActor(self._actor)

    def set_theme(self, theme: Theme) -> None:
        """Take terrain shade, horizon and sky of a theme."""
        terrain = np.clip(np.array(rgb_from_hex(theme.surface["terrain"])) * FLAT_LIGHT, 0, 1)
        self._near = terrain
        self._horizon = np.array(rgb_from_hex(theme.scene["horizon"]))
        self._sky = np.array(rgb_from_hex(theme.scene["sky_top"]))
        mixed = terrain + (self._horizon - terrain) * self._fade[:, None]
        colours = np.round(np.clip(mixed, 0, 1) * 255).astype(np.uint8)
        self._mesh.GetPointData().SetScalars(vtk_from_numpy(colours))

    def update(self, view: View) -> None:
        """Bend the sky gradient so that it has the horizon's colour where the horizon is.

        A view that sees only unfaded ground gets it as the plain background instead: the same
        picture without filling the window, a sixth of a street-level frame on software GL.
        """
        only_ground = self._visible and self._sees_only_near_ground(view)
        self._actor.SetVisibility(self._visible and not only_ground)
        if only_ground:
            self._renderer.GradientBackgroundOff()
            self._renderer.SetBackground(*self._near)
            return
        top_rad = float(np.arcsin(np.clip(view.forward[2], -1, 1))) + view.view_angle_rad / 2
        share = np.clip(top_rad / SKY_FULL_RAD, 0.0, 1.0)
        top = self._horizon + (self._sky - self._horizon) * share
        line = float(np.clip(1.0 - top_rad / view.view_angle_rad, 0.0, 0.9))
        bottom = np.clip(self._horizon - line / (1 - line) * (top - self._horizon), 0.0, 1.0)
        self._renderer.GradientBackgroundOn()
        self._renderer.SetBackground(*bottom)
        self._renderer.SetBackground2(*top)

    def set_visible(self, visible: bool) -> None:
        """Show or hide the sheet (the sky stays); seen with the next `update`."""
        self._visible = visible
        self._actor.SetVisibility(visible)

    def _sees_only_near_ground(self, view: View) -> bool:
        width, height = view.size_px
        near_m = self._near_m * float(np.cos(np.pi / SPOKES))
        for x, y in ((0, 0), (width, 0), (0, height), (width, height)):
            begin, ray = view.ray_from(x, y)
            if ray[2] > -1e-3:
                return False
            reach = (self._z_m - begin[2]) / ray[2]
            hit = begin[:2] + ray[:2] * reach
            if reach < 0 or float(np.hypot(*(hit - self._centre))) > near_m:
                return False
        return True

    def dispose(self) -> None:
        """Take the sheet out of the renderer."""
        self._renderer.RemoveActor(self._actor)


def _disc(
    centre: np.ndarray, radius_m: float, z_m: float
) -> tuple[Float32Array, Int32Array, Float32Array]:
    """Points, triangles and distance from the middle (in radii) of a disc of rings."""
    angle = np.linspace(0, 2 * np.pi, SPOKES, endpoint=False)
    around = np.column_stack([np.cos(angle), np.sin(angle)])
    rings = [centre + around * (share * radius_m) for share, _ in RINGS]
    xy = np.concatenate(rings)
    points = np.column_stack([xy, np.full(len(xy), z_m)]).astype(np.float32)
    here = np.arange(SPOKES)
    after = (here + 1) % SPOKES
    strips = []
    for ring in range(len(RINGS) - 1):
        low, high = ring * SPOKES, (ring + 1) * SPOKES
        strips.append(np.column_stack([low + here, high + here, high + after]))
        strips.append(np.column_stack([low + here, high + after, low + after]))
    share = np.repeat(np.array([share for share, _ in RINGS], np.float32), SPOKES)
    return points, np.concatenate(strips).astype(np.int32), share
