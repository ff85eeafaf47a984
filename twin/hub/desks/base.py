"""What a desk is: a handler of kinds of acts, and what it does as time passes.

A handler gets who asks and the typed body. It checks everything before it makes the first event,
and returns "" or the sentence with which the act is refused. The core has checked before: the id
is new, the person may do this kind of act, and the act is signed where it must be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from twin.hub.hall import Hall
from twin.hub.who import Who
from twin.registry import Registry
from twin.security.policy import Decision

#: Whether somebody may do one kind of thing now, to what: id of an asset, a command, a batch …
Ask: TypeAlias = Callable[[Who, str], Decision]


@dataclass(frozen=True, slots=True)
class Taken:
    """One kind of act that a desk takes.

    Attributes
    ----------
    body_type : frozen struct of the body
    handle : (who, body) -> "" or why not
    """

    body_type: type[Any]
    handle: Callable[[Who, Any], str]


class Desk:
    """Base of all desks."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall

    def acts(self) -> Mapping[str, Taken]:
        """Kind of act -> who handles it."""
        return {}

    def permissions(self) -> Mapping[str, Ask]:
        """Kind of request -> whether somebody may do it, besides what `Hall.decide` says of it.

        Asked by consoles before anything is requested; the handlers decide by the same functions.
        It makes no event and leaves nothing behind.
        """
        return {}

    def asked(self, kind: str, why_not: Callable[[Who, str], str]) -> Ask:
        """Answer by a check ("" or why not) that the handler of ``kind`` makes as well.

        About nothing ("") the policy alone speaks.
        """
        return self.standing(kind, lambda who, about: why_not(who, about) if about else "")

    def standing(self, kind: str, why_not: Callable[[Who, str], str]) -> Ask:
        """The same of what does not need something that it is about."""

        def ask(who: Who, about: str) -> Decision:
            text = why_not(who, about)
            return Decision.no(text) if text else self.hall.decide(who, kind)

        return ask

    def tick(self) -> None:
        """Time has passed, about ten times a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskType:
    """Record of one desk."""

    id: str
    make: Callable[[Hall], Desk]


def desk_registry() -> Registry[DeskType]:
    """All desks of a hub."""
    return Registry(DeskType).load_all("twin.hub.desks")
