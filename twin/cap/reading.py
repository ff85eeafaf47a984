"""CAP messages from XML that somebody else wrote: 1.2 and 1.1, alone or inside EDXL and Atom.

Hard-won rules (each guarded in tests/twin/test_cap.py):

1. No document type declaration is taken: with one, a message could pull in files and addresses,
   or grow to gigabytes.
2. Whatever is wrong is one `CapError` with one sentence; nothing of the message is used then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from lxml import etree

from twin.cap.model import (
    NAMESPACE,
    NAMESPACE_1_1,
    Alert,
    CapArea,
    CapError,
    Circle,
    Info,
    Named,
    Resource,
)
from twin.cap.rules import require_valid

MAX_BYTES = 4 << 20
MAX_ALERTS = 500
_MANY = 10_000

#: Children: name, fewest, most.
_Spec = tuple[tuple[str, int, int], ...]
_ALERT: _Spec = (
    ("identifier", 1, 1), ("sender", 1, 1), ("sent", 1, 1), ("status", 1, 1), ("msgType", 1, 1),
    ("password", 0, 1), ("source", 0, 1), ("scope", 1, 1), ("restriction", 0, 1),
    ("addresses", 0, 1), ("code", 0, _MANY), ("note", 0, 1), ("references", 0, 1),
    ("incidents", 0, 1), ("info", 0, _MANY),
)  # fmt: skip
_INFO: _Spec = (
    ("language", 0, 1), ("category", 1, _MANY), ("event", 1, 1), ("responseType", 0, _MANY),
    ("urgency", 1, 1), ("severity", 1, 1), ("certainty", 1, 1), ("audience", 0, 1),
    ("eventCode", 0, _MANY), ("effective", 0, 1), ("onset", 0, 1), ("expires", 0, 1),
    ("senderName", 0, 1), ("headline", 0, 1), ("description", 0, 1), ("instruction", 0, 1),
    ("web", 0, 1), ("contact", 0, 1), ("parameter", 0, _MANY), ("resource", 0, _MANY),
    ("area", 0, _MANY),
)  # fmt: skip
_RESOURCE: _Spec = (
    ("resourceDesc", 1, 1), ("mimeType", 0, 1), ("size", 0, 1), ("uri", 0, 1),
    ("derefUri", 0, 1), ("digest", 0, 1),
)  # fmt: skip
_AREA: _Spec = (
    ("areaDesc", 1, 1), ("polygon", 0, _MANY), ("circle", 0, _MANY), ("geocode", 0, _MANY),
    ("altitude", 0, 1), ("ceiling", 0, 1),
)  # fmt: skip
_NAMED: _Spec = (("valueName", 1, 1), ("value", 1, 1))


def read_alert(content: bytes) -> Alert:
    """The one message of a document.

    Raises
    ------
    CapError
        It holds none or several, or it breaks a rule.
    """
    found = read_alerts(content)
    if len(found) != 1:
        raise CapError(f"The document holds {len(found)} CAP messages where one was expected")
    return found[0]


def read_alerts(content: bytes) -> tuple[Alert, ...]:
    """All messages of a document, in their order; each is checked against the standard.

    Raises
    ------
    CapError
        It is no XML, holds no CAP message, or one of them breaks a rule.
    """
    root = _root_of(content)
    nodes = [node for node in root.iter() if _is_alert(node)]
    if not nodes:
        raise CapError(f"The document holds no CAP message: its root is <{_local(root)}>")
    if len(nodes) > MAX_ALERTS:
        raise CapError(f"The document holds over {MAX_ALERTS} CAP messages")
    alerts = tuple(_alert_of(node) for node in nodes)
    for alert in alerts:
        require_valid(alert)
    return alerts


def _root_of(content: bytes) -> etree._Element:
    if len(content) > MAX_BYTES:
        raise CapError(f"A CAP document has at most {MAX_BYTES >> 20} MiB, this one is larger")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it is empty"
        raise CapError(f"The document is no XML: {reason}") from None
    if root.getroottree().docinfo.doctype:
        raise CapError("The document declares a DOCTYPE, which no CAP message may have")
    return root


def _is_alert(node: etree._Element) -> bool:
    return node.tag in (f"{{{NAMESPACE}}}alert", f"{{{NAMESPACE_1_1}}}alert")


def _local(node: etree._Element) -> str:
    name: str = etree.QName(node).localname
    return name


class _Children:
    """The children of one element: only those of the standard, as often as it has them.

    Their order is not checked, and elements of other namespaces are passed over: real services
    send messages that mix it up and carry more.
    """

    def __init__(self, node: etree._Element, spec: _Spec) -> None:
        self._where = f"<{_local(node)}>"
        self._by_name: dict[str, list[etree._Element]] = {name: [] for name, _, _ in spec}
        namespace = etree.QName(node).namespace
        for child in node:
            if etree.QName(child).namespace != namespace:
                continue
            name = _local(child)
            if name not in self._by_name:
                raise CapError(f"{self._where} holds a <{name[:40]}>, which CAP does not know")
            self._by_name[name].append(child)
        for name, fewest, most in spec:
            self._count(name, fewest, most)

    def _count(self, name: str, fewest: int, most: int) -> None:
        count = len(self._by_name[name])
        if count < fewest:
            raise CapError(f"{self._where} has no <{name}>")
        if count > most:
            raise CapError(f"{self._where} has {count} <{name}>, at most {most} may be there")

    def nodes(self, name: str) -> list[etree._Element]:
        """All children of a name."""
        return self._by_name[name]

    def texts(self, name: str) -> tuple[str, ...]:
        """Their texts, empty ones left out."""
        found = (_text_of(node) for node in self._by_name[name])
        return tuple(text for text in found if text)

    def text(self, name: str) -> str:
        """The text of the only one, "" where it is absent or empty."""
        return next(iter(self.texts(name)), "")

    def number(self, name: str) -> float | None:
        """The same as a number, None where it is absent."""
        text = self.text(name)
        return _number(text, f"<{name}>") if text else None


def _text_of(node: etree._Element) -> str:
    if len(node):
        raise CapError(f"<{_local(node)}> holds elements where a text is expected")
    return (node.text or "").strip()


def _alert_of(node: etree._Element) -> Alert:
    children = _Children(node, _ALERT)
    if children.nodes("references") and not children.text("references"):
        raise CapError("<references> is empty; leave it out where there is none")
    return Alert(
        identifier=children.text("identifier"),
        sender=children.text("sender"),
        sent=children.text("sent"),
        status=children.text("status"),
        msg_type=children.text("msgType"),
        scope=children.text("scope"),
        source=children.text("source"),
        restriction=children.text("restriction"),
        addresses=children.text("addresses"),
        codes=children.texts("code"),
        note=children.text("note"),
        references=tuple(children.text("references").split()),
        incidents=children.text("incidents"),
        infos=tuple(_info_of(child) for child in children.nodes("info")),
    )


def _info_of(node: etree._Element) -> Info:
    children = _Children(node, _INFO)
    return Info(
        language=children.text("language") or "en-US",
        categories=children.texts("category"),
        event=children.text("event"),
        response_types=children.texts("responseType"),
        urgency=children.text("urgency"),
        severity=children.text("severity"),
        certainty=children.text("certainty"),
        audience=children.text("audience"),
        event_codes=_named(children.nodes("eventCode")),
        effective=children.text("effective"),
        onset=children.text("onset"),
        expires=children.text("expires"),
        sender_name=children.text("senderName"),
        headline=children.text("headline"),
        description=children.text("description"),
        instruction=children.text("instruction"),
        web=children.text("web"),
        contact=children.text("contact"),
        parameters=_named(children.nodes("parameter")),
        resources=tuple(_resource_of(child) for child in children.nodes("resource")),
        areas=tuple(_area_of(child) for child in children.nodes("area")),
    )


def _named(nodes: Iterable[etree._Element]) -> tuple[Named, ...]:
    found = []
    for node in nodes:
        children = _Children(node, _NAMED)
        named = Named(value_name=children.text("valueName"), value=children.text("value"))
        found.append(named)
    return tuple(found)


def _resource_of(node: etree._Element) -> Resource:
    children = _Children(node, _RESOURCE)
    size = children.number("size")
    return Resource(
        resource_desc=children.text("resourceDesc"),
        mime_type=children.text("mimeType"),
        size=None if size is None else int(size),
        uri=children.text("uri"),
        digest=children.text("digest"),
    )


def _area_of(node: etree._Element) -> CapArea:
    children = _Children(node, _AREA)
    return CapArea(
        area_desc=children.text("areaDesc"),
        polygons=tuple(_ring_of(_text_of(child)) for child in children.nodes("polygon")),
        circles=tuple(_circle_of(_text_of(child)) for child in children.nodes("circle")),
        geocodes=_named(children.nodes("geocode")),
        altitude=children.number("altitude"),
        ceiling=children.number("ceiling"),
    )


def _ring_of(text: str) -> tuple[tuple[float, float], ...]:
    return tuple(_point_of(pair, "<polygon>") for pair in text.split())


def _circle_of(text: str) -> Circle:
    middle, _, radius = text.partition(" ")
    lat, lon = _point_of(middle, "<circle>")
    return Circle(lat_deg=lat, lon_deg=lon, radius_km=_number(radius.strip(), "<circle>"))


def _point_of(pair: str, where: str) -> tuple[float, float]:
    lat, comma, lon = pair.partition(",")
    if not comma:
        raise CapError(f"{where} has {pair[:40]!r} where latitude,longitude is expected")
    return _number(lat, where), _number(lon, where)


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CapError(f"{where} has {text[:40]!r} where a number is expected")
    return value
