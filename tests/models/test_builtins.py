"""What equations may use undeclared: time, step, noise, random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import EquationError
from spikestack.units import parse_unit


def trace(model: sp.NeuronModel, size: int, ms: float, variable: str, **how: object) -> np.ndarray:
    """One variable of `size` unconnected neurons: (steps, neurons)."""
    net = sp.Network(seed=4)
    p = net.add(sp.Population("p", size, model))
    net.record(p, variable)
    return np.asarray(net.run(ms, **how)["p", variable].values)[0]


def ornstein_uhlenbeck(**more: object) -> sp.NeuronModel:
    return sp.NeuronModel(
        "dx/dt = (mu - x)/tau + sigma*sqrt(2/tau)*xi : mV",
        parameters=dict(mu="3 mV", tau="1 ms", sigma="2 mV"),
        **more,
    )


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_ornstein_uhlenbeck_is_exact(precision: str) -> None:
    """Mean, variance and autocorrelation for a step that is not small."""
    x = trace(ornstein_uhlenbeck(), 4000, 60.0, "x", dt=0.5, precision=precision)[20:]
    assert abs(x.mean() - 3.0) < 0.02
    assert abs(x.std() - 2.0) < 0.02
    lag = np.mean((x[1:] - 3.0) * (x[:-1] - 3.0)) / 4.0
    assert abs(lag - math.exp(-0.5)) < 0.01


def test_euler_maruyama_has_the_bias_of_its_scheme() -> None:
    """Stated explicitly, the variance is sigma^2/(1 - dt/(2 tau))."""
    x = trace(ornstein_uhlenbeck(method="euler"), 4000, 60.0, "x", dt=0.5)[20:]
    assert abs(x.var() - 4.0 / 0.75) < 0.08


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_farthest_of_many_draws(precision: str) -> None:
    """Five to six standard deviations in a hundred million, on the right side, never infinite."""
    model = sp.NeuronModel(
        """
        low[t+1] = min(low, xi*sqrt(dt))   : 1
        high[t+1] = max(high, xi*sqrt(dt)) : 1
        """
    )
    net = sp.Network(seed=4)
    p = net.add(sp.Population("p", 200_000, model))
    net.record(p, "low", "high", interval=50.0)
    result = net.run(50.0, precision=precision)
    assert -6.4 < result["p", "low"].values.min() < -5.3
    assert 5.2 < result["p", "high"].values.max() < 6.4


def test_multiplicative_noise_is_ito() -> None:
    """dx = s x dW keeps its mean; in Stratonovich's sense it would grow by exp(s^2 t/2)."""
    model = sp.NeuronModel(
        "dx/dt = s*x*xi : 1", parameters=dict(s=sp.Parameter(0.2, "ms^-0.5")), x=1.0
    )
    for method in ("euler", "rk4"):
        model = sp.NeuronModel(
            "dx/dt = s*x*xi : 1",
            parameters=dict(s=sp.Parameter(0.2, "ms^-0.5")),
            x=1.0,
            method=method,
        )
        x = trace(model, 20_000, 10.0, "x", dt=0.02)[-1]
        assert abs(x.mean() - 1.0) < 0.02
        assert abs(np.log(x).var() - 0.4) < 0.02


def test_draws() -> None:
    """`rand` is uniform and independent; `common` is one number for all; names tell draws apart."""
    model = sp.NeuronModel(
        """
        a[t+1] = rand   : 1
        b[t+1] = rand_2 : 1
        c[t+1] = common : 1
        d[t+1] = xi*sqrt(dt) : 1
        e[t+1] = rand + 0*a : 1
        """
    )
    net = sp.Network(seed=4)
    p = net.add(sp.Population("p", 3000, model))
    net.record(p, *"abcde")
    result = net.run(4.0)
    a, b, c, d, e = (result["p", name].values[0] for name in "abcde")
    assert 0 < a.min() < 1e-3 and 0.999 < a.max() <= 1
    counts = np.histogram(a, bins=20, range=(0, 1))[0]
    assert abs(counts - a.size / 20).max() < 5 * math.sqrt(a.size / 20)
    assert np.array_equal(a, e)
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(a[1:].ravel(), a[:-1].ravel())[0, 1]) < 0.02
    assert np.ptp(c, axis=1).max() == 0 and len(np.unique(c[:, 0])) == len(c)
    assert abs(d.mean()) < 0.02 and abs(d.std() - 1) < 0.02
    assert abs(np.mean(d**4) - 3) < 0.15 and d.max() > 3.5


