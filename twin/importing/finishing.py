"""The last pass of an import: upper levels, feature table, scene, and the finished folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from twin.city.frames import Origin
from twin.city.scene_file import SCENE_NAME, SceneFile, SceneSource
from twin.importing.branch_rows import wide_rows
from twin.importing.branch_task import BranchFacts
from twin.importing.earth import ecef_from_local
from twin.importing.feature_table import FeatureTableFile
from twin.importing.morton import Node
from twin.importing.network_files import PLACES, STREETS, gather_network
from twin.importing.planning import Plan
from twin.importing.sources import Prepared
from twin.importing.spill import ChunkFacts
from twin.importing.tile_table import TileWriter
from twin.importing.top_levels import TILES, TILESET, TOP, top_levels
from twin.importing.tree import write_tileset

WORK, CITY, BRANCHES = ".import", "city", "branches"
FEATURES, TEXT_INDEX = "features.parquet", "features.find"
#: Kind of the one feature of a coarse tile that is the ground of many.
GROUND_KIND = "Ground of many features"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What was imported.

    Attributes
    ----------
    n_bytes : of the tiles
    warnings : sentence and count of what was odd
    """

    folder: Path
    title: str
    n_features: int
    n_buildings: int
    n_triangles: int
    n_points: int = 0
    n_tiles: int
    n_bytes: int
    crs: str | None
    warnings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What the passes before have left in ``folder/.import``.

    Attributes
    ----------
    chunks : paths without ending, with their ``facts``
    branches : each with what became of it, in the order of the table's rows
    """

    folder: Path
    ready: Prepared
    plan: Plan
    chunks: tuple[Path, ...]
    facts: tuple[ChunkFacts, ...]
    branches: tuple[tuple[Node, BranchFacts], ...]

    @property
    def work(self) -> Path:
        """Where unfinished things lie."""
        return self.folder / WORK


def finished(passed: Passed, said: Callable[[float], None]) -> ImportReport:
    """Write what is left and move everything to its place.

    Parameters
    ----------
    said : called with the fraction of this pass; raising from it stops before anything moved
    """
    city, ready = passed.work / CITY, passed.ready
    top = city / TILES / TOP
    top.mkdir(parents=True, exist_ok=True)
    writer = TileWriter(folder=top, kind_names=all_kinds(passed.facts))
    drawn = {node: one.tile for node, one in passed.branches if one.tile is not None}
    root = top_levels(passed.plan.root, drawn, passed.work / BRANCHES, writer)
    if not writer.n_tiles:
        top.rmdir()
    transform = ecef_from_local(ready.origin)
    extras = _extras(ready.origin, ready.title)
    write_tileset(city / TILESET, root, transform=transform, extras=extras)
    n_rows = _write_features(passed, said)
    gather_network(passed.chunks, city)
    _write_scene(city / SCENE_NAME, ready.title, ready.origin)
    _publish(city, passed.folder)
    return ImportReport(
        folder=passed.folder,
        title=ready.title,
        n_features=n_rows,
        n_buildings=sum(fact.n_buildings for fact in passed.facts),
        n_triangles=sum(fact.n_triangles + fact.n_wide_triangles for fact in passed.facts),
        n_tiles=writer.n_tiles + sum(one.n_tiles for _, one in passed.branches),
        n_bytes=writer.n_bytes + sum(one.n_bytes for _, one in passed.branches),
        crs=ready.origin.crs,
        warnings=_warnings(passed.facts, ready),
    )


def all_kinds(facts: Sequence[ChunkFacts]) -> tuple[str, ...]:
    """All kinds of the import, at last the one of merged ground."""
    return (*dict.fromkeys(kind for fact in facts for kind in fact.kinds), GROUND_KIND)


def all_columns(facts: Sequence[ChunkFacts]) -> dict[str, str]:
    """Attributes of all chunks; text where one chunk has text."""
    out: dict[str, str] = {}
    for fact in facts:
        for name, kind in fact.columns.items():
            out[name] = "text" if "text" in (kind, out.get(name)) else kind
    return out


def _write_features(passed: Passed, said: Callable[[float], None]) -> int:
    first = wide_rows(passed.chunks, all_columns(passed.facts))
    with FeatureTableFile(passed.work / CITY / FEATURES, first.schema) as table:
        table.add(first)
        for n_done, (node, one) in enumerate(passed.branches, start=1):
            if one.n_rows:
                file = (passed.work / BRANCHES / node.name).with_suffix(".rows")
                with pa.memory_map(str(file)) as source:
                    table.add(pa.ipc.open_file(source).read_all())
            said(n_done / len(passed.branches))
    return table.n_rows


def _publish(city: Path, folder: Path) -> None:
    """Replace what a finished city consists of; the tileset goes first and comes last."""
    for name in (TILESET, TILES, FEATURES, TEXT_INDEX, STREETS, PLACES):
        old = folder / name
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    names = sorted(path.name for path in city.iterdir())
    for name in [*(one for one in names if one != TILESET), TILESET]:
        (city / name).replace(folder / name)
    shutil.rmtree(folder / WORK)


def _warnings(facts: Sequence[ChunkFacts], ready: Prepared) -> tuple[tuple[str, int], ...]:
    sums: dict[str, tuple[str, int]] = dict(ready.warnings)
    for fact in facts:
        for kind, (message, count) in fact.warnings.items():
            sums[kind] = (message, sums.get(kind, ("", 0))[1] + count)
    return tuple(sums.values())


def _extras(origin: Origin, title: str) -> dict[str, Any]:
    return {
        "version": 1,
        "title": title,
        "crs": origin.crs or "",
        "east_m": origin.east_m,
        "north_m": origin.north_m,
        "height_m": origin.height_m,
    }


def _write_scene(path: Path, title: str, origin: Origin) -> None:
    scene = SceneFile(
        path=path,
        title=title,
        crs=origin.crs or "",
        origin=(origin.east_m, origin.north_m, origin.height_m),
        sources=(SceneSource(id="city", path=TILESET, title=title),),
    )
    scene.save(path)
