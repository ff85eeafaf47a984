"""Introduces the layers of one view to the panels that show and change them."""

from __future__ import annotations

from collections.abc import Callable

from scenes.city_scene import CityScene
from scenes.legend import Legend as SceneLegend
from twin.ramps import Ramp
from twin.session import TwinSession
from widgets.layer_list import LayerEntry, LayerList, Legend

COLOUR_LAYER = "buildings"


class LayerDriver:
    """Layers follow the `LayerList` it is attached to, while its view is the active one. GUI.

    Parameters
    ----------
    hurry : has the view drawn with the next tick
    """

    def __init__(
        self, *, session: TwinSession, scene: CityScene, hurry: Callable[[], None]
    ) -> None:
        self._session, self._scene, self._hurry = session, scene, hurry
        self._layers: LayerList | None = None
        self._detach: list[Callable[[], None]] = []
        self._legend: SceneLegend | None = None

    @property
    def is_attached(self) -> bool:
        """Whether the panels show this view."""
        return self._layers is not None

    def attach(self, layers: LayerList) -> None:
        """The panels now show and change the layers of this view."""
        self._layers = layers
        layers.show_entries(self._entries())
        layers.show_legend(None if self._legend is None else panel_legend(self._legend))
        self._detach = [
            layers.changed.connect(self._take_layer),
            layers.ramp_changed.connect(self._take_ramp),
        ]

    def detach(self) -> None:
        """The panels show another view."""
        self._layers = None
        for detach in self._detach:
            detach()
        self._detach = []

    def tell(self) -> None:
        """What colours mean and what the style did, for the panels; after each update."""
        legend, is_new = self._scene.legend, self._scene.legend is not self._legend
        self._legend = legend
        if self._layers is None:
            return
        if is_new:
            self._layers.show_legend(None if legend is None else panel_legend(legend))
        self._layers.show_style_outcome(self._scene.style_outcome)

    def _entries(self) -> list[LayerEntry]:
        return [
            LayerEntry(
                id=record.id,
                title=record.title,
                state=self._scene.layer_state(record.id),
                visible=self._scene.is_layer_visible(record.id),
            )
            for record in self._scene.layers
            if record.is_listed and record.has_any(self._session.city)
        ]

    def _take_layer(self, entry: LayerEntry) -> None:
        self._scene.set_layer_visible(entry.id, entry.visible)
        self._scene.set_layer_state(entry.id, entry.state)
        self._hurry()

    def _take_ramp(self, ramp: Ramp) -> None:
        if self._layers is not None:
            self._layers.set_field(COLOUR_LAYER, "ramp", ramp)


def panel_legend(legend: SceneLegend) -> Legend:
    """The scene's legend as the layers panel shows it."""
    return Legend(
        title=legend.title,
        unit=legend.unit,
        vmin=legend.vmin,
        vmax=legend.vmax,
        ramp=legend.ramp,
        classes=tuple((name, _hex(rgb)) for name, rgb in legend.classes),
        no_data=_hex(legend.no_data or (0, 0, 0)),
        note=legend.note,
    )


def _hex(rgb: tuple[int, int, int]) -> str:
    return "#{:02X}{:02X}{:02X}".format(*rgb)
