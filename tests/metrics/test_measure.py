"""What `measure` counts: closed forms, a loop over events, engines alike, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError

from .networks import AT_ONCE, NETWORKS, STEPS, dense, recurrent, samples

NAMES = [
    "activation_sparsity", "effective_acs", "effective_macs", "dense", "membrane_updates",
    "neuron_operations", "neuron_operations_dense", "accuracy",
]  # fmt: skip


def test_closed_forms() -> None:
    """Dense is steps times pairs; additions are spikes times fan-out."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("in", 3, sp.SpikeSource()))
    out = net.add(sp.Population("out", 4, sp.DiscreteLIF(beta=1.0, theta=100.0)))
    net.drive(source, sp.ExternalSpikes(), name="data")
    matrix = np.array([[1.0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]])
    net.connect(source, out, sp.Dense(matrix), sp.Delta(weight=1.0, delay=2.0))
    spikes = np.zeros((2, 5, 3))
    spikes[0, 0, 0] = spikes[0, 2, 2] = spikes[1, 1, 1] = 1
    spikes[1, 3:, 2] = 1  # Arrives after the last step: nothing is done for it.
    found = sp.metrics.measure(net, spikes)
    assert found["dense"] == 5 * 12
    assert found["effective_acs"] == (1 + 4 + 2) / 2
    assert found["effective_macs"] == 0
    assert found["connection_sparsity"] == 5 / 12
    assert found["activation_sparsity"] == 1.0
    # Four in the first step; then the neurons that something arrived at.
    assert found["membrane_updates"] == 4 + (1 + 4 + 2) / 2
    assert found["neuron_operations"] == 4 * found["membrane_updates"]
    assert found["neuron_operations_dense"] == 4 * 4 * 5
    assert found.per_second("dense") == 60 / 5e-3
    assert found["execution_rate"] == 1000
    # 12 weights, 2 + 0 constants, 4 states, two steps of three spikes in flight.
    assert found["footprint"] == 4 * (12 + 2 + 4) + 2 * 3
    fewer = sp.metrics.measure(net, weight_bits=4)
    assert fewer["footprint"] == 12 / 2 + 4 * (2 + 4) + 2 * 3


def test_borders_of_convolutions() -> None:
    """What falls outside of an image is no operation."""
    net = sp.Network()
    image = net.add(sp.Population("image", (2, 5, 4), sp.SpikeSource()))
    rule = sp.Convolution(np.ones((3, 2, 3, 3)), padding=1, stride=2)
    out = net.add(sp.Population("out", rule.target_shape(image.shape), sp.DiscreteLIF()))
    net.drive(image, sp.ExternalSpikes(), name="data")
    net.connect(image, out, rule, AT_ONCE)
    taps = sum(
        0 <= 2 * y + dy - 1 < 5 and 0 <= 2 * x + dx - 1 < 4
        for y in range(3) for x in range(2) for dy in range(3) for dx in range(3)
    )  # fmt: skip
    found = sp.metrics.measure(net, np.ones((1, 2, 40)))
    assert found["dense"] == found["effective_acs"] == 2 * 3 * 2 * taps
    assert found["parameter_count"] == 54
    assert found["synapses"] == 3 * 2 * taps


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**31), st.floats(0.0, 1.0), st.integers(0, 3), st.integers(0, 3))
def test_a_loop_over_events_counts_the_same(
    seed: int, share: float, first: int, second: int
) -> None:
    """Whatever the weights, delays and values."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("in", 6, sp.Relay()))
    out = net.add(sp.Population("out", 5, sp.DiscreteLIF()))
    net.drive(source, sp.ExternalSpikes(), name="data")
    matrix = rng.integers(-1, 2, (6, 5)) / 4
    delays = np.where(rng.random(30) < 0.5, float(first), float(second))
    net.connect(source, out, sp.Dense(matrix), sp.Delta(weight=1.0, delay=delays))
    inputs = np.where(rng.random((3, 7, 6)) < share, rng.integers(-1, 2, (3, 7, 6)), 0)
    inputs[rng.random(inputs.shape) < 0.02] = 2
    acs = macs = 0
    for sample in inputs:
        for step in range(7):
            came = [
                (sample[step - int(d)][i], matrix[i, j])
                for (i, j), d in zip(np.ndindex(6, 5), delays) if step >= d
            ]  # fmt: skip
            count = sum(bool(x) and bool(w) for x, w in came)
            if any((abs(sample[step - int(d)]) > 1).any() for d in {*delays} if step >= d):
                macs += count
            else:
                acs += count
    found = sp.metrics.measure(net, inputs, on="reference")
    assert (found["effective_acs"], found["effective_macs"]) == (acs / 3, macs / 3)


@pytest.mark.parametrize("name", ["recurrent", "biophysical", "sequences"])
def test_engines_agree(name: str) -> None:
    """The compiled engine, the reference and PyTorch do the same operations."""
    pytest.importorskip("torch")
    net, inputs, labels = NETWORKS[name]()
    by_cpu = sp.metrics.measure(net, inputs[:2], labels[:2])
    for on in ("reference", "torch"):
        other = sp.metrics.measure(net, inputs[:2], labels[:2], on=on)
        for metric in NAMES:
            assert other[metric] == by_cpu[metric], (on, metric)
        assert other.sparsity_by_layer == by_cpu.sparsity_by_layer


def test_a_recording_tells_the_same() -> None:
    """Inputs that are run here, and a run of one's own."""
    net, inputs, labels = recurrent()
    found = sp.metrics.measure(net, inputs, labels)
    again, *_ = recurrent()
    for population in again.populations.values():
        again.record(population, "spikes", *(["v"] if population.name != "in" else []))
    simulation = sp.Simulation(again, dt=1.0, trials=len(inputs))
    for trial, sample in enumerate(inputs):
        step, unit = np.nonzero(sample)
        simulation.inject("data", unit, step + 1.0, trial=trial)
    simulation.advance(float(STEPS), progress=False)
    other = sp.metrics.measure(again, simulation.recording(), labels)
    assert {n: other[n] for n in NAMES} == {n: found[n] for n in NAMES}
    assert other.layers == found.layers and other.projections == found.projections


