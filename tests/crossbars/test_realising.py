"""Networks whose weights stand on devices: run, learn, are saved, trained, and refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.crossbars.realising import aged, array_of

EXACT = sp.Crossbar(sp.devices.Ideal(), rows=16, columns=16)


def network(
    crossbar: sp.Crossbar | None, rule: Any = None, weight: Any = None, **more: Any
) -> sp.Network:
    """Thirty noisy sources onto twenty neurons."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 30, sp.PoissonSource(rate=50.0)))
    b = net.add(sp.Population("b", 20, sp.LIF(i_offset=0.8)))
    weight = sp.Uniform(0.1, 0.2) if weight is None else weight
    synapse = sp.ExponentialCurrent(weight=weight, delay=1.0)
    net.connect(
        a, b, sp.FixedProbability(0.5), synapse, realised_by=crossbar, plasticity=rule, **more
    )  # fmt: skip
    net.record(b, "spikes")
    return net


def learned(net: sp.Network, on: str = "reference") -> sp.Network:
    """What 200 ms make of it."""
    result: Any = net.run(200.0, on=on)
    return result.learned


def test_exact_devices_change_nothing() -> None:
    """The same synapses, the same weights to a rounding, the same spikes."""
    signed = sp.Normal(0.1, 0.2)
    plain, held = (sp.Simulation(network(c, weight=signed)) for c in (None, EXACT))
    one, two = (sim.connections("a->b") for sim in (plain, held))
    assert np.array_equal(one.pre, two.pre) and np.array_equal(one.post, two.post)
    assert np.abs(one.weight - two.weight).max() < 1e-6
    for sim in (plain, held):
        sim.advance(100.0, progress=False)
    counts = [len(sim.recording().spikes["b"].ids) for sim in (plain, held)]
    assert counts[0] == pytest.approx(counts[1], abs=2) and counts[0] > 0


@pytest.mark.parametrize("on", [pytest.param("cpu", marks=pytest.mark.slow), "reference"])
def test_noise_of_reading_has_its_law(on: str) -> None:
    """Currents that single spikes leave have the mean and the spread that the array says."""
    net = sp.Network(seed=2)
    source = net.add(sp.Population("a", 1, sp.SpikeSource()))
    many = net.add(sp.Population("b", 400, sp.LIF(v_thresh=1e9)))
    net.drive(source, sp.SpikeTrains([1.0], [0]))
    crossbar = sp.Crossbar(sp.devices.PCM(), programming="exact", columns=900)
    projection = net.connect(
        source, many, sp.AllToAll(), sp.ExponentialCurrent(weight=1.0, delay=1.0),
        realised_by=crossbar,
    )  # fmt: skip
    net.record(many, "ExponentialCurrent.i")
    found = net.run(2.0, on=on)["b", "ExponentialCurrent.i"].values[0].max(axis=0)
    from spikestack.crossbars.reading import reading_noise

    array = array_of(projection)
    noise = reading_noise(array)
    assert noise is not None and noise.min() > 0
    z = (found - found.mean()) / found.std()
    assert found.std() / found.mean() == pytest.approx(
        float(np.mean(noise / array.weights())), rel=0.12
    )
    assert abs((z**3).mean()) < 0.5 and abs((z**4).mean() - 3) < 1.0


def test_age_moves_weights_of_pcm() -> None:
    """A day of drift takes a third of the conductances; `aged` fast-forwards a description."""
    crossbar = sp.Crossbar(sp.devices.PCM(), read_noise=False)
    net = network(crossbar)
    day = aged(net, "86400 s")
    before, after = (sp.Simulation(n).connections("a->b").weight for n in (net, day))
    assert after.mean() / before.mean() == pytest.approx(0.66, abs=0.03)
    with pytest.raises(sp.errors.ValidationError, match="crossbars"):
        aged(network(None), 1.0)


