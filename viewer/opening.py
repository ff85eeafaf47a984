"""What a console shows first: camera, layers, tools, style, bookmark and panel, as text says."""

from __future__ import annotations

import argparse
import dataclasses
from dataclasses import dataclass
from typing import Any, get_type_hints

from twin.errors import TwinError

CAMERA_HELP = "AZIMUTH,ELEVATION,DISTANCE in degrees and metres, or X,Y,Z,FX,FY,FZ in local metres"
#: No further back than earlier moments are kept.
MOST_COMPARED_S = 600.0
_SWITCHES = {"on": True, "off": False}
_TRUTHS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


class OpeningError(TwinError):
    """What is to be shown first cannot be: the text says what there is."""


@dataclass(frozen=True, slots=True)
class ToolAsked:
    """A tool to switch on.

    Attributes
    ----------
    places : clicked one after the other, metres east and north of the city's origin
    settings : name -> text of the value
    """

    id: str
    places: tuple[tuple[float, float], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LayerAsked:
    """A layer to switch; settings as of `ToolAsked`."""

    id: str
    shown: bool = True
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Everything that is asked for; empty = the city as it is, seen from home.

    Attributes
    ----------
    camera : as `camera_from_text` gives it
    compare_s : seconds between before and after; 0 = nothing is compared
    """

    camera: tuple[float, ...] = ()
    tools: tuple[ToolAsked, ...] = ()
    layers: tuple[LayerAsked, ...] = ()
    style: str = ""
    bookmark: str = ""
    panels: tuple[str, ...] = ()
    compare_s: float = 0.0


def add_opening_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``civitwin open`` and ``civitwin demo`` show first."""
    group = parser.add_argument_group("what is shown first")
    group.add_argument("--camera", default="", metavar="NUMBERS", help=CAMERA_HELP)
    group.add_argument(
        "--tool",
        action="append",
        default=[],
        metavar="ID[@X,Y…][:NAME=VALUE,…]",
        help="switch a tool on, click it at places (metres east and north of the origin), set it;"
        " may be repeated",
    )
    group.add_argument(
        "--layer",
        action="append",
        default=[],
        metavar="ID=on|off[:NAME=VALUE,…]",
        help="show or hide a layer, set it; may be repeated",
    )
    group.add_argument("--style", default="", metavar="NAME", help="a style that the scene keeps")
    group.add_argument("--bookmark", default="", metavar="NAME", help="a view that the scene keeps")
    group.add_argument(
        "--panel",
        action="append",
        default=[],
        metavar="ID",
        help="bring a panel to the front; may be repeated",
    )
    group.add_argument(
        "--compare",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="show before and after in one picture: the left half is so many seconds behind live",
    )


def opening_of(arguments: argparse.Namespace) -> Opening:
    """What the arguments ask for.

    Raises
    ------
    OpeningError
        One is not written as it should be.
    """
    return Opening(
        camera=camera_from_text(arguments.camera),
        tools=tuple(tool_from_text(text) for text in arguments.tool),
        layers=tuple(layer_from_text(text) for text in arguments.layer),
        style=arguments.style,
        bookmark=arguments.bookmark,
        panels=tuple(arguments.panel),
        compare_s=_seconds(arguments.compare),
    )


def _seconds(seconds: float) -> float:
    if not 0.0 <= seconds <= MOST_COMPARED_S:
        raise OpeningError(f"--compare takes 0 to {MOST_COMPARED_S:g} seconds, not {seconds:g}")
    return seconds


def camera_from_text(text: str) -> tuple[float, ...]:
    """Parse three or six numbers; () for the home view.

    Raises
    ------
    OpeningError
        It is something else.
    """
    if not text:
        return ()
    numbers = _numbers(text)
    if len(numbers) not in (3, 6):
        raise OpeningError(f"The camera {text!r} is not {CAMERA_HELP}")
    if len(numbers) == 3 and numbers[2] <= 0:
        raise OpeningError(f"The camera's distance must be above 0 m, not {numbers[2]:g}")
    if len(numbers) == 6 and numbers[:3] == numbers[3:]:
        raise OpeningError("The camera stands at the very point it looks at")
    return numbers


def tool_from_text(text: str) -> ToolAsked:
    """Parse ``ID[@X,Y…][:NAME=VALUE,…]``.

    Raises
    ------
    OpeningError
        It is something else.
    """
    head, _, settings = text.partition(":")
    tool_id, *places = head.split("@")
    points = [_numbers(place) for place in places]
    if not tool_id or any(len(point) != 2 for point in points):
        raise OpeningError(f"The tool {text!r} is not ID[@X,Y…][:NAME=VALUE,…]")
    return ToolAsked(tool_id, tuple((x, y) for x, y in points), _settings(settings, text))


def layer_from_text(text: str) -> LayerAsked:
    """Parse ``ID=on|off[:NAME=VALUE,…]``.

    Raises
    ------
    OpeningError
        It is something else.
    """
    head, _, settings = text.partition(":")
    layer_id, _, switch = head.partition("=")
    if not layer_id or switch not in _SWITCHES:
        raise OpeningError(f"The layer {text!r} is not ID=on or ID=off, with :NAME=VALUE,… or not")
    return LayerAsked(layer_id, _SWITCHES[switch], _settings(settings, text))


def settings_put(state: Any, settings: tuple[tuple[str, str], ...], owner: str) -> Any:
    """A frozen dataclass of settings with some of them replaced.

    Raises
    ------
    OpeningError
        There is no such setting, or it does not take such a value.
    """
    hints = get_type_hints(type(state))
    known = {one.name: one for one in dataclasses.fields(state)}
    values: dict[str, Any] = {}
    for name, text in settings:
        if name not in known:
            there = ", ".join(known) or "none"
            raise OpeningError(f"{owner} has no setting {name!r}; there are: {there}")
        values[name] = _value(text, hints[name], known[name].metadata, f"{owner}: {name}")
    return dataclasses.replace(state, **values)


def _value(text: str, kind: object, limits: Any, what: str) -> object:
    if kind is bool:
        if text.lower() not in _TRUTHS:
            raise OpeningError(f"{what} is yes or no, not {text!r}")
        return _TRUTHS[text.lower()]
    if kind not in (int, float):
        return _choice(text, kind, limits, what)
    numbers = _numbers(text)
    if len(numbers) != 1:
        raise OpeningError(f"{what} is a number, not {text!r}")
    low, high = limits.get("min", numbers[0]), limits.get("max", numbers[0])
    if not low <= numbers[0] <= high:
        raise OpeningError(f"{what} lies from {low:g} to {high:g}, not at {numbers[0]:g}")
    return int(numbers[0]) if kind is int else numbers[0]


def _choice(text: str, kind: object, limits: Any, what: str) -> str:
    choices = limits.get("choices", getattr(kind, "__args__", ()))
    if choices and text not in choices:
        raise OpeningError(f"{what} is one of {', '.join(map(str, choices))}; not {text!r}")
    return text


def _settings(text: str, whole: str) -> tuple[tuple[str, str], ...]:
    pairs = [piece.partition("=") for piece in text.split(",") if piece]
    if any(not (name and equals) for name, equals, _value in pairs):
        raise OpeningError(f"The settings in {whole!r} are not NAME=VALUE,…")
    return tuple((name, value) for name, _equals, value in pairs)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(piece) for piece in text.split(","))
    except ValueError:
        return ()