def test_currents_are_fed() -> None:
    """A drive of currents, still or changing: the potential moves as it is told."""
    net = sp.Network()
    cell = net.add(sp.Population("cell", 2, sp.LIF()))
    net.drive(cell, sp.ExternalCurrent(), name="current")
    still = sp.metrics.measure(net, np.ones((1, 2)), steps=50)
    moving = sp.metrics.measure(net, np.ones((1, 50, 2)))
    assert still.layers == moving.layers and still.layers[0].spikes > 0
    assert "effective_acs" not in still
    with pytest.raises(ValidationError, match="there are no projections"):
        still["effective_acs"]


def _recorded(what: dict[str, tuple[str, ...]]) -> sp.metrics.Measurement:
    net, *_ = dense()
    for name, variables in what.items():
        net.record(net[name], *variables)
    return sp.metrics.measure(net, net.run(10.0, dt=1.0))


def test_what_is_not_defined_raises() -> None:
    """It is never 0, and says why."""
    net, inputs, _labels = dense()
    static = sp.metrics.measure(net)
    assert static["parameter_count"] == 750 and "dense" not in static
    for name in ("dense", "activation_sparsity", "membrane_updates", "effective_acs"):
        with pytest.raises(ValidationError, match="nothing was run"):
            static[name]
    with pytest.raises(ValidationError, match="no labels"):
        sp.metrics.measure(net, inputs)["accuracy"]
    with pytest.raises(UnknownNameError):
        static["speed"]
    some = _recorded({"hidden": ("spikes", "v"), "out": ("spikes",)})
    assert some["dense"] == 7500 and some["activation_sparsity"] == 1.0
    with pytest.raises(ValidationError, match="'in': its spikes were not recorded"):
        some["effective_acs"]
    with pytest.raises(ValidationError, match="'out': its potential was not recorded"):
        some["membrane_updates"]
    assert str(some).count("not defined") == len(some.undefined) == len(some.to_dict()["undefined"])
    with pytest.raises(ValidationError, match="nothing was run"):
        static.plot()


