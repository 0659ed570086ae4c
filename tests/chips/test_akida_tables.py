"""Activations of Akida 2 that are look-up tables: entries, integers, ranges, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.circuits.frame_tables import table_of
from spikestack.errors import SpikestackError, UnknownNameError, ValidationError
from spikestack.program.lower import lower

SIGMOID, SWISH = "1/(1 + exp(-v))", "v/(1 + exp(-1.702*v))"
FUNCTIONS = {
    "tanh(v)": np.tanh,
    SIGMOID: lambda v: 1 / (1 + np.exp(-v)),
    "exp(-v*v)": lambda v: np.exp(-v * v),
    "clip(v, -1, 1)": lambda v: np.clip(v, -1, 1),
    SWISH: lambda v: v / (1 + np.exp(-1.702 * v)),
}


def sending(emit: str, **given: Any) -> sp.NeuronModel:
    """Sends a function of what arrives and a bias, in every step."""
    settings: dict[str, Any] = {
        "threshold": "v > -1e30", "emit": emit, "emit_type": "float", "emit_limit": 16.0,
        "dimensionless": True, "default_synapse": "Delta", "parameters": {"bias": 0.25},
    }  # fmt: skip
    return sp.NeuronModel("v[t+1] = bias : 1", **(settings | given))


def layers(model: sp.NeuronModel, size: int = 30) -> sp.Network:
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 20, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", size, model))
    out = net.add(sp.Population("out", 4, sp.LeakyIntegrator(beta=0.0)))
    at, ids = np.nonzero(rng.random((40, 20)) < 0.4)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    for pre, post, size_of in ((source, hidden, 0.6), (hidden, out, 0.3)):
        weights = rng.normal(0, size_of, (pre.size, post.size))
        net.connect(pre, post, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(source, "spikes")
    net.record(hidden, "spikes")
    net.record(out, "v")
    return net


def chip(emit: str) -> Any:
    return sp.chips.Akida2(ranges={"hidden": 6.0} if emit == SWISH else None)


@pytest.mark.parametrize("emit", FUNCTIONS)
def test_entries_are_the_function_rounded(emit: str) -> None:
    net = layers(sending(emit))
    p = next(p for p in lower(net, 1.0, "float64", 1).populations if p.name == "hidden")
    table = table_of(p, net["hidden"].model, "", 6.0 if emit == SWISH else None)
    assert table is not None
    at = np.arange(-128, 128) * table.step
    values = FUNCTIONS[emit](at)
    assert table.signed == bool((values < 0).any())
    assert np.abs(table.entries).max() == (127 if table.signed else 255)
    assert np.abs(table.entries - values / table.unit).max() <= 0.5 + 1e-6
    # Beyond the table nothing changes by more than half of a step.
    if emit != SWISH:
        for far in (at[0], at[-1]):
            assert abs(FUNCTIONS[emit](2 * far) - FUNCTIONS[emit](far)) <= 0.51 * table.unit
    assert 0 < table.loss.error < 0.02


@pytest.mark.parametrize("emit", FUNCTIONS)
def test_layers_are_integers_and_a_table(emit: str) -> None:
    """What is sent, and read, from whole weights, biases, entries alone."""
    net = layers(sending(emit))
    run = net.run(40, on=chip(emit))
    q = run.mapped.quantised.network
    p = next(p for p in lower(net, 1.0, "float64", 1).populations if p.name == "hidden")
    table = table_of(p, net["hidden"].model, "", 6.0 if emit == SWISH else None)
    assert table is not None
    first, second = (q.projections[n].rule.matrix for n in ("source->hidden", "hidden->out"))
    values = q.populations["hidden"].model.values
    x = np.zeros((40, 20))
    x[run["source"].steps - 1, run["source"].ids] = 1
    sums = x @ first + values["table_bias"]
    assert np.array_equal(sums, np.rint(sums)) and np.abs(first).max() == 127
    index = np.clip(np.floor(sums * values["table_gain"] + 0.5), -128, 127).astype(int)
    codes = table.entries[index + 128]
    sent = np.zeros((40, 30))
    record = run.integers["hidden"]
    sent[record.steps - 1, record.ids] = record.values
    assert np.array_equal(sent, codes) and len(np.unique(codes)) > 50
    assert len(record.ids) == np.count_nonzero(codes)
    scale = run.mapped.quantised.scales["out"]
    assert np.allclose(run["out", "v"].values[0], codes @ second / scale)
    events = len(run["source"].ids) * 30 + np.count_nonzero(codes) * 4
    assert run.ledger.total("dense events") == events
    described = net.run(40.0, dt=1.0, precision="float64")["out", "v"].values[0]
    found = run["out", "v"].values[0]
    assert np.abs(found - described).max() < 0.04 * np.abs(described).max()


def test_a_range_that_is_told_is_that_of_the_table() -> None:
    narrow, wide = (
        layers(sending("tanh(v)")).run(40, on=sp.chips.Akida2(ranges={"hidden": reach}))
        for reach in (0.5, 500.0)
    )
    most = [np.abs(run.integers["hidden"].values).max() for run in (narrow, wide)]
    assert most == [127, 127]
    assert np.unique(wide.integers["hidden"].values).tolist() == [-127, 127]
    assert "potentials to 500" in str(wide.mapped.quantised)


def test_equal_steps_stay_thresholds_and_steps() -> None:
    from spikestack.chips.neurons.frames import FrameNeuron

    quantised = sp.chips.Akida2().quantise(layers(FrameNeuron()))
    assert type(quantised.network["hidden"].model).__name__ == "RequantisingNeuron"


@pytest.mark.parametrize(("model", "says"), [
    (sp.GradedReLU(), r"without end.*Akida2\(ranges="),
    (sending(SWISH), r"without end.*levelled"),
    (sending("tanh(v)", parameters={"bias": np.linspace(0, 1, 30)}), None),
    (sending("g*tanh(v)", parameters={"bias": 0.0, "g": 1.0}, g=np.linspace(1, 2, 30)),
     "neuron by neuron"),
    (sending("tanh(v)", emit_limit=1.0), None), (sp.DiscreteLIF(beta=0.9), "remembers"),
])  # fmt: skip
def test_what_is_no_table_is_refused(model: sp.NeuronModel, says: str | None) -> None:
    if says is None:
        assert sp.chips.Akida2().quantise(layers(model)).losses["hidden.table"].bits == 8
        return
    with pytest.raises(ValidationError, match=says):
        sp.chips.Akida2().quantise(layers(model))


def test_other_chips_have_no_tables_and_ranges_are_checked() -> None:
    net = layers(sending("tanh(v)"))
    for other in (sp.chips.NorthPole(), sp.chips.Akida()):
        with pytest.raises(ValidationError, match=r"does not send more for more|no few levels"):
            other.quantise(net)
    with pytest.raises(UnknownNameError, match="hiden"):
        sp.chips.Akida2(ranges={"hiden": 1.0}).quantise(net)
    for bad in ({"hidden": 0}, {"hidden": "6"}, [1.0]):
        with pytest.raises(SpikestackError, match="ranges"):
            sp.chips.Akida2(ranges=bad)  # type: ignore[arg-type]


def test_rectifiers_get_tables_where_a_range_is_told() -> None:
    net = layers(sp.GradedReLU())
    run = net.run(40, on=sp.chips.Akida2(ranges={"hidden": 8.0}))
    described = net.run(40.0, dt=1.0, precision="float64")["out", "v"].values[0]
    assert np.abs(run["out", "v"].values[0] - described).max() < 0.05 * np.abs(described).max()
    assert run.integers["hidden"].values.min() >= 1
