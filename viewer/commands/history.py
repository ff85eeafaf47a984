"""``civitwin history``: what a recorder kept as tables: list, export, compact, thin."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from viewer.subcommand import Subcommand


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the days and datastreams that are kept")
    export = actions.add_parser("export", help="write exact values to a .csv or .parquet file")
    export.add_argument("--from", dest="start", required=True, metavar="TIME", help="ISO 8601")
    export.add_argument("--to", dest="end", required=True, metavar="TIME", help="ISO 8601")
    export.add_argument(
        "--datastream", action="append", default=[], metavar="ID", help="only this; may be repeated"
    )
    export.add_argument("-o", "--out", type=Path, required=True, metavar="FILE")
    tidy = actions.add_parser(
        "tidy", help="one file a day, old days thinned to minutes, older ones dropped"
    )
    tidy.add_argument("--exact-days", type=int, default=35, metavar="N")
    tidy.add_argument("--thin-days", type=int, default=400, metavar="N")
    for action in (listing, export, tidy):
        action.add_argument("folder", type=Path, help="what civitwin record --history wrote")


def _run(arguments: argparse.Namespace) -> int:
    return {"list": _list, "export": _export, "tidy": _tidy}[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> int:
    from twin.history.asking import History

    history = History(arguments.folder)
    days = history.days()
    if days:
        print(f"{len(days):,} days, {days[0]} to {days[-1]}")
    print("\n".join(history.datastreams()))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from twin.history.asking import History

    start_ns, end_ns = _moment(arguments.start), _moment(arguments.end)
    history = History(arguments.folder)
    n = history.export(arguments.out, arguments.datastream, start_ns, end_ns)
    print(f"{arguments.out}: {n:,} values")
    return 0


def _tidy(arguments: argparse.Namespace) -> int:
    from twin.clock import SystemClock
    from twin.history.asking import History
    from twin.history.files import day_of
    from twin.history.keeping import Rules, apply_rules

    History(arguments.folder)
    rules = Rules(exact_days=arguments.exact_days, thin_days=arguments.thin_days)
    n_thinned, n_dropped = apply_rules(arguments.folder, day_of(SystemClock().now_ns()), rules)
    print(f"{n_thinned:,} days thinned to minutes, {n_dropped:,} dropped")
    return 0


def _moment(text: str) -> int:
    from twin.errors import TwinError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TwinError(f"{text!r} is no time; write 2026-03-01T14:00 or …+01:00") from error
    return round(moment.astimezone().timestamp() * 1e6) * 1_000


SUBCOMMAND = Subcommand(
    id="history",
    help="List, export and look after the samples that a recorder keeps as tables.",
    epilog=(
        "Examples:\n"
        "  civitwin record -o city.mcap --history history\n"
        "  civitwin history list history\n"
        "  civitwin history export history --from 2026-03-01T06:00 --to 2026-03-01T18:00"
        " --datastream river-gauge-1/water_level -o level.csv\n"
        "  civitwin history tidy history --exact-days 35 --thin-days 400"
    ),
    add_arguments=_add_arguments,
    run=_run,
)
