"""Models and receptors against closed forms and published behaviour."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import EquationError, UnknownNameError, ValidationError

Passive = dict(
    equations="dv/dt = (-v/r + i_syn)/c : mV",
    parameters=dict(r="10 MOhm", c="1 nF"),
)


def passive(**more: object) -> sp.NeuronModel:
    settings = dict(Passive)
    return sp.NeuronModel(settings["equations"], parameters=settings["parameters"], **more)


def conductance(synapse: sp.Synapse, ms: float = 40.0, v: float = 0.0) -> tuple:
    """Time since the spike, and the receptor's current into a neuron that is held at `v`."""
    held = sp.NeuronModel("v[t+1] = v : mV; i[t+1] = i_syn : nA", v=v)
    net = sp.Network()
    p = net.add(sp.Population("p", 1, held))
    net.drive(p, sp.SpikeTrains([[1.0]], synapse=synapse))
    net.record(p, "i")
    current = net.run(ms, precision="float64", dt=0.05)["p", "i"].values[0, :, 0]
    # x follows the receptor as it is at the end of a step; the spike arrives at the end of step 20.
    return np.arange(1, len(current) - 19) * 0.05, current[20:]


def test_alpha_conductance() -> None:
    t, i = conductance(sp.AlphaConductance(weight=0.02, tau_syn=3.0, e_rev=10.0))
    assert np.allclose(i, 0.2 * math.e * t / 3 * np.exp(-t / 3), atol=1e-12)


def test_dual_exponential_conductance() -> None:
    synapse = sp.DualExponentialConductance(weight=0.02, tau_rise=0.7, tau_decay=4.0, e_rev=10.0)
    t, i = conductance(synapse)
    shape = np.exp(-t / 4) - np.exp(-t / 0.7)
    peak = math.log(4 / 0.7) * 0.7 * 4 / 3.3
    assert np.allclose(i, 0.2 * shape / (math.exp(-peak / 4) - math.exp(-peak / 0.7)), atol=1e-12)
    assert i.max() == pytest.approx(0.2, rel=1e-3)


@pytest.mark.parametrize("v", [-80.0, -40.0, 0.0, 20.0])
def test_magnesium_block(v: float) -> None:
    """The current is that of Jahr and Stevens's fraction of open channels."""
    free = conductance(sp.NMDA(weight=0.01, mg=0.0), v=v)[1]
    _, blocked = conductance(sp.NMDA(weight=0.01, mg=2.0), v=v)
    use = np.abs(free) > 1e-9
    assert use.any() or v == 0.0
    factor = 1 / (1 + 2.0 / 3.57 * math.exp(-0.062 * v))
    assert np.allclose(blocked[use], free[use] * factor, rtol=1e-9)


def test_gaba_b_needs_a_burst() -> None:
    """Ten spikes bring far more than ten times the charge of one."""

    def charge(count: int) -> float:
        net = sp.Network()
        held = sp.NeuronModel("v[t+1] = v : mV; q[t+1] = q + i_syn*dt : nA*ms", v=-60.0)
        p = net.add(sp.Population("p", 1, held))
        net.drive(p, sp.SpikeTrains([5.0 + 5.0 * np.arange(count)], synapse=sp.GABAB()))
        net.record(p, "q", interval=500.0)
        return float(net.run(1000.0)["p", "q"].values[0, -1, 0])

    assert charge(1) < 0 and charge(10) / charge(1) > 50


@pytest.mark.parametrize(
    ("kind", "tau", "e_rev"), [("AMPA", 1000 / 190, 0.0), ("GABAA", 1000 / 180, -80.0)]
)
def test_fast_receptors(kind: str, tau: float, e_rev: float) -> None:
    t, i = conductance(getattr(sp, kind)(weight=0.01), v=-30.0)
    assert np.allclose(i, 0.01 * (e_rev + 30.0) * np.exp(-t / tau), atol=1e-12)


