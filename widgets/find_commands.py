"""The command palette: "close harbour street" typed into the find box opens the filled form."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twin.commanding import command_types
from twin.room.parts.templates import Template, Templates
from twin.sense.model import Thing, Unit
from twin.session import ComposeRequest, TwinSession
from twin.target_sets import TargetSet, kind_sets, selected_sets, street_sets
from widgets.bridge import Bridge
from widgets.find_index import FindGroup, NameIndex
from widgets.parts.command_words import phrase
from widgets.parts.template_bar import compose_of
from widgets.parts.wording import count_text, kind_title

COMMANDS, BATCHES, TEMPLATES = "Commands", "Commands for many", "Templates"
#: What can be given: the form that it opens, title, detail, and the text that is searched.
_Entry = tuple[ComposeRequest, str, str, str]


class CommandFinder:
    """Every command on every target, on all targets of a street or kind, and the templates.

    Made and used on the GUI thread; names are indexed in a job whenever targets were announced.
    """

    def __init__(
        self, *, session: TwinSession, bridge: Bridge, ready: Callable[[], object]
    ) -> None:
        self._session = session
        self._bridge = bridge
        self._ready = ready
        self._version = (-1, -1)
        self._is_busy = False
        self._known: tuple[FindGroup, ...] = ()

    def groups(self) -> Sequence[FindGroup]:
        """All groups; starts to index what was announced since the last call."""
        self._index()
        return (*self._known, *self._of_selection(), self._templates())

    def _index(self) -> None:
        session = self._session
        version = (session.observations.catalogue_version, session.units.catalogue_version)
        if version == self._version or self._is_busy:
            return
        self._is_busy = True
        things = tuple(session.observations.things.values())
        units = tuple(session.units.units)
        targets: tuple[Thing | Unit, ...] = (*things, *units)
        streets = tuple(set(session.city.streets.names)) if session.city.streets else ()

        def work(_progress: object) -> tuple[FindGroup, FindGroup]:
            single = [
                _single(type_id, target.id, target.name, target.kind)
                for target in targets
                for type_id in target.accepts
            ]
            sets = [*street_sets(things, streets), *kind_sets(targets)]
            return (
                self._group(COMMANDS, single, "command"),
                self._group(BATCHES, _of_sets(sets), "commands"),
            )

        def done(made: tuple[FindGroup, FindGroup]) -> None:
            self._is_busy = False
            self._version = version
            self._known = made
            self._ready()

        def failed(_error: Exception) -> None:
            self._is_busy = False

        self._bridge.run_job(work, done, failed)

    def _of_selection(self) -> tuple[FindGroup, ...]:
        entries = _of_sets(selected_sets(self._session))
        return (self._group("Commands for the selection", entries, "lasso"),) if entries else ()

    def _templates(self) -> FindGroup:
        entries = [_of_template(t) for t in self._session.hub.room[Templates].by_id.values()]
        return self._group(TEMPLATES, entries, "template")

    def _group(self, heading: str, entries: Sequence[_Entry], icon: str) -> FindGroup:
        return FindGroup(
            heading=heading,
            index=NameIndex(text for _, _, _, text in entries),
            title=lambda row: entries[row][1],
            detail=lambda row: entries[row][2],
            choose=lambda row: self._session.compose(entries[row][0]),
            icon=icon,
        )


def _single(type_id: str, target_id: str, name: str, kind: str) -> _Entry:
    command_type = command_types().get(type_id)
    title = phrase(command_type, name)
    words = command_type.title if command_type is not None else type_id
    request = ComposeRequest(target_id=target_id, type_id=type_id)
    return request, f"{title}…", kind_title(kind), f"{title} {words}"


def _of_sets(sets: Sequence[TargetSet]) -> list[_Entry]:
    entries: list[_Entry] = []
    for one in sets:
        for type_id in one.accepts:
            command_type = command_types().get(type_id)
            if command_type is None:
                continue
            request = ComposeRequest(type_id=type_id, target_ids=one.ids, title=one.title)
            title = f"{command_type.title}: {one.title}"
            entries.append((request, f"{title}…", count_text(len(one.ids), "target"), title))
    return entries


def _of_template(template: Template) -> _Entry:
    detail = count_text(len(template.items), "command")
    return compose_of(template), template.title, detail, f"{template.title} {template.text}"
