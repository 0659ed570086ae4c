"""However synapses are laid out, the spikes are those of the reference engine."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.engines.cpu import engine as cpu_engine
from spikestack.engines.cpu.plan import make_plan
from spikestack.program.lower import lower


def mixed() -> sp.Network:
    """Shared, coded and wide weights, many delays, two receptors, spikes without delay."""
    net = sp.Network(seed=3)
    cell = sp.LIF(v_rest=-60.0, v=sp.Normal(-55, 5), i_offset=0.6)
    a, b, c = (
        net.add(sp.Population(name, n, cell)) for name, n in (("a", 70), ("b", 50), ("c", 9))
    )
    net.connect(a, b, sp.FixedTotalNumber(900), current(sp.Normal(0.2, 0.05), sp.Uniform(0.1, 4.0)))
    net.connect(a, a, sp.FixedInDegree(10), current(0.1, sp.Normal(1.5, 0.75, low=0.1)))
    weights = np.random.default_rng(0).normal(-0.1, 0.3, 50 * 70)
    net.connect(b, a, sp.AllToAll(), current(weights, 0.7))
    net.connect(b, c, sp.FixedOutDegree(3), sp.Delta(weight=0.5, delay=0.0))
    net.connect(c, a, sp.FixedProbability(0.4), current(sp.LogNormal(-3.0, 2.0), 2.0))
    net.connect(c, b, sp.FixedInDegree(4), current(0.3, 2.1, dendritic_delay=0.5))
    net.drive(a, sp.Poisson(2000.0, weight=0.1))
    for p in (a, b, c):
        net.record(p, "spikes", "v")
    return net


def current(weight: object, delay: object, **more: float) -> sp.ExponentialCurrent:
    return sp.ExponentialCurrent(weight=weight, delay=delay, tau_syn=3.0, **more)


def same(slow: sp.Recording, fast: sp.Recording) -> bool:
    return slow.same_spikes(fast) and all(
        np.array_equal(slow[name, "v"].values, fast[name, "v"].values) for name in "abc"
    )


def force(monkeypatch: pytest.MonkeyPatch, width_bits: int) -> None:
    monkeypatch.setattr(cpu_engine, "make_plan", partial(make_plan, width_bits=width_bits))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_layout_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    """1 to 64 delays in a bucket, one to three partitions."""
    slow = mixed().run(60.0, on="reference", precision=precision)
    assert sum(len(r) for r in slow.spikes.values()) > 200
    for width_bits, threads in ((0, 1), (1, 3), (2, 2), (3, 1), (6, 2)):
        with monkeypatch.context() as patch:
            force(patch, width_bits)
            assert same(slow, mixed().run(60.0, threads=threads, precision=precision))


def test_the_mixed_network_has_every_kind_of_channel() -> None:
    """So that the test above means something."""
    channels = make_plan(lower(mixed(), 0.1, "float32", 1), 1).channels
    assert {(c.narrow, c.code_bits > 0) for c in channels if c.narrow} == {
        (True, False),
        (True, True),
    }
    assert any(not c.narrow for c in channels)


@pytest.mark.parametrize("before", [0, 2, 5])
@pytest.mark.parametrize("after", [0, 3])
def test_a_state_does_not_depend_on_the_layout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, before: int, after: int
) -> None:
    """Saved with one number of delays in a bucket, it goes on with another, and elsewhere."""
    whole = mixed().run(50.0, threads=1)
    force(monkeypatch, before)
    sim = sp.Simulation(mixed(), threads=2)
    sim.advance(20.0)
    sim.save(tmp_path / "state")
    force(monkeypatch, after)
    for on in ("cpu", "reference"):
        other = sp.Simulation(mixed(), on=on, threads=1)
        other.restore(tmp_path / "state")
        other.advance(30.0)
        late = other.recording()
        for name in "abc":
            times = whole[name].times
            assert np.array_equal(late[name].times, times[times > 20.0 + 1e-9])


def test_values_that_spikes_carry_in_every_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spikes with values, by shared and by coded weights."""

    def net() -> sp.Network:
        made = sp.Network(seed=5)
        model = sp.NeuronModel(
            "v[t+1] = 0.9*v : 1",
            threshold="v > 1",
            reset="v = v - 1",
            emit="v",
            emit_type="float",
            emit_limit=4.0,
            dimensionless=True,
            default_synapse="Delta",
        )
        p = made.add(sp.Population("p", 40, model))
        made.drive(p, sp.Poisson(2000.0, weight=0.7))
        made.connect(p, p, sp.FixedInDegree(5), sp.Delta(weight=0.05, delay=sp.Uniform(0.1, 1.5)))
        drawn = sp.Delta(weight=sp.Normal(0.05, 0.01), delay=0.4)
        made.connect(p, p, sp.FixedInDegree(5), drawn, name="second")
        made.record(p, "spikes", "v")
        return made

    slow = net().run(20.0, on="reference")
    assert len(slow["p"]) > 50
    for width_bits in (0, 2):
        with monkeypatch.context() as patch:
            force(patch, width_bits)
            fast = net().run(20.0, threads=2)
            assert slow.same_spikes(fast)
            assert np.array_equal(slow["p", "v"].values, fast["p", "v"].values)
