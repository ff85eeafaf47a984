"""The link of a console that shows the past: the room of then, and nothing can be sent.

Hard-won rules (tests/twin/test_time_machine.py):

1. Nothing given here reaches a hub: there is no path from these methods to a socket. Each is
   answered with a sentence, as a hub's refusal would be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twin.clock import Clock
from twin.ids import uuid7
from twin.link.control import Act, HubAddresses, HubInfo, Refused
from twin.link.hub_link import HubLink
from twin.link.permission import Permission
from twin.link.presence import PresenceState
from twin.link.presences import Presences
from twin.link.status import LinkState, LinkStatus
from twin.playback.replay import Replay
from twin.recording.form import About
from twin.room.fold import Room
from twin.room.model import CommandRequest, Operator

_REFUSALS = 100
_NOWHERE = HubAddresses(control="", events="", samples_in="", samples_out="")


class PastHub:
    """A `HubLink` to a replay. One thread.

    Parameters
    ----------
    live : the console's own link, kept up meanwhile; None = there is none, a recording is shown
    why_not : why nothing can be sent now, one sentence
    """

    def __init__(
        self,
        replay: Replay,
        *,
        operator: Operator,
        clock: Clock,
        why_not: Callable[[], str],
        live: HubLink | None = None,
        about: About | None = None,
        place: str = "",
    ) -> None:
        self._replay = replay
        self._operator = operator
        self._clock = clock
        self._why_not = why_not
        self._live = live
        self._about = about or About()
        self._place = place
        self._refusals: deque[Refused] = deque(maxlen=_REFUSALS)
        self._is_refused = False

    @property
    def room(self) -> Room:
        """The room of the moment shown."""
        return self._replay.room

    @property
    def operator(self) -> Operator:
        """Who sits here, now."""
        return self._operator if self._live is None else self._live.operator

    @property
    def presences(self) -> Presences:
        """What operators showed then."""
        return self._replay.presences

    @property
    def pending(self) -> Sequence[CommandRequest]:
        """Nothing waits in the past."""
        return ()

    @property
    def pending_acts(self) -> Sequence[Act]:
        """Nothing waits in the past."""
        return ()

    @property
    def is_drill(self) -> bool:
        """Whether nothing of the room was real."""
        return self._about.drill if self._live is None else self._live.is_drill

    @property
    def joined_seq(self) -> int:
        """When this console came in; in a recording all of it is read."""
        return self.room.seq if self._live is None else self._live.joined_seq

    @property
    def refusals(self) -> Sequence[Refused]:
        """What was asked for here, and why it was not done."""
        return tuple(self._refusals)

    def start(self) -> None:
        """Nothing to begin."""

    def close(self) -> None:
        """End the live link too."""
        if self._live is not None:
            self._live.close()

    def poll(self) -> frozenset[str]:
        """What moved in the room that is shown; the live one goes on behind it."""
        changed = self._replay.take_changed()
        if self._live is not None:
            changed |= self._live.poll() & {"link"}
        if self._is_refused:
            self._is_refused = False
            changed |= {"refusals", "pending"}
        return changed

    def submit(self, request: CommandRequest) -> None:
        """Refuse a command."""
        self._refuse(request.id)

    def cancel(self, command_id: str) -> None:
        """Refuse to cancel a command."""
        self._refuse(command_id)

    def act(self, kind: str, body: dict[str, Any]) -> str:  # noqa: ARG002 - nothing is done
        """Refuse anything else; the id of the refusal."""
        return self._refuse(uuid7(self._clock))

    def may(self, action: str, about: str = "") -> Permission | None:  # noqa: ARG002
        """Nobody is asked in the past; what is tried is refused with a sentence."""
        return None

    def show(self, state: PresenceState) -> None:
        """Who looks at the past shows nothing of it to the others."""

    def add_note(self, text: str) -> None:  # noqa: ARG002 - nothing is done
        """Refuse a note."""
        self._refuse(uuid7(self._clock))

    def status(self) -> LinkStatus:
        """The live link's, or that there is none."""
        if self._live is not None:
            return self._live.status()
        return LinkStatus(
            state=LinkState.REPLAY, text=f"Replay of {self._place}", rtt_ms=None,
            last_seq=self.room.seq, n_in_outbox=0, endpoint=self._place,
        )  # fmt: skip

    def hub_info(self) -> HubInfo | None:
        """What the hub said of itself."""
        if self._live is not None:
            return self._live.hub_info()
        about = self._about
        return HubInfo(
            epoch=about.epoch, scene=about.scene, version=about.version, seq=self.room.seq,
            addresses=_NOWHERE, drill=about.drill,
        )  # fmt: skip

    def _refuse(self, key: str) -> str:
        self._refusals.append(Refused(id=key, text=self._why_not()))
        self._is_refused = True
        return key
