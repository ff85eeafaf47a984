"""YAML in which every map knows its line, for errors that name it. Plain data, no anchors."""

from __future__ import annotations

from typing import Any, Final

import yaml

#: Keys under which a map holds the line it begins at, and the lines of its keys.
LINE: Final = "\0line"
KEY_LINES: Final = "\0lines"
_HIDDEN: Final = frozenset({LINE, KEY_LINES})


class YamlError(Exception):
    """The text is no YAML of this kind.

    Attributes
    ----------
    line : from 1 on, 0 = not known
    """

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(what)
        self.line = line


def parse_yaml(text: str) -> Any:
    """Plain data; each map holds the line of its beginning under `LINE`, and its `KEY_LINES`.

    Dates and “yes” stay texts. Anchors are refused, for they can explode, and so are keys that
    stand twice.

    Raises
    ------
    YamlError
        With the line.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise YamlError(str(error.problem), mark.line + 1 if mark else 0) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError("there is a letter that no text has", line) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise YamlError(f"it is no YAML: {error}") from error


def plain(value: Any) -> Any:
    """The same without lines."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key not in _HIDDEN}
    return [plain(one) for one in value] if isinstance(value, list) else value


def keys_of(entry: dict[str, Any]) -> list[str]:
    """The keys of a map that stand in the file."""
    return [key for key in entry if key not in _HIDDEN]


def line_of_key(entry: dict[str, Any], key: str) -> int:
    """Line of a key of a map, else the one where the map begins."""
    lines = entry.get(KEY_LINES, {})
    return int(lines.get(key, entry.get(LINE, 1)))


class _Loader(yaml.SafeLoader):
    """Plain data, each map with its line."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="anchors are not used here", problem_mark=mark)
        return super().compose_node(parent, index)


def _map_with_line(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found = loader.construct_mapping(node, deep=True)
    lines: dict[str, int] = {}
    for key_node, _ in node.value:
        key = str(loader.construct_object(key_node))
        if key in lines:
            what = f"“{key}” stands here twice"
            raise yaml.MarkedYAMLError(problem=what, problem_mark=key_node.start_mark)
        lines[key] = key_node.start_mark.line + 1
    texts = {str(key): value for key, value in found.items()}
    return {**texts, LINE: node.start_mark.line + 1, KEY_LINES: lines}


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _truth(loader: _Loader, node: yaml.ScalarNode) -> bool | str:
    """Only true and false: “yes”, “no”, “on” and “off” are words like others."""
    word = str(loader.construct_scalar(node))
    return word.casefold() == "true" if word.casefold() in ("true", "false") else word


_Loader.add_constructor("tag:yaml.org,2002:map", _map_with_line)
_Loader.add_constructor("tag:yaml.org,2002:bool", _truth)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)
