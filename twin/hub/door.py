"""The door of the control socket: who a connection is, before the core hears of it.

Without keys every hello is believed. With keys the workstation is known by its CURVE key, a person
by a signed answer to a challenge, and nothing is taken from a message that these tell.

Hard-won rules (each guarded in tests/twin/security/test_attacks.py):

1. A session belongs to one TCP connection. A peer may name itself as it likes (``ROUTING_ID``),
   also as one that just left; libzmq does not even keep the names apart that it gives itself.
2. A console's id belongs to its workstation, else one workstation could push another one's console
   out.
3. Whoever left the lists loses their session in the same round in which the hub reads that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec
import zmq

from twin.hub.requests import Greeted, RefusedOutside
from twin.hub.who import Who
from twin.link.control import Challenge, FromHub, Hello, Refused
from twin.room.model import Operator
from twin.security.hub_security import Changed, HubSecurity
from twin.security.login import Challenges, LoginPlace, why_not_in
from twin.security.peers import Ends
from twin.security.records import Person, Workstation

MOST_MALFORMED = 20
_MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message of the control socket; the last three are of its connection, where keys are."""

    identity: bytes
    frames: list[bytes]
    key: str = ""
    fd: int = -1
    ends: Ends | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a hello: it goes on to the core, or is answered here."""

    greeted: Greeted | None = None
    reply: FromHub | None = None
    refused: RefusedOutside | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """A session that ends because its key or person left the lists."""

    session: str
    text: str


@dataclass(frozen=True, slots=True)
class _Session:
    hello: Hello
    key: str
    ends: Ends | None
    who: Who | None


@dataclass(slots=True, kw_only=True)
class Door:
    """Knows who sits where. One thread.

    Attributes
    ----------
    n_malformed_cut : connections ended because what they sent could not be read
    """

    security: HubSecurity | None
    epoch: str
    drill: bool
    n_malformed_cut: int = 0
    _challenges: Challenges = field(default_factory=Challenges)
    _sessions: dict[str, _Session] = field(default_factory=dict)
    _malformed: dict[int, int] = field(default_factory=dict)

    def receive(self, socket: zmq.Socket[bytes]) -> Arrived | None:
        """Take one message; None if it is not to be listened to. Raises `zmq.Again` for none."""
        if self.security is None:
            identity, *frames = socket.recv_multipart(zmq.NOBLOCK)
            return Arrived(identity, frames)
        parts = socket.recv_multipart(zmq.NOBLOCK, copy=False)
        peer = self.security.peers.note(parts[-1], is_exact=True)
        identity, *frames = (part.bytes for part in parts)
        known = self._sessions.get(identity.hex())
        if peer is None or (known and (known.key, known.ends) != (peer.key, peer.ends)):
            return None
        return Arrived(identity, frames, peer.key, peer.fd, peer.ends)

    def malformed(self, arrived: Arrived) -> RefusedOutside | None:
        """Count what cannot be read; whoever sends much of it is cut off."""
        if self.security is None:
            return None
        if len(self._malformed) > _MOST_COUNTED:
            self._malformed.clear()
        n = self._malformed[arrived.fd] = self._malformed.get(arrived.fd, 0) + 1
        if n < MOST_MALFORMED:
            return None
        del self._malformed[arrived.fd]
        self.security.peers.cut_one(arrived.fd)
        self.n_malformed_cut += 1
        workstation = self.security.directory.workstation(arrived.key)
        name = workstation.name if workstation else "stranger"
        return RefusedOutside(name, "control", f"Cut off after {n} unreadable messages")

    # --- hello ----------------------------------------------------------------------------------

    def greet(self, arrived: Arrived, hello: Hello, now_ns: int) -> Verdict:
        """Decide about a hello. ``now_ns``: monotonic."""
        session = arrived.identity.hex()
        if self.security is None:
            return Verdict(greeted=Greeted(session, hello))
        workstation = self.security.directory.workstation(arrived.key)
        if workstation is None:
            return _refused("stranger", "The hub does not know this workstation's key")
        if hello.role not in workstation.roles:
            text = f"The key of {workstation.name} is not one of {_a(hello.role)}"
            return _refused(workstation.name, text)
        if hello.role == "actuator":
            return self._greet_actuator(arrived, hello, workstation)
        if hello.role == "recorder":  # reads and asks for nothing
            return self._let_in(
                arrived, msgspec.structs.replace(hello, name=workstation.name), None
            )
        return self._greet_console(arrived, hello, workstation, now_ns)

    def _greet_actuator(self, arrived: Arrived, hello: Hello, workstation: Workstation) -> Verdict:
        foreign = next((one for one in hello.asset_ids if not workstation.may_serve(one)), None)
        if foreign is not None:
            text = f"The key of {workstation.name} is not for the asset {foreign[:64]}"
            return _refused(workstation.name, text)
        hello = msgspec.structs.replace(hello, name=workstation.name)
        return self._let_in(arrived, hello, None)

    def _greet_console(
        self, arrived: Arrived, hello: Hello, workstation: Workstation, now_ns: int
    ) -> Verdict:
        session = arrived.identity.hex()
        if not is_console_of(hello.console_id, workstation.name):
            text = f"The id of a console at {workstation.name} begins with “{workstation.name}:”"
            return _refused(workstation.name, text)
        nonce = self._challenges.take(session, now_ns) if hello.proof else ""
        if not nonce:
            challenge = Challenge(
                nonce=self._challenges.new(session, now_ns), epoch=self.epoch, drill=self.drill
            )
            return Verdict(reply=challenge)
        place = LoginPlace(
            hub_key=self._security.keys.public.curve_public,
            workstation_key=arrived.key,
            epoch=self.epoch,
            drill=self.drill,
        )
        person, text = why_not_in(
            self._security.directory, place, person_id=hello.person, nonce=nonce, proof=hello.proof
        )
        if person is None:
            return _refused(f"{workstation.name}/{hello.person[:64]}", text)
        who = who_is(person, hello.console_id)
        hello = msgspec.structs.replace(hello, name=person.name, department=person.department)
        return self._let_in(arrived, hello, who)

    def _let_in(self, arrived: Arrived, hello: Hello, who: Who | None) -> Verdict:
        session = arrived.identity.hex()
        self._sessions[session] = _Session(hello, arrived.key, arrived.ends, who)
        return Verdict(greeted=Greeted(session, hello, who))

    @property
    def _security(self) -> HubSecurity:
        if self.security is None:
            raise RuntimeError("A hub without keys has no log-in")
        return self.security

    # --- afterwards -------------------------------------------------------------------------------

    def forget(self, session: str) -> None:
        """A session ended."""
        self._sessions.pop(session, None)

    def review(self, changed: Changed) -> tuple[list[Leave], list[Greeted]]:
        """Compare all sessions with the new lists: who has to leave, who is other than before."""
        leaves, again = [], []
        for session, known in tuple(self._sessions.items()):
            text = self._why_leave(known, changed)
            if text:
                self.forget(session)
                leaves.append(Leave(session, text))
                continue
            person = changed.directory.person(known.who.operator.person) if known.who else None
            who = who_is(person, known.hello.console_id) if person else None
            if who != known.who:
                self._sessions[session] = replace(known, who=who)
                again.append(Greeted(session, known.hello, who))
        return leaves, again

    def _why_leave(self, known: _Session, changed: Changed) -> str:
        if known.key in changed.cut_keys or changed.directory.workstation(known.key) is None:
            return "The key of this workstation was revoked"
        if known.who is None:
            return ""
        person = changed.directory.person(known.who.operator.person)
        if person is None or person.revoked or person.public_key != known.who.verify_key:
            return f"The key of {known.who.operator.name} was revoked"
        return ""


def who_is(person: Person, console_id: str) -> Who:
    """What the core knows of a person who logged in."""
    operator = Operator(
        name=person.name, department=person.department, console_id=console_id, person=person.id,
        rank=person.rank, roles=person.roles,
    )  # fmt: skip
    return Who(
        operator=operator, roles=person.roles, verify_key=person.public_key,
        is_on_shift=person.on_shift,
    )  # fmt: skip


def is_console_of(console_id: str, workstation: str) -> bool:
    """Whether a console's id is one that this workstation may use."""
    return console_id.startswith(f"{workstation}:")


def _refused(who: str, text: str) -> Verdict:
    return Verdict(
        reply=Refused(id="hello", text=text), refused=RefusedOutside(who, "session.login", text)
    )


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"
