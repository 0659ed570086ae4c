"""Networks on Loihi 2, and what the first Loihi lacked: drives, limits, shared kernels."""

from __future__ import annotations

import numpy as np
import pytest
from test_loihi import events, layered

import spikestack as sp
from spikestack.chips.circuits.loihi2 import quantise
from spikestack.chips.ledger import Ledger
from spikestack.chips.neurons.loihi import LoihiAxon
from spikestack.chips.neurons.loihi2 import GradedVector
from spikestack.errors import SpikestackError, UnknownNameError, ValidationError


def soft(beta: float = 1.0) -> sp.NeuronModel:
    return sp.DiscreteLIF(beta=beta)


def chain(model: sp.NeuronModel, weights: np.ndarray) -> sp.Network:
    """Sources of given spikes and one layer, within one step."""
    rng = np.random.default_rng(1)
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", len(weights), sp.SpikeSource()))
    at, ids = np.nonzero(rng.random((100, len(weights))) < 0.2)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    cells = net.add(sp.Population("cells", weights.shape[1], model))
    net.connect(source, cells, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(cells, "spikes", "v")
    return net


# ------------------------------------------------------------------------------- numbers


def test_soft_resets_are_exact_where_weights_are() -> None:
    """Weights of 8 bits, no leak: the first Loihi refuses the reset, this one has it."""
    weights = np.random.default_rng(0).integers(-127, 128, (30, 20)) / 128
    net = chain(soft(), weights)
    with pytest.raises(ValidationError, match="use Loihi 2"):
        sp.chips.Loihi().quantise(net)
    ours, theirs = net.run(100.0, dt=1.0, precision="float64"), net.run(100, on=sp.chips.Loihi2())
    assert len(ours["cells"].times) > 300
    assert events(ours["cells"]) == events(theirs["cells"])
    assert np.array_equal(ours["cells", "v"].values, theirs["cells", "v"].values)


def test_layers_spike_alike_a_step_later_each() -> None:
    net = layered()
    made = quantise(net, 1.0)
    assert made.late == {"source": 0, "first": 0, "second": 1, "out": 2}
    ours, theirs = net.run(200.0, dt=1.0), net.run(202.0, on=sp.chips.Loihi2())
    for name in ("first", "second"):
        late = made.late[name]
        given, found = events(ours[name], late), events(theirs[name], 0, 200 + late)
        assert len(given & found) > 0.85 * len(given | found) > 300


def test_values_of_spikes_are_carried() -> None:
    """Sigma-delta units and rectifiers in 24 bits: as described, but for eight bits of weights."""
    rng = np.random.default_rng(2)
    net = chain(sp.SigmaDelta(bias=0.125), rng.integers(-127, 128, (30, 20)) / 256)
    out = net.add(sp.Population("out", 5, sp.SigmaDelta(theta=0.0625)))
    graded = net.add(sp.Population("graded", 5, sp.GradedReLU()))
    weights = rng.integers(-127, 128, (20, 5)) / 256
    for post in (out, graded):
        net.connect(net["cells"], post, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
        net.record(post, "spikes")
    made = quantise(net, 1.0)
    assert [made.late[n] for n in ("cells", "out", "graded")] == [0, 1, 1]
    assert all(made.losses[n].error == 0 for n in ("source->cells", "cells->out"))
    ours, theirs = net.run(100.0, dt=1.0, precision="float64"), net.run(101, on=sp.chips.Loihi2())
    for name in ("out", "graded"):
        a, b = ours[name], theirs[name]
        kept = b.times <= 101.0
        assert len(a.times) == kept.sum() > 50
        assert np.array_equal(a.ids, b.ids[kept])
        assert np.abs(a.values - b.values[kept]).max() < 1e-4


@pytest.mark.parametrize(
    ("model", "weight", "states"),
    [
        (sp.Izhikevich(), 2.0, 3),
        (sp.AdEx(), 0.1875, 3),
        (sp.AdaptiveLIF(), 0.1875, 3),
        (sp.ResonateAndFire(), 0.1875, 3),
    ],
)
def test_any_equations_run_in_fixed_point(
    model: sp.NeuronModel, weight: float, states: int
) -> None:
    net = sp.Network(seed=1)
    noise = net.add(sp.Population("noise", 50, sp.PoissonSource(rate=50.0)))
    cells = net.add(sp.Population("cells", 20, model))
    synapse = sp.ExponentialCurrent(weight=weight, delay=1.0)
    net.connect(noise, cells, sp.FixedProbability(0.5), synapse)
    net.record(cells, "spikes", "v")
    made = quantise(net, 0.5)
    formats = made.network["cells"].model.state_format
    assert {f.bits for f in formats.values()} == {24} and len(formats) == states
    ours = net.run(150.0, dt=0.5, precision="float64", on="reference")
    theirs = made.network.run(150.0, dt=0.5, precision="float64", on="reference")
    given, found = (set(zip(r.times, r.ids)) for r in (ours["cells"], theirs["cells"]))
    assert len(given & found) > 0.7 * len(given | found) > 40
    v = theirs["cells", "v"].values
    assert np.array_equal(v, np.rint(v / formats["v"].step) * formats["v"].step)


def test_ranges_may_be_told() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    net.drive(source, sp.ExternalSpikes(weight=1.0))
    cells = net.add(sp.Population("cells", 2, sp.SigmaDelta()))
    net.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.5, delay=0.0))
    told = quantise(net, 1.0, {"cells": {"v": 100.0, "sent": 100.0}}, 5.0)
    assert told.network["cells"].model.state_format["v"].fraction == 14
    found = quantise(net, 1.0, {"cells": {"sent": 100.0}}, 5.0)
    assert found.network["cells"].model.state_format["v"].fraction == 12
    with pytest.raises(UnknownNameError):
        quantise(net, 1.0, {"cell": {"v": 1.0}})
    with pytest.raises(UnknownNameError):
        quantise(net, 1.0, {"cells": {"u": 1.0}})


