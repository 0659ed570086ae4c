"""Arrays with wires: published-geometry numbers, an independent solver, laws of circuits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.crossbars import Solution, Wires, solve

#: Sums of currents of the arrays of `array`, by badcrossbar 1.1.0 (digits as it was printed); the
#: last two by a prototype that agreed with it to 2e-11 elsewhere.
SUMS = {
    (64, 0.01): 0.094708799852, (64, 1.0): 0.06005075525, (128, 1.0): 0.12991343520,
    (256, 0.01): 1.3273893125, (256, 0.1): 0.77342854959, (256, 1.0): 0.17487968408,
    (512, 1.0): 0.20526446933, (1024, 1.0): 0.26370057643, (1024, 0.1): 1.84912782113,
    (256, 10.0): 0.02562655638,
}  # fmt: skip
#: First and last current, mean relative loss.
MORE = {
    (64, 1.0): (0.00123319143, 0.00073256673, 0.3675020),
    (128, 1.0): (0.00154319471, 0.00066816219, 0.6763078),
    (256, 1.0): (0.00153577667, 0.00035258885, 0.8793205),
    (512, 1.0): (0.00159746990, 0.00016578576, 0.9630103),
    (1024, 1.0): (0.00154365037, 7.94522557e-5, 0.9881381),
    (1024, 0.1): (0.00469892796, 0.00085427016, None),
    (256, 10.0): (0.00043354003, 3.31255516e-5, None),
}


def array(size: int) -> tuple[Any, Any]:
    """Resistances of two decades, and voltages, as the numbers were made with."""
    rng = np.random.default_rng(0)
    ohms = 10 ** rng.uniform(3, 5, (size, size))
    return 1 / ohms, rng.uniform(0, 0.2, size)


def dense(conductance: Any, volts: Any, r_word: float, r_bit: float, bits: Any = 0.0) -> Any:
    """Node voltages by numpy's dense solver, written from the nodal equations."""
    m, n = conductance.shape
    matrix, right = np.zeros((2 * m * n, 2 * m * n)), np.zeros(2 * m * n)
    bits = np.broadcast_to(bits, n)

    def join(a: int, b: int, g: float) -> None:
        for one, other in ((a, b), (b, a)):
            matrix[one, one] += g
            matrix[one, other] -= g

    for i in range(m):
        for j in range(n):
            word, bit = i * n + j, m * n + i * n + j
            join(word, bit, conductance[i, j])
            if j:
                join(word, word - 1, 1 / r_word)
            else:
                matrix[word, word] += 1 / r_word
                right[word] += volts[i] / r_word
            if i < m - 1:
                join(bit, bit + n, 1 / r_bit)
            else:
                matrix[bit, bit] += 1 / r_bit
                right[bit] += bits[j] / r_bit
    x = np.linalg.solve(matrix, right)
    return x[: m * n].reshape(m, n), x[m * n :].reshape(m, n)


def cells(seed: int, rows: int, columns: int) -> tuple[Any, Any]:
    """Conductances of 0 to 1 mS, some of them 0, and voltages of both signs."""
    rng = np.random.default_rng(seed)
    g = rng.uniform(0, 1e-3, (rows, columns)) * (rng.random((rows, columns)) < 0.9)
    return g, rng.uniform(-1, 1, rows)


@pytest.mark.parametrize("size, ohms", SUMS, ids=str)
def test_known_arrays(size: int, ohms: float) -> None:
    """The numbers of another solver, to 1e-8."""
    g, v = array(size)
    found = solve(g, v, ohms, ohms)
    assert found.currents.sum() == pytest.approx(SUMS[size, ohms], rel=1e-8)
    if (size, ohms) in MORE:
        first, last, loss = MORE[size, ohms]
        assert found.currents[0] == pytest.approx(first, rel=1e-8)
        assert found.currents[-1] == pytest.approx(last, rel=1e-7)
        if loss is not None:
            assert found.loss.mean() == pytest.approx(loss, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 40),
    st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(-1, 1),
)  # fmt: skip
def test_every_node(
    seed: int, rows: int, columns: int, r_word: float, r_bit: float, bit: float
) -> None:
    """All node voltages are those of a dense solver, for any shape and resistances."""
    for m, n in ((rows, columns), (columns, rows)):
        g, v = cells(seed, m, n)
        found = solve(g, v, r_word, r_bit, bit_voltages=bit, tolerance=1e-12)
        words, bits = dense(g, v, r_word, r_bit, bit)
        scale = max(abs(v).max(), abs(bit))
        np.testing.assert_allclose(found.word_voltages, words, atol=1e-9 * scale)
        np.testing.assert_allclose(found.bit_nodes, bits, atol=1e-9 * scale)
        most = abs(g).sum() * scale + 1e-30
        np.testing.assert_allclose(
            found.currents, (bits[-1] - bit) / r_bit, atol=1e-9 * most + 1e-12 * scale / r_bit
        )


