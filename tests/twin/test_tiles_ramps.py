"""Ramps and colours from values."""

import numpy as np
import pytest

from twin.ramps import DIVERGING, SEQUENTIAL, colours_from_values, ramp_table


@pytest.mark.parametrize("ramp", [*SEQUENTIAL, *DIVERGING])
def test_a_ramp_is_256_distinct_colours(ramp):
    table = ramp_table(ramp)
    assert table.shape == (256, 3)
    assert len(np.unique(table, axis=0)) > 230
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 0


@pytest.mark.parametrize("ramp", SEQUENTIAL)
def test_sequential_ramps_grow_lighter(ramp):
    lightness = ramp_table(ramp) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness[::16]) > 0).all()


def test_the_diverging_ramp_is_light_in_the_middle():
    lightness = ramp_table("vik") @ np.array([0.2126, 0.7152, 0.0722])
    assert lightness[128] > lightness[0] + 80
    assert lightness[128] > lightness[255] + 80


def test_ends_middle_and_no_data():
    table = ramp_table("viridis")
    values = np.array([-5.0, 0.0, 50.0, 100.0, 1e9, np.nan, np.inf])
    colours = colours_from_values(values, 0.0, 100.0, "viridis", no_data=(1, 2, 3, 4))
    assert colours[0].tolist() == colours[1].tolist() == [*table[0].tolist(), 255]
    assert colours[2, :3].tolist() == table[128].tolist()
    assert colours[3].tolist() == colours[4].tolist() == [*table[255].tolist(), 255]
    assert colours[5].tolist() == colours[6].tolist() == [1, 2, 3, 4]


def test_a_range_without_width_is_no_error():
    assert colours_from_values(np.array([3.0, np.nan]), 3.0, 3.0).shape == (2, 4)
