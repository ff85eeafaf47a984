"""docs/journal.md: its example is what the code computes."""

from __future__ import annotations

from pathlib import Path

from tests.twin.journal.samples import HubKey
from twin.journal.verify import Seal, chain_of, genesis, seal_message

DOC = (Path(__file__).parents[3] / "docs" / "journal.md").read_text(encoding="utf-8")
EPOCH = "6f1c1a52-0000-4000-8000-000000000000"


def test_the_example_is_right() -> None:
    assert EPOCH in DOC
    chain = genesis(EPOCH)
    assert chain.hex() in DOC
    for row in (
        (1, 1_760_000_000_000_000_000, "hub.started", "hub", '{"text":"Hub started"}', ""),
        (
            2, 1_760_000_001_000_000_000, "note.added", "Ada (traffic)",
            '{"id":"n1","text":"Ü"}', "n1",
        ),
    ):  # fmt: skip
        chain = chain_of(chain, *row)
        assert all(f"`{text}`" in DOC for text in row[2:] if text)
        assert chain.hex() in DOC
    seal = Seal("checkpoint", 2, chain, 1_760_000_001_000_000_000, "", HubKey().public_key, b"")
    assert HubKey().public_key.hex() in DOC
    assert HubKey().sign(seal_message(EPOCH, seal)).hex() in DOC


def test_the_text_that_is_signed_has_these_lines() -> None:
    seal = Seal("KIND", 1, b"\xab", 2, "DETAIL", b"", b"")
    lines = seal_message("EPOCH", seal).decode().split("\n")
    assert lines == ["civitwin KIND", "EPOCH", "1", "ab", "2", "DETAIL", ""]
