"""``civitwin verdicts``: operators' verdicts on unusual values, from a journal, as CSV."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from viewer.subcommand import Subcommand


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("journal", help="SQLite file or postgresql://…?room=NAME")
    parser.add_argument(
        "-o", "--out", default="-", metavar="FILE", help="CSV to make (default: standard output)"
    )


def _run(arguments: argparse.Namespace) -> int:
    from twin.errors import TwinError
    from twin.journal.opening import shown
    from twin.perception.labels import write_labels
    from twin.perception.verdict_log import verdicts_of_journal

    verdicts = verdicts_of_journal(arguments.journal)
    if arguments.out == "-":
        write_labels(verdicts, sys.stdout)
        return 0
    try:
        with Path(arguments.out).open("w", encoding="utf-8", newline="") as file:
            n = write_labels(verdicts, file)
    except OSError as error:
        raise TwinError(
            f"The labels cannot be written ({error.strerror}): {arguments.out}"
        ) from error
    print(f"{arguments.out}: {n:,} verdict{'' if n == 1 else 's'} of {shown(arguments.journal)}")
    return 0


SUBCOMMAND = Subcommand(
    id="verdicts",
    help="Write operators' verdicts on unusual values as CSV.",
    epilog="Examples:\n  civitwin verdicts city.sqlite -o labels.csv",
    add_arguments=_add_arguments,
    run=_run,
)
