"""Who may ask for what. Each rule gives one sentence for the person who is refused."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from twin.commands.base import CommandType
from twin.errors import CommandRejected
from twin.hub.hall import person
from twin.link.control import Hello
from twin.registry import Registry
from twin.room.model import Command, CommandRequest

MAX_ID = 64
MAX_NAME = 200
MAX_REASON = 2_000
MAX_NOTE = 2_000
MAX_ARGS_BYTES = 16_384
MAX_ASSETS = 100_000
_MAX_DEPTH = 8


def unfit_request(request: CommandRequest) -> str:
    """Why a request is not even worth keeping, "" if it is."""
    if not 0 < len(request.id) <= MAX_ID or len(request.inverse_of) > MAX_ID:
        return f"A command needs an id of 1 to {MAX_ID} letters"
    if len(request.batch) > MAX_ID or len(request.incident) > MAX_ID:
        return f"The batch and the incident of a command have ids of at most {MAX_ID} letters"
    if min(request.not_before_ns, request.deadline_ns) < 0:
        return "The times of a command are nanoseconds since 1970"
    names = (request.type_id, request.target_id, request.target_name)
    if not request.type_id or not request.target_id or max(map(len, names)) > MAX_NAME:
        return f"A command needs a type and a target of 1 to {MAX_NAME} letters"
    if len(request.reason) > MAX_REASON:
        return f"The reason has over {MAX_REASON} letters"
    if not is_plain(request.args):
        return "The arguments of a command must be plain JSON without infinite numbers"
    if len(msgspec.json.encode(request.args)) > MAX_ARGS_BYTES:
        return f"The arguments of a command have over {MAX_ARGS_BYTES} bytes"
    return ""


def unfit_hello(hello: Hello) -> str:
    """Why a hello cannot be taken, "" if it can."""
    if not 0 < len(hello.name.strip()) <= MAX_NAME or len(hello.department) > MAX_NAME:
        return f"A connection needs a name of 1 to {MAX_NAME} letters"
    if hello.role == "console" and not 0 < len(hello.console_id) <= MAX_ID:
        return f"A console needs an id of 1 to {MAX_ID} letters"
    if len(hello.asset_ids) > MAX_ASSETS:
        return f"An actuator serves at most {MAX_ASSETS:,} assets"
    return ""


def known_type(request: CommandRequest, types: Registry[CommandType]) -> CommandType:
    """The type that a request names, raises `CommandRejected` if there is none."""
    command_type = types.get(request.type_id)
    if command_type is None:
        raise CommandRejected(f"The hub knows no command called {request.type_id}")
    if command_type.version != request.type_version:
        raise CommandRejected(
            f"The hub has version {command_type.version} of “{command_type.title}”, the console"
            f" asked for version {request.type_version}: update the older of the two"
        )
    return command_type


def busy_text(request: CommandRequest, running: Command, types: Registry[CommandType]) -> str:
    """Say who is running what on the target."""
    running_type = types.get(running.request.type_id)
    title = running_type.title if running_type else running.request.type_id
    return (
        f"{request.target_name} is busy: {person(running.issued_by)} is running “{title}”"
        f" ({running.state.lower()}); wait until it is over or cancel it"
    )


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is plain JSON: finite numbers, text keys, not nested too deeply."""
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and is_plain(v, depth + 1) for k, v in value.items())
    if isinstance(value, list | tuple):
        return all(is_plain(item, depth + 1) for item in value)
    return value is None or isinstance(value, str | int)
