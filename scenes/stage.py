"""What all layers share: renderer, theme, city, style texture, atlas, symbols on screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from vtkmodules.vtkRenderingCore import (
    vtkFrustumCoverageCuller,
    vtkProperty,
    vtkRenderer,
    vtkRenderWindow,
)
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.atlas import Atlas
from scenes.billboards import Overlay
from scenes.city_geometry import CityGeometry
from scenes.colouring import building_points, circle_around
from scenes.ground import ground_height
from scenes.legend import Legend
from scenes.pick import Pick
from scenes.roofs import RoofHeights
from scenes.scene_input import SceneInput
from scenes.shader_part import ShaderPart
from scenes.still_picture import StillPicture
from scenes.streamed_tiles import StreamedTiles
from scenes.style_texture import StyleTexture
from scenes.surface_look import SurfaceLook
from scenes.symbols import SymbolIndex
from twin.arrays import BoolArray, Float32Array, Float64Array
from twin.city.asset import CityAsset, FeatureTable, TriangleSoup
from twin.city.frames import Origin
from twin.city.residents import ResidentFeatures
from twin.city.style import StyleOutcome
from twin.theme import Theme
from twin.tiles.streaming import TileStreamer
from twin.tiles.tile import Tile

Point = tuple[float, float, float]
#: Kinds that are ground: too large to be painted or framed as a whole.
GROUND_KINDS = frozenset({"TINRelief", "LandUse", "PlantCover", "WaterBody"})
#: Other features, buildings and bridges aside, are ground from this share of the built extent.
_LARGE = 0.25
#: How near to look at a place on such a feature.
GROUND_VIEW_M = 250.0
#: How high buildings are taken to be where only a box around all of them is known.
_LIKELY_HEIGHT_M = 60.0
_NAME_ATTRIBUTES = ("name", "Name", "addr:street", "identificatie")


class Stage:
    """Shared by the layers of one `scenes.city_scene.CityScene`. GUI thread."""

    def __init__(self, renderer: vtkRenderer, *, theme: Theme, pixel_ratio: float) -> None:
        self.renderer = renderer
        self.theme = theme
        self.pixel_ratio = pixel_ratio
        self.asset = empty_city()
        self.geometry = CityGeometry(())
        self.ground_z_m = 0.0
        #: What is loaded piece by piece, None without.
        self.streamed: StreamedTiles | None = None
        #: (6,) of everything in the scene, of streamed sources their first box.
        self.bounds_m: Float64Array = np.zeros(6)
        #: (N, 3) points that the home view shows.
        self.built_points_m: Float64Array = np.empty((0, 3))
        #: Middle (3,) and radius of the part that has buildings.
        self.built = circle_around(self.built_points_m, self.bounds_m)
        #: Whether there is time for edge lines in this frame.
        self.draws_edges = True
        #: How all tiles of the city look, whole or streamed.
        self.look = SurfaceLook()
        self.style = StyleTexture(0, theme)
        self.look.set_style_texture(self.style.texture)
        self.symbols = SymbolIndex()
        #: What the style did, for panels.
        self.style_outcome = StyleOutcome()
        #: What colours mean, by who draws them.
        self.legends: dict[str, Legend] = {}
        #: Bytes that layers hold besides the geometry (photographs, points), by what.
        self.held: dict[str, int] = {}
        self.atlas = Atlas(pixel_ratio)
        self._above = renderer_above(renderer)
        #: Symbols and letters, above the city.
        self.overlay = Overlay(self._above or renderer)
        window = renderer.GetRenderWindow()
        self._still = StillPicture(window, renderer) if self._above else None
        #: Which points (N, 3) are seen from an eye (3,); the scene's picker answers.
        self.sees: Callable[[Float64Array, Float32Array], BoolArray] = _sees_all
        #: What a ray (3,) from an eye (3,) meets first; the scene's picker answers.
        self.cast: Callable[[Float64Array, Float64Array], Pick | None] = _meets_nothing
        #: Boxes of the screen that labels leave to others, by who draws there.
        self.reserved: dict[str, list[tuple[int, int, int, int]]] = {}
        self.roofs = RoofHeights(self.asset, 0.0)
        self._row_of_id: dict[str, int] | None = None
        self._picked: tuple[int, Point] | None = None
        self._built_m: Float32Array | None = None
        # Weighted blending mixes symbols that lie over each other, and costs full-screen passes.
        renderer.SetUseOIT(False)
        sort_front_to_back(renderer)

    @property
    def foreground(self) -> vtkRenderer:
        """Renderer of what moves: over the kept picture, hidden by nothing of the city."""
        return self._above or self.renderer

    # -- what tools add to the look of the city ------------------------------------------------

    @property
    def surface_shader(self) -> vtkOpenGLShaderProperty:
        """Shader of all faces of the city: a tool sets its uniforms here."""
        return self.look.surface_shader

    @property
    def surface_property(self) -> vtkProperty:
        """Property of all faces of the city: a tool sets its textures here."""
        return self.look.surface_property

    @property
    def edge_shader(self) -> vtkOpenGLShaderProperty:
        """The same for edge lines, for parts with ``on_edges``."""
        return self.look.edge_shader

    @property
    def edge_property(self) -> vtkProperty:
        """The same for edge lines, for parts with ``on_edges``."""
        return self.look.edge_property

    def add_shader_part(self, part: ShaderPart) -> None:
        """Add a piece to the shaders of the city, or replace that of the same id.

        It stays through other themes and cities, until `drop_shader_part`.
        """
        self.look.add_part(part)

    def drop_shader_part(self, part_id: str) -> None:
        """Take a piece out; nothing happens when it is not there."""
        self.look.drop_part(part_id)

    def set_city(
        self, asset: CityAsset, tiles: Sequence[Tile], streamer: TileStreamer | None = None
    ) -> None:
        """Take another city, with what is streamed of it."""
        self._take(asset, CityGeometry(tiles), streamer)
        self.ground_z_m = ground_height(asset)
        self.bounds_m = asset.bounds_min_max_local_m()
        self.built_points_m = building_points(asset)
        if self.streamed is not None:
            self._take_streamed_extent(self.streamed)
        self.built = circle_around(self.built_points_m, self.bounds_m)
        reach = None if streamer is None else self.bounds_m[[[0, 1], [3, 4]]]
        self.roofs = RoofHeights(asset, self.ground_z_m, reach)

    def share_city(self, other: Stage) -> None:
        """Take the city of another view: geometry, locators, roofs and streamed tiles are one."""
        streamer = None if other.streamed is None else other.streamed.streamer
        self._take(other.asset, other.geometry, streamer)
        self.ground_z_m, self.bounds_m = other.ground_z_m, other.bounds_m
        self.set_built_points(other.built_points_m)
        self.roofs = other.roofs

    def _take(
        self, asset: CityAsset, geometry: CityGeometry, streamer: TileStreamer | None
    ) -> None:
        if self.streamed is not None:
            self.streamed.dispose()
        self.streamed = None
        if streamer is not None:
            self.streamed = StreamedTiles(self.renderer, self.look, streamer)
        self.asset, self.geometry = asset, geometry
        self.style = StyleTexture(asset.features.n_features, self.theme)
        self.look.set_style_texture(self.style.texture)
        self.legends = {}
        self._row_of_id = None
        self._picked = self._built_m = None

    def set_built_points(self, points_m: Float64Array) -> None:
        """Learn where the buildings of a streamed city are."""
        self.built_points_m = points_m
        self.built = circle_around(points_m, self.bounds_m)

    def _take_streamed_extent(self, streamed: StreamedTiles) -> None:
        """Until its tiles come, a streamed city is as large as its first boxes."""
        corners = streamed.corners_m()
        if not self.asset.soup.n_triangles:
            self.ground_z_m = float(corners[:, 2].min())
            self.bounds_m = np.concatenate([corners[0], corners[-1]])
        low, high = corners[0], corners[-1]
        self.bounds_m = np.concatenate(
            [np.minimum(self.bounds_m[:3], low), np.maximum(self.bounds_m[3:], high)]
        )
        corners[:, 2] = np.clip(corners[:, 2], low[2], low[2] + _LIKELY_HEIGHT_M)
        self.built_points_m = np.concatenate([self.built_points_m, corners])

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
        if isinstance(self.asset.features, ResidentFeatures):
            return self.asset.features.row_of(feature_id)
        if self._row_of_id is None:
            ids = self.asset.features.ids
            self._row_of_id = {feature_id: row for row, feature_id in enumerate(ids)}
        return self._row_of_id.get(feature_id, -1)

    def is_marked(self, feature: int) -> bool:
        """Whether a selected feature is shown as such: nobody means the whole river."""
        return 0 <= feature < self.asset.features.n_features and not self.is_ground(feature)

    def is_ground(self, feature: int) -> bool:
        """Whether a feature is land, green, water or spreads over much of the city."""
        kind = self.asset.features.kind(feature)
        if kind in GROUND_KINDS:
            return True
        if kind.startswith(("Building", "Bridge")):
            return False
        bounds = self.asset.features.bounds_min_max_local_m[feature]
        return bool((bounds[3:5] - bounds[:2] > _LARGE * self._built_extent_m()).any())

    def _built_extent_m(self) -> Float32Array:
        """(2,) metres east and north over all buildings, infinite without any."""
        if self._built_m is None:
            features = self.asset.features
            rows = [
                code for code, name in enumerate(features.kind_names) if name.startswith("Building")
            ]
            bounds = features.bounds_min_max_local_m[np.isin(features.kind_codes, rows)]
            bounds = bounds[~np.isnan(bounds[:, 0])]
            extent = np.full(2, np.inf)
            if len(bounds):
                extent = bounds[:, 3:5].max(axis=0) - bounds[:, :2].min(axis=0)
            self._built_m = extent.astype(np.float32)
        return self._built_m

    def keep_picked(self, feature: int, at_m: Point) -> None:
        """Remember where a feature was picked, metres, local frame."""
        self._picked = (feature, at_m)

    def picked_on_ground(self, feature: int) -> Point | None:
        """Where the feature was picked, if it is ground; None for others and without a pick."""
        if feature < 0 or self._picked is None or self._picked[0] != feature:
            return None
        return self._picked[1] if self.is_ground(feature) else None

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

    def family_of(self, feature: int) -> np.ndarray:
        """Rows of a feature and its parts, in every tile that is loaded."""
        features = self.asset.features
        own = np.array([feature])
        if isinstance(features, ResidentFeatures) and features.ids[feature]:
            own = np.union1d(own, features.rows_of(features.ids[feature]))
        return np.union1d(own, np.flatnonzero(np.isin(features.parents, own)))

    def bounds_of(self, feature: int) -> list[float]:
        """Bounds of a feature with its parts: xmin ymin zmin xmax ymax zmax, NaN without any."""
        family = self.asset.features.bounds_min_max_local_m[self.family_of(feature)]
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
        picked = self.picked_on_ground(selected.feature)
        if picked is not None:
            return picked, GROUND_VIEW_M
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
            self._still.choose((self.style.version, self.look.version))

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


def _meets_nothing(_eye_m: Float64Array, _ray: Float64Array) -> Pick | None:
    return None


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