def firing(model: sp.NeuronModel, current: float, ms: float = 500.0) -> np.ndarray:
    net = sp.Network(seed=1)
    p = net.add(sp.Population("p", 1, model))
    net.drive(p, sp.ConstantCurrent(current))
    net.record(p, "spikes")
    return np.asarray(net.run(ms, precision="float64")["p"].times)


def test_adaptive_threshold() -> None:
    """Intervals lengthen towards a stationary state that the threshold's jump explains."""
    gaps = np.diff(firing(sp.AdaptiveLIF(), 1.5, 2000.0))
    assert gaps[-1] > 1.5 * gaps[0] and abs(gaps[-1] - gaps[-2]) < 0.5
    theta = 1.7 / (math.exp(gaps[-1] / 200) - 1)
    expected = 2.0 - 20 * math.log(1 - (15 + theta) / 30)
    assert gaps[-1] == pytest.approx(expected, rel=0.02)


def test_mat_keeps_its_potential() -> None:
    """No reset: v settles at r I whatever the spikes, and chattering bursts more than regular."""
    net = sp.Network()
    p = net.add(sp.Population("p", 1, sp.MAT2()))
    net.drive(p, sp.ConstantCurrent(0.6))
    net.record(p, "v", "spikes")
    result = net.run(200.0, precision="float64")
    assert len(result["p"]) > 3
    assert result["p", "v"].values[0, -1, 0] == pytest.approx(-70 + 0.6 * 50, abs=1e-6)
    counts = {n: len(firing(sp.MAT2.preset(n), 0.6)) for n in sp.MAT2.parameter_sets}
    assert counts["fast_spiking"] > 2 * counts["regular_spiking"]


def test_glif_levels() -> None:
    """Each level adds what it is named for; the refractory period bounds the rate."""
    gaps = {n: np.diff(firing(sp.GLIF.preset(n), 0.4)) for n in sp.GLIF.parameter_sets}
    assert np.ptp(gaps["glif1"]) <= 0.1 + 1e-9
    expected = 3.75 - 0.05872 / 0.00943 * math.log(1 - (-51.68 + 78.85) * 0.00943 / 0.4)
    assert gaps["glif1"][0] == pytest.approx(expected, abs=0.2)
    for level in ("glif2", "glif3", "glif4", "glif5"):
        assert gaps[level][-1] > gaps[level][0] + 0.5


@pytest.mark.parametrize("name", sorted(sp.MihalasNiebur.parameter_sets))
def test_mihalas_niebur(name: str) -> None:
    """The published behaviours, by spike counts and intervals within 500 ms."""
    times = firing(sp.MihalasNiebur.preset(name), 0.0)
    gaps = np.diff(times)
    if name == "tonic_spiking":
        assert len(times) > 10 and np.ptp(gaps) < 0.11
    elif name == "spike_frequency_adaptation":
        assert len(times) > 5 and gaps[-1] > 1.3 * gaps[0]
    elif name == "phasic_spiking":
        assert 1 <= len(times) < 8 and times[-1] < 300
    elif name == "hyperpolarizing_spiking":
        assert len(times) >= 3
    elif name == "tonic_bursting":
        assert (gaps > 4 * gaps.min()).sum() >= 3 and (gaps < 2 * gaps.min()).sum() >= 6
    elif name == "phasic_bursting":
        assert 2 <= len(times) < 10 and times[-1] < 100
    elif name == "mixed_mode":
        early = times < times[0] + 20
        assert early.sum() >= 3 and (~early).sum() >= 3 and gaps[-1] > 4 * gaps[0]


def test_escape_noise() -> None:
    """The mean rate at a held potential is the hazard's."""
    model = sp.EscapeLIF(tau_m=0.01, v_rest=-53.0, v_reset=-53.0, tau_refrac=0.0)
    net = sp.Network(seed=3)
    p = net.add(sp.Population("p", 500, model))
    net.record(p, "spikes")
    count = len(net.run(1000.0)["p"])
    assert count / 500 == pytest.approx(100 * math.exp(-1.5), rel=0.03)


