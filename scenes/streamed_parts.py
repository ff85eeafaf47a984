"""What a worker makes of a tile's content, so that the GUI thread only has to show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData

from scenes.edge_lines import EdgeMesh, edge_mesh
from scenes.ground import lowest_ground
from scenes.picker import PickMesh, locator_on
from scenes.vtk_arrays import shared_point_cloud, shared_triangle_mesh
from twin.arrays import Float32Array
from twin.tiles.content import TileContent
from twin.tiles.tile import Tile

#: What a corner, a triangle and the end of a line take in graphics memory: floats and indices,
#: and what the driver adds. On software GL it lies in this process; measured there 34 bytes a
#: corner with its share of triangles, where floats and indices alone are 26.
POINT_GL_BYTES, TRIANGLE_GL_BYTES, LINE_END_GL_BYTES = 26, 16, 40
#: What a pick locator takes a triangle (measured: 81).
LOCATOR_BYTES = 88
#: VTK's own copy of a line end (measured: 33).
_LINE_END_BYTES = 36


@dataclass(frozen=True, slots=True, eq=False)
class StreamedMesh:
    """One mesh of a content: the same arrays for drawing, edges and picks.

    ``features`` holds the rows that the mesh's points refer to; VTK does not keep it alive.
    """

    tile: Tile
    mesh: vtkPolyData
    features: Float32Array
    pick: PickMesh
    edges: EdgeMesh | None


@dataclass(frozen=True, slots=True, eq=False)
class StreamedContent:
    """All of a content that can be shown. Never changed; shared by all views.

    Attributes
    ----------
    points : a point cloud, None without
    ground_z_m : lowest ground in it, NaN when unknown
    n_bytes : beyond the content's own arrays: locators, edge lines, graphics memory
    upload_bytes : what goes to the graphics driver when it is first drawn
    """

    meshes: tuple[StreamedMesh, ...]
    points: vtkPolyData | None
    ground_z_m: float
    n_bytes: int
    upload_bytes: int


def prepared_content(content: TileContent, first_row: int) -> StreamedContent:
    """Make meshes, edges and pick locators of a content whose feature 0 has a row. Any thread."""
    meshes = tuple(_mesh(tile, first_row) for tile in content.tiles if tile.n_triangles)
    n_bytes = sum(_beyond_arrays(mesh) for mesh in meshes)
    cloud = None
    if content.points is not None and content.points.n_points:
        cloud = shared_point_cloud(content.points.xyz_local_m, content.points.rgb)
        n_bytes += 3 * content.points.xyz_local_m.nbytes
    z = [lowest_ground(mesh.tile, content.features) for mesh in meshes]
    return StreamedContent(
        meshes=meshes,
        points=cloud,
        ground_z_m=float(np.nanmin(z)) if z and not np.isnan(z).all() else float("nan"),
        n_bytes=n_bytes,
        upload_bytes=sum(upload_bytes(mesh.tile) for mesh in meshes),
    )


def whole_tile_bytes(tile: Tile) -> int:
    """What a tile of a city that was read whole takes: arrays, VTK's copies, locator, graphics."""
    n_points, n_triangles = len(tile.points_local_m), tile.n_triangles
    arrays: int = sum(getattr(tile, name).nbytes for name in Tile.__slots__)
    copies = n_points * 20 + n_triangles * 24
    return arrays + copies + n_triangles * LOCATOR_BYTES + upload_bytes(tile)


def upload_bytes(tile: Tile) -> int:
    """What the faces of a tile take in graphics memory."""
    return len(tile.points_local_m) * POINT_GL_BYTES + tile.n_triangles * TRIANGLE_GL_BYTES


def _mesh(tile: Tile, first_row: int) -> StreamedMesh:
    features = tile.point_features + np.float32(first_row)
    mesh = shared_triangle_mesh(
        tile.points_local_m, tile.triangles, feature=features, codeLight=tile.code_light
    )
    edges = None
    if len(tile.edges_local_m):
        edges = EdgeMesh(tile, edge_mesh(tile, first_row))
    return StreamedMesh(
        tile=tile,
        mesh=mesh,
        features=features,
        pick=PickMesh(tile, first_row, locator_on(mesh)),
        edges=edges,
    )


def _beyond_arrays(made: StreamedMesh) -> int:
    n_ends = 2 * len(made.tile.edges_local_m)
    return (
        made.features.nbytes
        + made.tile.n_triangles * LOCATOR_BYTES
        + upload_bytes(made.tile)
        + n_ends * (_LINE_END_BYTES + LINE_END_GL_BYTES)
    )
