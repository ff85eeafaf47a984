"""One meaning, one byte string; and nothing else is taken for a signature."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from twin.room.model import CommandRequest
from twin.security.canonical import (
    DOMAIN,
    CanonicalError,
    canonical,
    digest_of,
    is_signed_by,
    sign,
    signed_bytes,
)

_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | _FLOATS,
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=4), part, max_size=4)
    ),
    max_leaves=12,
)


def _request(**more: object) -> CommandRequest:
    fields = {
        "id": "c1", "type_id": "gate.set", "type_version": 1, "target_id": "g", "target_name": "G",
        "args": {"opening_pct": 40.0},
    }  # fmt: skip
    return msgspec.convert(fields | more, CommandRequest)


def test_the_bytes_are_the_prefix_and_rfc_8785_json():
    got = signed_bytes(
        kind="command.submit", body={"b": 1, "a": [1.50, "é"]}, epoch="e", drill=True
    )
    assert (
        got
        == DOMAIN
        + '{"body":{"a":[1.5,"é"],"b":1},"drill":true,"epoch":"e","kind":"command.submit"}'.encode()
    )


def test_a_struct_and_its_map_have_the_same_bytes_whatever_the_order():
    request = _request()
    fields = dict(reversed(msgspec.to_builtins(request).items()))
    assert canonical(request) == canonical(fields)
    assert digest_of(request) == hashlib.sha256(canonical(fields)).hexdigest()


def test_it_survives_the_wire():
    request = _request(args={"t_ns": 1_764_000_000_000_000_001, "x": [0.1, {"$int": "1"}]})
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=CommandRequest)
    assert digest_of(request) == digest_of(again)


def test_large_integers_cannot_be_confused_with_anything():
    large = 1_764_000_000_000_000_001
    lookalikes = [
        large,
        large + 1,
        str(large),
        {"$int": str(large)},
        {"$$int": str(large)},
        float(large),
    ]
    assert len({canonical(value) for value in lookalikes}) == len(lookalikes)
    assert json.loads(canonical(large)) == {"$int": str(large)}


@given(_JSON, _JSON)
def test_different_values_have_different_bytes(one, other):
    # Python's == takes True for 1; JSON does not.
    assert (canonical(one) == canonical(other)) == (_typed(one) == _typed(other))


def _typed(value):
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    if isinstance(value, int) and abs(value) > 2**53 - 1:
        return ("large", value)
    return ("text", value) if isinstance(value, str) else value


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {1: 2}, "\ud800", object(), b"x", {"a": [b"x"]}]
)
def test_what_is_not_plain_json_is_refused(value):
    with pytest.raises(CanonicalError, match="cannot be signed"):
        canonical(value)


def test_deep_nesting_is_refused_in_a_sentence():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(CanonicalError, match="nested too deeply"):
        canonical(deep)


def test_a_signature_is_of_one_key_and_one_message():
    ada, ben = SigningKey.generate(), SigningKey.generate()
    ada_public = ada.verify_key.encode().hex()
    fields = {"kind": "command.submit", "body": _request(), "epoch": "e1", "drill": False}
    signature = sign(ada, signed_bytes(**fields))
    assert is_signed_by(ada_public, signed_bytes(**fields), signature)
    assert not is_signed_by(ben.verify_key.encode().hex(), signed_bytes(**fields), signature)
    for change in (
        {"drill": True},
        {"epoch": "e2"},
        {"kind": "approval.give"},
        {"body": _request(args={"opening_pct": 41.0})},
        {"body": _request(target_id="h")},
        {"body": _request(id="c2")},
    ):
        assert not is_signed_by(ada_public, signed_bytes(**(fields | change)), signature), change


@pytest.mark.parametrize("signature", ["", "00" * 64, "zz" * 64, "é" * 128, "0" * 127, "00" * 65])
@pytest.mark.parametrize("key", ["", "00" * 32, "ff" * 32, "x" * 64, "12" * 32])
def test_rubbish_is_no_signature(key, signature):
    assert not is_signed_by(key, b"message", signature)
