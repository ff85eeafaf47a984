"""``civitwin replay``: a recording in the console, with nothing that could reach a hub."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.console_arguments import add_console_arguments, add_scene_arguments, console_options
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from viewer.city_source import CitySource

_JOURNALS = (".sqlite", ".sqlite3", ".db", ".jsonl")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a recording (.mcap), or a journal: its facts alone"
    )
    parser.add_argument(
        "--city",
        default="",
        metavar="TEXT",
        help="the city to show: a file or scene, demo, or demo:BUILDINGS:SEED (default: what the"
        " recording says)",
    )
    parser.add_argument(
        "--at", default="", metavar="TIME", help="begin there: +SECONDS, or -SECONDS from the end"
    )
    parser.add_argument(
        "--speed", type=float, metavar="N", help="play at once, N times as fast (0.1 to 1000)"
    )
    add_scene_arguments(parser)
    add_console_arguments(parser)


def _run(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from twin.errors import TwinError
    from twin.recording.reading import Recording
    from viewer.console import ReplayOptions, run_console

    if arguments.hub or arguments.feed:
        raise TwinError("A replay knows no hub and takes no feed; leave --hub and --feed out")
    with tempfile.TemporaryDirectory(prefix="civitwin-replay-") as folder:
        path = _recording_of(arguments.file, Path(folder))
        recording = Recording(path)
        try:
            start_ns = moment(arguments.at, recording.start_ns, recording.end_ns)
            city = city_of(arguments.city or recording.about.city, arguments)
            options = console_options(arguments, city=city, simulate=False)
            shown = ReplayOptions(recording=recording, start_ns=start_ns, speed=arguments.speed)
            return run_console(replace(options, replay=shown))
        finally:
            recording.close()


def moment(text: str, start_ns: int, end_ns: int) -> int:
    """The moment that ``--at`` names; raises `TwinError`."""
    from twin.clock import NS_PER_S
    from twin.errors import TwinError

    if not text:
        return start_ns
    try:
        seconds = float(text)
    except ValueError as error:
        raise TwinError(f"--at is +SECONDS or -SECONDS, not {text!r}") from error
    from_ns = end_ns if text.startswith("-") else start_ns
    return from_ns + round(seconds * NS_PER_S)


def city_of(text: str, arguments: argparse.Namespace) -> CitySource:
    """The city that a recording or the person names; raises `TwinError`."""
    from twin.errors import TwinError
    from viewer.city_source import demo_named
    from viewer.console_arguments import city_of_files

    if not text:
        raise TwinError("The recording does not say which city it is of; name it with --city")
    return demo_named(text) or city_of_files([text], arguments)


def _recording_of(file: str, folder: Path) -> Path:
    """The recording itself, or one made of a journal."""
    from twin.journal.opening import is_database
    from twin.recording.from_journal import record_journal

    if not is_database(file) and Path(file).suffix.lower() not in _JOURNALS:
        return Path(file)
    path = folder / "journal.mcap"
    n = record_journal(file, path)
    print(f"{n:,} facts of the journal can be replayed", flush=True)
    return path


SUBCOMMAND = Subcommand(
    id="replay",
    help="Show a recording in the console: the whole room at any moment of it",
    epilog="""Examples:
  civitwin replay monday.mcap
  civitwin replay monday.mcap --at +3600 --speed 10
  civitwin replay monday.mcap --city rotterdam.city.json
  civitwin replay city.sqlite --city demo      (the facts of a journal)
Space plays and stands still, [ and ] go 10 s back and on, Ctrl+[ and Ctrl+] from fact to fact.""",
    add_arguments=_add_arguments,
    run=_run,
)
