"""Meshes, edge lines and pick locators of a city that was read whole, for all views of it."""

from __future__ import annotations

from collections.abc import Sequence

from vtkmodules.vtkCommonDataModel import vtkPolyData

from scenes.edge_lines import EdgeMesh
from scenes.picker import PickMesh
from scenes.streamed_parts import upload_bytes, whole_tile_bytes
from scenes.vtk_arrays import triangle_mesh
from twin.tiles.tile import Tile


class CityGeometry:
    """What several scenes draw and ask without copies. Made and used on the GUI thread.

    Only buffers on the graphics card belong to one window alone. Edge meshes and locators are
    made when a view first needs them, and are then there for all.

    Attributes
    ----------
    meshes : faces of each tile, with the arrays ``feature`` and ``codeLight``
    edges : edge lines of the tiles that have any
    picks : each tile for rays, on the same mesh
    """

    def __init__(self, tiles: Sequence[Tile]) -> None:
        self.tiles = tiles
        self.meshes: list[vtkPolyData] = [_mesh(tile) for tile in tiles]
        self.edges = [EdgeMesh(tile) for tile in tiles if len(tile.edges_local_m)]
        pairs = zip(tiles, self.meshes, strict=True)
        self.picks = [PickMesh(tile, mesh=mesh) for tile, mesh in pairs]

    @property
    def n_bytes(self) -> int:
        """What all of it takes with the buffers of one window."""
        return sum(whole_tile_bytes(tile) for tile in self.tiles)

    @property
    def window_bytes(self) -> int:
        """What the buffers of each further window take."""
        return sum(upload_bytes(tile) for tile in self.tiles)


def _mesh(tile: Tile) -> vtkPolyData:
    return triangle_mesh(
        tile.points_local_m,
        tile.triangles,
        feature=tile.point_features,
        codeLight=tile.code_light,
    )