def test_programs_in_its_integers_are_kept() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    net.drive(source, sp.SpikeTrains(times=[1.0, 2.0, 2.0], ids=[0, 1, 2]))
    cells = net.add(sp.Population("cells", 2, GradedVector(theta=5.0)))
    weights = np.array([[10.0, 4.0], [100.0, -100.0], [1.0, 1.0]])
    net.connect(source, cells, sp.Dense(weights), LoihiAxon(weight=1.0, delay=0.0))
    net.record(cells, "spikes")
    run = net.run(4, on=sp.chips.Loihi2())
    assert run["cells"].values.tolist() == [10, 101, -99]
    assert run.ledger.total("dense events") == 6


# ------------------------------------------------------------------------------- drives


@pytest.mark.parametrize("chip", [sp.chips.Loihi, sp.chips.Loihi2])
def test_driven_neurons_are_on_the_chip(chip: type) -> None:
    """Spikes that drive them come from the host, a current is part of their bias."""
    net = sp.Network(seed=1)
    model = sp.LIF(v_reset=-70.0, v_rest=-70.0)
    cells, quiet = (net.add(sp.Population(name, 20, model)) for name in ("cells", "quiet"))
    synapse = sp.ExponentialCurrent(weight=0.5, delay=1.0, tau_syn=5.0)
    net.drive(cells, sp.Poisson(rate=300.0, synapse=synapse))
    net.drive(cells[:10], sp.ConstantCurrent(0.2))
    net.connect(cells, quiet, sp.AllToAll(), synapse)
    net.record(cells, "spikes")
    run = net.run(500, on=chip())
    assert set(run.mapped.core_of) == {"cells", "quiet"}
    ours = net.run(500.0, dt=1.0)
    for group in (slice(0, 10), slice(10, 20)):
        given, found = (r["cells"].counts()[group].sum() for r in (ours, run))
        assert found == pytest.approx(given, rel=0.1) and found > 20
    assert run.ledger.total("host words in") > 1000


def test_currents_that_change_are_refused() -> None:
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 2, sp.LIF()))
    net.drive(cells, sp.StepCurrent(times=[0.0, 5.0], amplitudes=[0.1, 0.2]))
    net.connect(cells, cells, sp.AllToAll(), sp.ExponentialCurrent(weight=0.1, delay=1.0))
    with pytest.raises(ValidationError, match=r"a current that changes.*SpikeSource"):
        sp.chips.Loihi().quantise(net)


# ------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("steps", [62, 63, 64])
def test_refractory_counters_go_to_63(steps: int) -> None:
    """63 steps held after that of the spike: the chip counts both, 1 to 64."""
    net = chain(sp.LIF(tau_refrac=float(steps)), np.ones((2, 2)))
    if steps <= 63:
        made = sp.chips.Loihi().quantise(net).network["cells"].model
        assert (made.values["tau_refrac"] == steps).all()
    else:
        with pytest.raises(ValidationError, match=r"64 steps; 63 at most"):
            sp.chips.Loihi().quantise(net)


@pytest.mark.parametrize("chip", [sp.chips.Loihi, sp.chips.Loihi2])
@pytest.mark.parametrize("delay", [61, 62, 63, 64])
def test_delays_fill_their_field(chip: type, delay: int) -> None:
    """A field of 62 arrives 63 steps later."""
    net = sp.Network(seed=1)
    one, two = (net.add(sp.Population(name, 2, layered()["first"].model)) for name in "ab")
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    net.connect(source, one, sp.AllToAll(), sp.Delta(weight=1.0, delay=1.0))
    net.connect(one, two, sp.AllToAll(), sp.Delta(weight=1.0, delay=float(delay)))
    if delay <= 63:
        chip().quantise(net)
    else:
        with pytest.raises(ValidationError, match=r"delay.*63 steps at most"):
            chip().quantise(net)


