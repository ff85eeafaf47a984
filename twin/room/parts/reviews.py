"""Reviews: what somebody else must look at afterwards, such as a broken glass."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body


class Review(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One open review: ``subject`` did what needs a look, ``text`` says what and why."""

    id: str
    command_id: str
    subject: Operator
    text: str
    t_ns: int


class _Opened(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "review.opened"."""

    id: str
    command_id: str
    subject: Operator
    text: str


class _Closed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "review.closed"."""

    id: str


class Reviews(Part):
    """Open reviews by id; closed ones are in the journal."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("review", Review, lambda entry: entry.id)

    def handlers(self) -> Mapping[str, Handler]:
        """Opening and closing."""
        return {"review.opened": self._opened, "review.closed": self._closed}

    def _opened(self, event: Event) -> None:
        body = read_body(event, _Opened)
        self.by_id.put(
            Review(
                id=body.id,
                command_id=body.command_id,
                subject=body.subject,
                text=body.text,
                t_ns=event.t_ns,
            )
        )

    def _closed(self, event: Event) -> None:
        self.by_id.drop(read_body(event, _Closed).id)


PART = PartType(id="reviews", make=Reviews)
