"""Parameters of a command: from the plain map on the wire to the typed record and back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_type_hints

from twin.errors import CommandRejected

MAX_TEXT = 500


class FieldRejected(CommandRejected):
    """A value does not fit the others; raised by a params dataclass in ``__post_init__``.

    Attributes
    ----------
    field : name of the field that the form should point at
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamField:
    """One parameter, as a form needs it.

    Attributes
    ----------
    kind : int, float, str or bool
    default : None where it must be given
    min, max : None = no limit
    editor : what a form shows where the kind alone does not say: "lines" for a long text,
        "counted" for a short one whose letters count, "outline" for an area drawn on the ground,
        "command:TYPE" for an earlier command of a type
    group : heading under which a form folds it away until it is wanted, "" = always shown
    example : a value that fits, where not every one of the kind does; None = any
    """

    name: str
    title: str
    kind: type[Any]
    default: Any
    unit: str
    min: float | None
    max: float | None
    choices: tuple[Any, ...]
    help: str
    max_length: int
    editor: str = ""
    group: str = ""
    example: Any = None


def fields_of(params: type[Any]) -> tuple[ParamField, ...]:
    """The parameters of a params dataclass, in their order."""
    key: Any = params  # to mypy a type[Any] is not Hashable
    return _fields_of(key)


@lru_cache(maxsize=256)
def _fields_of(params: Any) -> tuple[ParamField, ...]:
    kinds = get_type_hints(params)
    return tuple(_field_of(field, kinds[field.name]) for field in dataclasses.fields(params))


def _field_of(field: dataclasses.Field[Any], kind: type[Any]) -> ParamField:
    meta = field.metadata
    title = str(meta.get("title") or field.name.replace("_", " "))
    return ParamField(
        name=field.name,
        title=title[:1].upper() + title[1:],
        kind=kind,
        default=None if field.default is dataclasses.MISSING else field.default,
        unit=str(meta.get("unit", "")),
        min=meta.get("min"),
        max=meta.get("max"),
        choices=tuple(meta.get("choices", ())),
        help=str(meta.get("help", "")),
        max_length=int(meta.get("max_length", MAX_TEXT)),
        editor=str(meta.get("editor", "")),
        group=str(meta.get("group", "")),
        example=meta.get("example"),
    )


def field_errors(params: type[Any], args: Mapping[str, Any]) -> dict[str, str]:
    """Check `args`; a sentence for each field that is wrong, nothing when all are right."""
    fields = fields_of(params)
    known = {field.name for field in fields}
    errors = {name: f"There is no field called {name}" for name in args if name not in known}
    for field in fields:
        if field.name in args:
            sentence = _value_error(field, args[field.name])
        else:
            sentence = f"{field.title} is missing" if field.default is None else ""
        if sentence:
            errors[field.name] = sentence
    return errors or _joint_error(params, args)


def _joint_error(params: type[Any], args: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with values that are right each for itself."""
    try:
        _made(params, args)
    except FieldRejected as error:
        return {error.field: str(error)}
    return {}


def _made(params: type[Any], args: Mapping[str, Any]) -> Any:
    kinds = {field.name: field.kind for field in fields_of(params)}
    return params(**{name: kinds[name](value) for name, value in args.items()})


def params_from_args(params: type[Any], args: Mapping[str, Any]) -> Any:
    """The typed record.

    Raises
    ------
    CommandRejected
        A field is unknown, missing, of the wrong type or out of range; the text names it.
    """
    errors = field_errors(params, args)
    if errors:
        raise CommandRejected("; ".join(errors.values()))
    return _made(params, args)


def example_args(params: type[Any], *, high: bool = True) -> dict[str, Any]:
    """Values that fit every field, at the upper or the lower end of what it takes.

    For tests and documentation: a type that is written today is tried with them today.
    """
    args: dict[str, Any] = {}
    for field in fields_of(params):
        limit = field.max if high else field.min
        if field.example is not None:
            args[field.name] = field.example
        elif field.choices:
            args[field.name] = field.choices[-1 if high else 0]
        elif field.kind in (int, float):
            args[field.name] = field.kind(7 if limit is None else limit)
        else:
            args[field.name] = high if field.kind is bool else "text" if high else "other text"
    return args


def args_from_params(params: Any) -> dict[str, Any]:
    """The plain map of a typed record, as it goes into a `CommandRequest`."""
    return dataclasses.asdict(params)


def _value_error(field: ParamField, value: Any) -> str:
    sentence = _kind_error(field, value)
    if sentence:
        return sentence
    if field.choices and value not in field.choices:
        return f"{field.title} must be one of {', '.join(str(c) for c in field.choices)}"
    unit = f" {field.unit}" if field.unit else ""
    if field.min is not None and value < field.min:
        return f"{field.title} must be at least {field.min:g}{unit}"
    if field.max is not None and value > field.max:
        return f"{field.title} must be at most {field.max:g}{unit}"
    return ""


def _kind_error(field: ParamField, value: Any) -> str:
    if field.kind is bool:
        return "" if isinstance(value, bool) else f"{field.title} must be yes or no"
    if field.kind is str:
        if not isinstance(value, str):
            return f"{field.title} must be a text"
        is_long = len(value) > field.max_length
        return f"{field.title} has over {field.max_length} letters" if is_long else ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        return f"{field.title} must be a number"
    if field.kind is int and value != int(value):
        return f"{field.title} must be a whole number"
    return ""
