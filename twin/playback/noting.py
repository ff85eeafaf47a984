"""Turns what an operator does at a console into steps of a script, while it happens.

A step of the console's own seat for everything that is asked of the hub, a cue of the stage for
where the camera came to rest, an expectation for every command that came true. The result is text
in the format of docs/scripts.md: it is read, changed and played like one written by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import yaml

from twin.clock import NS_PER_S, Clock
from twin.link.control import Act, Cancel, Note
from twin.link.hub_link import Given
from twin.link.presence import Look, PresenceState
from twin.playback.scene_clock import time_text
from twin.room.fold import Room
from twin.room.model import CommandRequest, CommandState, Operator

_Fields: TypeAlias = dict[str, Any]

#: A camera that has not moved for so long has come to rest.
REST_NS = 1_200_000_000
#: A camera's way is at most so long in a script, however long the operator turned it.
_LONGEST_WAY_S = 6.0
#: How much longer than here a command may take before the script has failed.
_PATIENCE, _LEAST_S = 3.0, 30.0
_ENDS_WELL = CommandState.VERIFIED
#: Fields of acts that mean nothing in another run.
_OF_THIS_RUN = frozenset({"digest", "expected_rev", "signature"})


class _OneLine(yaml.SafeDumper):
    """Texts of several lines are quoted, so that a step stays one line."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None if value.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_OneLine.add_representer(str, _text)


def step_line(fields: Mapping[str, Any]) -> str:
    """One step as one line of a list."""
    text = yaml.dump(
        dict(fields), Dumper=_OneLine, default_flow_style=True, sort_keys=False,
        allow_unicode=True, width=math.inf,
    )  # fmt: skip
    return f"  - {text.strip()}"


def head_of(title: str, seat: str, operator: Operator) -> str:
    """The beginning of a script with one seat."""
    who = {"operator": operator.name, "department": operator.department}
    if operator.person:
        who["person"] = operator.person
    top = {"title": title, "version": 1, "seats": {seat: who}}
    return yaml.safe_dump(top, sort_keys=False, allow_unicode=True) + "steps:\n"


class Noter:
    """Notes what one operator does from its making on. One thread.

    Parameters
    ----------
    seat : name of the seat that the steps are of
    write : called with each new step, a line without its line end
    """

    def __init__(self, *, seat: str, clock: Clock, write: Callable[[str], None]) -> None:
        self.seat = seat
        self._clock = clock
        self._write = write
        self._begun_ns = clock.monotonic_ns()
        self._labels: dict[str, str] = {}
        self._given_s: dict[str, float] = {}
        self._shown = PresenceState()
        self._look: Look | None = None
        self._moved_ns: int | None = None
        self._left_ns = 0

    @property
    def elapsed_s(self) -> float:
        """Time of the scene now."""
        return (self._clock.monotonic_ns() - self._begun_ns) / NS_PER_S

    def take(self, given: Given) -> None:
        """Note what was asked of the hub, or what is shown to the others."""
        step: _Fields | None
        match given:
            case PresenceState():
                self._show(given)
                return
            case CommandRequest():
                step = self._submit(given)
            case Cancel(command_id=key):
                label = self._labels.get(key)
                step = {"do": "cancel", "label": label} if label else None
            case Note(text=text):
                step = {"do": "note", "text": text}
            case Act(kind=kind, body=body):
                step = self._act(kind, body)
        if step is not None:
            self._end_way()
            self._add({"seat": self.seat, **step})

    def look(self, room: Room) -> None:
        """Note what came true, and a camera that came to rest; call it some times a second."""
        for key in list(self._given_s):
            command = room.commands.get(key)
            if command is None or not command.is_terminal:
                continue
            given_s = self._given_s.pop(key)
            if command.state is _ENDS_WELL:
                took_s = max(_LEAST_S, _PATIENCE * (self.elapsed_s - given_s))
                expected = {"label": self._labels[key], "state": str(_ENDS_WELL)}
                self._write(
                    step_line({"expect": expected, "by": time_text(math.ceil(given_s + took_s))})
                )
        if self._moved_ns is not None and self._clock.monotonic_ns() - self._moved_ns >= REST_NS:
            self._end_way()

    def caption(self, text: str) -> None:
        """A line to be shown at this moment."""
        self._add({"caption": text})

    # --- steps ------------------------------------------------------------------------------------

    def _add(self, step: _Fields) -> None:
        self._write(step_line({"at": time_text(self.elapsed_s), **step}))

    def _submit(self, request: CommandRequest) -> _Fields:
        label = self._labels.setdefault(request.id, f"c{len(self._labels) + 1}")
        self._given_s[request.id] = self.elapsed_s
        step: _Fields = {
            "do": "submit", "label": label, "command": request.type_id,
            "target": request.target_id, "args": dict(request.args),
        }  # fmt: skip
        return step | ({"reason": request.reason} if request.reason else {})

    def _act(self, kind: str, body: dict[str, Any]) -> _Fields | None:
        label = self._labels.get(str(body.get("command_id", "")))
        match kind:
            case "approval.give" | "approval.deny":
                if label is None:  # of somebody who is not in this script
                    return None
                verb = "approve" if kind == "approval.give" else "deny"
                return {"do": verb, "label": label} | _texts(body, "text")
            case "lease.take":
                return {"do": "take", "asset": body["asset_id"]}
            case "lease.release":
                return {"do": "release", "asset": body["asset_id"]}
            case "queue.hold":
                return {"do": "hold", "queue": body["queue"]} | _texts(body, "reason")
            case "queue.release":
                return {"do": "let_go", "queue": body["queue"]}
            case "message.post":
                return {"do": "message", "text": body["text"], "channel": body["channel"]}
        kept = {
            key: self._later(key, value) for key, value in body.items() if key not in _OF_THIS_RUN
        }
        if label is not None:
            kept["command_id"] = {"command": label}
        return {"do": "act", "kind": kind, "body": kept}

    def _later(self, key: str, value: Any) -> Any:
        """A moment as seconds from then; all else as it is."""
        if key.endswith("_ns") and isinstance(value, int) and value:
            return {"in_s": max(0, round((value - self._clock.now_ns()) / NS_PER_S))}
        return value

    # --- what is shown ----------------------------------------------------------------------------

    def _show(self, state: PresenceState) -> None:
        before, self._shown = self._shown, state
        if state.look != self._look and state.look is not None and not state.following:
            now_ns = self._clock.monotonic_ns()
            if self._moved_ns is None:
                self._left_ns = now_ns
            self._look, self._moved_ns = state.look, now_ns
        if state.selected_id and state.selected_id != before.selected_id:
            self._end_way()
            self._add({"seat": self.seat, "do": "select", "thing": state.selected_id})

    def _end_way(self) -> None:
        """A cue for the way that the camera has come."""
        if self._moved_ns is None or self._look is None:
            return
        pose = self._look.pose()
        took_s = (self._moved_ns - self._left_ns) / NS_PER_S
        self._moved_ns = None
        self._add(
            {
                "camera": {
                    "to": [round(v, 1) for v in pose.focal_m],
                    "distance_m": round(pose.distance_m, 1),
                    "azimuth_deg": round(math.degrees(pose.azimuth_rad), 1),
                    "elevation_deg": round(math.degrees(pose.elevation_rad), 1),
                    "seconds": round(min(max(took_s, 1.0), _LONGEST_WAY_S), 1),
                }
            }
        )


def _texts(body: Mapping[str, Any], *names: str) -> _Fields:
    return {name: body[name] for name in names if body.get(name)}
