"""Plays one seat of a script on a console, through the same calls as its buttons.

Called a few times a second on the console's thread (with a window: the GUI thread).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from twin.clock import NS_PER_S
from twin.commanding import Draft, request_of
from twin.errors import CommandRejected, TwinError
from twin.ids import uuid7
from twin.link.status import LinkState
from twin.mentions import MentionIndex, link_body
from twin.playback.conditions import Scene, Waiting
from twin.playback.script import Condition, Script, Step
from twin.session import ComposeRequest, Selection, TwinSession

MAX_ID = 64


class Hands(Protocol):
    """What a seat does beyond the room: with a window it shows things, without one nothing."""

    def show_panel(self, panel_id: str) -> None:
        """Bring a panel to the front."""

    def picture(self, name: str) -> None:
        """Take a picture of the window."""

    def follow(self, console_id: str) -> None:
        """Let the view follow somebody's."""

    def fault(self, kind: str) -> None:
        """Break something, e.g. "hub_killed"."""


class NoHands:
    """A seat without a window."""

    def show_panel(self, panel_id: str) -> None:
        """Do nothing."""

    def picture(self, name: str) -> None:
        """Do nothing."""

    def follow(self, console_id: str) -> None:
        """Do nothing."""

    def fault(self, kind: str) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a step ended; ``text`` "" = as it should."""

    step: Step
    text: str = ""
    took_s: float = 0.0


class SeatPlayer:
    """Waits for each step's condition, does it, and says how it went.

    Parameters
    ----------
    run : names this run; with a label it makes a command's id, the same at every seat
    last_value : last good observation of a datastream
    tell : called with each step's outcome
    """

    def __init__(
        self,
        session: TwinSession,
        script: Script,
        *,
        seat: str,
        run: str,
        last_value: Callable[[str], float | None],
        tell: Callable[[Outcome], None],
        hands: Hands | None = None,
    ) -> None:
        self._session, self._script = session, script
        self._run, self._last_value, self._tell = run, last_value, tell
        self._hands = hands or NoHands()
        self._steps = list(script.of_seat(seat))
        self._since_ns = session.clock.monotonic_ns()
        self._waiting = self._next_waiting()
        self._verbs = self._by_verb()

    @property
    def is_over(self) -> bool:
        """Whether no step is left."""
        return not self._steps

    def command_id(self, label: str) -> str:
        """Id of the command of a label in this run."""
        return f"{self._run}-{label}"[:MAX_ID]

    def step(self) -> None:
        """Do the next step if what it waits for has come true."""
        if self._waiting is None or self._session.hub.status().state is not LinkState.LIVE:
            self._give_up_if_late()
            return
        now_ns = self._session.clock.monotonic_ns()
        scene = Scene(
            room=self._session.hub.room, last_value=self._last_value,
            command_id=self.command_id, seats=self._script.seats, now_ns=now_ns,
            since_ns=self._since_ns,
        )  # fmt: skip
        if not self._waiting.is_met(scene):
            self._give_up_if_late()
            return
        step = self._steps[0]
        try:
            self._do(step)
        except _NotYetError as error:
            self._give_up_if_late(str(error))
            return
        except TwinError as error:
            self._end_step(step, str(error))
            return
        self._end_step(step, "")

    def _end_step(self, step: Step, text: str) -> None:
        now_ns = self._session.clock.monotonic_ns()
        took_s = (now_ns - self._since_ns) / NS_PER_S
        self._steps.pop(0)
        self._since_ns = now_ns
        self._waiting = self._next_waiting()
        self._tell(Outcome(step=step, text=text, took_s=round(took_s, 2)))

    def _give_up_if_late(self, why: str = "") -> None:
        if not self._steps:
            return
        step = self._steps[0]
        waited_s = (self._session.clock.monotonic_ns() - self._since_ns) / NS_PER_S
        if waited_s > step.within_s:
            stands = self._how_it_stands(step.when)
            text = f"not within {step.within_s:g} s: {step.when.text()}{stands}"
            self._end_step(step, f"{text} ({why})" if why else text)

    def _how_it_stands(self, when: Condition) -> str:
        if when.label:
            command = self._session.hub.room.commands.get(self.command_id(when.label))
            return (
                f"; it is {command.state}: {command.state_text}" if command else "; it is unknown"
            )
        if when.datastream:
            return f"; it is {self._last_value(when.datastream)}"
        return ""

    def _next_waiting(self) -> Waiting | None:
        return Waiting(self._steps[0].when) if self._steps else None

    def _by_verb(self) -> dict[str, Callable[..., None]]:
        """What each verb of `twin.playback.verbs` does."""
        return {
            "approve": self._do_approve, "cancel": self._do_cancel, "compose": self._do_compose,
            "deny": self._do_deny, "expect": self._do_wait, "fault": self._do_fault,
            "follow": self._do_follow, "mark": self._do_mark,
            "hold": self._do_hold, "let_go": self._do_let_go, "look_at": self._do_look_at,
            "message": self._do_message, "note": self._do_note, "panel": self._do_panel,
            "picture": self._do_picture, "release": self._do_release, "select": self._do_select,
            "submit": self._do_submit, "take": self._do_take, "wait": self._do_wait,
        }  # fmt: skip

    # --- one function a verb ----------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        self._verbs[step.verb](**step.fields)

    def _do_wait(self) -> None:
        """Nothing: the condition was the step."""

    def _request(self, label: str, command: str, target: str, args: Any, reason: str) -> Any:
        draft = Draft(type_id=command, target_id=target, args=args or {})
        try:
            request = request_of(self._session, draft, reason=reason)
        except CommandRejected as error:
            if "is known" in str(error):
                raise _NotYetError(str(error)) from error
            raise
        return msgspec.structs.replace(request, id=self.command_id(label))

    def _do_submit(
        self, label: str, command: str, target: str, args: Any = None, reason: str = ""
    ) -> None:
        self._session.hub.submit(self._request(label, command, target, args, reason))

    def _do_compose(self, command: str, target: str, args: Any = None, reason: str = "") -> None:
        self._request("draft", command, target, args, reason)
        self._session.compose(
            ComposeRequest(target_id=target, type_id=command, args=args or {}, reason=reason)
        )

    def _answer(self, kind: str, label: str, text: str) -> None:
        command = self._session.hub.room.commands.get(self.command_id(label))
        if command is None or command.approval is None:
            raise _NotYetError("it asks for no approval")
        body = {"command_id": command.request.id, "digest": command.approval.digest, "text": text}
        self._session.hub.act(kind, body)

    def _do_approve(self, label: str, text: str = "") -> None:
        self._answer("approval.give", label, text)

    def _do_deny(self, label: str, text: str) -> None:
        self._answer("approval.deny", label, text)

    def _do_cancel(self, label: str) -> None:
        self._session.hub.cancel(self.command_id(label))

    def _do_take(self, asset: str) -> None:
        thing = self._session.observations.things.get(asset)
        body = {"asset_id": asset, "asset_name": thing.name if thing else asset}
        self._session.hub.act("lease.take", body)

    def _do_release(self, asset: str) -> None:
        self._session.hub.act("lease.release", {"asset_id": asset})

    def _do_hold(self, queue: str, reason: str = "") -> None:
        self._session.hub.act("queue.hold", {"queue": queue, "reason": reason})

    def _do_let_go(self, queue: str) -> None:
        self._session.hub.act("queue.release", {"queue": queue})

    def _do_message(self, text: str, channel: str = "room") -> None:
        links = [link_body(link) for link in MentionIndex(self._session).found_in(text)]
        body = {"channel": channel, "text": text, "links": links}
        self._session.hub.act("message.post", body)

    def _do_note(self, text: str) -> None:
        self._session.hub.add_note(text)

    def _do_mark(
        self,
        kind: str,
        thing: str,
        title: str = "",
        text: str = "",
        purpose: str = "",
        radius_m: float = 0.0,
    ) -> None:
        """A note or a circle where a thing is; other kinds are drawn by hand."""
        point = self._place_of(thing)
        body = {"id": uuid7(self._session.clock), "kind": kind, "points": [list(point)]}
        words = {"title": title, "text": text, "purpose": purpose, "radius_m": float(radius_m)}
        self._session.hub.act("mark.put", body | words)

    def _do_follow(self, who: str) -> None:
        person = next((p for p in self._session.people() if p.operator.name == who), None)
        if person is None or person.look is None:
            raise _NotYetError(f"{who} does not show where they look")
        self._hands.follow(person.console_id)

    def _do_panel(self, id: str) -> None:  # noqa: A002 - the field's name in scripts
        self._hands.show_panel(id)

    def _do_picture(self, name: str) -> None:
        self._hands.picture(name)

    def _do_fault(self, kind: str) -> None:
        self._hands.fault(kind)

    def _do_select(self, thing: str) -> None:
        if thing not in self._session.observations.things:
            raise _NotYetError(f"nothing called {thing} is known")
        self._session.select(Selection(thing_id=thing))

    def _place_of(self, thing: str) -> tuple[float, float, float]:
        x, y, z = (float(v) for v in self._session.observations.xyz_of_thing(thing))
        if not math.isfinite(x + y + z):
            raise _NotYetError(f"nothing called {thing} has a place")
        return x, y, z

    def _do_look_at(self, thing: str, distance_m: float = 250.0) -> None:
        self._do_select(thing)
        x, y, z = self._place_of(thing)
        self._session.fly_to_requested.emit((x, y, z, float(distance_m)))


class _NotYetError(TwinError):
    """A step cannot be done yet; it is tried again."""
