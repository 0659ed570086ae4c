"""The order within a step, held to a table of expected values (the page docs/semantics.md)."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp

ENGINES = ["reference", "cpu"]


def two_neurons(delay: float = 0.3, t_ref: float = 0.2, weight: float = 3.0) -> sp.Network:
    """A drives B: A is kicked over threshold at 0.2 ms; B jumps when the spike arrives."""
    cell = dict(v_rest=0.0, v_reset=0.0, v_thresh=10.0, tau_m=1e9, tau_refrac=t_ref, v=0.0)
    net = sp.Network(seed=0)
    a = net.add(sp.Population("a", 1, sp.LIF(**cell)))
    b = net.add(sp.Population("b", 1, sp.LIF(**cell)))
    net.connect(a, b, sp.OneToOne(), sp.Delta(weight=weight, delay=delay))
    kicks = [0.2, 0.3, 0.4, 0.5]
    net.drive(a, sp.SpikeTrains([kicks], synapse=sp.Delta(weight=10.0)))
    for population in (a, b):
        net.record(population, "spikes", "v")
    return net


@pytest.mark.parametrize("on", ENGINES)
def test_two_neuron_table(on: str) -> None:
    """Each row: time, v of a, v of b; the table of the documentation."""
    result = two_neurons().run(1.2, on=on, precision="float64")
    a, b = result["a", "v"].of(0), result["b", "v"].of(0)
    expected = [
        # time  a    b
        (0.1, 0.0, 0.0),
        (0.2, 0.0, 0.0),  # a reaches 10 mV = threshold (>=), spikes at 0.2, is reset
        (0.3, 0.0, 0.0),  # refractory: the kick at 0.3 is lost
        (0.4, 0.0, 0.0),  # refractory for the second and last step
        (0.5, 0.0, 3.0),  # a spikes again; b gets the spike of 0.2 after 0.3 ms
        (0.6, 0.0, 3.0),
        (0.7, 0.0, 3.0),
        (0.8, 0.0, 6.0),
        (0.9, 0.0, 6.0),
    ]
    for k, (time, va, vb) in enumerate(expected):
        assert result["a", "v"].times[k] == pytest.approx(time)
        assert (a[k], b[k]) == (pytest.approx(va, abs=1e-7), pytest.approx(vb, abs=1e-7))
    assert np.allclose(result["a"].times, [0.2, 0.5])
    assert len(result["b"]) == 0


@pytest.mark.parametrize("on", ENGINES)
@pytest.mark.parametrize("delay", [0.1, 0.2, 1.0, 3.7])
def test_delay_in_steps(on: str, delay: float) -> None:
    """A spike stamped 0.2 acts at 0.2 + delay."""
    v = two_neurons(delay).run(5.0, on=on)["b", "v"]
    first = v.times[np.flatnonzero(v.of(0) > 1)[0]]
    assert first == pytest.approx(0.2 + delay)


@pytest.mark.parametrize("on", ENGINES)
def test_axonal_and_dendritic_delay_add(on: str) -> None:
    """Each part is rounded to whole steps."""
    net = two_neurons()
    net.connect(
        net["a"],
        net["b"],
        sp.OneToOne(),
        sp.Delta(weight=1.0, delay=0.26, dendritic_delay=0.54),
        name="second",
    )
    v = net.run(2.0, on=on)["b", "v"]
    jump = v.times[np.flatnonzero(np.isclose(np.diff(v.of(0)), 1.0, atol=1e-3))[0] + 1]
    assert jump == pytest.approx(0.2 + 0.3 + 0.5)


@pytest.mark.parametrize("on", ENGINES)
def test_zero_delay_acts_within_the_step(on: str) -> None:
    """A chain without delay fires in one step, whatever the order of building."""
    net = sp.Network()
    cell = dict(v_rest=0.0, v_reset=0.0, v_thresh=1.0, tau_m=10.0, tau_refrac=0.0, v=0.0)
    names = ["c", "a", "d", "b"]
    for name in names:
        net.add(sp.Population(name, 3, sp.LIF(**cell)))
    for pre, post in ("cd", "ab", "bc"):
        net.connect(net[pre], net[post], sp.OneToOne(), sp.Delta(weight=1.5, delay=0.0))
    net.drive(net["a"][:2], sp.SpikeTrains([[1.0], [2.0]], synapse=sp.Delta(weight=1.5)))
    for name in names:
        net.record(net[name], "spikes")
    for threads in (1, 2):
        result = net.run(3.0, on=on, threads=threads)
        for name in names:
            assert result[name].times.tolist() == pytest.approx([1.0, 2.0])
            assert result[name].ids.tolist() == [0, 1]


@pytest.mark.parametrize("on", ENGINES)
def test_refractory_is_whole_steps(on: str) -> None:
    """Under constant drive far above threshold the interval is t_ref plus one step."""
    net = sp.Network()
    cell = sp.LIF(i_offset=1e3, tau_refrac=2.0, cm=0.1)
    net.add(sp.Population("p", 1, cell))
    net.record(net["p"], "spikes")
    assert np.allclose(net.run(50.0, on=on)["p"].isi(), 2.1)


@pytest.mark.parametrize("on", ENGINES)
def test_payload_scales_the_weight(on: str) -> None:
    """A spike that carries 2.5 acts as 2.5 times the weight; integers are rounded."""
    for kind, expected in (("float", 2.5), ("int", 3.0)):
        sender = sp.NeuronModel(
            "v[t+1] = 0 : 1",
            threshold="v > 0.5",
            emit="v",
            emit_type=kind,
            emit_limit=10.0,
            dimensionless=True,
            default_synapse="Delta",
        )
        net = sp.Network()
        a = net.add(sp.Population("a", 2, sender))
        b = net.add(sp.Population("b", 2, sp.LIF(v_rest=0.0, v=0.0, v_thresh=1e6, tau_m=1e9)))
        net.connect(a, b, sp.OneToOne(), sp.Delta(weight=0.5, delay=0.5))
        net.drive(a, sp.SpikeTrains([[1.0], [1.0]], weight=np.array([2.5, 50.0])))
        net.record(b, "v")
        net.record(a, "spikes")
        result = net.run(2.0, on=on)
        assert result["a"].values.tolist() == [expected, 10.0]
        assert np.allclose(result["b", "v"].values[0, -1], [0.5 * expected, 5.0], atol=1e-6)


@pytest.mark.parametrize("on", ENGINES)
def test_step_current_holds_between_changes(on: str) -> None:
    """A change at time t acts from the step that begins at t; several add up."""
    net = sp.Network()
    p = net.add(sp.Population("p", 3, sp.LIF(v_rest=0.0, v=0.0, tau_m=1e9, cm=1.0, v_thresh=1e9)))
    net.drive(p, sp.StepCurrent([1.0, 2.0], [1.0, -1.0]))
    net.drive(p[1:], sp.ConstantCurrent(np.array([0.5, 1.0])), name="constant")
    net.record(p, "v")
    v = net.run(4.0, on=on, precision="float64")["p", "v"]
    for i, slope in enumerate((0.0, 0.5, 1.0)):
        expected = slope * v.times + np.clip(v.times - 1, 0, 1) - np.clip(v.times - 2, 0, None)
        assert np.allclose(v.of(i), expected, atol=1e-6)
