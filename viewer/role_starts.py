"""Where each role begins: its first workspace, and what is open there beside the usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleStart:
    """The start of one role.

    Attributes
    ----------
    role : as the hub's keys name it, "" = nobody in particular
    title : for a person
    workspace : id of the first one
    panels : workspace -> panels that are open too, and in front of their tabs
    """

    role: str
    title: str
    workspace: str
    panels: dict[str, tuple[str, ...]] = field(default_factory=dict)


ANYBODY = RoleStart(role="", title="", workspace="overview")
#: Somebody with several roles begins as the first of them.
ROLE_STARTS = (
    RoleStart(
        role="shift_leader",
        title="shift leader",
        workspace="incidents",
        panels={"overview": ("shift", "stage"), "incidents": ("shift",)},
    ),
    RoleStart(
        role="trainer",
        title="trainer",
        workspace="monitor",
        panels={"monitor": ("operators",)},
    ),
    RoleStart(
        role="approver",
        title="approver",
        workspace="command",
        panels={"command": ("approvals",)},
    ),
    RoleStart(
        role="auditor",
        title="auditor",
        workspace="review",
        panels={"review": ("reviews", "shift")},
    ),
    RoleStart(role="operator", title="operator", workspace="overview"),
)


def start_of(roles: Sequence[str]) -> RoleStart:
    """Where somebody with these roles begins."""
    return next((start for start in ROLE_STARTS if start.role in roles), ANYBODY)
