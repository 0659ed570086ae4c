"""Effective matrices: two ways to one matrix, which gives the currents of any input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.crossbars import Wires, effective, solve


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 40),
    st.floats(1e-2, 1e3), st.floats(1e-2, 1e3), st.booleans(),
)  # fmt: skip
def test_both_ways(
    seed: int, rows: int, columns: int, r_word: float, r_bit: float, loose: bool
) -> None:
    """Recursion and solves agree with each other, and with solving each input."""
    rng = np.random.default_rng(seed)
    g = rng.uniform(1e-6, 1e-3, (rows, columns))
    lines: dict[str, Any] = {}
    if loose and rows > 1 and columns > 1:
        lines = {"floating_words": [0], "floating_bits": [columns - 1]}
    wires = Wires(g, r_word, r_bit, tolerance=1e-12, **lines)
    first, second = wires.effective("recursion"), wires.effective("solves")
    np.testing.assert_allclose(first, second, rtol=1e-7, atol=1e-10 * g.max())
    v = rng.uniform(-1, 1, rows)
    np.testing.assert_allclose(v @ first, wires.solve(v).currents, rtol=1e-7, atol=1e-9 * g.max())


@pytest.mark.parametrize("r_word, r_bit", [(0, 0), (5, 0), (0, 5)])
@pytest.mark.parametrize("shape", [(6, 9), (9, 6)])
def test_without_resistance(r_word: float, r_bit: float, shape: tuple[int, int]) -> None:
    """Lines of no resistance, with and without floating lines."""
    g = np.random.default_rng(2).uniform(0, 1e-3, shape)
    v = np.random.default_rng(3).uniform(0, 1, shape[0])
    for lines in ({}, {"floating_words": [2]}, {"floating_bits": [1]}):
        wires = Wires(g, r_word, r_bit, **lines)
        np.testing.assert_allclose(v @ wires.effective(), wires.solve(v).currents, rtol=1e-9)
    if not (r_word or r_bit):
        np.testing.assert_array_equal(effective(g), g)


def test_tiles() -> None:
    """Each tile has wires of its own."""
    tiles = np.random.default_rng(4).uniform(0, 1e-3, (2, 3, 8, 5))
    found = effective(tiles, 2.0, 1.0)
    assert found.shape == tiles.shape
    np.testing.assert_allclose(found[1, 2], Wires(tiles[1, 2], 2.0, 1.0).effective())


def test_far_cells_give_less() -> None:
    """The longer the way through wires, the smaller a cell's effective conductance."""
    found = effective(np.full((30, 20), 1e-4), 3.0, 3.0)
    assert (found > 0).all() and (found < 1e-4).all()
    # Sources are at the left, outputs at the bottom.
    assert (np.diff(found, axis=1) < 0).all() and (np.diff(found, axis=0) > 0).all()


def test_the_faster_way_is_taken() -> None:
    """Long lines: recursion; mild wires: solves. Both right."""
    rng = np.random.default_rng(0)
    g, v = 10 ** rng.uniform(-5, -3, (96, 96)), rng.uniform(0, 0.2, 96)
    for ohms in (1e-3, 50.0):
        found = v @ effective(g, ohms, ohms)
        np.testing.assert_allclose(found, solve(g, v, ohms, ohms).currents, rtol=1e-8)
