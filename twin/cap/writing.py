"""A CAP 1.2 message as XML."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from twin.cap.model import NAMESPACE, Alert, CapArea, Info, Named, Resource
from twin.cap.rules import require_valid
from twin.clock import NS_PER_S

#: Decimals of degrees: a tenth of a metre.
_DECIMALS = 6


def xml_of(alert: Alert) -> bytes:
    """The message as UTF-8 XML with a line an element; the same alert gives the same bytes.

    Raises
    ------
    CapError
        The message breaks a rule of the standard.
    """
    require_valid(alert)
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    _add(root, "identifier", alert.identifier)
    _add(root, "sender", alert.sender)
    _add(root, "sent", alert.sent)
    _add(root, "status", alert.status)
    _add(root, "msgType", alert.msg_type)
    _add(root, "source", alert.source)
    _add(root, "scope", alert.scope)
    _add(root, "restriction", alert.restriction)
    _add(root, "addresses", alert.addresses)
    for code in alert.codes:
        _add(root, "code", code)
    _add(root, "note", alert.note)
    _add(root, "references", " ".join(alert.references))
    _add(root, "incidents", alert.incidents)
    for info in alert.infos:
        _add_info(root, info)
    etree.indent(root)
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return text + b"\n"


def cap_time(t_ns: int) -> str:
    """Whole seconds in UTC as the standard writes them: "2026-03-01T16:30:00-00:00"."""
    utc = datetime.fromtimestamp(t_ns // NS_PER_S, tz=UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S-00:00")


def _add(parent: etree._Element, name: str, text: str) -> None:
    """A child with a text; none for an empty text."""
    if text:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text


def _add_info(root: etree._Element, info: Info) -> None:
    node = etree.SubElement(root, f"{{{NAMESPACE}}}info")
    _add(node, "language", info.language)
    for category in info.categories:
        _add(node, "category", category)
    _add(node, "event", info.event)
    for response in info.response_types:
        _add(node, "responseType", response)
    _add(node, "urgency", info.urgency)
    _add(node, "severity", info.severity)
    _add(node, "certainty", info.certainty)
    _add(node, "audience", info.audience)
    for code in info.event_codes:
        _add_named(node, "eventCode", code)
    _add(node, "effective", info.effective)
    _add(node, "onset", info.onset)
    _add(node, "expires", info.expires)
    _add(node, "senderName", info.sender_name)
    _add(node, "headline", info.headline)
    _add(node, "description", info.description)
    _add(node, "instruction", info.instruction)
    _add(node, "web", info.web)
    _add(node, "contact", info.contact)
    for parameter in info.parameters:
        _add_named(node, "parameter", parameter)
    for resource in info.resources:
        _add_resource(node, resource)
    for area in info.areas:
        _add_area(node, area)


def _add_named(parent: etree._Element, name: str, named: Named) -> None:
    node = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    _add(node, "valueName", named.value_name)
    etree.SubElement(node, f"{{{NAMESPACE}}}value").text = named.value


def _add_resource(parent: etree._Element, resource: Resource) -> None:
    node = etree.SubElement(parent, f"{{{NAMESPACE}}}resource")
    _add(node, "resourceDesc", resource.resource_desc)
    _add(node, "mimeType", resource.mime_type)
    _add(node, "size", "" if resource.size is None else str(resource.size))
    _add(node, "uri", resource.uri)
    _add(node, "digest", resource.digest)


def _add_area(parent: etree._Element, area: CapArea) -> None:
    node = etree.SubElement(parent, f"{{{NAMESPACE}}}area")
    _add(node, "areaDesc", area.area_desc)
    for ring in area.polygons:
        _add(node, "polygon", " ".join(f"{_degrees(lat)},{_degrees(lon)}" for lat, lon in ring))
    for circle in area.circles:
        middle = f"{_degrees(circle.lat_deg)},{_degrees(circle.lon_deg)}"
        _add(node, "circle", f"{middle} {circle.radius_km:.3f}")
    for geocode in area.geocodes:
        _add_named(node, "geocode", geocode)
    _add(node, "altitude", "" if area.altitude is None else f"{area.altitude:g}")
    _add(node, "ceiling", "" if area.ceiling is None else f"{area.ceiling:g}")


def _degrees(value: float) -> str:
    return f"{value:.{_DECIMALS}f}"
