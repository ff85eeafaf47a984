"""What a policy can be asked about, besides the ids of the command types."""

from __future__ import annotations

CANCEL = "command.cancel"
NOTE = "note.add"

#: Actions that are no command types: acts by their kind, and the older requests.
ACT_ACTIONS = (
    CANCEL,
    NOTE,
    "approval.give",
    "approval.deny",
    "approval.break_glass",
    "batch.submit",
    "command.undo",
    "delegation.give",
    "delegation.withdraw",
    "lease.take",
    "lease.renew",
    "lease.release",
    "lease.ask",
    "lease.consent",
    "lease.seize",
    "mark.put",
    "mark.remove",
    "message.post",
    "presence.tell",
    "queue.hold",
    "queue.release",
    "review.close",
    "schedule.set",
    "template.save",
    "template.remove",
)


def known_actions() -> tuple[str, ...]:
    """Every command type and act."""
    from twin.commands.base import command_registry

    return (*(one.id for one in command_registry()), *ACT_ACTIONS)
