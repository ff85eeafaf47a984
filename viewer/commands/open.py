"""``civitwin open FILE``: a city file in the console."""

from __future__ import annotations

import argparse
from pathlib import Path

from viewer.console_arguments import add_console_arguments, console_options
from viewer.subcommand import Subcommand


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the city file")
    parser.add_argument("--lod", default="", help="level of detail (default: the best there is)")
    parser.add_argument("--crs", default="", help="CRS of a file that names none, e.g. EPSG:31256")
    parser.add_argument(
        "--simulate", action="store_true", help="let a simulator live in it (as civitwin demo does)"
    )
    add_console_arguments(parser)


def _run(arguments: argparse.Namespace) -> int:
    from twin.readers.base import ReadOptions
    from viewer.city_source import CitySource
    from viewer.console import run_console

    options = ReadOptions(lod=arguments.lod, crs=arguments.crs)
    city = CitySource(path=arguments.file, options=options)
    return run_console(console_options(arguments, city=city, simulate=arguments.simulate))


SUBCOMMAND = Subcommand(
    id="open",
    help="Open a city file in the console",
    epilog="""Examples:
  civitwin open rotterdam.city.json
  civitwin open buildings.geojson --hub tcp://127.0.0.1:5710 --operator Ada --department traffic
  civitwin open vienna.city.jsonl --crs EPSG:31256 --color-by measuredHeight""",
    add_arguments=_add_arguments,
    run=_run,
)
