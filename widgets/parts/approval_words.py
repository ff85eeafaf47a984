"""How approvals are told: what is asked, by whom, how much is missing, how much time is left."""

from __future__ import annotations

from twin.clock import NS_PER_S
from twin.commanding import command_types
from twin.commands.params import fields_of
from twin.room.model import Approval, Command, CommandRequest, CommandState
from twin.waiting import Waiting
from widgets.parts.command_words import operator_text, params_of, request_phrase
from widgets.parts.wording import clock_text, count_text, elapsed_text, property_title

#: From here on the time left is told as pressing.
PRESSING_S = 60.0


def waiting_title(waiting: Waiting) -> str:
    """What waits, in a few words."""
    if waiting.batch is None:
        return request_phrase(waiting.first.request)
    return waiting.batch.title or count_text(len(waiting.commands), "command")


def args_rows(request: CommandRequest) -> list[tuple[str, str]]:
    """The exact arguments as (name, value with unit), in the order of the form."""
    command_type = command_types().get(request.type_id)
    if command_type is None:
        return [(property_title(name), str(value)) for name, value in request.args.items()]
    rows = []
    for field in fields_of(command_type.params):
        if field.name in request.args:
            value = request.args[field.name]
            is_figure = isinstance(value, int | float) and not isinstance(value, bool)
            text = f"{value:,g}" if is_figure else _words(value)
            rows.append((field.title, f"{text} {field.unit}".rstrip()))
    return rows


def args_line(request: CommandRequest, most: int = 2) -> str:
    """The first arguments in one line: "Opening 80 %"."""
    rows = [(name, text) for name, text in args_rows(request) if text]
    return ", ".join(f"{name} {text}" for name, text in rows[:most])


def effect_sentence(command: Command) -> str:
    """What is going to happen, as the confirm step of the issuer named it."""
    request = command.request
    command_type = command_types().get(request.type_id)
    params = params_of(command_type, request.args) if command_type is not None else None
    if command_type is None or params is None:
        return f"{request_phrase(request)}. This console does not know the command type."
    return f"{command_type.describe(request.target_name, params)}."


def given_text(approval: Approval) -> str:
    """How many have said yes: "1 of 2"."""
    return f"{len(approval.grants)} of {approval.needed}"


def wanted_text(approval: Approval) -> str:
    """Whose yes is wanted."""
    names = [d.replace("_", " ") for d in approval.departments]
    roles = [f"a {role.replace('_', ' ')}" for role in approval.roles]
    text = count_text(approval.needed, "approval")
    if roles:
        text += f" by {' or '.join(roles)}"
    if names:
        text += f" {'of' if roles else 'by'} {' or '.join(names)}"
    if approval.is_distinct:
        text += ", each of another department" if approval.needed > 1 else ", of another department"
    return text


def grants_text(approval: Approval) -> str:
    """Who has said yes and when; "" for nobody."""
    told = [
        f"{operator_text(grant.by)} at {clock_text(grant.t_ns)}"
        + (f" for {grant.department}" if grant.department != grant.by.department else "")
        for grant in approval.grants
    ]
    return ", ".join(told)


def seconds_left(waiting: Waiting, now_ns: int) -> float:
    """Until it expires, never below 0."""
    return max((waiting.expires_ns - now_ns) / NS_PER_S, 0.0)


def share_left(waiting: Waiting, now_ns: int) -> float:
    """The time left as a share of all there was, 0 … 1."""
    state = CommandState.AWAITING_APPROVAL.value
    began_ns = waiting.first.times_ns.get(state, waiting.expires_ns)
    whole = max(waiting.expires_ns - began_ns, 1)
    return min(max((waiting.expires_ns - now_ns) / whole, 0.0), 1.0)


def countdown_text(seconds: float) -> str:
    """The time left, "4:12"; "over" at the end."""
    return elapsed_text(seconds) if seconds > 0 else "over"


def digest_text(digest: str) -> str:
    """The first letters of what a yes is bound to, to be read out on the phone."""
    return " ".join((digest[:4], digest[4:8], digest[8:12])).strip()


def outcome_text(command: Command) -> str:
    """What became of something that waited."""
    state, approval = command.state, command.approval
    at = clock_text(command.times_ns.get(state.value, command.moved_ns))
    if state is CommandState.DENIED:
        return f"{command.state_text} ({at})"
    if state is CommandState.EXPIRED:
        return f"It expired at {at} without enough approvals"
    if state is CommandState.CANCELLED:
        return f"{command.state_text or 'It was cancelled'} ({at})"
    queued_ns = command.times_ns.get(CommandState.QUEUED.value, 0)
    who = grants_text(approval) if approval is not None else ""
    if who:
        return f"Approved by {who}"
    return f"Released without approval at {clock_text(queued_ns)}" if queued_ns else ""


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
