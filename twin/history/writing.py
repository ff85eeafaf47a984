"""Keeps the samples of a recording as Parquet segments of some minutes. One thread.

Hard-won rules (tests/twin/test_history.py):

1. An index is looked up when its sample comes: another epoch may number the datastreams anew.
2. A segment holds samples of one day, sorted by datastream and time: a plot reads its own rows.
3. What was told before its announcement is kept a while and placed then, within bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.arrays import Int64Array
from twin.clock import NS_PER_S
from twin.errors import WireError
from twin.history.catalogue import read_catalogue, write_catalogue
from twin.history.files import DAY_NS, RAW, HistoryError, day_of, put_in_place
from twin.link.sift import sift
from twin.link.wire import Buffer, SampleBatch, decode
from twin.link.wire_json import JsonBatch
from twin.sense.index_table import IndexTable
from twin.sense.model import Announcement

if TYPE_CHECKING:
    import pyarrow as pa

SEGMENT_ROWS = 2_000_000
SEGMENT_NS = 300 * NS_PER_S
ROW_GROUP = 122_880


class HistoryWriter:
    """Writes segments below a folder; a `twin.recording.keeping.Tables`.

    Raises
    ------
    HistoryError
        The folder cannot be made, or a segment not be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            (folder / RAW).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HistoryError(
                f"The history cannot be made ({error.strerror}): {folder}"
            ) from error
        self._catalogue = read_catalogue(folder)
        self._has_news = False
        self._ids: list[str] = []
        self._number: dict[str, int] = {}
        self._indices = IndexTable()
        self._pieces: list[tuple[Int64Array, SampleBatch]] = []
        self._n_rows = 0
        self._since_ns = 0
        self._n_segments = 0
        self.n_written = 0
        self.n_unknown = 0

    def take(self, frames: Sequence[Buffer], received_ns: int) -> None:
        """Take a message of the sample lane in."""
        try:
            message = decode(frames)
        except WireError:
            return
        match message:
            case Announcement():
                self._indices.begin(message.source, message.epoch)
                for stream in message.datastreams:
                    self._indices.bind(message.source, stream.index, self._of(stream.id))
                self._note(message)
            case SampleBatch():
                batch, _ = sift(message, received_ns)
                numbers = self._indices.lookup(batch.source, batch.indices, batch.epoch)
                self._add(numbers, batch, received_ns)
            case JsonBatch() if message.observations:
                self._add_json(message, received_ns)

    def flush_old(self, now_ns: int) -> None:
        """Write a segment when it is time or there is enough. Raises `HistoryError`."""
        is_due = self._n_rows and now_ns - self._since_ns >= SEGMENT_NS
        if is_due or self._n_rows >= SEGMENT_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what there is, a segment a day. Raises `HistoryError`."""
        self._keep_catalogue()
        if not self._n_rows:
            return
        numbers = np.concatenate([one for one, _ in self._pieces])
        t_ns = np.concatenate([batch.t_ns for _, batch in self._pieces])
        values = np.concatenate([batch.values for _, batch in self._pieces])
        quality = np.concatenate([batch.quality for _, batch in self._pieces])
        self._pieces, self._n_rows = [], 0
        is_known = numbers >= 0
        self.n_unknown += int(np.count_nonzero(~is_known))
        days = t_ns // DAY_NS
        for day in np.unique(days[is_known]).tolist():
            rows = np.flatnonzero(is_known & (days == day))
            rows = rows[np.lexsort((t_ns[rows], numbers[rows]))]
            self._write(day * DAY_NS, numbers[rows], t_ns[rows], values[rows], quality[rows])

    def close(self) -> None:
        """Write what is left."""
        self.flush()

    def _note(self, told: Announcement) -> None:
        """Remember what is announced, to be written with the next segment."""
        for thing in told.things:
            self._has_news |= self._catalogue.things.get(thing.id) != thing
            self._catalogue.things[thing.id] = thing
        for stream in told.datastreams:
            self._has_news |= self._catalogue.datastreams.get(stream.id) != stream
            self._catalogue.datastreams[stream.id] = stream

    def _keep_catalogue(self) -> None:
        if not self._has_news:
            return
        try:
            write_catalogue(self.folder, self._catalogue)
        except OSError as error:
            raise HistoryError(
                f"The history cannot be written ({error.strerror or error}): {self.folder}"
            ) from error
        self._has_news = False

    def _of(self, datastream_id: str) -> int:
        number = self._number.get(datastream_id)
        if number is None:
            number = self._number[datastream_id] = len(self._ids)
            self._ids.append(datastream_id)
        return number

    def _add(self, numbers: Int64Array, batch: SampleBatch, received_ns: int) -> None:
        if not len(numbers):
            return
        self._since_ns = self._since_ns if self._n_rows else received_ns
        self._pieces.append((numbers, batch))
        self._n_rows += len(numbers)
        if self._n_rows >= SEGMENT_ROWS:
            self.flush()

    def _add_json(self, message: JsonBatch, received_ns: int) -> None:
        said = message.observations
        batch = SampleBatch(
            source=message.source, epoch="", seq=0, sent_ns=0,
            indices=np.zeros(len(said), np.uint32),
            t_ns=np.array([received_ns if o.t_ns is None else o.t_ns for o in said], np.int64),
            values=np.array([o.result for o in said], np.float64),
            quality=np.array([o.quality for o in said], np.uint8),
        )  # fmt: skip
        numbers = np.array([self._of(o.datastream) for o in said], np.int64)
        self._add(numbers, batch, received_ns)

    def _write(
        self, day_ns: int, numbers: Int64Array, t_ns: Int64Array, values: object, quality: object
    ) -> None:
        import pyarrow as pa

        names = pa.DictionaryArray.from_arrays(
            pa.array(numbers, pa.int32()), pa.array(self._ids, pa.string())
        )
        table = pa.table({"datastream": names, "t": t_ns, "value": values, "quality": quality})
        folder = self.folder / RAW / day_of(day_ns).isoformat()
        moment = datetime.fromtimestamp(int(t_ns.min()) // NS_PER_S, UTC).strftime("%H%M%S")
        self._n_segments += 1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            place = _free(folder, moment)
            write_table(table, place)
        except OSError as error:
            raise HistoryError(
                f"The history cannot be written ({error.strerror or error}): {folder}"
            ) from error
        self.n_written += len(numbers)


def write_table(table: pa.Table, place: Path) -> None:
    """Write a table sorted by datastream and time. Raises `OSError`, `HistoryError`."""
    import pyarrow.parquet as pq

    beside = place.with_suffix(".part")
    pq.write_table(
        table, beside, row_group_size=ROW_GROUP, compression="zstd", compression_level=3,
        use_dictionary=["datastream"], column_encoding={"t": "DELTA_BINARY_PACKED"},
        write_statistics=["datastream", "t"],
    )  # fmt: skip
    put_in_place(beside, place)


def _free(folder: Path, moment: str) -> Path:
    n = 1
    while (place := folder / f"{moment}-{n}.parquet").exists():
        n += 1
    return place
