"""Is a journal as it was written? Needs Python alone; signatures also need PyNaCl.

This one file holds the rules of the chain, for the hub that writes it and for whoever checks it
later: ``civitwin verify-log FILE`` is this file, and ``python verify.py FILE`` works on a copy of
it anywhere (hence one file, of over 400 lines). docs/journal.md states the same rules in words.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

SCHEMA = 2
FORM = 2
CHECKPOINT, CUT, PICTURE = "checkpoint", "cut", "snapshot"
CHECKPOINT_ROWS = 1_000
EXIT_WRONG, EXIT_UNREADABLE = 1, 2
_UTF8 = ("utf-8", "surrogateescape")
_GENESIS_1 = bytes(32)
_TYPES = (int, int, str, str, str, str, int, bytes)
_NAMES = ("seq", "t_ns", "kind", "actor", "body", "key", "form", "chain")
_ROWS_1 = "SELECT seq, t_ns, kind, actor, body, '', 1, chain FROM events ORDER BY seq"
_ROWS_2 = "SELECT seq, t_ns, kind, actor, body, key, form, chain FROM events ORDER BY seq"
_KEYS_1 = {"command.submitted": ("request", "id"), "note.added": ("id",)}


# --- the rules ----------------------------------------------------------------------------------


class Seal(NamedTuple):
    """What was stated about the journal at one row, signed by the hub's key if it had one."""

    kind: str
    seq: int
    chain: bytes
    t_ns: int
    detail: str
    public_key: bytes
    signature: bytes


_SEAL_TYPES = (str, int, bytes, int, str, bytes, bytes)


def is_well_typed(seal: Seal) -> bool:
    """Whether each field is of its kind; SQLite keeps whatever a changed file holds."""
    return tuple(map(type, seal)) == _SEAL_TYPES


def genesis(epoch: str) -> bytes:
    """What the first row of a journal is chained to, 32 bytes."""
    return hashlib.sha256(b"civitwin journal 2\n" + _utf8(epoch)).digest()


def chain_of(
    previous: bytes, seq: int, t_ns: int, kind: str, actor: str, body: str, key: str
) -> bytes:
    """Chain value of a row of form 2, 32 bytes: numbers in decimal, texts with their length."""
    # Written out: a loop over the four texts takes twice as long, and this runs for every row.
    a, b = kind.encode(*_UTF8), actor.encode(*_UTF8)
    c, d = body.encode(*_UTF8), key.encode(*_UTF8)
    values = (previous, seq, t_ns, len(a), a, len(b), b, len(c), c, len(d), d)
    return hashlib.sha256(b"%b%d,%d,%d:%b,%d:%b,%d:%b,%d:%b," % values).digest()


def chain_of_form_1(
    previous: bytes, seq: int, t_ns: int, kind: str, actor: str, body: str
) -> bytes:
    """Chain value of a row of form 1 (written before keys), 32 bytes."""
    row = json.dumps([seq, t_ns, kind, actor, body], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + _utf8(row)).digest()


