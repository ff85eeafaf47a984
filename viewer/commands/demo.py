"""``civitwin demo``: hub, simulator and console in one go."""

from __future__ import annotations

import argparse
from pathlib import Path

from viewer.console_arguments import add_console_arguments, console_options
from viewer.subcommand import Subcommand


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    city = parser.add_argument_group("city")
    city.add_argument(
        "--city", type=Path, metavar="FILE", help="a city file (default: a generated city)"
    )
    city.add_argument("--lod", default="", help="level of detail (default: the best there is)")
    city.add_argument("--crs", default="", help="CRS of a file that names none, e.g. EPSG:31256")
    city.add_argument(
        "--buildings",
        type=int,
        default=5000,
        metavar="N",
        help="size of the generated city, 500 to 1,000,000 (default %(default)s)",
    )
    city.add_argument("--seed", type=int, default=1, help="one seed, one city (default 1)")
    parser.add_argument(
        "--sim-arguments", default="", metavar="TEXT", help="further arguments of civitwin sim"
    )
    add_console_arguments(parser)


def _run(arguments: argparse.Namespace) -> int:
    from twin.readers.base import ReadOptions
    from viewer.city_source import CitySource
    from viewer.console import run_console

    city = CitySource(
        path=arguments.city,
        options=ReadOptions(lod=arguments.lod, crs=arguments.crs),
        n_buildings=arguments.buildings,
        seed=arguments.seed,
    )
    further = tuple(arguments.sim_arguments.split())
    return run_console(
        console_options(arguments, city=city, simulate=not arguments.hub, sim_arguments=further)
    )


SUBCOMMAND = Subcommand(
    id="demo",
    help="Start a hub, a simulator and a console: a living city to operate",
    epilog="""Examples:
  civitwin demo
  civitwin demo --city rotterdam.city.json
  civitwin demo --buildings 20000 --seed 7 --theme dark
  civitwin demo --seconds 30 --screenshot shot.png --report report.json
  civitwin demo --hub tcp://127.0.0.1:5710 --operator Ben --department fire   (a second console)""",
    add_arguments=_add_arguments,
    run=_run,
)
