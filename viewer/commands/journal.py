"""``civitwin journal``: copies of a journal, putting them back, text, dropping old rows."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from viewer.subcommand import Subcommand

_WHERE = "SQLite file or postgresql://…?room=NAME"
_DAY_NS = 86_400 * 10**9


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    backup = actions.add_parser("backup", help="copy it into a file while a hub writes on")
    backup.add_argument("journal", help=_WHERE)
    backup.add_argument("file", type=Path, help="SQLite file to make")
    backup.add_argument("--force", action="store_true", help="replace a file that is there")
    restore = actions.add_parser("restore", help="put a backup back; it is checked first")
    restore.add_argument("file", type=Path, help="the backup")
    restore.add_argument("journal", help=_WHERE)
    restore.add_argument(
        "--force", action="store_true", help="also where a journal is: that one is kept aside"
    )
    export = actions.add_parser("export", help="write it as JSON lines, for verify-log and people")
    export.add_argument("journal", help=_WHERE)
    export.add_argument("file", help="text file to make, - = standard output")
    retain = actions.add_parser("retain", help="drop what is older than some days")
    retain.add_argument("journal", help=f"{_WHERE}; no hub may be writing it")
    retain.add_argument(
        "--days", type=int, required=True, metavar="N", help="keep at least so many"
    )
    retain.add_argument(
        "--keys", type=Path, metavar="FOLDER", help="the hub's keys, to sign what is left"
    )
    retain.add_argument("--dry-run", action="store_true", help="only say what would be dropped")


def _run(arguments: argparse.Namespace) -> int:
    return {"backup": _backup, "restore": _restore, "export": _export, "retain": _retain}[
        arguments.action
    ](arguments)


def _backup(arguments: argparse.Namespace) -> int:
    from twin.journal.keeping import back_up

    report = back_up(arguments.journal, arguments.file, force=arguments.force)
    print(f"{arguments.file}: {_rows(report.first_seq, report.last_seq)}, as they were written")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from twin.journal.keeping import restore
    from twin.journal.opening import shown

    report = restore(arguments.file, arguments.journal, force=arguments.force)
    rows = _rows(report.first_seq, report.last_seq)
    print(f"{shown(arguments.journal)}: {rows}, as they were written")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from twin.errors import TwinError
    from twin.journal.keeping import export

    if arguments.file == "-":
        export(arguments.journal, sys.stdout)
        return 0
    try:
        with Path(arguments.file).open("w", encoding="utf-8") as file:
            n_rows = export(arguments.journal, file)
    except OSError as error:
        raise TwinError(f"The export cannot be written ({error}): {arguments.file}") from error
    print(f"{arguments.file}: {n_rows:,} rows")
    return 0


def _retain(arguments: argparse.Namespace) -> int:
    from twin.clock import SystemClock
    from twin.errors import TwinError
    from twin.journal.opening import open_journal
    from twin.security.keystore import KeyStore

    if arguments.days < 1:
        raise TwinError(f"--days is 1 or more, not {arguments.days}")
    signer = KeyStore(arguments.keys).hub_keys() if arguments.keys else None
    journal = open_journal(arguments.journal, signer=signer, must_exist=True)
    try:
        now_ns = SystemClock().now_ns()
        before_ns = now_ns - arguments.days * _DAY_NS
        dropped = journal.retain(before_ns, now_ns, only_tell=arguments.dry_run)
        kept = _rows(journal.first_seq, journal.last_seq)
    finally:
        journal.close()
    if dropped is None:
        whose = " signed with these keys" if arguments.keys else ""
        days = arguments.days
        print(f"nothing to drop: no snapshot{whose} is older than {days} days; {kept}")
        return 0
    verb = "would be dropped" if arguments.dry_run else "dropped"
    gone = _rows(dropped.first_seq, dropped.last_seq)
    print(f"{gone} {verb}, up to {_utc(dropped.until_ns)}; kept: {kept}")
    return 0


def _rows(first_seq: int, last_seq: int) -> str:
    n_rows = max(0, last_seq - first_seq + 1)
    return f"{n_rows:,} rows ({first_seq} to {last_seq})" if n_rows else "no rows"


def _utc(t_ns: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(t_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M UTC")


SUBCOMMAND = Subcommand(
    id="journal",
    help="Back up, restore, export a journal, or drop its oldest rows.",
    epilog=(
        "Examples:\n"
        "  civitwin journal backup city.sqlite /backup/city-monday.sqlite\n"
        "  civitwin journal restore /backup/city-monday.sqlite city.sqlite --force\n"
        "  civitwin journal export 'postgresql://city@db/twin?room=hague' hague.jsonl\n"
        "  civitwin journal retain city.sqlite --days 365 --keys keys"
    ),
    add_arguments=_add_arguments,
    run=_run,
)