@pytest.mark.parametrize("r_word, r_bit", [(0, 0), (2, 0), (0, 3)])
def test_no_resistance_is_exact(r_word: float, r_bit: float) -> None:
    """Lines of no resistance give what ever smaller resistances tend to, and G'V at last."""
    g, v = cells(3, 7, 12)
    found = solve(g, v, r_word, r_bit, bit_voltages=0.1)
    small = solve(g, v, r_word or 1e-7, r_bit or 1e-7, bit_voltages=0.1)
    np.testing.assert_allclose(found.currents, small.currents, rtol=1e-8)
    np.testing.assert_allclose(found.word_voltages, small.word_voltages, atol=1e-8)
    np.testing.assert_allclose(found.bit_nodes, small.bit_nodes, atol=1e-8)
    if not (r_word or r_bit):
        np.testing.assert_allclose(found.currents, g.T @ v - 0.1 * g.sum(0), rtol=1e-14)
        np.testing.assert_allclose(found.loss, 0.0, atol=1e-12)


@pytest.mark.parametrize("r_word", [0, 2])
@pytest.mark.parametrize("r_bit", [0, 3])
@pytest.mark.parametrize("words", [None, [1]])
@pytest.mark.parametrize("bits", [None, [0, 2]])
def test_power_and_charge(r_word: float, r_bit: float, words: Any, bits: Any) -> None:
    """What sources deliver becomes heat; what enters leaves; floating lines carry nothing."""
    g, v = cells(4, 6, 8)
    found = solve(g, v, r_word, r_bit, bit_voltages=-0.2, floating_words=words, floating_bits=bits)
    power, nodes = found.power, (found.word_voltages, found.bit_nodes)
    assert power.sources == pytest.approx(power.cells + power.word_lines + power.bit_lines)
    assert found.word_currents.sum() == pytest.approx(found.currents.sum())
    if r_word:
        inner = np.sum(np.diff(nodes[0], axis=1) ** 2) + np.sum(
            ((nodes[0][:, 0] - v) ** 2)[~found.floating_words]
        )
        assert power.word_lines == pytest.approx(inner / r_word, rel=1e-7)
    if r_bit:
        inner = np.sum(np.diff(nodes[1], axis=0) ** 2) + np.sum(
            ((nodes[1][-1] + 0.2) ** 2)[~found.floating_bits]
        )
        assert power.bit_lines == pytest.approx(inner / r_bit, rel=1e-7)
    flows = g * (nodes[0] - nodes[1])
    assert power.cells == pytest.approx(np.sum(flows * (nodes[0] - nodes[1])))
    for line in words or []:
        assert abs(flows[line].sum()) < 1e-9 * abs(flows).sum()
    for line in bits or []:
        assert abs(flows[:, line].sum()) < 1e-9 * abs(flows).sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12), st.floats(0.01, 1e4))
def test_reciprocity(seed: int, rows: int, columns: int, ohms: float) -> None:
    """A volt at word line i drives through bit line j what a volt at j drives through i."""
    g, _ = cells(seed, rows, columns)
    wires = Wires(g, ohms, 2 * ohms)
    rng = np.random.default_rng(seed)
    i, j = int(rng.integers(rows)), int(rng.integers(columns))
    forth = wires.solve(np.eye(rows)[i]).currents[j]
    back = -wires.solve(np.zeros(rows), np.eye(columns)[j]).word_currents[i]
    assert forth == pytest.approx(back, rel=1e-7, abs=1e-9 * g.max())