def test_resonate_and_fire_prefers_its_frequency() -> None:
    """Two pulses one period apart fire; half a period apart they cancel."""

    def count(gap: float) -> int:
        net = sp.Network()
        p = net.add(sp.Population("p", 1, sp.ResonateAndFire()))
        net.drive(p, sp.SpikeTrains([[1.0, 1.0 + gap]], synapse=sp.Delta(weight=0.7)))
        net.record(p, "spikes")
        return len(net.run(30.0, dt=0.02)["p"])

    assert count(2 * math.pi) == 1 and count(math.pi) == 0 and count(60.0) == 0


def test_dendrite_and_soma() -> None:
    """Charge into the dendrite reaches the soma later and smaller; a compartment must exist."""
    peaks = {}
    for place in ("", "dendrite"):
        net = sp.Network()
        quiet = sp.PinskyRinzel(i_offset=-0.5e3 * 6e-5)
        p = net.add(sp.Population("p", 1, quiet))
        synapse = sp.AMPA(weight=1e-4, compartment=place)
        net.drive(p, sp.SpikeTrains([[50.0]], synapse=synapse))
        net.record(p, "v", "v_d")
        result = net.run(90.0, dt=0.02)
        v, v_d = (result["p", x].values[0, 2400:, 0] for x in ("v", "v_d"))
        peaks[place] = (v.max() - v[0], v_d.max() - v_d[0], v.argmax())
    assert peaks[""][0] > peaks[""][1] > 0
    assert peaks["dendrite"][1] > peaks["dendrite"][0] > 0
    assert peaks["dendrite"][2] > peaks[""][2]
    net = sp.Network()
    p = net.add(sp.Population("p", 1, sp.PinskyRinzel()))
    with pytest.raises(UnknownNameError, match="dendrite"):
        net.drive(p, sp.Poisson(1.0, synapse=sp.AMPA(compartment="axon")), name="other")


def test_pinsky_rinzel_bursts() -> None:
    """0.75 uA/cm^2 into the soma: a spike, smaller ones on a calcium spike, a long pause."""
    net = sp.Network()
    p = net.add(sp.Population("p", 1, sp.PinskyRinzel(i_offset=0.75e3 * 6e-5)))
    net.record(p, "v", "v_d", "spikes")
    result = net.run(1600.0, dt=0.05)
    v, v_d = (result["p", x].values[0, :, 0] for x in ("v", "v_d"))
    bursts = result["p"].times[result["p"].times > 300]
    assert len(bursts) >= 2 and np.diff(bursts).min() > 300
    peaks = np.flatnonzero((v[1:-1] > v[:-2]) & (v[1:-1] >= v[2:]) & (v[1:-1] > -30)) * 0.05
    for start in bursts:
        assert ((peaks >= start - 1) & (peaks < start + 20)).sum() >= 3
        k = int(start / 0.05)
        # The dendrite follows the soma's spike, and stays up when the soma has come down.
        assert v_d[k : k + 100].argmax() > v[k : k + 100].argmax()
        assert v_d[k : k + 200].max() > 0


