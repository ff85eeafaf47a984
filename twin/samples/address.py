"""Addresses of the sample lane; the scheme chooses what carries it."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from twin.errors import TwinError

NATS_PORT = 4222
DEFAULT_PREFIX = "civitwin"
#: "USER:PASSWORD" for NATS where the address has none: secrets do not belong on a command line.
LOGIN_VARIABLE = "CIVITWIN_NATS_LOGIN"
_NATS = ("nats://", "tls://")
_ZEROMQ = ("tcp://", "ipc://", "inproc://")
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
_EXAMPLE = "nats://HOST:4222, nats://A:4222,B:4222,C:4222/PREFIX"


class SampleAddressError(TwinError):
    """Text that is no address of a sample lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsAddress:
    """Servers of one NATS cluster and what our subjects there begin with.

    Attributes
    ----------
    servers : "nats://HOST:PORT" each (or "tls://…", encrypted); the client takes any of them and
        moves on when it dies
    prefix : first token of every subject, so that several cities can share a cluster
    user, password : "" = none; never part of `servers`
    """

    servers: tuple[str, ...]
    prefix: str = DEFAULT_PREFIX
    user: str = ""
    password: str = ""

    def __str__(self) -> str:
        """The address without user and password, fit for logs and for others."""
        hosts = ",".join(server.partition("://")[2] for server in self.servers)
        end = "" if self.prefix == DEFAULT_PREFIX else f"/{self.prefix}"
        return f"{self.servers[0].partition('://')[0]}://{hosts}{end}"


def carrier_of(address: str) -> Literal["zeromq", "nats"]:
    """Which implementation an address asks for.

    Raises
    ------
    SampleAddressError
        Its scheme is none of tcp, ipc, inproc and nats.
    """
    if address.startswith(_NATS):
        return "nats"
    if address.startswith(_ZEROMQ):
        return "zeromq"
    raise SampleAddressError(
        f"{address[:120]!r} is no address of samples; write tcp://HOST:PORT or {_EXAMPLE}"
    )


def parse_nats(address: str) -> NatsAddress:
    """Take ``nats://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…][/PREFIX]`` apart; or ``tls://…``.

    Raises
    ------
    SampleAddressError
        It is not of that form. The sentence never repeats a password.
    """
    scheme, _, rest = address.partition("://")
    login, _, rest = rest.rpartition("@")
    hosts, _, prefix = rest.replace(f",{scheme}://", ",").partition("/")
    user, _, password = (login or os.environ.get(LOGIN_VARIABLE, "")).partition(":")
    servers = tuple(_server(scheme, host) for host in hosts.split(","))
    if not address.startswith(_NATS) or not _PREFIX.match(prefix or DEFAULT_PREFIX):
        raise SampleAddressError(
            f"{rest[:120]!r} is no NATS address; write {_EXAMPLE} with a prefix of letters,"
            " digits, dashes or underscores"
        )
    return NatsAddress(
        servers=servers, prefix=prefix or DEFAULT_PREFIX, user=unquote(user),
        password=unquote(password),
    )  # fmt: skip


def require_nats() -> None:
    """Make sure that the extra for NATS is there.

    Raises
    ------
    SampleAddressError
        It is not installed; the sentence says how to.
    """
    if importlib.util.find_spec("nats") is None:
        raise SampleAddressError(
            "NATS needs the package nats-py; install it with: pip install 'civitwin[nats]'"
        )


def public_address(address: str) -> str:
    """The address as others may see it: without user and password."""
    return str(parse_nats(address)) if address.startswith(_NATS) else address


def _server(scheme: str, host: str) -> str:
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name, port = host, str(NATS_PORT)
    is_port = port.isascii() and port.isdigit() and 0 < int(port) <= 65_535
    if not name or not is_port or any(c.isspace() or c in "/?#@" for c in name):
        raise SampleAddressError(
            f"{host[:80]!r} is no HOST:PORT of a NATS server; write {_EXAMPLE}"
        )
    return f"{scheme}://{name}:{port}"
