"""Sun and shadows at a date and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
from vtkmodules.vtkRenderingCore import vtkUniforms

from scenes.depth_map import DepthMap, casters, column_major
from scenes.scene_input import SceneInput
from scenes.sun_ground import SunGround
from scenes.sun_rig import Frame, light_of, near_frame, sun_camera
from scenes.sun_shader import FAR_CELL, N_CELLS, NEAR_CELL, PART_ID, SUN_PART
from scenes.tool import Bench, ModeVisual, ToolType
from scenes.view import View
from twin.analysis.finding import Finding, Row
from twin.analysis.sun import SkyPlace, SunAt, moment_of, place_of_city, rise_and_set, sun_at
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

CELL_PX = 2048
#: The sun of another place is taken when the middle of the picture has moved so far.
PLACE_STEP_M = 50_000.0
#: The far cell follows a city that grew by so much.
GROWN = 1.1
#: A day is played in so many seconds, in steps that software GL can follow.
PLAY_DAY_S = 48.0
PLAY_STEP_H = 0.25


@dataclass(frozen=True, slots=True)
class SunState:
    """When the sun is shown."""

    day: str = field(default="", metadata={"help": "YYYY-MM-DD; empty = today", "max_length": 10})
    hour: float = field(
        default=14.0,
        metadata={"unit": "h", "min": 0.0, "max": 24.0, "help": "Time of day in the zone below"},
    )
    utc_offset_h: float = field(
        default=2.0,
        metadata={
            "title": "UTC offset",
            "unit": "h",
            "min": -12.0,
            "max": 14.0,
            "help": "Hours ahead of UTC",
        },
    )
    play: bool = field(default=False, metadata={"title": "Play through the day"})
    shadows: bool = field(default=True, metadata={"help": "Off: only which faces meet the sun"})


class SunVisual(ModeVisual):
    """A depth map from the sun and a part of the city's shader that looks it up."""

    def build(self, bench: Bench) -> None:
        """Make the map; the shader part is added with the first update."""
        self._bench = bench
        stage = bench.stage
        self._city = city_frame(stage.bounds_m)
        self._seen_from: tuple[float, ...] = ()
        self._place: SkyPlace = self._place_looked_at()
        self._map = DepthMap(
            stage.renderer,
            stage.surface_property,
            cell_px=CELL_PX,
            columns=N_CELLS,
            pass_began=lambda: self._set_pass(1),
            pass_ended=lambda: self._set_pass(0),
        )
        self._ground = SunGround(
            stage.renderer,
            self._city,
            stage.ground_z_m,
            rgb_from_hex(stage.theme.surface["terrain"]),
            rgb_from_hex(stage.theme.scene["horizon"]),
            self._map.texture,
        )
        self._shaders = (stage.surface_shader, self._ground.shader)
        self._set_pass(0)
        self._is_added = False
        self._seen: tuple[object, ...] = ()
        self._baked: dict[int, tuple[object, ...]] = {}
        self._play_from: tuple[int, float] | None = None

    def update(self, given: SceneInput, view: View, state: SunState) -> bool:  # noqa: ARG002
        """Follow time, camera and tiles; cells are drawn anew only when they must."""
        if city_frame(self._bench.stage.bounds_m).radius_m > GROWN * self._city.radius_m:
            self.dispose()  # streamed tiles came beyond what the far cell shows
            self.build(self._bench)
        self._place = self._place_looked_at()
        hour = self._hour(given, state)
        day = day_of(state.day, given.now_ns, state.utc_offset_h)
        sun = sun_at(moment_of(day, hour, state.utc_offset_h), self._place)
        changed = self._tell(day, hour, state, sun)
        towards = sun.direction(self._place.turn_rad)
        if sun.is_up and state.shadows:
            changed |= self._bake(towards)
            self._ground.show()
        if not self._is_added:
            self._bench.stage.surface_property.SetTexture("sunDepth", self._map.texture)
            self._bench.stage.add_shader_part(SUN_PART)
            self._is_added = changed = True
        return changed

    def dispose(self) -> None:
        """Give the baked light back."""
        stage = self._bench.stage
        stage.drop_shader_part(PART_ID)
        stage.surface_property.RemoveTexture("sunDepth")
        self._ground.dispose()
        self._map.dispose()

    def _place_looked_at(self) -> SkyPlace:
        """The sky over the middle of the picture: cities of one scene may lie far apart."""
        focal = np.round(np.array(self._bench.camera.pose.focal_m) / PLACE_STEP_M) * PLACE_STEP_M
        at = tuple(focal.tolist())
        if at == self._seen_from:
            return self._place
        self._seen_from = at
        self._seen = ()
        return place_of_city(self._bench.stage.asset.origin, focal)

    # -- light ------------------------------------------------------------------------------

    def _hour(self, given: SceneInput, state: SunState) -> float:
        if not state.play:
            self._play_from = None
            return state.hour
        if self._play_from is None or self._play_from[1] != state.hour:
            self._play_from = (given.now_ns, state.hour)
        elapsed_s = (given.now_ns - self._play_from[0]) / NS_PER_S
        played = round(elapsed_s / PLAY_DAY_S * 24.0 / PLAY_STEP_H) * PLAY_STEP_H
        return (state.hour + played) % 24.0

    def _tell(self, day: date, hour: float, state: SunState, sun: SunAt) -> bool:
        seen = (day, hour, state.utc_offset_h, state.shadows)
        if seen == self._seen:
            return False
        self._seen = seen
        self._write_light(sun, state.shadows)
        self.finding = finding_of(day, hour, state.utc_offset_h, sun, self._place)
        return True

    def _write_light(self, sun: SunAt, shadows: bool) -> None:
        dark = self._bench.stage.theme.name == "dark"
        sun_rgb, sky_rgb = light_of(sun.elevation_rad, dark)
        x, y, z = sun.direction(self._place.turn_rad).tolist()
        lightless = not (shadows and sun.is_up)
        for shader in self._shaders:
            uniforms = shader.GetFragmentCustomUniforms()
            uniforms.SetUniform3f("sunDir", (x, y, z))
            uniforms.SetUniform3f("sunTint", tuple(sun_rgb.tolist()))
            uniforms.SetUniform3f("skyTint", tuple(sky_rgb.tolist()))
            if lightless:
                _no_shadows(uniforms)
        if lightless:
            self._baked = {}

    # -- the map ----------------------------------------------------------------------------

    def _bake(self, towards: np.ndarray) -> bool:
        stage = self._bench.stage
        tiles = hash(tuple(map(id, casters(stage.renderer, stage.surface_property))))
        near = near_frame(self._bench.camera.pose, self._city)
        changed = self._bake_cell(NEAR_CELL, near, towards, tiles, "sunNear")
        changed |= self._bake_cell(FAR_CELL, self._city, towards, tiles, "sunFar")
        if changed:
            texel_near, texel_far = (
                2.0 * r / CELL_PX for r in (near.radius_m, self._city.radius_m)
            )
            size = (float(CELL_PX * N_CELLS), float(CELL_PX))
            for shader in self._shaders:
                shader.GetFragmentCustomUniforms().SetUniform4f(
                    "sunTexels", (*size, 1.5 * texel_near, 1.5 * texel_far)
                )
        return changed

    def _bake_cell(
        self, cell: int, frame: Frame, towards: np.ndarray, tiles: int, name: str
    ) -> bool:
        stamp = (frame, towards.tobytes(), tiles)
        if self._baked.get(cell) == stamp:
            return False
        self._baked[cell] = stamp
        matrix = self._map.want(cell, sun_camera(frame, towards, 2.0 * self._city.radius_m))
        for shader in self._shaders:
            shader.GetFragmentCustomUniforms().SetUniformMatrix4x4(name, column_major(matrix))
        return True

    def _set_pass(self, on: int) -> None:
        uniforms = self._bench.stage.surface_shader.GetFragmentCustomUniforms()
        uniforms.SetUniformi("depthPass", on)


