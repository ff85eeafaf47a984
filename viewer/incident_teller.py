"""Tells the operator what incidents want of them: taking part, and tasks that run late."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twin.room.model import Operator
from twin.room.parts.incidents import Incidents
from twin.session import TwinSession
from widgets.parts.incident_words import is_late, words
from widgets.shape_mark import Level

_MOST_REMEMBERED = 5_000


class IncidentTeller:
    """Says each thing once, and nothing of what was so before this console came. GUI thread.

    Parameters
    ----------
    say : shows one sentence
    """

    def __init__(self, session: TwinSession, say: Callable[[str, Level], None]) -> None:
        self._session = session
        self._say = say
        self._told: dict[str, None] = {}
        self._has_begun = False

    def step(self, me: Operator) -> None:
        """Look at what is new; a few times a second."""
        room = self._session.hub.room
        if not room.seq:
            return
        for key, sentence, level in self._pressing(me):
            if key not in self._told:
                self._told[key] = None
                if self._has_begun:
                    self._say(sentence, level)
        while len(self._told) > _MOST_REMEMBERED:
            self._told.pop(next(iter(self._told)))
        self._has_begun = True

    def _pressing(self, me: Operator) -> Iterator[tuple[str, str, Level]]:
        part, now_ns = self._session.hub.room[Incidents], self._session.clock.now_ns()
        led = set()
        for incident in part.open:
            if incident.commander is not None and incident.commander.identity == me.identity:
                led.add(incident.id)
            for asked in incident.departments:
                if asked.department == me.department and asked.taken_by is None:
                    what = f": {asked.text}" if asked.text else ""
                    key = f"{incident.id} {asked.asked_ns}"
                    name = words(me.department)
                    yield key, f"{name} is asked to take part in “{incident.title}”{what}", "notice"
        for task in part.tasks.values():
            is_mine = task.department == me.department or task.incident in led
            around = part.by_id.get(task.incident)
            if is_mine and around is not None and is_late(task, now_ns):
                title = f"“{task.title}” of “{around.title}”"
                yield f"{task.id} {task.due_ns}", f"{title} should be done by now", "warning"
