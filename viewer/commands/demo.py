"""``civitwin demo``: hub, simulator and console in one go."""

from __future__ import annotations

import argparse

from viewer.console_arguments import (
    add_console_arguments,
    add_scene_arguments,
    city_of_files,
    console_options,
)
from viewer.subcommand import Subcommand


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    city = parser.add_argument_group("city")
    city.add_argument(
        "--city",
        action="append",
        metavar="FILE",
        help="a city file or a scene (default: a generated city); may be repeated",
    )
    add_scene_arguments(city)
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
    from viewer.city_source import CitySource
    from viewer.console import run_console

    if arguments.city:
        city = city_of_files(arguments.city, arguments)
    else:
        city = CitySource(n_buildings=arguments.buildings, seed=arguments.seed)
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
