"""``civitwin rules``: check event rules."""

from __future__ import annotations

import argparse
from pathlib import Path

from viewer.subcommand import Subcommand

_EPILOG = """\
examples:
  civitwin rules check city-rules.toml
      is every rule sound? exit status 0 when it is

The file is described in docs/rules.md; one to begin with is in resources/rules."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read a file and say what is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE")


def _run(arguments: argparse.Namespace) -> int:
    from twin.perception.rules_file import load_rules

    sheet = load_rules(arguments.file)
    n = len(sheet.rules)
    print(f"{n} rule{'' if n == 1 else 's'}, all sound; SHA-256 {sheet.fingerprint}")
    return 0


SUBCOMMAND = Subcommand(
    id="rules",
    help="Check event rules.",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
