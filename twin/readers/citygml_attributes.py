"""Attributes of CityGML objects: generic ones, simple properties, addresses, data of extensions."""

from __future__ import annotations

import re
from functools import lru_cache

from twin.readers.citygml_stream import Element, attribute, children

_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
#: Names of codes, which stay text though they look like numbers.
_CODE = re.compile(r"(?i)(^class$|^function$|^usage$|^species$|type$|code$|id$|name$|value$)")
_GENERIC = re.compile(r"(?i)^(string|int|double|measure|date|uri|code)attribute$")
_GENERIC_NUMBERS = ("int", "double", "measure")
#: Properties whose objects are no attributes.
_NO_DATA = frozenset({"Envelope", "EnvelopeWithTimePeriod", "Appearance", "TimeInstant"})
_ADDRESS_PARTS = (
    ("Thoroughfare", ("ThoroughfareName", "ThoroughfareNumber")),
    ("Locality", ("PostalCodeNumber", "LocalityName")),
)


def take_simple(name: str, element: Element, into: dict[str, object]) -> None:
    """Note a property that holds nothing but text; the first of several wins unless they add."""
    text = (element.text or "").strip()
    if not text:
        return
    value = _value(name, text, is_code=bool(element.get("codeSpace")), uom=element.get("uom"))
    if name in ("function", "usage") and name in into:
        into[name] = f"{into[name]}, {value}"
    else:
        into.setdefault(name, value)


def take_generic(name: str, element: Element, into: dict[str, object]) -> bool:
    """Note a generic attribute (also a set of them); False where it is none."""
    if name in ("genericAttribute", "genericAttributeSet", "GenericAttributeSet"):
        for inner_name, inner in children(element):
            take_generic(inner_name, inner, into)
        return True
    found = _GENERIC.match(name)
    if found is None:
        return False
    texts = {key: (one.text or "").strip() for key, one in children(element)}
    named = attribute(element, "name") or texts.get("name", "")
    text = texts.get("value", "")
    if named and text:
        is_number = found[1].lower() in _GENERIC_NUMBERS
        into.setdefault(named, _float(text) if is_number else text)
    return True


def take_data(name: str, element: Element, into: dict[str, object], prefix: str = "") -> None:
    """Flatten a data object: "Object.leaf"; its key and value where it is such a pair."""
    if name in _NO_DATA:
        return
    if name == "Address":
        into.setdefault("address", address_of(element))
        return
    leaves = {key: child for key, child in children(element) if not len(child)}
    if "key" in leaves and "codeValue" in leaves:
        take_simple(f"key {_text(leaves['key'])}", leaves["codeValue"], into)
        return
    if name == "Height" and "value" in leaves:
        take_simple("height", leaves["value"], into)
        return
    path = f"{prefix}{name}."
    for key, child in children(element):
        if not len(child):
            take_simple(path + key, child, into)
        for inner_name, inner in children(child):
            take_data(inner_name, inner, into, path)


def address_of(element: Element) -> str:
    """Street and number, then post code and place, as one line."""
    texts: dict[str, list[str]] = {}
    for inner in element.iter():
        if isinstance(inner.tag, str) and inner.text and inner.text.strip():
            name = inner.tag.rpartition("}")[2]
            texts.setdefault(name, []).append(inner.text.strip())
    parts = (
        " ".join(text for name in names for text in texts.get(name, ())[:1])
        for _, names in _ADDRESS_PARTS
    )
    return ", ".join(part for part in parts if part)


def _text(element: Element) -> str:
    return (element.text or "").strip()


def _value(name: str, text: str, *, is_code: bool, uom: str | None) -> object:
    if uom is None and (is_code or _is_code_name(name)):
        return text
    return float(text) if _NUMBER.fullmatch(text) else text


@lru_cache(maxsize=4096)
def _is_code_name(name: str) -> bool:
    return _CODE.search(name.rpartition(".")[2]) is not None


def _float(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text
