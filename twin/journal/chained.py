"""The journal over a store: numbers without gaps, the chain, seals and snapshots.

Hard-won rules (each guarded in tests/twin/journal):

1. ``append`` is all or nothing: this object moves on only after the store has committed.
2. A start reads what follows the newest snapshot, never everything: a million rows would take
   seconds. ``civitwin verify-log`` reads everything.
3. A snapshot is trusted only with its seal, by the hub's own key if it has one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from twin.journal.base import JournalError, Saved, Signer
from twin.journal.rows import event_of, require_kept, require_next, rows_of
from twin.journal.seals import Dropped, Sealer, newest_picture, worth_keeping
from twin.journal.store import Store
from twin.journal.verify import (
    CHECKPOINT,
    CUT,
    PICTURE,
    START,
    End,
    Seal,
    WrongError,
    checked,
    genesis,
    picture_detail,
    require_end,
)
from twin.room.model import Event


class ChainedJournal:
    """See `twin.journal.base.Journal`. One thread.

    Parameters
    ----------
    store : closed with the journal, also if this raises
    signer : signs checkpoints, snapshots and cuts

    Raises
    ------
    JournalError
        The store was changed from outside, or cannot be read.
    """

    def __init__(self, store: Store, *, signer: Signer | None = None) -> None:
        self.store = store
        self.epoch = store.epoch
        self._signer = signer
        self._first_seq, self._last_seq, self._last_t_ns, self._chain = 1, 0, 0, b""
        self._is_closed = False
        try:
            self._read_end()
        except BaseException:
            store.close()
            raise

    @property
    def last_seq(self) -> int:
        """The newest event, 0 = none yet."""
        return self._last_seq

    @property
    def first_seq(self) -> int:
        """The oldest event still kept."""
        return self._first_seq

    def append(self, events: Sequence[Event], /) -> None:
        """Commit events for good, all or none."""
        if not events:
            return
        require_next(events, self._last_seq)
        rows = rows_of(events, self._chain)
        seq, chain = rows[-1][0], rows[-1][-1]
        seal = self._sealer.due(seq, chain, events[-1].t_ns)
        self.store.write(rows, seal)
        self._last_seq, self._chain, self._last_t_ns = seq, chain, events[-1].t_ns
        self._sealer.stored(seal)

    def events(self, from_seq: int = 1, limit: int = -1) -> Iterator[Event]:
        """The events from `from_seq` on, at most `limit` (-1 = all)."""
        for row in self.store.rows(from_seq - 1, limit):
            yield event_of(row)

    def lookup(self, key: str, /) -> Event | None:
        """The first event that carries this key."""
        row = self.store.find(key) if key else None
        return None if row is None else event_of(row)

    def save_snapshot(self, saved: Saved, /) -> None:
        """Keep a picture of the room, and forget pictures that are not worth keeping."""
        require_kept(saved, self._first_seq, self._last_seq)
        row = next(self.store.rows(saved.seq - 1, 1))
        t_ns, chain = row[1], row[-1]
        detail = picture_detail(saved.state_hash, saved.room)
        seal = self._sealer.seal(PICTURE, saved.seq, chain, t_ns, detail)
        times_ns = {one.seq: one.t_ns for one in self.store.seals(PICTURE)} | {saved.seq: t_ns}
        self.store.write_picture(saved, seal, sorted(times_ns.keys() - worth_keeping(times_ns)))

    def latest_snapshot(self) -> Saved | None:
        """The newest picture that is as it was saved."""
        seal = self._newest_picture()
        found = None if seal is None else self.store.picture(seal.seq)
        if seal is None or found is None:
            return None
        return Saved(seq=seal.seq, state_hash=found[0], room=found[1])

    def tick(self, now_ns: int, /) -> None:
        """Sign a checkpoint if one is due, and let the store do what it must."""
        self.store.keep(now_ns)
        seal = self._sealer.due(self._last_seq, self._chain, now_ns)
        if seal is not None:
            self.store.write_seal(seal)
            self._sealer.stored(seal)

    def probe(self) -> None:
        """Write something that is no event, raises `JournalError` if that is not possible."""
        self.store.probe()

    def retain(self, before_ns: int, now_ns: int, *, only_tell: bool = False) -> Dropped | None:
        """Drop what lies before the newest snapshot that is older than `before_ns`.

        A seal of kind "cut" stays, so that the rest still verifies. Keys of dropped rows are
        forgotten: a request that is repeated after so long would count as new.

        Returns
        -------
        Dropped or None
            None = there is nothing old enough.
        """
        seals = [
            one for one in self.store.seals(PICTURE)
            if one.t_ns < before_ns and self._first_seq <= one.seq < self._last_seq
        ]  # fmt: skip
        found = newest_picture(self.epoch, seals, self.store.picture, self._signer)
        if found is None:
            return None
        dropped = Dropped(self._first_seq, found.seq, found.t_ns)
        if not only_tell:
            detail = f"{dropped.first_seq}-{dropped.last_seq}"
            self.store.cut(self._sealer.seal(CUT, found.seq, found.chain, now_ns, detail))
            self._first_seq = found.seq + 1
        return dropped

    def close(self) -> None:
        """Sign what is not signed yet and close the store. Twice is fine."""
        if not self._is_closed and self._last_seq > self._sealer.seq:
            seal = self._sealer.seal(CHECKPOINT, self._last_seq, self._chain, self._last_t_ns)
            with contextlib.suppress(JournalError):
                self.store.write_seal(seal)
        self._is_closed = True
        self.store.close()

    def _read_end(self) -> None:
        """Find the newest row, and check the chain from the newest snapshot on."""
        checkpoint = next(self.store.seals(CHECKPOINT), None)
        sealed = (checkpoint.seq, checkpoint.t_ns) if checkpoint else (0, 0)
        self._sealer = Sealer(self.epoch, self._signer, *sealed)
        cut = next(self.store.seals(CUT), None)
        self._first_seq = cut.seq + 1 if cut else 1
        begin = self._newest_picture() or cut
        end = End(begin.seq, begin.chain, 1) if begin else START
        self._last_t_ns = begin.t_ns if begin else 0
        try:
            for row in self.store.rows(end.seq):
                end, self._last_t_ns = checked(row, end, self.epoch), row[1]
            require_end(self.store.head(), end, self.epoch)
        except WrongError as error:
            raise JournalError(
                f"The journal was changed from outside: row {error.seq} {error};"
                f" restore a copy: {self.store.place}"
            ) from error
        self._last_seq, self._chain = end.seq, end.chain or genesis(self.epoch)

    def _newest_picture(self) -> Seal | None:
        return newest_picture(
            self.epoch,
            tuple(self.store.seals(PICTURE)),
            self.store.picture,
            self._signer,
            is_needed=self._first_seq > 1,
        )
