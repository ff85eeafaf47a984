"""``civitwin keys``: keys of the hub, of workstations and of people."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import TwinError
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.security.keystore import KeyStore
    from twin.security.records import Person, Workstation
    from twin.security.sealed import Signer

_EPILOG = """\
examples, on the hub's machine:
  civitwin keys init "The Hague"
      keys of the hub, once
  civitwin keys workstation desk-1 --department traffic
      a folder workstations/desk-1 to carry to that workstation
  civitwin keys workstation sim --role actuator --role source
      keys of a simulator or of any device
  civitwin keys person ada --name "Ada" --department traffic --role operator --at desk-1 --on-shift
      asks for Ada's first password; her sealed key goes into the folder of desk-1
  civitwin keys list
  civitwin keys shift ada off
  civitwin keys revoke workstation desk-1
      a running hub cuts it off within two seconds

on a workstation:
  civitwin keys request desk-2 --keys keys/
      its key is made there and never travels; prints the line for the administrator
  civitwin keys passwd ada --keys keys/
  civitwin keys keyring ada --keys keys/
      moves the key into the system's key store, which her log-in there opens

docs/security.md says what these keys protect and what they do not."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        made.add_argument(
            "--keys", type=Path, metavar="DIR", help="folder of the keys (default: the user's own)"
        )
        made.add_argument("--json", action="store_true", help="print one JSON object")
        return made

    init = action("init", "make the hub's keys")
    init.add_argument("name", metavar="NAME", help="of the hub, for people")
    init.add_argument("--drill", action="store_true", help="this hub is for drills")
    _add_workstation(action("workstation", "let a workstation, device or program connect"))
    _add_person(action("person", "let somebody log in, or give them a new key"))
    action("list", "say whom the hub knows")
    revoke = action("revoke", "cut a workstation or a person off")
    revoke.add_argument("what", choices=("workstation", "person"))
    revoke.add_argument("name", metavar="NAME")
    shift = action("shift", "say who is on shift")
    shift.add_argument("name", metavar="PERSON")
    shift.add_argument("state", choices=("on", "off"))
    request = action("request", "make a workstation's key on itself")
    request.add_argument("name", metavar="NAME")
    passwd = action("passwd", "change a person's password on this workstation")
    passwd.add_argument("name", metavar="PERSON")
    _add_stdin(passwd, "two lines: the old password and the new one")
    ring = action("keyring", "move a person's key into the system's key store")
    ring.add_argument("name", metavar="PERSON")
    ring.add_argument("--remove", action="store_true", help="take it out again")
    _add_stdin(ring, "the password")


def _add_workstation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="small letters, digits, dots, dashes")
    parser.add_argument(
        "--role", action="append", choices=("console", "actuator", "source", "recorder"),
        help="what it connects as; may be repeated (default console)",
    )  # fmt: skip
    parser.add_argument("--department", default="", metavar="NAME", help="for lists")
    parser.add_argument(
        "--asset", action="append", default=[], metavar="PATTERN",
        help="an actuator serves only such assets, e.g. 'gate-*'; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--public-key", default="", metavar="KEY", help="of a key made by civitwin keys request"
    )


def _add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="small letters, digits, dots, dashes")
    parser.add_argument("--name", default="", help="as others see it (default: the id)")
    parser.add_argument("--department", default="", metavar="NAME")
    parser.add_argument(
        "--role", action="append", default=[], metavar="ROLE", help="of the policy; repeatable"
    )
    parser.add_argument("--rank", type=int, default=0, metavar="N", help="higher takes over")
    parser.add_argument("--on-shift", action="store_true", help="at once")
    parser.add_argument(
        "--at", action="append", default=[], metavar="WORKSTATION",
        help="put the sealed key into the folder of that workstation; may be repeated",
    )  # fmt: skip
    _add_stdin(parser, "the password")


def _add_stdin(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--password-stdin", action="store_true", help=f"read {what} from standard input"
    )


