"""Conditions of interlocks in CEL, the Common Expression Language: checked when loaded, then asked.

CEL has no loops but those over a given list, no way to reach anything outside, and a value that is
missing makes an answer undecided only where the answer depends on it.

Hard-won rules (each guarded in tests/twin/interlocks/test_expression.py):

1. An expression is checked before it is ever asked: names, types, depth, length.
2. Only a BOOL is read back from the library: reading back a null loses a reference to ``None``, and
   after enough of them the process aborts. WORKAROUND for cel-expr-python 0.1.3.
3. `Expression.ask` never raises and takes bounded time: the library stops after 10,000 turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from twin.errors import TwinError
from twin.near_names import known_are

MAX_LETTERS = 2_000
#: What is known of the target and the command, beside the inputs' own names.
FACTS: Mapping[str, Any] = {
    "target.id": cel.Type.STRING,
    "target.name": cel.Type.STRING,
    "target.kind": cel.Type.STRING,
    "target.x": cel.Type.DYN,
    "target.y": cel.Type.DYN,
    "command.type": cel.Type.STRING,
    "command.args": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "command.level": cel.Type.DYN,
    "command.department": cel.Type.STRING,
    "command.drill": cel.Type.BOOL,
    "command.incident": cel.Type.STRING,
}
#: Keys of an entry of ``others``.
OTHER_KEYS = (
    "type", "target", "kind", "department", "state", "level", "args", "batch", "incident", "drill",
    "distance_m", "route_distance_m",
)  # fmt: skip
#: Names that an input cannot have.
RESERVED = frozenset({
    "target", "command", "others", "inputs", "true", "false", "null", "in", "as", "break", "const",
    "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
    "return", "var", "void", "while", "has", "size", "type", "dyn", "int", "uint", "double",
    "string", "bool", "bytes", "list", "map",
})  # fmt: skip
_LITERAL = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_OVER_OTHERS = re.compile(
    r"(?:\bothers|\))\s*\.\s*(?:exists|all|exists_one|filter|map)\s*\(\s*([A-Za-z_]\w*)\s*,"
)
_PLACE = re.compile(r"<input>:(-?\d+):(-?\d+): ([^\n]*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '\(([^)]*)\)'")
_NO_VALUE = re.compile(r"No value with name \"([^\"]*)\"")
_NO_KEY = re.compile(r"Key not found in map : \"([^\"]*)\"")


class ExpressionError(TwinError):
    """A condition cannot be used.

    Attributes
    ----------
    line, column : from 1 on, within the expression; 0 = not known
    """

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.line, self.column = line, column


class Expression:
    """One condition. Immutable; any thread.

    Parameters
    ----------
    source : CEL that is true when something must not happen
    inputs : names of the numbers that it may use

    Attributes
    ----------
    other_keys : those of `OTHER_KEYS` that it may ask of another command

    Raises
    ------
    ExpressionError
        It is no CEL, names something unknown, or is not a yes or no.
    """

    def __init__(self, source: str, inputs: Iterable[str] = ()) -> None:
        self.source = source
        self._inputs = tuple(inputs)
        self._plain = without_literals(source)
        self.other_keys = frozenset(key for key in OTHER_KEYS if key in source)
        if len(source) > MAX_LETTERS:
            raise ExpressionError(f"it has over {MAX_LETTERS:,} letters; make several rules of it")
        self._require_known_keys()
        self._require_numbers()
        try:
            self._program = _environment(self._inputs).compile(source)
        except RuntimeError as error:
            raise self._error(str(error)) from error
        if self._program.return_type() != cel.Type.BOOL:
            raise ExpressionError("it is no yes or no; compare with something, as in “> 0”", 1, 1)
        all_names = ("others", "inputs", *FACTS, *self._inputs)
        self._names = frozenset(name for name in all_names if self._is_used(name))
        self._facts = tuple(name for name in FACTS if name in self._names)

    def mentions(self, name: str) -> bool:
        """Whether it uses a name, such as "others", "target.kind" or an input."""
        return name in self._names

    def ask(
        self,
        inputs: Mapping[str, float],
        facts: Mapping[str, Any],
        others: list[dict[str, Any]] | None = None,
    ) -> bool | str:
        """Whether it holds; a text says why that cannot be decided. Never raises.

        Parameters
        ----------
        inputs : the known ones
        facts : by names of `FACTS`; what is absent is not known
        others : None = not known
        """
        data: dict[str, Any] = {name: facts[name] for name in self._facts if name in facts}
        data |= inputs
        if "inputs" in self._names:
            data["inputs"] = dict(inputs)
        if others is not None and "others" in self._names:
            data["others"] = others
        try:
            answer = self._program.eval(data=data)
            if answer.type() == cel.Type.BOOL:
                return bool(answer.value())
            if answer.type() == cel.Type.ERROR:
                return _why(str(answer.value()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the rule is not decided
            return _why(str(error))
        return "it gave no yes or no"

    def _is_used(self, name: str) -> bool:
        parts = r"\s*\.\s*".join(re.escape(part) for part in name.split("."))
        if re.search(rf"(?<![\w.]){parts}\b", self._plain):
            return True
        as_entry = rf"\binputs\s*\.\s*{re.escape(name)}\b"
        return name in self._inputs and re.search(as_entry, self._plain) is not None

    def _require_known_keys(self) -> None:
        names = {match[1] for match in _OVER_OTHERS.finditer(self._plain)}
        for name in names:
            for match in re.finditer(
                rf"(?<![\w.]){name}\s*\.\s*([A-Za-z_]\w*)\b(?!\s*\()", self._plain
            ):
                if match[1] not in OTHER_KEYS:
                    what = f"another command has no “{match[1]}”"
                    raise self._at(f"{what}; {known_are(match[1], OTHER_KEYS)}", match.start(1))

    def _require_numbers(self) -> None:
        """An input is a number: compared with a text it would silently never be equal."""
        for name in self._inputs:
            compared = rf"(?<![\w.]){name}\s*[=!<>]=?\s*[\"']"
            match = re.search(compared, self._plain)
            if match:
                raise self._at(
                    f"“{name}” is a number and cannot be compared with a text", match.start()
                )

    def _at(self, what: str, index: int) -> ExpressionError:
        before = self.source[:index]
        return ExpressionError(what, before.count("\n") + 1, index - before.rfind("\n"))

    def _error(self, said: str) -> ExpressionError:
        if "recursion" in said:
            return ExpressionError("it is nested too deeply; make several rules of it")
        place = _PLACE.search(said)
        if place is None:
            return ExpressionError(said.partition("\n")[0])
        line, column, what = int(place[1]), int(place[2]), place[3]
        return ExpressionError(self._in_words(what), max(line, 0), max(column, 0))

    def _in_words(self, what: str) -> str:
        unknown = _UNDECLARED.search(what)
        if unknown:
            known = (*self._inputs, *FACTS, "others", "inputs")
            return f"nothing is called “{unknown[1]}”; {known_are(unknown[1], known)}"
        overload = _OVERLOAD.search(what)
        if overload:
            return f"“{overload[1].strip('_')}” does not work on ({overload[2]})"
        what = what.partition(" expecting")[0].removeprefix("Syntax error: ")
        return "something is missing at the end" if "<EOF>" in what else what


@lru_cache(maxsize=1_000)
def expression_of(source: str, inputs: tuple[str, ...]) -> Expression:
    """The same as `Expression`, made once."""
    return Expression(source, inputs)


@lru_cache(maxsize=1_000)
def _environment(inputs: tuple[str, ...]) -> Any:
    row = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    numbers = dict.fromkeys(inputs, cel.Type.DYN)
    more = {"inputs": row, "others": cel.Type.List(row)}
    return cel.NewEnv(variables={**FACTS, **numbers, **more})


def without_literals(source: str) -> str:
    """The source with the insides of its texts blanked, letter for letter."""
    return _LITERAL.sub(
        lambda match: match[0][0] + " " * (len(match[0]) - 2) + match[0][-1], source
    )


def placeholders_of(text: str) -> Iterator[str]:
    """Names between braces in a text."""
    return (match[1] for match in re.finditer(r"\{([^{}]*)\}", text))


def _why(said: str) -> str:
    missing = _NO_VALUE.search(said) or _NO_KEY.search(said)
    if missing:
        return f"{missing[1]} is not known"
    if "budget" in said:
        return "there are too many other commands to look at"
    return said.partition("\n")[0].partition(": ")[2][:200] or said[:200]
