"""``civitwin open``: city files or a scene in the console."""

from __future__ import annotations

import argparse
from pathlib import Path

from viewer.console_arguments import add_console_arguments, add_scene_arguments, console_options
from viewer.subcommand import Subcommand


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="city files, a scene.toml, a folder that holds one, or the address of a tileset;"
        " none = list what was opened last",
    )
    add_scene_arguments(parser)
    parser.add_argument(
        "--save-scene", type=Path, metavar="TOML", help="write what is opened as a scene"
    )
    parser.add_argument(
        "--simulate", action="store_true", help="let a simulator live in it (as civitwin demo does)"
    )
    add_console_arguments(parser)


def _run(arguments: argparse.Namespace) -> int:
    from viewer.console import run_console
    from viewer.console_arguments import city_of_files
    from viewer.recent import RecentScenes

    recent = RecentScenes()
    if not arguments.files:
        print("\n".join(recent.lines()))
        return 0
    city = city_of_files(arguments.files, arguments, save_scene=arguments.save_scene)
    options = console_options(arguments, city=city, simulate=arguments.simulate)
    if arguments.seconds is None:
        recent.note([str(arguments.save_scene)] if arguments.save_scene else arguments.files)
    return run_console(options)


SUBCOMMAND = Subcommand(
    id="open",
    help="Open city files or a scene in the console",
    epilog="""Examples:
  civitwin open rotterdam.city.json
  civitwin open monaco.osm.gz N43E007.hgt.zip --save-scene monaco/scene.toml
  civitwin open monaco/
  civitwin open buildings.geojson --join values.csv:building_id --color-by value
  civitwin open buildings.geojson --hub tcp://127.0.0.1:5710 --operator Ada --department traffic
  civitwin open vienna.city.jsonl --crs EPSG:31256 --color-by measuredHeight""",
    add_arguments=_add_arguments,
    run=_run,
)
