"""BrainScaleS-2 beside spiking networks: matrices, and learning by correlation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.chips.analog.correlation import CorrelationSTDP, FixedSTDP
from spikestack.chips.analog.matrix import MatrixNetwork, multiply
from spikestack.chips.catalogue.brainscales import BrainScaleS1
from spikestack.chips.catalogue.brainscales2 import BrainScaleS2
from spikestack.errors import ValidationError

# ---------------------------------------------------------------------------- matrices


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 400), st.integers(1, 40))
def test_without_noise_it_is_the_formula(seed: int, inputs: int, sends: int) -> None:
    """One number after the other, block by block."""
    rng = np.random.default_rng(seed)
    x, w = rng.integers(0, 32, (3, inputs)), rng.integers(-63, 64, (inputs, 2))
    found = multiply(x, w, sends, noise=0.0)
    assert found.dtype == np.int8
    for i in range(3):
        for j in range(2):
            total = 0
            for start in range(0, inputs, 128):
                summed = sum(int(a) * int(b) for a, b in zip(
                    x[i, start : start + 128], w[start : start + 128, j], strict=True))  # fmt: skip
                total += min(max(int(np.floor(summed * float(sends) * 0.002)), -128), 127)
            assert found[i, j] == min(max(total, -128), 127)


def test_statistics_are_those_of_the_stand_in() -> None:
    """R12: noise of 2, and a gain of 0.002, in units of the read-out."""
    rng = np.random.default_rng(1)
    w = rng.integers(-63, 64, (128, 64))
    x = rng.integers(0, 32, (400, 128))
    y = multiply(x, w).astype(float)
    exact = 0.002 * (x @ w)
    apart = (y + 0.5 - exact)[np.abs(exact) < 100]
    assert apart.std() == pytest.approx(np.sqrt(4 + 1 / 12), rel=0.02)
    assert abs(apart.mean()) < 0.05
    assert np.polyfit(exact.ravel(), y.ravel(), 1)[0] == pytest.approx(1.0, abs=0.01)


def test_noise_has_an_address() -> None:
    x, w = np.full((4, 10), 20), np.full((10, 3), 30)
    one, again, other = (multiply(x, w, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert np.array_equal(multiply(x[:2], w), one[:2])
    assert len(np.unique(one)) > 3


@pytest.mark.parametrize(
    ("x", "w", "sends"),
    [([32], [[1]], 1), ([-1], [[1]], 1), ([1], [[64]], 1), ([0.5], [[1]], 1), ([1, 2], [[1]], 1),
     ([1], [[1]], 0), ([np.nan], [[1]], 1)],
)  # fmt: skip
def test_what_it_does_not_take_is_refused(x: list, w: list, sends: int) -> None:
    with pytest.raises(ValidationError):
        multiply(np.array(x), np.array(w), sends)


def rectifiers(rng: np.random.Generator) -> sp.Network:
    net = sp.Network(seed=1)
    at = net.add(sp.Population("in", 200, sp.GradedReLU()))
    for k, size in enumerate((60, 40, 5)):
        model = sp.GradedReLU(bias=rng.normal(0.1, 0.1, size))
        layer = net.add(sp.Population(f"layer{k}", size, model))
        weights = rng.normal(0, 1 / np.sqrt(at.size), (at.size, size))
        net.connect(at, layer, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
        at = layer
    return net


def test_layers_of_rectifiers() -> None:
    rng = np.random.default_rng(3)
    net, x = rectifiers(rng), rng.random((300, 200))
    told = x
    for k, projection in enumerate(net.projections.values()):
        told = told @ projection.rule.matrix + net[f"layer{k}"].model.values["bias"]
        told = told if k == 2 else np.maximum(told, 0)
    made = BrainScaleS2().matrix(net, x[:100])
    found = made.run(x[100:])
    assert found.dtype == np.int8 and found.shape == (200, 5) and made.passes == 4
    quiet = MatrixNetwork(made.layers, made.scale, noise=0.0).run(x[100:])
    correlations = [
        np.corrcoef((y / made.layers[-1].scale).ravel(), told[100:].ravel())[0, 1]
        for y in (quiet, found)
    ]
    assert correlations[0] > 0.97 and 0.9 < correlations[1] < correlations[0]


def test_matrices_want_a_chain_of_rectifiers() -> None:
    net = rectifiers(np.random.default_rng(1))
    with pytest.raises(ValidationError, match="200"):
        MatrixNetwork.of(net, np.ones((3, 10)))
    net = rectifiers(np.random.default_rng(1))
    cells = net.add(sp.Population("cells", 3, sp.DiscreteLIF()))
    net.connect(net["layer2"], cells, sp.AllToAll(), sp.Delta(weight=1.0, delay=0.0))
    with pytest.raises(ValidationError, match="no GradedReLU"):
        MatrixNetwork.of(net, np.ones((3, 200)))


# ---------------------------------------------------------------------------- learning


def paired(rule: sp.PlasticityRule, lag: float = 4.0) -> sp.Network:
    """Three inputs: before a neuron that twelve make fire, after it, and one that is silent."""
    net = sp.Network(seed=1)
    inputs = net.add(sp.Population("inputs", 3, sp.SpikeSource()))
    teacher = net.add(sp.Population("teacher", 12, sp.SpikeSource()))
    cell = net.add(sp.Population("cell", 1, sp.LIF(tau_m=10.0, tau_refrac=20.0)))
    at = np.arange(10, 590, 40.0)
    times = np.concatenate([at - lag, at + 6 + lag])
    net.drive(inputs, sp.SpikeTrains(times=times, ids=np.repeat([0, 1], len(at))))
    net.drive(teacher, sp.SpikeTrains(times=np.repeat(at, 12), ids=np.tile(np.arange(12), len(at))))
    net.connect(teacher, cell, sp.AllToAll(), sp.ExponentialCurrent(weight=1.0, delay=1.0))
    net.connect(inputs, cell, sp.AllToAll(), sp.ExponentialCurrent(weight=0.5, delay=1.0),
                plasticity=rule, name="learns")  # fmt: skip
    net.record(cell, "spikes")
    net.record(net.projections["learns"], "w", interval=25.0)
    return net


def weights(run: sp.Recording) -> np.ndarray:
    return np.asarray(run["learns", "w"].values[0])


def test_weights_move_by_causality() -> None:
    net = paired(CorrelationSTDP(w_max=1.0, interval=50.0))
    run = net.run(600.0, dt=0.1)
    assert run.same_spikes(net.run(600.0, dt=0.1, on="reference"))
    before, after = weights(run)[0], weights(run)[-1]
    assert after[0] > before[0] + 0.1 and after[1] < before[1] - 0.02
    assert abs(after[2] - before[2]) < 0.05
    assert np.allclose(after * 63, np.rint(after * 63), atol=1e-4)


def test_it_learns_on_the_chip() -> None:
    net = paired(CorrelationSTDP(w_max=1.0, interval=50.0))
    run = net.run(600.0, on=BrainScaleS2(), dt=0.1)
    codes = np.asarray(run.integers["learns", "w"].values[0])
    assert np.array_equal(codes, np.rint(codes)) and codes.max() <= 63
    assert np.allclose(weights(run), codes / 63)
    assert codes[-1, 0] > codes[0, 0] + 6 and codes[-1, 1] < codes[0, 1] - 1


def test_sensors_saturate_and_differ() -> None:
    """Pairs without end fill a sensor; what is read of full ones differs by their factors."""
    given = {"w_max": 1.0, "interval": 300.0, "amplitude": 100.0, "full": 120.0}
    read = []
    for more in ({"spread": 0.0, "read_noise": 0.0}, {"read_noise": 0.0}):
        net = paired(CorrelationSTDP(**given, **more))
        net.record(net.projections["learns"], "causal", "stored_causal", interval=50.0)
        run = net.run(500.0, dt=0.1)
        assert run["learns", "stored_causal"].values[0, :, 0].max() == pytest.approx(120.0)
        read.append(run["learns", "causal"].values[0, -1, 0])
    assert read[0] == 120.0 != read[1] and 40 < read[1] < 220


@pytest.mark.slow
def test_the_first_chips_rule_is_wired() -> None:
    rule = FixedSTDP(w_max=1.0, interval=50.0, ahead=4.0)
    run = paired(rule).run(600.0, on=BrainScaleS1(), dt=0.1)
    codes = np.asarray(run.integers["learns", "w"].values[0])
    assert np.allclose(weights(run), codes / 15)
    assert codes[0, 0] == 8 and codes[-1, 0] > 8 and set(np.abs(np.diff(codes[:, 0]))) <= {0, 1, 2}
    for chip, rule in (
        (BrainScaleS1(), CorrelationSTDP(w_max=1.0)),
        (BrainScaleS2(), sp.AdditiveSTDP(w_max=1.0)),
    ):
        with pytest.raises(ValidationError, match="STDP"):
            chip.quantise(paired(rule), 0.1)
