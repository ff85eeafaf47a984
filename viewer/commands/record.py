"""``civitwin record``: everything that a hub publishes, into one file."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.key_arguments import add_keys_argument, security_of
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.recording.keeping import Counts

_STEP_S = 0.2
_TOLD_S = 10.0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--hub",
        default="tcp://127.0.0.1:5710",
        metavar="ADDRESS",
        help="control address of the hub (default %(default)s)",
    )
    source.add_argument(
        "--journal",
        metavar="FILE",
        help="record the facts of a journal instead, at the times they happened",
    )
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="FILE", help="MCAP file to make"
    )
    parser.add_argument(
        "--by-hour", action="store_true", help="begin a new file each hour, named by it (UTC)"
    )
    parser.add_argument(
        "--city",
        default="",
        metavar="TEXT",
        help="the city to open for a replay, as given to civitwin open: a file, or demo",
    )
    parser.add_argument(
        "--history",
        type=Path,
        metavar="DIR",
        help="keep the samples as tables too (Parquet, see civitwin history)",
    )
    parser.add_argument(
        "--confirmed",
        action="store_true",
        help="let go of no sample: the hub keeps each until it is on disk (one recorder a hub)",
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="end after so many seconds (default: Ctrl+C)"
    )
    parser.add_argument(
        "--name", default="Recorder", help="what the operators see it called (default %(default)s)"
    )
    add_keys_argument(parser)


def _run(arguments: argparse.Namespace) -> int:
    _check_place(arguments)
    if arguments.journal:
        return _of_journal(arguments)
    from twin.clock import NS_PER_S, SystemClock
    from twin.history.writing import HistoryWriter
    from twin.recording.keeping import Keeper
    from twin.recording.recorder import Recorder

    clock = SystemClock()
    tables = None if arguments.history is None else HistoryWriter(arguments.history)
    keeper = Keeper(arguments.out, city=arguments.city, by_hour=arguments.by_hour, tables=tables)
    recorder = Recorder(
        endpoint=arguments.hub, keeper=keeper, clock=clock, name=arguments.name,
        console_id=f"recorder-{clock.now_ns()}", security=security_of(arguments),
        is_confirmed=arguments.confirmed,
    )  # fmt: skip
    stopping = _stop_on_signals()
    end_ns = None
    if arguments.seconds is not None:
        end_ns = clock.monotonic_ns() + round(arguments.seconds * NS_PER_S)
    said, told_ns = "not yet", 0
    recorder.start()
    try:
        while not stopping.is_set() and (end_ns is None or clock.monotonic_ns() < end_ns):
            recorder.step(_STEP_S)
            if recorder.trouble != said:
                said = recorder.trouble
                print(said or f"Recording {arguments.hub}", file=sys.stderr, flush=True)
            now_ns = clock.monotonic_ns()
            if sys.stderr.isatty() and now_ns - told_ns > _TOLD_S * NS_PER_S:
                told_ns = now_ns
                print(_summary(keeper.counts), file=sys.stderr, flush=True)
    finally:
        recorder.close()
    if keeper.writer is None:
        print(f"Nothing was recorded: {said or 'no hub answered'}", file=sys.stderr)
        return 1
    print(f"{keeper.writer.path}: {_summary(keeper.counts)}, {_size(keeper.writer.n_bytes)}")
    return 0


def _check_place(arguments: argparse.Namespace) -> None:
    """Refuse a place that cannot be written before anything is started; raises `TwinError`."""
    from twin.errors import TwinError

    out: Path = arguments.out
    if not out.resolve().parent.is_dir():
        raise TwinError(f"The folder of --out does not exist: {out.resolve().parent}")
    if out.exists() and not arguments.by_hour:
        raise TwinError(f"There is a file already; choose another name: {out}")


def _of_journal(arguments: argparse.Namespace) -> int:
    from twin.journal.opening import shown
    from twin.recording.from_journal import record_journal

    n = record_journal(arguments.journal, arguments.out, city=arguments.city)
    print(f"{arguments.out}: {n:,} facts of {shown(arguments.journal)}")
    return 0


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
    return stopping


def _summary(counts: Counts) -> str:
    text = f"{counts.n_events:,} facts, {counts.n_samples:,} samples"
    missing = counts.gaps + counts.n_lost
    return f"{text}, {missing:,} messages missing" if missing else text


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB"


SUBCOMMAND = Subcommand(
    id="record",
    help="Record everything a hub publishes into one MCAP file.",
    epilog=(
        "Examples:\n"
        "  civitwin record -o monday.mcap --city demo\n"
        "  civitwin record --hub tcp://10.0.0.5:5710 -o city.mcap --by-hour\n"
        "  civitwin record --journal city.sqlite -o city.mcap    # the facts alone\n"
        "Each second is on disk before the next begins; see docs/time.md."
    ),
    add_arguments=_add_arguments,
    run=_run,
)
