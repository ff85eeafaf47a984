"""Which messages the operator of this console has read. Known here only, and only while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twin.room.fold import Room
from twin.room.model import Operator
from twin.room.parts.messages import ROOM, Message, Messages


class MessageReader:
    """Read markers by channel. What was there before the console joined counts as read.

    GUI thread.

    Parameters
    ----------
    room : gives the present room, which is another one after a resync
    operator : gives who sits here
    joined_seq : gives the event after which the console came in
    """

    def __init__(
        self,
        room: Callable[[], Room],
        operator: Callable[[], Operator],
        joined_seq: Callable[[], int],
    ) -> None:
        self._room = room
        self._operator = operator
        self._joined_seq = joined_seq
        self._restarted_seq: int | None = None
        self._seen_seq = 0
        self._read_seq: dict[str, int] = {}

    @property
    def own_channels(self) -> tuple[str, ...]:
        """Channels that are meant for this operator, whether anything was said there or not."""
        department = self._operator().department
        return (ROOM, f"department:{department}") if department else (ROOM,)

    def channels(self) -> tuple[str, ...]:
        """Own channels, then the others that hold a message, the last one to speak first."""
        spoken = reversed(self._messages.channels)
        return tuple(dict.fromkeys((*self.own_channels, *spoken)))

    def follow(self) -> None:
        """Messages moved. Another history begins with everything read."""
        seq = self._room().seq
        if seq < self._seen_seq:
            self._read_seq.clear()
            self._restarted_seq = seq
        self._seen_seq = seq

    def unread(self, channel: str) -> int:
        """How many messages of others in a channel are new."""
        read = self.read_to(channel)
        return sum(1 for message in self._others(self._messages.in_channel(channel), read))

    def n_unread(self) -> int:
        """How many are new in all channels but those of other departments."""
        return sum(self.unread(channel) for channel in self._meant_for_us())

    def newest_unread(self) -> Message | None:
        """The newest message of those, None without any."""
        new = [
            message
            for channel in self._meant_for_us()
            for message in self._others(self._messages.in_channel(channel), self.read_to(channel))
        ]
        return max(new, key=lambda message: message.seq, default=None)

    def _meant_for_us(self) -> list[str]:
        own = set(self.own_channels)
        channels = self._messages.channels
        return [c for c in channels if c in own or not c.startswith("department:")]

    def mark_read(self, channel: str) -> None:
        """The operator has seen the channel as it is now."""
        messages = self._messages.in_channel(channel)
        if messages:
            self._read_seq[channel] = messages[-1].seq

    @property
    def _messages(self) -> Messages:
        return self._room()[Messages]

    def read_to(self, channel: str) -> int:
        """Event up to which a channel is read."""
        first = self._joined_seq() if self._restarted_seq is None else self._restarted_seq
        return self._read_seq.get(channel, first)

    def _others(self, messages: Iterable[Message], after_seq: int) -> Iterable[Message]:
        own = self._operator().console_id
        return (m for m in messages if m.seq > after_seq and m.by.console_id != own)
