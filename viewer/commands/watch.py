"""``civitwin watch``: runs event rules over a hub's samples and raises their alarms."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.key_arguments import add_login_arguments
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.perception.rules_watching import Watcher
    from twin.room.model import Operator
    from twin.security.client_security import ClientSecurity
    from twin.security.sealed import Signer

_STEP_S = 0.05
_TOLD_S = 10.0
_EPILOG = """\
examples:
  civitwin watch city-rules.toml
      the rules of a file, and those that operators made in their consoles
  civitwin watch
      only what operators made
  civitwin watch city-rules.toml --hub tcp://hub:5710 --keys watcher/ --person rules
      at a hub with keys: a person with the role “watcher”, who need not be on shift

The file is read again when it changes. It prints one line of JSON when it watches and ends with
Ctrl+C; open alarms stay as they are, and the next watcher goes on with them. How to write rules:
docs/rules.md; some to begin with: resources/rules/city.toml."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="event rules (TOML)")
    parser.add_argument(
        "--hub",
        default="tcp://127.0.0.1:5710",
        metavar="ADDRESS",
        help="control address of the hub (default %(default)s)",
    )
    parser.add_argument(
        "--name", default="Rules", help="what the operators see it called (default %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="end after so many seconds (default: Ctrl+C)"
    )
    add_login_arguments(parser.add_argument_group("keys"))


def _run(arguments: argparse.Namespace) -> int:
    from twin.clock import NS_PER_S, SystemClock
    from twin.perception.rules_watching import Watcher

    security, signer = _login(arguments)
    clock = SystemClock()
    stopping = _stop_on_signals()
    with tempfile.TemporaryDirectory(prefix="civitwin-", ignore_cleanup_errors=True) as folder:
        watcher = Watcher(
            endpoint=arguments.hub, operator=_operator(arguments, security, signer),
            files=arguments.files, outbox=Path(folder) / "outbox.sqlite", clock=clock,
            security=security, signer=signer,
        )  # fmt: skip
        end_ns = None
        if arguments.seconds is not None:
            end_ns = clock.monotonic_ns() + round(arguments.seconds * NS_PER_S)
        said, is_ready, told_ns = "", False, clock.monotonic_ns()
        watcher.start()
        try:
            while not stopping.wait(_STEP_S):
                watcher.step()
                now_ns = clock.monotonic_ns()
                if end_ns is not None and now_ns >= end_ns:
                    break
                if not is_ready and watcher.is_watching:
                    is_ready = True
                    _say_ready(arguments.hub, watcher)
                if now_ns - told_ns >= _TOLD_S * NS_PER_S or (is_ready and watcher.trouble):
                    told_ns = now_ns
                    said = _say_trouble(watcher.trouble, said)
        finally:
            watcher.close()
    return 0


def _say_ready(hub: str, watcher: Watcher) -> None:
    line = {"ready": True, "hub": hub, "rules": watcher.n_rules}
    print(json.dumps(line), flush=True)


def _say_trouble(trouble: str, said: str) -> str:
    if trouble and trouble != said:
        print(trouble, file=sys.stderr, flush=True)
    return trouble


def _login(arguments: argparse.Namespace) -> tuple[ClientSecurity | None, Signer | None]:
    """Keys of this workstation and of whoever the alarms are signed by."""
    from twin.errors import TwinError

    if arguments.keys is None:
        if arguments.person or arguments.password_stdin:
            raise TwinError("--person needs --keys, the folder of this workstation's keys")
        return None, None
    if not arguments.person:
        raise TwinError("--keys needs --person: alarms at a hub with keys are signed by somebody")
    from twin.security.client_keys import from_keyring, unlock
    from twin.security.client_security import ClientSecurity

    security = ClientSecurity.of_folder(arguments.keys)
    if arguments.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        return security, unlock(arguments.keys, arguments.person, password)
    kept = from_keyring(arguments.person, security.keys.hub)
    if kept is None:
        raise TwinError(
            f"The key of {arguments.person} is not in this system's key store; give its password"
            " with --password-stdin"
        )
    return security, kept


def _operator(
    arguments: argparse.Namespace, security: ClientSecurity | None, signer: Signer | None
) -> Operator:
    from twin.link.signing import console_id_at
    from twin.room.model import Operator

    if security is not None and signer is not None:
        person, at = signer.person_id, console_id_at(security.name)
        return Operator(name=person, department="", console_id=at, person=person)
    console_id = f"watcher-{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    return Operator(name=arguments.name, department="control_room", console_id=console_id)


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    return stopping


SUBCOMMAND = Subcommand(
    id="watch",
    help="Run event rules over a hub's samples and raise their alarms.",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
