"""A console without sockets and threads: the real outbox, repair of gaps and copy of the room.

Left out of `twin.link.client` are the connection, presence and permissions; what is here instead
hands each message to the same modules. What arrives is heard at once, what is shown moves when the
operator's screen is drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.twin.hub_bench import T0
from tests.twin.simulation.hub import SimHub
from tests.twin.simulation.world import MS, S_NS, SimClock, World
from twin.hub.who import Who
from twin.link.catching_up import CatchingUp
from twin.link.connection import SILENCE_S
from twin.link.control import (
    Acknowledged,
    EventMessage,
    Events,
    GetSnapshot,
    Heartbeat,
    Hello,
    HelloNeeded,
    HubInfo,
    Ping,
    Refused,
    Snapshot,
    ToHub,
)
from twin.link.control_frames import decode_to_hub, encode_control
from twin.link.outbox import Kept, Outbox, key_of
from twin.link.room_copy import Heard, RoomCopy
from twin.link.sending import Sending
from twin.link.signing import Signing
from twin.link.unanswered import Unanswered
from twin.room.fold import Room
from twin.room.model import Event, Operator

_WAIT_NS = 100 * MS
#: SQLite's own name for a database without a file.
_IN_MEMORY = Path(":memory:")


class SimConsole:
    """One workstation: its outbox outlives its program.

    Attributes
    ----------
    calls : what was asked, by key, as the judge reads it
    acked, refused : keys by the hub's first answer for good
    too_late : refused, because the time to approve it was over
    n_torn : pictures of the room that arrived unreadable
    """

    def __init__(self, world: World, hub: SimHub, name: str, dept: str, rank: int) -> None:
        self.world, self.hub, self.name = world, hub, name
        operator = Operator(name=name, department=dept, console_id=name, person=name, rank=rank)
        roles = ("operator", "leader") if rank > 1 else ("operator",)
        self.who: Who | None = Who(operator=operator, roles=roles)
        self.acked: set[str] = set()
        self.refused: set[str] = set()
        self.too_late: set[str] = set()
        self.calls: dict[str, tuple[Any, ...]] = {}
        self.called_at: dict[str, int] = {}
        self.answered_at: dict[str, int] = {}
        self.n_torn = 0
        self._clock = SimClock(world, T0)
        self._outbox = Outbox(_IN_MEMORY)
        self._life = 0
        self.reborn()

    @property
    def room(self) -> Room:
        """What the console shows."""
        return self._copy.room

    @property
    def n_open(self) -> int:
        """Requests that are not settled: in the outbox, or shown as waiting."""
        shown = len(self._unanswered.commands) + len(self._unanswered.acts)
        return self._sending.n_kept + shown

    def close(self) -> None:
        """Let go of the outbox."""
        self._outbox.close()

    def reborn(self) -> None:
        """Start or crash: the outbox is on disk, everything else is new."""
        self._life += 1
        self._info: HubInfo | None = None
        self._heard_ns = 0
        self._n_torn_waiting = 0
        self._resync = False
        self._sending = Sending(self._outbox, Signing(None, None), self._clock)
        self._unanswered = Unanswered(self._outbox.messages())
        self._catching_up = CatchingUp(self._clock)
        self._copy = RoomCopy(fetch_anew=self._fetch_anew)
        self._say_hello()
        self._every(_WAIT_NS, self._work)
        self._every(S_NS, self._keep_alive)
        self._every(self.world.rng.randint(30, 700) * MS, self.look)

    def _every(self, interval_ns: int, do: Any) -> None:
        life = self._life

        def again() -> None:
            if self._life == life:
                do()
                self.world.after(interval_ns, again)

        self.world.after(interval_ns, again)

    def tell(self, message: ToHub) -> None:
        """Send a message as it is, past the outbox."""
        life = self.hub.life  # what is under way does not outlive the hub's sockets
        heard = decode_to_hub(encode_control(message))
        self.world.send(self.name, "hub", lambda: self.hub.receive(self.name, heard, life))

    def _say_hello(self) -> None:
        self.tell(Hello(role="console", name=self.name, console_id=self.name))

    # --- the caller's side ----------------------------------------------------------------------

    def ask(self, message: Kept, call: tuple[Any, ...] = ()) -> None:
        """The operator asks for something; `call` is what the judge makes of it."""
        key = key_of(message)
        self.calls[key], self.called_at[key] = call, self.world.now
        self._unanswered.add(message)
        self._sending.keep(message, self._info)
        self._work()

    def look(self) -> None:
        """The screen is drawn."""
        self._copy.move()
        self._unanswered.settle(self.room.commands)

    def _fetch_anew(self) -> None:
        assert self._n_torn_waiting, f"the room of {self.name} has diverged"
        self._n_torn_waiting -= 1
        self._resync = True

    def tear(self) -> None:
        """A picture of the room arrives that cannot be read."""
        self.n_torn += 1
        self._n_torn_waiting += 1
        self.receive(Snapshot(epoch="epoch", seq=self.hub.core.room.seq, room=b"torn"))

    # --- the link's side ------------------------------------------------------------------------

    def _keep_alive(self) -> None:
        """Connect afresh out of silence; a network that loses a welcome is one that is silent."""
        silent_ns = self._clock.monotonic_ns() - self._heard_ns
        if self._info is None or silent_ns > SILENCE_S * S_NS:
            self._say_hello()
        self.tell(Ping(t_ns=0))

    def _work(self) -> None:
        if self._resync:
            self._resync = False
            self._catching_up.start_over()
            self.tell(GetSnapshot())
        if self._info is not None:
            for message in self._sending.due(self._info):
                self.tell(message)

    def receive(self, message: Any) -> None:
        """The hub said something."""
        self._heard_ns = self._clock.monotonic_ns()
        match message:
            case HelloNeeded():
                self._say_hello()
            case HubInfo(epoch=epoch, seq=seq):
                self._info = message
                self._sending.send_again()
                self._catch_up(epoch, seq)
            case Acknowledged(id=key) | Refused(id=key, is_final=True):
                self._note_answer(message)
                self._sending.note_answer(key)
                self._unanswered.hear(message)
            case Snapshot(epoch=epoch, seq=seq):
                self._catching_up.start_at(epoch, seq)
                self._put(message)
            case Events(epoch=epoch, events=events, last_seq=last_seq):
                for event in events:
                    self._take_event(epoch, event)
                self._catching_up.note_answer()
                self._catch_up(epoch, last_seq)
            case EventMessage(epoch=epoch, event=event):
                self._take_event(epoch, event)
            case Heartbeat():
                self._catch_up(message.epoch, message.seq)
                self._put(message)

    def _note_answer(self, answer: Acknowledged | Refused) -> None:
        key = answer.id
        if key not in map(key_of, self._outbox.messages()):
            return
        if isinstance(answer, Refused) and "time to approve it is over" in answer.text:
            self.too_late.add(key)
        (self.acked if isinstance(answer, Acknowledged) else self.refused).add(key)
        self.answered_at[key] = self.world.now

    def _take_event(self, epoch: str, event: Event) -> None:
        if self._catching_up.take(epoch, event.seq):
            self._put(event)
        else:
            self._catch_up(epoch, event.seq)

    def _catch_up(self, epoch: str, last_seq: int) -> None:
        request = self._catching_up.request(epoch, last_seq)
        if request is not None:
            self.tell(request)

    def _put(self, item: Heard) -> None:
        if not self._copy.put(item):
            self._catching_up.start_over()
