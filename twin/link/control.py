"""Messages of the control and event sockets (docs/wire-protocol-control.md).

Pure records, any thread; `twin.link.control_frames` puts them into frames and reads them.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from twin.interlocks.model import Guard
from twin.link.permission import Permission, Wish
from twin.link.presence import PresenceState, Present
from twin.room.model import CommandRequest, Event

MAX_MESSAGE_BYTES = 1 << 20
HEARTBEAT_S = 0.5

Role = Literal["console", "actuator", "recorder"]
ReplyStatus = Literal["accepted", "rejected", "executing", "done", "failed", "forgotten", "unknown"]


class HubAddresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sockets of a hub are, as ZeroMQ endpoints; ``samples_out`` may be a NATS.

    ``record`` "" = this hub has no port for recorders.
    """

    control: str
    events: str
    samples_in: str
    samples_out: str
    record: str = ""


class HubInfo(msgspec.Struct, frozen=True, kw_only=True, tag="welcome", tag_field="type"):
    """What a hub says of itself when it welcomes somebody.

    Attributes
    ----------
    epoch : id of the journal; another epoch means another history
    scene : name of the city or drill, may be ""
    version : of Civitwin on the hub
    seq : last event of the journal at that moment
    drill : nothing of it is real: other keys, another frame around the window
    policy : fingerprint of the policy in force
    tells_permissions : whether it answers `MayI`; a hub that does not cannot read the question
    """

    epoch: str
    scene: str
    version: str
    seq: int
    addresses: HubAddresses
    drill: bool = False
    policy: str = ""
    tells_permissions: bool = False


