"""Thin dark lines along creases, on near tiles only, fading with distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLRenderWindow

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


@dataclass(slots=True, eq=False)
class EdgeMesh:
    """The edge lines of one tile; ``mesh`` is made when they are first near enough."""

    tile: Tile
    mesh: vtkPolyData | None = None


class EdgeLines:
    """Edge lines of the near tiles: each the colour of its own face, darker. GUI thread.

    They are opaque (the fade goes to the face's own colour), so that nothing must be sorted.
    """

    def __init__(self, renderer: vtkRenderer, look: SurfaceLook, whole: Sequence[EdgeMesh]) -> None:
        self._renderer = renderer
        self._look = look
        self._whole = whole
        self._meshes: list[EdgeMesh] = []
        self._actors: dict[EdgeMesh, vtkActor] = {}
        self._shown: set[EdgeMesh] = set()
        self._visible = True
        self.set_streamed(())

    def set_streamed(self, meshes: Sequence[EdgeMesh]) -> None:
        """Take what is drawn of streamed sources just now; shown with the next `update`."""
        self._meshes = [*self._whole, *meshes]
        self._counts = np.array([len(mesh.tile.edges_local_m) for mesh in self._meshes], np.int64)
        bounds = [mesh.tile.bounds_min_max_local_m for mesh in self._meshes]
        self._bounds: Float32Array = np.array(bounds, np.float32).reshape(-1, 6)
        for gone in self._actors.keys() - set(self._meshes):
            self._renderer.RemoveActor(self._actors.pop(gone))
            self._shown.discard(gone)

    def set_strength(self, strength: float) -> None:
        """How much darker than its face a near line is, 0..1 (negative = lighter)."""
        self._look.edge_shader.GetFragmentCustomUniforms().SetUniformf("edgeStrength", strength)

    def update(self, view: View) -> None:
        """Choose the tiles that are near enough, nearest first, within the budget."""
        reach_m = REACH_M * view.size_px[1] / (720.0 * view.pixel_ratio)
        self._look.edge_property.SetLineWidth(min(view.pixel_ratio, self._widest()))
        # The shader asks ``gl_Position.w`` for the depth; in a plan that is 1 everywhere.
        reach = reach_m / view.flat_depth_m if view.is_parallel else reach_m
        self._look.edge_shader.GetVertexCustomUniforms().SetUniformf("reach", reach)
        # Lines come 10 cm and 1.2 mm a metre nearer than their faces, whatever the near plane is:
        # more would show hidden edges through the houses.
        self._look.edge_shader.GetVertexCustomUniforms().SetUniformf("pull", view.pull)
        if not self._visible:
            return
        near = {self._meshes[index] for index in np.flatnonzero(self._near(view, reach_m))}
        for mesh in near ^ self._shown:
            self._show(mesh, visible=mesh in near)
        self._shown = near

    def _widest(self) -> float:
        """Wider lines VTK makes by a geometry shader, which knows nothing of our colours."""
        window = self._renderer.GetRenderWindow()
        if not isinstance(window, vtkOpenGLRenderWindow):
            return 1.0
        return max(window.GetMaximumHardwareLineWidth(), 1.0)

    def set_visible(self, visible: bool) -> None:
        """Show or hide all lines; shown ones appear with the next `update`."""
        self._visible = visible
        if not visible:
            for actor in self._actors.values():
                actor.VisibilityOff()
            self._shown = set()

    def dispose(self) -> None:
        """Take all actors out of the renderer."""
        for actor in self._actors.values():
            self._renderer.RemoveActor(actor)
        self._actors = {}
        self._shown = set()

    def _near(self, view: View, reach_m: float) -> BoolArray:
        eye = view.eye_m
        gap = np.maximum(np.maximum(self._bounds[:, :3] - eye, eye - self._bounds[:, 3:]), 0.0)
        distance = np.sqrt((gap**2).sum(axis=1))
        order = np.argsort(distance, kind="stable")
        near = np.zeros(len(self._meshes), bool)
        seen = (distance < reach_m) & view.sees_boxes(self._bounds)
        drawn = np.cumsum(np.where(seen, self._counts, 0)[order])
        near[order] = (drawn <= MOST_LINES) & seen[order]
        return near

    def _show(self, mesh: EdgeMesh, *, visible: bool) -> None:
        if visible and mesh not in self._actors:
            if mesh.mesh is None:
                mesh.mesh = edge_mesh(mesh.tile)
            self._actors[mesh] = edge_actor(self._look, mesh.mesh)
            self._renderer.AddActor(self._actors[mesh])
        if mesh in self._actors:
            self._actors[mesh].SetVisibility(visible)


def edge_mesh(tile: Tile, first_row: int = 0) -> vtkPolyData:
    """The lines of a tile whose feature 0 has a row. Any thread."""
    return line_mesh(
        tile.edges_local_m,
        feature=(np.repeat(tile.edge_features, 2) + first_row).astype(np.float32),
        codeLight=tile.edge_code_light.reshape(-1),
    )
