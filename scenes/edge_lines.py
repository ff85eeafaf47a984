"""Thin dark lines along creases, on near tiles only, fading with distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer

from scenes.city_tiles import edge_actor
from scenes.surface_look import SurfaceLook
from scenes.view import View
from scenes.vtk_arrays import line_mesh
from twin.arrays import BoolArray, Float32Array
from twin.tiles.tile import Tile

#: Lines that may be drawn in one frame: bounds what they cost on software GL.
MOST_LINES = 150_000
#: Lines are gone at this depth in a view 720 px high.
REACH_M = 950.0


class EdgeLines:
    """Edge lines of the near tiles: each the colour of its own face, darker. GUI thread.

    They are opaque (the fade goes to the face's own colour), so that nothing must be sorted.
    """

    def __init__(self, renderer: vtkRenderer, look: SurfaceLook, tiles: Sequence[Tile]) -> None:
        self._renderer = renderer
        self._look = look
        self._tiles = [tile for tile in tiles if len(tile.edges_local_m)]
        self._counts = np.array([len(tile.edges_local_m) for tile in self._tiles], np.int64)
        bounds = [tile.bounds_min_max_local_m for tile in self._tiles]
        self._bounds: Float32Array = np.array(bounds, np.float32).reshape(-1, 6)
        self._actors: dict[int, vtkActor] = {}
        self._shown: BoolArray = np.zeros(len(self._tiles), bool)
        self._visible = True

    def set_strength(self, strength: float) -> None:
        """How much darker than its face a near line is, 0..1 (negative = lighter)."""
        self._look.edge_shader.GetFragmentCustomUniforms().SetUniformf("edgeStrength", strength)

    def update(self, view: View) -> None:
        """Choose the tiles that are near enough, nearest first, within the budget."""
        reach_m = REACH_M * view.size_px[1] / (720.0 * view.pixel_ratio)
        self._look.edge_property.SetLineWidth(view.pixel_ratio)
        self._look.edge_shader.GetVertexCustomUniforms().SetUniformf("reach", reach_m)
        # Lines come 10 cm and 1.2 mm a metre nearer than their faces, whatever the near plane is:
        # more would show hidden edges through the houses.
        pull = -float(view.matrix[2, :3] @ view.position_m + view.matrix[2, 3])
        self._look.edge_shader.GetVertexCustomUniforms().SetUniformf("pull", pull)
        if not self._tiles or not self._visible:
            return
        eye = view.position_m
        gap = np.maximum(np.maximum(self._bounds[:, :3] - eye, eye - self._bounds[:, 3:]), 0.0)
        distance = np.sqrt((gap**2).sum(axis=1))
        order = np.argsort(distance, kind="stable")
        near = np.zeros(len(self._tiles), bool)
        seen = (distance < reach_m) & view.sees_boxes(self._bounds)
        drawn = np.cumsum(np.where(seen, self._counts, 0)[order])
        near[order] = (drawn <= MOST_LINES) & seen[order]
        for index in np.flatnonzero(near != self._shown):
            self._show(int(index), visible=bool(near[index]))
        self._shown = near

    def set_visible(self, visible: bool) -> None:
        """Show or hide all lines; shown ones appear with the next `update`."""
        self._visible = visible
        if not visible:
            for actor in self._actors.values():
                actor.VisibilityOff()
            self._shown[:] = False

    def dispose(self) -> None:
        """Take all actors out of the renderer."""
        for actor in self._actors.values():
            self._renderer.RemoveActor(actor)
        self._actors = {}

    def _show(self, index: int, *, visible: bool) -> None:
        if visible and index not in self._actors:
            self._actors[index] = self._actor(self._tiles[index])
            self._renderer.AddActor(self._actors[index])
        if index in self._actors:
            self._actors[index].SetVisibility(visible)

    def _actor(self, tile: Tile) -> vtkActor:
        return edge_actor(
            self._look,
            line_mesh(
                tile.edges_local_m,
                feature=np.repeat(tile.edge_features, 2).astype(np.float32),
                codeLight=tile.edge_code_light.reshape(-1),
            ),
        )
