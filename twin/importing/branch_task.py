"""One branch of the tileset in a worker: from chunks on disk to tiles and table rows."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from twin.arrays import Int32Array
from twin.city.asset import TriangleSoup
from twin.importing.branch import Branch
from twin.importing.branch_rows import final_rows, read_square
from twin.importing.lit import Lit, lit_of
from twin.importing.morton import Node
from twin.importing.spill import Triangles
from twin.importing.summary import write_summary
from twin.importing.tasks import check_stop
from twin.importing.tile_table import TileWriter
from twin.importing.tree import TileNode, write_tileset


class BranchTask(msgspec.Struct, frozen=True, kw_only=True):
    """Build the tiles of one square.

    Attributes
    ----------
    chunks : paths without ending of the chunks that reach into the square, each with the row of
        its first wide feature
    out : folder of the branch's tiles
    base : path without ending for rows and summary
    depth, prefix : the square
    first_row : row of its first feature in ``features.parquet``
    kinds : all kinds of the import, at last the one of merged ground
    columns : attributes of the whole import, "number" or "text"
    """

    chunks: tuple[tuple[str, int], ...]
    out: str
    base: str
    stop: str
    depth: int
    prefix: int
    first_row: int
    kinds: tuple[str, ...]
    columns: dict[str, str]

    @property
    def node(self) -> Node:
        """The square."""
        return Node(self.depth, self.prefix)


class BranchFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a branch.

    Attributes
    ----------
    tile : its tree, contents relative to ``out``; None when nothing is drawn
    """

    tile: TileNode | None
    n_rows: int
    n_tiles: int
    n_bytes: int
    seconds: float = 0.0


def run_branch(task: BranchTask) -> BranchFacts:
    """Build a branch unless it was built before.

    Raises
    ------
    TwinError
        The person stopped it.
    """
    base = Path(task.base)
    done = base.with_suffix(".json")
    if done.is_file():
        return msgspec.json.decode(done.read_bytes(), type=BranchFacts)
    started = time.perf_counter()
    out = Path(task.out)
    out.mkdir(parents=True, exist_ok=True)
    square = read_square(
        task.chunks,
        task.node,
        first_row=task.first_row,
        kinds=task.kinds,
        columns=task.columns,
    )
    rows, table = square.rows, square.table
    _write_rows(base.with_suffix(".rows"), rows, task)
    writer = TileWriter(folder=out, kind_names=task.kinds)
    n = len(rows)
    parents = rows["parent"].to_numpy().astype(np.int32)
    branch = Branch(
        lit=_lit(square.near, parents),
        keys=rows["key"].to_numpy(),
        wide=_lit(square.wide, np.full(len(table.rows), -1, np.int32)),
        wide_keys=square.wide.keys,
        table=table,
        writer=writer,
        tick=lambda: check_stop(task.stop),
    )
    built = branch.build(task.node)
    coarse = built[0] if built else None
    if coarse is not None:
        write_tileset(out / "tileset.json", coarse.tile)
        write_summary(base, coarse, table)
    facts = BranchFacts(
        tile=None if coarse is None else coarse.tile,
        n_rows=n,
        n_tiles=writer.n_tiles,
        n_bytes=writer.n_bytes,
        seconds=time.perf_counter() - started,
    )
    part = base.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(facts))
    part.rename(done)
    return facts


def _lit(triangles: Triangles, parents: Int32Array) -> Lit:
    soup = TriangleSoup(
        corners_local_m=triangles.corners_local_m,
        features=triangles.features,
        surfaces=triangles.surfaces,
    )
    return lit_of(soup, parents)


def _write_rows(path: Path, rows: pa.Table, task: BranchTask) -> None:
    table = final_rows(rows, task.first_row, task.columns)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, table.schema, options=options) as writer,
    ):
        writer.write_table(table)
