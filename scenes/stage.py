"""What all layers share: renderer, theme, city, style texture, atlas, symbols on screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from vtkmodules.vtkRenderingCore import vtkFrustumCoverageCuller, vtkRenderer, vtkRenderWindow

from scenes.atlas import Atlas
from scenes.billboards import Overlay
from scenes.ground import ground_height
from scenes.legend import Legend
from scenes.roofs import RoofHeights
from scenes.scene_input import SceneInput
from scenes.still_picture import StillPicture
from scenes.style_texture import StyleTexture
from scenes.symbols import SymbolIndex
from twin.arrays import BoolArray, Float32Array, Float64Array
from twin.city.asset import CityAsset, FeatureTable, TriangleSoup
from twin.city.frames import Origin
from twin.theme import Theme
from twin.tiles.tile import Tile

Point = tuple[float, float, float]
_NAME_ATTRIBUTES = ("name", "Name", "addr:street", "identificatie")


class Stage:
    """Shared by the layers of one `scenes.city_scene.CityScene`. GUI thread."""

    def __init__(self, renderer: vtkRenderer, *, theme: Theme, pixel_ratio: float) -> None:
        self.renderer = renderer
        self.theme = theme
        self.pixel_ratio = pixel_ratio
        self.asset = empty_city()
        self.tiles: Sequence[Tile] = ()
        self.ground_z_m = 0.0
        self.style = StyleTexture(0, theme)
        self.symbols = SymbolIndex()
        #: What colours mean, by who draws them.
        self.legends: dict[str, Legend] = {}
        self.atlas = Atlas(pixel_ratio)
        self._above = renderer_above(renderer)
        #: Symbols and letters, above the city.
        self.overlay = Overlay(self._above or renderer)
        window = renderer.GetRenderWindow()
        self._still = StillPicture(window, renderer) if self._above else None
        #: Which points (N, 3) are seen from an eye (3,); the scene's picker answers.
        self.sees: Callable[[Float64Array, Float32Array], BoolArray] = _sees_all
        self.roofs = RoofHeights(self.asset, 0.0)
        self._row_of_id: dict[str, int] | None = None
        # Weighted blending mixes symbols that lie over each other, and costs full-screen passes.
        renderer.SetUseOIT(False)
        sort_front_to_back(renderer)

    @property
    def foreground(self) -> vtkRenderer:
        """Renderer of what moves: over the kept picture, hidden by nothing of the city."""
        return self._above or self.renderer

    def set_city(self, asset: CityAsset, tiles: Sequence[Tile]) -> None:
        """Take another city."""
        self.asset, self.tiles = asset, tiles
        self.ground_z_m = ground_height(asset)
        self.style = StyleTexture(asset.features.n_features, self.theme)
        self.legends = {}
        self.roofs = RoofHeights(asset, self.ground_z_m)
        self._row_of_id = None

    def set_theme(self, theme: Theme) -> None:
        """Take another theme."""
        self.theme = theme
        self.style.set_theme(theme)

    def set_pixel_ratio(self, ratio: float) -> None:
        """Draw symbols and text for another density."""
        self.pixel_ratio = ratio
        self.atlas = Atlas(ratio)

    def set_legend(self, owner: str, legend: Legend | None) -> bool:
        """Say what colours mean, None = nothing any more; False when that was known."""
        if legend == self.legends.get(owner):
            return False
        if legend is None:
            del self.legends[owner]
        else:
            self.legends[owner] = legend
        return True

    def row_of(self, feature_id: str) -> int:
        """Row of a feature id, -1 if unknown."""
        if self._row_of_id is None:
            ids = self.asset.features.ids
            self._row_of_id = {feature_id: row for row, feature_id in enumerate(ids)}
        return self._row_of_id.get(feature_id, -1)

    def is_marked(self, feature: int) -> bool:
        """Whether a selected feature is shown as such: nobody means the whole terrain."""
        features = self.asset.features
        return 0 <= feature < features.n_features and features.kind(feature) != "TINRelief"

    def name_of(self, feature: int) -> str:
        """Name or address of a feature; without one its kind."""
        features = self.asset.features
        rows = [feature, int(features.parents[feature])]
        for row in (row for row in rows if row >= 0):
            for attribute in _NAME_ATTRIBUTES:
                column = features.attributes.get(attribute)
                if column is not None and column.dtype == object and column[row]:
                    return str(column[row])
        return features.kind(rows[-1] if rows[-1] >= 0 else feature)

    def bounds_of(self, feature: int) -> list[float]:
        """Bounds of a feature with its parts: xmin ymin zmin xmax ymax zmax, NaN without any."""
        features = self.asset.features
        bounds = features.bounds_min_max_local_m
        family = bounds[np.r_[feature, np.flatnonzero(features.parents == feature)]]
        family = family[~np.isnan(family[:, 0])]
        if not len(family):
            return [float("nan")] * 6
        return [*family[:, :3].min(axis=0).tolist(), *family[:, 3:].max(axis=0).tolist()]

    def place_of(self, given: SceneInput) -> tuple[Point, float] | None:
        """Middle of what is selected and a good distance to look at it from."""
        selected = given.selection
        if selected.unit_id and given.units_now is not None:
            for slot, unit in enumerate(given.units[: len(given.units_now.xyz_local_m)]):
                if unit.id == selected.unit_id:
                    return _finite(given.units_now.xyz_local_m[slot], 180.0)
        if selected.thing_id:
            for slot, stream in enumerate(given.datastreams[: len(given.xyz_local_m)]):
                if stream.thing_id == selected.thing_id:
                    return _finite(given.xyz_local_m[slot], 220.0)
        if selected.feature >= 0:
            bounds = np.array(self.bounds_of(selected.feature), np.float32)
            size = float(np.linalg.norm(bounds[3:] - bounds[:3]))
            return _finite(0.5 * (bounds[:3] + bounds[3:]), max(3.2 * size, 60.0))
        return None

    def choose_picture(self) -> None:
        """Keep the city's picture, or have it drawn anew if it has changed. Once an update."""
        if self._above is not None:
            self._above.SetActiveCamera(self.renderer.GetActiveCamera())
        if self._still is not None:
            self._still.choose(self.style.version)

    def dispose(self) -> None:
        """Let go of the city."""
        self.set_city(empty_city(), ())
        self.overlay.dispose()
        if self._still is not None:
            self._still.dispose()
        if self._above is not None:
            self.renderer.GetRenderWindow().RemoveRenderer(self._above)


