"""One city drawn into a given VTK renderer: the door of this package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vtkmodules.vtkRenderingCore import vtkRenderer

from scenes.camera_rig import CameraRig
from scenes.in_view import InViewItem, items_in_view
from scenes.layer import LayerType
from scenes.layer_stack import LayerStack
from scenes.legend import Legend
from scenes.pick import Pick
from scenes.picker import Picker
from scenes.scene_input import SceneInput
from scenes.stage import Point, Stage
from scenes.stream_rig import StreamRig
from scenes.streamed_tiles import StreamedTiles, make_streamer
from scenes.tool import Bench
from scenes.tool_box import ToolBox
from scenes.view import View, view_of
from twin.arrays import BoolArray, UInt8Array
from twin.city.asset import CityAsset
from twin.city.residents import ResidentFeatures
from twin.city.style import StyleOutcome
from twin.clock import Clock, SystemClock
from twin.theme import Theme
from twin.tiles.budget import DEFAULT_BYTES, MemoryBudget
from twin.tiles.content import TileSource
from twin.tiles.failures import SourceStatus
from twin.tiles.governor import FrameGovernor
from twin.tiles.streaming import TileStreamer
from twin.tiles.tile import Tile

#: Holder of what layers keep besides the geometry.
OF_LAYERS = "photographs and points"


class CityScene:
    """City, overlays and camera in one renderer. GUI thread only; knows no window system.

    Pixels are device pixels of the renderer, from the top left.

    Parameters
    ----------
    renderer : vtkRenderer
        Of any render window; the scene owns its props, background, camera and culler settings.
    theme : Theme
    pixel_ratio : float
        Device pixels to a logical pixel: symbols and text grow with it.
    memory_bytes : int
        What geometry and streamed tiles of the city may take together.
    clock : Clock
        For the pace of a moving camera; the machine's without one.

    Attributes
    ----------
    budget : who holds how much of the memory

    Hard-won invariants
    -------------------
    1. ``update`` returns False when nothing moved, and then nobody renders; symptom when broken:
       one core busy in an idle room. Guard: ``tests/scenes/test_city_scene.py``.
    """

    def __init__(
        self,
        renderer: vtkRenderer,
        *,
        theme: Theme,
        pixel_ratio: float = 1.0,
        memory_bytes: int = DEFAULT_BYTES,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self.budget = MemoryBudget(memory_bytes)
        self._stage = Stage(renderer, theme=theme, pixel_ratio=pixel_ratio)
        self.camera = CameraRig(renderer)
        self._picker = Picker()
        self._stage.sees = self._picker.sees
        self._stage.cast = self._picker.pick_ray
        self.tools = ToolBox(Bench(stage=self._stage, picker=self._picker, camera=self.camera))
        self._streams = StreamRig(self._stage, self._picker, self.camera, self._clock)
        #: Moves with each city.
        self.city_version = 0
        self._shared: CityScene | None = None
        self._shared_version = 0
        self._holder = ""
        self._given = SceneInput()
        self._hidden = self._stage.style.hidden
        self._look_version = self._stage.look.version
        self._dirty = True
        self._layers = LayerStack(self._stage)

    # -- the city ---------------------------------------------------------------------------

    def set_city(
        self, asset: CityAsset, tiles: Sequence[Tile], streams: Sequence[TileSource] = ()
    ) -> None:
        """Draw another city and go to its home view.

        Parameters
        ----------
        tiles : of what was read whole, see `twin.tiles.partition.tiles_from_asset`
        streams : sources that are loaded piece by piece as they are looked at, in the asset's
            frame; ``asset`` then comes from `twin.city.residents.resident_city`
        """
        self._stage.set_city(asset, tiles, self._streamer(asset, tuple(streams)))
        self.budget.hold("city read whole", self._stage.geometry.n_bytes)
        self.city_version += 1
        self._enter_city()
        self.camera.home(animated=False)

    def share_city(self, other: CityScene) -> None:
        """Draw the city of another scene, now and whenever that takes another.

        Geometry, locators, streamed tiles and the memory budget are shared; camera, layers,
        colours and the buffers on the graphics card are this scene's own.
        """
        if self._shared is None:
            self._holder = f"view {len(other.budget.held)}"
        self.budget = other.budget
        self._shared, self._shared_version = other, other.city_version
        self._stage.share_city(other.stage)
        self._enter_city()
        self._hold_own()

    def _enter_city(self) -> None:
        stage = self._stage
        self._streams.forget()
        self._picker.set_meshes(stage.geometry.picks, stage.ground_z_m)
        self.camera.set_bounds(stage.bounds_m, stage.ground_z_m, stage.built_points_m)
        self._rebuild()

    def _hold_own(self) -> None:
        """Count photographs and points, and this view's own buffers in a budget it shares."""
        of_layers = sum(self._stage.held.values())
        if self._shared is not None:
            streamed = self._stage.streamed
            own = 0 if streamed is None else streamed.graphics_bytes
            self.budget.hold(self._holder, self._stage.geometry.window_bytes + own + of_layers)
        elif of_layers or OF_LAYERS in self.budget.held:
            self.budget.hold(OF_LAYERS, of_layers)

    def rest(self) -> None:
        """Nobody looks for now: streamed tiles that only this view needs may leave."""
        if self._stage.streamed is not None:
            self._stage.streamed.rest()

    @property
    def stage(self) -> Stage:
        """What the layers share, for scenes that share the city."""
        return self._stage

    def _streamer(self, asset: CityAsset, streams: tuple[TileSource, ...]) -> TileStreamer | None:
        if not streams:
            return None
        if not isinstance(asset.features, ResidentFeatures):
            raise TypeError("A streamed city needs a live table: see resident_city")
        return make_streamer(streams, asset.features, self.budget, self._clock)

    def set_theme(self, theme: Theme) -> None:
        """Change every colour; geometry is not touched."""
        self._stage.set_theme(theme)
        self._rebuild()

    def set_pixel_ratio(self, ratio: float) -> None:
        """Follow the window to a screen of another density."""
        if ratio != self._stage.pixel_ratio:
            self._stage.set_pixel_ratio(ratio)
            self._rebuild()

    def set_feature_colours(self, rgba: UInt8Array) -> None:
        """Colour features by hand, for as long as ``colour_by`` is empty.

        Parameters
        ----------
        rgba : (N, 4) uint8
            One row a feature; alpha 0 = plain surface shade, else a code of
            `scenes.style_texture.Alpha`.
        """
        self._stage.style.set_colours(rgba)
        self._dirty = True

    def set_hidden_features(self, hidden: BoolArray) -> None:
        """Take features out of the picture: (N,) bool."""
        self._stage.style.hide("scene", hidden)
        self._hide_from_picks()
        self._dirty = True

    # -- each frame -------------------------------------------------------------------------

    def update(self, given: SceneInput) -> bool:
        """Bring every visible layer to this moment; returns whether a frame is worth drawing."""
        self._given = given
        if self._shared is not None and self._shared.city_version != self._shared_version:
            self.share_city(self._shared)
        has_moved = self.camera.apply()
        changed = self._dirty | has_moved
        self._dirty = False
        self._picker.prepare_one()
        view = self._view()
        selected = given.selection.feature
        changed |= self._streams.update(view, has_moved=has_moved, selected=selected)
        if self.camera.apply():  # streamed tiles have told where the ground is
            view = self._view()
        changed |= self._layers.update(given, view)
        changed |= self.tools.update(given, view)
        self._hide_from_picks()
        self._hold_own()
        self._stage.choose_picture()
        was, self._look_version = self._look_version, self._stage.look.version
        return changed | (was != self._look_version)

    def draw_part(self, part: tuple[float, float, float, float]) -> None:
        """Let the next frame be a part of a larger picture; see `scenes.big_picture`."""
        self._stage.overlay.set_part(part)
        self._stage.choose_picture()

    def _hide_from_picks(self) -> None:
        if self._stage.style.hidden is not self._hidden:
            self._hidden = self._stage.style.hidden
            self._picker.set_hidden(self._hidden)

    # -- streaming --------------------------------------------------------------------------

    @property
    def governor(self) -> FrameGovernor:
        """What keeps the frame rate while the camera moves; its ``target_fps`` may be set."""
        return self._streams.governor

    def note_frame(self, took_ms: float) -> None:
        """Tell how long the last frame took, update and drawing together."""
        self._streams.governor.note_frame(took_ms)

    @property
    def streamed(self) -> StreamedTiles | None:
        """What is loaded piece by piece, None for a city that was read whole."""
        return self._stage.streamed

    @property
    def source_status(self) -> tuple[SourceStatus, ...]:
        """What is missing of each streamed source, and when it is tried again."""
        return () if self._stage.streamed is None else self._stage.streamed.streamer.status()

    @property
    def is_settled(self) -> bool:
        """Whether the picture is as fine as it is going to be in this view."""
        return self._stage.streamed is None or self._stage.streamed.is_settled

    @property
    def failures(self) -> dict[str, str]:
        """Reason of failure by id of layers that were switched off."""
        return self._layers.failures

    # -- layers -----------------------------------------------------------------------------

    @property
    def layers(self) -> tuple[LayerType, ...]:
        """Records of all layers, in drawing order."""
        return self._layers.records

    def is_layer_visible(self, layer_id: str) -> bool:
        """Whether a layer is switched on."""
        return self._layers.is_visible(layer_id)

    def set_layer_visible(self, layer_id: str, visible: bool) -> None:
        """Switch a layer on or off."""
        self._dirty |= self._layers.set_visible(layer_id, visible)

    def layer_state(self, layer_id: str) -> Any:
        """Settings of a layer (its record's frozen dataclass)."""
        return self._layers.state(layer_id)

    def set_layer_state(self, layer_id: str, state: Any) -> None:
        """Replace the settings of a layer."""
        self._layers.set_state(layer_id, state)
        self._dirty = True

    @property
    def style_outcome(self) -> StyleOutcome:
        """What the style did at the last update."""
        return self._stage.style_outcome

    @property
    def legend(self) -> Legend | None:
        """What the city's colours mean at the last update, None for the plain model."""
        return self._stage.legends.get("city")

    # -- asking -----------------------------------------------------------------------------

    def pick(self, x_px: float, y_px: float) -> Pick | None:
        """What lies under a pixel: symbols first, then features, then the ground; None = sky."""
        view = self._view()
        symbol = self._stage.symbols.nearest(view, x_px, y_px)
        if symbol is not None:
            return symbol
        return self._picker.pick(view, x_px, y_px)

    def prepare_picking(self) -> bool:
        """Build one missing pick locator, as `update` does; False when all are there."""
        return self._picker.prepare_one()

    def ground_point(self, x_px: float, y_px: float) -> Point | None:
        """Point of the city or ground under a pixel (symbols ignored), None = sky."""
        hit = self._picker.pick(self._view(), x_px, y_px)
        return None if hit is None else hit.xyz_local_m

    def pixel_from_local(self, xyz_local_m: Point) -> tuple[float, float] | None:
        """Where a point is drawn, None behind the camera."""
        return self._view().pixel_of(xyz_local_m)

    def items_in_view(self, given: SceneInput) -> list[InViewItem]:
        """What the picture shows, in reading order. Some milliseconds: on demand only."""
        return items_in_view(
            self._view(),
            given,
            features=self._stage.asset.features,
            places=self._stage.asset.places,
            name_of=self._stage.name_of,
            sees=self._picker.sees,
        )

    def keep_picked(self, picked: Pick) -> None:
        """Remember where what is now selected was picked: ground is ringed and framed there."""
        self._stage.keep_picked(picked.feature, picked.xyz_local_m)

    def frame_selection(self) -> bool:
        """Fly to what is selected; False when nothing is."""
        target = self._stage.place_of(self._given)
        if target is None:
            return False
        self.camera.fly_to(*target)
        return True

    # -- the end ----------------------------------------------------------------------------

    def dispose(self) -> None:
        """Take everything out of the renderer. The scene is not used again."""
        self.tools.dispose()
        self._layers.dispose()
        self._picker.clear()
        self._stage.dispose()
        if self._shared is not None:
            self.budget.hold(self._holder, 0)
            self._shared = None

    def _view(self) -> View:
        return view_of(self._stage.renderer, self._stage.pixel_ratio)

    def _rebuild(self) -> None:
        self._layers.rebuild()
        self.tools.rebuild()
        self._dirty = True
