"""Xylo: its simulator's bits, networks in its numbers, limits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_odin import benchmark

import spikestack as sp
from spikestack.chips.kernels.xylo import run
from spikestack.errors import ValidationError

VECTORS = Path(__file__).parent.parent / "vectors" / "chips"


def recurrent(inputs: int = 16, cells: int = 40, outputs: int = 4, seed: int = 0) -> sp.Network:
    """A recurrent layer, another, and a readout that never fires."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=3)
    source = net.add(sp.Population("source", inputs, sp.SpikeSource()))
    one = net.add(sp.Population("one", cells, sp.DiscreteLIF(beta=0.875)))
    two = net.add(sp.Population("two", 20, sp.DiscreteLIF(beta=0.9375)))
    out = net.add(sp.Population("out", outputs, sp.LeakyIntegrator(beta=0.9375)))
    at, ids = np.nonzero(rng.random((100, inputs)) < 0.1)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    now = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, one, sp.Dense(rng.normal(0.1, 0.4, (inputs, cells))), now)
    later = sp.Delta(weight=1.0, delay=1.0)
    net.connect(one, one, sp.Dense(rng.normal(0, 0.05, (cells, cells))), later)
    net.connect(one, two, sp.Dense(rng.normal(0.05, 0.2, (cells, 20))), now)
    net.connect(two, out, sp.Dense(rng.normal(0, 0.3, (20, outputs))), now)
    for population in (one, two):
        net.record(population, "spikes")
    net.record(one, "v")
    net.record(out, "v")
    return net


def test_whole_runs_are_the_simulators() -> None:
    path = next(iter(sorted(VECTORS.glob("xylosim_v1_*.npz"))))
    with np.load(path) as file:
        data = dict(file)
    steps, n, outputs = len(data["inp"]), len(data["thr"]), len(data["thr_o"])
    weights = [
        data[k].astype(np.int64) << s
        for k, s in zip(("w_in", "w_rec", "w_out"), data["shifts"], strict=True)
    ]
    constants = [data[k].astype(np.int64) for k in ("dm", "ds", "thr", "dmo", "dso", "thr_o")]
    made = [np.zeros((steps, k), np.int64) for k in (n, outputs, n, outputs)]
    alias = np.full(n, -1, np.int64)
    assert run(data["inp"].astype(np.int64), *weights, *constants, alias, False, *made) == 0
    assert np.array_equal(made[0], data["rec_recurrent_spikes"])
    assert np.array_equal(made[1], data["out"])
    assert np.array_equal(made[2].T, data["rec_v_mem"])


def test_the_chip_does_what_the_quantised_network_does() -> None:
    net = recurrent()
    found = net.run(102.0, on=sp.chips.Xylo())
    alone = found.mapped.quantised.network.run(102.0, dt=1.0, precision="float64")
    assert np.array_equal(alone["one", "v"].values, found.integers["one", "v"].values)
    assert np.array_equal(alone["out", "v"].values, found.integers["out", "v"].values)
    assert alone["one"].values.sum() == len(found["one"].times) > 300
    assert found.late == {"source": 0, "one": 0, "two": 1, "out": 2}
    described = net.run(100.0, dt=1.0)
    mine, theirs = found["out", "v"].values[0][2:], described["out", "v"].values[0]
    assert np.corrcoef(mine.ravel(), theirs.ravel())[0, 1] > 0.95


def test_currents_whose_decays_are_shifts_are_exact_but_for_rounding() -> None:
    """A membrane of 2^-3 behind a current of 2^-2: charges agree."""
    model = sp.NeuronModel(
        "dv/dt = (-v + r*i_syn)/tau : 1", threshold="v >= 1", reset="v -= 1", dimensionless=True,
        parameters={"tau": -1.0 / np.log(1 - 2.0**-3), "r": 1.0},
    )  # fmt: skip
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    cell = net.add(sp.Population("cell", 1, model))
    out = net.add(sp.Population("out", 1, sp.LeakyIntegrator(beta=0.5)))
    net.drive(source, sp.SpikeTrains(times=[1.0], ids=[0]))
    tau = -1.0 / np.log(1 - 2.0**-2)
    net.connect(source, cell, sp.AllToAll(), sp.ExponentialCurrent(weight=1.0, delay=0.0,
                                                                   tau_syn=tau))  # fmt: skip
    net.connect(cell, out, sp.AllToAll(), sp.Delta(weight=0.5, delay=0.0))
    net.record(cell, "v")
    run = net.run(40.0, on=sp.chips.Xylo())
    exact = net.run(40.0, dt=1.0)["cell", "v"].values[0, :, 0]
    assert exact.max() > 0.2
    assert np.abs(run["cell", "v"].values[0, :, 0] - exact).max() < 0.02


def test_an_alias_sends_for_another() -> None:
    net = recurrent()
    alone = net.run(50.0, on=sp.chips.Xylo())
    both = net.run(50.0, on=sp.chips.Xylo(alias={0: 1}))
    assert not alone.same_spikes(both)
    with pytest.raises(ValidationError, match="numbers below 1000"):
        sp.chips.Xylo(alias={0: 1000})


