"""The record of a dock panel and what every panel is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from PySide6.QtWidgets import QWidget

from twin.registry import Registry
from twin.session import TwinSession
from twin.theme import Theme
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.layer_list import LayerList

Area = Literal["left", "right", "bottom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelContext:
    """Everything a panel may use; there are no globals.

    Attributes
    ----------
    session : the twin; its `selection` and `changed` signals fire on the GUI thread
    bridge : timers and background jobs
    theme : colours and sizes
    actions : named actions of the whole window (find box, menus, keys)
    layers : what the scene draws and how; filled by the app, changed by the layers panel
    """

    session: TwinSession
    bridge: Bridge
    theme: Theme
    actions: ActionTable
    layers: LayerList = field(default_factory=LayerList)


class Panel(Protocol):
    """What the main window calls on a panel's widget. GUI thread."""

    def refresh(self) -> None:
        """Show what is new; called at most 5 times a second, only while visible."""
        ...

    def release(self) -> None:
        """Let go of signals and timers; called once, before the widget is destroyed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelType:
    """Record of one panel (upper-case ``PANEL`` of a module in `widgets.panels`).

    ``create`` returns a QWidget that also has the methods of `Panel`.
    ``order`` sorts the tabs within an area; ``workspaces`` says where it is shown at first.
    """

    id: str
    title: str
    area: Area
    create: Callable[[PanelContext], QWidget]
    order: int = 50
    icon: str = ""
    key: str = ""


def panel_registry() -> Registry[PanelType]:
    """All panels."""
    return Registry(PanelType).load_all("widgets.panels")
