"""Single neurons beside NEST's, from recorded vectors: docs/nest.md has the table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from nest_cases import ABOUT, RECORDED, Replay, drive_steps, lif, replay

import spikestack as sp


@pytest.mark.parametrize(
    "name",
    [
        "iaf_psc_exp",
        "iaf_psc_exp_equal",
        "iaf_psc_alpha",
        "iaf_psc_delta",
        "mat2_psc_exp",
        "glif1",
        "glif2",
        "izhikevich",
    ],
)
def test_the_same_arithmetic(name: str) -> None:
    """Exact propagators, and Izhikevich's Euler step: only rounding differs."""
    ours = replay(name)
    assert ours.spikes == ours.nest and len(ours.nest) > 1
    assert ours.deviation() < 1e-10


def test_other_states_of_these() -> None:
    """Adaptive thresholds and recovery."""
    mat = replay("mat2_psc_exp", "h1", "h2")
    threshold = (
        mat.traces["h1"] + mat.traces["h2"] + ABOUT["cases"]["mat2_psc_exp"]["parameters"]["omega"]
    )
    assert np.abs(threshold - RECORDED["mat2_psc_exp.V_th"]).max() < 1e-10
    assert replay("izhikevich", "u").deviation("u", "U_m") < 1e-10
    assert threshold_of(replay("glif2", "theta_s", "theta_v")) < 1e-10


def threshold_of(ours: Replay) -> float:
    """The largest deviation of the threshold of a GLIF neuron."""
    at_rest = ABOUT["cases"][ours.name]["parameters"]["V_th"]
    threshold = at_rest + ours.traces["theta_s"] + ours.traces["theta_v"]
    return float(np.abs(threshold - RECORDED[f"{ours.name}.threshold"]).max())


@pytest.mark.parametrize("name", ["glif3", "glif4", "glif5"])
def test_glif_with_currents(name: str) -> None:
    """NEST holds after-spike currents, and the potential that moves the threshold, over a step."""
    ours = replay(name, "theta_s", "theta_v")
    assert ours.spikes == ours.nest and len(ours.nest) > 1
    assert ours.deviation() < 1e-3
    assert threshold_of(ours) < 1e-2


def test_glif_is_the_limit() -> None:
    """NEST's threshold of level 5 comes nearer to ours as its step shrinks; ours is exact."""
    coarse = threshold_of(replay("glif5", "theta_s", "theta_v"))
    fine = replay("glif5_fine", "theta_s", "theta_v", on="cpu")
    assert fine.spikes == fine.nest
    assert fine.deviation() < 1e-5
    assert 5 < coarse / threshold_of(fine) < 20


CONDUCTANCES = ["iaf_cond_exp", "iaf_cond_alpha", "iaf_cond_beta"]


@pytest.mark.parametrize("name", CONDUCTANCES)
def test_conductances(name: str) -> None:
    """By Runge-Kutta: NEST's tolerance is what remains; its step control asks for 1e-3."""
    ours = replay(name, method="rk4")
    assert ours.spikes == ours.nest and len(ours.nest) > 5
    assert ours.deviation() < 1e-4


@pytest.mark.parametrize("name", CONDUCTANCES)
def test_conductances_converge(name: str) -> None:
    """Exponential Euler, the default, is of second order here; Runge-Kutta of fourth."""
    until = RECORDED[f"{name}.spikes"][0] * 0.1 - 0.5
    simple = [replay(name, dt=dt).before(until) for dt in (0.1, 0.05)]
    assert simple[0] < 0.02 and 3.5 < simple[0] / simple[1] < 4.5
    if name == "iaf_cond_beta":
        better = [replay(name, dt=dt, method="rk4").before(until) for dt in (0.1, 0.05)]
        assert 8 < better[0] / better[1] < 32


@pytest.mark.parametrize("name", ["aeif_cond_exp", "aeif_psc_exp"])
def test_adex(name: str) -> None:
    """The same until the first upswing; within it 0.1 ms is coarse, and spikes come late."""
    ours = replay(name, "w")
    assert ours.before(ours.nest[0] * 0.1 - 1.0) < 1e-6
    late = np.array(ours.spikes) - np.array(ours.nest)
    assert len(late) == 3 and late.min() >= 0 and late.max() <= 3
    w = ours.traces["w"][-1, 0] * 1e3
    assert w == pytest.approx(RECORDED[f"{name}.w"][-1, 0], abs=0.5)


def test_adex_converges() -> None:
    """With a step of 0.01 ms in both."""
    ours = replay("aeif_cond_exp_fine", "w", on="cpu")
    assert len(ours.spikes) == 3
    assert np.abs(np.array(ours.spikes) - np.array(ours.nest)).max() <= 1
    assert ours.deviation() < 0.1
    assert ours.deviation("w", "w", 1e-3) < 1e-4


