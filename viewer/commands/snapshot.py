"""``civitwin snapshot``: a picture of a city without a window."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import TwinError
from viewer.progress_line import ProgressLine
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from scenes.city_scene import CityScene
    from twin.city.asset import CityAsset

MOST_PX = 65_536
#: Larger pictures are drawn in parts.
IN_ONE_PX = 4096
#: Letters and symbols keep their share of a picture larger than this.
USUAL_PX = (1920, 1080)
_CAMERA_HELP = "AZIMUTH,ELEVATION,DISTANCE in degrees and metres, or X,Y,Z,FX,FY,FZ in local metres"
EPILOG = """examples:
  civitwin snapshot city.city.json -o city.png
  civitwin snapshot --demo --buildings 2000 --theme dark -o night.png
  civitwin snapshot city.city.json -o roofs.png --color-by roofType --camera 20,35,400
"""


class SnapshotError(TwinError):
    """The picture that was asked for cannot be made."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """City, picture, camera and colours."""
    parser.add_argument("city", nargs="?", type=Path, help="city file")
    parser.add_argument("--demo", action="store_true", help="the generated demo city")
    parser.add_argument("--buildings", type=int, default=5000, help="size of the demo city")
    parser.add_argument("--seed", type=int, default=1, help="which demo city")
    parser.add_argument("-o", "--output", type=Path, required=True, help="PNG file to write")
    parser.add_argument("--size", default="1600x900", help="WIDTHxHEIGHT in pixels")
    parser.add_argument("--camera", default="", help=_CAMERA_HELP)
    parser.add_argument("--color-by", default="", help="attribute to colour the buildings by")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")


def run(arguments: argparse.Namespace) -> int:
    """Draw one picture and write it."""
    size = size_from_text(arguments.size)
    camera = camera_from_text(arguments.camera)
    if not arguments.output.parent.is_dir():
        raise SnapshotError(f"There is no folder {arguments.output.parent} to write the picture to")
    asset = _city(arguments)
    if not asset.soup.n_triangles:
        raise SnapshotError(f"The city {asset.title!r} has no surfaces to draw")
    if arguments.color_by and arguments.color_by not in asset.features.attributes:
        known = ", ".join(sorted(asset.features.attributes)) or "none"
        raise SnapshotError(f"No attribute is called {arguments.color_by!r}; there are: {known}")
    _draw(arguments, asset, size, camera)
    print(f"{arguments.output}  {size[0]} x {size[1]}, {asset.soup.n_triangles:,} triangles")
    return 0


def size_from_text(text: str) -> tuple[int, int]:
    """Parse "1600x900"."""
    pieces = text.lower().split("x")
    if len(pieces) != 2 or not all(piece.isdecimal() for piece in pieces):
        raise SnapshotError(f"The size {text!r} is not WIDTHxHEIGHT, for example 1600x900")
    width, height = int(pieces[0]), int(pieces[1])
    if not (16 <= width <= MOST_PX and 16 <= height <= MOST_PX):
        raise SnapshotError(f"The size {text} must be between 16 and {MOST_PX} pixels each way")
    return width, height


def camera_from_text(text: str) -> tuple[float, ...]:
    """Parse three or six numbers; () for the home view."""
    if not text:
        return ()
    try:
        numbers = tuple(float(piece) for piece in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in (3, 6):
        raise SnapshotError(f"The camera {text!r} is not {_CAMERA_HELP}")
    if len(numbers) == 3 and numbers[2] <= 0:
        raise SnapshotError(f"The camera's distance must be above 0 m, not {numbers[2]:g}")
    if len(numbers) == 6 and numbers[:3] == numbers[3:]:
        raise SnapshotError("The camera stands at the very point it looks at")
    return numbers


def _city(arguments: argparse.Namespace) -> CityAsset:
    if arguments.demo == (arguments.city is not None):
        raise SnapshotError("Give either a city file or --demo")
    if arguments.demo:
        if arguments.buildings < 1:
            raise SnapshotError("The demo city needs at least one building")
        from twin.generate.city import generate_city

        return generate_city(n_buildings=arguments.buildings, seed=arguments.seed)
    from twin.readers.base import open_city

    return open_city(arguments.city)


def _draw(
    arguments: argparse.Namespace,
    asset: CityAsset,
    size: tuple[int, int],
    camera: tuple[float, ...],
) -> None:
    from scenes.big_picture import save_big_png
    from scenes.city_scene import CityScene
    from scenes.offscreen import OffscreenWindow
    from scenes.scene_input import SceneInput
    from twin.theme import load_theme
    from twin.tiles.partition import tiles_from_asset

    is_big = max(size) > IN_ONE_PX
    target = OffscreenWindow(*((IN_ONE_PX, IN_ONE_PX) if is_big else size))
    ratio = max(1.0, min(size[0] / USUAL_PX[0], size[1] / USUAL_PX[1]))
    scene = CityScene(target.renderer, theme=load_theme(arguments.theme), pixel_ratio=ratio)
    try:
        scene.set_city(asset, tiles_from_asset(asset))
        _aim(scene, camera)
        given = SceneInput(colour_by=arguments.color_by)
        if is_big:
            target.window.SetSize(*size)  # the home view is fitted to the whole picture
            scene.camera.home(animated=False)
            _aim(scene, camera)
            save_big_png(arguments.output, size, scene, target, given, ProgressLine("Drawing"))
            return
        scene.update(given)
        target.render()
        target.save_png(arguments.output)
    except OSError as error:
        raise SnapshotError(f"The picture cannot be written ({error.strerror})") from error
    finally:
        scene.dispose()
        target.close()


def _aim(scene: CityScene, camera: tuple[float, ...]) -> None:
    from math import radians

    if len(camera) == 6:
        scene.camera.look_from(camera[:3], camera[3:])
    elif len(camera) == 3:
        scene.camera.fly_to(
            scene.camera.pose.focal_m,
            camera[2],
            azimuth_rad=radians(camera[0]),
            elevation_rad=radians(camera[1]),
            animated=False,
        )


SUBCOMMAND = Subcommand(
    id="snapshot",
    help="Draw a picture of a city without opening a window",
    epilog=EPILOG,
    add_arguments=add_arguments,
    run=run,
)
