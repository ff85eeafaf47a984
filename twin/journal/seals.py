"""Seals: signed statements about the journal at one row; and which pictures of the room to keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from twin.clock import NS_PER_S
from twin.journal.base import Signer
from twin.journal.verify import (
    CHECKPOINT,
    CHECKPOINT_ROWS,
    Seal,
    picture_detail,
    seal_message,
    unsigned,
    why_not_sealed,
)

CHECKPOINT_NS = 60 * NS_PER_S
_DAY_NS = 86_400 * NS_PER_S
_N_NEWEST = 3
_N_DAYS = 31


class Sealer:
    """Makes seals for one journal, and knows when the next checkpoint is due.

    Attributes
    ----------
    seq, t_ns : of the last checkpoint
    """

    def __init__(self, epoch: str, signer: Signer | None, seq: int, t_ns: int) -> None:
        self._epoch = epoch
        self._signer = signer
        self.seq = seq
        self.t_ns = t_ns

    def seal(self, kind: str, seq: int, chain: bytes, t_ns: int, detail: str = "") -> Seal:
        """A seal, signed if there is a key."""
        bare = Seal(kind, seq, chain, t_ns, detail, b"", b"")
        message = seal_message(self._epoch, bare)
        if self._signer is None:
            return bare._replace(signature=unsigned(message))
        key, signature = bytes(self._signer.public_key), bytes(self._signer.sign(message))
        return bare._replace(public_key=key, signature=signature)

    def due(self, seq: int, chain: bytes, now_ns: int) -> Seal | None:
        """The checkpoint to store now, if one is due; call `stored` once it is."""
        n_rows = seq - self.seq
        if n_rows >= CHECKPOINT_ROWS or (n_rows and now_ns - self.t_ns >= CHECKPOINT_NS):
            return self.seal(CHECKPOINT, seq, chain, now_ns)
        return None

    def stored(self, seal: Seal | None) -> None:
        """A checkpoint is in the journal now."""
        if seal is not None:
            self.seq, self.t_ns = seal.seq, seal.t_ns


def newest_picture(
    epoch: str,
    seals: Iterable[Seal],
    picture: Callable[[int], tuple[str, bytes] | None],
    signer: Signer | None,
    *,
    is_needed: bool = False,
) -> Seal | None:
    """The seal of the newest picture that can be trusted; None = read everything.

    Parameters
    ----------
    seals : of pictures, newest first
    picture : state hash and bytes of the picture at a row
    signer : if given, only its own signature is trusted
    is_needed : the rows before it are gone, so another key's signature must do
    """
    key = b"" if signer is None else bytes(signer.public_key)
    for seal in seals:
        is_ours = signer is None or is_needed or seal.public_key == key
        if not is_ours or why_not_sealed(epoch, seal):
            continue
        found = picture(seal.seq)
        if found is not None and seal.detail == picture_detail(*found):
            return seal
    return None


class Dropped(NamedTuple):
    """Which rows retention dropped (or would drop).

    Attributes
    ----------
    until_ns : time of the last of them
    """

    first_seq: int
    last_seq: int
    until_ns: int


def worth_keeping(times_ns: Mapping[int, int]) -> set[int]:
    """Which pictures to keep: the newest three, one a day for a month, one a month before that.

    Parameters
    ----------
    times_ns : row of the picture -> its time
    """
    newest_first = sorted(times_ns, reverse=True)
    kept = set(newest_first[:_N_NEWEST])
    if newest_first:
        today = times_ns[newest_first[0]] // _DAY_NS
        spans: set[tuple[str, int]] = set()
        for seq in newest_first:
            day = times_ns[seq] // _DAY_NS
            is_recent = today - day < _N_DAYS
            span = ("day", day) if is_recent else ("month", day // _N_DAYS)
            if span not in spans:
                spans.add(span)
                kept.add(seq)
    return kept
