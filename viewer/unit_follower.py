"""Lets the active view go along with a unit, until the view is moved by hand."""

from __future__ import annotations

import dataclasses

import numpy as np

from twin.analysis.follow import SmoothPose
from twin.analysis.pose import Pose
from twin.clock import NS_PER_S
from twin.session import TwinSession
from viewer.city_panes import CityPanes
from widgets.actions import Action, ActionTable

#: From further away than this the view comes nearer.
NEAR_M = 260.0
_LONGEST_STEP_S = 0.25


class UnitFollower:
    """GUI thread."""

    def __init__(self, session: TwinSession, panes: CityPanes) -> None:
        self._session = session
        self._panes = panes
        self._unit_id = ""
        self._smooth: SmoothPose | None = None
        self._stepped_ns = 0

    def add_actions(self, table: ActionTable) -> None:
        """Following what is selected."""
        table.add(
            Action(
                id="view.follow",
                title="Follow the selected unit",
                key="Shift+F",
                group="View",
                run=self.follow,
                enabled=lambda: bool(self._session.selection.unit_id),
            )
        )

    def follow(self) -> None:
        """Go along with the selected unit."""
        unit_id = self._session.selection.unit_id
        slot = self._session.units.slot_of(unit_id) if unit_id else -1
        if slot < 0:
            self._session.message.emit("Select a unit to follow it")
            return
        if self._place(unit_id) is None:
            self._session.message.emit("This unit has not said where it is yet")
            return
        pane = self._panes.active
        self._unit_id = unit_id
        pose = pane.scene.camera.pose.plain()
        self._smooth = SmoothPose(pose)
        self._stepped_ns = self._session.clock.monotonic_ns()
        pane.follow(None)
        pane.driver.follow(self._leading_pose)
        name = self._session.units.units[slot].name
        self._session.message.emit(f"Following {name}; move the view to leave it")

    def _leading_pose(self) -> Pose:
        """Where the view should be now; asked for every frame."""
        assert self._smooth is not None  # noqa: S101 - only asked while following
        now_ns = self._session.clock.monotonic_ns()
        dt_s = min((now_ns - self._stepped_ns) / NS_PER_S, _LONGEST_STEP_S)
        self._stepped_ns = now_ns
        place = self._place(self._unit_id)
        if place is None:
            return self._smooth.pose
        before = self._smooth.pose
        distance_m = min(before.distance_m, NEAR_M)
        target = dataclasses.replace(before, focal_m=place, distance_m=distance_m)
        return self._smooth.towards(target, dt_s)

    def _place(self, unit_id: str) -> tuple[float, float, float] | None:
        units = self._session.units
        slot = units.slot_of(unit_id)
        if slot < 0:
            return None
        xyz = units.at(self._session.clock.now_ns()).xyz_local_m[slot]
        if not np.isfinite(xyz).all():
            return None
        x, y, z = xyz.tolist()
        return x, y, z
