"""Areas as one raster of colours: a hatched fill and a solid border."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.analysis.interpolation import Raster, raster_around
from twin.arrays import BoolArray, UInt8Array
from twin.city.areas import Area
from twin.theme import rgb_from_hex

CELLS = 768
#: Width of the border and the distance of two hatch lines, in cells of the raster.
BORDER, HATCH = 4.0, 16.0
_FILL, _LINE, _EDGE = 46, 120, 255


def raster_of_areas(areas: Sequence[Area]) -> tuple[Raster, UInt8Array]:
    """The raster around all areas and its (rows, columns, 4) colours; at least one area."""
    corners = np.concatenate([ring for area in areas for ring in area.rings_local_m()])
    reach_m = 0.02 * float(np.ptp(corners, axis=0).max()) + 1.0
    raster = raster_around(corners, reach_m, CELLS)
    rgba = np.zeros((raster.n_rows, raster.n_columns, 4), np.uint8)
    row, column = np.indices((raster.n_rows, raster.n_columns))
    is_line = np.mod(row + column, HATCH) < HATCH / 4
    for area in areas:
        inside, border = _inside(area, raster)
        red, green, blue = (round(255 * part) for part in rgb_from_hex(area.colour))
        rgba[inside, :3] = red, green, blue
        rgba[inside, 3] = np.where(is_line[inside], _LINE, _FILL)
        rgba[border] = red, green, blue, _EDGE
    return raster, rgba


def _inside(area: Area, raster: Raster) -> tuple[BoolArray, BoolArray]:
    """Cells inside an area, and those of them along its border."""
    import shapely

    shape = shapely.Polygon()
    for ring in area.rings_local_m():  # even-odd: an inner ring is a hole
        shape = shapely.symmetric_difference(shape, shapely.make_valid(shapely.Polygon(ring)))
    core = shape.buffer(-BORDER * raster.cell_m)
    x, y = raster.middles_m()
    grid_x, grid_y = np.meshgrid(x, y)
    shapely.prepare(shape)
    inside = shapely.contains_xy(shape, grid_x.ravel(), grid_y.ravel()).reshape(grid_x.shape)
    within = inside.copy()
    if not core.is_empty:
        shapely.prepare(core)
        within[inside] = shapely.contains_xy(core, grid_x[inside], grid_y[inside])
    else:
        within[:] = False
    return inside, inside & ~within
