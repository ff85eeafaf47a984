"""Several commands as one reviewable unit, such as all signals of a street."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub import rules
from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.desks.submitting import Submitting
from twin.hub.hall import Hall, person
from twin.hub.who import Who
from twin.room.model import CommandRequest
from twin.security.canonical import digest_of

MAX_COMMANDS = 500
MAX_TITLE = 200


class Submitted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "batch.submit"; each request names the batch."""

    id: str
    title: str
    requests: tuple[CommandRequest, ...]


class BatchDesk(Desk):
    """Takes batches; their commands then go the way of all commands, but leave together."""

    def __init__(self, hall: Hall) -> None:
        super().__init__(hall)
        self._submitting = Submitting(hall)

    def acts(self) -> Mapping[str, Taken]:
        """Batch acts."""
        return {"batch.submit": Taken(Submitted, self._submit)}

    def _submit(self, who: Who, body: Submitted) -> str:
        why_not = self._unfit(body)
        if why_not:
            return why_not
        requests = [msgspec.to_builtins(request) for request in body.requests]
        self.hall.emit(
            "batch.submitted", person(who.operator), id=body.id, title=body.title,
            by=msgspec.to_builtins(who.operator), digest=digest_of(requests),
            command_ids=[request.id for request in body.requests],
        )  # fmt: skip
        for request in body.requests:
            self._submitting.take(who, request)
        return ""

    def _unfit(self, body: Submitted) -> str:
        if not 0 < len(body.id) <= rules.MAX_ID or len(body.title) > MAX_TITLE:
            return f"A batch has an id of 1 to {rules.MAX_ID} letters"
        if not 0 < len(body.requests) <= MAX_COMMANDS:
            return f"A batch holds 1 to {MAX_COMMANDS} commands"
        ids = {request.id for request in body.requests}
        if len(ids) < len(body.requests) or any(self.hall.known(one) for one in ids):
            return "A command of the batch has an id that was used before; make new ones"
        for request in body.requests:
            sentence = rules.unfit_request(request)
            if not sentence and request.batch != body.id:
                sentence = "it does not name the batch"
            if sentence:
                return f"{request.target_name[:60] or 'A command'}: {sentence}"
        return ""


DESK = DeskType(id="batches", make=BatchDesk)
