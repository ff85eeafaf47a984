"""A whole import: chunks, branches, the levels above, the feature table, the finished folder."""

from __future__ import annotations

import contextlib
import errno
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from twin.errors import TwinError
from twin.importing.branch_task import BranchFacts, BranchTask, run_branch
from twin.importing.cloud import clouds_among, import_cloud
from twin.importing.finishing import (
    BRANCHES,
    CITY,
    WORK,
    ImportReport,
    Passed,
    all_columns,
    all_kinds,
    finished,
)
from twin.importing.morton import Node
from twin.importing.planning import Plan, planned
from twin.importing.sources import ImportSources, Prepared, prepared
from twin.importing.spill import ChunkFacts, read_facts
from twin.importing.tasks import CancelledError, run_chunk
from twin.importing.top_levels import TILES, TILESET

#: Shares of the work, for the progress.
_CHUNKS, _BRANCHES = 0.42, 0.5
#: Seconds that workers have to end by themselves.
_GRACE_S = 1.0

#: Told now and then: fraction done, and what is being done.
Told = Callable[[float, str], None]
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class ImportRefusedError(TwinError):
    """An import that must not begin: the folder holds something else."""


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
    clouds = clouds_among(sources.paths)
    if clouds:
        return _cloud(sources, clouds, folder, told, stopped)
    with _disk(folder):
        job = _Job(sources, folder, work, told, jobs, stopped)
        with _ending(job):
            return job.run()


def _cloud(
    sources: ImportSources,
    clouds: Sequence[str],
    folder: Path,
    told: Told,
    stopped: Callable[[], bool],
) -> ImportReport:
    """Import a point cloud, which is a folder of its own."""
    if len(sources.paths) > 1:
        shutil.rmtree(folder / WORK)
        with contextlib.suppress(OSError):
            folder.rmdir()
        raise ImportRefusedError(
            f"Import the point cloud into a folder of its own, then open both: {clouds[0]}"
        )

    def check() -> None:
        if stopped():
            raise CancelledError("The import was stopped; start it again to do it anew")

    with _disk(folder):
        return import_cloud(Path(clouds[0]), folder, crs=sources.crs, told=told, check=check)


def _opened(sources: ImportSources, folder: Path, force: bool) -> Path:
    work = folder / WORK
    state = work / "import.json"
    if (folder / TILESET).exists() and not force and not state.is_file():
        raise ImportRefusedError(
            f"There is an imported city already; add --force to replace it: {folder}"
        )
    is_ours = work.is_dir() or (folder / TILESET).exists()
    if folder.is_dir() and not is_ours and any(folder.iterdir()):
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
        for name in ("chunks", BRANCHES, CITY):
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
    #: Started once for both passes: a worker takes half a second to begin.
    pool: ProcessPoolExecutor | None = None

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
        rest = 1 - _CHUNKS - _BRANCHES
        passed = Passed(
            folder=self.folder,
            ready=ready,
            plan=plan,
            chunks=tuple(chunks),
            facts=tuple(facts),
            branches=tuple(branches),
        )
        report = finished(
            passed, lambda part: self._say(_CHUNKS + _BRANCHES + rest * part, "Finishing")
        )
        self.told(1.0, "Done")
        return report

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
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                self.jobs, mp_context=get_context("spawn"), initializer=_ignore_interrupt
            )
        futures = [self.pool.submit(function, task) for task in tasks]
        self._watch(futures, done)
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
        columns, kinds = all_columns(facts), all_kinds(facts)
        row = sum(fact.n_wide for fact in facts)
        tasks = []
        for node, n_features in zip(plan.branches, plan.n_features, strict=True):
            tasks.append(
                BranchTask(
                    chunks=_touching(node, chunks, facts),
                    out=str(self.work / CITY / TILES / node.name),
                    base=str(self.work / BRANCHES / node.name),
                    stop=str(self.work / "stop"),
                    depth=node.depth,
                    prefix=node.prefix,
                    first_row=row,
                    kinds=kinds,
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


@contextlib.contextmanager
def _ending(job: _Job) -> Iterator[None]:
    """Let the workers of a job go; where it fails they see the stop mark and are ended."""
    others = set(active_children())
    try:
        yield
    except BaseException:
        if job.pool is not None:
            (job.work / "stop").touch()
            job.pool.shutdown(wait=False, cancel_futures=True)
            _end(set(active_children()) - others)
        raise
    finally:
        if job.pool is not None:
            job.pool.shutdown()


def _end(workers: set[BaseProcess]) -> None:
    """Let workers see the stop mark, then end them: what they have begun is made anew."""
    deadline_s = time.monotonic() + _GRACE_S
    for worker in workers:
        worker.join(max(0.0, deadline_s - time.monotonic()))
        if worker.is_alive():
            worker.terminate()


def _touching(
    node: Node, chunks: Sequence[Path], facts: Sequence[ChunkFacts]
) -> tuple[tuple[str, int], ...]:
    """Chunks that have something in a square, with the row of their first wide feature."""
    out: list[tuple[str, int]] = []
    first_wide = 0
    for base, fact in zip(chunks, facts, strict=True):
        if any(low < node.end and high >= node.first for low, high in fact.key_ranges):
            out.append((str(base), first_wide))
        first_wide += fact.n_wide
    return tuple(out)
