"""The workspaces: which docks are open at first, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from widgets.panel import Area, PanelType


@dataclass(frozen=True, slots=True)
class Workspace:
    """One arrangement of the window for one kind of work.

    A panel that names workspaces in its record is open at first in those only; any other in those
    that show its area or name it in ``panels``. ``front`` names panels that are in front of their
    tabs at first. ``upper_share`` is what the first of the right panels takes of the height where
    there is room for two.
    """

    id: str
    title: str
    key: str
    areas: tuple[Area, ...] = ()
    panels: tuple[str, ...] = ()
    front: tuple[str, ...] = ()
    upper_share: float = 0.55


WORKSPACES = (
    Workspace("overview", "Overview", "1", ("left", "right")),
    Workspace("monitor", "Monitor", "2", ("left", "right", "bottom"), front=("sensors",)),
    Workspace(
        "incidents",
        "Incidents",
        "3",
        panels=("inspector", "commands", "messages", "marks", "activity"),
        front=("incidents", "alarms"),
        upper_share=0.36,
    ),
    Workspace("command", "Command", "4", ("right", "bottom"), (), ("commands",), 0.36),
    Workspace(
        "review",
        "Review",
        "5",
        panels=("inspector", "activity", "messages", "bookmarks"),
        front=("shift", "activity"),
        upper_share=0.3,
    ),
)


def shows(workspace: Workspace, record: PanelType) -> bool:
    """Whether a panel is open at first in a workspace."""
    if record.workspaces:
        return workspace.id in record.workspaces
    return record.area in workspace.areas or record.id in workspace.panels


def in_order(records: Iterable[PanelType]) -> list[PanelType]:
    """Panels by their `order`, then title."""
    return sorted(records, key=lambda record: (record.order, record.title))
