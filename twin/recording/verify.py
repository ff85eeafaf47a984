"""Is a recording as it was written, and sealed by whom? Needs Python alone; seals also PyNaCl.

This one file holds the rules: ``civitwin verify-recording FILE`` is this file, and
``python verify.py FILE`` works on a copy of it anywhere. docs/time.md states the same in words.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import mmap
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EXIT_WRONG, EXIT_UNREADABLE = 1, 2
_MAGIC = bytes([137, 77, 67, 65, 80, 48, 13, 10])
_HEADER, _FOOTER, _CHUNK, _MESSAGE_INDEX, _CHUNK_INDEX, _METADATA, _DATA_END = 1, 2, 6, 7, 8, 12, 15
_MOST = 1 << 31
_LINK_NAMES = ("n", "offset", "length", "channels", "hash")


class WrongError(Exception):
    """The recording is not as it was written; the text says where."""


class UnreadableError(Exception):
    """There is no recording to check."""


@dataclass
class Report:
    """What was found. ``problem`` is "" when all is well.

    Attributes
    ----------
    seal : what the seal says, {} without one
    signature : "none", "right", or "not checked" (no PyNaCl here)
    """

    n_chunks: int = 0
    chain: str = ""
    is_closed: bool = False
    seal: dict[str, str] = field(default_factory=dict)
    signature: str = "none"
    problem: str = ""


def seal_message(said: Mapping[str, str]) -> bytes:
    """What is signed: every entry of the seal but the signature, in order of its name."""
    lines = (f"{name}={said[name]}\n" for name in sorted(said) if name != "signature")
    return ("civitwin recording seal 1\n" + "".join(lines)).encode()


def chained(before: str, said: Mapping[str, str]) -> str:
    """Chain value of a link, hex: of the one before it and of all that the link says."""
    lines = "".join(f"{name}={said[name]}\n" for name in _LINK_NAMES)
    return hashlib.blake2b((before + "\n" + lines).encode(), digest_size=32).hexdigest()


def sum_of(said: Mapping[str, str]) -> str:
    """Checksum of what a link says, so that a damaged one is not believed."""
    lines = "".join(f"{name}={said.get(name, '')}\n" for name in _LINK_NAMES)
    return f"{zlib.crc32(lines.encode()):08x}"


def verify(path: Path, public_keys: Sequence[str] = ()) -> Report:
    """Check every chunk, every link, the end and the seal.

    Parameters
    ----------
    public_keys : hex; if given, the file must be sealed by one of them

    Raises
    ------
    UnreadableError
        There is no such file, or it is no MCAP.
    """
    report = Report()
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:8] != _MAGIC:
                raise UnreadableError(f"This is no MCAP file: {path}")
            try:
                _check(data, report)
                _check_seal(report, [key.lower() for key in public_keys])
            except WrongError as error:
                report.problem = str(error)
            except (struct.error, ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
                report.problem = f"Behind chunk {report.n_chunks} nothing can be read ({error!r})"
    except (OSError, ValueError) as error:
        raise UnreadableError(f"The recording cannot be opened ({error}): {path}") from error
    return report


def _records(data: mmap.mmap, at: int) -> Iterator[tuple[int, int, int]]:
    """Opcode, beginning and end of each record."""
    while at + 9 <= len(data):
        if data[at : at + 8] == _MAGIC and at + 8 == len(data):
            return
        opcode, length = struct.unpack_from("<BQ", data, at)
        if length > _MOST or at + 9 + length > len(data):
            raise WrongError(f"The record at byte {at:,} is cut off or damaged")
        yield opcode, at, at + 9 + length
        at += 9 + length


def _check(data: mmap.mmap, report: Report) -> None:
    walk = _Walk(data, report)
    for opcode, start, end in _records(data, 8):
        walk.take(opcode, start, end)
    walk.end()


class _Walk:
    """From record to record."""

    def __init__(self, data: mmap.mmap, report: Report) -> None:
        self._data, self._report = data, report
        self._chunks: list[tuple[int, int]] = []
        self._indexed: list[tuple[int, int]] = []
        self._waiting: tuple[int, int] | None = None
        self._has_ended = False

    def take(self, opcode: int, start: int, end: int) -> None:
        if opcode == _HEADER:
            self._report.chain = _hash(self._data[:end])
        elif opcode == _CHUNK:
            self._chunk(start, end)
        elif opcode == _METADATA:
            self._metadata(start, *_metadata(self._data[start + 9 : end]))
        elif opcode == _MESSAGE_INDEX:
            if self._waiting is None:
                raise WrongError(f"The index at byte {start:,} belongs to no chunk")
        elif opcode == _DATA_END:
            self._has_ended = True
        elif opcode == _CHUNK_INDEX:
            _, _, offset, length = struct.unpack_from("<QQQQ", self._data, start + 9)
            self._indexed.append((offset, offset + length))

    def end(self) -> None:
        if self._waiting is not None:
            raise WrongError(
                f"The chunk at byte {self._waiting[0]:,} has no link: the file was cut off"
            )
        if not self._report.is_closed:
            raise WrongError(
                "The recording has no end: it was cut off, or its recorder was stopped"
            )
        if self._indexed != self._chunks:
            raise WrongError("The index at the end is not that of the chunks")

    def _chunk(self, start: int, end: int) -> None:
        if self._waiting is not None or self._has_ended or self._report.is_closed:
            raise WrongError(f"The chunk at byte {start:,} was put in")
        self._waiting = (start, end)

    def _metadata(self, start: int, name: str, said: dict[str, str]) -> None:
        if name == "civitwin.link":
            if self._waiting is None:
                raise WrongError(f"The link at byte {start:,} has no chunk")
            _link(self._data, self._waiting, start, said, self._report)
            self._chunks.append(self._waiting)
            self._waiting = None
        elif name == "civitwin.end":
            _end(said, self._report)
        elif name == "civitwin.seal":
            self._report.seal = said


def _link(
    data: mmap.mmap, chunk: tuple[int, int], at: int, said: Mapping[str, str], report: Report
) -> None:
    start, end = chunk
    report.n_chunks += 1
    expected = {
        "n": str(report.n_chunks), "offset": str(start), "length": str(end - start),
        "channels": said["channels"], "hash": _hash(data[start:at]),
    }  # fmt: skip
    expected["chain"] = chained(report.chain, expected)
    expected["sum"] = sum_of(expected)
    if dict(said) != expected:
        raise WrongError(f"Chunk {report.n_chunks} at byte {start:,} is not as it was written")
    report.chain = expected["chain"]


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def _end(said: Mapping[str, str], report: Report) -> None:
    if (said["chunks"], said["chain"]) != (str(report.n_chunks), report.chain):
        raise WrongError("The end of the recording is not that of its chunks")
    report.is_closed = True


def _metadata(data: bytes) -> tuple[str, dict[str, str]]:
    name, at = _text(data, 0)
    if int.from_bytes(data[at : at + 4], "little") != len(data) - at - 4:
        raise ValueError("a metadata record is not as long as it says")
    at += 4
    said: dict[str, str] = {}
    while at < len(data):
        key, at = _text(data, at)
        said[key], at = _text(data, at)
    return name, said


def _text(data: bytes, at: int) -> tuple[str, int]:
    length = int.from_bytes(data[at : at + 4], "little")
    if at + 4 + length > len(data):
        raise ValueError("a text is longer than its record")
    return data[at + 4 : at + 4 + length].decode(), at + 4 + length


def _check_seal(report: Report, public_keys: Sequence[str]) -> None:
    seal = report.seal
    if not seal:
        if public_keys:
            raise WrongError("The recording is not sealed")
        return
    if (seal["chunks"], seal["chain"]) != (str(report.n_chunks), report.chain):
        raise WrongError("The seal is that of another recording")
    if public_keys and seal["public_key"].lower() not in public_keys:
        raise WrongError(f"The recording is sealed by another key: {seal['public_key']}")
    try:
        from nacl.exceptions import CryptoError
        from nacl.signing import VerifyKey
    except ImportError:
        report.signature = "not checked"
        return
    try:
        key, signature = bytes.fromhex(seal["public_key"]), bytes.fromhex(seal["signature"])
        VerifyKey(key).verify(seal_message(seal), signature)
    except (CryptoError, ValueError, TypeError) as error:
        raise WrongError("The seal is not signed by the key it names") from error
    report.signature = "right"


def sentence(report: Report) -> str:
    """The result for a person."""
    if report.problem:
        return report.problem
    text = f"{report.n_chunks:,} chunks are as they were written"
    if not report.seal:
        return f"{text}; not sealed, so only accidents can be ruled out"
    by = f"sealed by {report.seal['public_key']}"
    missing = "" if report.signature == "right" else " (signature NOT checked: pip install PyNaCl)"
    return f"{text}; {by}{missing}: {report.seal.get('reason', '')}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``civitwin verify-recording`` and of this file run by itself."""
    parser.add_argument("file", type=Path, metavar="FILE", help="recording")
    parser.add_argument(
        "--public-key", action="append", default=[], metavar="HEX",
        help="it must be sealed by this key (may be repeated)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Check and tell; 0 = as written, 1 = not, 2 = cannot be read."""
    try:
        report = verify(arguments.file, arguments.public_key)
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return EXIT_UNREADABLE
    if arguments.json:
        found = {"file": str(arguments.file), "ok": not report.problem, **report.__dict__}
        print(json.dumps(found))
    else:
        print(f"{arguments.file}: {sentence(report)}")
    return EXIT_WRONG if report.problem else 0


def main() -> int:
    """Run by itself."""
    parser = argparse.ArgumentParser(description="Checks that a recording is as it was written.")
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
