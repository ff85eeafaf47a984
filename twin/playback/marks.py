"""What stands on a timeline: alarms, incidents and commands as marks, and the load below them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from twin.arrays import Float64Array
from twin.playback.tape import Tape
from twin.recording.form import EVENT
from twin.recording.reading import mask_of
from twin.room.parts.stage import STAGE_WORDS

#: More marks than this are thinned by whoever draws; further ones of a tape are not read.
MOST_MARKS: Final = 200_000
_BAD_ENDS: Final = frozenset({"FAILED", "TIMED_OUT", "UNKNOWN", "REJECTED", "DENIED", "EXPIRED"})


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment worth going to.

    Attributes
    ----------
    kind : "alarm", "incident", "command", "trouble" (a command that did not succeed) or "stage"
    level : priority of an alarm ("critical" …), number of a stage, "" for others
    text : what happened, for a person
    """

    t_ns: int
    kind: str
    level: str
    text: str


class _Event(msgspec.Struct):
    kind: str
    body: msgspec.Raw
    actor: str = ""


class _Message(msgspec.Struct):
    event: _Event


_decoder = msgspec.json.Decoder(_Message)
_INCIDENT_KINDS: Final = (
    "incident.opened", "incident.closed", "playbook.started", "playbook.ended"
)  # fmt: skip
_WANTED: Final = frozenset(
    {"alarm.raised", "command.submitted", "command.state", "stage.set", *_INCIDENT_KINDS}
)


def marks_of(tape: Tape, *, after_ns: int = -1) -> Iterator[Mark]:
    """Marks later than `after_ns`, in order. Reads the facts of the tape: for a worker."""
    n = 0
    for message in tape.messages(after_ns=after_ns, channels=mask_of(EVENT)):
        try:
            event = _decoder.decode(message.data).event
            mark = _mark(message.t_ns, event) if event.kind in _WANTED else None
        except msgspec.MsgspecError:
            continue
        if mark is not None:
            yield mark
            n += 1
            if n >= MOST_MARKS:
                return


def load_of(tape: Tape, start_ns: int, end_ns: int, n_buckets: int) -> Float64Array:
    """(n,) bytes on the tape in each of `n_buckets` equal spans, as shares of the largest."""
    load = np.zeros(n_buckets)
    if end_ns <= start_ns:
        return load
    times, sizes = tape.sizes()
    bucket = ((times - start_ns) / (end_ns - start_ns) * n_buckets).astype(np.int64)
    is_inside = (times >= start_ns) & (bucket < n_buckets)
    np.add.at(load, bucket[is_inside], sizes[is_inside])
    return load / max(float(load.max()), 1.0)


def _mark(t_ns: int, event: _Event) -> Mark | None:
    body: dict[str, Any] = msgspec.json.decode(event.body)
    if event.kind == "command.state":
        if body.get("state") not in _BAD_ENDS:
            return None
        return Mark(t_ns, "trouble", "", f"A command is {body['state']}: {body.get('text', '')}")
    if event.kind == "command.submitted":
        request = body.get("request", {})
        what = f"{request.get('type_id', '')} for {request.get('target_name', '')}"
        return Mark(t_ns, "command", "", f"{event.actor}: {what}")
    if event.kind == "alarm.raised":
        alarm = body.get("alarm", {})
        text = f"{alarm.get('thing_name', '')}: {alarm.get('title', '')}".lstrip(": ")
        return Mark(t_ns, "alarm", str(alarm.get("priority", "low")), text)
    if event.kind == "stage.set":
        level = body.get("level", 0)
        text = f"Stage {level} ({STAGE_WORDS.get(level, '')}): {body.get('reason', '')}"
        return Mark(t_ns, "stage", str(level), text)
    return Mark(t_ns, "incident", "", _incident_text(event, body))


def _incident_text(event: _Event, body: dict[str, Any]) -> str:
    match event.kind:
        case "incident.closed":
            return f"{event.actor} closed an incident: {body.get('cause', '')}"
        case "playbook.started":
            title = body.get("run", {}).get("playbook", {}).get("title", "")
            return f"{event.actor} started the playbook “{title}”"
        case "playbook.ended":
            return f"A playbook has ended: {body.get('text', '')}"
        case _:
            return f"Incident: {body.get('incident', {}).get('title', '')}"
