"""Batches: commands that are reviewed as one, and of which none leaves unless all may."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

KEPT = 200


class Batch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One batch.

    Attributes
    ----------
    digest : SHA-256 of all its requests, hex: a yes to the batch is bound to it
    """

    id: str
    title: str
    by: Operator
    command_ids: tuple[str, ...]
    digest: str
    t_ns: int


class _Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "batch.submitted"."""

    id: str
    title: str
    by: Operator
    command_ids: tuple[str, ...]
    digest: str


class Batches(Part):
    """The last `KEPT` batches by id."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("batch", Batch, lambda entry: entry.id)

    def handlers(self) -> Mapping[str, Handler]:
        """Submitting; what becomes of the commands is theirs."""
        return {"batch.submitted": self._submitted}

    def _submitted(self, event: Event) -> None:
        body = read_body(event, _Submitted)
        self.by_id.put(
            Batch(
                id=body.id,
                title=body.title,
                by=body.by,
                command_ids=body.command_ids,
                digest=body.digest,
                t_ns=event.t_ns,
            )
        )
        if len(self.by_id) > KEPT:
            self.by_id.drop(next(iter(self.by_id)))


PART = PartType(id="batches", make=Batches)
