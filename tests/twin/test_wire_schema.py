"""docs/wire-schema.json is that of the types, and what would break a client is found."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from wire_schema import breaks

PAGE = ROOT / "docs" / "wire-schema.json"
Schema = dict[str, Any]


@pytest.fixture(scope="module")
def committed() -> Schema:
    schema: Schema = json.loads(PAGE.read_text("utf-8"))
    return schema


def test_the_file_is_that_of_the_types() -> None:
    command = [sys.executable, "scripts/wire_schema.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_message_and_table_is_in_it(committed: Schema) -> None:
    tags = set(committed["messages"]["to_hub"]["discriminator"]["mapping"])
    assert {"hello", "submit", "act", "reply", "get_snapshot"} <= tags
    assert {"command", "operator", "lease", "event"} <= set(committed["tables"])
    assert {"command.state", "lease.taken", "operator.joined"} <= set(committed["event_bodies"])
    assert {"approval.give", "lease.take", "mark.put"} <= set(committed["act_bodies"])


def _remove(schema: Schema) -> None:
    del schema["$defs"]["Heartbeat"]["properties"]["trouble"]


def _retype(schema: Schema) -> None:
    schema["$defs"]["CommandRequest"]["properties"]["type_version"] = {"type": "string"}


def _require(schema: Schema) -> None:
    schema["$defs"]["Hello"]["required"].append("person")


def _require_new(schema: Schema) -> None:
    schema["$defs"]["Hello"]["properties"]["shoe_size"] = {"type": "integer"}
    schema["$defs"]["Hello"]["required"].append("shoe_size")


def _change_default(schema: Schema) -> None:
    schema["$defs"]["Refused"]["properties"]["is_final"]["default"] = False


def _drop_message(schema: Schema) -> None:
    schema["messages"]["to_hub"]["anyOf"].remove({"$ref": "#/$defs/Cancel"})


def _drop_state(schema: Schema) -> None:
    schema["$defs"]["CommandState"]["enum"].remove("VERIFIED")


def _drop_table(schema: Schema) -> None:
    del schema["tables"]["lease"]


def _make_nullable(schema: Schema) -> None:
    schema["$defs"]["Pong"]["properties"]["seq"] = {
        "anyOf": [{"type": "integer"}, {"type": "null"}]
    }


def _shorten_vertices(schema: Schema) -> None:
    vertices = schema["$defs"]["ActuatorReply"]["properties"]["route"]["items"]
    assert len(vertices["prefixItems"]) == vertices["maxItems"] == 3
    vertices["prefixItems"].pop()
    vertices["maxItems"] = vertices["minItems"] = 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_remove, "trouble was removed"),
        (_retype, "type_version was retyped"),
        (_require, "person was made required"),
        (_require_new, "shoe_size was made required"),
        (_change_default, "is_final has another default"),
        (_drop_message, "messages to_hub is no longer cancel"),
        (_drop_state, "can no longer be VERIFIED"),
        (_drop_table, "tables lease was removed"),
        (_make_nullable, "seq "),
        (_shorten_vertices, "route"),
    ],
)
def test_what_breaks_a_client_is_found(
    committed: Schema, change: Callable[[Schema], None], sentence: str
) -> None:
    new = copy.deepcopy(committed)
    change(new)
    found = "\n".join(breaks(committed, new))
    assert sentence in found


def test_what_a_client_may_ignore_is_no_break(committed: Schema) -> None:
    new = copy.deepcopy(committed)
    new["$defs"]["Hello"]["properties"]["shoe_size"] = {"type": "integer", "default": 0}
    new["$defs"]["CommandState"]["enum"].append("PONDERED")
    new["tables"]["shoe"] = {"type": "object"}
    new["$defs"]["Wave"] = {"type": "object", "properties": {"type": {"enum": ["wave"]}}}
    new["messages"]["to_hub"]["anyOf"].append({"$ref": "#/$defs/Wave"})
    assert breaks(committed, committed) == []
    assert breaks(committed, new) == []


def test_another_protocol_may_differ(committed: Schema) -> None:
    new = copy.deepcopy(committed)
    _remove(new)
    assert breaks(committed, new | {"protocol": "civ2"}) == []