def test_many_inputs_and_sums() -> None:
    """Inputs together are inputs one by one; sums of inputs give sums of currents."""
    g, _ = cells(5, 20, 30)
    v = np.random.default_rng(1).uniform(0, 1, (4, 20))
    wires = Wires(g, 1.0, 2.0)
    both = wires.solve(v, nodes=True)
    assert both.currents.shape == (4, 30) and both.word_voltages.shape == (4, 20, 30)
    for k in range(4):
        one = wires.solve(v[k])
        np.testing.assert_array_equal(one.currents, both.currents[k])
        np.testing.assert_array_equal(one.bit_nodes, both.bit_nodes[k])
    np.testing.assert_allclose(wires.solve(v.sum(0)).currents, both.currents.sum(0), rtol=1e-8)
    with pytest.raises(sp.errors.ValidationError, match="nodes=True"):
        _ = wires.solve(v).bit_nodes


def test_fallback_gives_the_same() -> None:
    """Where iterations take too long the factorisation steps in, unasked, and agrees."""
    g, v = array(12)
    mild = Wires(g, 100.0, 100.0)
    iterated, factored = mild.solve(v), Wires(g, 100.0, 100.0)
    factored._slow = True
    np.testing.assert_allclose(factored.solve(v).currents, iterated.currents, rtol=1e-8)
    harsh = Wires(g, 1e7, 1e7).solve(v)
    words, bits = dense(g, v, 1e7, 1e7)
    assert harsh.iterations == 0
    np.testing.assert_allclose(harsh.word_voltages, words, atol=1e-12)
    np.testing.assert_allclose(harsh.bit_nodes, bits, atol=1e-12)


def test_access_resistance_and_units() -> None:
    """Transistors are in series with their cells; quantities may bear units."""
    g, v = cells(6, 5, 4)
    found = solve(g, v, "1 Ohm", "2 Ohm", r_access="1 kOhm")
    inside = solve(g / (1 + g * 1e3), v, 1.0, 2.0)
    np.testing.assert_allclose(found.currents, inside.currents, rtol=1e-12)


def test_tolerance() -> None:
    """A looser tolerance takes fewer iterations and is as exact as it says."""
    g, v = array(128)
    exact = solve(g, v, 1.0, 1.0, tolerance=1e-12)
    before = 10**6
    for tolerance in (1e-10, 1e-6, 1e-3):
        found = solve(g, v, 1.0, 1.0, tolerance=tolerance)
        assert found.residual <= 10 * tolerance and found.iterations < before
        assert abs(found.currents / exact.currents - 1).max() < 100 * tolerance
        before = found.iterations


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 1e3), st.sampled_from([0.0, 500.0]))
def test_gradient(seed: int, ohms: float, access: float) -> None:
    """The adjoint's derivatives are those of differences."""
    rng = np.random.default_rng(seed)
    g, v = rng.uniform(1e-5, 1e-3, (6, 5)), rng.uniform(-1, 1, 6)
    weights, options = rng.normal(size=5), {"r_access": access, "tolerance": 1e-13}
    wires = Wires(g, ohms, ohms / 2, **options)
    by_g, by_v = wires.gradient(wires.solve(v), weights)
    for _ in range(3):
        i, j = int(rng.integers(6)), int(rng.integers(5))
        step = np.zeros_like(g)
        step[i, j] = 1e-4 * g[i, j]
        up, down = (solve(g + s * step, v, ohms, ohms / 2, **options) for s in (1, -1))
        slope = (up.currents - down.currents) @ weights / (2 * step[i, j])
        assert by_g[i, j] == pytest.approx(slope, rel=1e-4, abs=1e-6 * abs(by_g).max())
    up = wires.solve(v + np.eye(6)[2]).currents @ weights
    assert by_v[2] == pytest.approx(up - wires.solve(v).currents @ weights, rel=1e-6, abs=1e-9)


def test_map() -> None:
    """The picture has a map of the cells and the losses of the bit lines."""
    pytest.importorskip("matplotlib")
    g, v = array(16)
    found: Solution = solve(g, v + 0.1, 5.0, 5.0)
    figure = found.plot()
    image = figure.axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(image, 100 * found.cell_voltages / (v + 0.1)[:, None])
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), 100 * found.loss)
    floating = solve(g, v, 5.0, 5.0, floating_words=[3])
    assert np.isnan(np.ma.filled(floating.plot().axes[0].get_images()[0].get_array(), np.nan)[3, 0])
