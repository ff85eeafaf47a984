"""Taking back a command that is not over."""

from __future__ import annotations

from twin.hub.hall import Hall
from twin.link.control import Revoke
from twin.room.model import Command, CommandState


def cancel_now(hall: Hall, command: Command, text: str, actor: str) -> None:
    """Cancel a command and tell its actuator; what was done is not undone."""
    actuator = hall.sessions.actuator_of(command.request.target_id)
    if command.n_sent:
        text += f" after it was {command.state.lower()}; what was done is not undone"
        if actuator:
            hall.send(actuator.session, Revoke(command_id=command.request.id, text=text))
    hall.move(command.request.id, CommandState.CANCELLED, text, actor)