DEVICES = [
    ("offset", sp.devices.SoftBounds()),
    ("offset", sp.devices.VTEAM(iv="exponential")),
    ("differential", sp.devices.PulsedPCM()),
]


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "device"), DEVICES, ids=lambda x: getattr(x, "label", x))
def test_learning_by_pulses(encoding: str, device: Any) -> None:
    """Both engines send the same pulses; weights stay in bounds, move, and are counted."""
    crossbar = sp.Crossbar(device, encoding=encoding, stuck_low=0.1)
    net = network(crossbar, sp.AdditiveSTDP(w_max=0.3, A_plus=0.05, A_minus=0.04))
    sims = [sp.Simulation(net, on=on) for on in ("cpu", "reference")]
    for sim in sims:
        sim.advance(200.0, progress=False)
    states = [sim.engine.learned(0).states[0] for sim in sims]
    assert np.array_equal(*states)
    names = ["w", *(n.partition(".")[2] for n in sims[0].program.plastic[0].variables)]
    found = dict(zip(names, states[0]))
    assert found["w"].min() >= 0.0 and found["w"].max() <= 0.3 + 1e-6
    assert found["device_pulses"].sum() > 100
    free = found["device_free_0"]
    assert 0.02 < (free == 0).mean() < 0.25
    moved = network(crossbar, sp.AdditiveSTDP(w_max=0.3))
    start = sp.Simulation(moved).connections("a->b").weight
    assert np.abs(found["w"] - start)[free > 0].max() > 0.02


def test_pulses_follow_the_device() -> None:
    """Soft bounds: every pulse up takes the same share of what is left."""
    device = sp.devices.SoftBounds(
        cycle_noise=0.0, write_noise=0.0, step_spread=0.0, balance_spread=0.0,
        w_min_spread=0.0, w_max_spread=0.0, step=0.1,
    )  # fmt: skip
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 1, sp.SpikeSource()))
    b = net.add(sp.Population("b", 1, sp.LIF()))
    net.drive(a, sp.SpikeTrains(np.arange(1.0, 11.0), np.zeros(10, np.int64)))
    ask = sp.PlasticityRule(on_pre="w += big", parameters={"big": sp.WeightParameter(0.9)})
    net.connect(
        a, b, sp.AllToAll(), sp.ExponentialCurrent(weight=0.0, delay=1.0),
        plasticity=ask, realised_by=sp.Crossbar(device, encoding="offset"),
    )  # fmt: skip
    w = learned(net).projections["a->b"].synapse.weight[0]
    low, high = -0.75, 1.25
    state = high - (high - low) * (1 - 0.1 / high) ** 10
    assert w == pytest.approx((state - low) / (high - low), rel=1e-5)


def test_small_changes_are_withheld_or_gathered() -> None:
    """Below the least update nothing is sent; gathered, pulses come at the rate asked for."""
    rule = sp.PlasticityRule(
        on_pre="w += little", parameters={"little": sp.WeightParameter(0.0006)}, w_max=0.3
    )
    device = sp.devices.ConstantStep(step=0.02)
    sent = {}
    for name, settings in {
        "all": {}, "dropped": {"least_update": 0.01},
        "gathered": {"least_update": 0.01, "accumulate": True},
    }.items():  # fmt: skip
        net = network(sp.Crossbar(device, encoding="offset", **settings), rule)
        sim = sp.Simulation(net, on="reference", dt=1.0)
        sim.advance(300.0, progress=False)
        assert sim.learned().projections["a->b"].realised_by is not None
        rows = dict(zip(sim.program.plastic[0].variables, sim.engine.learned(0).states[0, 1:]))
        sent[name] = float(rows["0.device_pulses"].sum())
    assert sent["dropped"] == 0
    # 150 spikes of 30 sources onto half of 20 targets each ask for a tenth of a pulse.
    assert sent["gathered"] == pytest.approx(sent["all"], rel=0.35) and sent["all"] > 200


def test_files_keep_crossbars(tmp_path: Any) -> None:
    """Device, settings and all come back; the fingerprint tells them apart."""
    crossbar = sp.Crossbar(
        sp.devices.VTEAM(r_on=60.0, iv="exponential"), rows=64, r_word="2 Ohm",
        spread={"r_on": 0.1}, programming="exact",
    )  # fmt: skip
    net = network(crossbar)
    again = sp.load(net.save(f"{tmp_path}/net.spk"))
    assert again.fingerprint == net.fingerprint != network(None).fingerprint
    held = again.projections["a->b"].realised_by
    assert held.device.values == crossbar.device.values and held.r_word == 2.0


