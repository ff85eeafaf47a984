"""What the hub looks at in the messages that pass: announcements, watched samples, thinning."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from twin.clock import Clock
from twin.errors import WireError
from twin.hub.catalogue import Catalogue
from twin.hub.requests import Observed, TargetsSeen, WatchStarted
from twin.hub.watching import Watching
from twin.link.wire import Buffer, PositionBatch, SampleBatch, decode, source_of_topic
from twin.link.wire_json import JsonBatch
from twin.samples.thinning import Thinner
from twin.sense.model import Announcement

_log = logging.getLogger(__name__)

Found: TypeAlias = Observed | TargetsSeen | WatchStarted


@dataclass(slots=True)
class ForwarderCounts:
    """What went through. Written by the forwarder's thread, read by any.

    Attributes
    ----------
    messages : taken in, from devices and from a bridge
    malformed : messages that could not be read
    published : messages of the full lane sent to subscribers, greetings too
    thinned : messages of the thinned lane
    """

    messages: int = 0
    malformed: int = 0
    announcements: int = 0
    published: int = 0
    thinned: int = 0


@dataclass(slots=True)
class Lookout:
    """Looks at messages. Forwarder's thread.

    Parameters
    ----------
    found : called with what the core should know

    Attributes
    ----------
    is_thinning : positions and samples of every source are merged for the thinned lane
    """

    found: Callable[[Found], None]
    clock: Clock
    thinner: Thinner
    counts: ForwarderCounts
    catalogue: Catalogue = field(default_factory=Catalogue)
    watching: Watching = field(default_factory=Watching)
    is_thinning: bool = False

    def wants(self, topic: bytes) -> bool:
        """Whether a message of this topic may hold something to look at."""
        kind = topic[3:5]
        if self.is_thinning or kind not in (b"s/", b"m/"):
            return True
        return kind == b"s/" and self.watching.keeps(source_of_topic(topic))

    def look(self, frames: list[Buffer]) -> bool:
        """Note what the hub should know of a message; False when it cannot be read."""
        try:
            self._note(decode(frames), frames)
        except WireError:
            self.counts.malformed += 1
        except Exception:  # noqa: BLE001 - the lane must not stop for one message
            self.counts.malformed += 1
            _log.exception("A message on the sample lane could not be looked at")
        else:
            return True
        return False

    def _note(self, message: object, frames: list[Buffer]) -> None:
        if self.is_thinning and isinstance(message, SampleBatch | PositionBatch | JsonBatch):
            self.thinner.merge(message, self.clock.now_ns())
        match message:
            case SampleBatch():
                for seen in self.watching.look(message):
                    self.found(Observed(seen))
            case JsonBatch():
                for seen in self.watching.look_json(message, self.clock.now_ns()):
                    self.found(Observed(seen))
            case Announcement():
                self.counts.announcements += 1
                self.watching.announce(message)
                targets = self.catalogue.add(message, [bytes(frame) for frame in frames])
                if targets:
                    self.found(TargetsSeen(targets))
