"""Traffic on the streets that are measured: free, slow or congested, as bands along them."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.street_colours import STREET_PROPERTIES, TrafficClasses, streets_of
from scenes.street_ribbons import StreetRibbons
from scenes.view import View
from twin.clock import NS_PER_S

REFRESH_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class StreetsTrafficState:
    """Traffic on streets has no settings."""


class StreetsTrafficVisual:
    """One band a street, recoloured at most once a second."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._ribbons = StreetRibbons(stage.renderer)
        self._classes: TrafficClasses | None = None
        self._catalogue = -1
        self._version, self._drawn_ns = -1, 0
        self._is_shown = True

    def update(self, given: SceneInput, view: View, state: StreetsTrafficState) -> bool:  # noqa: ARG002
        """Follow catalogue, values and view; step back when the city is coloured by traffic."""
        changed = False
        if given.catalogue_version != self._catalogue:
            self._catalogue = given.catalogue_version
            streets = streets_of(given, "traffic_speed")
            self._ribbons.set_paths(streets.paths_local_m)
            has_any = bool(len(streets.paths_local_m))
            stage = self._stage
            self._classes = TrafficClasses(stage.asset, stage.theme, streets) if has_any else None
            self._version = -1
            changed = True
        changed |= self._show(given.colour_by not in STREET_PROPERTIES)
        if self._classes is None or not self._is_shown:
            return changed
        is_due = abs(given.now_ns - self._drawn_ns) >= REFRESH_NS
        if self._version < 0 or (given.version != self._version and is_due):
            self._version, self._drawn_ns = given.version, given.now_ns
            changed |= self._ribbons.set_colours(self._classes.colours(given))
        return self._ribbons.fit(view) | changed

    def set_visible(self, visible: bool) -> None:
        """Show or hide bands and legend."""
        self._ribbons.set_visible(visible and self._is_shown)
        self._stage.set_legend(
            "streets", self._classes.legend if visible and self._classes else None
        )
        self._version = -1

    def dispose(self) -> None:
        """Take the bands out."""
        self._stage.set_legend("streets", None)
        self._ribbons.dispose()

    def _show(self, shown: bool) -> bool:
        legend = self._classes.legend if shown and self._classes else None
        self._ribbons.set_visible(shown)
        has_changed = self._stage.set_legend("streets", legend) or shown != self._is_shown
        self._is_shown = shown
        return has_changed


LAYER = LayerType(
    id="streets_traffic",
    title="Traffic on streets",
    state=StreetsTrafficState,
    visual=StreetsTrafficVisual,
    order=22,
    visible_at_start=False,
)