def test_kernels_are_held_once_by_a_core() -> None:
    """A convolution of 9 weights onto 100 neurons takes the words of 9 weights."""
    net = sp.Network(seed=1)
    image = net.add(sp.Population("image", (1, 12, 12), sp.SpikeSource()))
    found = net.add(sp.Population("found", (1, 10, 10), layered()["first"].model))
    kernel = np.arange(1.0, 10.0).reshape(1, 1, 3, 3) / 10
    net.connect(image, found, sp.Convolution(kernel), sp.Delta(weight=1.0, delay=0.0))
    (core,) = sp.chips.Loihi().map(net).cores
    assert core.used["synapse words"] == np.ceil(9 * 9 / 64)
    (core,) = sp.chips.Loihi2().map(net).cores
    states = len(sp.chips.Loihi2().quantise(net).network["found"].model.block.states) - 1
    assert core.used["synapse words"] == np.ceil(9 * 8 / 64) + 100 * states / 2 + 144


def test_memory_is_split_between_states_and_synapses() -> None:
    """6,553 words of states, axons and synapses of 8 bits: as many fewer neurons as each takes."""
    few = chain(soft(), np.ones((10, 2000)))
    many = chain(soft(), np.ones((600, 2000)))
    assert len(sp.chips.Loihi2().map(few).cores) == 1
    assert len(sp.chips.Loihi2().map(many).cores) > 4


# ------------------------------------------------------------------------------- description


def test_hala_point_adds_up() -> None:
    """R8."""
    box = sp.chips.HalaPoint()
    totals = box.totals()
    assert totals["cores"] == float(box.box_cores)
    assert totals["neurons"] == pytest.approx(float(box.box_neurons), rel=0.01)
    assert totals["synapses"] == pytest.approx(float(box.box_synapses), rel=0.05)
    assert totals["watts"] == pytest.approx(2.26, abs=0.005)
    assert totals["pJ"] == pytest.approx(6.8, abs=0.05)
    assert totals["ns"] == pytest.approx(0.37, abs=0.005)


def test_energies_are_estimates_and_say_so() -> None:
    one, two = sp.chips.Loihi2(), sp.chips.Loihi2(energy_factor=0.5)
    fit = sp.chips.Loihi.prices["fit"].energy
    for name, figure in two.prices["fit"].energy.items():
        assert float(figure) == 0.5 * float(fit[name])
        assert figure.grade == sp.chips.Grade.UNVERIFIED and "no price" in figure.note
    net = layered()
    dear, cheap = (net.run(50, on=chip).bill() for chip in (one, two))
    assert sum(cheap.dynamic.values()) == pytest.approx(0.5 * sum(dear.dynamic.values()))
    with pytest.raises(SpikestackError, match="energy_factor"):
        sp.chips.Loihi2(energy_factor=0.0)


def test_the_slowest_thing_decides_how_long_a_step_takes() -> None:
    """100 events of 0.37 ns on one core, 1,000 neurons of 0.59 ns on another; at least 200 ns."""
    prices = sp.chips.Loihi2.prices["fit"]
    for neurons, expected in ((1000, 590e-9), (10, 200e-9)):
        by_step = {
            "dense events": np.array([[100, 0]]), "accesses": np.array([[10, neurons]]),
        }  # fmt: skip
        ledger = Ledger({n: c.sum(0) for n, c in by_step.items()}, by_step)
        assert prices.step_seconds(ledger, 1)[0] == pytest.approx(expected)


# ------------------------------------------------------------------------------- digits


@pytest.mark.parametrize("chip", [sp.chips.Loihi, sp.chips.Loihi2])
def test_digits_are_read_as_described(chip: type) -> None:
    """Weights of few bits and no leak are exact on both chips: every answer is the same."""
    pytest.importorskip("sklearn")
    from spikestack.chips.evaluating import present
    from spikestack.zoo.tasks import task

    net = sp.zoo.load("digits-camera-chips")
    inputs = np.asarray(task("digits-camera").samples("test")[0])[:6]
    made = chip().quantise(net)
    assert all(loss.error == 0 for loss in made.losses.values())
    found = present(made, inputs)
    for sample, answer in zip(inputs, found, strict=True):
        simulation = sp.Simulation(net, dt=1.0)
        step, unit = np.nonzero(sample)
        simulation.inject("events", times=step + 1.0, ids=unit, counts=sample[step, unit])
        simulation.advance(20.0, progress=False)
        v = simulation.recording()["digits", "v"].values[0]
        assert np.allclose(v.mean(0), answer, atol=1e-5)


@pytest.mark.parametrize("model", [sp.AdaptiveLIF(), sp.MAT2(), sp.AdaptiveDiscreteLIF()])
def test_adaptation_is_no_circuit(model: sp.NeuronModel) -> None:
    """What remembers spikes is refused where neurons are circuits, and a program on Loihi 2."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 2, model))
    kind = sp.Delta if model.dimensionless else sp.ExponentialCurrent
    net.connect(source, cells, sp.AllToAll(), kind(weight=0.5, delay=1.0))
    with pytest.raises(ValidationError, match=r"spikes by|depends on|subtracts|linear|reset"):
        sp.chips.Loihi().quantise(net)
    assert sp.chips.Loihi2().quantise(net).network["cells"].model.state_format
