"""What waits for whoever sits at a console: approvals, by whose turn it is, and lease requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from twin.room.approving import answer_counts
from twin.room.fold import Room
from twin.room.model import Approval, Command, CommandState, Operator
from twin.room.parts.batches import Batch, Batches
from twin.room.parts.commands import Commands
from twin.room.parts.leases import Lease, Leases
from twin.session import TwinSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing to approve: a command, or a batch that is answered as a whole.

    Attributes
    ----------
    commands : those that wait, at least one
    batch : None for a single command
    department : for which a yes of this console's operator counts, "" = it does not
    why_not : why it does not, "" if it does
    is_mine : this console's operator issued it
    """

    commands: tuple[Command, ...]
    batch: Batch | None
    department: str
    why_not: str
    is_mine: bool

    @property
    def key(self) -> str:
        """Id of the batch, else of the command."""
        return self.batch.id if self.batch else self.commands[0].request.id

    @property
    def first(self) -> Command:
        """The command, or the first of the batch."""
        return self.commands[0]

    @property
    def approval(self) -> Approval:
        """What the first command waits for."""
        approval = self.first.approval
        assert approval is not None  # noqa: S101 - only waiting commands get here
        return approval

    @property
    def digest(self) -> str:
        """What a yes is bound to."""
        return self.batch.digest if self.batch else self.approval.digest

    @property
    def expires_ns(self) -> int:
        """Hub time at which the first of it expires."""
        return min(c.approval.expires_ns for c in self.commands if c.approval is not None)

    @property
    def level(self) -> int:
        """Significance of the gravest command."""
        return max(command.level for command in self.commands)

    @property
    def is_for_me(self) -> bool:
        """Whether this console's operator can answer it."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one person.

    Attributes
    ----------
    approvals : all that wait; mine to answer first, then what I issued, then the rest; in each
        the gravest and then the most pressing first
    lease_requests : leases that I hold and somebody asks for
    """

    approvals: tuple[Waiting, ...] = ()
    lease_requests: tuple[Lease, ...] = ()

    @property
    def for_me(self) -> tuple[Waiting, ...]:
        """Approvals that I can give."""
        return tuple(one for one in self.approvals if one.is_for_me)

    @property
    def issued(self) -> tuple[Waiting, ...]:
        """What I issued, and what waits for others."""
        return tuple(one for one in self.approvals if one.is_mine)

    @property
    def n_for_me(self) -> int:
        """How many things wait for me."""
        return len(self.for_me) + len(self.lease_requests)

    @property
    def level(self) -> int:
        """Significance of the gravest thing that waits for me, 0 for none."""
        levels = [one.level for one in self.for_me]
        return max([*levels, *(1 for _ in self.lease_requests)], default=0)


def whoami(session: TwinSession) -> Operator:
    """Who sits here: as the hub knows them (person, rank), else as the console was told."""
    told = session.hub.operator
    return session.hub.room.operators.get(told.console_id, told)


def queue_of(room: Room, who: Operator, now_ns: int) -> Queue:
    """Everything that waits, sorted for one person. Walks over all open commands."""
    waiting = sorted(_waiting(room, who, now_ns), key=_order)
    asked = tuple(
        lease
        for lease in room[Leases].held
        if lease.wanted_by is not None
        and lease.holder is not None
        and lease.holder.identity == who.identity
    )
    return Queue(tuple(waiting), asked)


def _order(one: Waiting) -> tuple[int, int, int]:
    section = 0 if one.is_for_me else 1 if one.is_mine else 2
    return section, -one.level, one.expires_ns


def _waiting(room: Room, who: Operator, now_ns: int) -> Iterator[Waiting]:
    answers = _Answers(room, who, now_ns)
    known, batches = room[Batches].by_id, dict[str, list[Command]]()
    for command in room[Commands].open:
        if command.state is not CommandState.AWAITING_APPROVAL or command.approval is None:
            continue
        batch = known.get(command.request.batch) if command.request.batch else None
        if batch is not None:
            batches.setdefault(batch.id, []).append(command)
        else:
            yield answers.entry((command,), None)
    for batch_id, commands in batches.items():
        yield answers.entry(tuple(commands), known.get(batch_id))


class _Answers:
    """Whether answers count; asked once for all commands that are alike in what matters."""

    def __init__(self, room: Room, who: Operator, now_ns: int) -> None:
        self._room, self._who, self._now_ns = room, who, now_ns
        self._known: dict[object, tuple[str, str]] = {}

    def entry(self, commands: tuple[Command, ...], batch: Batch | None) -> Waiting:
        """One entry; of a batch all must be answerable, as the hub takes all or none."""
        department, why_not = "", ""
        for command in commands:
            department, why_not = self._of(command)
            if why_not:
                break
        return Waiting(
            commands=commands,
            batch=batch,
            department=department,
            why_not=why_not,
            is_mine=commands[0].issued_by.identity == self._who.identity,
        )

    def _of(self, command: Command) -> tuple[str, str]:
        approval, by = command.approval, command.issued_by
        if approval is None or approval.grants:
            return answer_counts(self._room, self._who, command, self._now_ns)
        alike = (by.identity, by.department, approval.departments, approval.roles)
        key = (alike, approval.is_distinct)
        if key not in self._known:
            self._known[key] = answer_counts(self._room, self._who, command, self._now_ns)
        return self._known[key]
