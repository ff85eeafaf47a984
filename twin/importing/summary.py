"""What a branch keeps on disk for the levels above it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twin.importing.boxes import Boxes
from twin.importing.coarse import GROUND_PIXELS, Coarse
from twin.importing.ground import Frame, GroundRaster, frame_around, painted
from twin.importing.tile_table import Table
from twin.importing.tree import TileNode


def write_summary(base: Path, coarse: Coarse, table: Table) -> None:
    """Keep what the levels above need: the boxes, the raster, and whom the boxes stand for."""
    arrays: dict[str, Any] = {}
    if coarse.boxes is not None:
        arrays |= {name: getattr(coarse.boxes, name) for name in Boxes.__slots__}
        told = table.taken(coarse.boxes.features)
        names = pa.table({"id": told.ids, "name": told.names})
        with (
            pa.OSFile(str(base.with_suffix(".told")), "wb") as sink,
            pa.ipc.new_file(sink, names.schema) as writer,
        ):
            writer.write_table(names)
        arrays |= {"told_kinds": told.kinds, "told_rows": told.rows, "told_z": told.z_m}
    raster = coarse.raster
    if raster is None and coarse.ground is not None and coarse.ground.n_triangles:
        arrays |= {"ground_corners": coarse.ground.corners_local_m}
        arrays |= {"ground_surfaces": coarse.ground.surfaces()}
    if raster is not None:
        arrays |= {"codes": raster.codes, "raster_z": raster.z_m}
        arrays["frame"] = np.array([raster.frame.column, raster.frame.row])
        arrays["pixel_m"] = np.array([raster.frame.pixel_m])
    np.savez(base.with_suffix(".npz"), **arrays)


def read_summary(base: Path, tile: TileNode, first: int) -> tuple[Coarse, Table | None]:
    """What `write_summary` kept; boxes stand for rows of the table from `first` on."""
    with np.load(base.with_suffix(".npz")) as file:
        arrays = {name: file[name] for name in file.files}
    boxes, told = None, None
    if "centres" in arrays:
        with pa.memory_map(str(base.with_suffix(".told"))) as source:
            names = pa.ipc.open_file(source).read_all()
            ids, titles = names["id"].to_pylist(), names["name"].to_pylist()
        told = Table(
            ids=pa.array(ids, pa.string()),
            names=pa.array(titles, pa.string()),
            kinds=arrays["told_kinds"],
            rows=arrays["told_rows"],
            z_m=arrays["told_z"],
        )
        fields = {name: arrays[name] for name in Boxes.__slots__}
        fields["features"] = first + np.arange(len(told.rows))
        boxes = Boxes(**fields)
    raster = None
    if "codes" in arrays:
        column, row = arrays["frame"].tolist()
        n_rows, n_columns = arrays["codes"].shape
        frame = Frame(
            pixel_m=float(arrays["pixel_m"][0]),
            column=column,
            row=row,
            n_columns=n_columns,
            n_rows=n_rows,
        )
        raster = GroundRaster(frame=frame, codes=arrays["codes"], z_m=arrays["raster_z"])
    elif "ground_corners" in arrays:
        frame = frame_around(tile.bounds, GROUND_PIXELS)
        raster = painted(arrays["ground_corners"], arrays["ground_surfaces"], frame)
    return Coarse(tile=tile, boxes=boxes, raster=raster), told
