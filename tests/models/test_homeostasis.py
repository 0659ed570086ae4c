"""Thresholds that rise with every spike: closed forms, target rates, equal engines, files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import ValidationError

#: A cell that integrates nothing and fires once for each injected spike of 50 mV.
CELL = dict(
    equations="dv/dt = -v/tau : mV",
    threshold="v >= v_th",
    reset="v = 0*mV",
    parameters=dict(tau="5 ms", v_th="20 mV"),
)


def cell() -> sp.NeuronModel:
    return sp.NeuronModel(**CELL)


def kicked(model: sp.NeuronModel, times: list[float], ms: float, **how: object) -> sp.Recording:
    net = sp.Network(seed=1)
    p = net.add(sp.Population("p", 1, model))
    net.drive(p, sp.SpikeTrains([times], synapse=sp.Delta(weight=50.0)))
    net.record(p, "theta", "spikes")
    return net.run(ms, **how)


def test_theta_after_spikes() -> None:
    """Each spike adds the increment; in between theta decays, or stays with tau_theta=inf."""
    times = [5.0, 10.0, 20.0, 30.0]
    model = sp.adaptive_threshold(cell(), increment=2.0, tau_theta=40.0, theta=1.0)
    theta = kicked(model, times, 50.0, precision="float64")["p", "theta"].values[0, -1, 0]
    expected = np.exp(-50 / 40) + sum(2.0 * np.exp(-(50.0 - t) / 40) for t in times)
    assert theta == pytest.approx(expected, rel=1e-9)
    still = sp.adaptive_threshold(cell(), increment=2.0, tau_theta=float("inf"))
    assert kicked(still, times, 50.0)["p", "theta"].values[0, -1, 0] == 8.0


def test_a_raised_threshold_stops_spikes() -> None:
    """Kicks of 50 mV pass a threshold of 20 mV until theta is above 30 mV."""
    model = sp.adaptive_threshold(cell(), increment=10.0, tau_theta=float("inf"))
    times = [float(t) for t in range(10, 200, 20)]
    assert len(kicked(model, times, 220.0)["p"]) == 4


def test_plasticity_in_closed_form() -> None:
    """theta = spikes*eta - eta*rate*t while it is within its bounds, and the bounds hold."""
    model = sp.intrinsic_plasticity(cell(), rate=20.0, eta=0.5, theta_min=-2.0, theta_max=1.2)
    theta = kicked(model, [60.0, 61.0, 62.0, 63.0, 64.0], 400.0, precision="float64")
    theta = theta["p", "theta"].values[0, :, 0]
    at = np.arange(1, len(theta) + 1) * 0.1
    falling = at < 59.9
    assert np.allclose(theta[falling], -0.01 * at[falling], atol=1e-9)
    assert theta[at > 64.05][0] == pytest.approx(1.2, abs=0.002) and theta.max() <= 1.2
    assert theta[-1] == -2.0


def driven(model: sp.NeuronModel, size: int = 20) -> sp.Network:
    """Neurons that get currents from weak to strong."""
    net = sp.Network(seed=2)
    p = net.add(sp.Population("p", size, model))
    net.record(p, "spikes", "theta")
    return net


STRONG = np.linspace(1.0, 2.0, 20)
MODELS: dict[str, tuple[Callable[[], sp.NeuronModel], dict[str, float]]] = {
    "LIF": (lambda: sp.LIF(i_offset=STRONG), {}),
    "AdEx": (lambda: sp.AdEx(i_offset=STRONG), {"theta_max": 60.0}),
    "Izhikevich": (lambda: sp.Izhikevich(i_offset=12 * STRONG), {"theta_min": -30.0}),
    "QuadraticIF": (lambda: sp.QuadraticIF(i_offset=STRONG), {"theta_max": 60.0}),
    "EscapeLIF": (lambda: sp.EscapeLIF(i_offset=STRONG), {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_target_rate(name: str) -> None:
    """Whatever the current, neurons end at the target; without plasticity they are far away."""
    make, bounds = MODELS[name]
    free = driven(sp.adaptive_threshold(make(), increment=0.0)).run(1000.0)["p"].counts()
    assert free.mean() > 16, "too close to the target for a test"
    model = sp.intrinsic_plasticity(make(), rate=8.0, eta=0.5, **bounds)
    sim = sp.Simulation(driven(model))
    sim.advance(6000.0)
    sim.drain()
    sim.advance(5000.0)
    rates = sim.drain()["p"].counts().ravel() / 5.0
    assert abs(rates.mean() - 8.0) < 0.2
    assert np.abs(rates - 8.0).max() < 1.0


@pytest.mark.parametrize("name", MODELS)
def test_engines_and_files(name: str, tmp_path: Path) -> None:
    """Equal bits on both engines; a saved network is the same network."""
    make, bounds = MODELS[name]
    for model in (
        sp.intrinsic_plasticity(make(), rate=8.0, **bounds),
        sp.adaptive_threshold(make(), increment=0.3, tau_theta=80.0),
    ):
        net = driven(model)
        one, other = net.run(80.0), net.run(80.0, on="reference")
        assert len(one["p"]) > 20
        assert np.array_equal(one["p"].times, other["p"].times)
        assert np.array_equal(one["p", "theta"].values, other["p", "theta"].values)
        net.save(tmp_path / "net.spk")
        again = sp.load(tmp_path / "net.spk")
        assert again.fingerprint == net.fingerprint
        assert np.array_equal(again.run(80.0)["p", "theta"].values, one["p", "theta"].values)


def test_what_is_shifted() -> None:
    """The threshold for v, also inside shorthands and previous(); else what makes it fire."""
    assert sp.adaptive_threshold(sp.LIF()).threshold == "(v - theta) >= v_thresh"
    crossing = sp.NeuronModel(
        CELL["equations"],
        threshold="v > v_th and previous(v) <= v_th",
        parameters=CELL["parameters"],
    )
    made = sp.adaptive_threshold(crossing).threshold
    assert made == "(v - theta) > v_th and (previous(v) - previous(theta)) <= v_th"
    assert "v - theta" in sp.adaptive_threshold(sp.EscapeLIF()).threshold
    assert "(v_thresh + theta)" in sp.adaptive_threshold(sp.AdEx()).equations
    hodgkin = sp.adaptive_threshold(sp.HodgkinHuxley())
    assert "(i_offset - theta)" in hodgkin.equations
    chosen = sp.adaptive_threshold(sp.AdEx(), shifts="i_offset", increment="20 pA")
    assert "i_offset - theta" in chosen.equations
    assert chosen.values["theta_increment"] == pytest.approx(0.02)


def test_values_are_kept() -> None:
    """Parameters and initial values, those of single neurons too."""
    v = np.linspace(-65, -60, 5)
    made = sp.adaptive_threshold(sp.LIF(tau_m=7.0, v=v), increment=sp.Uniform(0.1, 0.2))
    assert made.values["tau_m"] == 7.0 and made.parameters["cm"].low == 0.0
    assert np.array_equal(made.initial_values["v"], v)
    assert sp.intrinsic_plasticity(sp.LIF(), rate=5.0).initial_values["v"] == "v_rest"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: sp.adaptive_threshold(sp.LIF), "with parentheses"),
        (
            lambda: sp.adaptive_threshold(
                sp.NeuronModel(CELL["equations"], parameters=CELL["parameters"])
            ),
            "no threshold",
        ),
        (lambda: sp.adaptive_threshold(sp.AdaptiveLIF()), "'theta' already"),
        (lambda: sp.adaptive_threshold(sp.adaptive_threshold(sp.LIF())), "'theta' already"),
        (lambda: sp.adaptive_threshold(sp.PoissonSource()), "does not depend on v"),
        (lambda: sp.adaptive_threshold(sp.LIF(), tau_theta=0.0), "> 0 ms"),
        (lambda: sp.adaptive_threshold(sp.LIF(), increment="1 ms"), "mV"),
        (lambda: sp.adaptive_threshold(sp.LIF(), shifts="tau_m"), "cannot shift 'tau_m'"),
        (lambda: sp.adaptive_threshold(sp.AdEx(), shifts="v_reset"), "no effect"),
        (lambda: sp.intrinsic_plasticity(sp.LIF(), rate=-1.0), ">= 0 Hz"),
    ],
)
def test_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        make()