def test_trials_and_populations_draw_their_own() -> None:
    """Nothing is shared between trials, populations or seeds."""
    runs = []
    for seed in (1, 2):
        net = sp.Network(seed=seed)
        for name in "pq":
            p = net.add(sp.Population(name, 50, sp.PoissonSource(rate=100.0)))
            net.record(p, "spikes")
        runs.append(net.run(100.0, trials=2))
    trains = [
        frozenset(zip(r[name].ids[mine].tolist(), r[name].steps[mine].tolist()))
        for r in runs
        for name in "pq"
        for trial in (0, 1)
        for mine in [r[name].trials == trial]
    ]
    assert len(set(trains)) == 8 and all(len(a & b) < 100 for a in trains for b in trains if a != b)


def test_time_and_step() -> None:
    """In equations t is the step's beginning; in conditions and resets its end."""
    model = sp.NeuronModel(
        "x[t+1] = t : ms; y[t+1] = y : ms; z[t+1] = dt : ms",
        threshold="t >= 1.9*ms and t < 2.1*ms",
        reset="y = t",
    )
    net = sp.Network()
    p = net.add(sp.Population("p", 3, model))
    net.record(p, "x", "y", "z", "spikes")
    result = net.run(3.0, dt=0.5, precision="float64")
    x, y, z = (result["p", name].values[0, :, 0] for name in "xyz")
    assert np.allclose(x, [0, 0.5, 1, 1.5, 2, 2.5])
    assert np.allclose(y, [0, 0, 0, 2, 2, 2])
    assert np.allclose(z, 0.5)
    assert np.allclose(result["p"].times, 2.0)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_sine_and_cosine(precision: str) -> None:
    """Against NumPy, near zero, over many turns, on both sides."""
    x = np.concatenate([np.linspace(-100, 100, 4001), np.linspace(-0.01, 0.01, 21)])
    model = sp.NeuronModel(
        "x[t+1] = x : 1; s[t+1] = sin(x) : 1; c[t+1] = cos(x) : 1", x=x.astype(np.float32)
    )
    tolerance = 3e-7 if precision == "float32" else 1e-14
    exact = x.astype(np.float32).astype(np.float64)
    s = trace(model, len(x), 0.1, "s", precision=precision)[0]
    c = trace(model, len(x), 0.1, "c", precision=precision)[0]
    assert np.abs(s - np.sin(exact)).max() < tolerance
    # The argument is shifted by pi/2 before it is reduced, which costs half a unit of |x|.
    assert np.abs(c - np.cos(exact)).max() < (1e-5 if precision == "float32" else 5e-14)


def test_declared_names_go_first() -> None:
    """A model may call its own things t, rand or xi."""
    model = sp.NeuronModel("x[t+1] = rand + xi : 1", parameters=dict(rand=2.0, xi=3.0))
    assert np.all(trace(model, 2, 0.3, "x") == 5.0)


@pytest.mark.parametrize(
    ("equations", "word"),
    [
        ("dx/dt = -x/tau + xi : mV", "mV/ms"),
        ("dx/dt = -x/tau + sigma*exp(xi*sqrt(tau))*sqrt(1/tau)*sqrt(1/tau) : mV", "added"),
        ("dx/dt = -x/tau + sigma*rand : mV", "mV/ms"),
        ("dx/dt = -x/tau + sigma*xi*xi : mV", "added"),
    ],
)
def test_noise_that_cannot_be_meant(equations: str, word: str) -> None:
    """Noise of a wrong unit, or not as a term with a factor, is refused in words."""
    parameters = dict(tau="10 ms", sigma="1 mV")
    with pytest.raises(EquationError, match=word):
        net = sp.Network()
        net.add(sp.Population("p", 1, sp.NeuronModel(equations, parameters=parameters)))
        net.run(1.0)


def test_half_powers_of_units() -> None:
    """White noise needs the root of a time."""
    root = parse_unit("mV*ms^-0.5")
    assert (root * root).fits(parse_unit("mV^2/ms"))
    assert parse_unit("s^0.5").scale == pytest.approx(math.sqrt(1000))
    assert str(parse_unit("nA*ms^0.5")) == "nA*ms^0.5"


def test_previous_is_held_within_a_step() -> None:
    """A factor of previous(v) leaves an equation linear in v."""
    model = sp.NeuronModel(
        "dv/dt = -v*(1 + exp(previous(v)/scale))/tau : mV",
        parameters=dict(tau="10 ms", scale="10 mV"),
        v=5.0,
    )
    v = trace(model, 1, 0.2, "v", dt=0.1, precision="float64")[:, 0]
    rate = (1 + math.exp(0.5)) / 10.0
    assert v[0] == pytest.approx(5 * math.exp(-rate * 0.1), rel=1e-12)
    second = (1 + math.exp(v[0] / 10)) / 10.0
    assert v[1] == pytest.approx(v[0] * math.exp(-second * 0.1), rel=1e-12)
