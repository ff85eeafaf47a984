"""``civitwin policy``: check a policy, and ask it who may do what, and why."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import TwinError
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.security.rules import Question

_EPILOG = """\
examples:
  civitwin policy check city.toml
      is every rule sound? exit status 0 when it is
  civitwin policy explain ada gate.set gate-1 --policy city.toml --keys keys/ --kind gate
      may Ada set this gate, by which rule, and what else is needed? exit status 1 when not
  civitwin policy explain ada road.close road-7 --at 4.31,52.08 --keys keys/
      of an asset at a place, asked of the policy that comes with the program
  civitwin policy explain somebody siren.on siren-3 --role operator --department fire
      somebody who does not exist

The file is described in docs/security.md; resources/policies/city.toml is one to begin with."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="do", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read a policy and say what is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE")
    explain = actions.add_parser("explain", help="say who may do what, and why")
    explain.add_argument("user", metavar="USER", help="id of a person of --keys, or any name")
    explain.add_argument("action", metavar="ACTION", help="a command type or act, e.g. gate.set")
    explain.add_argument("asset", metavar="ASSET", nargs="?", default="", help="id of the asset")
    explain.add_argument("--policy", type=Path, metavar="FILE", help="default: the one that comes")
    explain.add_argument("--keys", type=Path, metavar="DIR", help="whom the hub knows")
    explain.add_argument("--kind", default="", help="class of the asset, e.g. gate")
    explain.add_argument("--at", metavar="LON,LAT", help="where the asset is, degrees")
    explain.add_argument("--at-local", metavar="X,Y", help="the same in metres of the scene")
    explain.add_argument("--level", type=int, metavar="N", help="default: the command type's")
    explain.add_argument("--drill", action="store_true", help="in a drill")
    explain.add_argument("--role", action="append", metavar="ROLE", help="instead of the keys'")
    explain.add_argument("--department", metavar="NAME", help="instead of the keys'")
    explain.add_argument("--rank", type=int, metavar="N", help="instead of the keys'")
    explain.add_argument("--shift", choices=("on", "off"), help="instead of the keys'")


def _run(arguments: argparse.Namespace) -> int:
    return _check(arguments.file) if arguments.do == "check" else _explain(arguments)


def _check(path: Path) -> int:
    from twin.security.actions import known_actions
    from twin.security.policy_file import load_policy, rules_of, unmatched_actions

    policy = load_policy(path)
    for rule_id, pattern in unmatched_actions(policy, known_actions()):
        print(f"Warning: “{rule_id}” is about {pattern}, and nothing is called so")
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in rules_of(policy).items() if rows)
    print(f"“{policy.name}” version {policy.version} is sound: {counts or 'no rules'}")
    print(f"SHA-256 {policy.fingerprint}")
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    from twin.near_names import near_names
    from twin.security.actions import known_actions
    from twin.security.policy_explain import explained
    from twin.security.policy_file import load_policy, ready_policy

    policy = load_policy(arguments.policy or ready_policy())
    question = _question(arguments)
    if question.action not in known_actions():
        near = near_names(question.action, known_actions())
        hint = f"; did you mean {near}" if near else ""
        print(f"Warning: nothing is called {question.action}{hint}")
    print("\n".join(explained(policy, question)))
    return 0 if policy.decide(question).allowed else 1


def _question(arguments: argparse.Namespace) -> Question:
    from twin.commands.base import command_registry
    from twin.security.keystore import KeyStore
    from twin.security.records import Person
    from twin.security.rules import Question

    person = Person(id=arguments.user, name=arguments.user, public_key="", on_shift=True)
    if arguments.keys is not None:
        found = KeyStore(arguments.keys).directory().person(arguments.user)
        if found is None:
            raise TwinError(f"These keys know no person called {arguments.user}: {arguments.keys}")
        if found.revoked:
            raise TwinError(f"{arguments.user} is revoked and cannot even log in")
        person = found
    command_type = command_registry().get(arguments.action)
    level = command_type.significance if command_type else 0
    shift = {"on": True, "off": False, None: person.on_shift}[arguments.shift]
    return Question(
        action=arguments.action,
        person_id=person.id,
        roles=person.roles if arguments.role is None else tuple(arguments.role),
        department=person.department if arguments.department is None else arguments.department,
        rank=person.rank if arguments.rank is None else arguments.rank,
        on_shift=shift,
        target_id=arguments.asset,
        kind=arguments.kind,
        lon_lat=_pair(arguments.at, "--at takes a longitude and a latitude, e.g. 4.31,52.08"),
        xy_local=_pair(arguments.at_local, "--at-local takes two numbers of metres, e.g. 120,80"),
        level=level if arguments.level is None else arguments.level,
        drill=arguments.drill,
    )


def _pair(text: str | None, sentence: str) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        x, y = map(float, text.split(","))
    except ValueError as error:
        raise TwinError(sentence) from error
    return x, y


SUBCOMMAND = Subcommand(
    id="policy",
    help="Check a policy, and ask it who may do what, and why",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
