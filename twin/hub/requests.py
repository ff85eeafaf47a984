"""What goes into the core and what comes out of it. Plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from twin.commands.preview import Point
from twin.hub.who import Who
from twin.interlocks.model import Interlocks
from twin.link.control import (
    Act,
    ActuatorReply,
    Cancel,
    Deliver,
    FromHub,
    Hello,
    Note,
    Revoke,
    Submit,
)
from twin.room.model import Event
from twin.security.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One sample of a watched datastream; ``quality`` as `twin.sense.model.Quality`."""

    datastream_id: str
    t_ns: int
    value: float
    quality: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A thing or unit that was announced as able to take commands.

    ``xyz`` in the frame of the announcement, None = not told or moving.
    """

    id: str
    name: str
    kind: str
    accepts: tuple[str, ...]
    frame: str = "none"
    xyz: Point | None = None


@dataclass(frozen=True, slots=True)
class Greeted:
    """A connection said hello. ``session`` names the connection and is given by the server.

    ``who``: who it really is, where the hub has keys; None = the hello is believed.
    """

    session: str
    hello: Hello
    who: Who | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A connection that said hello asks for something."""

    session: str
    message: Submit | Cancel | Note | Act | ActuatorReply


@dataclass(frozen=True, slots=True)
class Lost:
    """A connection ended or fell silent."""

    session: str
    reason: str


@dataclass(frozen=True, slots=True)
class WatchStarted:
    """Answer to `StartWatch`: from now on samples are handed in.

    ``last``: the last good sample of each datastream that has one.
    """

    command_id: str
    last: Mapping[str, Observation]


@dataclass(frozen=True, slots=True)
class Observed:
    """A sample of a watched datastream came in."""

    observation: Observation


@dataclass(frozen=True, slots=True)
class TargetsSeen:
    """A source announced things that take commands."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """Another policy or other interlocks are in force from now on; None = as before."""

    policy: Policy | None = None
    interlocks: Interlocks | None = None


@dataclass(frozen=True, slots=True)
class RulesUnreadable:
    """A file of rules has changed and cannot be used: the former ones stay in force."""

    text: str


@dataclass(frozen=True, slots=True)
class RefusedOutside:
    """Somebody was refused before the core: for the audit."""

    who: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Request: TypeAlias = (
    Greeted
    | Asked
    | Lost
    | WatchStarted
    | Observed
    | TargetsSeen
    | PolicyChanged
    | RulesUnreadable
    | RefusedOutside
    | Tick
)


@dataclass(frozen=True, slots=True)
class Send:
    """Hand a message to an actuator's connection."""

    session: str
    message: Deliver | Revoke


@dataclass(frozen=True, slots=True)
class StartWatch:
    """Hand in the samples of datastreams from now on, and answer with `WatchStarted`."""

    command_id: str
    datastream_ids: tuple[str, ...]


Outgoing: TypeAlias = Send | StartWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What one request led to.

    Attributes
    ----------
    events : to be committed before anything else is done
    reply : for the connection that asked
    outgoing : to be done after the commit
    """

    events: tuple[Event, ...] = ()
    reply: FromHub | None = None
    outgoing: tuple[Outgoing, ...] = ()
