"""From the command that publishes an alert to the two CAP messages it needs: Alert and Cancel.

Both are made in the same moment from the same arguments and refer to each other, so that a false
alarm can be ended without anybody writing a text under pressure. They are not part of the command:
identifier and time follow from the command's id, everything else from its arguments and from the
gateway's own settings, so that console, approver and gateway make the same bytes.

The Cancel is complete but for its ``sent``, which is set when it goes out (`sent_at`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from twin.cap.model import Alert, CapArea, Circle, Info
from twin.cap.rules import HEADLINE_LETTERS
from twin.cap.writing import cap_time
from twin.city.frames import Origin, geographic_from_local
from twin.clock import NS_PER_S
from twin.commands.publish_alert import PublishAlert, outline_points

#: What a hub is for; see `STATUS_OF`.
Mode: TypeAlias = Literal["live", "drill", "test"]
STATUS_OF: dict[Mode, str] = {"live": "Actual", "drill": "Exercise", "test": "Test"}
#: Put before every headline of a message that is not real.
MARK_OF: dict[Mode, str] = {"live": "", "drill": "EXERCISE ", "test": "TEST "}

_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NS_PER_MS = 1_000_000
#: Ids of commands hold the time they were made; one that is further off than this is not believed.
_MAX_ID_AGE_NS = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """How a gateway signs its messages.

    Attributes
    ----------
    sender : unique among all that send alerts, no spaces; the standard asks for a domain name
    """

    sender: str
    sender_name: str
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An alert and the message that ends it."""

    alert: Alert
    cancel: Alert


def prepare(
    params: PublishAlert,
    *,
    command_id: str,
    sent_ns: int,
    publisher: Publisher,
    mode: Mode,
    origin: Origin,
) -> Prepared:
    """Make both messages. Pure: the same input gives the same messages.

    Parameters
    ----------
    sent_ns : see `sent_ns_of`
    mode : of the hub, never of a form

    Raises
    ------
    CrsError
        The city is not georeferenced, so nobody could tell where the alert holds.
    """
    area = _area_of(params, origin)
    sent = cap_time(sent_ns)
    note = "" if mode == "live" else f"{STATUS_OF[mode]} of {publisher.sender_name}"
    infos = tuple(
        Info(
            language=language,
            categories=(params.category,),
            event=event,
            response_types=(params.response,),
            urgency=params.urgency,
            severity=params.severity,
            certainty=params.certainty,
            expires=cap_time(sent_ns + params.expires_min * 60 * NS_PER_S),
            sender_name=publisher.sender_name,
            headline=_headline(mode, headline),
            description=f"{MARK_OF[mode]}{description}",
            instruction=instruction,
            contact=publisher.contact,
            areas=(area,),
        )
        for language, event, headline, description, instruction, _ in _languages(params)
    )
    alert = Alert(
        identifier=identifier_of(command_id),
        sender=publisher.sender,
        sent=sent,
        status=STATUS_OF[mode],
        msg_type="Alert",
        scope="Public",
        note=note,
        infos=infos,
    )
    return Prepared(alert=alert, cancel=_cancel_of(alert, params, mode))


def sent_at(cancel: Alert, sent_ns: int, note: str = "") -> Alert:
    """A prepared Cancel as it goes out now, with an explanation for other authorities."""
    notes = ". ".join(filter(None, (cancel.note, note)))
    return dataclasses.replace(cancel, sent=cap_time(sent_ns), note=notes)


def identifier_of(command_id: str) -> str:
    """Identifier of the alert that a command publishes; fit for CAP and for a file's name."""
    if _PLAIN_ID.fullmatch(command_id):
        return f"civitwin.{command_id}"
    return f"civitwin.{hashlib.blake2b(command_id.encode(), digest_size=16).hexdigest()}"


def sent_ns_of(command_id: str, now_ns: int) -> int:
    """When a command was made, from its id (UUID version 7); `now_ns` where it does not say."""
    try:
        made = uuid.UUID(command_id)
    except ValueError:
        return now_ns
    t_ns = (made.int >> 80) * _NS_PER_MS
    is_likely = made.version == 7 and abs(t_ns - now_ns) <= _MAX_ID_AGE_NS
    return t_ns if is_likely else now_ns


def _cancel_of(alert: Alert, params: PublishAlert, mode: Mode) -> Alert:
    texts = {language: text for language, *_, text in _languages(params)}
    infos = tuple(
        dataclasses.replace(
            info,
            response_types=("AllClear",),
            urgency="Past",
            headline=_headline(mode, texts[info.language]),
            description=f"{MARK_OF[mode]}{texts[info.language]}",
            instruction="",
        )
        for info in alert.infos
    )
    return dataclasses.replace(
        alert,
        identifier=f"{alert.identifier}-cancel",
        msg_type="Cancel",
        references=(alert.reference,),
        infos=infos,
    )


def _languages(params: PublishAlert) -> list[tuple[str, str, str, str, str, str]]:
    """Language, event, headline, description, instruction and text of the Cancel, each."""
    first = (
        params.language,
        params.event,
        params.headline,
        params.description,
        params.instruction,
        params.cancel_text,
    )
    if not params.language_2:
        return [first]
    second = (
        params.language_2,
        params.event_2,
        params.headline_2,
        params.description_2,
        params.instruction_2,
        params.cancel_text_2,
    )
    return [first, second]


def _headline(mode: Mode, text: str) -> str:
    """A headline that says itself that it is not real, and stays as short as it must be."""
    return f"{MARK_OF[mode]}{text}"[:HEADLINE_LETTERS]


def _area_of(params: PublishAlert, origin: Origin) -> CapArea:
    corners = outline_points(params.outline)
    xy = np.array(corners or [(params.x_m, params.y_m)], dtype=np.float64)
    degrees = [(round(lat, 6), round(lon, 6)) for lon, lat in geographic_from_local(xy, origin)]
    if corners:
        called = params.place or "Area drawn on the map"
        return CapArea(area_desc=called, polygons=((*degrees, degrees[0]),))
    lat, lon = degrees[0]
    called = params.place or f"Around {lat:.4f}, {lon:.4f}"
    circle = Circle(lat_deg=lat, lon_deg=lon, radius_km=params.radius_m / 1000.0)
    return CapArea(area_desc=called, circles=(circle,))
