"""What another process needs to draw what this console shows: the city and the moment."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from scenes.city_scene import CityScene
from scenes.moment import Moment, save_moment
from scenes.scene_input import NothingSelected, SceneInput, Selected
from twin.analysis.camera_path import CameraPath
from twin.city.asset import FeatureTable
from twin.city.residents import ResidentFeatures
from twin.city.scene_file import SCENE_NAME, SceneFile
from twin.export.chosen import Piece, chosen_of
from twin.session import TwinSession
from viewer.city_source import CitySource


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownView:
    """One moment of the 3D view, ready to be written by any thread.

    Attributes
    ----------
    source : where the city comes from
    scene_file : a copy of the scene as it is now, None for the generated city
    """

    source: CitySource
    scene_file: SceneFile | None
    moment: Moment

    def arguments(self, folder: Path) -> list[str]:
        """Write what is needed to a folder; arguments of ``civitwin snapshot`` and ``film``.

        Raises
        ------
        OSError, TwinError
            It cannot be written.
        """
        moment_path = folder / "view.moment"
        save_moment(moment_path, self.moment)
        return [*self._city(folder), "--moment", str(moment_path)]

    def _city(self, folder: Path) -> list[str]:
        if self.source.path is None or self.scene_file is None:
            seed, n_buildings = str(self.source.seed), str(self.source.n_buildings)
            return ["--demo", "--buildings", n_buildings, "--seed", seed]
        self.scene_file.save(folder / SCENE_NAME)
        return [str(folder / SCENE_NAME)]


def shown_view(
    session: TwinSession, scene: CityScene, given: SceneInput, *, source: CitySource, theme: str
) -> ShownView:
    """What a scene shows now. GUI thread.

    Parameters
    ----------
    given : what it drew last
    """
    has_file = source.path is not None
    return ShownView(
        source=source,
        scene_file=copy.deepcopy(session.scene_file) if has_file else None,
        moment=_moment(session, scene, given, theme),
    )


def _moment(session: TwinSession, scene: CityScene, given: SceneInput, theme: str) -> Moment:
    pose, features = scene.camera.pose, session.city.features
    selected: tuple[str, ...] = ()
    if isinstance(features, ResidentFeatures):  # rows of streamed tiles are this process's own
        selected = tuple(one.id for one in chosen_of(features, rows_of(given.selection)))
        thing_id, unit_id = given.selection.thing_id, given.selection.unit_id
        given = replace(given, selection=NothingSelected(thing_id=thing_id, unit_id=unit_id))
    layers = {
        record.id: (
            scene.is_layer_visible(record.id),
            msgspec.to_builtins(scene.layer_state(record.id)),
        )
        for record in scene.layers
    }
    tools = {
        record.id: msgspec.to_builtins(scene.tools.state(record.id))
        for record in scene.tools.records
        if record.kind == "mode" and scene.tools.is_on(record.id)
    }
    return Moment(
        given=given,
        camera=(*pose.eye().tolist(), *map(float, pose.focal_m)),
        theme=theme,
        layers=layers,
        tools=tools,
        selected_ids=selected,
        is_plan=scene.camera.is_plan,
    )


def rows_of(selection: Selected) -> tuple[int, ...]:
    """Rows of all selected features, one or many."""
    return (selection.feature,) if selection.feature >= 0 else selection.features


def orbit_film(view: ShownView) -> ShownView:
    """The same for a film around it: not as a plan, which does not turn."""
    return replace(view, moment=replace(view.moment, is_plan=False))


def tour_film(view: ShownView, path: CameraPath, fps: int) -> ShownView:
    """The same for a film along a tour."""
    flight = tuple(
        (*pose.focal_m, pose.distance_m, pose.azimuth_rad, pose.elevation_rad)
        for pose in path.frames(fps)
    )
    return replace(view, moment=replace(view.moment, flight=flight, is_plan=False))


def pieces_of(scene: CityScene) -> list[Piece]:
    """All tiles that are loaded, finer ones first, with the tables they refer to. GUI thread."""
    stage, pieces = scene.stage, []
    whole = stage.asset.features
    if isinstance(whole, ResidentFeatures):
        whole = next((one.table for one in whole.ranges if not one.source_id), whole)
    if isinstance(whole, FeatureTable):
        pieces.append(Piece(table=whole, tiles=stage.geometry.tiles))
    loaded = () if stage.streamed is None else stage.streamed.streamer.loaded.values()
    for one in sorted(loaded, key=lambda tile: -tile.level):
        if isinstance(one.rows.table, FeatureTable):
            pieces.append(Piece(table=one.rows.table, tiles=one.content.tiles))
    return pieces
