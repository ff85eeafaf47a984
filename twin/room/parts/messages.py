"""Messages between operators: to the whole room, to a department, about an incident."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

ROOM = "room"
#: The room keeps so many messages a channel, of so many channels; the rest is in the journal.
KEPT_A_CHANNEL = 100
KEPT_CHANNELS = 100
LinkKind = Literal["place", "thing", "unit", "feature", "mark"]


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a message speaks of; its text has ``@name`` where the link belongs.

    Attributes
    ----------
    target_id : id of the thing, unit, feature or mark; "" for a place
    xyz_local_m : where to look, metres; None for what moves
    """

    kind: LinkKind
    name: str
    target_id: str = ""
    xyz_local_m: tuple[float, float, float] | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message.

    Attributes
    ----------
    id : of the request that posted it
    seq : its event
    channel : "room", "department:NAME" or "incident:ID"
    """

    id: str
    seq: int
    channel: str
    by: Operator
    t_ns: int
    text: str
    links: tuple[Link, ...] = ()


class _Posted(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "message.posted"."""

    id: str
    channel: str
    by: Operator
    text: str
    links: tuple[Link, ...] = ()


class Messages(Part):
    """The last messages of the last channels, oldest first."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("message", Message, lambda entry: entry.id)
        self._channels: OrderedDict[str, list[str]] = OrderedDict()

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that hold a message, the one that spoke last at the end."""
        return tuple(self._channels)

    def in_channel(self, channel: str) -> tuple[Message, ...]:
        """Messages of a channel, oldest first."""
        entries = self.by_id.entries
        return tuple(entries[key] for key in self._channels.get(channel, ()))

    def handlers(self) -> Mapping[str, Handler]:
        """Posting."""
        return {"message.posted": self._posted}

    def loaded(self) -> None:
        """Sort the messages of a picture into channels."""
        self._channels.clear()
        for message in self.by_id.values():
            self._note(message)

    def _posted(self, event: Event) -> None:
        body = read_body(event, _Posted)
        message = Message(
            id=body.id,
            seq=event.seq,
            channel=body.channel,
            by=body.by,
            t_ns=event.t_ns,
            text=body.text,
            links=body.links,
        )
        if message.id in self.by_id:
            return
        self.by_id.put(message)
        self._note(message)
        kept = self._channels[message.channel]
        if len(kept) > KEPT_A_CHANNEL:
            self.by_id.drop(kept.pop(0))
        if len(self._channels) > KEPT_CHANNELS:
            _, oldest = self._channels.popitem(last=False)
            for key in oldest:
                self.by_id.drop(key)

    def _note(self, message: Message) -> None:
        self._channels.setdefault(message.channel, []).append(message.id)
        self._channels.move_to_end(message.channel)


PART = PartType(id="messages", make=Messages)