@pytest.mark.parametrize("chip", [sp.chips.Xylo, sp.chips.XyloAudio3, sp.chips.XyloIMU])
def test_limits_hold(chip: type) -> None:
    made = chip()
    outputs = int(made.outputs)
    assert made.map(recurrent(outputs=outputs - 1))
    assert made.map(recurrent(outputs=outputs))
    with pytest.raises(ValidationError, match=rf"{outputs + 1} outputs, {outputs} neurons"):
        made.map(recurrent(outputs=outputs + 1))
    with pytest.raises(ValidationError, match=r"17 input channels.*neurons entered"):
        made.map(recurrent(inputs=17, cells=int(made.entered) + 1))


def test_what_it_cannot_do_is_said() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 2, sp.SpikeSource()))
    hard = sp.NeuronModel(
        "v[t+1] = 0.5*v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta",
    )  # fmt: skip
    cells = net.add(sp.Population("cells", 2, hard))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.2, delay=0.0))
    with pytest.raises(ValidationError, match=r"reset to a value.*hears inputs and is an output"):
        sp.chips.Xylo().quantise(net)


def test_more_than_fifteen_spikes_of_a_channel_are_lost() -> None:
    """Sources may send numbers of spikes."""
    counting = sp.NeuronModel(
        "v[t+1] = 0 : 1", threshold="v > 0.5", emit="v", emit_type="int", emit_limit=31,
        dimensionless=True, default_synapse="Delta",
    )  # fmt: skip
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, counting))
    cells = net.add(sp.Population("cells", 1, sp.DiscreteLIF(beta=0.875)))
    out = net.add(sp.Population("out", 1, sp.LeakyIntegrator(beta=0.875)))
    for pre, post in ((source, cells), (cells, out)):
        net.connect(pre, post, sp.AllToAll(), sp.Delta(weight=0.05, delay=0.0))
    net.drive(source, sp.SpikeTrains(times=[1.0] * 20 + [5.0] * 15, ids=[0] * 35))
    net.record(cells, "v")
    run = net.run(9.0, on=sp.chips.Xylo())
    assert run.ledger.total("dropped") == 5 and run.ledger.total("host words in") == 35
    with pytest.raises(ValidationError, match=r"'source'.*sends values.*code values"):
        sp.chips.GenericChip().quantise(net)


def test_events_are_counted() -> None:
    found = benchmark().r10(60)
    assert found["ok"], found


def several(most: int = 31) -> sp.Network:
    """Hidden neurons that send as many spikes as thresholds are reached, driven hard."""
    rng = np.random.default_rng(2)
    tau = -1.0 / np.log(1 - 2.0**-3)
    model = sp.NeuronModel(
        f"dv/dt = (-v + 8*i_syn)/tau : 1\nworth = clip(floor(v), 0, {most}) : 1",
        threshold="v >= 1", reset="v -= worth", emit="worth", emit_type="int", emit_limit=most,
        dimensionless=True, parameters={"tau": tau},
    )  # fmt: skip
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 6, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 20, model))
    out = net.add(sp.Population("out", 3, sp.LeakyIntegrator(beta=0.875)))
    at, ids = np.nonzero(rng.random((60, 6)) < 0.4)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    current = sp.ExponentialCurrent(weight=1.0, delay=0.0, tau_syn=-1.0 / np.log(0.5))
    weights = rng.integers(-64, 128, (6, 20)) / 128
    net.connect(source, cells, sp.Dense(weights), current)
    out_of = sp.Dense(rng.integers(-8, 8, (20, 3)) / 128)
    net.connect(cells, out, out_of, sp.Delta(weight=1.0, delay=0.0))
    net.record(cells, "spikes")
    return net


def test_several_spikes_in_a_step_are_described() -> None:
    net = several()
    run = net.run(60.0, on=sp.chips.Xylo())
    assert not any("31 times" in note for note in run.mapped.quantised.notes)
    described = net.run(60.0, dt=1.0)["cells"]
    assert described.values.max() >= 3
    found, wanted = np.zeros((2, 61, 20), int)
    np.add.at(found, (run["cells"].steps, run["cells"].ids), 1)
    np.add.at(wanted, (described.steps, described.ids), described.values.astype(int))
    # Decays are cut to whole numbers on the chip: a spike may come a step sooner or later.
    assert np.abs(np.cumsum(found - wanted, axis=0)).max() <= 2
    assert wanted.sum(0).max() > 60
    quantised = sp.chips.Xylo().quantise(several(most=4))
    assert any("31 times" in note for note in quantised.notes)


def test_values_that_are_no_numbers_of_spikes_are_refused() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 2, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 2, sp.IntegerLIF(beta=0.875)))
    out = net.add(sp.Population("out", 1, sp.LeakyIntegrator(beta=0.875)))
    for pre, post in ((source, cells), (cells, out)):
        net.connect(pre, post, sp.AllToAll(), sp.Delta(weight=0.2, delay=0.0))
    with pytest.raises(ValidationError, match=r"'cells'.*no numbers of spikes.*floor"):
        sp.chips.Xylo().quantise(net)
