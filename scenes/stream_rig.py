"""Keeps everything of a scene in step with what is streamed: styles, picks, roofs, ground."""

from __future__ import annotations

import numpy as np

from scenes.camera_rig import CameraRig
from scenes.colouring import building_points, points_of_boxes
from scenes.picker import Picker
from scenes.stage import Stage
from scenes.streamed_tiles import StreamedTiles
from scenes.view import View
from twin.city.resident_range import ResidentRange
from twin.city.residents import ResidentFeatures
from twin.clock import Clock
from twin.tiles.governor import FrameGovernor


class StreamRig:
    """Once an update, before the layers: so that what came is coloured before it is drawn.

    GUI thread.
    """

    def __init__(self, stage: Stage, picker: Picker, camera: CameraRig, clock: Clock) -> None:
        self._stage = stage
        self._picker = picker
        self._camera = camera
        self._clock = clock
        self.governor = FrameGovernor()
        self.forget()

    def forget(self) -> None:
        """Begin anew with another city."""
        self._drawn_version = -1
        self._rows_version = -1
        self._raised: set[ResidentRange] = set()
        self._has_begun = self._is_settled = False
        self._pinned = -1

    def update(self, view: View, *, has_moved: bool, selected: int) -> bool:
        """Bring streamed tiles to this view; True when the picture changed."""
        changed = self.governor.note_view(has_moved=has_moved, now_ns=self._clock.monotonic_ns())
        had_edges, self._stage.draws_edges = self._stage.draws_edges, self.governor.draws_edges
        streamed = self._stage.streamed
        if streamed is None:  # at rest or not, it is drawn in full
            return had_edges != self._stage.draws_edges
        self._pin(selected)
        coarser, ahead = self.governor.coarser, self._camera.look_ahead(view)
        changed |= streamed.update(view, coarser=coarser, ahead=ahead, has_moved=has_moved)
        self._follow_rows()
        if streamed.version != self._drawn_version:
            self._drawn_version = streamed.version
            self._picker.set_streamed(streamed.pick_meshes)
            self._settle(streamed)
        return changed

    def _features(self) -> ResidentFeatures:
        features = self._stage.asset.features
        if not isinstance(features, ResidentFeatures):
            raise TypeError("A streamed city needs a live table: see resident_city")
        return features

    def _pin(self, selected: int) -> None:
        """Rows around the selection stay, whatever becomes of their tile."""
        if selected != self._pinned:
            features = self._features()
            features.pin(selected)
            features.unpin(self._pinned)
            self._pinned = selected

    def _follow_rows(self) -> None:
        """A texel for each row, and the roofs of tiles that came."""
        features = self._features()
        if features.version == self._rows_version:
            return
        self._rows_version = features.version
        self._stage.style.set_n_features(features.n_features)
        known = {each for each in features.ranges if each.source_id}
        for each in known - self._raised:
            bounds = each.table.bounds_min_max_local_m
            built = each.built
            if built is not None:
                bounds = bounds[built]
            bounds = bounds[~np.isnan(bounds[:, 0])]
            middle = 0.5 * (bounds[:, :3] + bounds[:, 3:])
            middle[:, 2] = bounds[:, 5]
            self._stage.roofs.raise_to(middle)
        self._raised = known

    def _settle(self, streamed: StreamedTiles) -> None:
        """Boxes only tell where things may be; the first tiles tell where ground and houses are."""
        if self._is_settled or not streamed.streamer.loaded:
            return
        if self._has_begun and not streamed.is_settled:
            return  # once with the first tiles, once with all of the first picture
        self._has_begun, self._is_settled = True, streamed.is_settled
        stage, z_m = self._stage, streamed.ground_z_m()
        if not stage.asset.soup.n_triangles and not np.isnan(z_m):
            stage.ground_z_m = z_m
            self._picker.set_ground(z_m)
        found = [
            each.table.bounds_min_max_local_m[each.built]
            for each in self._features().ranges
            if each.built is not None
        ]
        points = points_of_boxes(np.concatenate([np.empty((0, 6), np.float32), *found]))
        points = np.concatenate([building_points(stage.asset), points])
        if len(points):
            stage.set_built_points(points)
        self._camera.follow_bounds(stage.bounds_m, stage.ground_z_m, stage.built_points_m)
