"""Arguments that ``civitwin demo`` and ``civitwin open`` share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import TwinError
from twin.tiles.budget import DEFAULT_BYTES, MIB
from viewer.key_arguments import add_login_arguments, login_asked
from viewer.opening import add_opening_arguments, opening_of
from viewer.parts import FeedFile

if TYPE_CHECKING:
    from viewer.audience_driver import AudienceOptions
    from viewer.city_source import CitySource
    from viewer.console import ConsoleOptions
    from viewer.seat_driver import Part


def add_console_arguments(parser: argparse.ArgumentParser) -> None:
    """Window, operator, hub and timed-run arguments."""
    hub = parser.add_argument_group("hub")
    hub.add_argument(
        "--hub",
        default="",
        metavar="ADDRESS",
        help="join this hub instead of a private one, e.g. tcp://127.0.0.1:5710",
    )
    hub.add_argument(
        "--base-port",
        type=_port,
        default=5710,
        metavar="N",
        help="first port tried for the private hub (default %(default)s)",
    )
    hub.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="keep the private hub's journal here (default: gone at the end)",
    )
    hub.add_argument(
        "--feed",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="replay a recorded series as live data; may be repeated",
    )
    hub.add_argument(
        "--feed-arguments",
        default="",
        metavar="TEXT",
        help="further arguments of civitwin feed, in one string",
    )
    person = parser.add_argument_group("operator and look")
    person.add_argument(
        "--operator", default="", metavar="NAME", help="who sits here (default: your login)"
    )
    person.add_argument(
        "--department",
        default="control_room",
        metavar="NAME",
        help="department that commands are given for (default %(default)s)",
    )
    add_login_arguments(person)
    person.add_argument(
        "--theme", choices=("light", "dark"), default="", help="default: as chosen last"
    )
    person.add_argument(
        "--color-by",
        default="",
        metavar="NAME",
        help="colour the city by an observed property or attribute",
    )
    person.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="remember layout and theme here (default: with your other settings)",
    )
    person.add_argument(
        "--memory-budget",
        type=_memory_mib,
        default=DEFAULT_BYTES // MIB,
        metavar="MIB",
        help="memory the city may take, in MiB (default %(default)s)",
    )
    person.add_argument(
        "--wall",
        action="store_true",
        help="fill every monitor with views of the city and nothing else; Esc leaves",
    )
    person.add_argument(
        "--audience",
        action="store_true",
        help="let camera and captions follow the scene that is played in the room",
    )
    person.add_argument(
        "--kiosk",
        action="store_true",
        help="the same on the whole screen, with nothing but the city; Esc closes it",
    )
    noticing = parser.add_argument_group("unusual values")
    noticing.add_argument(
        "--history",
        type=Path,
        metavar="FOLDER",
        help="learn what is usual from this history (what civitwin record --history wrote)",
    )
    noticing.add_argument(
        "--watch",
        action="append",
        default=[],
        metavar="DATASTREAM",
        help="watch a datastream for unusual values; may be repeated",
    )
    add_opening_arguments(parser)
    timed = parser.add_argument_group("timed run")
    timed.add_argument(
        "--seconds",
        type=_seconds,
        metavar="S",
        help="end by itself after so many seconds; gives a few commands where a simulator runs",
    )
    timed.add_argument(
        "--screenshot", type=Path, metavar="PNG", help="picture of the whole window at the end"
    )
    timed.add_argument(
        "--window",
        type=_size,
        metavar="WxH",
        help="size of the window, e.g. 1280x720 (default: the whole screen)",
    )
    timed.add_argument("--report", type=Path, metavar="JSON", help="figures of the run at the end")
    timed.add_argument("--play", type=Path, metavar="SCRIPT", help="play a seat of this script")
    timed.add_argument("--seat", default="", metavar="NAME", help="which seat of the script")
    timed.add_argument(
        "--run",
        dest="run_id",  # "run" is what the command line calls
        default="run",
        metavar="ID",
        help="name of this run, the same at all seats (default %(default)s)",
    )
    timed.add_argument(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="where the script's pictures go (default: here)",
    )


def add_scene_arguments(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """How city files are read: level, CRS, tables to join."""
    parser.add_argument("--lod", default="", help="level of detail (default: the best there is)")
    parser.add_argument("--crs", default="", help="CRS of a file that names none, e.g. EPSG:31256")
    parser.add_argument(
        "--join",
        action="append",
        default=[],
        metavar="TABLE:KEY[=ATTRIBUTE]",
        help="join a CSV or Parquet table to the features by id, or by an attribute; topic:NAME"
        " in the table's place joins live values; may be repeated",
    )


def city_of_files(
    files: Sequence[str], arguments: argparse.Namespace, *, save_scene: Path | None = None
) -> CitySource:
    """The source that files or addresses on the command line mean.

    Raises
    ------
    TwinError
        A join is not written as it should be.
    """
    from twin.city.join import join_from_text
    from twin.readers.base import ReadOptions
    from viewer.city_source import CitySource

    places = [one if one.startswith(("http://", "https://")) else Path(one) for one in files]
    return CitySource(
        path=places[0],
        further=tuple(places[1:]),
        options=ReadOptions(lod=arguments.lod, crs=arguments.crs),
        joins=tuple(join_from_text(one) for one in arguments.join),
        save_scene=save_scene,
    )


def check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written before anything is started.

    Raises
    ------
    TwinError
        A folder is absent, or an output was asked for without ``--seconds``.
    """
    for name in ("screenshot", "report"):
        path: Path | None = getattr(arguments, name)
        if path is None:
            continue
        if arguments.seconds is None:
            raise TwinError(f"--{name} needs --seconds, the length of the timed run")
        if not path.resolve().parent.is_dir():
            raise TwinError(f"The folder of --{name} does not exist: {path.resolve().parent}")


