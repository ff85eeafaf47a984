"""Which row groups of a table may hold a text: a bit a hash of four letters, for each group."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.arrays import BoolArray, UInt8Array
from twin.errors import ReadError

if TYPE_CHECKING:
    import pyarrow as pa

#: Bits a row group; a hundred thousand addresses set about a tenth of them.
BITS = 1 << 17
#: Letters that are hashed together; shorter texts cannot be looked up.
LETTERS = 4
_MAGIC = b"CTFIND1\n"


def lowered(texts: pa.Array) -> pa.Array:
    """Lower case, as both the index and the search see it."""
    import pyarrow.compute as pc

    return pc.utf8_lower(pc.fill_null(texts, ""))


def bits_of(columns: list[pa.Array]) -> UInt8Array:
    """(BITS / 8,) packed bits of some rows' texts."""
    bits = np.zeros(BITS, bool)
    for column in columns:
        texts = lowered(column)
        content = texts.buffers()[2]
        if content is not None and content.size >= LETTERS:
            bits[_hashes(np.frombuffer(content, np.uint8))] = True
    return np.packbits(bits)


def _hashes(letters: UInt8Array) -> NDArray[np.int64]:
    """Hash of each four letters in a row; those across two texts do no harm."""
    words = letters[: len(letters) - 3].astype(np.uint32)
    for shift in (1, 2, 3):
        words |= letters[shift : len(letters) - 3 + shift].astype(np.uint32) << np.uint32(8 * shift)
    mixed = words * np.uint32(2_654_435_761)
    return ((mixed ^ (mixed >> np.uint32(15))) & np.uint32(BITS - 1)).astype(np.int64)


def write_index(path: Path, groups: list[UInt8Array]) -> None:
    """Write the packed bits of all row groups."""
    packed = zlib.compress(b"".join(one.tobytes() for one in groups), 1)
    path.write_bytes(_MAGIC + len(groups).to_bytes(4, "little") + packed)


class TextIndex:
    """The bits of all row groups of a table. Any thread.

    Raises
    ------
    ReadError
        The file is no index, or of another table.
    """

    def __init__(self, path: Path, n_groups: int) -> None:
        content = path.read_bytes()
        head = len(_MAGIC) + 4
        try:
            bits = np.frombuffer(zlib.decompress(content[head:]), np.uint8)
        except zlib.error as error:
            raise ReadError(
                "The text index is damaged; import the city again", path=path
            ) from error
        if content[: len(_MAGIC)] != _MAGIC or len(bits) != n_groups * BITS // 8:
            raise ReadError("The text index is of another table; import the city again", path=path)
        self._bits = bits.reshape(n_groups, BITS // 8)

    def groups_with(self, text: str) -> BoolArray:
        """(n_groups,) whether a group may hold a text, in upper or lower case."""
        letters = np.frombuffer(text.lower().encode(), np.uint8)
        if len(letters) < LETTERS:
            return np.ones(len(self._bits), bool)
        hashes = np.unique(_hashes(letters))
        wanted = self._bits[:, hashes >> 3] >> (7 - (hashes & 7)) & 1
        return np.asarray(wanted.all(axis=1), bool)
