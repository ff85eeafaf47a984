"""The listing in docs/wire-protocol.md is what the encoder makes, byte for byte.

``CIVITWIN_WRITE_DOCS=1 pytest tests/twin/test_wire_doc.py`` writes it anew after a change.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from twin.link import wire

PAGE = Path(__file__).resolve().parents[2] / "docs" / "wire-protocol.md"
BEGIN, END = "<!-- example:begin -->\n", "<!-- example:end -->"
T_NS = 1_772_373_727_250_000_000


def example_frames() -> list[bytes]:
    return wire.encode_batch(
        "my-gauge", "e1", 41, np.array([0, 7], np.uint32), np.array([T_NS, T_NS]),
        np.array([1.84, 61.5]), np.array([0, 1], np.uint8), T_NS + 2_500_000,
    )  # fmt: skip


def listing(frames: list[bytes]) -> str:
    rows = []
    for number, frame in enumerate(frames):
        for at in range(0, len(frame), 16):
            part = frame[at : at + 16]
            text = "".join(chr(b) if 32 <= b < 127 else "." for b in part)
            head = f"frame {number}" if at == 0 else ""
            rows.append(f"{head:8}{at:04x}  {part.hex(' '):47}  {text}")
    return "```text\n" + "\n".join(rows) + "\n```\n"


def test_the_listing_is_what_the_encoder_makes():
    page = PAGE.read_text("utf-8")
    start, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    if os.environ.get("CIVITWIN_WRITE_DOCS"):
        page = page[:start] + listing(example_frames()) + page[end:]
        PAGE.write_text(page, "utf-8")
        end = page.index(END)
    assert page[start:end] == listing(example_frames())


def test_the_listing_alone_can_be_decoded():
    page = PAGE.read_text("utf-8")
    shown = page[page.index(BEGIN) : page.index(END)]
    frames: list[bytes] = []
    for line in shown.splitlines():
        found = re.match(r"(frame \d|       ) ([0-9a-f]{4})  ((?:[0-9a-f]{2} ?)+)", line)
        if found and found[1].strip():
            frames.append(b"")
        if found:
            frames[-1] += bytes.fromhex(found[3])
    batch = wire.decode(frames)
    assert isinstance(batch, wire.SampleBatch)
    assert (batch.source, batch.epoch, batch.seq) == ("my-gauge", "e1", 41)
    assert batch.sent_ns - T_NS == 2_500_000
    assert batch.indices.tolist() == [0, 7]
    assert batch.values.tolist() == [1.84, 61.5]
    assert batch.quality.tolist() == [0, 1]


def test_the_json_examples_are_accepted():
    page = PAGE.read_text("utf-8")
    n_seen = 0
    for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL):
        texts = [block] if '"epoch"' in block else block.splitlines()
        for text in texts:
            topic = b"v1/a/my-network/" if '"epoch"' in text else b"v1/j/my-gauge/"
            assert wire.decode([topic, text.encode()])
            n_seen += 1
    assert n_seen == 4
