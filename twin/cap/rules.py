"""What the CAP 1.2 standard asks of a message beyond being well-formed XML. Pure functions.

Every check gives one sentence, or "" when all is well; the first one wins.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime

from twin.cap.model import (
    CATEGORIES,
    CERTAINTIES,
    MESSAGE_TYPES,
    RESPONSES,
    SCOPES,
    SEVERITIES,
    STATUSES,
    URGENCIES,
    Alert,
    CapArea,
    CapError,
    Info,
)

#: The standard's advice for headlines: what a small display shows.
HEADLINE_LETTERS = 160
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_NO_NAME = re.compile(r"[\s,<&]")
#: Letters that XML 1.0 cannot carry.
_UNFIT = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CORNERS = 4


def require_valid(alert: Alert) -> None:
    """Check everything.

    Raises
    ------
    CapError
        With the first thing that is wrong.
    """
    for sentence in _alert_problems(alert):
        if sentence:
            raise CapError(sentence)


def text_problem(text: str) -> str:
    """Why a text cannot stand in an alert, "" if it can."""
    found = _UNFIT.search(text)
    if found is None:
        return ""
    return f"The letter U+{ord(found[0]):04X} cannot be sent in an alert; take it out"


def time_problem(text: str, where: str) -> str:
    """Why a text is no CAP time, "" if it is one."""
    if _TIME.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return f"{where} is no time that exists: {text!r}"
        return ""
    return (
        f"{where} must be a time with its offset, like 2026-03-01T17:30:00+01:00"
        f" (UTC is -00:00, never Z), not {text[:40]!r}"
    )


def _alert_problems(alert: Alert) -> Iterator[str]:
    for where, text in (("<identifier>", alert.identifier), ("<sender>", alert.sender)):
        yield _name_problem(where, text)
    yield time_problem(alert.sent, "<sent>")
    yield _choice_problem("<status>", alert.status, STATUSES)
    yield _choice_problem("<msgType>", alert.msg_type, MESSAGE_TYPES)
    yield _choice_problem("<scope>", alert.scope, SCOPES)
    if alert.scope == "Restricted" and not alert.restriction:
        yield "An alert of restricted scope must say in <restriction> who may have it"
    if alert.scope == "Private" and not alert.addresses:
        yield "A private alert must say in <addresses> whom it is for"
    if alert.msg_type != "Alert" and not alert.references:
        yield f"The message of type {alert.msg_type} must name in <references> what it refers to"
    for reference in alert.references:
        yield _reference_problem(reference)
    texts = (alert.source, alert.restriction, alert.addresses, *alert.codes, alert.note)
    yield from map(text_problem, texts)
    for info in alert.infos:
        yield from _info_problems(info)


def _name_problem(where: str, text: str) -> str:
    if not text:
        return f"{where} is empty"
    if _NO_NAME.search(text):
        return f"{where} holds a space, a comma, < or &: {text[:60]!r}"
    return text_problem(text)


def _choice_problem(where: str, text: str, choices: tuple[str, ...]) -> str:
    if text in choices:
        return ""
    return f"{where} must be one of {', '.join(choices)}, not {text[:40]!r}"


def _reference_problem(reference: str) -> str:
    pieces = reference.split(",")
    if len(pieces) != 3 or not all(pieces):
        return (
            "Each of <references> must be sender,identifier,sent without spaces,"
            f" not {reference[:80]!r}"
        )
    names = _name_problem("<references>", pieces[0]) or _name_problem("<references>", pieces[1])
    return names or time_problem(pieces[2], "The time in <references>")


def _info_problems(info: Info) -> Iterator[str]:
    if not _LANGUAGE.fullmatch(info.language):
        yield f"<language> must be a code like en-GB or fr, not {info.language[:40]!r}"
    if not info.categories:
        yield "An <info> has no <category>"
    for category in info.categories:
        yield _choice_problem("<category>", category, CATEGORIES)
    yield "" if info.event else "An <info> has no <event>"
    for response in info.response_types:
        yield _choice_problem("<responseType>", response, RESPONSES)
    yield _choice_problem("<urgency>", info.urgency, URGENCIES)
    yield _choice_problem("<severity>", info.severity, SEVERITIES)
    yield _choice_problem("<certainty>", info.certainty, CERTAINTIES)
    times = (("effective", info.effective), ("onset", info.onset), ("expires", info.expires))
    for name, text in times:
        yield time_problem(text, f"<{name}>") if text else ""
    texts = (info.event, info.audience, info.sender_name, info.headline, info.description)
    yield from map(text_problem, (*texts, info.instruction, info.web, info.contact))
    for named in (*info.event_codes, *info.parameters):
        yield "" if named.value_name else "An <eventCode> or <parameter> has no <valueName>"
    for resource in info.resources:
        yield "" if resource.resource_desc else "A <resource> has no <resourceDesc>"
    for area in info.areas:
        yield from _area_problems(area)


def _area_problems(area: CapArea) -> Iterator[str]:
    yield text_problem(area.area_desc) if area.area_desc else "An <area> has no <areaDesc>"
    for ring in area.polygons:
        yield _ring_problem(ring)
    for circle in area.circles:
        yield _point_problem(circle.lat_deg, circle.lon_deg)
        if not (math.isfinite(circle.radius_km) and circle.radius_km >= 0):
            yield f"The radius of a <circle> must be 0 km or more, not {circle.radius_km}"
    for geocode in area.geocodes:
        yield "" if geocode.value_name else "A <geocode> has no <valueName>"
    if area.ceiling is not None and area.altitude is None:
        yield "An <area> with a <ceiling> needs an <altitude>"


def _ring_problem(ring: tuple[tuple[float, float], ...]) -> str:
    if len(ring) < _CORNERS:
        return f"A <polygon> needs at least {_CORNERS} points, the last one equal to the first"
    if ring[0] != ring[-1]:
        return "A <polygon> is not closed: its last point must be its first one again"
    return next(filter(None, (_point_problem(lat, lon) for lat, lon in ring)), "")


def _point_problem(lat_deg: float, lon_deg: float) -> str:
    if -90.0 <= lat_deg <= 90.0 and -180.0 <= lon_deg <= 180.0:
        return ""
    return f"{lat_deg:g},{lon_deg:g} is no latitude and longitude"
