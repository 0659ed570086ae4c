"""Why a neuron fired, and where two runs part, held to cases known in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import UnknownNameError, ValidationError

CELL = dict(v_rest=0.0, v_reset=0.0, v_thresh=10.0, tau_m=1e9, v=0.0)


def two(weight: float = 6.0) -> sp.Network:
    """A, kicked over its threshold at 0.2 and 0.5 ms, kicks b 0.3 ms later."""
    net = sp.Network(seed=0)
    a = net.add(sp.Population("a", 1, sp.LIF(**CELL, tau_refrac=0.2)))
    b = net.add(sp.Population("b", 1, sp.LIF(**CELL, tau_refrac=1.0)))
    net.connect(a, b, sp.OneToOne(), sp.Delta(weight=weight, delay=0.3))
    net.drive(a, sp.SpikeTrains([[0.2, 0.3, 0.4, 0.5]], synapse=sp.Delta(weight=10.0)), name="kick")
    for population in (a, b):
        net.record(population, "spikes", "v")
    return net


def mixed(weight: float = 0.3, model: sp.NeuronModel | None = None) -> sp.Network:
    """Two populations with everything that can reach a neuron."""
    net = sp.Network(seed=4)
    a = net.add(sp.Population("exc", 60, model or sp.AdEx()))
    b = net.add(sp.Population("inh", 20, sp.LIF(tau_m=sp.Uniform(8.0, 12.0))))
    net.connect(
        a,
        b[:15],
        sp.FixedInDegree(8),
        sp.ExponentialCurrent(weight=weight, delay=sp.Uniform(0.5, 3.0)),
    )
    inhibition = sp.ExponentialConductance(weight=0.002, e_rev=-80.0)
    net.connect(b, a, sp.FixedProbability(0.2), inhibition)
    net.drive(a, sp.Poisson(1500.0, weight=0.3))
    net.drive(b, sp.Poisson(900.0, weight=0.3), name="hum")
    net.drive(b[2:8], sp.SpikeTrains([[5.0, 30.0, 60.0]] * 6, weight=0.5), name="given")
    net.drive(b, sp.InhomogeneousPoisson([0.0, 25.0], [50.0, 300.0], weight=0.2), name="wave")
    net.drive(b, sp.ConstantCurrent(0.1), name="bias")
    net.drive(b, sp.StepCurrent([20.0], [0.2]), name="step")
    for population in (a, b):
        net.record(population, "spikes", "v")
    return net


def test_why_it_fired() -> None:
    """B fires at 0.8 ms: 12 mV, 2 above its threshold, by two spikes of 6 mV each."""
    why = two().run(2.0, precision="float64").explain("b", 0, 0.8)
    assert why.fired and why.exact and why.recorded
    assert (why.value, why.threshold, why.margin) == pytest.approx((12.0, 10.0, 2.0), abs=1e-6)
    assert why.unit == "mV" and why.refractory == 0
    found = (why.before["v"], why.reached["v"], why.after["v"])
    assert found == pytest.approx((6.0, 12.0, 0.0), abs=1e-6)
    assert {(c.name, c.population, c.source) for c in why.causes} == {("a->b", "a", 0)}
    assert sorted(c.emitted for c in why.causes) == pytest.approx([0.2, 0.5])
    assert sorted(c.arrived for c in why.causes) == pytest.approx([0.5, 0.8])
    assert [c.delay for c in why.causes] == pytest.approx([0.3, 0.3])
    assert [c.effect for c in why.causes] == pytest.approx([6.0, 6.0], abs=1e-6)
    assert all(c.decisive and c.weight == pytest.approx(6.0) for c in why.causes)
    assert why.receptors[0].arrived == pytest.approx(6.0)
    assert "b[0] fired at 0.8 ms: 2 mV above the threshold" in str(why)


def test_why_it_stayed_silent() -> None:
    """Below the threshold before, refractory after; a kick that is lost has no effect."""
    result = two().run(2.0, precision="float64")
    early = result.explain("b", 0, 0.5)
    assert not early.fired and early.margin == pytest.approx(-4.0, abs=1e-6)
    lost = result.explain("a", 0, 0.3)
    assert not lost.fired and lost.refractory == pytest.approx(0.2)
    assert lost.reached["v"] == 0.0 and "refractory for 0.2 ms" in lost.verdict
    (kick,) = lost.causes
    assert (kick.kind, kick.name, kick.count, kick.effect) == ("events", "kick", 2, 0.0)
    assert result.explain("a", 0, 0.1).causes == ()


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_the_neuron_alone_is_the_neuron(on: str, precision: str) -> None:
    """Followed alone, every neuron ends in the very bits of the run, whatever reaches it."""
    result = mixed().run(80.0, on=on, precision=precision, trials=2)
    rng = np.random.default_rng(0)
    fired = 0
    for name, size in (("exc", 60), ("inh", 20)):
        record = result[name]
        chosen = rng.integers(0, len(record), 3)
        cases = [
            (int(record.ids[s]), float(record.times[s]), int(record.trials[s])) for s in chosen
        ]
        cases += [(int(rng.integers(size)), float(t), 1) for t in (0.1, 33.3, 79.9)]
        for neuron, t, trial in cases:
            why = result.explain(name, neuron, t, trial=trial)
            assert why.exact and why.recorded, (name, neuron, t, trial)
            fired += why.fired
            step = round(t / 0.1) - 1
            assert why.after["v"] == pytest.approx(
                float(result[name, "v"].of(neuron, trial)[step]), rel=1e-6
            )
    assert fired >= 6


def test_noise_and_own_equations() -> None:
    """Models that draw random numbers are followed too."""
    net = sp.Network(seed=2)
    a = net.add(sp.Population("a", 5, sp.Izhikevich()))
    net.drive(a, sp.OrnsteinUhlenbeckCurrent(mean=8.0, sd=3.0, tau=5.0))
    net.record(a, "spikes")
    result = net.run(100.0)
    record = result["a"]
    why = result.explain("a", int(record.ids[-1]), float(record.times[-1]))
    assert why.fired and why.exact


def test_compare_names_the_first_spike() -> None:
    """One weight is changed: the first spike that differs, and the weight, are named."""
    a, b = two(6.0).run(2.0), two(4.0).run(2.0)
    found = sp.compare(a, b)
    assert not found.equal and found.spike is not None
    first = found.spike
    assert (first.population, first.neuron, first.trial, first.a, first.b) == ("b", 0, 0, 1.0, None)
    assert first.time == pytest.approx(0.8)
    assert found.sample is not None and found.sample.time == pytest.approx(0.5)
    assert (found.sample.a, found.sample.b) == pytest.approx((6.0, 4.0), abs=1e-5)
    assert found.description == {"projections.a->b.synapse.weight": (6.0, 4.0)}
    assert "fingerprint" in found.settings
    assert found.a is not None and found.b is not None
    assert found.a.fired and not found.b.fired
    assert {(x.weight, y.weight) for x, y in found.causes if x and y} == {(6.0, 4.0)}
    assert "a spike in a only" in str(found)


def test_first_difference_by_brute_force() -> None:
    """As found by going through all spikes in order of time."""
    a, b = mixed(0.3).run(60.0, trials=2), mixed(0.32).run(60.0, trials=2)
    sets = [
        {
            (int(s), n, int(t), int(i))
            for n in ("exc", "inh")
            for s, t, i in zip(r[n].steps, r[n].trials, r[n].ids)
        }
        for r in (a, b)
    ]
    step = min(s for s, *_ in sets[0] ^ sets[1])
    found = sp.compare(a, b, explained=False).spike
    assert found is not None and round(found.time / 0.1) == step
    key = (step, found.population, found.trial, found.neuron)
    assert (key in sets[0]) == (found.a is not None) and (key in sets[1]) == (found.b is not None)
    assert sp.compare(a, mixed(0.3).run(60.0, on="reference", trials=2)).equal


def test_values_differ() -> None:
    """A spike in both that carries something else."""

    def with_value(value: float) -> sp.Recording:
        spikes = sp.Recording(
            t_stop=1.0,
            spikes={"a": _record([3, 5], [0, 1], [1.0, value])},
        )
        return spikes

    found = sp.compare(with_value(2.0), with_value(2.5))
    assert found.spike is not None
    assert (found.spike.neuron, found.spike.a, found.spike.b) == (1, 2.0, 2.5)
    assert found.a is None and any("network" in note for note in found.notes)
    assert sp.compare(with_value(2.0), with_value(2.0)).equal


def _record(steps: list[int], ids: list[int], values: list[float]) -> Any:
    from spikestack.recording import SpikeRecord

    return SpikeRecord(
        population="a",
        size=2,
        dt=0.1,
        t_stop=1.0,
        steps=np.array(steps),
        ids=np.array(ids, np.int32),
        values=np.array(values),
    )


def test_files_need_the_network(tmp_path: Path) -> None:
    """A loaded recording is explained with the network that made it, and no other."""
    two().run(2.0).save(tmp_path / "r.spk")
    loaded = sp.Recording.load(tmp_path / "r.spk")
    with pytest.raises(ValidationError, match="network="):
        loaded.explain("b", 0, 0.8)
    assert loaded.explain("b", 0, 0.8, network=two()).fired
    with pytest.raises(ValidationError, match="fingerprint"):
        loaded.explain("b", 0, 0.8, network=two(5.0))


def test_fed_sessions_are_refused() -> None:
    """What was fed in is not kept; also not when pieces are joined."""
    net = sp.Network()
    a = net.add(sp.Population("a", 2, sp.LIF()))
    net.drive(a, sp.ExternalCurrent(), name="motor")
    net.record(a, "spikes")
    session = sp.Simulation(net)
    found = []
    for piece in session.steps(5.0, duration=15.0):
        session.set("motor", 2.0)
        found.append(piece)
    for recording in (found[-1], sp.Recording.join(*found)):
        with pytest.raises(ValidationError, match="fed in"):
            recording.explain("a", 0, 10.0)


def test_bad_input() -> None:
    """Clear refusals."""
    result = two().run(2.0)
    with pytest.raises(UnknownNameError):
        result.explain("c", 0, 1.0)
    for arguments in (
        ("b", 1, 1.0),
        ("b", -1, 1.0),
        ("b", 0, 0.0),
        ("b", 0, 3.0),
        ("b", 0, float("nan")),
        ("b", True, 1.0),
    ):
        with pytest.raises(ValidationError):
            result.explain(*arguments)
    with pytest.raises(ValidationError, match="trial"):
        result.explain("b", 0, 1.0, trial=1)
    with pytest.raises(ValidationError, match="window"):
        result.explain("b", 0, 1.0, window=0.0)
    with pytest.raises(ValidationError, match="dt"):
        sp.compare(result, two().run(2.0, dt=0.05))


def test_gap_junctions() -> None:
    """One step is explained, with the current that came through them."""
    net = sp.Network(seed=2)
    a = net.add(sp.Population("a", 6, sp.LIF()))
    net.connect(a, a, sp.AllToAll(autapses=False), sp.GapJunction(weight=0.001))
    net.drive(a, sp.Poisson(3000.0, weight=0.4))
    net.record(a, "spikes")
    result = net.run(50.0)
    why = result.explain("a", int(result["a"].ids[0]), float(result["a"].times[0]))
    assert why.fired and why.exact and why.window == pytest.approx(0.1)
