"""One moment of the scene as a file, so that another process can draw the same picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from scenes.scene_input import NothingSelected, SceneInput
from twin.city.areas import Area
from twin.city.style import style_from_table, table_from_style
from twin.errors import TwinError
from twin.operations.alarm_places import AlarmSpot
from twin.room.parts.incidents import Incident
from twin.room.parts.marks import Mark
from twin.sense.model import Datastream, Thing, Unit
from twin.sense.snapshot import DeclaredLimits, ObservationSnapshot
from twin.sense.units import UnitsNow

VERSION = 3


class MomentError(TwinError):
    """A file is not a moment of a scene."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was shown and how.

    Attributes
    ----------
    given : everything the layers may look at
    camera : eye and focal point in local metres, six numbers; () = the home view
    theme : "light" or "dark"
    layers : by id: whether it is shown, and its settings
    tools : by id of those that are on: their settings
    selected_ids : ids of the selected features; of a streamed city, whose rows are not the same
        in another process
    is_plan : drawn as a plan, north up
    flight : camera of each frame of a film: focal point (metres), distance (metres), azimuth and
        elevation (radians); () = none was chosen
    """

    given: SceneInput
    camera: tuple[float, ...] = ()
    theme: str = "light"
    layers: Mapping[str, tuple[bool, Mapping[str, Any]]] = field(default_factory=dict)
    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    selected_ids: tuple[str, ...] = ()
    is_plan: bool = False
    flight: tuple[tuple[float, ...], ...] = ()


def save_moment(path: Path, moment: Moment) -> None:
    """Write it. OSError when the file cannot be written."""
    given = moment.given
    content = {
        "civitwin_moment": VERSION,
        "camera": moment.camera,
        "theme": moment.theme,
        "layers": {key: [on, dict(state)] for key, (on, state) in moment.layers.items()},
        "now_ns": given.now_ns,
        "things": list(given.things.values()),
        "datastreams": list(given.datastreams),
        "xyz": _packed(given.xyz_local_m),
        "observations": None if given.observations is None else _columns(given.observations),
        "health": _packed(given.health),
        "units": list(given.units),
        "units_now": None if given.units_now is None else _columns(given.units_now),
        "paths": {key: _packed(path) for key, path in given.paths_local_m.items()},
        "selection": {
            one.name: getattr(given.selection, one.name) for one in fields(NothingSelected)
        },
        "colour_by": given.colour_by,
        "alarms": dict(given.alarms),
        "alarm_spots": list(given.alarm_spots),
        "targets": sorted(given.targets),
        "style": table_from_style(given.style),
        "areas": list(given.areas),
        "marks": list(given.marks),
        "incidents": list(given.incidents),
        "tools": dict(moment.tools),
        "selected_ids": list(moment.selected_ids),
        "is_plan": moment.is_plan,
        "flight": [list(pose) for pose in moment.flight],
    }
    path.write_bytes(msgspec.msgpack.encode(content))


def load_moment(path: Path) -> Moment:
    """Read it back.

    Raises
    ------
    MomentError
        The file is absent, or no moment that this version knows.
    """
    try:
        content = msgspec.msgpack.decode(path.read_bytes())
        if content.get("civitwin_moment") != VERSION:
            raise MomentError(f"{path} is no moment of a scene that this version can draw")
        return _moment(content)
    except OSError as error:
        raise MomentError(f"{path} cannot be read ({error.strerror})") from error
    except (msgspec.MsgspecError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise MomentError(f"{path} is not a moment of a scene") from error


def _moment(content: dict[str, Any]) -> Moment:
    things = msgspec.convert(content["things"], list[Thing])
    selected: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content["selection"].items()
    }
    seen = content["observations"]
    moved = content["units_now"]
    given = SceneInput(
        now_ns=content["now_ns"],
        things={thing.id: thing for thing in things},
        datastreams=tuple(msgspec.convert(content["datastreams"], list[Datastream])),
        catalogue_version=1,
        xyz_local_m=_unpacked(content["xyz"]),
        observations=None if seen is None else _snapshot(seen),
        health=_unpacked(content["health"]),
        units=tuple(msgspec.convert(content["units"], list[Unit])),
        units_now=None if moved is None else UnitsNow(**_unpacked_all(moved)),
        paths_local_m={key: _unpacked(path) for key, path in content["paths"].items()},
        selection=NothingSelected(**selected),
        colour_by=content["colour_by"],
        alarms=content["alarms"],
        alarm_spots=tuple(msgspec.convert(content.get("alarm_spots", []), list[AlarmSpot])),
        targets=frozenset(content["targets"]),
        style=style_from_table(content["style"]),
        areas=tuple(msgspec.convert(content["areas"], list[Area])),
        marks=tuple(msgspec.convert(content.get("marks", []), list[Mark])),
        incidents=tuple(msgspec.convert(content.get("incidents", []), list[Incident])),
    )
    return Moment(
        given=given,
        camera=tuple(float(number) for number in content["camera"]),
        theme=content["theme"],
        layers={key: (bool(on), state) for key, (on, state) in content["layers"].items()},
        tools=content["tools"],
        selected_ids=tuple(content["selected_ids"]),
        is_plan=bool(content["is_plan"]),
        flight=tuple(tuple(float(number) for number in pose) for pose in content["flight"]),
    )


def _snapshot(content: dict[str, Any]) -> ObservationSnapshot:
    declared = DeclaredLimits(**_unpacked_all(content.pop("declared")))
    return ObservationSnapshot(declared=declared, **_unpacked_all(content))


def _columns(record: Any) -> dict[str, Any]:
    """Fields of a dataclass of arrays, nested ones too."""
    out: dict[str, Any] = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if isinstance(value, np.ndarray):
            out[one.name] = _packed(value)
        else:
            out[one.name] = value if isinstance(value, int) else _columns(value)
    return out


def _unpacked_all(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _unpacked(value) if isinstance(value, list) else value
        for name, value in content.items()
    }


def _packed(array: np.ndarray) -> list[Any]:
    return [array.dtype.str, list(array.shape), np.ascontiguousarray(array).tobytes()]


def _unpacked(packed: list[Any]) -> Any:
    kind, shape, content = packed
    dtype = np.dtype(kind)
    if dtype.hasobject:
        raise ValueError("no objects in a moment")
    return np.frombuffer(content, dtype).reshape(shape).copy()
