"""What a timed run does by itself: a few commands, given through the same code as the buttons."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from twin.commanding import Target, command_types, issue_command, targets
from twin.errors import CommandRejected
from twin.link.status import LinkState
from twin.session import Selection, TwinSession

#: Types in the order they are tried; each is given once, as soon as a target for it is ready.
TYPES = ("road.close", "lights.dim", "pump.start", "signal.set_plan", "unit.dispatch")
#: Seconds between two commands, so that each can be seen.
PAUSE_S = 2.0
#: Wait for values before commanding: an effect is judged against what was observed before.
MIN_VALUES = 2


class Rehearsal:
    """Gives a few commands as soon as the link is live and targets are known. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        self._session = session
        self._waiting = list(TYPES)
        self._not_before_ns = 0
        bounds = session.city.bounds_min_max_local_m()
        self._centre = (bounds[:3] + bounds[3:]) / 2

    def step(self) -> None:
        """Give the next command whose target is ready; call a few times a second."""
        if not self._waiting or self._session.hub.status().state is not LinkState.LIVE:
            return
        now_ns = self._session.clock.now_ns()
        if now_ns < self._not_before_ns:
            return
        for type_id in self._waiting:
            target = self._target_for(type_id)
            if target is not None:
                self._waiting.remove(type_id)
                self._issue(type_id, target)
                self._not_before_ns = now_ns + int(PAUSE_S * 1e9)
                return

    def _target_for(self, type_id: str) -> Target | None:
        observations = self._session.observations
        candidates = [target for target in targets(self._session) if type_id in target.accepts]
        command_type = command_types()[type_id]
        params = command_type.params(**self._args(type_id))
        for target in sorted(candidates, key=self._distance_to_centre):
            slot = observations.slot_of(command_type.effect(target.id, params).datastream_id)
            if slot >= 0 and len(observations.history_of(slot)[0]) >= MIN_VALUES:
                return target
        return None

    def _distance_to_centre(self, target: Target) -> float:
        xyz = self._session.observations.xyz_of_thing(target.id)
        distance = float(np.linalg.norm(xyz[:2] - self._centre[:2]))
        return distance if np.isfinite(distance) else np.inf

    def _issue(self, type_id: str, target: Target) -> None:
        args = self._args(type_id)
        try:
            issue_command(self._session, type_id, target.id, args, reason="Rehearsal")
        except CommandRejected as refusal:
            self._session.message.emit(str(refusal))
            return
        if target.id in self._session.observations.things:
            self._session.select(Selection(thing_id=target.id))

    def _args(self, type_id: str) -> dict[str, Any]:
        """A destination is the city's centre; all else a value that is likely to be a change."""
        chosen = {
            "x_m": round(float(self._centre[0]), 1),
            "y_m": round(float(self._centre[1]), 1),
            "place": "City centre",
        }
        fields = dataclasses.fields(command_types()[type_id].params)
        return {field.name: chosen.get(field.name, _default(field)) for field in fields}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.metadata.get("choices"):  # the last: the first is often how it already is
        return field.metadata["choices"][-1]
    if field.default is not dataclasses.MISSING:
        return field.default
    low, high = field.metadata.get("min", 0), field.metadata.get("max", 0)
    return type(low)((low + high) / 2)