def key_of_form_1(kind: str, body: str) -> str:
    """The key that a row of form 1 was given when its journal moved to schema 2."""
    try:
        value = json.loads(body)
        for name in _KEYS_1.get(kind, ("",)):
            value = value[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""


def seal_message(epoch: str, seal: Seal) -> bytes:
    """What is signed (or, without a key, hashed by `unsigned`)."""
    stated = (f"civitwin {seal.kind}", epoch, seal.seq, seal.chain.hex(), seal.t_ns, seal.detail)
    return _utf8("".join(f"{one}\n" for one in stated))


def unsigned(message: bytes) -> bytes:
    """Stands in a seal's ``signature`` when there is no key: proof against accidents only."""
    return hashlib.sha256(message).digest()


def picture_detail(state_hash: str, room: bytes) -> str:
    """The ``detail`` of the seal of a snapshot."""
    return f"{state_hash} {hashlib.sha256(room).hexdigest()}"


def why_not_sealed(epoch: str, seal: Seal, can_sign: bool = True) -> str:
    """What is wrong with a seal's signature, "" for nothing (or unknown, without `can_sign`)."""
    message = seal_message(epoch, seal)
    if not seal.public_key:
        return "" if seal.signature == unsigned(message) else "was changed"
    if not can_sign:
        return ""
    from nacl.exceptions import CryptoError
    from nacl.signing import VerifyKey

    try:
        VerifyKey(seal.public_key).verify(message, seal.signature)
    except (CryptoError, ValueError, TypeError):
        return "is not signed by the key it names"
    return ""


def can_check_signatures() -> bool:
    """Whether PyNaCl is there."""
    try:
        import nacl.signing  # noqa: F401
    except ImportError:
        return False
    return True


def _utf8(text: str) -> bytes:
    return text.encode(*_UTF8)


class End(NamedTuple):
    """How far a check has come: the last good row, its chain value (b"" = none yet) and form."""

    seq: int
    chain: bytes
    form: int


START = End(0, b"", 1)


class WrongError(Exception):
    """A row is not as it was written.

    Attributes
    ----------
    seq : the row, 0 = not about one row
    """

    def __init__(self, seq: int, text: str) -> None:
        super().__init__(text)
        self.seq = seq


def checked(row: tuple[Any, ...], end: End, epoch: str, *, has_keys: bool = True) -> End:
    """Check the row (columns as in ``_NAMES``) that follows `end`; the new end.

    Raises
    ------
    WrongError
        It is not the next one, or not as it was written.
    """
    seq, t_ns, kind, actor, body, key, form, stored = row
    if isinstance(seq, int) and seq <= end.seq:
        raise WrongError(seq, "does not belong into a journal that begins later")
    if seq != end.seq + 1:
        raise WrongError(end.seq + 1, f"is missing (the next one there is {seq})")
    if tuple(map(type, row)) != _TYPES:
        wrong = (name for name, one, fit in zip(_NAMES, row, _TYPES, strict=True)
                 if type(one) is not fit)  # fmt: skip
        raise WrongError(seq, f"has a {next(wrong)} of another type")
    if form not in {1, FORM} or form < end.form:
        raise WrongError(seq, f"has a form of {form}, which cannot be")
    if form == 1:
        chain = chain_of_form_1(end.chain or _GENESIS_1, seq, t_ns, kind, actor, body)
        if key != (key_of_form_1(kind, body) if has_keys else ""):
            raise WrongError(seq, "has another key than its body says")
    else:
        chain = chain_of(end.chain or genesis(epoch), seq, t_ns, kind, actor, body, key)
    if chain != stored:
        raise WrongError(seq, "was changed, or does not belong after the row before it")
    return End(seq, chain, form)


def require_end(head: Any, end: End, epoch: str) -> None:
    """Raise `WrongError` unless the journal remembers this end, as (seq, chain)."""
    if head != (end.seq, end.chain or genesis(epoch)):
        raise WrongError(end.seq or 1, "is not the end that the journal remembers")


# --- reading: a journal file, or an export as JSON lines ------------------------------------------


class UnreadableError(Exception):
    """The file is no journal, or of a newer schema; the text is for the person."""


@dataclass(frozen=True)
class Log:
    """A journal to check.

    Attributes
    ----------
    head : seq and chain of the newest row as the journal itself remembers them; None = schema 1
    pictures : seq, and what its seal's detail should be
    rows : in the order of seq, columns as in ``_NAMES``
    damage : asks the database whether its pages are sound, "" = they are
    """

    schema: str
    epoch: str
    head: tuple[Any, Any] | None
    seals: list[Seal]
    pictures: list[tuple[int, str]]
    rows: Iterable[tuple[Any, ...]]
    damage: Callable[[], str] = lambda: ""
    close: Callable[[], None] = lambda: None


def open_log(path: Path) -> Log:
    """Read what is around the rows; raises `UnreadableError`.

    Never in a process that has the same journal open with another SQLite library: when one of them
    closes the file, the other loses its locks.
    """
    if is_export(path):
        return open_export(path)
    for uri in uris_of(path):
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        try:
            return log_in(connection, path, sqlite3.Error)
        except sqlite3.OperationalError as error:
            connection.close()
            why = error
        except BaseException:
            connection.close()
            raise
    raise UnreadableError(f"The file cannot be read as a journal ({why}): {path}") from why


def is_export(path: Path) -> bool:
    """Whether a file is text, raises `UnreadableError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(9) == b'{"civitwi'
    except OSError as error:
        raise UnreadableError(f"The journal cannot be read ({error.strerror}): {path}") from error


def uris_of(path: Path) -> list[str]:
    """How to open a journal for reading: the first of these that works."""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        return [uri]
    # On a medium where nothing can be written, SQLite must be told that nobody writes.
    return [uri, uri + "&immutable=1"]


def log_in(connection: Any, path: Path, failure: type[Exception]) -> Log:
    """The journal in an open SQLite file; closed with the log.

    Parameters
    ----------
    connection : of `sqlite3` or `apsw`
    failure : what that library raises

    Raises
    ------
    UnreadableError
        It is no journal, or of a newer schema; the connection is still open.
    """

    def damage() -> str:
        try:
            answers = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(1)")]
        except (failure, ValueError) as error:
            answers = [str(error)]
        return "" if answers == ["ok"] else answers[0]

    def rows() -> Iterator[tuple[Any, ...]]:
        try:
            # Not the cursor itself: it would be closed by a generator that outlives the connection.
            yield from map(tuple, connection.execute(_ROWS_2 if has_form else _ROWS_1))
        except failure as error:
            raise ValueError(str(error)) from error

    try:
        connection.execute("BEGIN")  # one state of the file, whatever a hub writes meanwhile
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        has_form = "form" in {row[1] for row in connection.execute("PRAGMA table_info(events)")}
        _require_known(str(meta.get("schema")), "2" if has_form else "1", path)
        log = Log("1", str(meta.get("epoch")), None, [], [], rows(), damage, connection.close)
        return _with_seals(log, connection) if has_form else log
    except (failure, ValueError, TypeError) as error:
        if "unable to open" in str(error):
            raise
        raise UnreadableError(f"The file cannot be read as a journal ({error}): {path}") from error


def _with_seals(log: Log, connection: Any) -> Log:
    head = next(iter(connection.execute("SELECT seq, chain FROM head")), (None, None))
    which = "SELECT kind, seq, chain, t_ns, detail, public_key, signature FROM seals ORDER BY seq"
    seals = [Seal(*row) for row in connection.execute(which)]
    pictures = [
        (seq, picture_detail(str(state_hash), room if isinstance(room, bytes) else b""))
        for seq, state_hash, room in connection.execute(
            "SELECT seq, state_hash, room FROM snapshots"
        )
    ]
    return replace(log, schema="2", head=head, seals=seals, pictures=pictures)


def open_export(path: Path) -> Log:
    """A journal as text, raises `UnreadableError`."""
    try:
        return _exported(path)
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise UnreadableError(f"The export cannot be read ({error!r}): {path}") from error


def _exported(path: Path) -> Log:
    lines = _json_lines(path)
    first = next(lines)
    _require_known(str(first["civitwin_journal"]), "2", path)
    head = first["head"]
    seals = [
        Seal(kind, seq, bytes.fromhex(chain), t_ns, detail, bytes.fromhex(key), bytes.fromhex(sign))
        for kind, seq, chain, t_ns, detail, key, sign in first["seals"]
    ]
    rows = ((*row[:7], bytes.fromhex(row[7])) for row in lines)
    head = (head[0], bytes.fromhex(head[1]))
    return Log("2", first["epoch"], head, [s for s in seals if s.kind != PICTURE], [], rows)


def _json_lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _require_known(schema: str, expected: str, path: Path) -> None:
    if schema == expected:
        return
    if schema.isdigit() and int(schema) > SCHEMA:
        raise UnreadableError(
            f"The journal is of schema {schema}, newer than this check ({SCHEMA}): {path}"
        )
    raise UnreadableError(
        f"The journal says schema {schema} but its tables are of {expected}: {path}"
    )


# --- checking -----------------------------------------------------------------------------------


@dataclass
class Report:
    """What was found. ``problem`` is "" when all is well, else ``seq`` is the first bad row."""

    epoch: str = ""
    first_seq: int = 0
    last_seq: int = 0
    n_rows: int = 0
    n_checkpoints: int = 0
    signed_to: int = 0
    keys: list[str] = field(default_factory=list)
    signatures: str = "none"
    seq: int = 0
    problem: str = ""


def verify(
    log: Log, public_keys: Sequence[str] = (), contains: tuple[int, bytes] | None = None
) -> Report:
    """Check every row, every seal and the end; closes the log.

    Parameters
    ----------
    public_keys : hex; if given, only what these keys signed counts as signed
    contains : a row and its chain value known from elsewhere
    """
    report = Report(epoch=log.epoch)
    try:
        _Check(log, report, tuple(one.lower() for one in public_keys), contains).run()
    except WrongError as error:
        report.seq, report.problem = error.seq, str(error)
    finally:
        log.close()
    return report


class _Check:
    def __init__(
        self,
        log: Log,
        report: Report,
        public_keys: tuple[str, ...],
        contains: tuple[int, bytes] | None,
    ) -> None:
        self.log = log
        self.report = report
        self.public_keys = public_keys
        self.contains = contains
        self.can_sign = can_check_signatures()
        self.seals: dict[Any, list[Seal]] = {}
        for seal in log.seals:
            self.seals.setdefault(seal.seq, []).append(seal)
        self.pictures = dict(log.pictures)
        self.end = START

    def run(self) -> None:
        try:
            self._begin()
            for row in self.log.rows:
                self._row(row)
            self._end()
        except (sqlite3.Error, ValueError, TypeError, IndexError) as error:
            raise WrongError(self.end.seq + 1, f"cannot be read ({error})") from error

    def _begin(self) -> None:
        """Start at the newest cut, if rows were dropped."""
        cuts = [seal for seal in self.log.seals if seal.kind == CUT]
        if cuts:
            self.end = End(cuts[-1].seq, cuts[-1].chain, 1)
            self._seals_of(self.end.seq)
        self.report.first_seq = self.end.seq + 1

    def _row(self, row: tuple[Any, ...]) -> None:
        self.end = checked(row, self.end, self.log.epoch, has_keys=self.log.head is not None)
        seq, chain = self.end.seq, self.end.chain
        self.report.n_rows += 1
        if seq in self.seals:
            self._seals_of(seq)
        if self.contains is not None and self.contains[0] == seq and self.contains[1] != chain:
            raise WrongError(seq, f"is not the row that was asked for: its chain is {chain.hex()}")

    def _seals_of(self, seq: int) -> None:
        for seal in self.seals.pop(seq, ()):
            if not is_well_typed(seal):
                raise WrongError(seq, "has a seal with a field of another type")
            name = "snapshot" if seal.kind == PICTURE else seal.kind
            if seal.kind not in {CHECKPOINT, CUT, PICTURE}:
                raise WrongError(seq, f"has a seal of an unknown kind ({seal.kind})")
            if seal.chain != self.end.chain:
                raise WrongError(seq, f"or one before it is not what its {name} says")
            trouble = why_not_sealed(self.log.epoch, seal, self.can_sign)
            if trouble:
                raise WrongError(seq, f"has a {name} that {trouble}")
            is_signed = self._count(seal)
            if self.public_keys and not is_signed and seal.kind != CHECKPOINT:
                raise WrongError(seq, f"has a {name} that none of the given keys signed")
            if seal.kind == PICTURE and self.pictures.pop(seq, "") != seal.detail:
                raise WrongError(seq, "has a snapshot that was changed or is missing")

    def _count(self, seal: Seal) -> bool:
        key = seal.public_key.hex()
        self.report.n_checkpoints += seal.kind == CHECKPOINT
        is_signed = bool(key) and (not self.public_keys or key in self.public_keys)
        if is_signed:
            self.report.signed_to = seal.seq
            self.report.signatures = "checked" if self.can_sign else "not checked"
            if key not in self.report.keys:
                self.report.keys.append(key)
        return is_signed

    def _end(self) -> None:
        self.report.last_seq = self.end.seq
        known = [self.log.head[0] if self.log.head else 0, *self.seals]
        reached = max((seq for seq in known if isinstance(seq, int)), default=0)
        if self.contains is not None:
            reached = max(reached, self.contains[0])
        if reached > self.end.seq:
            raise WrongError(
                self.end.seq + 1, f"is missing (the journal once reached row {reached})"
            )
        if self.log.head is not None:
            require_end(self.log.head, self.end, self.log.epoch)
        for seq in (*self.seals, *self.pictures):
            raise WrongError(seq, "has a seal or snapshot but is not in the journal")
        if self.public_keys and self.end.seq - self.report.signed_to >= CHECKPOINT_ROWS:
            raise WrongError(
                self.report.signed_to + 1, "and what follows should be signed but is not"
            )
        damage = self.log.damage()
        if damage:
            raise WrongError(0, f"The rows are right but the file is damaged ({damage})")


# --- the command line ---------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``civitwin verify-log`` and of this file run by itself."""
    parser.add_argument("file", metavar="FILE", help="journal, backup or export")
    parser.add_argument(
        "--public-key", action="append", default=[], metavar="HEX", type=_hex32,
        help="the hub's key: only its signatures count (may be repeated)",
    )  # fmt: skip
    parser.add_argument(
        "--contains", metavar="SEQ:CHAIN", type=_known_row,
        help="a row noted earlier that must still be there",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(arguments: argparse.Namespace, opened: Callable[[str], Log] | None = None) -> int:
    """Check and tell; 0 = as written, 1 = not, 2 = cannot be read."""
    try:
        log = opened(arguments.file) if opened else open_log(Path(arguments.file))
        report = verify(log, arguments.public_key, arguments.contains)
    except UnreadableError as error:
        if arguments.json:
            print(json.dumps({"file": arguments.file, "ok": False, "problem": str(error)}))
        else:
            print(error, file=sys.stderr)
        return EXIT_UNREADABLE
    if arguments.json:
        found = {"file": arguments.file, "ok": not report.problem, **report.__dict__}
        print(json.dumps(found))
    else:
        print(f"{arguments.file}: {sentence(report)}")
    return EXIT_WRONG if report.problem else 0


def sentence(report: Report) -> str:
    """The result for a person."""
    if report.problem:
        return f"row {report.seq} {report.problem}" if report.seq else report.problem
    if not report.n_rows:
        return "an empty journal"
    text = f"rows {report.first_seq} to {report.last_seq} are as they were written; "
    if not report.keys:
        return text + "none is signed, so only accidents can be ruled out"
    text += f"signed up to row {report.signed_to} by {', '.join(report.keys)}"
    if report.signatures == "not checked":
        text += " (signatures NOT checked: pip install PyNaCl)"
    return text


def _hex32(text: str) -> str:
    if len(bytes.fromhex(text)) != 32:
        raise ValueError(text)
    return text


def _known_row(text: str) -> tuple[int, bytes]:
    seq, chain = text.split(":")
    return int(seq), bytes.fromhex(chain)


def main() -> int:
    """Run by itself."""
    parser = argparse.ArgumentParser(description="Checks that a Civitwin journal is as written.")
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