def peaks(ours: Replay, above: float, dt: float) -> np.ndarray:
    """When v first falls after a peak, as NEST stamps the spikes of these models, in ms."""
    v = ours.every
    top = (v[1:-1] > v[:-2]) & (v[1:-1] >= v[2:]) & (v[1:-1] > above)
    return (np.nonzero(top)[0] + 3) * dt


@pytest.mark.parametrize(
    ("name", "above", "largest", "typical"),
    [
        ("hh_psc_alpha", 0.0, 0.01, 1e-5),
        ("hh_cond_exp_traub", -33.0, 1.0, 2e-3),
    ],
)
def test_hodgkin_huxley(name: str, above: float, largest: float, typical: float) -> None:
    """By Runge-Kutta with 0.025 ms: NEST's tolerance of 1e-3 moves its spikes by 0.001 ms."""
    ours = replay(name, dt=0.025, method="rk4", on="cpu")
    found = peaks(ours, above, 0.025)
    assert len(found) == len(ours.nest) > 4
    # NEST sees the fall at the end of one of its steps of 0.1 ms.
    assert np.abs(found - np.array(ours.nest) * 0.1).max() < 0.15
    difference = np.abs(ours.traces["v"] - RECORDED[f"{name}.V_m"])
    assert difference.max() < largest and np.median(difference) < typical


def test_gap_junction() -> None:
    """Two cells, one driven; NEST iterates with 0.02 ms, and ours, explicit, comes nearer to it."""
    coarse, fine = (replay("gap_junction", dt=dt, method="rk4", on="cpu") for dt in (0.02, 0.01))
    found = peaks(fine, -33.0, 0.01)
    assert len(found) == len(fine.nest) > 4
    assert np.abs(found - np.array(fine.nest) * 0.02).max() < 0.04
    assert fine.deviation() < 4.0 and 1.7 < coarse.deviation() / fine.deviation() < 2.3
    apart = np.ptp(fine.traces["v"], axis=1).max()
    assert apart > 50.0


@pytest.mark.parametrize(
    ("name", "above", "bounds"),
    [
        ("hh_psc_alpha", 0.0, (0.004, 0.004, 0.004)),
        ("hh_cond_exp_traub", -33.0, (0.05, 0.012, 0.004)),
    ],
)
def test_hodgkin_huxley_by_default(name: str, above: float, bounds: tuple[float, ...]) -> None:
    """Exponential Euler, gates before the potential, is safe at any step and of second order."""
    nest = RECORDED[f"{name}.spikes"][3:] * 0.1
    for dt, bound in zip((0.1, 0.05, 0.025), bounds):
        found = peaks(replay(name, dt=dt, on="cpu"), above, dt)[3:]
        assert len(found) == len(nest)
        # NEST's own spikes are on a grid of 0.1 ms.
        assert abs(np.diff(found).mean() / np.diff(nest).mean() - 1) < bound


class Block(sp.ExponentialConductance):
    """The magnesium block of NMDA over a conductance that does not rise, as in NEST's model."""

    current = sp.NMDA.current
    mg = sp.NMDA.mg
    mg_half = sp.NMDA.mg_half
    v_block = sp.NMDA.v_block


def test_magnesium_block() -> None:
    """iaf_bw_2001; the block follows v of the step's beginning, so the order is one."""
    given = ABOUT["cases"]["nmda"]
    p = given["parameters"]
    opened = RECORDED["nmda.s_NMDA"][:, 0]
    jumps = np.diff(opened, prepend=0.0)
    jumps[1:] = opened[1:] - opened[:-1] * math.exp(-0.1 / p["tau_decay_NMDA"])
    steps = np.nonzero(jumps > 1e-6)[0]
    errors = []
    for dt in (0.1, 0.05):
        net = sp.Network()
        cells = net.add(sp.Population("cells", 1, lif(p, method="rk4")))
        for step in steps:
            receptor = Block(
                weight=jumps[step] / 1e3, tau_syn=p["tau_decay_NMDA"], mg=p["conc_Mg2"]
            )
            train = sp.SpikeTrains([[(step + 1) * 0.1]], synapse=receptor)
            net.drive(cells, train, name=f"opening {step}")
        drive_steps(net, cells, given)
        net.record(cells, "v")
        result = net.run(given["duration"], dt=dt, precision="float64", on="reference")
        v = result["cells", "v"].values[0, round(0.1 / dt) - 1 :: round(0.1 / dt)]
        errors.append(np.abs(v - RECORDED["nmda.V_m"]).max())
    assert len(steps) > 5 and errors[0] < 0.1
    assert 1.8 < errors[0] / errors[1] < 2.2


def test_traub_miles_begins_at_rest() -> None:
    """The gates begin at their steady state, so nothing moves but the leak's own pull."""
    net = sp.Network()
    p = net.add(sp.Population("p", 1, sp.TraubMiles()))
    net.record(p, "m", "h", "n")
    result = net.run(0.1, precision="float64", on="reference")
    for name, start in sp.TraubMiles.initial.items():
        if name != "v":
            assert result["p", name].values[0, 0, 0] == pytest.approx(start, abs=1e-9)
