"""Saving and removing prepared commands."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.rules import is_plain
from twin.hub.who import Who
from twin.room.parts.templates import Template, TemplateItem, Templates

MAX_ID = 64
MAX_TITLE = 120
MAX_TEXT = 2_000
MAX_ITEMS = 200
MAX_TEMPLATES = 500
MAX_BYTES = 65_536


class Saved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "template.save"; the same id again replaces it."""

    id: str
    title: str
    items: tuple[TemplateItem, ...]
    text: str = ""


class Removed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "template.remove"."""

    id: str


class TemplateDesk(Desk):
    """Keeps templates."""

    def acts(self) -> Mapping[str, Taken]:
        """Template acts."""
        return {
            "template.save": Taken(Saved, self._save),
            "template.remove": Taken(Removed, self._remove),
        }

    def _save(self, who: Who, body: Saved) -> str:
        if not 0 < len(body.id) <= MAX_ID or not 0 < len(body.title.strip()) <= MAX_TITLE:
            return f"A template has an id and a title of 1 to {MAX_TITLE} letters"
        if not 0 < len(body.items) <= MAX_ITEMS or len(body.text) > MAX_TEXT:
            return f"A template holds 1 to {MAX_ITEMS} commands"
        unknown = [i.type_id for i in body.items if self.hall.types.get(i.type_id) is None]
        if unknown:
            return f"The hub knows no command called {unknown[0][:60]}"
        plain = msgspec.to_builtins(body)
        if not is_plain(plain) or len(msgspec.json.encode(plain)) > MAX_BYTES:
            return f"A template is plain JSON of at most {MAX_BYTES} bytes"
        table = self.hall.room[Templates].by_id
        if body.id not in table and len(table) >= MAX_TEMPLATES:
            return f"There are {MAX_TEMPLATES} templates already; remove some"
        entry = Template(by=who.operator, **msgspec.structs.asdict(body))
        self.hall.emit("template.saved", person(who.operator), **msgspec.to_builtins(entry))
        return ""

    def _remove(self, who: Who, body: Removed) -> str:
        if body.id not in self.hall.room[Templates].by_id:
            return "There is no such template"
        self.hall.emit("template.removed", person(who.operator), id=body.id)
        return ""


DESK = DeskType(id="templates", make=TemplateDesk)
