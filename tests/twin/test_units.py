"""Moving units: interpolation one interval behind, headings, trails, bounds."""

from __future__ import annotations

import numpy as np
import pytest

from twin.clock import NS_PER_S, FakeClock
from twin.sense.model import Announcement, Unit
from twin.sense.units import UnitStore

T0 = 1_760_000_000 * NS_PER_S


class Fleet:
    """A store with a clock that follows the positions, as live data does."""

    def __init__(self, n: int = 1, *, capacity: int = 50, history: int = 8) -> None:
        self.clock = FakeClock(T0)
        self.store = UnitStore(capacity=capacity, history=history, clock=self.clock)
        units = tuple(Unit(index=10 + i, id=f"u{i}", name=f"U{i}", kind="bus") for i in range(n))
        self.store.announce(Announcement(source="s", epoch="e", units=units))

    def see(self, t_s: float, xy, heading=None, slots=None) -> int:
        xy = np.atleast_2d(np.asarray(xy, dtype=np.float64))
        n = len(xy)
        self.clock.advance_s((T0 - self.clock.now_ns()) / NS_PER_S + t_s)
        heading = np.full(n, np.nan) if heading is None else np.asarray(heading)
        return self.store.add(
            np.arange(n) if slots is None else np.asarray(slots),
            np.full(n, T0 + round(t_s * NS_PER_S)),
            np.column_stack([xy, np.zeros(n)]).astype(np.float32),
            heading.astype(np.float32),
        )

    def at(self, t_s: float):
        return self.store.at(T0 + round(t_s * NS_PER_S))


def test_units_are_found_by_source_and_index():
    fleet = Fleet(3)
    indices = np.array([12, 10, 99], dtype=np.uint32)
    assert fleet.store.slots_of("s", indices).tolist() == [2, 0, -1]
    assert fleet.store.slots_of("s", indices, "older").tolist() == [-1, -1, -1]
    assert fleet.store.slot_of("u1") == 1
    assert [u.id for u in fleet.store.units] == ["u0", "u1", "u2"]


def test_motion_is_interpolated_one_interval_behind():
    fleet = Fleet()
    for step in range(6):
        fleet.see(step * 2.0, [step * 20.0, 0.0])
    for t_s in (10.0, 10.5, 11.0, 12.0):
        now = fleet.at(t_s)
        assert now.xyz_local_m[0, 0] == pytest.approx((t_s - 2.0) * 10.0, abs=0.01)
        assert now.age_s[0] == pytest.approx(t_s - 10.0)


def test_a_late_unit_is_held_not_extrapolated():
    fleet = Fleet()
    for step in range(4):
        fleet.see(step, [step * 10.0, 0.0])
    assert fleet.at(60.0).xyz_local_m[0, 0] == pytest.approx(30.0)


def test_before_the_first_position_it_waits_there():
    fleet = Fleet()
    fleet.see(5.0, [7.0, 8.0])
    assert fleet.at(0.0).xyz_local_m[0].tolist() == [7.0, 8.0, 0.0]
    assert fleet.at(0.0).age_s[0] == 0.0


