"""Arguments that ``civitwin snapshot`` and ``civitwin film`` share."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from twin.errors import TwinError
from viewer.progress_line import ProgressLine, ProgressLines

if TYPE_CHECKING:
    from scenes.moment import Moment
    from viewer.city_source import LoadedCity

LEAST_PX = 16
#: Share of the progress that opening the city takes.
LOADING_SHARE = 0.2
_LOOK_S = 0.1
Tell: TypeAlias = Callable[[float], None]


class PictureError(TwinError):
    """The picture that was asked for cannot be made."""


def add_picture_arguments(parser: argparse.ArgumentParser, *, output: str, size: str) -> None:
    """City, output, size and look."""
    parser.add_argument("city", nargs="?", metavar="CITY", help="city file, scene or tileset")
    parser.add_argument("--demo", action="store_true", help="the generated demo city")
    parser.add_argument("--buildings", type=int, default=5000, help="size of the demo city")
    parser.add_argument("--seed", type=int, default=1, help="which demo city")
    parser.add_argument("-o", "--output", type=Path, required=True, help=output)
    parser.add_argument("--size", default=size, help="WIDTHxHEIGHT in pixels")
    parser.add_argument("--color-by", default="", help="attribute to colour the buildings by")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument(
        "--moment",
        type=Path,
        metavar="FILE",
        help="draw what a console showed and saved: values, units, layers, style and camera",
    )
    parser.add_argument(
        "--progress",
        action="store_true",
        help="tell the share done on standard output, a JSON line each time",
    )


def check_output(path: Path, what: str) -> None:
    """Refuse an output that cannot be written before anything is loaded.

    Raises
    ------
    PictureError
        Its folder is absent.
    """
    if not path.resolve().parent.is_dir():
        raise PictureError(f"There is no folder {path.parent} to write the {what} to")


def size_from_text(text: str, most_px: int) -> tuple[int, int]:
    """Parse "1600x900".

    Raises
    ------
    PictureError
        It is something else, or too small or large.
    """
    pieces = text.lower().split("x")
    if len(pieces) != 2 or not all(piece.isdecimal() for piece in pieces):
        raise PictureError(f"The size {text!r} is not WIDTHxHEIGHT, for example 1600x900")
    width, height = int(pieces[0]), int(pieces[1])
    if not (LEAST_PX <= width <= most_px and LEAST_PX <= height <= most_px):
        raise PictureError(
            f"The size {text} must be between {LEAST_PX} and {most_px} pixels each way"
        )
    return width, height


def moment_of(arguments: argparse.Namespace) -> Moment:
    """What is to be drawn: a saved moment, else the bare city in the asked look.

    Raises
    ------
    MomentError
        The file is none.
    """
    from scenes.moment import Moment, load_moment
    from scenes.scene_input import SceneInput

    if arguments.moment is not None:
        return load_moment(arguments.moment)
    return Moment(given=SceneInput(colour_by=arguments.color_by), theme=arguments.theme)


def teller_of(arguments: argparse.Namespace, what: str) -> Tell:
    """Who is told the share done, 0..1: another program by lines, or a person at a terminal.

    A program that asked for lines may end this one (SIGTERM); what is half written then goes.
    """
    if not arguments.progress:
        return ProgressLine(what)
    signal.signal(signal.SIGTERM, _leave)
    return ProgressLines()


def part_of(tell: Tell, begin: float, end: float) -> Tell:
    """Tells the share of a step that lies between two shares of the whole."""
    return lambda fraction: tell(begin + (end - begin) * fraction)


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def load_city(arguments: argparse.Namespace, tell: Tell = lambda _fraction: None) -> LoadedCity:
    """The city, scene or tileset that the arguments name.

    Raises
    ------
    TwinError
        There is none, it cannot be opened, or it has no such attribute.
    """
    from viewer.city_source import CityLoading, CitySource

    if arguments.demo == (arguments.city is not None):
        raise PictureError("Give either a city file or --demo")
    if arguments.demo and arguments.buildings < 1:
        raise PictureError("The demo city needs at least one building")
    source = CitySource(path=arguments.city, n_buildings=arguments.buildings, seed=arguments.seed)
    loading = CityLoading(source)
    while not loading.wait(_LOOK_S):
        tell(loading.fraction)
    loaded = loading.result()
    known = loaded.asset.features.attributes
    if arguments.color_by and not loaded.streams and arguments.color_by not in known:
        names = ", ".join(sorted(known)) or "none"
        raise PictureError(f"No attribute is called {arguments.color_by!r}; there are: {names}")
    return loaded
