"""Carries what the Sources panel wants to the scene: hidden parts, places tried and chosen."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from scenes.city_scene import CityScene
from scenes.placing_ghost import PlacingGhost
from twin.city.asset import CityAsset
from twin.city.reframing import change_of_place, part_moved
from twin.city.scene_file import Placement
from twin.session import TwinSession
from twin.theme import Theme, rgb_from_hex
from twin.tiles.partition import tiles_from_asset
from twin.tiles.tile import Tile
from viewer.carry_controls import Carried, CarryControls
from viewer.processes import own_command
from viewer.recent import RecentScenes
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.viewport import Viewport

GROUP = "Open recent"
_MOST_OFFERED = 8


class SourcesDriver:
    """Follows `twin.city.scene_sources.SceneSources`. GUI thread.

    Parameters
    ----------
    is_streamed : parts of the city come from tilesets; a source then is moved when the scene is
        opened next
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        scene: CityScene,
        viewport: Viewport,
        controls: CarryControls,
        bridge: Bridge,
        theme: Theme,
        is_streamed: bool,
    ) -> None:
        self._session = session
        self._scene = scene
        self._viewport = viewport
        self._controls = controls
        self._bridge = bridge
        self._accent = rgb_from_hex(theme.ui["accent"])
        self._is_streamed = is_streamed
        self._ghost: PlacingGhost | None = None
        self._carried_id = ""
        self._placed = {
            one.source.id: one.source.place or Placement() for one in session.sources.reports
        }
        sources = session.sources
        self._disconnects: list[Callable[[], None]] = [
            sources.visible_changed.connect(lambda _id: self._hide()),
            sources.place_previewed.connect(self._preview),
            sources.place_chosen.connect(self._choose),
        ]
        self._hide()

    def add_actions(self, table: ActionTable, recent: RecentScenes) -> None:
        """What was opened last, each in a window of its own."""
        for number, files in enumerate(recent.entries()[:_MOST_OFFERED], start=1):
            names = ", ".join(_name(one) for one in files)
            table.add(
                Action(
                    id=f"recent.open.{number}",
                    title=f"Open {names} in a new window",
                    group=GROUP,
                    run=partial(_open_window, files),
                )
            )

    def close(self) -> None:
        """Let go of session and scene."""
        for disconnect in self._disconnects:
            disconnect()
        self._drop_ghost()

    def _hide(self) -> None:
        """Hide all of the sources that are switched off, and the features of the one carried."""
        sources = self._session.sources
        hidden = sources.hidden_rows(self._session.city.features.n_features)
        if self._carried_id:
            report = sources.report(self._carried_id)
            hidden[report.first : report.end] = True
        self._scene.set_hidden_features(hidden)
        if self._scene.streamed is not None:
            for one in sources.reports:
                shown = sources.is_visible(one.source.id)
                self._scene.streamed.streamer.set_source_visible(one.source.id, shown)
        self._viewport.request_frame()

    # -- placing -----------------------------------------------------------------------------

    def _preview(self, tried: tuple[str, Placement | None]) -> None:
        source_id, place = tried
        if place is None:
            self._drop_ghost()
            self._hide()
            return
        if self._ghost is None or source_id != self._carried_id:
            self._drop_ghost()
            self._make_ghost(source_id)
        old = self._placed[source_id]
        if self._ghost is not None:
            self._ghost.move(change_of_place(old, place))
        if self._controls.carried is not None:
            self._controls.carried.place = place
        self._viewport.request_frame()

    def _make_ghost(self, source_id: str) -> None:
        report = self._session.sources.report(source_id)
        soup = self._session.city.soup
        rows = (soup.features >= report.first) & (soup.features < report.end)
        corners = soup.corners_local_m[rows]
        self._carried_id = source_id
        self._ghost = PlacingGhost(self._viewport.renderer, corners, self._accent)
        low = float(corners[:, :, 2].min()) if len(corners) else 0.0
        self._controls.carried = Carried(
            place=self._placed[source_id],
            height_m=low,
            tell=lambda place: self._session.sources.preview_place(source_id, place),
        )
        self._hide()

    def _drop_ghost(self) -> None:
        if self._ghost is not None:
            self._ghost.dispose()
        self._ghost = None
        self._carried_id = ""
        self._controls.carried = None

    def _choose(self, chosen: tuple[str, Placement]) -> None:
        source_id, place = chosen
        if self._is_streamed:
            self._session.message.emit("It stands there when the saved scene is opened next")
            return
        report = self._session.sources.report(source_id)
        old, city = self._placed[source_id], self._session.city
        self._placed[source_id] = place

        def work(report_progress: Callable[[float], None]) -> tuple[CityAsset, list[Tile]]:
            asset = part_moved(city, report.first, report.end, old, place)
            return asset, tiles_from_asset(asset, progress=report_progress)

        self._bridge.run_job(
            work,
            done=partial(self._take_city, source_id),
            failed=lambda error: self._session.message.emit(f"It could not be placed: {error}"),
            title=f"Placing {report.title}",
        )

    def _take_city(self, source_id: str, made: tuple[CityAsset, list[Tile]]) -> None:
        asset, tiles = made
        self._session.city = asset
        pose = self._scene.camera.pose
        self._scene.set_city(asset, tiles)
        self._scene.camera.set_pose(pose)
        self._hide()
        report = self._session.sources.report(source_id)
        bounds = asset.features.bounds_min_max_local_m[report.first : report.end]
        bounds = bounds[~np.isnan(bounds[:, 0])]
        if len(bounds):
            around = np.concatenate([bounds[:, :3].min(axis=0), bounds[:, 3:].max(axis=0)])
            self._session.sources.take_bounds(source_id, tuple(around.tolist()))


def _name(path: str) -> str:
    name = Path(path).name
    return Path(path).parent.name if name == "scene.toml" else name


def _open_window(files: list[str]) -> None:
    """Another console for these files; it lives on when this one ends."""
    subprocess.Popen(  # noqa: S603 - our own program
        own_command("open", *files),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