def test_sigma_delta_tracks() -> None:
    """What was sent in all is never further than theta from what arrived in all."""
    rng = np.random.default_rng(0)
    net = sp.Network()
    source = net.add(sp.Population("source", 20, sp.DeltaEncoder(theta=0.05)))
    unit = net.add(sp.Population("unit", 5, sp.SigmaDelta(theta=0.2)))
    weights = rng.normal(0, 0.3, (20, 5))
    net.connect(source, unit, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    amplitudes = rng.uniform(-1, 1, 30)
    net.drive(source, sp.StepCurrent(np.arange(30) * 2.0, amplitudes))
    net.record(unit, "spikes", "v")
    net.record(source, "spikes")
    result = net.run(60.0, dt=1.0, precision="float64")
    sent = np.zeros((60, 5))
    record = result["unit"]
    np.add.at(sent, (np.round(record.times).astype(int) - 1, record.ids), record.values)
    wanted = np.maximum(result["unit", "v"].values[0], 0.0)
    assert np.abs(sent.cumsum(axis=0) - wanted).max() <= 0.2
    exact = np.repeat(amplitudes, 2)[:, None] * weights.sum(axis=0)
    assert (
        np.abs(result["unit", "v"].values[0] - exact).max() <= 0.05 * np.abs(weights).sum(0).max()
    )
    assert len(record) < 60 * 5 * 0.7


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_few_spikes_are_binary_digits(bits: int) -> None:
    """The sum of the values is the number, rounded down to alpha 2^-bits, 0 below zero."""
    numbers = np.array([-1.0, 0.0, 0.1, 0.5, 1.3, 2.7, 3.999, 9.0])
    net = sp.Network()
    model = sp.FewSpike(alpha=4.0, bits=bits, start=3.0)
    p = net.add(sp.Population("p", len(numbers), model))
    for k, number in enumerate(numbers):
        if number:
            synapse = sp.Delta(weight=number)
            net.drive(p[[k]], sp.SpikeTrains([[2.0]], synapse=synapse), name=f"{k}")
    net.record(p, "spikes")
    record = net.run(20.0, dt=1.0, precision="float64")["p"]
    total = np.bincount(record.ids, record.values, minlength=len(numbers))
    unit = 4.0 * 2.0**-bits
    assert np.allclose(total, np.clip(np.floor(numbers / unit + 1e-9) * unit, 0, 4.0 - unit))
    assert record.times.min() > 3.0 and record.times.max() <= 3.0 + bits


def test_winner_takes_all() -> None:
    """Only the strongest fires, alone or nearly so; without the group all would."""
    net = sp.Network(seed=2)
    group = sp.winner_take_all(net, "wta", 5)
    net.drive(group, sp.ConstantCurrent([1.5, 1.7, 2.2, 1.6, 1.9]))
    net.record(group, "spikes")
    counts = np.bincount(net.run(1000.0)["wta"].ids, minlength=5)
    assert counts.argmax() == 2 and counts[2] >= 10 and counts.sum() - counts[2] <= 2


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_normalising_pool(on: str) -> None:
    """x / (sigma + sum of x), within the step."""
    net = sp.Network()
    source = net.add(sp.Population("s", 4, sp.GradedReLU(bias=[1.0, 2.0, -3.0, 5.0])))
    units = sp.normalising_pool(net, source, "n", sigma=2.0)
    net.record(units, "spikes")
    record = net.run(1.0, on=on, dt=1.0, precision="float64")["n"]
    assert record.ids.tolist() == [0, 1, 3] and np.allclose(record.times, 1.0)
    assert np.allclose(record.values, [0.1, 0.2, 0.5], atol=1e-9)


def coupled(seed: int = 1) -> sp.Network:
    net = sp.Network(seed=seed)
    a = net.add(sp.Population("a", 120, sp.HodgkinHuxley()))
    b = net.add(sp.Population("b", 50, sp.LIF(v=sp.Uniform(-65, -51), i_offset=0.8)))
    net.drive(a, sp.ConstantCurrent(sp.Uniform(5.0, 15.0)))
    net.connect(a, a, sp.FixedProbability(0.05), sp.GapJunction(weight=sp.Uniform(0.0, 0.02)))
    net.connect(a, b, sp.FixedInDegree(3), sp.GapJunction(weight=0.001))
    net.connect(b, b, sp.FixedInDegree(5), sp.ExponentialCurrent(weight=0.3))
    for p in (a, b):
        net.record(p, "spikes", "v")
    return net


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_gap_junctions_give_equal_bits(precision: str, tmp_path: Path) -> None:
    """Reference, one and three threads, trials side by side, pieces, from a file."""
    slow = coupled().run(20.0, on="reference", precision=precision, trials=2, dt=0.02)
    assert len(slow["a"]) > 100
    path = coupled().save(tmp_path / "net")
    for how in ({"threads": 1}, {"threads": 3}, {"threads": 2}):
        fast = sp.load(path).run(20.0, precision=precision, trials=2, dt=0.02, **how)
        assert slow.same_spikes(fast)
        assert np.array_equal(slow["a", "v"].values, fast["a", "v"].values)
    sim = sp.Simulation(coupled(), precision=precision, trials=2, dt=0.02, threads=2)
    sim.advance(7.0)
    sim.save(tmp_path / "state")
    sim.restore(tmp_path / "state")
    sim.advance(13.0)
    late = slow["a", "v"].values[:, 350:]
    assert np.array_equal(late, sim.recording()["a", "v"].values)


def test_gap_junction_closed_form() -> None:
    """Two passive cells: the mean decays as alone, the difference faster by twice the coupling."""
    net = sp.Network()
    p = net.add(sp.Population("p", 2, passive(v=[10.0, 0.0])))
    net.connect(p, p, sp.FromArrays([0], [1]), sp.GapJunction(weight=0.1))
    net.record(p, "v")
    errors = []
    for dt in (0.02, 0.01):
        v = net.run(10.0, dt=dt, precision="float64")["p", "v"].values[0, -1]
        exact = 5 * math.exp(-1.0) * (1 + np.array([1, -1]) * math.exp(-2.0))
        errors.append(np.abs(v - exact).max())
    assert errors[1] < 1e-3 and errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)


