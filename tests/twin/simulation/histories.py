"""Calls and what became of them, as the checker of `linear` reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.twin.simulation.linear import FOREVER, Operation
from tests.twin.simulation.town import Run
from twin.room.fold import Room
from twin.room.parts.leases import Leases


def operations(
    run_: Run, wanted: Callable[[tuple[Any, ...]], tuple[Any, ...] | None]
) -> list[Operation]:
    """Calls of all consoles that `wanted` turns into operations."""
    found = []
    for console in run_.consoles:
        for key, call in console.calls.items():
            what = wanted(call)
            if what is None or key in console.too_late:
                continue  # too late by the clock of that life: a refusal that changes nothing
            result = True if key in console.acked else False if key in console.refused else None
            answered = console.answered_at.get(key, FOREVER)
            found.append(Operation(console.name, what, console.called_at[key], answered, result))
    return found


def lease_history(run_: Run, gate: str) -> list[Operation]:
    """Everything that happened to one gate's lease."""
    found = operations(
        run_, lambda call: (call[1],) if call[:1] == ("lease",) and call[2] == gate else None
    )
    room = Room()
    for event in run_.hub.journal.events():
        at = run_.hub.journal.committed_at[event.seq]
        before = room[Leases].holder(gate)
        if event.body.get("asset_id") == gate:
            if event.kind == "lease.released" and event.actor == "hub" and before:
                found.append(Operation("hub", ("expire", before.person), at, at, True))
            elif event.kind == "lease.taken" and event.body["how"] == "command":
                person = event.body["holder"]["person"]
                found.append(Operation(person, ("by command",), at, at, True))
        room.apply(event)
    return found


def approval_history(run_: Run, command_id: str) -> list[Operation]:
    """Everything that happened to one command's approval."""
    found = operations(
        run_, lambda call: call[:1] if call in (("yes", command_id), ("no", command_id)) else None
    )
    for event in run_.hub.journal.events():
        at = run_.hub.journal.committed_at[event.seq]
        is_its = event.kind == "command.state" and event.body["id"] == command_id
        if is_its and event.body["state"] in ("EXPIRED", "CANCELLED"):
            found.append(Operation("hub", ("over",), at, at, True))
        if event.kind == "review.opened" and event.body["command_id"] == command_id:
            found.append(Operation("hub", ("over",), at, at, True))
    return found
