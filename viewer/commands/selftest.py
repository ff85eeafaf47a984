"""``civitwin selftest``: the installed or bundled app checks itself."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from viewer.subcommand import Subcommand

MIN_DISTINCT_COLOURS = 32


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", action="store_true", help="only print every registered id")
    parser.add_argument("--picture", type=Path, help="keep the picture here")


def registered_ids() -> dict[str, tuple[str, ...]]:
    """Ids of every registry and of the bundled playbooks, by the registry's name."""
    from scenes.layer import layer_registry
    from scenes.tool import tool_registry
    from twin.commands.base import command_registry
    from twin.indicators.base import indicator_registry
    from twin.playbooks.library import bundled_playbooks
    from twin.readers.base import reader_registry
    from viewer.subcommand import subcommand_registry
    from widgets.panel import panel_registry

    return {
        "reader": reader_registry().ids(),
        "command": command_registry().ids(),
        "layer": layer_registry().ids(),
        "tool": tool_registry().ids(),
        "indicator": indicator_registry().ids(),
        "panel": panel_registry().ids(),
        "playbook": tuple(sorted(one.id for one in bundled_playbooks())),
        "subcommand": subcommand_registry().ids(),
    }


def _picture_is_a_city(path: Path) -> bool:
    """Whether the picture holds more than a background."""
    from PIL import Image

    with Image.open(path) as image:
        colours = image.convert("RGB").resize((160, 90)).getcolors(160 * 90)
    return colours is not None and len(colours) >= MIN_DISTINCT_COLOURS


def _run(arguments: argparse.Namespace) -> int:
    for registry, ids in registered_ids().items():
        for record_id in ids:
            print(f"{registry} {record_id}")
    if arguments.list:
        return 0
    from viewer.cli import main

    with tempfile.TemporaryDirectory() as folder:
        picture = arguments.picture or Path(folder) / "selftest.png"
        status = main(
            ["snapshot", "--demo", "--buildings", "500", "--size", "640x360", "-o", str(picture)]
        )
        if status != 0 or not _picture_is_a_city(picture):
            print("civitwin: the selftest drew no city", file=sys.stderr)
            return 1
    print("selftest ok")
    return 0


SUBCOMMAND = Subcommand(
    id="selftest",
    help="Check this installation: list all registered parts and draw the demo off-screen",
    epilog="Example:\n  civitwin selftest --picture check.png",
    add_arguments=_add_arguments,
    run=_run,
)
