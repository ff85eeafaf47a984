"""The playbooks that a console offers: those that come with the program."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from twin.commands.base import command_registry
from twin.errors import TwinError
from twin.playbooks.model import Playbook
from twin.playbooks.reading import read_playbook

BUNDLED = Path(str(files("resources"))) / "playbooks"


def playbook_files(folders: Sequence[Path] = (BUNDLED,)) -> list[Path]:
    """Files of playbooks in some folders, by name."""
    return [path for folder in folders for path in sorted(folder.glob("*.yaml"))]


@cache
def bundled_playbooks() -> tuple[Playbook, ...]:
    """The playbooks that come with the program, by title; read once.

    Raises
    ------
    PlaybookError
        One of them is not sound.
    """
    types = command_registry()
    found = (read_playbook(path, types) for path in playbook_files())
    return tuple(sorted(found, key=lambda one: one.title))


def bundled_playbook(playbook_id: str) -> Playbook:
    """The bundled playbook of that id, raises `TwinError` if there is none."""
    known = {one.id: one for one in bundled_playbooks()}
    if playbook_id not in known:
        raise TwinError(f"No playbook is called “{playbook_id}”; known are {', '.join(known)}")
    return known[playbook_id]
