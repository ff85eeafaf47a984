"""YAML as plain data in which every map knows its line; nothing in it is executed."""

from __future__ import annotations

from typing import Any

import yaml

#: Key under which a map holds the line it begins at.
LINE = "\0line"


class Loader(yaml.SafeLoader):
    """Plain data, each map with the line it begins at; anchors are refused (they can explode)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse what stands for something else."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="anchors are not used in scripts", problem_mark=mark)
        return super().compose_node(parent, index)


def _map_with_line(loader: Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found = loader.construct_mapping(node, deep=True)
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.MarkedYAMLError(
                problem=f"“{key}” stands here twice", problem_mark=key_node.start_mark
            )
        seen.add(key)
    plain = {str(key): value for key, value in found.items()}
    plain[LINE] = node.start_mark.line + 1
    return plain


Loader.add_constructor("tag:yaml.org,2002:map", _map_with_line)


def plain(value: Any) -> Any:
    """The same without the lines."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key != LINE}
    return [plain(one) for one in value] if isinstance(value, list) else value
