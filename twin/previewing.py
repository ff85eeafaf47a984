"""What commands would change, before they are released: asked of their types, for this moment."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twin.commanding import Draft, command_types
from twin.commands.base import CommandType
from twin.commands.city_view import StoreCityView
from twin.commands.params import params_from_args
from twin.commands.preview import Preview
from twin.errors import CommandRejected
from twin.room.model import CommandRequest
from twin.session import TwinSession

#: Beyond so many commands of a batch only the targets themselves are shown.
MOST_MODELLED = 40
_EFFECT_BASIS = "the effect that the command type declares"
_log = logging.getLogger(__name__)


def preview_of(
    session: TwinSession, type_id: str, target_id: str, args: Mapping[str, Any]
) -> Preview | None:
    """What one command would change; None where its values do not fit or its type is unknown."""
    command_type = command_types().get(type_id)
    if command_type is None:
        return None
    try:
        params = params_from_args(command_type.params, args)
    except CommandRejected:
        return None
    city = session.city_view
    if command_type.preview is not None:
        try:
            return command_type.preview(city.target(target_id), params, city)
        except Exception:  # noqa: BLE001 - a wrong model must not keep a command back
            _log.exception("The preview of %s failed", type_id)
    return _declared(command_type, target_id, params, city)


def preview_of_drafts(session: TwinSession, drafts: Sequence[Draft]) -> Preview | None:
    """What several commands would change together; None for none."""
    parts = [
        preview_of(session, draft.type_id, draft.target_id, draft.args)
        for draft in drafts[:MOST_MODELLED]
    ]
    known = [part for part in parts if part is not None]
    rest = tuple(draft.target_id for draft in drafts[MOST_MODELLED:])
    if rest:
        note = f"Only the first {MOST_MODELLED} are modelled; of the others the targets are shown"
        known.append(Preview(things=rest, notes=(note,)))
    return joined(known)


def preview_of_requests(session: TwinSession, requests: Sequence[CommandRequest]) -> Preview | None:
    """The same for commands that were asked for."""
    drafts = [Draft(type_id=r.type_id, target_id=r.target_id, args=r.args) for r in requests]
    return preview_of_drafts(session, drafts)


def joined(parts: Iterable[Preview]) -> Preview | None:
    """Several previews as one, None for none."""
    parts = tuple(parts)
    if len(parts) < 2:
        return parts[0] if parts else None
    return Preview(
        things=_once(thing for part in parts for thing in part.things),
        areas=tuple(area for part in parts for area in part.areas),
        lines=tuple(line for part in parts for line in part.lines),
        predictions=tuple(one for part in parts for one in part.predictions),
        basis="; ".join(_once(part.basis for part in parts if part.basis)),
        notes=_once(note for part in parts for note in part.notes),
    )


def _declared(
    command_type: CommandType, target_id: str, params: Any, city: StoreCityView
) -> Preview:
    """Without a model: the target, and what the type says that must be observed."""
    effect = command_type.effect(target_id, params)
    path = city.path(target_id)
    return Preview(
        things=(target_id,),
        lines=(path,) if len(path) > 1 else (),
        basis=_EFFECT_BASIS,
        notes=(f"{effect.text[:1].upper()}{effect.text[1:]}",),
    )


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
