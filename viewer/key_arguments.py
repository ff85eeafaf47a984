"""``--keys`` and ``--person`` on the command line, and what they open."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import TwinError

if TYPE_CHECKING:
    from twin.samples.source import Configure
    from twin.security.client_security import ClientSecurity
    from twin.security.sealed import Signer


_LOOK_MS = 200


@dataclass(frozen=True, slots=True)
class Login:
    """Keys of this workstation and the opened key of the person at it."""

    security: ClientSecurity
    signer: Signer


@dataclass(frozen=True, slots=True)
class LoginAsked:
    """What the command line says of a log-in: a folder of keys and maybe a person."""

    keys: Path
    person: str = ""
    is_password_piped: bool = False


def add_keys_argument(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add ``--keys`` for a program that nobody sits at."""
    parser.add_argument(
        "--keys", type=Path, metavar="DIR", help="keys of this program, for a hub with keys"
    )


def add_login_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add ``--keys``, ``--person`` and ``--password-stdin`` for a console."""
    parser.add_argument(
        "--keys", type=Path, metavar="DIR", help="keys of this workstation, for a hub with keys"
    )
    parser.add_argument(
        "--person", default="", metavar="ID", help="who logs in; the password is asked for"
    )
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )


def security_of(arguments: argparse.Namespace) -> ClientSecurity | None:
    """Keys of a program, None for a hub without keys.

    Raises
    ------
    KeyFileError
        The folder holds no usable keys.
    """
    if arguments.keys is None:
        return None
    from twin.security.client_security import ClientSecurity

    return ClientSecurity.of_folder(arguments.keys)


def configure_of(security: ClientSecurity | None) -> Configure:
    """What a socket of the sample lane gets before it connects."""
    from twin.samples.source import as_it_is

    return as_it_is if security is None else security.apply


def login_asked(arguments: argparse.Namespace) -> LoginAsked | None:
    """What is said of a log-in, None for a console without keys.

    Raises
    ------
    TwinError
        Keys without a hub, or a person without keys.
    """
    if arguments.keys is None:
        if arguments.person or arguments.password_stdin:
            raise TwinError("--person needs --keys, the folder of this workstation's keys")
        return None
    if not arguments.hub:
        raise TwinError("--keys needs --hub, the address of the hub that they are for")
    if arguments.feed:
        raise TwinError("A console with keys feeds nothing; run civitwin feed with its own --keys")
    if arguments.password_stdin and not arguments.person:
        raise TwinError("--password-stdin needs --person")
    return LoginAsked(arguments.keys, arguments.person, arguments.password_stdin)


def log_in(asked: LoginAsked, should_leave: Callable[[], bool]) -> Login | None:
    """Open the keys, asking in a window for what is not told; None if somebody gave up.

    GUI thread, with the application there; `should_leave` is asked while the window waits.

    Raises
    ------
    TwinError
        The keys are not usable, or a password that was piped in is wrong.
    """
    from twin.security.client_keys import from_keyring, unlock
    from twin.security.client_security import ClientSecurity

    security = ClientSecurity.of_folder(asked.keys)
    if asked.is_password_piped:
        password = sys.stdin.readline().rstrip("\r\n")
        return Login(security, unlock(asked.keys, asked.person, password))
    if asked.person and not (asked.keys / "people" / f"{asked.person}.key").exists():
        kept = from_keyring(asked.person, security.keys.hub)
        if kept is not None:
            return Login(security, kept)
    signer = _asked_in_window(asked, security, should_leave)
    return None if signer is None else Login(security, signer)


def _asked_in_window(
    asked: LoginAsked, security: ClientSecurity, should_leave: Callable[[], bool]
) -> Signer | None:
    from twin.clock import SystemClock
    from twin.security.client_keys import people_here, unlock
    from widgets.bridge import Bridge
    from widgets.login_dialog import LoginDialog

    bridge = Bridge(SystemClock())
    dialog = LoginDialog(
        hub=security.keys.hub.name,
        workstation=security.name,
        is_drill=security.is_drill,
        people=people_here(asked.keys),
        person=asked.person,
        unlock=lambda person, password: unlock(asked.keys, person, password),
        bridge=bridge,
    )
    bridge.every(_LOOK_MS, lambda: dialog.reject() if should_leave() else None)
    try:
        dialog.exec()
        return dialog.signer
    finally:
        bridge.close()
        dialog.deleteLater()
