"""``civitwin report``: what happened, from a recording or a journal, as HTML or PDF."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.picture_arguments import Tell, part_of, teller_of
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.reporting.document import Report
    from twin.reporting.making import Artist

_SUFFIXES = (".html", ".htm", ".pdf")
_FINDING_SHARE = 0.9


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="SOURCE",
        help="a recording (.mcap), or a journal: SQLite file, export, postgresql://…",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="FILE", help="report.html or report.pdf"
    )
    parser.add_argument(
        "--incident", default="", metavar="NAME", help="only this one, by its id or its title"
    )
    parser.add_argument(
        "--from", dest="start", default="", metavar="TIME",
        help="+SECONDS from the beginning, or a time as 2026-03-01T14:00",
    )  # fmt: skip
    parser.add_argument(
        "--to", dest="end", default="", metavar="TIME",
        help="+SECONDS, -SECONDS from the end, or a time",
    )  # fmt: skip
    parser.add_argument(
        "--city", default="", metavar="TEXT",
        help="the city to draw: a file or scene, demo, or demo:BUILDINGS:SEED (default: what the"
        " recording says)",
    )  # fmt: skip
    parser.add_argument(
        "--no-pictures", action="store_true", help="do not draw the city; the plan is always there"
    )
    parser.add_argument(
        "--zone", default="", metavar="NAME",
        help="time zone of the report, as Europe/Berlin (default: this machine's)",
    )  # fmt: skip
    parser.add_argument(
        "--progress", action="store_true",
        help="tell the share done on standard output, a JSON line each time",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from importlib.metadata import version

    from twin.reporting.composing import compose
    from twin.reporting.errors import ReportError
    from twin.reporting.making import ReportOptions, find

    out: Path = arguments.out
    if out.suffix.lower() not in _SUFFIXES:
        raise ReportError(f"A report is written as .html or .pdf, not as {out.name}")
    if not out.resolve().parent.is_dir():
        raise ReportError(f"There is no folder to write the report to: {out.resolve().parent}")
    if arguments.incident and (arguments.start or arguments.end):
        raise ReportError("Say either --incident or --from and --to: an incident has its own span")
    zone = zone_named(arguments.zone)
    options = ReportOptions(
        where=arguments.source, incident=arguments.incident, city=arguments.city, zone=zone,
        start=_mover(arguments.start, zone), end=_mover(arguments.end, zone),
        version=version("civitwin"),
    )  # fmt: skip
    tell = teller_of(arguments, "Reporting")
    artist = None if arguments.no_pictures else _artist()
    found = find(options, artist=artist, tell=part_of(tell, 0.0, _FINDING_SHARE))
    report = compose(found)
    n_pages = write_report(out, report, part_of(tell, _FINDING_SHARE, 1.0))
    tell(1.0)
    pages = f", {n_pages} pages" if n_pages else ""
    print(f"{out}: {len(report.sections)} sections{pages}, {out.stat().st_size / 1e3:,.0f} kB")
    missing = len(found.source.missing) + len(found.chronicle.missing)
    if missing:
        print(f"The log is not complete ({missing} remarks): see “What is missing”")
    return 0


def write_report(out: Path, report: Report, tell: Tell) -> int:
    """Write it as its suffix says; the number of pages, 0 for HTML.

    Raises
    ------
    ReportError
        The file cannot be written; a file that was there stays as it was.
    """
    from twin.export.beside import beside
    from twin.reporting.errors import ReportError

    part = beside(out)
    n_pages = 0
    try:
        if out.suffix.lower() == ".pdf":
            from viewer.report_pdf import write_pdf

            n_pages = write_pdf(part, report, tell)
        else:
            from twin.reporting.html import html_of

            part.write_text(html_of(report), encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise ReportError(f"The report cannot be written ({error.strerror}): {out}") from error
    finally:
        part.unlink(missing_ok=True)
    return n_pages


def zone_named(name: str) -> tzinfo | None:
    """A time zone by its name; None for "", which is this machine's. Raises `ReportError`."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from twin.reporting.errors import ReportError

    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ReportError(f"There is no time zone {name!r}; write it as Europe/Berlin") from error


def _mover(text: str, zone: tzinfo | None) -> Callable[[int, int], int] | None:
    """What turns a log's first and last moment into the one that a person named."""
    from twin.clock import NS_PER_S
    from twin.reporting.errors import ReportError

    if not text:
        return None
    try:
        seconds = round(float(text) * NS_PER_S)
    except ValueError:
        pass
    else:
        if text[0] == "-":
            return lambda _first, last: last + seconds
        return lambda first, _last: first + seconds
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        said = f"{text!r} is no time; write +SECONDS, -SECONDS or 2026-03-01T14:00"
        raise ReportError(said) from error
    at = at if at.tzinfo or zone is None else at.replace(tzinfo=zone)
    moment = round(at.timestamp() * 1e6) * 1_000
    return lambda _first, _last: moment


def _artist() -> Artist:
    from viewer.report_pictures import CityArtist

    return CityArtist(theme="light")


SUBCOMMAND = Subcommand(
    id="report",
    help="Write an after-action report of a recording or a journal, as HTML or PDF.",
    epilog=(
        "Examples:\n"
        "  civitwin report monday.mcap -o monday.html\n"
        '  civitwin report monday.mcap -o flood.pdf --incident "Water in Quay Street"\n'
        "  civitwin report monday.mcap -o morning.pdf --from 2026-03-02T06:00 --to +14400\n"
        "  civitwin report city.sqlite -o city.html      (the facts of a journal, no values)\n"
        "What is missing in a damaged log is said in the report; see docs/after-action.md."
    ),
    add_arguments=_add_arguments,
    run=_run,
)
