"""A whole import: chunks, branches, the levels above, the feature table, the finished folder."""

from __future__ import annotations

import contextlib
import errno
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from twin.city.frames import Origin
from twin.city.scene_file import SCENE_NAME, SceneFile, SceneSource
from twin.errors import TwinError
from twin.importing.branch import Coarse, Table, TileWriter, combined, joined_tables
from twin.importing.branch_task import (
    BranchFacts,
    BranchTask,
    read_summary,
    run_branch,
    wide_rows,
)
from twin.importing.feature_table import FeatureTableFile
from twin.importing.earth import ecef_from_local
from twin.importing.morton import Node
from twin.importing.network_files import PLACES, STREETS, gather_network
from twin.importing.planning import Plan, planned
from twin.importing.sources import ImportSources, Prepared, prepared
from twin.importing.spill import ChunkFacts, read_facts
from twin.importing.tasks import CancelledError, run_chunk
from twin.importing.tree import TileNode, write_tileset

WORK, TILESET, FEATURES, TILES = ".import", "tileset.json", "features.parquet", "tiles"
#: Kind of the one feature of a coarse tile that is the ground of many.
GROUND_KIND = "Ground of many features"
#: Shares of the work, for the progress.
_CHUNKS, _BRANCHES = 0.42, 0.5

#: Told now and then: fraction done, and what is being done.
Told = Callable[[float, str], None]
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class ImportRefusedError(TwinError):
    """An import that must not begin: the folder holds something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What was imported."""

    folder: Path
    title: str
    n_features: int
    n_buildings: int
    n_triangles: int
    n_tiles: int
    n_bytes: int
    crs: str | None
    warnings: tuple[tuple[str, int], ...]


class _State(msgspec.Struct, kw_only=True):
    """``.import/import.json``: what the unfinished import is about."""

    sources: ImportSources


