"""How commands are named and told: "Close Harbour Street", "closed Harbour Street"."""

from __future__ import annotations

from typing import Any

from twin.commanding import command_types
from twin.commands.base import CommandType
from twin.commands.params import params_from_args
from twin.errors import CommandRejected
from twin.room.model import Command, CommandRequest, CommandState, Operator
from twin.room.parts.holds import Holds
from twin.session import TwinSession
from widgets.parts.wording import clock_text, lower_first, property_title, value_text

STATE_WORDS: dict[CommandState, str] = {
    CommandState.DRAFT: "Draft",
    CommandState.SUBMITTED: "Submitted",
    CommandState.REJECTED: "Rejected",
    CommandState.AWAITING_APPROVAL: "Waits for approval",
    CommandState.DENIED: "Denied",
    CommandState.EXPIRED: "Expired",
    CommandState.QUEUED: "Queued",
    CommandState.RELEASED: "Released",
    CommandState.SENT: "Sent",
    CommandState.ACCEPTED: "Accepted",
    CommandState.EXECUTING: "Running",
    CommandState.VERIFIED: "Verified",
    CommandState.FAILED: "Failed",
    CommandState.TIMED_OUT: "Timed out",
    CommandState.CANCELLED: "Cancelled",
    CommandState.UNKNOWN: "Unknown",
}

_PAST = {
    "set": "set",
    "stop": "stopped",
    "dim": "dimmed",
    "send": "sent",
    "put": "put",
    "hold": "held",
    "show": "showed",
    "fly": "flew",
    "cancel": "cancelled",
    "give": "gave",
}


def operator_text(operator: Operator) -> str:
    """Who: "Ada (control room)"."""
    department = operator.department.replace("_", " ")
    return f"{operator.name} ({department})" if department else operator.name


def phrase(command_type: CommandType | None, target_name: str) -> str:
    """Verb and object: ("Close road", Harbour Street) -> "Close Harbour Street".

    A type may say itself how it is called. A title of more than two words keeps its object ("Set
    signal plan of Signal 4"), unless the name says it already ("Dim Street lights Kilnby").
    """
    if command_type is None:
        return f"Command for {target_name}"
    if command_type.called:
        return command_type.called.format(target=target_name)
    words = command_type.title.split()
    thing = " ".join(words[1:]).casefold()
    if len(words) <= 2 or thing in target_name.casefold():
        return f"{words[0]} {target_name}"
    return f"{command_type.title} of {target_name}"


def request_phrase(request: CommandRequest) -> str:
    """`phrase` of a request."""
    return phrase(command_types().get(request.type_id), request.target_name)


def past_phrase(request: CommandRequest) -> str:
    """The same as something that was done: "closed Harbour Street"."""
    verb, _, rest = request_phrase(request).partition(" ")
    verb = verb.lower()
    past = _PAST.get(verb) or (f"{verb}d" if verb.endswith("e") else f"{verb}ed")
    return f"{past} {rest}"


def params_of(command_type: CommandType, args: dict[str, Any]) -> Any | None:
    """`args` as the type's params dataclass, None when they do not fit (an older version)."""
    try:
        return params_from_args(command_type.params, args)
    except CommandRejected:
        return None


def queued_text(session: TwinSession, command: Command) -> str:
    """What keeps a queued command back, as the room tells it now; "" when nothing is known."""
    hold = session.hub.room[Holds].on(command)
    if hold is not None:
        return f"Held by {operator_text(hold.by)}" + (f": {hold.reason}" if hold.reason else "")
    if command.request.not_before_ns > session.clock.now_ns():
        return f"Scheduled for {clock_text(command.request.not_before_ns)}"
    return command.state_text


def observed_text(session: TwinSession, command: Command) -> str:
    """What verified a command: "traffic flow 12 veh/h"; "" when nothing was observed."""
    command_type = command_types().get(command.request.type_id)
    if command.observed is None or command_type is None:
        return ""
    params = params_of(command_type, command.request.args)
    if params is None:
        return ""
    datastream_id = command_type.effect(command.request.target_id, params).datastream_id
    slot = session.observations.slot_of(datastream_id)
    name = lower_first(property_title(datastream_id.rpartition("/")[2]))
    if slot < 0:
        return f"{name} {command.observed:g}"
    datastream = session.observations.datastreams[slot]
    return f"{name} {value_text(command.observed, datastream)}"
