"""Templates: commands prepared in advance, for everybody; using one makes ordinary commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body


class TemplateItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command of a template; without a target it is chosen when it is used."""

    type_id: str
    args: dict[str, Any]
    target_id: str = ""
    target_name: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named list of prepared commands."""

    id: str
    title: str
    items: tuple[TemplateItem, ...]
    by: Operator
    text: str = ""


class _Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "template.removed"."""

    id: str


class Templates(Part):
    """Templates by id."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("template", Template, lambda entry: entry.id)

    def handlers(self) -> Mapping[str, Handler]:
        """Saving and removing."""
        return {"template.saved": self._saved, "template.removed": self._removed}

    def _saved(self, event: Event) -> None:
        self.by_id.put(read_body(event, Template))

    def _removed(self, event: Event) -> None:
        self.by_id.drop(read_body(event, _Removed).id)


PART = PartType(id="templates", make=Templates)
