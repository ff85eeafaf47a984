"""Posting messages."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Mapping

import msgspec

from twin.clock import NS_PER_S
from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import Hall, person
from twin.hub.who import Who
from twin.room.parts.messages import Link

MAX_TEXT = 2_000
MAX_LINKS = 20
MAX_LINK_NAME = 200
MAX_REACH_M = 200_000.0
#: One console posts at most so many messages in so long.
MOST, IN_S = 20, 10.0
_CHANNEL = re.compile(r"room|department:[^\s:]{1,60}|incident:[^\s]{1,64}")


class PostMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "message.post"."""

    channel: str
    text: str
    links: tuple[Link, ...] = ()


class MessageDesk(Desk):
    """Takes messages of everybody to everybody; who reads a channel is up to the consoles."""

    def __init__(self, hall: Hall) -> None:
        super().__init__(hall)
        self._lately_ns: dict[str, deque[int]] = {}

    def acts(self) -> Mapping[str, Taken]:
        """Message acts."""
        return {"message.post": Taken(PostMessage, self._post)}

    def tick(self) -> None:
        """Forget who has gone."""
        if len(self._lately_ns) > len(self.hall.sessions.operators()):
            present = self.hall.sessions.operators()
            for console_id in [key for key in self._lately_ns if key not in present]:
                del self._lately_ns[console_id]

    def _post(self, who: Who, body: PostMessage) -> str:
        sentence = unfit_message(body) or self._too_fast(who)
        act = self.hall.act
        if sentence or act is None:
            return sentence
        self.hall.emit(
            "message.posted", person(who.operator), id=act.id, channel=body.channel,
            by=msgspec.to_builtins(who.operator), text=body.text.strip(),
            links=msgspec.to_builtins(body.links),
        )  # fmt: skip
        return ""

    def _too_fast(self, who: Who) -> str:
        lately = self._lately_ns.setdefault(who.operator.console_id, deque())
        while lately and self.hall.now_ns - lately[0] > IN_S * NS_PER_S:
            lately.popleft()
        if len(lately) >= MOST:
            return f"You posted {MOST} messages within {IN_S:.0f} s; wait a moment"
        lately.append(self.hall.now_ns)
        return ""


def unfit_message(body: PostMessage) -> str:
    """Why a message cannot be kept, "" if it can."""
    if not _CHANNEL.fullmatch(body.channel):
        return "A message goes to “room”, “department:NAME” or “incident:ID”"
    if not 0 < len(body.text.strip()) <= MAX_TEXT:
        return f"A message has a text of 1 to {MAX_TEXT:,} letters"
    if len(body.links) > MAX_LINKS:
        return f"A message speaks of at most {MAX_LINKS} things"
    for link in body.links:
        if not 0 < len(link.name) <= MAX_LINK_NAME or len(link.target_id) > MAX_LINK_NAME:
            return f"What a message speaks of has a name of 1 to {MAX_LINK_NAME} letters"
        at = link.xyz_local_m or (0.0, 0.0, 0.0)
        if not all(math.isfinite(c) and abs(c) <= MAX_REACH_M for c in at):
            return f"Places are metres, at most {MAX_REACH_M:,.0f} from the origin"
    return ""


DESK = DeskType(id="messages", make=MessageDesk)
