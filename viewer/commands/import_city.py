"""``civitwin import``: a city of any size as a folder of 3D Tiles, feature table and scene."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from viewer.subcommand import Subcommand

_EPILOG = """examples:
  civitwin import denhaag.city.json -o denhaag/
  civitwin import monaco.osm.gz N43E007.hgt.zip -o monaco/
  civitwin import vienna.city.jsonl --crs EPSG:31256 -o vienna/
  civitwin import generated:1000000 -o metropolis/ --seed 7

The folder then opens with: civitwin open CITY
An import that was stopped goes on when it is started again in the same way."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``import``."""
    parser.add_argument(
        "source", nargs="+", metavar="SOURCE",
        help="city files, a scene.toml, or generated:N for N invented buildings",
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="CITY",
                        help="folder to make")  # fmt: skip
    parser.add_argument("--crs", default="", help="CRS of files that name none, e.g. EPSG:31256")
    parser.add_argument("--lod", default="", help="level of detail to take (default: the best)")
    parser.add_argument("--seed", type=int, default=1, help="of a generated city (default: 1)")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1),
                        help="worker processes (default: %(default)s)")  # fmt: skip
    parser.add_argument(
        "--force", action="store_true", help="replace a finished city or another unfinished import"
    )


def run(arguments: argparse.Namespace) -> int:
    """Import, telling how far it is on standard error."""
    from twin.errors import TwinError
    from twin.importing.job import import_city
    from twin.importing.sources import import_sources
    from twin.importing.tasks import CancelledError
    from viewer.step_progress import StepProgress

    if arguments.jobs < 1:
        raise TwinError(f"--jobs is 1 or more, not {arguments.jobs}")
    sources = import_sources(
        tuple(arguments.source), crs=arguments.crs, lod=arguments.lod, seed=arguments.seed
    )
    stop = _Stop()
    line = StepProgress(sys.stderr)
    with stop:
        try:
            report = import_city(
                sources, arguments.output, told=line.told, jobs=arguments.jobs,
                force=arguments.force, stopped=stop.is_set,
            )  # fmt: skip
        except CancelledError as error:
            line.end()
            print(f"civitwin: {error}", file=sys.stderr)
            return 130
        finally:
            line.end()
    what = f"{report.n_points:,} points" if report.n_points else f"{report.n_features:,} features"
    print(
        f"{report.title}: {what} in {report.n_tiles:,} tiles, "
        f"{report.n_bytes / 1e6:,.1f} MB, {line.seconds:.1f} s"
    )
    if report.crs is None:
        print("The source names no coordinate reference system, so the tiles lie nowhere on Earth;"
              " import it with --crs to place them")  # fmt: skip
    for message, count in report.warnings:
        print(f"Remark: {message} ({count:,})")
    print(f"Open it with: civitwin open {arguments.output}")
    return 0


class _Stop:
    """Ctrl-C asks the import to end; a second one ends the program at once."""

    def __init__(self) -> None:
        self._is_set = False
        self._before: object = None

    def __enter__(self) -> _Stop:
        self._before = signal.signal(signal.SIGINT, self._asked)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]  # what it gave

    def is_set(self) -> bool:
        """Whether the person asked."""
        return self._is_set

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_set:
            raise KeyboardInterrupt
        self._is_set = True


SUBCOMMAND = Subcommand(
    id="import",
    help="Import a city of any size: 3D Tiles, feature table and scene in one folder",
    epilog=_EPILOG,
    add_arguments=add_arguments,
    run=run,
)
