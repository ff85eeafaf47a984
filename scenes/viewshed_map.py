"""The six depth maps around an observer, and the uniforms that go with them."""

from __future__ import annotations

import numpy as np

from scenes.depth_map import DepthMap, casters, column_major, look_camera
from scenes.stage import Stage
from scenes.viewshed_shader import COLUMNS, PART_ID, ROWS, VIEWSHED_PART
from twin.arrays import Float64Array

CELL_PX = 1024
NEAR_M = 0.4
#: Direction and up of each face of the cube.
_FACES = (
    ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    ((-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ((0.0, -1.0, 0.0), (0.0, 0.0, 1.0)),
    ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0)),
    ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0)),
)
Rgba = tuple[float, float, float, float]


class ViewshedMap:
    """Adds the viewshed to the city's shader for as long as an observer stands. GUI thread."""

    def __init__(self, stage: Stage, *, seen: Rgba, hidden: Rgba) -> None:
        self._stage = stage
        self._uniforms = stage.surface_shader.GetFragmentCustomUniforms()
        self._map = DepthMap(
            stage.renderer,
            stage.surface_property,
            cell_px=CELL_PX,
            columns=COLUMNS,
            rows=ROWS,
            pass_began=lambda: self._uniforms.SetUniformi("depthPass", 1),
            pass_ended=lambda: self._uniforms.SetUniformi("depthPass", 0),
        )
        self._uniforms.SetUniformi("depthPass", 0)
        self._uniforms.SetUniform4f("eyeSeen", seen)
        self._uniforms.SetUniform4f("eyeHidden", hidden)
        size = (float(CELL_PX * COLUMNS), float(CELL_PX * ROWS), 2.0 / CELL_PX)
        self._uniforms.SetUniform3f("eyeAtlas", size)
        self._stamp: tuple[object, ...] = ()
        self._is_added = False

    def look(self, eye_m: Float64Array, range_m: float) -> bool:
        """Stand at an eye (3,); False when nothing has changed since."""
        stage = self._stage
        tiles = hash(tuple(map(id, casters(stage.renderer, stage.surface_property))))
        stamp = (eye_m.tobytes(), range_m, tiles)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        for face, (way, up) in enumerate(_FACES):
            camera = look_camera(
                eye_m, eye_m + np.array(way), np.array(up), NEAR_M, max(2.0 * range_m, 10.0)
            )
            matrix = self._map.want(face, camera)
            self._uniforms.SetUniformMatrix4x4(f"eyeFace{face}", column_major(matrix))
        x, y, z = eye_m.tolist()
        self._uniforms.SetUniform4f("eyeAt", (x, y, z, range_m))
        if not self._is_added:
            stage.surface_property.SetTexture("eyeDepth", self._map.texture)
            stage.add_shader_part(VIEWSHED_PART)
            self._is_added = True
        return True

    def leave(self) -> None:
        """Take the tint away."""
        if self._is_added:
            self._stage.drop_shader_part(PART_ID)
            self._stage.surface_property.RemoveTexture("eyeDepth")
        self._is_added, self._stamp = False, ()

    def dispose(self) -> None:
        """Free the maps."""
        self.leave()
        self._map.dispose()
