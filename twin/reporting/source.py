"""What a report is made from: a recording or a journal, read in order, with what is missing said.

Hard-won rules (tests/twin/test_reporting_damage.py):

1. What is whole of a damaged file is told, and what is not is said: neither silently left out.
2. Whether the log is as it was written is found by the checks that others can run themselves
   (`twin.recording.verify`, `twin.journal.verify`), not by a check of the report's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from twin.journal.base import JournalError
from twin.journal.logs import log_of, opened_log
from twin.journal.opening import is_database, shown
from twin.journal.rows import event_of
from twin.journal.verify import UnreadableError
from twin.journal.verify import verify as verify_journal
from twin.link.control import EventMessage, Heartbeat
from twin.recording import form
from twin.recording.form import EVENT, HEARTBEAT, REMARK, ROOM, Picture, RecordingError, Remark
from twin.recording.reading import Recording, mask_of
from twin.recording.verify import sentence as recording_sentence
from twin.recording.verify import verify as verify_recording
from twin.reporting.errors import ReportError
from twin.room.model import Event

Step = Event | Picture | Heartbeat
_JOURNALS = (".sqlite", ".sqlite3", ".db", ".jsonl")
_FACTS = mask_of(EVENT, ROOM, HEARTBEAT, REMARK)


@dataclass(kw_only=True)
class Source:
    """An opened log. One thread.

    Attributes
    ----------
    name : of the file or database, for a person
    kind : "recording" or "journal"
    recording : with the samples; None for a journal, which has none
    city : what to open to see it, "" = not told
    first_ns, last_ns : of its first and last message or fact, 0 = nothing was read yet
    missing : what the log does not hold although it should, a sentence each; complete after `steps`
    checks : what stands in the report so that somebody else can check it: name and text
    """

    name: str
    kind: str
    scene: str = ""
    city: str = ""
    epoch: str = ""
    is_drill: bool = False
    recording: Recording | None = None
    first_ns: int = 0
    last_ns: int = 0
    missing: list[str] = field(default_factory=list)
    checks: list[tuple[str, str]] = field(default_factory=list)
    last_good_seq: int | None = None
    where: str | Path = ""

    def steps(self) -> Iterator[Step]:
        """Facts in order, and between them whole rooms and the hub's fingerprints."""
        if self.recording is not None:
            yield from self._recorded(self.recording)
        else:
            yield from self._journalled()

    def _say(self, text: str) -> None:
        if text not in self.missing:
            self.missing.append(text)

    def _recorded(self, recording: Recording) -> Iterator[Step]:
        for message in recording.messages(channels=_FACTS):
            try:
                match message.channel:
                    case form.EVENT:
                        yield msgspec.json.decode(message.data, type=EventMessage).event
                    case form.ROOM:
                        yield msgspec.msgpack.decode(message.data, type=Picture)
                    case form.HEARTBEAT:
                        yield msgspec.json.decode(message.data, type=Heartbeat)
                    case _:
                        self._say(msgspec.json.decode(message.data, type=Remark).text)
            except msgspec.MsgspecError as error:
                self._say(f"A message of the recording cannot be read: {error}")
        for text in recording.damage:
            self._say(text)

    def _journalled(self) -> Iterator[Step]:
        with opened_log(self.where) as log:
            for row in log.rows:
                if self.last_good_seq is not None and row[0] > self.last_good_seq:
                    return
                event = event_of(row)
                self.first_ns = self.first_ns or event.t_ns
                self.last_ns = event.t_ns
                yield event


@contextlib.contextmanager
def opened_source(where: str) -> Iterator[Source]:
    """Open a recording (.mcap) or a journal (SQLite file, export, ``postgresql://…``).

    Raises
    ------
    TwinError
        There is no such log, or nothing whole in it.
    """
    if is_database(where) or Path(where).suffix.lower() in _JOURNALS:
        yield _journal(where)
        return
    path = Path(where)
    if not path.is_file():
        raise ReportError(f"There is no recording or journal of this name: {where}")
    recording = Recording(path)
    try:
        yield _recording(recording)
    finally:
        recording.close()


def _recording(recording: Recording) -> Source:
    about, found = recording.about, verify_recording(recording.path)
    source = Source(
        name=recording.path.name, kind="recording", scene=about.scene, city=about.city,
        epoch=about.epoch, is_drill=about.drill, recording=recording,
        first_ns=recording.start_ns, last_ns=recording.end_ns,
    )  # fmt: skip
    source.checks = [
        ("Recording", f"{recording.path.name}, {recording.path.stat().st_size:,} bytes"),
        ("As it was written?", recording_sentence(found)),
        ("Chunks, head of their chain", f"{found.n_chunks:,}, {found.chain}"),
        ("Check it with", f"civitwin verify-recording {recording.path.name}"),
    ]
    if found.problem:
        source.missing.append(found.problem)
    return source


def _journal(where: str) -> Source:
    if not is_database(where) and not Path(where).is_file():
        raise ReportError(f"There is no recording or journal of this name: {where}")
    try:
        report = verify_journal(log_of(where))
    except UnreadableError as error:
        raise JournalError(str(error)) from error
    name = shown(where) if is_database(where) else Path(where).name
    source = Source(name=name, kind="journal", epoch=report.epoch, where=where)
    with opened_log(where) as log:
        head = log.head
    if report.problem:
        row = f"Row {report.seq} {report.problem}" if report.seq else report.problem
        source.missing.append(f"{row}; facts from there on are left out" if report.seq else row)
        source.last_good_seq = report.seq - 1 if report.seq else None
    said = "not as it was written" if report.problem else "as it was written"
    signed = f"signed up to fact {report.signed_to:,}" if report.signed_to else "not signed"
    source.checks = [
        ("Journal", name),
        ("As it was written?", f"{report.n_rows:,} rows, {said}, {signed}"),
        ("Keys that signed it", "\n".join(report.keys) or "None"),
        ("Head of its chain", f"fact {head[0]:,}: {_hex(head[1])}" if head else "Not kept"),
        ("Check it with", f"civitwin verify-log {name}"),
    ]
    if source.last_good_seq == 0:
        raise RecordingError(f"The journal holds no fact that is whole: {name}")
    return source


def _hex(chain: object) -> str:
    return chain.hex() if isinstance(chain, bytes) else str(chain)