def _no_shadows(uniforms: vtkUniforms) -> None:
    """Everything lies outside of both cells: nothing is in shadow."""
    nowhere = np.diag([0.0, 0.0, 0.0, 1.0])
    nowhere[:2, 3] = -1.0
    for name in ("sunNear", "sunFar"):
        uniforms.SetUniformMatrix4x4(name, column_major(nowhere))
    uniforms.SetUniform4f("sunTexels", (1.0, 1.0, 0.0, 0.0))


def city_frame(bounds_m: np.ndarray) -> Frame:
    """What the far cell shows: bounds (6,) of all that is loaded."""
    x, y, z = (0.5 * (bounds_m[:3] + bounds_m[3:])).tolist()
    return Frame(x, y, z, max(100.0, 0.5 * float(np.linalg.norm(bounds_m[3:] - bounds_m[:3]))))


def day_of(text: str, now_ns: int, offset_h: float) -> date:
    """The day that was typed, else today in the zone."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        zone = timezone(timedelta(hours=offset_h))
        return datetime.fromtimestamp(now_ns / NS_PER_S, UTC).astimezone(zone).date()


def finding_of(day: date, hour: float, offset_h: float, sun: SunAt, place: SkyPlace) -> Finding:
    """Time, place of the sun, and when it rises and sets."""
    moment = moment_of(day, hour, offset_h)
    rows = [
        Row("Time", f"{moment:%Y-%m-%d %H:%M}", f"UTC{offset_h:+g}"),
        Row("Sun's direction", f"{np.degrees(sun.azimuth_rad):.1f}", "° from north"),
        Row("Sun's height", f"{np.degrees(sun.elevation_rad):.1f}", "°"),
    ]
    both = rise_and_set(day, timezone(timedelta(hours=offset_h)), place)
    if both is not None:
        rows += [Row("Sunrise", f"{both[0]:%H:%M}"), Row("Sunset", f"{both[1]:%H:%M}")]
    if sun.elevation_rad > np.radians(0.5):
        shadow = 10.0 / np.tan(sun.elevation_rad)
        rows.append(Row("Shadow of 10 m", f"{shadow:.1f}", "m"))
    where = f"{place.lat_deg:.3f}, {place.lon_deg:.3f}"
    rows.append(Row("Place", where if place.known else f"{where} (assumed: the city has no CRS)"))
    return Finding(rows=tuple(rows))


TOOL = ToolType(
    id="sun",
    title="Sun and shadows",
    help="Light and shadows of a date and time",
    icon="sun",
    kind="mode",
    key="Shift+S",
    state=SunState,
    visual=SunVisual,
    order=60,
)
