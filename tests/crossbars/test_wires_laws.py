"""Cells that are not linear, and the choice of one cell among many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import root

from spikestack.crossbars import (
    Curve,
    Selector,
    Sinh,
    bias,
    largest_array,
    read_cell,
    selectivity_needed,
    solve,
    solve_nonlinear,
)
from spikestack.errors import NumericalError, ValidationError

CUBIC = Curve(lambda g, v: (g * (v + v**3), g * (1 + 3 * v**2)))


def missing(found: Any, law: Any, g: Any, v: Any, r_word: float, r_bit: float) -> float:
    """Largest current that is missing at any node, by Kirchhoff's law."""
    words, bits = found.word_voltages, found.bit_nodes
    flow = law.current(g, words - bits)[0]
    left = np.concatenate([v[:, None], words], axis=1)
    along = np.diff(left, axis=1) / r_word
    at_words = flow + along
    at_words[:, :-1] -= along[:, 1:]
    down = -np.diff(np.concatenate([bits, np.zeros((1, bits.shape[1]))]), axis=0) / r_bit
    at_bits = flow - down
    at_bits[1:] += down[:-1]
    return max(abs(at_words).max(), abs(at_bits).max())


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([Sinh(0.1), Sinh(0.02), Selector(1e4, 1.0), CUBIC]),
    st.floats(0.1, 300.0),
)
def test_kirchhoff(seed: int, law: Any, ohms: float) -> None:
    """At every node what comes goes, with each cell on its law."""
    rng = np.random.default_rng(seed)
    g, v = rng.uniform(1e-6, 1e-3, (7, 9)), rng.uniform(-1, 1, 7)
    found = solve_nonlinear(g, v, law, ohms, 2 * ohms)
    assert missing(found, law, g, v, ohms, 2 * ohms) < 1e-7 * abs(found.cell_currents).max() + 1e-13
    power = found.power
    assert power.sources == pytest.approx(power.cells + power.word_lines + power.bit_lines)


def test_one_cell_against_a_root() -> None:
    """One cell with its two segments and its transistor: a scalar equation."""
    law, volts, ohms = Sinh(0.1), 1.0, 1e3 + 2e3 + 5e3
    found = solve_nonlinear([[1e-4]], [volts], law, 1e3, 2e3, r_access=5e3).currents[0]
    exact = root(lambda u: u + ohms * 1e-4 * 0.1 * np.sinh(u / 0.1) - volts, 0.1).x[0]
    assert found == pytest.approx((volts - exact) / ohms, rel=1e-8)


def test_linear_law_is_the_linear_solver() -> None:
    """A law that is a line gives what `solve` does; so does sinh at small voltages."""
    rng = np.random.default_rng(2)
    g, v = rng.uniform(1e-6, 1e-3, (20, 10)), rng.uniform(0, 1, 20)
    line = Curve(lambda g, v: (g * v, g + 0 * v))
    linear = solve(g, v, 2.0, 3.0)
    for law in (line, Sinh(1e4)):
        found = solve_nonlinear(g, v, law, 2.0, 3.0)
        np.testing.assert_allclose(found.currents, linear.currents, rtol=1e-7)
        np.testing.assert_allclose(found.bit_nodes, linear.bit_nodes, atol=1e-9)
    exact = solve_nonlinear(g, v, Sinh(0.2)).currents
    np.testing.assert_allclose(exact, (g * 0.2 * np.sinh(v / 0.2)[:, None]).sum(0), rtol=1e-12)


def test_steep_laws() -> None:
    """Voltages of hundreds of v0, which only wires keep from the cells."""
    g, v = np.full((8, 6), 1e-4), np.linspace(-3, 3, 8)
    law = Sinh(0.01)
    found = solve_nonlinear(g, v, law, 1.0, 2.0)
    assert missing(found, law, g, v, 1.0, 2.0) < 1e-6 * abs(found.cell_currents).max()
    one = solve_nonlinear([[1e-4]], [3.0], law, 1.0, 2.0)
    drop = root(lambda u: np.log(2 * (3.0 - u) / 3.0 / 1e-6) * 0.01 - u, 0.15).x[0]
    assert one.cell_voltages[0, 0] == pytest.approx(drop, rel=1e-6)


