"""What could not be loaded of a streamed source, why, and when it is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from twin.clock import NS_PER_S

_FIRST_NS = NS_PER_S
_LONGEST_NS = 60 * NS_PER_S
#: So many failures in a row, without a success between, and the whole source pauses.
_IN_A_ROW = 3
_NAMED = 3


#: What was asked for ("load", "open") of which node.
Piece: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How a streamed source is doing.

    Attributes
    ----------
    missing : key and reason of each piece that is missing for good
    waiting : key and reason of each piece that is tried again
    retry_in_s : until the next try, 0 without any waiting
    """

    id: str
    title: str
    missing: tuple[tuple[str, str], ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()
    retry_in_s: float = 0.0

    @property
    def sentence(self) -> str:
        """What a person should know, "" when all is well."""
        return f"{self.title}: {self.words}" if self.words else ""

    @property
    def words(self) -> str:
        """The same where the source is named already."""
        parts = []
        if self.missing:
            parts.append(f"{_pieces(self.missing)} missing: {self.missing[0][1]}")
        if self.waiting:
            again = f"next try in {max(self.retry_in_s, 0.0):.0f} s"
            parts.append(f"{_pieces(self.waiting)} unreachable ({again}): {self.waiting[0][1]}")
        return "; ".join(parts)


class FailureBook:
    """The failures of one source. One thread."""

    def __init__(self, source_id: str, title: str) -> None:
        self._id, self._title = source_id, title
        self._missing: dict[Piece, tuple[str, str]] = {}
        self._waiting: dict[Piece, tuple[str, str]] = {}
        self._tries: dict[Piece, int] = {}
        self._retry_ns: dict[Piece, int] = {}
        self._in_a_row = 0
        #: Nothing of the source is asked for before this moment.
        self.paused_until_ns = 0

    def note_success(self, piece: Piece) -> None:
        """A piece came: the source answers."""
        self._in_a_row = 0
        self.paused_until_ns = 0
        for table in (self._missing, self._waiting):
            table.pop(piece, None)
        self._tries.pop(piece, None)
        self._retry_ns.pop(piece, None)

    def note_missing(self, piece: Piece, key: str, reason: str) -> bool:
        """A piece is missing for good; False when that was known."""
        is_new = piece not in self._missing
        self._missing[piece] = (key, reason)
        self._waiting.pop(piece, None)
        return is_new

    def note_unreachable(self, piece: Piece, key: str, reason: str, now_ns: int) -> int:
        """A piece may come later; returns when to try again."""
        tries = self._tries.get(piece, 0)
        self._tries[piece] = tries + 1
        self._waiting[piece] = (key, reason)
        retry_ns = now_ns + back_off_ns(tries, piece[1])
        self._retry_ns[piece] = retry_ns
        self._in_a_row += 1
        if self._in_a_row >= _IN_A_ROW:
            pause_ns = back_off_ns(self._in_a_row - _IN_A_ROW, piece[1])
            self.paused_until_ns = max(self.paused_until_ns, now_ns + pause_ns)
        return retry_ns

    def status(self, now_ns: int) -> SourceStatus:
        """What is missing and what is waited for."""
        next_ns = min(self._retry_ns.values(), default=now_ns)
        return SourceStatus(
            id=self._id,
            title=self._title,
            missing=tuple(self._missing.values()),
            waiting=tuple(self._waiting.values()),
            retry_in_s=max(0, max(next_ns, self.paused_until_ns) - now_ns) / NS_PER_S,
        )


def back_off_ns(tries: int, salt: int) -> int:
    """Twice as long each time, up to a minute, spread by half so that not all come at once.

    Parameters
    ----------
    tries : failures before this one
    salt : what spreads (the node), so that the same run is the same twice
    """
    longest = min(_FIRST_NS << min(tries, 10), _LONGEST_NS)
    share = ((salt * 2_654_435_761 + tries * 40_503) % 1000) / 1000
    return round(longest * (0.5 + share))


def _pieces(pieces: tuple[tuple[str, str], ...]) -> str:
    names = ", ".join(key for key, _ in pieces[:_NAMED])
    more = f" and {len(pieces) - _NAMED} more" if len(pieces) > _NAMED else ""
    return f"{names}{more}"