def _run(arguments: argparse.Namespace) -> int:
    from twin.security.keystore import KeyStore

    folder = arguments.keys or default_keys()
    actions: dict[str, Callable[[argparse.Namespace, KeyStore], Mapping[str, Any]]] = {
        "init": _init,
        "workstation": _workstation,
        "person": _person,
        "list": _list,
        "revoke": _revoke,
        "shift": _shift,
        "request": _request,
        "passwd": _passwd,
        "keyring": _keyring,
    }
    told = dict(actions[arguments.action](arguments, KeyStore(folder)))
    text = told.pop("text")
    print(json.dumps(told, ensure_ascii=False) if arguments.json else text)
    return 0


def default_keys() -> Path:
    """Where keys lie when nobody names a folder."""
    import platformdirs

    return platformdirs.user_config_path("civitwin", appauthor=False) / "keys"


# --- on the hub's machine -------------------------------------------------------------------------


def _init(arguments: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    public = store.init(arguments.name, drill=arguments.drill)
    text = (
        f"Keys of the hub “{public.name}” are in {store.folder}\n"
        "Next: civitwin keys workstation NAME, civitwin keys person ID, civitwin hub --keys DIR\n"
        f"Whoever verifies its journal needs its public key: {public.signing_public}"
    )
    return {"text": text, "folder": str(store.folder), "signing_public": public.signing_public}


def _workstation(arguments: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    from twin.security.keystore import new_workstation_secret
    from twin.security.records import Workstation

    secret = None if arguments.public_key else new_workstation_secret(arguments.name)
    record = Workstation(
        name=arguments.name,
        public_key=secret.curve_public if secret else arguments.public_key,
        roles=tuple(dict.fromkeys(arguments.role or ["console"])),
        department=arguments.department,
        assets=tuple(arguments.asset),
    )
    bundle = store.add_workstation(record, secret)
    text = f"The hub knows {record.name} now ({', '.join(record.roles)})"
    if bundle is None:
        text += f"; give it {store.folder / 'hub.public.toml'}"
    else:
        text += f"; carry this folder to it and delete it here: {bundle}"
    return {"text": text, "name": record.name, "folder": str(bundle) if bundle else None}


def _person(arguments: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    from twin.security.records import Person
    from twin.security.sealed import new_signer

    store.require_addable(arguments.id, tuple(arguments.at))
    signer = new_signer(arguments.id)
    password = _new_password(arguments, arguments.id)
    record = Person(
        id=arguments.id,
        name=arguments.name or arguments.id,
        public_key=signer.public_key,
        department=arguments.department,
        roles=tuple(arguments.role),
        rank=arguments.rank,
        on_shift=arguments.on_shift,
    )
    store.add_person(record, signer.seal(password), tuple(arguments.at))
    path = store.folder / "people" / f"{record.id}.key"
    text = f"{record.name} can log in; the sealed key is {path}"
    if not record.on_shift:
        text += f"\nNot on shift yet: civitwin keys shift {record.id} on"
    if not record.roles:
        text += "\nWithout a role most policies allow nothing: give one with --role"
    return {"text": text, "id": record.id, "public_key": record.public_key}


def _list(_: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    import msgspec

    public, directory = store.hub_public(), store.directory()
    title = f"Hub “{public.name}”" + (" (for drills)" if public.drill else "")
    lines = [title, f"  verifies as  {public.signing_public}", "", "Workstations"]
    lines += [_workstation_line(one) for one in directory.workstations] or ["  none"]
    lines += ["", "People"]
    lines += [_person_line(one) for one in directory.people] or ["  nobody"]
    return {
        "text": "\n".join(lines),
        "hub": msgspec.to_builtins(public),
        "workstations": msgspec.to_builtins(directory.workstations),
        "people": msgspec.to_builtins(directory.people),
    }


def _workstation_line(one: Workstation) -> str:
    about = [", ".join(one.roles), one.department, *one.assets, "REVOKED" if one.revoked else ""]
    return f"  {one.name:<16} {' · '.join(filter(None, about))}"


def _person_line(one: Person) -> str:
    shift = "on shift" if one.on_shift else "off shift"
    about = [one.name, one.department, ", ".join(one.roles), f"rank {one.rank}" if one.rank else ""]
    about.append("REVOKED" if one.revoked else shift)
    return f"  {one.id:<16} {' · '.join(filter(None, about))}"


def _revoke(arguments: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    name = arguments.name
    if arguments.what == "workstation":
        store.revoke_workstation(name)
    else:
        store.change_person(name, revoked=True, on_shift=False)
    text = f"{name} is revoked; a running hub cuts them off within two seconds"
    return {"text": text, "revoked": name}


def _shift(arguments: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    person = store.change_person(arguments.name, on_shift=arguments.state == "on")
    text = f"{person.name} is {arguments.state} shift"
    return {"text": text, "id": person.id, "on_shift": person.on_shift}


# --- on a workstation -----------------------------------------------------------------------------


def _request(arguments: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    from twin.security.keystore import WORKSTATION_KEY, new_workstation_secret
    from twin.security.keystore import write_workstation_secret as write
    from twin.security.records import is_fit_id

    if (store.folder / WORKSTATION_KEY).exists():
        raise TwinError(f"This workstation has a key already: {store.folder / WORKSTATION_KEY}")
    if not is_fit_id(arguments.name):
        raise TwinError("A workstation's name has up to 63 small letters, digits, dots and dashes")
    secret = new_workstation_secret(arguments.name)
    write(store.folder, secret)
    text = (
        f"The key is {store.folder / WORKSTATION_KEY}\n"
        f"Ask the administrator to run:\n"
        f"  civitwin keys workstation {secret.name} --public-key='{secret.curve_public}'\n"
        "and to send you hub.public.toml for this folder"
    )
    return {"text": text, "name": secret.name, "public_key": secret.curve_public}


def _passwd(arguments: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    from twin.security.client_keys import change_password, read_sealed

    read_sealed(store.folder, arguments.name)
    if arguments.password_stdin:
        old, new = _line(), _line()
    else:
        old = _asked(f"Old password of {arguments.name}: ")
        new = _new_password(arguments, arguments.name)
    change_password(store.folder, arguments.name, old, new)
    text = f"The password of {arguments.name} is changed on this workstation"
    return {"text": text, "id": arguments.name}


def _keyring(arguments: argparse.Namespace, store: KeyStore) -> Mapping[str, Any]:
    from twin.security.client_keys import (
        hub_of,
        keep_in_keyring,
        remove_from_keyring,
    )

    hub = hub_of(store.folder)
    if arguments.remove:
        remove_from_keyring(arguments.name, hub)
        text = f"The key of {arguments.name} is no longer in the system's key store"
    else:
        keep_in_keyring(_unlocked(arguments, store), hub)
        text = f"The key of {arguments.name} is in the system's key store; its file may go"
    return {"text": text, "id": arguments.name}


def _unlocked(arguments: argparse.Namespace, store: KeyStore) -> Signer:
    from twin.security.client_keys import read_sealed
    from twin.security.sealed import opened

    sealed = read_sealed(store.folder, arguments.name)
    is_piped = arguments.password_stdin
    password = _line() if is_piped else _asked(f"Password of {arguments.name}: ")
    return opened(sealed, password)


# --- passwords ------------------------------------------------------------------------------------


def _new_password(arguments: argparse.Namespace, person_id: str) -> str:
    from twin.security.sealed import why_weak

    password = _line() if arguments.password_stdin else _asked(f"New password of {person_id}: ")
    sentence = why_weak(password, person_id)
    if sentence:
        raise TwinError(sentence)
    if not arguments.password_stdin and password != _asked("The same again: "):
        raise TwinError("The two passwords differ; nothing was changed")
    return password


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _asked(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise TwinError("There is no terminal to ask for the password; say --password-stdin")
    return getpass.getpass(prompt)


SUBCOMMAND = Subcommand(
    id="keys",
    help="Make, list and revoke keys of the hub, of workstations and of people",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