def test_laws() -> None:
    """Selectivity is as told; a falling current and wrong shapes are refused."""
    law = Selector(500.0, 1.2)
    assert law.ratio(1.2) == pytest.approx(500.0)
    one = np.ones(1)
    assert law.current(2e-5 * one, 1.2 * one)[0][0] == pytest.approx(2.4e-5)
    for v in (-0.7, 0.1, 0.9):
        h = 1e-6
        up, down = (law.current(one, np.array([v + s]))[0][0] for s in (h, -h))
        assert law.current(one, np.array([v]))[1][0] == pytest.approx((up - down) / (2 * h))
    for wrong in (1.0, 2.0, math.inf):
        with pytest.raises(ValidationError, match="selectivity"):
            Selector(wrong)
    falling = Curve(lambda g, v: (-g * v, -g + 0 * v))
    with pytest.raises(ValidationError, match="negative"):
        solve_nonlinear(np.ones((2, 2)), [1, 1], falling, 1, 1)
    with pytest.raises(ValidationError, match="shape"):
        solve_nonlinear(np.ones((2, 2)), [1, 1], Curve(lambda g, v: (g[0], g[0])), 1, 1)
    jump = Curve(lambda g, v: (g * (v > 0.3), 0.0 * v))
    with pytest.raises(NumericalError, match="continuous"):
        solve_nonlinear(np.ones((2, 2)), [1, 1], jump, 1.0, 1.0)


def test_bias() -> None:
    """Half of the voltage at m + n - 2 cells, or a third at all others."""
    half, third = bias((5, 8), 2, 3, 1.2, "V/2"), bias((5, 8), 2, 3, 1.2, "V/3")
    for lines in (half, third):
        assert lines.cell_voltages[2, 3] == pytest.approx(1.2)
    others = np.delete(half.cell_voltages.ravel(), 2 * 8 + 3)
    assert np.isclose(others, 0.6).sum() == 5 + 8 - 2
    assert np.isclose(others, 0.0).sum() == len(others) - 11
    others = np.delete(third.cell_voltages.ravel(), 2 * 8 + 3)
    np.testing.assert_allclose(abs(others), 0.4)
    loose = bias((5, 8), 2, 3, -1.0, "floating")
    assert loose.floating_words.sum() == 4 and loose.floating_bits.sum() == 7
    assert np.isfinite(loose.cell_voltages).sum() == 1


def test_sneak_path_of_equal_cells() -> None:
    """Floating lines: all sneak paths of equal cells are one resistance, known in closed form."""
    m, n, g = 6, 9, 1e-4
    found = read_cell(np.full((m, n), g), 1, 4, 0.5, "floating")
    # The row's other cells, all cells between, the column's other cells: three in series.
    path = 1 / (1 / (g * (n - 1)) + 1 / (g * (m - 1) * (n - 1)) + 1 / (g * (m - 1)))
    assert found.alone == pytest.approx(0.5 * g)
    assert found.current == pytest.approx(0.5 * (g + path), rel=1e-9)
    assert found.sneak == pytest.approx(0.5 * path, rel=1e-9)


def test_schemes() -> None:
    """What each lets through: linear cells at half and a third, and none where 1T1R."""
    m, n, g = 6, 9, 1e-4
    cells = np.full((m, n), g)
    expected = {"grounded": 0.0, "V/2": (m - 1) * g * 0.25, "V/3": (m - 1) * g * 0.5 / 3}
    for scheme, sneak in expected.items():
        found = read_cell(cells, 1, 4, 0.5, scheme)
        assert found.sneak == pytest.approx(sneak, abs=1e-15)
        assert found.cell == pytest.approx(found.alone)
    gated = read_cell(cells, 1, 4, 0.5, "floating", access="1T1R", r_access=1e3, r_word=1, r_bit=1)
    assert abs(gated.sneak) < 1e-9 * gated.cell
    # Behind transistor and 5 + 5 segments; neighbours' bit lines float, so nothing else flows.
    assert gated.current == pytest.approx(0.5 / (1e4 + 1e3 + 5 + 5), rel=1e-9)


def test_selectors_suppress_sneak_currents() -> None:
    """With the selectivity that is needed the worst sneak current is as large as allowed."""
    m, window, share = 16, 10.0, 0.2
    cells = np.full((m, m), 1e-4)
    cells[3, 5] = 1e-4 / window
    needed = selectivity_needed((m, m), window, "V/2", share)
    assert needed == pytest.approx(15 * 10 / 0.2)
    found = read_cell(cells, 3, 5, 1.0, "V/2", law=Selector(needed, 1.0))
    assert found.sneak / found.cell == pytest.approx(share, rel=1e-6)
    assert read_cell(cells, 3, 5, 1.0, "V/2").sneak / found.cell > 70
    assert largest_array(Selector(needed * 1.0001, 1.0), 1.0, window, "V/2", share) == m
