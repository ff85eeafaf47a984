"""What each verb of a script does, through the same calls as the buttons of a console."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from twin.commanding import Draft, request_of
from twin.errors import CommandRejected
from twin.ids import uuid7
from twin.mentions import MentionIndex, link_body
from twin.playback.act_bodies import BodyFiller, NotYetError
from twin.playback.hands import Hands
from twin.playback.script import Script, Step
from twin.session import ComposeRequest, Selection, TwinSession

MAX_ID = 64


class Doer:
    """Does the steps of one seat. Console's thread.

    A verb that asks the hub for something gives the id of its request, so that the step is over
    only when the hub has answered; others give "".
    """

    def __init__(self, session: TwinSession, script: Script, run: str, hands: Hands) -> None:
        self._session, self._run, self._hands = session, run, hands
        self._filler = BodyFiller(
            session, script.seats, command_id=self.command_id, place_of=self._place_of
        )
        self._verbs = self._by_verb()

    def command_id(self, label: str) -> str:
        """Id of the command of a label in this run."""
        return f"{self._run}-{label}"[:MAX_ID]

    def do(self, step: Step) -> str:
        """Do a step now; id of the request, "" for none.

        Raises
        ------
        NotYetError
            It cannot be done yet.
        TwinError
            It cannot be done.
        """
        return self._verbs[step.verb](**step.fields)

    def answer(self, request_id: str) -> str | None:
        """What the hub said to a request: "" = yes, a sentence = no, None = nothing yet."""
        hub = self._session.hub
        refused = next((one for one in hub.refusals if one.id == request_id), None)
        if refused is not None and refused.is_final:
            return refused.text
        waiting = {act.id for act in hub.pending_acts} | {one.id for one in hub.pending}
        return None if request_id in waiting else ""

    def _by_verb(self) -> dict[str, Callable[..., str]]:
        """What each verb of `twin.playback.verbs` does."""
        hands = self._hands
        return {
            "act": self._act, "approve": self._approve, "cancel": self._cancel,
            "compose": self._compose, "deny": self._deny, "expect": self._wait,
            "follow": self._follow, "hold": self._hold, "let_go": self._let_go,
            "look_at": self._look_at, "mark": self._mark, "message": self._message,
            "note": self._note, "panel": self._panel, "picture": self._picture,
            "release": self._release, "select": self._select, "submit": self._submit,
            "take": self._take, "wait": self._wait,
            "camera": hands.camera, "caption": hands.caption, "fault": hands.fault,
            "highlight": hands.highlight, "inject": hands.inject, "look": hands.look,
            "weather": hands.weather, "wait_for_audience": self._audience,
        }  # fmt: skip

    def _wait(self) -> str:
        """Nothing: the condition was the step."""
        return ""

    def _audience(self, text: str = "") -> str:
        if not self._hands.is_audience_ready(text):
            raise NotYetError("the audience is waited for")
        return ""

    # --- commands -------------------------------------------------------------------------------

    def _request(self, label: str, command: str, target: str, args: Any, reason: str) -> Any:
        draft = Draft(type_id=command, target_id=target, args=self._filler.filled(args or {}))
        try:
            request = request_of(self._session, draft, reason=reason)
        except CommandRejected as error:
            if "is known" in str(error):
                raise NotYetError(str(error)) from error
            raise
        return msgspec.structs.replace(request, id=self.command_id(label))

    def _submit(
        self, label: str, command: str, target: str, args: Any = None, reason: str = "",
        incident: str = "",
    ) -> str:  # fmt: skip
        request = self._request(label, command, target, args, reason)
        if incident:
            found = self._filler.filled({"incident": incident})
            request = msgspec.structs.replace(request, incident=found)
        self._session.hub.submit(request)
        return self.command_id(label)

    def _compose(self, command: str, target: str, args: Any = None, reason: str = "") -> str:
        self._request("draft", command, target, args, reason)
        self._session.compose(
            ComposeRequest(target_id=target, type_id=command, args=args or {}, reason=reason)
        )
        return ""

    def _decide(self, kind: str, label: str, text: str) -> str:
        command = self._session.hub.room.commands.get(self.command_id(label))
        if command is None or command.approval is None:
            raise NotYetError("it asks for no approval")
        body = {"command_id": command.request.id, "digest": command.approval.digest, "text": text}
        return self._session.hub.act(kind, body)

    def _approve(self, label: str, text: str = "") -> str:
        return self._decide("approval.give", label, text)

    def _deny(self, label: str, text: str) -> str:
        return self._decide("approval.deny", label, text)

    def _cancel(self, label: str) -> str:
        self._session.hub.cancel(self.command_id(label))
        return ""

    # --- acts -----------------------------------------------------------------------------------

    def _act(self, kind: str, body: dict[str, Any]) -> str:
        return self._session.hub.act(kind, self._filler.filled(body))

    def _take(self, asset: str) -> str:
        thing = self._session.observations.things.get(asset)
        body = {"asset_id": asset, "asset_name": thing.name if thing else asset}
        return self._session.hub.act("lease.take", body)

    def _release(self, asset: str) -> str:
        return self._session.hub.act("lease.release", {"asset_id": asset})

    def _hold(self, queue: str, reason: str = "") -> str:
        return self._session.hub.act("queue.hold", {"queue": queue, "reason": reason})

    def _let_go(self, queue: str) -> str:
        return self._session.hub.act("queue.release", {"queue": queue})

    def _message(self, text: str, channel: str = "room") -> str:
        links = [link_body(link) for link in MentionIndex(self._session).found_in(text)]
        body = {"channel": channel, "text": text, "links": links}
        return self._session.hub.act("message.post", body)

    def _note(self, text: str) -> str:
        self._session.hub.add_note(text)
        return ""

    def _mark(
        self, kind: str, thing: str, title: str = "", text: str = "", purpose: str = "",
        radius_m: float = 0.0,
    ) -> str:  # fmt: skip
        """A note or a circle where a thing is; other kinds are drawn by hand."""
        point = self._place_of(thing)
        body = {"id": uuid7(self._session.clock), "kind": kind, "points": [list(point)]}
        words = {"title": title, "text": text, "purpose": purpose, "radius_m": float(radius_m)}
        return self._session.hub.act("mark.put", body | words)

    # --- the window -----------------------------------------------------------------------------

    def _follow(self, who: str) -> str:
        person = next((p for p in self._session.people() if p.operator.name == who), None)
        if person is None or person.look is None:
            raise NotYetError(f"{who} does not show where they look")
        self._hands.follow(person.console_id)
        return ""

    def _panel(self, id: str) -> str:  # noqa: A002 - the field's name in scripts
        self._hands.show_panel(id)
        return ""

    def _picture(self, name: str) -> str:
        self._hands.picture(name)
        return ""

    def _select(self, thing: str) -> str:
        if thing not in self._session.observations.things:
            raise NotYetError(f"nothing called {thing} is known")
        self._session.select(Selection(thing_id=thing))
        return ""

    def _place_of(self, thing: str) -> tuple[float, float, float]:
        x, y, z = (float(v) for v in self._session.observations.xyz_of_thing(thing))
        if not math.isfinite(x + y + z):
            raise NotYetError(f"nothing called {thing} has a place")
        return x, y, z

    def _look_at(self, thing: str, distance_m: float = 250.0) -> str:
        self._select(thing)
        x, y, z = self._place_of(thing)
        self._session.fly_to_requested.emit((x, y, z, float(distance_m)))
        return ""