def test_convolutions_stand_on_their_kernels() -> None:
    """A kernel is one matrix, used at every place."""
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", (2, 6, 6), sp.SpikeSource()))
    b = net.add(sp.Population("b", (3, 4, 4), sp.LIF()))
    kernel = np.random.default_rng(0).normal(size=(3, 2, 3, 3))
    rule = sp.Convolution(kernel)
    synapse = sp.ExponentialCurrent(weight=0.5, delay=1.0)
    exact = sp.Crossbar(sp.devices.Ideal(), read_noise=False)
    net.connect(a, b, rule, synapse, realised_by=exact, name="held")
    net.connect(a, b, rule, synapse, name="plain")
    sim = sp.Simulation(net)
    one, two = (sim.connections(name).weight for name in ("held", "plain"))
    assert np.abs(one - two).max() < 1e-6


def test_what_cannot_be_meant_is_refused() -> None:
    """By name, with what to do."""
    error = sp.errors.ValidationError
    with pytest.raises(error, match="a Crossbar"):
        network(3)  # type: ignore[arg-type]
    with pytest.raises(error, match="no law of pulses"):
        network(sp.Crossbar(sp.devices.PCM()), sp.AdditiveSTDP(w_max=0.3)).run(1.0)
    with pytest.raises(error, match="cannot be followed"):
        crossbar = sp.Crossbar(sp.devices.Simmons(), encoding="offset")
        network(crossbar, sp.AdditiveSTDP(w_max=0.3)).run(1.0)
    with pytest.raises(error, match="behind weights on"):
        network(EXACT).run(1.0, on=sp.chips.Loihi())
    with pytest.raises(error, match="do not move it"):
        still = sp.devices.ConstantStep(step=0.0)
        network(sp.Crossbar(still, encoding="offset"), sp.AdditiveSTDP(w_max=0.3)).run(1.0)


def test_training_with_devices_in_the_loop() -> None:
    """Forward as the array holds weights, gradients as if it held them exactly."""
    torch = pytest.importorskip("torch")
    net = sp.Network(seed=1)
    a = net.add(sp.Population("a", 8, sp.Relay()))
    b = net.add(sp.Population("b", 4, sp.LeakyIntegrator(beta=0.9)))
    net.drive(a, sp.ExternalSpikes(weight=1.0), name="in")
    weights = np.random.default_rng(0).normal(size=(8, 4))
    crossbar = sp.Crossbar(sp.devices.PCM(), read_noise=False, stuck_low=0.1)
    net.connect(
        a, b, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0), realised_by=crossbar, name="w"
    )  # fmt: skip
    net.record(b, "v")
    module = net.compile("torch", dt=1.0)
    module.eval()
    x = torch.ones(1, 1, 8)
    out = module(x)["b.v"][-1, 0]
    held = module.crossbars["w"].array.weights().sum(axis=0)
    assert np.allclose(out.detach().numpy(), held, atol=1e-4)
    assert np.abs(held - weights.sum(axis=0)).max() > 1e-3
    module.train()
    twice = [module(x)["b.v"][-1, 0] for _ in range(2)]
    assert not torch.equal(*twice)
    twice[1].sum().backward()
    (gradient,) = (p.grad for p in module.parameters() if p.grad is not None)
    assert np.allclose(gradient.numpy(), 1.0, atol=1e-5)
    assert np.allclose(module.trained().projections["w"].rule.matrix, weights, atol=1e-5)


def test_runs_are_priced() -> None:
    """Readings, events and pulses are counted; converters cost more than cells."""
    rule = sp.AdditiveSTDP(w_max=0.3, A_plus=0.05, A_minus=0.04)
    crossbar = sp.Crossbar(sp.devices.SoftBounds(), encoding="offset", adc_bits=8)
    net = network(crossbar, rule)
    with pytest.raises(sp.errors.ValidationError, match="not recorded"):
        sp.crossbars.bill_of(sp.Simulation(net, on="reference", dt=1.0))
    net = network(crossbar, rule)
    net.record(net["a"], "spikes")
    sim = sp.Simulation(net, on="reference", dt=1.0)
    sim.advance(100.0, progress=False)
    bill = sp.crossbars.bill_of(sim)
    charge, spikes = bill.charges["a->b"], sim.recording().spikes["a"]
    assert charge.readings == len(np.unique(spikes.steps))
    degree = np.bincount(sim.connections("a->b").pre, minlength=30)
    assert charge.events == degree[spikes.ids].sum()
    assert charge.pulses > 0 and charge.writing > 0
    parts = {part.name: part.energy for part in charge.parts}
    assert parts["ADC"] > parts["cells"] > 0
    assert bill.energy == pytest.approx(sum(parts.values()) + charge.writing)
    assert "pulses" in str(bill.report())