def console_options(
    arguments: argparse.Namespace,
    *,
    city: CitySource,
    simulate: bool,
    sim_arguments: tuple[str, ...] = (),
) -> ConsoleOptions:
    """What the shared arguments and the city of a subcommand make together.

    Raises
    ------
    TwinError
        An output cannot be written, or a file to feed is absent.
    """
    from viewer.console import ConsoleOptions

    check_outputs(arguments)
    if arguments.history is not None and not arguments.history.is_dir():
        raise TwinError(f"There is no such folder with a history: {arguments.history}")
    return ConsoleOptions(
        city=city,
        hub=arguments.hub,
        base_port=arguments.base_port,
        journal=arguments.journal,
        simulate=simulate,
        sim_arguments=sim_arguments,
        feeds=feeds(arguments),
        operator=arguments.operator,
        department=arguments.department,
        theme=arguments.theme,
        settings=arguments.settings,
        seconds=arguments.seconds,
        window=arguments.window,
        screenshot=arguments.screenshot,
        report=arguments.report,
        colour_by=arguments.color_by,
        memory_mib=arguments.memory_budget,
        opening=opening_of(arguments),
        wall=arguments.wall,
        part=part_of(arguments),
        audience=audience_of(arguments),
        login=login_asked(arguments),
        history=arguments.history,
        watched=tuple(arguments.watch),
    )


def audience_of(arguments: argparse.Namespace) -> AudienceOptions | None:
    """Whether the console follows the scene that is played in its room."""
    if not (arguments.audience or arguments.kiosk):
        return None
    from viewer.audience_driver import AudienceOptions

    return AudienceOptions(kiosk=arguments.kiosk)


def part_of(arguments: argparse.Namespace) -> Part | None:
    """The seat that this console plays, None for none.

    Raises
    ------
    TwinError
        The script is wrong, or has no such seat.
    """
    if arguments.play is None:
        return None
    from twin.playback.script import read_script
    from viewer.seat_driver import Part

    script = read_script(arguments.play)
    if arguments.seat not in script.seats:
        seats = ", ".join(script.seats)
        raise TwinError(f"--seat must be one of {seats}; these are the seats of {arguments.play}")
    return Part(
        script=script,
        seat=arguments.seat,
        run=arguments.run_id,
        pictures=arguments.pictures or Path.cwd(),
    )


def feeds(arguments: argparse.Namespace) -> tuple[FeedFile, ...]:
    """The series to replay.

    Raises
    ------
    TwinError
        A file is absent.
    """
    for path in arguments.feed:
        if not path.is_file():
            raise TwinError(f"There is no such file to feed: {path}")
    further = tuple(arguments.feed_arguments.split())
    return tuple(FeedFile(path=path, arguments=further) for path in arguments.feed)


def _port(text: str) -> int:
    value = int(text)
    if not 1024 <= value <= 65_000:
        raise argparse.ArgumentTypeError("a port between 1024 and 65000")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError("a number of seconds up to a day")
    return value


def _memory_mib(text: str) -> int:
    value = int(text) if text.isdigit() else 0
    if not 64 <= value <= 1_048_576:
        raise argparse.ArgumentTypeError("whole MiB from 64 to 1048576, e.g. 2048")
    return value


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError("width and height in pixels, e.g. 1280x720")
    return int(width), int(height)
