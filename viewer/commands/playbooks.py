"""``civitwin playbooks``: check playbooks, and show what they ask for and by when."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.playbooks.model import Playbook

_EPILOG = """\
examples:
  civitwin playbooks check my-playbooks/*.yaml
      is every file sound? exit status 0 when all are
  civitwin playbooks show resources/playbooks/road-accident.yaml
      its steps with who, by when and after what

The file is described in docs/playbooks.md; four to begin with are in resources/playbooks."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read files and say what is wrong with them")
    check.add_argument("files", type=Path, nargs="+", metavar="FILE")
    show = actions.add_parser("show", help="list the steps of one")
    show.add_argument("file", type=Path, metavar="FILE")


def _run(arguments: argparse.Namespace) -> int:
    if arguments.action == "check":
        return _check(arguments.files)
    from twin.commands.base import command_registry
    from twin.playbooks.reading import read_playbook

    _show(read_playbook(arguments.file, command_registry()))
    return 0


def _check(files: list[Path]) -> int:
    from twin.commands.base import command_registry
    from twin.errors import TwinError
    from twin.playbooks.reading import read_playbook
    from twin.playbooks.rules import unknown_departments

    types, n_bad = command_registry(), 0
    ids: dict[str, Path] = {}
    for path in files:
        try:
            playbook = read_playbook(path, types)
        except TwinError as error:
            n_bad += 1
            print(error, file=sys.stderr)
            continue
        for name, near in unknown_departments(playbook):
            hint = f"; did you mean {near}?" if near else ""
            print(f"Warning: {path}: no command names the department “{name}”{hint}")
        if playbook.id in ids:
            print(f"Warning: {path} and {ids[playbook.id]} are both called “{playbook.id}”")
        ids[playbook.id] = path
        print(f"{path}: {len(playbook.steps)} steps, sound")
    return 1 if n_bad else 0


def _show(playbook: Playbook) -> None:
    from twin.playbooks.engine import plan_of

    plan = plan_of(playbook)
    print(playbook.title)
    for step in playbook.steps:
        by = f"by {plan[step.id] / 60:.0f} min" if step.id in plan else ""
        after = " and ".join(f"{a.step}={a.choice}" if a.choice else a.step for a in step.after)
        does = step.command.type_id if step.command is not None else ""
        parts = (step.department, by, f"after {after}" if after else "", does)
        print(f"  {step.id:18} {step.title}  ({', '.join(filter(None, parts))})")


SUBCOMMAND = Subcommand(
    id="playbooks",
    help="Check playbooks, and show what they ask for and by when.",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
