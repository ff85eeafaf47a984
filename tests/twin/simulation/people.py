"""The operators of the simulation: each does random things that make sense in what they see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tests.twin.simulation.console import SimConsole
from tests.twin.simulation.hub import GATES
from tests.twin.simulation.world import S_NS
from twin.link.control import Act, Cancel, Submit
from twin.room.model import Command, CommandRequest, CommandState
from twin.room.parts.commands import Commands
from twin.room.parts.holds import Holds

#: Name, department and rank.
PEOPLE = (("ada", "water", 1), ("ben", "fire", 2), ("cleo", "police", 1), ("dora", "traffic", 3))
_RARELY, _SOMETIMES = 0.2, 0.3


class SimOperator:
    """A person at a console."""

    def __init__(self, console: SimConsole) -> None:
        self._console = console
        self._rng = console.world.rng
        self._n = 0
        self._deeds: tuple[Callable[[str, str], None], ...] = (
            self._submit, self._submit, self._yes, self._yes, self._yes, self._no, self._take,
            self._release, self._seize, self._cancel, self._hold, self._let_go, self._break_glass,
            self._submit_again,
        )  # fmt: skip

    def operate(self) -> None:
        """Do one thing."""
        self._n += 1
        gate = self._rng.choice(GATES)
        self._rng.choice(self._deeds)(f"{self._console.name}-{self._n}", gate)

    def _submit(self, key: str, gate: str) -> None:
        rng = self._rng
        hub_ns = self._console.hub.core._hall.now_ns
        request = CommandRequest(
            id=key, type_id="gate.set", type_version=1, target_id=gate, target_name=gate,
            args={"opening_pct": float(rng.randint(0, 10) * 10)},
            not_before_ns=hub_ns + 2 * S_NS if rng.random() < 0.1 else 0,
            deadline_ns=hub_ns + 20 * S_NS if rng.random() < _SOMETIMES else 0,
        )  # fmt: skip
        self._console.ask(Submit(request=request), ("submit",))

    def _act(self, key: str, kind: str, call: tuple[Any, ...], **body: Any) -> None:
        self._console.ask(Act(id=key, kind=kind, body=body), call)

    # --- approvals ------------------------------------------------------------------------------

    def _waiting(self) -> list[Command]:
        open_ = self._console.room[Commands].open
        return [c for c in open_ if c.state is CommandState.AWAITING_APPROVAL]

    def _answer(self, key: str, kind: str, call: str, **more: Any) -> None:
        waiting = self._waiting()
        if waiting:
            command = self._rng.choice(waiting)
            assert command.approval is not None
            about = {"command_id": command.request.id, "digest": command.approval.digest}
            self._act(key, kind, (call, command.request.id), **about, **more)

    def _yes(self, key: str, _: str) -> None:
        self._answer(key, "approval.give", "yes")

    def _no(self, key: str, _: str) -> None:
        if self._rng.random() < _SOMETIMES:
            self._answer(key, "approval.deny", "no", text="no")

    def _break_glass(self, key: str, _: str) -> None:
        if self._rng.random() < _RARELY:
            self._answer(key, "approval.break_glass", "glass", reason="emergency")

    # --- leases ---------------------------------------------------------------------------------

    def _take(self, key: str, gate: str) -> None:
        self._act(key, "lease.take", ("lease", "take", gate), asset_id=gate)

    def _release(self, key: str, gate: str) -> None:
        self._act(key, "lease.release", ("lease", "release", gate), asset_id=gate)

    def _seize(self, key: str, gate: str) -> None:
        self._act(key, "lease.seize", ("lease", "seize", gate), asset_id=gate, reason="mine")

    # --- queues and old requests ----------------------------------------------------------------

    def _cancel(self, key: str, _: str) -> None:
        console = self._console
        mine = [c for c in console.room[Commands].open if c.issued_by.name == console.name]
        if mine:
            command_id = self._rng.choice(mine).request.id
            console.ask(Cancel(id=key, command_id=command_id), ("cancel",))

    def _hold(self, key: str, gate: str) -> None:
        if self._rng.random() < _RARELY:
            self._act(key, "queue.hold", ("hold",), queue=f"target:{gate}", reason="")

    def _let_go(self, key: str, _: str) -> None:
        for queue in self._console.room[Holds].by_queue:
            self._act(key, "queue.release", ("let go",), queue=queue)
            return

    def _submit_again(self, _: str, __: str) -> None:
        """An old request comes again, as from a console that was restored from a backup."""
        console = self._console
        old = [k for k in console.acked if console.calls[k] == ("submit",)]
        if old:
            event = console.hub.journal.lookup(self._rng.choice(sorted(old)))
            assert event is not None, "acknowledged, but lost"
            request = msgspec.convert(event.body["request"], CommandRequest)
            console.tell(Submit(request=request))
