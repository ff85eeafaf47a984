"""``civitwin snapshot``: a picture of a city without a window."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.opening import CAMERA_HELP, camera_from_text
from viewer.picture_arguments import (
    LOADING_SHARE,
    PictureError,
    Tell,
    add_picture_arguments,
    check_output,
    load_city,
    moment_of,
    part_of,
    size_from_text,
    teller_of,
)
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from scenes.moment import Moment
    from viewer.city_source import LoadedCity

MOST_PX = 65_536
#: Larger pictures are drawn in parts.
IN_ONE_PX = 4096
EPILOG = """examples:
  civitwin snapshot city.city.json -o city.png
  civitwin snapshot --demo --buildings 2000 --theme dark -o night.png
  civitwin snapshot city.city.json -o roofs.png --color-by roofType --camera 20,35,400
  civitwin snapshot CITY/ -o wall.png --size 16384x8192
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """City, picture, camera and colours."""
    add_picture_arguments(parser, output="PNG file to write", size="1600x900")
    parser.add_argument("--camera", default="", help=CAMERA_HELP)


def run(arguments: argparse.Namespace) -> int:
    """Draw one picture and write it."""
    size = size_from_text(arguments.size, MOST_PX)
    camera = camera_from_text(arguments.camera)
    check_output(arguments.output, "picture")
    moment = moment_of(arguments)
    tell = teller_of(arguments, "Drawing")
    loaded = load_city(arguments, part_of(tell, 0.0, LOADING_SHARE))
    try:
        _draw(arguments.output, loaded, size, camera, moment, part_of(tell, LOADING_SHARE, 1.0))
    except OSError as error:
        raise PictureError(f"The picture cannot be written ({error.strerror})") from error
    n_triangles = sum(tile.n_triangles for tile in loaded.tiles)
    streamed = f" and {len(loaded.streams)} streamed" if loaded.streams else ""
    tell(1.0)
    print(f"{arguments.output}  {size[0]} x {size[1]}, {n_triangles:,} triangles{streamed}")
    return 0


def _draw(
    path: Path,
    loaded: LoadedCity,
    size: tuple[int, int],
    camera: tuple[float, ...],
    moment: Moment,
    tell: Tell,
) -> None:
    from scenes.big_picture import save_big_png
    from viewer.offscreen_city import OffscreenCity

    is_big = max(size) > IN_ONE_PX
    with OffscreenCity(
        loaded,
        window_px=(IN_ONE_PX, IN_ONE_PX) if is_big else size,
        picture_px=size,
        moment=moment,
    ) as city:
        city.home(size)
        city.aim(camera or moment.camera)
        given = city.settle_selected(moment)
        if is_big:
            save_big_png(path, size, city.scene, city.target, given, tell)
            return
        city.target.render()
        city.target.save_png(path)


SUBCOMMAND = Subcommand(
    id="snapshot",
    help="Draw a picture of a city without opening a window",
    epilog=EPILOG,
    add_arguments=add_arguments,
    run=run,
)
