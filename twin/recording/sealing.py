"""A sealed file: a span of a recording, signed, that another party can check offline."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from twin.recording.form import ROOM, SEAL, STATE, RecordingError
from twin.recording.reading import Recording
from twin.recording.verify import seal_message
from twin.recording.writing import RecordingWriter


class SealKey(Protocol):
    """What signs: the hub's key."""

    @property
    def public_key(self) -> bytes:
        """Ed25519, 32 bytes."""

    def sign(self, message: bytes, /) -> bytes:
        """Ed25519 signature, 64 bytes."""


def seal(
    recording: Recording,
    path: Path,
    *,
    key: SealKey,
    reason: str,
    now_ns: int,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> int:
    """Write a span of a recording as a file of its own, and sign it; how many messages.

    The last whole room and sample state before the span come first, so that it can be replayed.

    Raises
    ------
    RecordingError
        The span is empty, a part of it is damaged, or the file cannot be written.
    """
    span = (
        recording.start_ns if start_ns is None else start_ns,
        recording.end_ns if end_ns is None else end_ns,
    )
    writer = RecordingWriter(path)
    try:
        _copy(recording, writer, *span)
        said = {
            "chunks": str(writer.n_chunks), "chain": writer.chain, "reason": reason,
            "start_ns": str(span[0]), "end_ns": str(span[1]), "sealed_ns": str(now_ns),
            "scene": recording.about.scene, "epoch": recording.about.epoch,
            "public_key": bytes(key.public_key).hex(),
        }  # fmt: skip
        said["signature"] = bytes(key.sign(seal_message(said))).hex()
        writer.add_metadata(SEAL, said)
        writer.close()
    except BaseException:
        writer.abandon()
        path.unlink(missing_ok=True)
        raise
    return writer.n_messages


def _copy(recording: Recording, writer: RecordingWriter, start_ns: int, end_ns: int) -> None:
    """Copy a span and what it needs to be shown."""
    n_damage = len(recording.damage)
    first_ns = _begin(recording, start_ns)
    for message in recording.messages(after_ns=first_ns - 1, to_ns=end_ns):
        writer.add(message.channel, message.data, message.t_ns, message.said_ns)
    if not writer.n_messages:
        raise RecordingError(f"The recording holds nothing of this span: {recording.path}")
    if len(recording.damage) > n_damage:
        raise RecordingError(f"{recording.damage[-1]}: {recording.path} cannot be sealed")
    writer.flush()


def _begin(recording: Recording, start_ns: int) -> int:
    """Where to begin so that `start_ns` can be shown: the last whole room, and samples."""
    firsts = [recording.latest(channel, start_ns) for channel in (ROOM, STATE)]
    known = [one.t_ns for one in firsts if one is not None]
    return min([start_ns, *known]) if known else start_ns