def test_gap_junctions_synchronise() -> None:
    """Two spiking cells out of phase fall into step."""

    def spread(weight: float) -> float:
        net = sp.Network()
        p = net.add(sp.Population("p", 2, sp.HodgkinHuxley(v=[-65.0, -50.0])))
        net.drive(p, sp.ConstantCurrent(10.0))
        net.connect(p, p, sp.FromArrays([0], [1]), sp.GapJunction(weight=weight))
        net.record(p, "v")
        v = net.run(150.0, dt=0.02)["p", "v"].values[0, 5000:]
        return float(np.abs(v[:, 0] - v[:, 1]).mean())

    assert spread(0.5) < 0.1 * spread(0.0)


def test_junctions_that_cannot_be() -> None:
    """A delay, a model without potential, a compartment."""
    with pytest.raises(ValidationError, match="at once"):
        sp.GapJunction(weight=0.1, delay=1.0)
    net = sp.Network()
    p = net.add(sp.Population("p", 2, sp.PoissonSource()))
    q = net.add(sp.Population("q", 2, sp.LIF()))
    with pytest.raises(EquationError, match="PoissonSource"):
        net.connect(p, q, sp.OneToOne(), sp.GapJunction())


def test_files_keep_compartments(tmp_path: Path) -> None:
    """A network of a two-compartment cell comes back with its receptors where they were."""
    net = sp.Network(seed=3)
    p = net.add(sp.Population("p", 4, sp.PinskyRinzel()))
    for place in ("", "dendrite"):
        drive = sp.Poisson(200.0, synapse=sp.AMPA(weight=0.002, compartment=place))
        net.drive(p, drive, name=f"at {place or 'soma'}")
    net.record(p, "spikes", "v_d")
    again = sp.load(net.save(tmp_path / "net"))
    assert again.fingerprint == net.fingerprint
    a, b = net.run(50.0, dt=0.05), again.run(50.0, dt=0.05)
    assert np.array_equal(a["p", "v_d"].values, b["p", "v_d"].values)
    assert np.ptp(a["p", "v_d"].values) > 1.0
