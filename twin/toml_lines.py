"""TOML files that people write, read so that errors name file, line and rule."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from twin.errors import TwinError
from twin.near_names import known_are

_E = TypeVar("_E", bound=TwinError)


@dataclass(frozen=True, slots=True)
class TomlFile(Generic[_E]):
    """One file while it is read, and the errors that its reader raises.

    Attributes
    ----------
    where : names it in errors
    kind : of its errors
    fingerprint : SHA-256 of its content, hexadecimal
    """

    where: str
    kind: type[_E]
    lines: Sequence[str]
    table: Mapping[str, Any]
    fingerprint: str

    def line(self, head: str = "", i: int = 0, field: str = "") -> int | None:
        """Line of the i-th table of a name, of a field in it, or of a field above all tables."""
        line = line_of(self.lines, head, i, field)
        return line_of(self.lines, field) if line is None and not head and field else line

    def place(self, head: str = "", i: int = 0, field: str = "") -> str:
        """The same in words: "city.toml, line 3", or the file alone."""
        return self._at(self.line(head, i, field))

    def wrong(self, what: str, head: str = "", field: str = "") -> _E:
        """Something in a table, or above all tables, is wrong."""
        return self.kind(f"{self.place(head, 0, field)}: {what}")

    def wrong_rule(self, head: str, i: int, what: str, field: str = "") -> _E:
        """Something in the i-th ``[[head]]`` is wrong."""
        return self.kind(f"{self.place(head, i, field)}, {self._rule(head, i)}: {what}")

    def wrong_text(
        self, head: str, i: int, what: str, field: str, *, line: int = 0, column: int = 0
    ) -> _E:
        """Something within the text of a field is wrong; its line and letter, 0 = not known."""
        at = self.line(head, i, field)
        if at is not None and line:
            opens_below = self.lines[at - 1].rstrip().endswith(('"""', "'''"))
            at += line - 1 + opens_below
        letter = f", letter {column}" if column else ""
        return self.kind(f"{self._at(at)}, {self._rule(head, i)}, {field}{letter}: {what}")

    def require_known(self, names: Sequence[str]) -> None:
        """Refuse what is none of the names at the top of the file."""
        for name in self.table:
            if name not in names:
                raise self.wrong(unknown(name, names), field=name)

    def version_and_name(self) -> tuple[int, str]:
        """Both as they stand at the top of the file, checked."""
        version, name = self.table.get("version"), self.table.get("name", "")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            what = "version must be a whole number from 1 on; count it up by hand"
            raise self.wrong(what, field="version")
        if not isinstance(name, str):
            raise self.wrong("name must be a text", field="name")
        return version, name

    def rows(self, head: str, most: int | None = None) -> Sequence[dict[str, Any]]:
        """All ``[[head]]``, not more than `most`."""
        rows = self.table.get(head, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.wrong(f"write [[{head}]] with two brackets, once for each rule")
        if most is not None and len(rows) > most:
            raise self.wrong(f"there are over {most} rules; nobody could oversee them")
        return rows

    def _rule(self, head: str, i: int) -> str:
        rule_id = self.table[head][i].get("id")
        is_named = isinstance(rule_id, str) and rule_id
        return f"[[{head}]] “{rule_id}”" if is_named else f"[[{head}]] number {i + 1}"

    def _at(self, line: int | None) -> str:
        return self.where if line is None else f"{self.where}, line {line}"


def content_of(path: Path, most_bytes: int, kind: type[TwinError], *, noun: str) -> bytes:
    """The first bytes of a file, one more than it may have; raises `kind` if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(most_bytes + 1)
    except OSError as error:
        raise kind(f"The {noun} cannot be read ({error.strerror}): {path}") from error


def toml_file(
    content: bytes, where: str, most_bytes: int, kind: type[_E], *, advice: str = ""
) -> TomlFile[_E]:
    """Parse the text of a file; `where` names it in errors.

    Parameters
    ----------
    advice : how the sentence about a file that is too long ends

    Raises
    ------
    TwinError
        Of the given kind: too long, or no TOML.
    """
    if len(content) > most_bytes:
        raise kind(f"{where} has over {most_bytes:,} bytes{advice}")
    try:
        text = content.decode("utf-8")
        table = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise kind(f"{where} is not TOML: {error}") from error
    return TomlFile(where, kind, text.splitlines(), table, hashlib.sha256(content).hexdigest())


def unknown(name: str, known: Sequence[str]) -> str:
    """What is said of a name that a file must not hold."""
    return f"nothing is called “{name}”; {known_are(name, known)}"


def unfit_field(error: msgspec.ValidationError) -> tuple[str, str]:
    """What does not fit when a rule is made of its table: a sentence, and the field or ""."""
    what, _, place = str(error).partition(" - at ")
    field = place.strip("`").removeprefix("$.").partition("[")[0]
    return f"{field or 'the rule'}: {what}", field


def line_of(lines: Sequence[str], head: str, i: int = 0, field: str = "") -> int | None:
    """Line (from 1) of the i-th ``[[head]]`` or ``[head]``, better that of a field in it.

    Where there is only ``[head.more]`` it is the line of that.

    Parameters
    ----------
    lines : of the file
    head : "interlock", "areas.harbour"; "" = the top of the file

    Returns
    -------
    int or None
        None where it is not found, as in a table written inline.
    """
    start = _start(lines, head, i)
    if start is None:
        return None
    for n in range(start, len(lines)):
        if lines[n].lstrip().startswith("["):
            break
        if field and re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*[.=]", lines[n]):
            return n + 1
    return start if head else None


def _start(lines: Sequence[str], head: str, i: int) -> int | None:
    if not head:
        return 0
    parts = r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in head.split("."))
    exact = re.compile(rf"\s*\[\[?\s*{parts}\s*\]")
    within = re.compile(rf"\s*\[\[?\s*{parts}\s*\.")
    hits = [n for n, line in enumerate(lines) if exact.match(line)]
    hits = hits or [n for n, line in enumerate(lines) if i == 0 and within.match(line)]
    return hits[i] + 1 if i < len(hits) else None
