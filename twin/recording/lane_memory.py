"""What the sample lane has said up to now, so that a replay can begin in the middle. One thread."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from twin.errors import WireError
from twin.hub.catalogue import Catalogue
from twin.link.wire import Buffer, PositionBatch, SampleBatch, decode
from twin.link.wire_json import JsonBatch
from twin.samples.thinning import Thinner
from twin.sense.model import Announcement

_EPOCH = "recorded"


class LaneMemory:
    """Announcements, and the newest sample of everything.

    Attributes
    ----------
    n_samples : taken in since the last `picture`
    """

    def __init__(self) -> None:
        self._catalogue = Catalogue()
        self._thinner = Thinner(_EPOCH)
        self.n_samples = 0

    def take(self, frames: Sequence[Buffer], now_ns: int) -> SampleBatch | PositionBatch | None:
        """Take a message of the full lane in; the batch it is, None for any other."""
        try:
            message = decode(frames)
        except WireError:
            return None
        match message:
            case Announcement():
                self._catalogue.add(message, [bytes(frame) for frame in frames])
                return None
            case JsonBatch():
                self.n_samples += len(message.observations) + len(message.positions)
                self._thinner.merge(message, now_ns)
                return None
            case _:
                self.n_samples += len(message.indices)
                self._thinner.merge(message, now_ns)
                return message

    def picture(self, now_ns: int) -> bytes:
        """Everything known as one message of the channel `STATE`."""
        self.n_samples = 0
        messages = self._catalogue.messages()
        messages += self._thinner.everything(now_ns)
        return msgspec.msgpack.encode(messages)


_decoder = msgspec.msgpack.Decoder(list[list[bytes]])


def messages_of_picture(picture: bytes) -> list[list[bytes]]:
    """The messages of a picture again, raises `WireError`."""
    try:
        return _decoder.decode(picture)
    except msgspec.MsgspecError as error:
        raise WireError(f"A picture of the sample lane is not readable: {error}") from error