def renderer_above(renderer: vtkRenderer) -> vtkRenderer | None:
    """A second renderer in the same window, drawn over the first; None without a window."""
    window: vtkRenderWindow | None = renderer.GetRenderWindow()
    if window is None:
        return None
    above = vtkRenderer()
    above.SetLayer(1)
    above.InteractiveOff()
    above.AutomaticLightCreationOff()
    above.SetUseOIT(False)
    above.SetActiveCamera(renderer.GetActiveCamera())
    window.SetNumberOfLayers(2)
    window.AddRenderer(above)
    return above


def _sees_all(_eye_m: Float64Array, points_m: Float32Array) -> BoolArray:
    return np.ones(len(points_m), bool)


def _finite(xyz: Float32Array, distance_m: float) -> tuple[Point, float] | None:
    if not np.isfinite(xyz).all() or not np.isfinite(distance_m):
        return None
    return (float(xyz[0]), float(xyz[1]), float(xyz[2])), distance_m


def sort_front_to_back(renderer: vtkRenderer) -> None:
    """Draw near tiles first, so that the depth test spares the fragments behind them."""
    cullers = renderer.GetCullers()
    cullers.InitTraversal()
    for _ in range(cullers.GetNumberOfItems()):
        culler = cullers.GetNextItem()
        if isinstance(culler, vtkFrustumCoverageCuller):
            culler.SetSortingStyleToFrontToBack()


def empty_city() -> CityAsset:
    """A city without anything, for a scene before its first city."""
    features = FeatureTable(
        ids=(),
        kind_names=(),
        kind_codes=np.empty(0, np.uint16),
        parents=np.empty(0, np.int32),
        bounds_min_max_local_m=np.empty((0, 6), np.float32),
    )
    soup = TriangleSoup(
        corners_local_m=np.empty((0, 3, 3), np.float32),
        features=np.empty(0, np.int32),
        surfaces=np.empty(0, np.uint8),
    )
    return CityAsset(
        title="", format="", version="", origin=Origin(crs=None), features=features, soup=soup
    )
