"""Issuing a command from a console: check it, give it its id, hand it to the outbox.

The one path for the button and for scripted runs. The hub checks everything again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec

from twin.commands.base import CommandType, command_registry
from twin.commands.params import params_from_args
from twin.errors import CommandRejected
from twin.ids import uuid7
from twin.registry import Registry
from twin.room.model import CommandRequest
from twin.session import TwinSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A thing or unit that a command can be sent to."""

    id: str
    name: str
    kind: str
    department: str
    accepts: tuple[str, ...]


@cache
def command_types() -> Registry[CommandType]:
    """All command types, loaded once."""
    return command_registry()


def target_of(session: TwinSession, target_id: str) -> Target | None:
    """The thing or unit of that id, None if nothing of that id was announced."""
    thing = session.observations.things.get(target_id)
    if thing is not None:
        return Target(
            id=thing.id,
            name=thing.name,
            kind=thing.kind,
            department=thing.department,
            accepts=thing.accepts,
        )
    slot = session.units.slot_of(target_id)
    if slot < 0:
        return None
    unit = session.units.units[slot]
    return Target(
        id=unit.id,
        name=unit.name,
        kind=unit.kind,
        department=unit.department,
        accepts=unit.accepts,
    )


def targets(session: TwinSession) -> list[Target]:
    """Everything that accepts a command, by name."""
    ids = [t.id for t in session.observations.things.values() if t.accepts]
    ids += [unit.id for unit in session.units.units if unit.accepts]
    found = (target_of(session, target_id) for target_id in ids)
    return sorted((t for t in found if t is not None), key=lambda target: target.name)


def accepted_types(target: Target) -> list[CommandType]:
    """The command types `target` acts on and this console knows, in its own order."""
    found = (command_types().get(type_id) for type_id in target.accepts)
    return [command_type for command_type in found if command_type is not None]


def shared_types(chosen: Sequence[Target]) -> list[CommandType]:
    """Command types that all of some targets accept, in the order of the first."""
    if not chosen:
        return []
    accepted = set.intersection(*(set(target.accepts) for target in chosen))
    return [one for one in accepted_types(chosen[0]) if one.id in accepted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One command as it was prepared, before it has an id."""

    type_id: str
    target_id: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a command may leave, hub time; 0 = at once, 0 = without a deadline."""

    not_before_ns: int = 0
    deadline_ns: int = 0


AT_ONCE = Timing()


def issue_command(
    session: TwinSession,
    type_id: str,
    target_id: str,
    args: Mapping[str, Any],
    reason: str = "",
    inverse_of: str = "",
    timing: Timing = AT_ONCE,
    incident: str = "",
) -> CommandRequest:
    """Check a command, give it its id and hand it to the hub client's outbox.

    Returns
    -------
    CommandRequest
        What was submitted; its id stays the same through every retry.

    Raises
    ------
    CommandRejected
        The type or target is unknown, the target does not accept it, or a value is wrong.
        Nothing was submitted.
    """
    draft = Draft(type_id=type_id, target_id=target_id, args=args)
    request = request_of(session, draft, reason=reason, inverse_of=inverse_of, timing=timing)
    if incident:
        request = msgspec.structs.replace(request, incident=incident)
    session.hub.submit(request)
    return request


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedBatch:
    """A batch that was handed to the outbox: the act under which it is refused, its requests."""

    act_id: str
    batch_id: str
    requests: tuple[CommandRequest, ...]


def issue_batch(
    session: TwinSession,
    title: str,
    drafts: Sequence[Draft],
    reason: str = "",
    timing: Timing = AT_ONCE,
) -> IssuedBatch:
    """Check several commands and hand them over as one reviewable unit: all or none.

    Raises
    ------
    CommandRejected
        One of them cannot be given; the text names its target. Nothing was submitted.
    """
    batch_id = uuid7(session.clock)
    requests = []
    for draft in drafts:
        try:
            one = request_of(session, draft, reason=reason, batch=batch_id, timing=timing)
        except CommandRejected as error:
            target = target_of(session, draft.target_id)
            name = target.name if target is not None else draft.target_id
            raise CommandRejected(f"{name}: {error}") from error
        requests.append(one)
    body = {"id": batch_id, "title": title, "requests": msgspec.to_builtins(requests)}
    act_id = session.hub.act("batch.submit", body)
    return IssuedBatch(act_id=act_id, batch_id=batch_id, requests=tuple(requests))


def request_of(
    session: TwinSession,
    draft: Draft,
    *,
    reason: str = "",
    inverse_of: str = "",
    batch: str = "",
    timing: Timing = AT_ONCE,
) -> CommandRequest:
    """A request with a new id; raises `CommandRejected` when it cannot be given."""
    command_type = command_types().get(draft.type_id)
    if command_type is None:
        raise CommandRejected(f"This console knows no command called {draft.type_id}")
    target = target_of(session, draft.target_id)
    if target is None:
        raise CommandRejected(
            f"Nothing called {draft.target_id} is known; wait for its source to appear"
        )
    if draft.type_id not in target.accepts:
        raise CommandRejected(f"{target.name} does not accept “{command_type.title}”")
    params_from_args(command_type.params, draft.args)
    return CommandRequest(
        id=uuid7(session.clock),
        type_id=draft.type_id,
        type_version=command_type.version,
        target_id=draft.target_id,
        target_name=target.name,
        args=dict(draft.args),
        reason=reason.strip(),
        inverse_of=inverse_of,
        batch=batch,
        not_before_ns=timing.not_before_ns,
        deadline_ns=timing.deadline_ns,
        drill=session.hub.is_drill,
    )
