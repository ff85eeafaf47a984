"""Writes docs/wire-schema.json, the JSON Schema of everything that goes over the hub's sockets.

``python scripts/wire_schema.py`` rewrites it, and refuses when a client that was written against
the old one could break; ``--break`` writes it nevertheless (say so in the change's fragment).
``--check`` says whether the file is up to date and, if it is not, what would break.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from twin.hub.desks.base import desk_registry  # noqa: E402
from twin.link.control import FromHub, Published, ToHub  # noqa: E402
from twin.link.control_frames import PROTOCOL  # noqa: E402
from twin.room.model import Event  # noqa: E402
from twin.room.parts.base import Fingerprint, part_registry  # noqa: E402

PAGE = ROOT / "docs" / "wire-schema.json"
_COMMENT = (
    "Written by scripts/wire_schema.py. messages: the maps of the sockets; tables: entries of a"
    " snapshot's room; event_bodies: what a room reads of an event's body, by kind (a body may hold"
    " more); act_bodies: bodies of acts, by kind. Fields not required have their default when left"
    " out. On the wire it is msgpack, and contentEncoding base64 stands for its bytes."
)
_EXACT = (
    "type", "const", "contentEncoding", "format", "pattern", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems",
    "additionalProperties",
)  # fmt: skip
Schema = dict[str, Any]


def wire_types() -> dict[str, dict[str, list[Any]]]:
    """Types by chapter and name; a kind that several parts of the room read has several."""
    return {
        "messages": {"to_hub": [ToHub], "from_hub": [FromHub], "published": [Published]},
        "tables": _tables(),
        "event_bodies": _event_bodies(),
        "act_bodies": _act_bodies(),
    }


def _tables() -> dict[str, list[Any]]:
    parts = [part_type.make(Fingerprint()) for part_type in part_registry()]
    tables = {table.name: [table.entry_type] for part in parts for table in part.tables}
    return {"event": [Event], **tables}


class _ReadsBody(Exception):
    """Ends a handler as soon as it has said what it reads."""


def _event_bodies() -> dict[str, list[Any]]:
    """Ask each handler of the room what it reads: it says so in its first step."""
    bodies: dict[str, list[Any]] = {}

    def remember(event: Event, body_type: Any) -> None:
        bodies.setdefault(event.kind, []).append(body_type)
        raise _ReadsBody

    for part_type in part_registry():
        part = part_type.make(Fingerprint())
        module = sys.modules[type(part).__module__]
        if not hasattr(module, "read_body"):
            continue
        with mock.patch.object(module, "read_body", remember):
            for kind, handle in part.handlers().items():
                try:
                    handle(Event(seq=1, t_ns=0, kind=kind, actor="", body={}))
                except _ReadsBody:
                    continue
    return bodies


def _act_bodies() -> dict[str, list[Any]]:
    desks = [desk_type.make(mock.MagicMock()) for desk_type in desk_registry()]
    return {kind: [taken.body_type] for desk in desks for kind, taken in desk.acts().items()}


def schema() -> Schema:
    """The whole of it."""
    chapters = wire_types()
    every = [one for names in chapters.values() for types in names.values() for one in types]
    schemas, components = msgspec.json.schema_components(every, ref_template="#/$defs/{name}")
    by_type = iter(_without_texts(list(schemas)))
    page: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": _COMMENT,
        "protocol": PROTOCOL.decode(),
    }
    for chapter, names in chapters.items():
        told = {name: [next(by_type) for _ in types] for name, types in names.items()}
        page[chapter] = {
            name: parts[0] if len(parts) == 1 else {"allOf": parts}
            for name, parts in sorted(told.items())
        }
    return page | {"$defs": dict(sorted(_without_texts(components).items()))}


def _without_texts(value: Any, *, is_names: bool = False) -> Any:
    """Leave docstrings out: another word in one is no other wire."""
    if isinstance(value, list):
        return [_without_texts(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_texts(item, is_names=key == "properties")
        for key, item in value.items()
        if is_names or key not in ("description", "title")
    }


# --- what a client that knows the old one would trip over ---------------------------------------


def breaks(old: Schema, new: Schema) -> list[str]:
    """One sentence for each thing that was removed, retyped, made required or given a default."""
    found: list[str] = []
    if old["protocol"] != new["protocol"]:
        return found  # another protocol altogether: its head says so
    for chapter in ("messages", "tables", "event_bodies", "act_bodies"):
        for name, before in old[chapter].items():
            where = f"{chapter} {name}"
            if name not in new[chapter]:
                found.append(f"{where} was removed")
            else:
                found += _Comparison(old, new).differences(before, new[chapter][name], where)
    return sorted(set(found))


class _Comparison:
    """Two schemas, walked side by side; what refers to itself is looked at once."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str]] = set()

    def differences(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        """What breaks from `old` to `new`."""
        pair = (json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True))
        if "$ref" in pair[0] and pair in self._seen:
            return
        self._seen.add(pair)
        if old.get("default", None) != new.get("default", None):
            yield f"{where} has another default"
        olds, news = self._choices(old, self._old), self._choices(new, self._new)
        for key, before in olds.items():
            if key in news:
                yield from self._one(before, news[key], f"{where}{key and f' “{key}”'}")
            else:
                yield f"{where} is no longer {key or before.get('type', 'the same')}"
        if not all(_is_tagged(choice) for choice in olds.values()):
            for key in set(news) - set(olds):
                yield f"{where} may now be {key}"

    def _choices(self, schema: Schema, root: Schema) -> dict[str, Schema]:
        """The alternatives by tag or type; a schema without any is the only one, named ""."""
        schema = _resolved(schema, root)
        choices = [_resolved(one, root) for one in schema.get("anyOf", [])]
        return {_tag(one) or str(one.get("type", "")): one for one in choices} or {"": schema}

    def _one(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        for key in _EXACT:
            if old.get(key) != new.get(key) and not isinstance(old.get(key), dict):
                yield f"{where} was retyped: {key} {old.get(key)} became {new.get(key)}"
        for value in old.get("enum", []):
            if value not in new.get("enum", []):
                yield f"{where} can no longer be {value}"
        yield from self._fields(old, new, where)
        for key in ("items", "additionalProperties"):
            if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
                yield from self.differences(old[key], new[key], f"{where}[]")
        pieces, others = old.get("prefixItems", []), new.get("prefixItems", [])
        for at, (piece, other) in enumerate(zip(pieces, others, strict=False)):
            yield from self.differences(piece, other, f"{where}[{at}]")
        for piece in old.get("allOf", []):  # each is what one part of the room reads
            trials = [_Comparison(self._old, self._new) for _ in new.get("allOf", [])]
            pairs = zip(trials, new.get("allOf", []), strict=True)
            told = [list(trial.differences(piece, other, where)) for trial, other in pairs]
            yield from min(told, key=len, default=[f"{where} is read otherwise"])

    def _fields(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        after = new.get("properties", {})
        for name, before in old.get("properties", {}).items():
            if name not in after:
                yield f"{where}.{name} was removed"
            else:
                yield from self.differences(before, after[name], f"{where}.{name}")
        for name in set(new.get("required", [])) - set(old.get("required", [])):
            yield f"{where}.{name} was made required"


def _resolved(schema: Schema, root: Schema) -> Schema:
    name = schema.get("$ref", "").rpartition("/")[2]
    return root["$defs"][name] if name else schema


def _tag(schema: Schema) -> str:
    """The `type` that tells a message from the others, "" for anything else."""
    values = schema.get("properties", {}).get("type", {}).get("enum", [])
    return str(values[0]) if len(values) == 1 else ""


def _is_tagged(schema: Schema) -> bool:
    return bool(_tag(schema))


def main() -> int:
    """Rewrite or check the file."""
    text = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    committed = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    broken = breaks(json.loads(committed), json.loads(text)) if committed else []
    print("".join(f"Breaks clients: {sentence}\n" for sentence in broken), end="")
    if "--check" in sys.argv:
        if committed != text:
            print("docs/wire-schema.json is behind: run python scripts/wire_schema.py")
        return int(committed != text)
    if broken and "--break" not in sys.argv:
        print("Not written; keep the old field beside the new one, or say --break")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
