"""``civitwin interlocks``: check rules between departments, and ask what they say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.interlocks.explaining import Asked
    from twin.interlocks.rules import Rules

_EPILOG = """\
examples:
  civitwin interlocks check city-interlocks.toml
      is every rule sound? exit status 0 when it is
  civitwin interlocks explain city-interlocks.toml gate.set gate-1 --arg opening_pct=80
      what stands against it while nothing is known
  civitwin interlocks explain city-interlocks.toml gate.set gate-1 --arg opening_pct=80 \\
      --value pump-1/pump_running=0
      and while the pump stands still
  civitwin interlocks explain city-interlocks.toml road.close road-7 --kind road_segment \\
      --other unit.dispatch@12 --other-kind ambulance
      an ambulance is under way whose route passes 12 m from the road

The file is described in docs/interlocks.md; one to begin with is in resources/policies."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read a file and say what is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE")
    explain = actions.add_parser("explain", help="ask what stands against a command, and why")
    explain.add_argument("file", type=Path, metavar="FILE")
    explain.add_argument("command", metavar="COMMAND", help="a command type, e.g. gate.set")
    explain.add_argument("target", metavar="TARGET", help="id of the asset, e.g. gate-1")
    explain.add_argument(
        "--value", action="append", default=[], metavar="DATASTREAM=NUMBER",
        help="the last sample of a datastream (or of an input, by its name); may be repeated",
    )  # fmt: skip
    explain.add_argument(
        "--arg", action="append", default=[], metavar="NAME=VALUE",
        help="an argument of the command; may be repeated",
    )  # fmt: skip
    explain.add_argument("--kind", default="", help="kind of the asset, e.g. gate")
    explain.add_argument("--department", default="control_room", help="of whoever asks")
    explain.add_argument("--level", type=int, default=1, help="significance, 1 to 4")
    explain.add_argument("--drill", action="store_true", help="in a drill")
    explain.add_argument(
        "--other", action="append", default=[], metavar="COMMAND@METRES",
        help="another command under way, its place and route so far away; may be repeated",
    )  # fmt: skip
    explain.add_argument("--other-kind", default="", metavar="KIND", help="kind of their targets")


def _run(arguments: argparse.Namespace) -> int:
    from twin.interlocks.rule_file import load_interlocks

    rules = load_interlocks(arguments.file)
    if arguments.action == "check":
        return _check(rules)
    from twin.interlocks.explaining import explained

    asked = _asked(arguments)
    lines, is_blocked = explained(rules, asked)
    print("\n".join(lines))
    return 1 if is_blocked else 0


def _check(rules: Rules) -> int:
    from twin.commands.base import command_registry
    from twin.interlocks.rule_file import unmatched_actions

    for rule_id, pattern in unmatched_actions(rules, command_registry().ids()):
        print(f"Warning: “{rule_id}” is about {pattern}, and no command is called so")
    n = len(rules.rules)
    print(f"{n} rule{'' if n == 1 else 's'}, all sound; SHA-256 {rules.fingerprint}")
    return 0


def _asked(arguments: argparse.Namespace) -> Asked:
    from twin.interlocks.explaining import Asked, values_of

    return Asked(
        type_id=arguments.command, target_id=arguments.target, kind=arguments.kind,
        department=arguments.department, level=arguments.level, drill=arguments.drill,
        args=values_of(arguments.arg, "--arg"), values=values_of(arguments.value, "--value"),
        others=tuple(arguments.other), other_kind=arguments.other_kind,
    )  # fmt: skip


SUBCOMMAND = Subcommand(
    id="interlocks",
    help="Check the rules between departments' commands, and ask what they say.",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
