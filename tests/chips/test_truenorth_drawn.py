"""Synapses of TrueNorth that pass events by chance: moments, tables, seeds, layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.circuits.crossbar_codes import Coded
from spikestack.chips.circuits.crossbar_drawn import drawn_code
from spikestack.chips.neurons.truenorth import TrueNorthNeuron
from spikestack.errors import SpikestackError

CHIP = sp.chips.TrueNorth


def integrator(soft: bool = False, threshold: float = 1.0) -> sp.NeuronModel:
    return sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= theta", reset="v = v - theta" if soft else "v = 0",
        parameters={"theta": threshold}, dimensionless=True, default_synapse="Delta",
    )  # fmt: skip


def counting(weights: tuple[float, ...], spikes: int = 50, seed: int = 1) -> sp.Network:
    """Sources that fire in every step onto 2,000 cells that never do, one weight a source."""
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("source", len(weights), sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 2000, integrator(threshold=1000.0)))
    at, ids = np.nonzero(np.ones((spikes, len(weights))))
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    matrix = np.tile(np.array(weights)[:, None], (1, 2000))
    net.connect(source, cells, sp.Dense(matrix), sp.Delta(weight=1.0, delay=1.0))
    net.record(cells, "v")
    return net


@pytest.mark.parametrize("weights", [(1.0,), (0.25,), (-0.75, 1.0), (0.5, 0.25, -0.125, 1.0)])
def test_mean_and_variance_are_binomial(weights: tuple[float, ...]) -> None:
    """Of n events each of weights w, in units of u: mean n w, variance n w (u - w), in all."""
    run = counting(weights).run(60, on=CHIP(stochastic_synapses=True))
    sums, q = run["cells", "v"].values[0][-1], run.mapped.quantised
    unit = 1.0 / q.scales["cells"][0]
    sizes = np.abs(weights)
    # The threshold is a multiple of the greatest weight.
    assert unit == pytest.approx(max(sizes))
    mean, variance = 50 * sum(weights), 50 * np.sum(sizes * (unit - sizes))
    assert sums.mean() == pytest.approx(mean, abs=5 * (variance / 2000) ** 0.5 + 1e-9)
    # The variance of 2,000 sums has a relative error of (2 / 1999)^0.5.
    assert sums.var() == pytest.approx(variance, rel=5 * (2 / 1999) ** 0.5, abs=1e-12)
    assert np.allclose(sums / unit, np.rint(sums / unit))
    assert q.losses["source->cells"].error < 1 / 256


def test_weights_of_full_size_always_pass() -> None:
    """Of one size they are what they are without chance."""
    net = counting((0.5, -0.5, 0.5))
    drawn, fixed = net.run(60, on=CHIP(stochastic_synapses=True)), net.run(60, on=CHIP())
    assert np.array_equal(drawn["cells", "v"].values, fixed["cells", "v"].values)
    assert drawn.ledger.totals() == fixed.ledger.totals()


def layered(seed: int = 3, soft: bool = True) -> sp.Network:
    """Two layers, a loop, a connection that skips one, a readout of the host."""
    rng = np.random.default_rng(0)
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("source", 60, sp.SpikeSource()))
    first = net.add(sp.Population("first", 150, integrator(soft)))
    second = net.add(sp.Population("second", 30, integrator(soft)))
    out = net.add(sp.Population("out", 5, sp.LeakyIntegrator(beta=0.95)))
    at, ids = np.nonzero(rng.random((70, 60)) < 0.1)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))

    def connect(pre: Any, post: Any, share: float, delay: float) -> None:
        there = np.nonzero(rng.random((pre.size, post.size)) < share)
        weight = rng.integers(-6, 8, len(there[0])) / 32.0
        net.connect(pre, post, sp.FromArrays(*there), sp.Delta(weight=weight, delay=delay))

    connect(source, first, 0.4, 0.0)
    connect(first, second, 0.2, 0.0)
    connect(source, second, 0.3, 1.0)
    connect(second, first, 0.1, 7.0)
    net.connect(second, out, sp.Dense(rng.normal(0, 0.3, (30, 5))), sp.Delta(weight=1.0, delay=0.0))
    for population in (source, first, second):
        net.record(population, "spikes")
    net.record(out, "v")
    return net


@pytest.mark.parametrize("choice", [True, "first", ["second"]])
def test_a_run_is_that_of_the_tables(choice: Any) -> None:
    net = layered()
    run = net.run(110, on=CHIP(stochastic_synapses=choice))
    mapped = CHIP(stochastic_synapses=choice).map(net)
    at, ids = run["source"].steps, run["source"].ids
    loaded = mapped.tables().run(110, mapped.packets("source", at, ids), seed=3)
    for name in ("first", "second"):
        raster = loaded.raster[:, mapped.core_of[name], mapped.slots[name]]
        steps, neurons = np.nonzero(raster)
        found = list(zip(run[name].steps.tolist(), run[name].ids.tolist(), strict=True))
        assert found == list(zip((steps + 1).tolist(), neurons.tolist(), strict=True))
        assert len(found) > 30
    drawn = {"first", "second"} if choice is True else {choice} if choice == "first" else {"second"}
    assert set(mapped.draws) == drawn
    # Without copies, every active synapse is an event.
    rows, sent = mapped.tables().synapses.sum(2).ravel(), mapped.tables().to
    met = rows[sent[np.nonzero(loaded.raster)[1:]][sent[np.nonzero(loaded.raster)[1:]] >= 0]].sum()
    met += rows[mapped.packets("source", at, ids)[:, 1]].sum()
    assert run.ledger.total("dense events") == met
    late = run.late["out"]
    v = np.zeros(5)
    weights = net.projections["second->out"].rule.matrix
    for step in range(late, 110):
        fired = run["second"].ids[run["second"].steps + late - run.late["second"] == step + 1]
        v = 0.95 * v + weights[fired].sum(0)
        assert np.allclose(run["out", "v"].values[0][step], v)


def test_only_chosen_populations_are_drawn() -> None:
    """Those before it run as without chance, which is not so if they are drawn themselves."""
    plain = layered(soft=False).run(60, on=CHIP())
    later, earlier = (layered(soft=False).run(60, on=CHIP(stochastic_synapses=n))
                      for n in ("second", "first"))  # fmt: skip
    before = [(r["first"].steps < 7, r["first"]) for r in (plain, later, earlier)]
    ids = [record.ids[chosen].tolist() for chosen, record in before]
    assert ids[0] == ids[1] != ids[2]
    assert later["second"].ids.tolist() != plain["second"].ids.tolist()


def test_draws_follow_from_the_seed_alone() -> None:
    chip = CHIP(stochastic_synapses=True)
    one, again = layered(), layered()
    again.record(again["first"], "v")
    a, b = one.run(60, on=chip), again.run(60, on=chip)
    longer, other = layered().run(90, on=chip), layered(seed=4).run(60, on=chip)
    assert a.same_spikes(b)
    steps = longer["first"].steps
    assert longer["first"].ids[steps <= 60].tolist() == a["first"].ids.tolist()
    assert other["first"].ids.tolist() != a["first"].ids.tolist()


def test_rates_are_those_of_the_means() -> None:
    """A soft reset keeps what exceeds the threshold: rates are mean inputs by thresholds."""
    net = sp.Network(seed=2)
    source = net.add(sp.Population("source", 20, sp.PoissonSource(rate=100.0)))
    cells = net.add(sp.Population("cells", 200, integrator(soft=True)))
    weights = np.random.default_rng(1).choice([0.02, 0.05, 0.1], (20, 200))
    net.connect(source, cells, sp.Dense(weights), sp.Delta(weight=1.0, delay=1.0))
    net.record(cells, "spikes")
    chip = CHIP(stochastic_synapses=True)
    drawn, described = net.run(2000, on=chip), net.run(2000.0, dt=1.0)
    ours, theirs = len(drawn["cells"].ids), len(described["cells"].ids)
    # The probabilities of 0.02, 0.05 and 0.1, of 8 bits, are these within 0.4 %.
    assert ours == pytest.approx(theirs, rel=0.01) and theirs > 4000
    quantised = chip.quantise(net)
    means = quantised.network.run(2000.0, dt=1.0, precision="float64")
    assert len(means["cells"].ids) == pytest.approx(theirs, rel=0.01)
    assert quantised.losses["source->cells"].bits == 8.0


def test_samples_are_drawn_too() -> None:
    net = sp.Network(seed=2)
    source = net.add(sp.Population("source", 10, sp.SpikeSource()))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    cells = net.add(sp.Population("cells", 40, integrator()))
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator(beta=1.0)))
    weights = np.random.default_rng(1).choice([0.1, 0.3, 0.5], (10, 40))
    net.connect(source, cells, sp.Dense(weights), sp.Delta(weight=1.0, delay=1.0))
    net.connect(cells, out, sp.Dense(np.eye(2)[np.arange(40) % 2]), sp.Delta(weight=1.0, delay=0.0))
    net.record(out, "v")
    samples = (np.random.default_rng(3).random((3, 30, 10)) < 0.3).astype(int)
    chip = CHIP(stochastic_synapses=True)
    found = chip.infer(chip.map(net), samples, progress=False)
    means = chip.infer(chip.map(net), samples, progress=False)
    plain = CHIP().infer(CHIP().map(net), samples, progress=False)
    assert np.array_equal(found.answers, means.answers)
    assert found.answers.shape == (3, 2) and not np.array_equal(found.answers, plain.answers)
    assert found.answers == pytest.approx(plain.answers, rel=0.3)


def test_the_chips_own_neurons_are_drawn_by_their_weights() -> None:
    """Of weight 63 every fourth event is passed."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    net.drive(source, sp.SpikeTrains(times=np.arange(1.0, 41.0), ids=np.zeros(40, int)))
    cells = net.add(sp.Population("cells", 500, TrueNorthNeuron(theta=1000.0)))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=63.0, delay=1.0))
    net.record(cells, "v")
    run = net.run(50, on=CHIP(stochastic_synapses=["cells"]))
    v = run["cells", "v"].values[0][-1]
    assert v.mean() == pytest.approx(10.0, abs=5 * (7.5 / 500) ** 0.5)
    assert v.var() == pytest.approx(7.5, rel=0.35)


def test_probabilities_have_eight_bits() -> None:
    """Units that divide thresholds; values one less than 256 times the probability; or nothing."""
    values = np.array([[300, -100, 1, 0], [2000, 0, 0, 0]])
    code = Coded("values", values, np.full(2, 1e-3), np.array([1, 2, 5, 1], np.uint8), True)
    made = drawn_code(code, np.array([0, 0, 0, 1]), np.array([1.0, 1.0]))
    assert made.unit == pytest.approx([1 / 3, 2.0])
    # 256 times 0.9 and 0.3, less 1; 256 times 0.003 is no number from 2 on.
    assert made.values.tolist() == [[229, -76, 0, 0], [255, 0, 0, 0]]
    assert made.masks.tolist() == [1, 2, 1, 1]


@pytest.mark.parametrize(("choice", "says"), [
    ("nobody", "nobody"), ("source", "outside the chip"), (3, "names of populations"),
    ([1], "names of populations"),
])  # fmt: skip
def test_choices_must_be_populations_of_the_chip(choice: Any, says: str) -> None:
    with pytest.raises(SpikestackError, match=says):
        CHIP(stochastic_synapses=choice).quantise(counting((1.0,)))
