"""Models that update with the input of the same step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import EquationError, UnknownNameError


def model(**given: float) -> sp.NeuronModel:
    """What arrives is counted in q, and at once added to u twice over."""
    return sp.NeuronModel(
        "q[t+1] = 0 : 1\nu[t+1] = trunc(u*0.75) : 1\nv[t+1] = v : 1",
        after_arrivals="u += 2*v; v = where(t > 5*dt, u + 1, 0*v)" if given else "u += 2*v; v = 0",
        threshold="u > 20",
        reset="u -= 20",
        parameters={"bias": 0.0},
        dimensionless=True,
        default_synapse="Delta",
        name="Counter",
    )


def network(neuron: sp.NeuronModel | None = None) -> sp.Network:
    net = sp.Network(seed=3)
    cells = net.add(sp.Population("cells", 40, neuron or model()))
    net.drive(cells, sp.Poisson(600.0, weight=3.0))
    net.connect(cells, cells, sp.FixedInDegree(4), sp.Delta(weight=1.0, delay=1.0))
    for name in ("spikes", "u", "v"):
        net.record(cells, name)
    return net


def test_input_acts_in_the_step_in_which_it_arrives() -> None:
    net = sp.Network(seed=1)
    cell = net.add(sp.Population("cell", 1, model()))
    net.drive(cell, sp.SpikeTrains([[2.0, 3.0, 5.0]], weight=4.0))
    for name in ("u", "v"):
        net.record(cell, name)
    made = net.run(7.0, dt=1.0)
    assert made["cell", "u"].values.ravel().tolist() == [0, 8, 14, 10, 15, 11, 8]
    assert not made["cell", "v"].values.any()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_engines_agree(precision: str) -> None:
    net = network()
    runs = [
        net.run(200.0, dt=1.0, precision=precision, on="reference"),
        net.run(200.0, dt=1.0, precision=precision),
        net.run(200.0, dt=1.0, precision=precision, threads=2),
    ]
    assert len(runs[0]["cells"].times) > 50
    for run in runs[1:]:
        assert run.same_spikes(runs[0])
        assert np.array_equal(run["cells", "u"].values, runs[0]["cells", "u"].values)


def test_kept_in_files_and_fingerprints(tmp_path: Path) -> None:
    net = network()
    net.save(tmp_path / "net.spk")
    again = sp.load(tmp_path / "net.spk")
    assert again.fingerprint == net.fingerprint
    assert again.run(50.0, dt=1.0).same_spikes(net.run(50.0, dt=1.0))
    other = network(model(bias=1.0))
    assert other.fingerprint != net.fingerprint


def test_rounded_towards_zero() -> None:
    given = [-2.5, -2.0, -0.5, 0.0, 0.5, 2.0, 2.5]
    neuron = sp.NeuronModel(
        "v[t+1] = trunc(x) : 1", parameters={"x": 0.0}, dimensionless=True, x=given
    )
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 7, neuron))
    net.record(cells, "v")
    for engine in ("cpu", "reference"):
        values = net.run(1.0, dt=1.0, on=engine)["cells", "v"].values.ravel()
        assert values.tolist() == [-2, -2, 0, 0, 0, 2, 2]


def test_currents_act_on_equations_only() -> None:
    with pytest.raises(UnknownNameError, match="i_syn"):
        sp.NeuronModel(
            "dv/dt = (i_syn*r - v)/tau : mV",
            after_arrivals="v += r*i_syn",
            parameters={"tau": "10 ms", "r": "1 MOhm"},
        )
    with pytest.raises(EquationError, match="assigns to 'tau'"):
        sp.NeuronModel("dv/dt = -v/tau : mV", after_arrivals="tau = 3", parameters={"tau": "10 ms"})


def test_trained_with_the_same_spikes() -> None:
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    rng = np.random.default_rng(0)
    given, weights = rng.random((20, 6)) < 0.3, rng.normal(6.0, 3.0, (6, 5))

    def fed(drive: sp.SpikeTrains | sp.ExternalSpikes) -> sp.Network:
        net = sp.Network(seed=2)
        source = net.add(sp.Population("source", 6, sp.SpikeSource()))
        cells = net.add(sp.Population("cells", 5, model()))
        net.drive(source, drive)
        synapse = sp.Delta(weight=1.0, delay=0.0)
        net.connect(source, cells, sp.Dense(weights), synapse, name="in")
        net.record(cells, "spikes")
        return net

    module = fed(sp.ExternalSpikes(weight=1.0)).compile("torch", dt=1.0, deterministic=True)
    sent = module(torch.tensor(given[:, None], dtype=torch.float32)).spikes["cells"]
    sent.sum().backward()
    assert module.weights["in"].grad.abs().sum() > 0
    at, ids = np.nonzero(given)
    found = fed(sp.SpikeTrains(times=at + 1.0, ids=ids, weight=1.0)).run(20.0, dt=1.0)["cells"]
    raster = np.zeros((20, 5))
    raster[np.rint(found.times).astype(int) - 1, found.ids] = 1
    assert raster.sum() > 10
    assert np.array_equal(raster, sent[:, 0].detach().numpy())
