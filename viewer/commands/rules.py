"""``civitwin rules``: check event rules, and ask what they would have done."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from viewer.subcommand import Subcommand

_EPILOG = """\
examples:
  civitwin rules check city-rules.toml
      is every rule sound? exit status 0 when it is
  civitwin rules dry-run city-rules.toml --history history --days 7
      how often each rule would have fired in the last 7 days that are kept, where, how long
  civitwin rules dry-run city-rules.toml --history monday.mcap --rule river-high
      one rule over a recording

The file is described in docs/rules.md; one to begin with is in resources/rules."""
_LINES = 20


def _positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read a file and say what is wrong with it")
    dry = actions.add_parser("dry-run", help="ask what the rules would have done")
    for action in (check, dry):
        action.add_argument("file", type=Path, metavar="FILE", help="event rules (TOML)")
    dry.add_argument(
        "--history", type=Path, required=True, metavar="PLACE",
        help="a folder of civitwin record --history, or a recording",
    )  # fmt: skip
    dry.add_argument(
        "--days", type=_positive, default=7.0, metavar="N",
        help="the last N days that are kept (default %(default)g)",
    )  # fmt: skip
    dry.add_argument(
        "--rule", action="append", default=[], metavar="ID", help="only this; may be repeated"
    )
    dry.add_argument(
        "--lines", type=int, default=_LINES, metavar="N", help="times told a rule (default 20)"
    )


def _run(arguments: argparse.Namespace) -> int:
    from twin.perception.rules_file import load_rules

    sheet = load_rules(arguments.file)
    if arguments.action == "dry-run":
        return _dry_run(arguments)
    n = len(sheet.rules)
    print(f"{n} rule{'' if n == 1 else 's'}, all sound; SHA-256 {sheet.fingerprint}")
    return 0


def _dry_run(arguments: argparse.Namespace) -> int:
    from twin.clock import NS_PER_S
    from twin.errors import TwinError
    from twin.near_names import known_are
    from twin.perception.rules_file import load_rules
    from twin.perception.rules_past import dry_run
    from twin.perception.rules_saying import lines
    from twin.perception.rules_sources import open_past

    rules = {one.rule.id: one for one in load_rules(arguments.file).rules}
    for name in arguments.rule:
        if name not in rules:
            raise TwinError(f"There is no rule “{name}”; {known_are(name, tuple(rules))}")
    if not arguments.history.exists():
        raise TwinError(f"There is no such history or recording: {arguments.history}")
    past = open_past(arguments.history)
    end_ns = past.end_ns
    start_ns = max(past.start_ns, end_ns - round(arguments.days * 86_400) * NS_PER_S)
    end_ns = max(end_ns, start_ns + NS_PER_S)
    remark = past.remark(start_ns, end_ns)
    if remark:
        print(remark, file=sys.stderr)
    for name in arguments.rule or rules:
        answer = dry_run(rules[name], past, start_ns=start_ns, end_ns=end_ns, progress=_progress)
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)
        assert answer is not None  # noqa: S101 - _progress never stops it
        print("\n".join(lines(answer, arguments.lines)), flush=True)
    return 0


def _progress(share: float) -> bool:
    if sys.stderr.isatty():
        print(f"\r{share:4.0%}", end="", file=sys.stderr, flush=True)
    return False


SUBCOMMAND = Subcommand(
    id="rules",
    help="Check event rules, and ask what they would have done.",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
