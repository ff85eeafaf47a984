"""Who is at the other end of a connection, as the hub found out itself."""

from __future__ import annotations

from dataclasses import dataclass

from twin.room.model import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A person at a console.

    Attributes
    ----------
    roles : of the policy
    verify_key : Ed25519 public key of the person, hex; "" = the hub believes the hello
    is_on_shift : whether the person is on duty now
    """

    operator: Operator
    roles: tuple[str, ...] = ()
    verify_key: str = ""
    is_on_shift: bool = True
