"""Disks for tests: one that remembers what reached it and when, and one that fails on demand.

The model of a power loss: what was synced is there; of what was written since, any part may be, in
any order, down to single sectors of 512 bytes; a file that was deleted may be back. Bytes that a
write did not touch stay as they were (SQLite calls this "powersafe overwrite" and relies on it).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import apsw

SECTOR = 512
Reached = Callable[["Op"], bool]


class Op(NamedTuple):
    """Something that was asked of the disk. ``data`` is b"" but for writes."""

    kind: str
    name: str
    offset: int = 0
    data: bytes = b""


class Recorder(apsw.VFS):
    """Passes everything on to the real disk and keeps a list of it.

    Attributes
    ----------
    ops : what changed, and `mark`\\ s of the test as ``Op("mark", …)``
    trouble : asked before each change; what it returns is raised instead
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.vfs_name = name
        self.ops: list[Op] = []
        self.trouble: Callable[[Op], Exception | None] = lambda _: None

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        return _File(self, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        self.note(Op("delete", Path(name).name))
        super().xDelete(name, sync)

    def excepthook(self, *_: Any) -> None:
        """SQLite passes over some failures, e.g. of a checkpoint; nobody needs to be told."""

    def note(self, op: Op) -> None:
        error = self.trouble(op)
        if error is not None:
            raise error
        self.ops.append(op)

    def mark(self, seq: int, first_seq: int = 1) -> None:
        """The journal has said that it holds these."""
        self.ops.append(Op("mark", "", seq, str(first_seq).encode()))


class _File(apsw.VFSFile):
    def __init__(self, disk: Recorder, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk, self._name = disk, Path(path).name if path else "(temporary)"

    def excepthook(self, *_: Any) -> None:
        """See `Recorder`."""

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.note(Op("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.note(Op("sync", self._name))
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:
        self._disk.note(Op("truncate", self._name, size))
        super().xTruncate(size)


# --- what a power loss leaves ---------------------------------------------------------------------


@dataclass
class _Inode:
    durable: bytearray | None = None  # None = not on disk yet
    pending: list[Op] = field(default_factory=list)


class Platter:
    """What is surely on disk after some operations, and what may be."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = {name: _Inode(bytearray(content)) for name, content in files.items()}
        self._deleted: dict[str, bytearray] = {}

    def take(self, op: Op) -> None:
        """Move on by one operation."""
        if op.kind == "delete":
            inode = self._files.pop(op.name, _Inode())
            if inode.durable is not None:
                self._deleted[op.name] = inode.durable
        elif op.kind == "sync":
            inode = self._files.setdefault(op.name, _Inode())
            if inode.durable is None and op.name.endswith(("-wal", "-journal")):
                self._deleted.clear()  # SQLite syncs the folder with a new log's first sync
            inode.durable = _applied(inode.durable or bytearray(), inode.pending)
            inode.pending = []
        elif op.kind != "mark":
            self._files.setdefault(op.name, _Inode()).pending.append(op)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to chance."""
        return not self._deleted and not any(one.pending for one in self._files.values())

    def after_power_loss(self, part: str, rng: random.Random) -> dict[str, bytes]:
        """The files, if of what is not synced "none", "all", "some" or "torn" parts arrived."""
        found: dict[str, bytes] = {}
        for name, content in self._deleted.items():
            if part == "none" or (part != "all" and rng.random() < 0.5):
                found[name] = bytes(content)
        for name, inode in self._files.items():
            reached = list(_reached(inode.pending, part, rng))
            if inode.durable is None and not reached:
                continue
            found[name] = bytes(_applied(inode.durable or bytearray(), reached))
        return found


def _reached(pending: list[Op], part: str, rng: random.Random) -> Iterator[Op]:
    if part == "all":
        yield from pending
    elif part == "some":
        yield from (op for op in pending if rng.random() < 0.5)
    elif part == "torn":
        for op in pending:
            if op.kind != "write":
                if rng.random() < 0.5:
                    yield op
                continue
            yield from (piece for piece in _sectors(op) if rng.random() < 0.5)


def _sectors(op: Op) -> Iterator[Op]:
    start = op.offset
    end = op.offset + len(op.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield Op("write", op.name, start, op.data[start - op.offset : stop - op.offset])
        start = stop


def _applied(content: bytearray, ops: list[Op]) -> bytearray:
    content = bytearray(content)
    for op in ops:
        if op.kind == "truncate":
            del content[op.offset :]
        else:
            if len(content) < op.offset:
                content.extend(bytes(op.offset - len(content)))
            content[op.offset : op.offset + len(op.data)] = op.data
    return content
