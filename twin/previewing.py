"""What commands would change, before they are released: asked of their types, for this moment."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from twin.commanding import command_types
from twin.commands.base import CommandType
from twin.commands.params import params_from_args
from twin.commands.preview import Point, Preview, PreviewTarget
from twin.errors import CommandRejected
from twin.room.model import CommandRequest
from twin.session import TwinSession

#: Beyond so many commands of a batch only the targets themselves are shown.
MOST_MODELLED = 40
_EFFECT_BASIS = "the effect that the command type declares"
_log = logging.getLogger(__name__)


class SessionCity:
    """The city of a session, as previews ask for it. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        self._session = session

    def last_value(self, datastream_id: str) -> float | None:
        """Last good observation, None if there is none."""
        slot = self._session.observations.slot_of(datastream_id)
        if slot < 0:
            return None
        _, values = self._session.observations.history_of(slot)
        known = values[np.isfinite(values)]
        return float(known[-1]) if len(known) else None

    def position(self, thing_id: str) -> Point | None:
        """Where a thing or unit is, local metres."""
        if thing_id in self._session.observations.things:
            return _point(self._session.observations.xyz_of_thing(thing_id))
        slot = self._session.units.slot_of(thing_id)
        if slot < 0:
            return None
        now = self._session.units.at(self._session.clock.now_ns())
        return _point(now.xyz_local_m[slot])

    def path(self, thing_id: str) -> tuple[Point, ...]:
        """Vertices of a line-shaped thing, local metres; may be empty."""
        thing = self._session.observations.things.get(thing_id)
        if thing is None or not thing.path:
            return ()
        vertices = self._session.observations.path_local_m(thing_id)
        return tuple((float(x), float(y), float(z)) for x, y, z in vertices)

    def things_near(
        self, centre: Point, radius_m: float, kinds: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """Ids of things within a radius on the ground, of these kinds or of any."""
        store = self._session.observations
        found = []
        for thing in store.things.values():
            if kinds and thing.kind not in kinds:
                continue
            x, y = store.xyz_of_thing(thing.id)[:2]
            if np.hypot(x - centre[0], y - centre[1]) <= radius_m:
                found.append(thing.id)
        return tuple(found)

    def name_of(self, thing_id: str) -> str:
        """Its name for people, or the id."""
        thing = self._session.observations.things.get(thing_id)
        if thing is not None:
            return thing.name or thing_id
        slot = self._session.units.slot_of(thing_id)
        return self._session.units.units[slot].name if slot >= 0 else thing_id


def preview_of(
    session: TwinSession, type_id: str, target_id: str, args: dict[str, Any]
) -> Preview | None:
    """What one command would change; None where its values do not fit or its type is unknown."""
    command_type = command_types().get(type_id)
    if command_type is None:
        return None
    try:
        params = params_from_args(command_type.params, args)
    except CommandRejected:
        return None
    city = SessionCity(session)
    if command_type.preview is not None:
        try:
            return command_type.preview(_target(session, city, target_id), params, city)
        except Exception:  # noqa: BLE001 - a wrong model must not keep a command back
            _log.exception("The preview of %s failed", type_id)
    return _declared(command_type, target_id, params, city)


def preview_of_requests(session: TwinSession, requests: Sequence[CommandRequest]) -> Preview | None:
    """What several commands would change together; None for none."""
    parts = [
        preview_of(session, request.type_id, request.target_id, request.args)
        for request in requests[:MOST_MODELLED]
    ]
    rest = tuple(request.target_id for request in requests[MOST_MODELLED:])
    known = [part for part in parts if part is not None]
    if rest:
        note = f"Only the first {MOST_MODELLED} are modelled; of the others the targets are shown"
        known.append(Preview(things=rest, notes=(note,)))
    return joined(known)


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


def _declared(command_type: CommandType, target_id: str, params: Any, city: SessionCity) -> Preview:
    """Without a model: the target, and what the type says that must be observed."""
    effect = command_type.effect(target_id, params)
    path = city.path(target_id)
    return Preview(
        things=(target_id,),
        lines=(path,) if len(path) > 1 else (),
        basis=_EFFECT_BASIS,
        notes=(f"{effect.text[:1].upper()}{effect.text[1:]}",),
    )


def _target(session: TwinSession, city: SessionCity, target_id: str) -> PreviewTarget:
    thing = session.observations.things.get(target_id)
    kind = thing.kind if thing is not None else ""
    slot = session.units.slot_of(target_id)
    if thing is None and slot >= 0:
        kind = session.units.units[slot].kind
    return PreviewTarget(
        id=target_id, name=city.name_of(target_id), kind=kind, xyz=city.position(target_id)
    )


def _point(xyz: Any) -> Point | None:
    if not np.isfinite(xyz).all():
        return None
    x, y, z = (float(part) for part in xyz)
    return x, y, z


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
