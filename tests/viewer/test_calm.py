"""A view in which nothing can change is looked at less often, and at once when something does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.box_city import city_of_boxes
from tests.viewer.console_parts import small_session
from twin.clock import NS_PER_S, SystemClock
from twin.session import TwinSession
from viewer.calm import GLIDE_NS, LOOKS, PACE_NS, Calm


class SteppedClock(SystemClock):
    def __init__(self) -> None:
        self.ahead_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.ahead_ns


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def session(clock: SteppedClock) -> TwinSession:
    return small_session(clock, city_of_boxes())


def look(calm: Calm, n: int = LOOKS, *, changed: bool = False) -> None:
    for _ in range(n):
        calm.note_update(changed=changed)


def observe(session: TwinSession, value: float) -> None:
    now_ns = session.clock.now_ns()
    session.observations.add(
        np.array([0]), np.array([now_ns]), np.array([value]), np.zeros(1, np.uint8), now_ns
    )


def test_calm_comes_after_looks_that_changed_nothing(session: TwinSession) -> None:
    calm = Calm(session)
    calm.pause_ns()
    look(calm, LOOKS - 1)
    assert calm.pause_ns() == 0
    look(calm, 1)
    assert calm.pause_ns() == PACE_NS
    look(calm, 1, changed=True)
    assert calm.pause_ns() == 0


def test_an_observation_and_a_deed_end_it_at_once(session: TwinSession) -> None:
    calm = Calm(session)
    calm.pause_ns()
    look(calm)
    observe(session, 3.0)
    assert calm.pause_ns() == 0
    look(calm)
    assert calm.pause_ns() == PACE_NS
    calm.stir()
    assert calm.pause_ns() == 0


def test_units_glide_on_after_their_last_position(
    session: TwinSession, clock: SteppedClock
) -> None:
    calm = Calm(session)
    calm.pause_ns()
    now_ns = clock.now_ns()
    where = np.array([[1.0, 2.0, 0.0]], np.float32)
    session.units.add(np.array([0]), np.array([now_ns]), where, np.zeros(1, np.float32))
    assert calm.pause_ns() == 0
    look(calm)
    assert calm.pause_ns() == 0  # it is still on its way to where it was seen
    clock.ahead_ns += GLIDE_NS + NS_PER_S
    assert calm.pause_ns() == PACE_NS
