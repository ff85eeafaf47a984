"""Whether a scene fits its city: things, datastreams, arguments, acts. Nothing is started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from twin.commanding import command_types
from twin.commands.params import params_from_args
from twin.errors import CommandRejected
from twin.generate.city import generate_city
from twin.hub.desks.base import desk_registry
from twin.hub.hall import Hall
from twin.hub.options import HubTimes
from twin.link.control import HubAddresses, HubInfo
from twin.playback.act_bodies import is_filled
from twin.playback.script import Script, ScriptError, Step
from twin.playback.script_reader import suggestion
from twin.security.policy import Policy
from twin.sense.model import Thing, Unit
from twin.sim.world import World, WorldOptions


def check_scene(script: Script) -> None:
    """Compare a scene with the city that it is played in.

    Raises
    ------
    ScriptError
        With file and line, and what was probably meant.
    """
    checker = _Checker(script)
    for step in script.all_steps():
        checker.check(step)


class _Checker:
    def __init__(self, script: Script) -> None:
        self._script = script
        city = script.city
        options = WorldOptions(
            seed=city.seed, n_datastreams=city.datastreams, n_units=city.units,
            fault_share=city.sensor_faults,
        )  # fmt: skip
        world = World(generate_city(city.buildings, seed=city.seed), options)
        own = script.things
        assets: tuple[Thing | Unit, ...] = (*world.things, *world.units)
        self._things = {one.id for one in assets}
        self._things |= {one.thing_id for one in own}
        self._streams = {one.id for one in world.datastreams} | {one.datastream for one in own}
        self._accepts = {one.id: one.accepts for one in assets if one.accepts}
        self._bodies = act_bodies()
        for thing in own:
            if thing.near:
                self._known(thing.line, thing.near, self._things, "thing")

    def check(self, step: Step) -> None:
        """Check one step."""
        if step.when.datastream:
            self._known(step.line, step.when.datastream, self._streams, "datastream")
        for thing in _things_of(step):
            self._known(step.line, thing, self._things, "thing")
        match step.verb:
            case "submit" | "compose":
                self._check_command(step)
            case "act":
                self._check_act(step)
            case "inject":
                self._known(step.line, step.fields["datastream"], self._streams, "datastream")
            case "fault" if step.fields.get("target"):
                known = self._things | self._streams
                self._known(step.line, step.fields["target"], known, "thing or datastream")

    def _wrong(self, line: int, what: str) -> ScriptError:
        return ScriptError(f"{self._script.path.name}, line {line}: {what}")

    def _known(self, line: int, name: str, names: Iterable[str], what: str) -> None:
        if name not in names:
            near = suggestion(name, names)
            raise self._wrong(line, f"the city has no {what} “{name}”{near}")

    def _check_command(self, step: Step) -> None:
        type_id, target = step.fields["command"], step.fields["target"]
        command = command_types().get(type_id)
        if command is None:
            near = suggestion(type_id, command_types().ids())
            raise self._wrong(step.line, f"there is no command “{type_id}”{near}")
        self._known(step.line, target, self._things, "thing")
        if type_id not in self._accepts.get(target, ()):
            raise self._wrong(step.line, f"{target} does not take “{type_id}”")
        given = step.fields.get("args") or {}
        args = {name: "later" if is_filled(one) else one for name, one in given.items()}
        try:
            params_from_args(command.params, args)
        except CommandRejected as error:
            raise self._wrong(step.line, str(error)) from error

    def _check_act(self, step: Step) -> None:
        kind, body = step.fields["kind"], step.fields["body"]
        body_type = self._bodies.get(kind)
        if body_type is None:
            near = suggestion(kind, self._bodies)
            raise self._wrong(step.line, f"the hub takes no act “{kind}”{near}")
        known = {one.encode_name: one for one in msgspec.structs.fields(body_type)}
        for name in body:
            if name not in known:
                near = suggestion(name, known)
                raise self._wrong(step.line, f"“{kind}” has no “{name}”{near}")
        for name, one in known.items():
            if one.required and name not in body:
                raise self._wrong(step.line, f"“{kind}” needs “{name}”")


def act_bodies() -> dict[str, type[Any]]:
    """Kind of act -> the struct of its body."""
    nowhere = HubAddresses(control="", events="", samples_in="", samples_out="")
    hall = Hall(
        info=HubInfo(epoch="", scene="", version="", seq=0, addresses=nowhere),
        types=command_types(), times=HubTimes(), policy=Policy.open(),
    )  # fmt: skip
    desks = [desk_type.make(hall) for desk_type in desk_registry()]
    return {kind: taken.body_type for desk in desks for kind, taken in desk.acts().items()}


def _things_of(step: Step) -> Iterator[str]:
    """Things that a step names."""
    fields = step.fields
    if step.verb in ("look_at", "select", "mark"):
        yield fields["thing"]
    elif step.verb == "highlight":
        yield from fields["things"]
    elif step.verb == "camera":
        for stop in fields.get("tour") or [fields]:
            if isinstance(stop["to"], str):
                yield stop["to"]
    elif step.verb == "act":
        yield from _places(fields["body"])


def _places(value: Any) -> Iterator[str]:
    """Things whose places a body asks for."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "place_of" and isinstance(inner, str):
                yield inner
            else:
                yield from _places(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _places(one)
