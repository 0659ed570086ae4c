"""Our metrics beside those of NeuroBench's harness, stored, and live where it is installed."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import MissingExtraError, ValidationError

from .agreement import PAIRS, STORED, by_hand, by_harness, ours, written_here
from .networks import NETWORKS, convolutional, dense, graded, recurrent

_STORED: dict[str, dict[str, Any]] = json.loads(STORED.read_text())
#: What it leaves undefined: its table of operations knows four classes of snnTorch alone.
_NO_OPERATIONS = {"convolutional", "biophysical", "sequences"}


def _agree(theirs: dict[str, Any], mine: dict[str, Any], but: set[str]) -> None:
    for metric in set(PAIRS) - but:
        assert theirs[metric] == pytest.approx(mine[metric], rel=1e-12, abs=1e-12), metric
    for name, share in mine["ActivationSparsityByLayer"].items():
        assert theirs["ActivationSparsityByLayer"][name] == pytest.approx(share, abs=1e-12)


def _but(name: str) -> set[str]:
    return {"Effective Neuron Ops", "Neuron Dense Ops"} if name in _NO_OPERATIONS else set()


@pytest.mark.parametrize("name", NETWORKS)
def test_stored_numbers_of_the_harness(name: str) -> None:
    """Every metric to the unit, on the compiled engine."""
    assert not _but(name) & set(_STORED[name])
    _agree(_STORED[name], ours(*NETWORKS[name]()), _but(name))


def test_stored_numbers_of_a_network_written_for_snntorch() -> None:
    """Nothing of ours was between it and the harness; only its buffers are others."""
    _agree(_STORED["by hand"], ours(*written_here()), {"Footprint"})


def test_it_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, as every optional part."""
    import sys

    monkeypatch.setitem(sys.modules, "neurobench", None)
    monkeypatch.setitem(sys.modules, "neurobench.models", None)
    monkeypatch.delitem(sys.modules, "spikestack.metrics.harness_model", raising=False)
    with pytest.raises(MissingExtraError, match="NeuroBench"):
        sp.metrics.neurobench_model(dense()[0])


@pytest.fixture
def live() -> None:
    """The harness itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("snntorch")
        pytest.importorskip("neurobench.benchmarks")


@pytest.mark.parametrize("name", NETWORKS)
def test_live(live: None, name: str) -> None:
    """As stored, and for batches of samples too."""
    net, inputs, labels = NETWORKS[name]()
    found = by_harness(sp.metrics.neurobench_model(net), inputs, labels)
    _agree(found, ours(net, inputs, labels, on="torch"), _but(name))
    assert found == _STORED[name]
    if name != "graded":
        batches = by_harness(sp.metrics.neurobench_model(net), inputs, labels, batch=4)
        assert batches["Effective_ACs"] == pytest.approx(found["Effective_ACs"])


def test_live_by_hand(live: None) -> None:
    """A network of plain snnTorch."""
    model, net, inputs, labels = by_hand()
    _agree(by_harness(model, inputs, labels), ours(net, inputs, labels), {"Footprint"})


@pytest.mark.parametrize("make", [dense, recurrent, convolutional])
def test_the_model_fires_as_the_network(live: None, make: Any) -> None:
    """Step by step through its layers, as all at once on the compiled engine."""
    import torch

    net, inputs, _ = make()
    model = sp.metrics.neurobench_model(net, readout="out", answer="count")
    given = model(torch.tensor(inputs))
    model = sp.metrics.neurobench_model(net, readout="out", answer="mean")
    potentials = model(torch.tensor(inputs)).numpy()
    module = net.compile("torch", dt=1.0) if not net.frozen else None
    assert given.shape == potentials.shape == (*inputs.shape[:2], 5) and module is None
    fresh, *_ = make()
    fresh.record(fresh["out"], "spikes", "v")
    simulation = sp.Simulation(fresh, dt=1.0, trials=len(inputs))
    for trial, sample in enumerate(inputs):
        step, unit = np.nonzero(sample)
        simulation.inject("data", unit, step + 1.0, trial=trial)
    simulation.advance(float(inputs.shape[1]), progress=False)
    run = simulation.recording()
    np.testing.assert_allclose(run["out", "v"].values, potentials, atol=1e-5)
    record = run["out"]
    counts = np.zeros(given.shape)
    np.add.at(counts, (record.trials, record.steps - 1, record.ids), 1)
    np.testing.assert_array_equal(counts, given.numpy())


def test_what_it_cannot_run(live: None) -> None:
    """Refused by name."""
    net, *_ = dense()
    with pytest.raises(ValidationError, match="steps=25"):
        sp.metrics.neurobench_model(net)(np.zeros((2, 20)))
    several = sp.Network()
    source = several.add(sp.Population("in", 2, sp.SpikeSource()))
    out = several.add(sp.Population("out", 1, sp.DiscreteLIF()))
    several.drive(source, sp.ExternalSpikes(), name="data")
    several.connect(source, out, sp.FromArrays([0, 0], [0, 0]), sp.Delta(delay=0.0))
    with pytest.raises(ValidationError, match="several synapses"):
        sp.metrics.neurobench_model(several)
    with pytest.raises(ValidationError, match="float32"):
        sp.metrics.neurobench_model(net, precision="float16")


def test_where_the_harness_misleads(live: None) -> None:
    """Facts of neurobench 2.3 that the page on it tells."""
    import torch
    from neurobench.metrics.utils.layers import single_layer_MACs
    from neurobench.metrics.workload import R2, SMAPE

    # Sums of more than 2**24 are rounded, as they are of float32.
    layer = torch.nn.Linear(4099, 4099, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    count, spiking = single_layer_MACs(torch.ones(3, 4099), layer)
    assert spiking and count != 3 * 4099**2
    # Whether operations are additions depends on who else is in the batch.
    net, inputs, labels = graded()
    alone = by_harness(sp.metrics.neurobench_model(net), inputs, labels, batch=1)
    together = by_harness(sp.metrics.neurobench_model(net), inputs, labels, batch=9)
    assert together["Effective_MACs"] > alone["Effective_MACs"]
    assert together["Effective_MACs"] + together["Effective_ACs"] == pytest.approx(
        alone["Effective_MACs"] + alone["Effective_ACs"]
    )
    # A second run of the same snnTorch model finds it larger: potentials became buffers.
    model, _, inputs, labels = by_hand()
    first, second = (by_harness(model, inputs, labels, batch=3)["Footprint"] for _ in range(2))
    assert second == first + 3 * 35 * 4
    # 0/0 makes the whole score 200; R2 asks for two outputs.
    zeros = (None, torch.tensor([[0.0], [1.0]]))
    assert SMAPE()(None, torch.tensor([[0.0], [1.0]]), zeros) == 200.0
    with pytest.raises(IndexError):
        R2()(None, torch.tensor([[0.0], [1.0]]), zeros)
    # Layers of the same name in different parts of a model are counted as one.
    from neurobench.models import TorchModel

    part = [torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU()) for _ in range(2)]
    nested = torch.nn.Sequential(*part)
    found = [layer["layer_name"] for layer in TorchModel(nested).activation_layers()]
    assert found == ["1", "1"]