def test_parts_of_runs() -> None:
    """A recording that begins late does not tell what was in flight; nor does one of a view."""
    net, *_ = recurrent()
    for population in net.populations.values():
        net.record(population, "spikes")
    simulation = sp.Simulation(net, dt=1.0)
    simulation.advance(5.0, progress=False)
    simulation.drain()
    simulation.advance(5.0, progress=False)
    late = sp.metrics.measure(net, simulation.recording())
    assert late["activation_sparsity"] == 1.0
    with pytest.raises(ValidationError, match="in flight"):
        late["effective_acs"]
    partly, *_ = dense()
    partly.record(partly["hidden"][:3], "spikes")
    partly.record(partly["out"], "spikes")
    with pytest.raises(ValidationError, match="only some"):
        sp.metrics.measure(partly, partly.run(3.0, dt=1.0))["activation_sparsity"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"data": np.zeros((2, 10, 7))}, "shape"),
        ({"data": np.zeros((2, 20))}, "how long"),
        ({"data": np.zeros((0, 10, 20))}, "not none"),
        ({"data": np.full((1, 10, 20), np.nan)}, "NaN"),
        ({"data": {"nothing": np.zeros((2, 10, 20))}}, "unknown name"),
        ({"data": "words"}, "array of numbers"),
        ({"data": np.zeros((2, 10, 20)), "steps": 4}, "one length"),
        ({"data": np.zeros((2, 20)), "steps": 0}, "whole number"),
        ({"data": np.zeros((2, 10, 20)), "on": "gpu"}, "unknown name"),
        ({"data": np.zeros((2, 10, 20)), "labels": [0]}, "as many"),
        ({"labels": [0]}, "without data"),
        ({"data": np.zeros((2, 10, 20)), "labels": [0, 1], "answer": "best"}, "one of"),
        ({"data": np.zeros((2, 10, 20)), "labels": [0, 1], "readout": "none"}, "unknown name"),
        ({"data": np.zeros((2, 10, 20)), "labels": [0, 1], "readout": "in", "answer": "mean"},
         "no potential"),
        ({"weight_bits": 0}, "1 to 64"),
        ({"weight_bits": {"x": 4}}, "unknown name"),
        ({"dt": "1 mV"}, "mV"),
    ],
)  # fmt: skip
def test_refusals(more: dict[str, Any], message: str) -> None:
    """By name, before anything runs."""
    net, *_ = dense()
    with pytest.raises(ValidationError, match=message):
        sp.metrics.measure(net, **more)


def test_another_network_s_recording_is_refused() -> None:
    """Also one in other steps than asked for."""
    net, *_ = dense()
    other = sp.Network()
    other.record(other.add(sp.Population("hidden", 4, sp.DiscreteLIF())), "spikes")
    run = other.run(3.0, dt=1.0)
    with pytest.raises(ValidationError, match="of this network"):
        sp.metrics.measure(net, run)
    with pytest.raises(ValidationError, match="as was recorded"):
        sp.metrics.measure(other, run, dt=0.5)


def test_several_synapses_of_a_pair_count_each() -> None:
    """A matrix would merge them."""
    net = sp.Network()
    source = net.add(sp.Population("in", 2, sp.SpikeSource()))
    out = net.add(sp.Population("out", 1, sp.DiscreteLIF()))
    net.drive(source, sp.ExternalSpikes(), name="data")
    net.connect(source, out, sp.FromArrays([0, 0, 1], [0, 0, 0]), AT_ONCE)
    found = sp.metrics.measure(net, np.ones((1, 4, 2)))
    assert (found["synapses"], found["parameter_count"], found["dense"]) == (3, 3, 12)
    assert found["effective_acs"] == 12


def test_results_are_plain_data_and_pictures() -> None:
    """JSON, a table, a figure."""
    net, inputs, labels = dense()
    found = sp.metrics.measure(net, inputs, labels)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["dense"] == 7500 and plain["per_second"]["dense"] == 750_000
    assert plain["layers"][1]["name"] == "hidden" and plain["undefined"] == {}
    assert "effective_acs" in str(found) and "750,000 per second" in str(found)
    scored = found.with_scores(smape=12.5)
    assert scored["smape"] == 12.5 and "smape" not in found
    with pytest.raises(UnknownNameError):
        found.with_scores(speed=1.0)
    with pytest.raises(ValidationError, match="not per inference"):
        found.per_second("accuracy")
    pytest.importorskip("matplotlib")
    assert len(found.plot().axes) == 2


def test_scores() -> None:
    """By their formulas; what has no value raises."""
    scores = sp.metrics
    assert scores.accuracy([1, 2, 3, 4], [1, 2, 0, 0]) == 0.5
    assert scores.mse([1.0, 3.0], [0.0, 1.0]) == 2.5
    assert scores.smape([1.0, 3.0], [1.0, 1.0]) == 50.0
    assert scores.smape([1.0], [-1.0]) == 200.0
    target = np.array([[0.0, 1.0], [2.0, 5.0], [4.0, 0.0]])
    assert scores.r2(target, target) == 1.0
    assert scores.r2(np.broadcast_to(target.mean(0), target.shape), target) == 0.0
    for score, predicted, wanted in (
        (scores.smape, [0.0], [0.0]),
        (scores.r2, [1.0, 2.0], [3.0, 3.0]),
        (scores.mse, [], []),
        (scores.mse, [np.nan], [1.0]),
        (scores.mse, ["a"], ["b"]),
        (scores.accuracy, [1], [1, 2]),
    ):
        with pytest.raises(ValidationError):
            score(predicted, wanted)


def test_samples_are_what_they_seem() -> None:
    """The inputs of these tests have spikes, and gaps."""
    spikes, labels = samples(20)
    assert 0.1 < spikes.mean() < 0.3 and set(labels) <= set(range(5))