class _Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of all other envelopes."""


# --- to the hub ---------------------------------------------------------------------------------


class Hello(_Message, frozen=True, tag="hello"):
    """First message of a connection: who is there. A console's operator is bound to it.

    A hub with keys takes name and department from its lists, and answers a console's hello with a
    `Challenge`; ``person`` and ``proof`` (hex, `twin.security.login.proof_bytes`) answer that.
    """

    role: Role
    name: str
    department: str = ""
    console_id: str = ""
    asset_ids: tuple[str, ...] = ()
    person: str = ""
    proof: str = ""


class Submit(_Message, frozen=True, tag="submit"):
    """Asks for a command; answered by `Acknowledged` once it is in the journal.

    ``signature``: hex Ed25519 of the person over `twin.security.canonical.signed_bytes`, "" where
    the hub believes the hello.
    """

    request: CommandRequest
    signature: str = ""


class Act(_Message, frozen=True, tag="act"):
    """Asks for anything else that becomes a fact: an approval, a lease, a mark, a message …

    ``id`` is made once and is the idempotency key; ``kind`` names a desk of the hub and what it is
    asked for (docs/wire-protocol-control.md); ``signature`` as in `Submit`.
    """

    id: str
    kind: str
    body: dict[str, Any]
    signature: str = ""


class Cancel(_Message, frozen=True, tag="cancel"):
    """Asks to cancel a command that is not over. ``id`` is the key of this request."""

    id: str
    command_id: str


class Note(_Message, frozen=True, tag="note"):
    """Adds a line to the activity. ``id`` is the key of this request."""

    id: str
    text: str


class ActuatorReply(_Message, frozen=True, tag="reply"):
    """What an actuator says about a command delivered to it.

    ``route``: the way it will take, vertices in local metres; with the first reply that knows it.
    ``attempt``: which of the hub's orders it is about, 0 = the newest one; a word about an older
    one is dropped.
    """

    command_id: str
    status: ReplyStatus
    text: str = ""
    route: tuple[tuple[float, float, float], ...] = ()
    attempt: int = 0


class Ping(_Message, frozen=True, tag="ping"):
    """Sent twice a second; ``t_ns`` comes back unchanged."""

    t_ns: int


class Tell(_Message, frozen=True, tag="presence"):
    """What a console shows of its operator; not answered, not kept, may be lost."""

    state: PresenceState


class GetPresence(_Message, frozen=True, tag="get_presence"):
    """Asks for the presence of everybody."""


class MayI(_Message, frozen=True, tag="may_i"):
    """Asks whether the hub would let whoever sits here do some things now; leaves no trace.

    ``id`` comes back with the `Answers`, or with why there are none (`Refused`).
    """

    id: str
    questions: tuple[Wish, ...]


class GetSnapshot(_Message, frozen=True, tag="get_snapshot"):
    """Asks for the whole room."""


class GetEvents(_Message, frozen=True, tag="get_events"):
    """Asks for the events from ``from_seq`` on (the hub sends at most a few hundred)."""

    from_seq: int


class Bye(_Message, frozen=True, tag="bye"):
    """Says that the connection ends on purpose."""


# --- from the hub -------------------------------------------------------------------------------


class Acknowledged(_Message, frozen=True, tag="acknowledged"):
    """The request ``id`` is in the journal (event ``seq``) for good."""

    id: str
    seq: int


class Refused(_Message, frozen=True, tag="refused"):
    """The request ``id`` left no trace.

    ``is_final`` False: nothing is wrong with the request, ask again (the disk is full just now).
    """

    id: str
    text: str
    is_final: bool = True


class Challenge(_Message, frozen=True, tag="challenge"):
    """Asks who sits at a console: the hello is to be repeated with a proof over this nonce."""

    nonce: str
    epoch: str
    drill: bool = False


class HelloNeeded(_Message, frozen=True, tag="hello_needed"):
    """The hub does not know this connection (it was restarted); say hello again."""


class Pong(_Message, frozen=True, tag="pong"):
    """Answer to `Ping`."""

    t_ns: int
    seq: int


class Snapshot(_Message, frozen=True, tag="snapshot"):
    """The room after event ``seq``, as `twin.room.fold.Room.to_bytes` writes it."""

    epoch: str
    seq: int
    room: bytes


class Events(_Message, frozen=True, tag="events"):
    """A piece of the journal; ``last_seq`` is the newest event there is.

    On the event socket: several new events that were stored together; ``last_seq`` is the last of
    them.
    """

    epoch: str
    events: tuple[Event, ...]
    last_seq: int


class Everybody(_Message, frozen=True, tag="everybody"):
    """Answer to `GetPresence`: the presence of everybody."""

    present: tuple[Present, ...]


class Answers(_Message, frozen=True, tag="answers"):
    """Answer to `MayI`: one for each question, in their order. The hub decides again when asked."""

    id: str
    answers: tuple[Permission, ...]


class Deliver(_Message, frozen=True, tag="deliver"):
    """A command for an actuator, repeated until it is answered.

    ``was_accepted``: the hub already holds an acceptance; an actuator that has no memory of it
    answers ``forgotten`` and does nothing. ``attempt``: counted from 1; a new one is a new order
    to do it (the last attempt failed and the command may be repeated). ``lease_token``: refuse it
    when you have seen a higher one for this asset; 0 = none. ``guards``: refuse it when one holds.
    """

    request: CommandRequest
    issued_by: str
    was_accepted: bool = False
    attempt: int = 1
    lease_token: int = 0
    guards: tuple[Guard, ...] = ()


class Revoke(_Message, frozen=True, tag="revoke"):
    """An operator cancelled a command that was delivered."""

    command_id: str
    text: str


# --- on the event socket ------------------------------------------------------------------------


class EventMessage(_Message, frozen=True, tag="event"):
    """One new event, topic `EVENT_TOPIC`."""

    epoch: str
    event: Event


class Heartbeat(_Message, frozen=True, tag="heartbeat"):
    """Twice a second, topic `HEARTBEAT_TOPIC`: where the journal and the room stand.

    ``trouble`` is a sentence for every operator, e.g. that the disk is full; "" = all is well.
    """

    epoch: str
    seq: int
    state_hash: str
    t_ns: int
    trouble: str = ""


class PresenceMessage(_Message, frozen=True, tag="presence"):
    """Whose presence changed, topic `PRESENCE_TOPIC`; at most ten times a second.

    ``here`` comes once a second and names everybody with the number of their newest presence:
    whoever is missing has gone, and who lacks a number asks for all (`GetPresence`).
    """

    changed: tuple[Present, ...] = ()
    here: tuple[tuple[str, int], ...] | None = None


ToHub: TypeAlias = (
    Hello
    | Submit
    | Act
    | Cancel
    | Note
    | ActuatorReply
    | Ping
    | Tell
    | GetPresence
    | MayI
    | GetSnapshot
    | GetEvents
    | Bye
)
FromHub: TypeAlias = (
    HubInfo
    | Challenge
    | Acknowledged
    | Refused
    | HelloNeeded
    | Pong
    | Everybody
    | Answers
    | Snapshot
    | Events
    | Deliver
    | Revoke
)
Published: TypeAlias = EventMessage | Events | Heartbeat | PresenceMessage