def import_city(
    sources: ImportSources,
    folder: Path,
    *,
    told: Told,
    jobs: int = 2,
    force: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Make a city folder. Blocking; memory does not grow with the city.

    Unfinished work lies in ``folder/.import``; the same call goes on where it was left.

    Parameters
    ----------
    told : called with the fraction done and a word on the step
    jobs : worker processes
    force : replace a finished city
    stopped : asked twice a second; True ends the import, which can go on later

    Raises
    ------
    ImportRefusedError
        The folder holds a finished city, another unfinished import, or other files.
    CancelledError
        `stopped` said so.
    TwinError
        A source cannot be read, or the disk is full.
    """
    work = _opened(sources, folder, force)
    with _disk(folder):
        job = _Job(sources, folder, work, told, jobs, stopped)
        return job.run()


def _opened(sources: ImportSources, folder: Path, force: bool) -> Path:
    work = folder / WORK
    state = work / "import.json"
    if (folder / TILESET).exists() and not force and not state.is_file():
        raise ImportRefusedError(
            f"There is an imported city already; add --force to replace it: {folder}"
        )
    if folder.is_dir() and not work.is_dir() and not (folder / TILESET).exists():
        if any(folder.iterdir()):
            raise ImportRefusedError(f"The folder holds other files; choose an empty one: {folder}")
    if state.is_file():
        try:
            known = msgspec.json.decode(state.read_bytes(), type=_State)
        except msgspec.DecodeError:
            known = None
        if known is None or known.sources != sources:
            if not force:
                raise ImportRefusedError(
                    "Another import was left unfinished here; finish it, add --force to drop it, "
                    f"or choose another folder: {folder}"
                )
            shutil.rmtree(work)
    with _disk(folder):
        work.mkdir(parents=True, exist_ok=True)
        if not state.is_file():
            part = state.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(_State(sources=sources)))
            part.rename(state)
        (work / "stop").unlink(missing_ok=True)
        for name in ("chunks", "branches", "city"):
            (work / name).mkdir(exist_ok=True)
    return work


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Say in one sentence what the disk would not do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise TwinError(
                f"The disk is full; free some space and start the import again to go on: {folder}"
            ) from error
        raise TwinError(f"The folder cannot be written ({error.strerror}): {folder}") from error


def _ignore_interrupt() -> None:
    """Ctrl-C is the parent's to handle; workers see the stop mark."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass(slots=True)
class _Job:
    """One run of an import."""

    sources: ImportSources
    folder: Path
    work: Path
    told: Told
    jobs: int
    stopped: Callable[[], bool]

    def run(self) -> ImportReport:
        """All passes."""
        self.told(0.0, "Reading")
        ready = prepared(self.sources, self.work, lambda part: self._say(part * _CHUNKS, "Reading"))
        chunks = self._chunks(ready)
        facts = [fact for base in chunks if (fact := read_facts(base)) is not None]
        plan = planned(chunks)
        if plan is None:
            raise TwinError("There is nothing to import: no source has a surface that can be drawn")
        branches = self._branches(plan, chunks, facts)
        self._say(_CHUNKS + _BRANCHES, "Finishing")
        return self._finished(ready, plan, chunks, facts, branches)

    def _say(self, fraction: float, step: str) -> None:
        if self.stopped():
            (self.work / "stop").touch()
            raise CancelledError("The import was stopped; start it again to go on")
        self.told(fraction, step)

    def _chunks(self, ready: Prepared) -> list[Path]:
        tasks = ready.tasks
        if tasks:
            self._all(
                run_chunk, tasks, lambda done: self._say(_CHUNKS * done / len(tasks), "Reading")
            )
        return [*ready.chunks, *(Path(task.base) for task in tasks)]

    def _all(
        self,
        function: Callable[[_Task], _Result],
        tasks: Sequence[_Task],
        done: Callable[[int], None],
    ) -> list[_Result]:
        """Run all tasks, in workers if there are several; results in their order."""
        if self.jobs <= 1 or len(tasks) == 1:
            results = []
            for number, task in enumerate(tasks):
                results.append(function(task))
                done(number + 1)
            return results
        with ProcessPoolExecutor(
            min(self.jobs, len(tasks)), mp_context=get_context("spawn"),
            initializer=_ignore_interrupt,
        ) as pool:  # fmt: skip
            futures = [pool.submit(function, task) for task in tasks]
            try:
                self._watch(futures, done)
            except BaseException:
                (self.work / "stop").touch()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
            return [future.result() for future in futures]

    def _watch(self, futures: Sequence[Future[Any]], done: Callable[[int], None]) -> None:
        waiting = set(futures)
        while waiting:
            finished, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in finished:
                try:
                    future.result()
                except BrokenProcessPool as error:
                    raise TwinError(
                        "A worker of the import was ended from outside (perhaps for lack of "
                        "memory); start the import again to go on, with --jobs 1 if need be"
                    ) from error
            done(len(futures) - len(waiting))

    def _branches(
        self, plan: Plan, chunks: list[Path], facts: list[ChunkFacts]
    ) -> list[tuple[Node, BranchFacts]]:
        columns = _columns(facts)
        kinds = tuple(dict.fromkeys(kind for fact in facts for kind in fact.kinds))
        row = sum(fact.n_wide for fact in facts)
        tasks = []
        for node, n_features in zip(plan.branches, plan.n_features, strict=True):
            tasks.append(
                BranchTask(
                    chunks=tuple(str(base) for base in chunks),
                    out=str(self.work / "city" / TILES / node.name),
                    base=str(self.work / "branches" / node.name),
                    stop=str(self.work / "stop"),
                    depth=node.depth,
                    prefix=node.prefix,
                    first_row=row,
                    kinds=(*kinds, GROUND_KIND),
                    columns=columns,
                )
            )
            row += n_features
        results = self._all(
            run_branch,
            tasks,
            lambda done: self._say(_CHUNKS + _BRANCHES * done / len(tasks), "Building tiles"),
        )
        return list(zip(plan.branches, results, strict=True))

    def _finished(
        self,
        ready: Prepared,
        plan: Plan,
        chunks: list[Path],
        facts: list[ChunkFacts],
        branches: list[tuple[Node, BranchFacts]],
    ) -> ImportReport:
        city = self.work / "city"
        kinds = tuple(dict.fromkeys(kind for fact in facts for kind in fact.kinds))
        root, writer = self._top(plan, branches, (*kinds, GROUND_KIND))
        transform = ecef_from_local(ready.origin)
        write_tileset(
            city / TILESET, root, transform=transform, extras=_extras(ready.origin, ready.title)
        )
        n_rows = self._write_features(city / FEATURES, chunks, facts, branches)
        gather_network(chunks, city)
        _write_scene(city / SCENE_NAME, ready.title, ready.origin)
        report = ImportReport(
            folder=self.folder,
            title=ready.title,
            n_features=n_rows,
            n_buildings=sum(fact.n_buildings for fact in facts),
            n_triangles=sum(fact.n_triangles + fact.n_wide_triangles for fact in facts),
            n_tiles=writer.n_tiles + sum(one.n_tiles for _, one in branches),
            n_bytes=writer.n_bytes + sum(one.n_bytes for _, one in branches),
            crs=ready.origin.crs,
            warnings=_warnings(facts, ready),
        )
        self._publish(city)
        self.told(1.0, "Done")
        return report

    def _top(
        self, plan: Plan, branches: list[tuple[Node, BranchFacts]], kinds: tuple[str, ...]
    ) -> tuple[TileNode, TileWriter]:
        """The levels above the branches."""
        folder = self.work / "city" / TILES / "top"
        folder.mkdir(parents=True, exist_ok=True)
        writer = TileWriter(folder=folder, kind_names=kinds)
        drawn = {node: one.tile for node, one in branches if one.tile is not None}
        if not drawn:
            raise TwinError("There is nothing to import: no source has a surface that can be drawn")
        single = len(drawn) == 1
        below: dict[Node, Coarse] = {}
        tables: list[Table] = []
        n = 0
        for node, tile in drawn.items():
            base = self.work / "branches" / node.name
            coarse, table = read_summary(base, tile, n)
            if table is not None:
                tables.append(table)
                n += len(table.rows)
            below[node] = Coarse(
                tile=_moved(tile, node.name) if single else _outside(tile, node.name),
                boxes=coarse.boxes,
                raster=coarse.raster,
            )
        all_told = joined_tables(tables) if tables else _no_table()
        top = self._over(plan.root, below, all_told, writer)
        if top is None:
            raise TwinError("There is nothing to import")
        return top.tile, writer

    def _over(
        self, node: Node, below: dict[Node, Coarse], table: Table, writer: TileWriter
    ) -> Coarse | None:
        if node in below:
            return below[node]
        inside = [one for one in below if node.first <= one.first < node.end]
        if not inside:
            return None
        parts = [self._over(child, below, table, writer) for child in node.children()]
        there = [one for one in parts if one is not None]
        made = combined(node, there, table, writer)
        if made is not None and len(there) > 1 and made.tile.uri:
            made.tile.uri = f"{TILES}/top/{made.tile.uri}"
        return made

    def _write_features(
        self,
        path: Path,
        chunks: list[Path],
        facts: list[ChunkFacts],
        branches: list[tuple[Node, BranchFacts]],
    ) -> int:
        first = wide_rows(chunks, _columns(facts))
        table = FeatureTableFile(path, first.schema)
        with table:
            table.add(first)
            for n_done, (node, one) in enumerate(branches, start=1):
                if one.n_rows:
                    file = (self.work / "branches" / node.name).with_suffix(".rows")
                    with pa.memory_map(str(file)) as source:
                        table.add(pa.ipc.open_file(source).read_all())
                share = (1 - _CHUNKS - _BRANCHES) * n_done / len(branches)
                self._say(_CHUNKS + _BRANCHES + share, "Writing the feature table")
        return table.n_rows

    def _publish(self, city: Path) -> None:
        """Move everything to its place; the tileset comes last."""
        old = [self.folder / name for name in (TILESET, TILES, FEATURES, STREETS, PLACES)]
        for path in old:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        names = sorted(path.name for path in city.iterdir())
        for name in [*(n for n in names if n != TILESET), TILESET]:
            (city / name).replace(self.folder / name)
        shutil.rmtree(self.work)


def _columns(facts: Sequence[ChunkFacts]) -> dict[str, str]:
    """Attributes of all chunks; text where one chunk has text."""
    out: dict[str, str] = {}
    for fact in facts:
        for name, kind in fact.columns.items():
            out[name] = "text" if "text" in (kind, out.get(name)) else kind
    return out


def _warnings(facts: Sequence[ChunkFacts], ready: Prepared) -> tuple[tuple[str, int], ...]:
    sums: dict[str, tuple[str, int]] = dict(ready.warnings)
    for fact in facts:
        for kind, (message, count) in fact.warnings.items():
            sums[kind] = (message, sums.get(kind, ("", 0))[1] + count)
    return tuple(sums.values())


def _moved(tile: TileNode, name: str) -> TileNode:
    """The branch itself, with contents counted from the city's folder."""
    moved: TileNode = msgspec.convert(msgspec.to_builtins(tile), TileNode)
    for one in moved.walk():
        one.uri = f"{TILES}/{name}/{one.uri}" if one.uri else ""
    return moved


def _outside(tile: TileNode, name: str) -> TileNode:
    """A node that stands for the branch's own tileset file."""
    return TileNode(
        bounds=tile.bounds,
        error_m=tile.error_m,
        uri=f"{TILES}/{name}/{TILESET}",
        node=tile.node,
        level=tile.level,
    )


def _no_table() -> Table:
    import numpy as np

    blank = pa.array([], pa.string())
    return Table(
        ids=blank, names=blank, kinds=np.zeros(0, np.uint8), rows=np.zeros(0, np.int64),
        z_m=np.zeros((0, 2), np.float32),
    )  # fmt: skip


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