def test_transport_delay_is_made_up_for():
    """Positions arriving 0.4 s late must not make the unit stop between them."""
    fleet = Fleet()
    for step in range(40):
        fleet.clock.advance_s((T0 - fleet.clock.now_ns()) / NS_PER_S + step + 0.4)
        fleet.store.add(
            np.array([0]), np.array([T0 + step * NS_PER_S]),
            np.array([[step * 10.0, 0, 0]], dtype=np.float32), np.array([0], dtype=np.float32),
        )  # fmt: skip
    x = [fleet.at(39.4 + part).xyz_local_m[0, 0] for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
    np.testing.assert_allclose(np.diff(x), 2.5, atol=0.1)


def test_heading_turns_the_short_way_round():
    fleet = Fleet()
    for step, degrees in enumerate([350.0, 350.0, 10.0]):
        fleet.see(step, [0.0, step * 10.0], heading=[np.radians(degrees)])
    assert np.degrees(fleet.at(2.5).heading_rad[0]) == pytest.approx(0.0, abs=0.1)
    assert np.degrees(fleet.at(2.75).heading_rad[0]) == pytest.approx(5.0, abs=0.1)


def test_heading_is_computed_from_the_motion_where_not_told():
    fleet = Fleet(2)
    fleet.see(0, [[0, 0], [0, 0]])
    assert np.isnan(fleet.at(0).heading_rad).all()
    fleet.see(1, [[10, 0], [0, -10]])
    fleet.see(2, [[10.1, 0], [0, -10]])  # standing still keeps the heading
    np.testing.assert_allclose(np.degrees(fleet.at(9).heading_rad), [90.0, -180.0], atol=0.1)


def test_units_never_seen_are_nowhere():
    fleet = Fleet(2)
    fleet.see(0, [1.0, 1.0], slots=[1])
    now = fleet.at(0)
    assert np.isnan(now.xyz_local_m[0]).all()
    assert now.age_s[0] == np.inf
    assert fleet.store.last_seen_ns(0) == 0
    assert fleet.store.last_seen_ns(1) == T0


def test_several_positions_of_a_unit_in_one_batch():
    fleet = Fleet(2)
    kept = fleet.store.add(
        np.array([0, 1, 0, 0]), T0 + np.array([3, 1, 1, 2]) * NS_PER_S,
        np.array([[3, 0, 0], [9, 9, 0], [1, 0, 0], [2, 0, 0]], dtype=np.float32),
        np.zeros(4, dtype=np.float32),
    )  # fmt: skip
    assert kept == 4
    assert fleet.store.trail(0)[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert fleet.store.trail(1)[:, 0].tolist() == [9.0]


def test_old_unplaceable_and_unknown_positions_are_left_out():
    fleet = Fleet(2)
    assert fleet.see(5, [[1, 1], [np.nan, 1]]) == 1
    assert fleet.see(5, [[2, 2]]) == 0
    assert fleet.see(4, [[2, 2]]) == 0
    assert fleet.see(6, [[2, 2]], slots=[-1]) == 0
    assert fleet.store.late == 2
    assert fleet.store.trail(0).tolist() == [[1.0, 1.0, 0.0]]


def test_the_trail_is_bounded():
    fleet = Fleet(history=8)
    for step in range(20):
        fleet.see(step, [step, 0.0])
    assert fleet.store.trail(0)[:, 0].tolist() == list(range(12, 20))


def test_what_does_not_fit_is_counted_and_named():
    fleet = Fleet(5, capacity=3)
    assert len(fleet.store.units) == 3
    assert (fleet.store.refused, fleet.store.refused_names) == (2, ("u3", "u4"))
    assert fleet.store.observe("other", Unit(index=0, id="x", name="X", kind="taxi")) == -1


def test_a_unit_may_be_renamed_by_its_own_source_only():
    fleet = Fleet(1)
    version = fleet.store.catalogue_version
    fleet.store.observe("other", Unit(index=0, id="u0", name="Stolen", kind="taxi"))
    assert fleet.store.units[0].name == "U0"
    assert fleet.store.catalogue_version == version
    fleet.store.observe("s", Unit(index=0, id="u0", name="Bus 7", kind="bus"))
    assert fleet.store.units[0].name == "Bus 7"


def test_the_interval_follows_but_one_pause_does_not_set_it_far_back():
    fleet = Fleet()
    for step in range(10):
        fleet.see(step, [step * 10.0, 0.0])
    fleet.see(60, [100.0, 0.0])
    fleet.see(61, [110.0, 0.0])
    assert fleet.at(62.5).xyz_local_m[0, 0] == pytest.approx(110.0, abs=1.0)


def test_sizes_must_be_sensible():
    with pytest.raises(ValueError, match="at least 8"):
        UnitStore(capacity=1, history=7, clock=FakeClock())
