"""The record of a layer, and what its visual is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from scenes.scene_input import SceneInput
from twin.city.asset import CityAsset
from twin.registry import Registry

if TYPE_CHECKING:
    from scenes.stage import Stage
    from scenes.view import View


class LayerVisual(Protocol):
    """The drawn side of a layer. GUI thread only; never reads a clock, a store or a socket."""

    def build(self, stage: Stage) -> None:
        """Make the actors; called once for each city and theme, after `dispose` of the last."""
        ...

    def update(self, given: SceneInput, view: View, state: Any) -> bool:
        """Bring the actors up to date; returns whether anything drawn has changed.

        Called once a frame while visible, so it must be quick when nothing moved.
        """
        ...

    def set_visible(self, visible: bool) -> None:
        """Show or hide all actors."""
        ...

    def dispose(self) -> None:
        """Take the actors out of the renderer and let go of them."""
        ...


def _always(_city: CityAsset) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerType:
    """Record of one layer (upper-case ``LAYER`` of a module in `scenes.layers`).

    Attributes
    ----------
    id : permanent, lower case
    title : for the layer list, sentence case
    state : frozen dataclass of the layer's settings, each field with metadata
        ``unit``, ``min``, ``max``, ``help``; made without arguments = the defaults
    visual : makes the drawn side
    order : drawn and listed in rising order
    is_listed : whether a person can switch it on and off
    has_any : whether a city has what it draws; for others it is not listed
    """

    id: str
    title: str
    state: Callable[[], Any]
    visual: Callable[[], LayerVisual]
    order: int = 50
    visible_at_start: bool = True
    is_listed: bool = True
    has_any: Callable[[CityAsset], bool] = _always


def layer_registry() -> Registry[LayerType]:
    """All layers."""
    return Registry(LayerType).load_all("scenes.layers")
