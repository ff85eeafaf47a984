"""Batches of convex polygons, and solids over quads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.generate.chance import fractions
from twin.generate.polygons import clip, fans, inset, padded, ring_areas
from twin.generate.solids import Roof, Solids, soup_of_solids

SQUARE = np.array([[[0.0, 0.0], [40.0, 0.0], [40.0, 20.0], [0.0, 20.0]]])


def convex(seed: int, n: int) -> np.ndarray:
    """(1, n, 2) a convex ring on an ellipse."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    return np.stack([60 * np.cos(angle), 35 * np.sin(angle)], axis=1)[None]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 8), st.floats(0, 6.2), st.floats(-30, 30))
def test_the_two_sides_of_a_cut_are_the_whole(
    seed: int, n: int, turn: float, offset: float
) -> None:
    whole = padded(convex(seed, n), np.arange(n)[None])
    values = whole.xy @ np.array([np.cos(turn), np.sin(turn)]) - offset
    parts = [clip(whole, sign * values, np.array([99])) for sign in (1, -1)]
    areas = [float(part.areas()[0]) for part in parts if part.counts[0] >= 3]
    assert sum(areas) == pytest.approx(float(whole.areas()[0]), abs=1e-6)
    assert all(area >= -1e-9 for area in areas)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 8), st.floats(0.1, 12))
def test_an_inset_lies_inside_at_its_depth(seed: int, n: int, depth: float) -> None:
    ring = convex(seed, n)
    if ring_areas(ring)[0] < 50:
        return
    inner, fits = inset(ring, np.full((1, n), depth))
    if not fits[0]:
        return
    edge = np.roll(ring, -1, axis=1) - ring
    length = np.hypot(edge[..., 0], edge[..., 1])
    real = length[0] > 1e-3
    to = inner[0][:, None] - ring[0][None]
    away = edge[0, None, :, 0] * to[..., 1] - edge[0, None, :, 1] * to[..., 0]
    away = away[:, real] / length[0][real]
    assert away.min() > depth - 0.3
    assert 0 < ring_areas(inner)[0] < ring_areas(ring)[0]


def test_an_inset_deeper_than_the_middle_leaves_nothing() -> None:
    assert inset(SQUARE, np.full((1, 4), 9.0))[1].all()
    assert not inset(SQUARE, np.full((1, 4), 11.0))[1].any()


def test_fans_cover_their_ring() -> None:
    triangles, rows = fans(np.concatenate([SQUARE, SQUARE * 0.5]))
    assert np.bincount(rows, weights=ring_areas(triangles)).tolist() == [800.0, 200.0]


def test_chance_is_even_and_repeatable() -> None:
    values = fractions(5, np.arange(20_000))
    assert values.min() >= 0
    assert values.max() < 1
    assert values.mean() == pytest.approx(0.5, abs=0.01)
    assert np.array_equal(values[:10], fractions(5, np.arange(10)))
    assert not np.array_equal(values[:10], fractions(6, np.arange(10)))


@pytest.mark.parametrize(
    ("roof", "volume"),
    [(Roof.FLAT, 8000.0), (Roof.GABLE, 8000.0 + 1600.0), (Roof.HIP, 8000.0 + 1600.0 * 2 / 3)],
)
def test_a_body_is_closed_and_turned_outwards(roof: Roof, volume: float) -> None:
    """By the divergence theorem; the missing floor at z 0 adds nothing."""
    none = np.zeros(1, dtype=bool)
    soup = soup_of_solids(
        Solids(
            quads=SQUARE,
            base_m=np.zeros(1),
            eaves_m=np.full(1, 10.0),
            rise_m=np.full(1, 0.0 if roof == Roof.FLAT else 4.0),
            roofs=np.array([roof]),
            features=np.array([3]),
            open_start=none,
            open_end=none,
        )
    )
    a, b, c = (soup.corners_local_m[:, k].astype(float) for k in range(3))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6 == pytest.approx(volume, rel=0.05)
    assert (soup.features == 3).all()
