"""Against formulas and independent solvers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import solve_ivp

import spikestack as sp
from spikestack.benchmarks.potjans_diesmann import psp_to_current


def single(model: sp.NeuronModel) -> tuple[sp.Network, sp.Population]:
    """One neuron, all recorded."""
    net = sp.Network()
    p = net.add(sp.Population("p", 1, model))
    net.record(p, "spikes", *model.block.states)
    return net, p


def test_lif_first_spike_and_f_i_curve() -> None:
    """Interval = t_ref + tau ln((R I + E - V_r)/(R I + E - V_th)), for 20 currents at once."""
    currents = np.linspace(0.8, 4.0, 20)
    net = sp.Network()
    cell = sp.LIF(tau_refrac=2.0, i_offset=currents, v_reset=-63.0)
    net.add(sp.Population("p", 20, cell))
    net.record(net["p"], "spikes")
    dt = 0.01
    result = net.run(500.0, dt=dt, precision="float64")
    drive = 20.0 * currents
    to_threshold = 20.0 * np.log((drive - 0.0) / (drive - 15.0))
    interval = 2.0 + 20.0 * np.log((drive - 2.0) / (drive - 15.0))
    for i in range(20):
        times = result["p"].train(i)
        # A spike is stamped at the end of the step in which the threshold is reached.
        assert 0 <= times[0] - to_threshold[i] <= dt + 1e-9
        assert (np.diff(times) - interval[i] >= -1e-9).all()
        assert (np.diff(times) - interval[i] <= dt + 1e-9).all()


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.5, 1.0])
def test_exponential_psp_is_exact_for_any_dt(dt: float) -> None:
    """u(t) = w tau_m tau_s / (C (tau_m - tau_s)) (exp(-t/tau_m) - exp(-t/tau_s))."""
    net, p = single(sp.LIF(v_rest=0.0, v=0.0, v_thresh=1e3, tau_m=20.0, cm=0.25))
    net.drive(p, sp.SpikeTrains([[5.0]], synapse=sp.ExponentialCurrent(tau_syn=2.0, weight=0.1)))
    v = net.run(100.0, dt=dt, precision="float64")["p", "v"]
    t = np.clip(v.times - 5.0, 0.0, None)
    expected = 0.1 * 40.0 / (0.25 * 18.0) * (np.exp(-t / 20.0) - np.exp(-t / 2.0))
    assert np.abs(v.of(0) - expected).max() < 1e-9


@pytest.mark.parametrize("tau_m", [2.0, 2.0 + 1e-9, 20.0])
def test_alpha_psp_even_where_time_constants_agree(tau_m: float) -> None:
    """The textbook formula divides by zero where tau_m = tau_s; the propagator does not."""
    tau_s, w, cm = 2.0, 0.1, 0.25
    net, p = single(sp.LIF(v_rest=0.0, v=0.0, v_thresh=1e3, tau_m=tau_m, cm=cm))
    net.drive(p, sp.SpikeTrains([[1.0]], synapse=sp.AlphaCurrent(tau_syn=tau_s, weight=w)))
    result = net.run(40.0, precision="float64")
    t = np.clip(result["p", "v"].times - 1.0, 0.0, None)
    if tau_m == 20.0:
        a = 1 / tau_s - 1 / tau_m
        expected = (
            w
            * math.e
            / (tau_s * cm)
            * (np.exp(-t / tau_m) / a**2 - np.exp(-t / tau_s) * (t / a + 1 / a**2))
        )
    else:
        expected = w * math.e / (tau_s * cm) * t**2 / 2 * np.exp(-t / tau_s)
    assert np.abs(result["p", "v"].of(0) - expected).max() < 1e-7


def test_psp_conversion_of_the_microcircuit() -> None:
    """0.15 mV needs 87.80849 pA (the published constant), and the peak is really 0.15 mV."""
    assert psp_to_current(0.15) == pytest.approx(0.08780849, abs=5e-9)
    net, p = single(sp.LIF.preset("potjans_diesmann"))
    synapse = sp.ExponentialCurrent(tau_syn=0.5, weight=psp_to_current(0.15))
    net.drive(p, sp.SpikeTrains([[1.0]], synapse=synapse))
    v = net.run(20.0, dt=0.01, precision="float64")["p", "v"].of(0)
    assert v.max() + 65.0 == pytest.approx(0.15, abs=1e-6)


def test_conductance_steady_state() -> None:
    """A held conductance drives v to (g_L E_L + g E)/(g_L + g)."""
    net, p = single(sp.LIF(v_thresh=1e3, tau_refrac=0.0))
    net.drive(
        p,
        sp.SpikeTrains(
            [[0.1]], synapse=sp.ExponentialConductance(tau_syn=1e7, e_rev=0.0, weight=0.05)
        ),
    )
    v = net.run(300.0, precision="float64")["p", "v"].of(0)[-1]
    assert v == pytest.approx(0.05 * -65.0 / (0.05 + 0.05), abs=1e-3)


HH_CURRENT = 10.0


def hh_reference(t_end: float) -> tuple[np.ndarray, np.ndarray]:
    """Hodgkin and Huxley's equations written out anew, solved by scipy to 1e-11."""

    def slopes(_: float, y: np.ndarray) -> list[float]:
        v, m, h, n = y
        am = 0.1 * (v + 40) / (1 - np.exp(-(v + 40) / 10))
        an = 0.01 * (v + 55) / (1 - np.exp(-(v + 55) / 10))
        bm, bn = 4 * np.exp(-(v + 65) / 18), 0.125 * np.exp(-(v + 65) / 80)
        ah, bh = 0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10))
        ionic = 120 * m**3 * h * (v - 50) + 36 * n**4 * (v + 77) + 0.3 * (v + 54.387)
        return [
            HH_CURRENT - ionic,
            am * (1 - m) - bm * m,
            ah * (1 - h) - bh * h,
            an * (1 - n) - bn * n,
        ]

    start = sp.HodgkinHuxley().initial_values
    grid = np.arange(1, round(t_end / 0.01) + 1) * 0.01
    y0 = [start[k] for k in ("v", "m", "h", "n")]
    found = solve_ivp(slopes, (0, t_end), y0, method="DOP853", t_eval=grid, rtol=1e-11, atol=1e-11)
    return grid, found.y[0]


def hh_run(dt: float, method: str, t_end: float = 8.0) -> np.ndarray:
    """v of our neuron under the same current."""
    net, p = single(sp.HodgkinHuxley(method=method))
    net.drive(p, sp.ConstantCurrent(HH_CURRENT))
    return net.run(t_end, dt=dt, precision="float64")["p", "v"].of(0)


def test_hodgkin_huxley_action_potential() -> None:
    """RK4 at 0.01 ms follows scipy's solution within 1e-4 mV over the first spike."""
    _, expected = hh_reference(8.0)
    assert expected.max() > 30.0
    assert np.abs(hh_run(0.01, "rk4") - expected).max() <= 1e-4


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("auto", 2), ("rk4", 4)])
def test_order_of_convergence(method: str, order: int) -> None:
    """Halving dt divides the error by 2 to the power of the scheme's order."""
    _, expected = hh_reference(1.6)
    errors = [np.abs(hh_run(dt, method, 1.6)[-1] - expected[-1]) for dt in (0.04, 0.02, 0.01)]
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert rates == pytest.approx(order, abs=0.35)


def test_exact_integration_does_not_depend_on_dt() -> None:
    """A linear neuron gives the same potential at common times whatever dt (no spikes)."""
    runs = []
    for dt in (0.1, 0.2, 0.5):
        net, p = single(sp.LIF(i_offset=0.5))
        net.drive(p, sp.SpikeTrains([[3.0, 11.0, 12.0]], synapse=sp.AlphaCurrent(weight=0.5)))
        v = net.run(30.0, dt=dt, precision="float64")["p", "v"]
        runs.append(
            v.of(0)[np.isclose(v.times % 1.0, 0.0, atol=1e-9) | np.isclose(v.times % 1.0, 1.0)]
        )
    assert np.abs(runs[0] - runs[1]).max() < 1e-9
    assert np.abs(runs[0] - runs[2]).max() < 1e-9


def test_linear_adaptation_while_refractory() -> None:
    """A second linear variable feels the held potential, not the one that v would have had."""
    model = sp.NeuronModel(
        """dv/dt = (i_syn/cm) - (v - w)/tau : mV
        dw/dt = (v - w)/tau_w : mV""",
        threshold="v >= 10*mV",
        reset="v = v_reset",
        refractory="t_ref",
        parameters=dict(cm="1 nF", tau="10 ms", tau_w="30 ms", t_ref="20 ms", v_reset="2 mV"),
    )
    net, p = single(model)
    net.drive(p, sp.ConstantCurrent(5.0))
    result = net.run(25.0, precision="float64")
    spike = round(result["p"].times[0] / 0.1) - 1
    w = result["p", "w"].of(0)
    after = np.arange(1, 150) * 0.1
    expected = 2.0 + (w[spike] - 2.0) * np.exp(-after / 30.0)
    assert np.abs(w[spike + 1 : spike + 150] - expected).max() < 1e-9


@pytest.mark.parametrize("rate", [5.0, 80.0, 1500.0, 60_000.0])
def test_poisson_counts(rate: float) -> None:
    """Counts per step of the drive follow the Poisson law (chi-square), neurons are independent."""
    net = sp.Network(seed=4)
    p = net.add(sp.Population("p", 300, sp.LIF(v_rest=0.0, v=0.0, v_thresh=1e9, tau_m=1e12)))
    net.drive(p, sp.Poisson(rate, synapse=sp.Delta(weight=1.0)))
    net.record(p, "v")
    v = net.run(100.0, precision="float64")["p", "v"].values[0]
    counts = np.rint(np.diff(v, axis=0, prepend=0.0)).astype(int).ravel()
    mean = rate * 1e-4
    top = int(stats.poisson.ppf(1 - 1e-4, mean)) + 1
    seen = np.bincount(np.minimum(counts, top), minlength=top + 1)
    law = stats.poisson.pmf(np.arange(top + 1), mean)
    law[-1] = 1 - law[:-1].sum()
    keep = law * counts.size >= 5
    observed = np.append(seen[keep], seen[~keep].sum())
    expected = np.append(law[keep], law[~keep].sum()) * counts.size
    if expected[-1] == 0:
        observed, expected = observed[:-1], expected[:-1]
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 1e-3
    by_neuron = counts.reshape(-1, 300).sum(axis=0)
    assert 0.7 < by_neuron.var(ddof=1) / by_neuron.mean() < 1.4


def test_poisson_window_and_seed() -> None:
    """On only between start and stop; another seed gives other events."""

    def times(seed: int) -> np.ndarray:
        net = sp.Network(seed)
        p = net.add(sp.Population("p", 50, sp.SpikeSource()))
        net.drive(p, sp.Poisson(100.0, start=20.0, stop=60.0))
        net.record(p, "spikes")
        return net.run(100.0)["p"].times

    one, other = times(1), times(2)
    assert one.min() > 20.0 and one.max() <= 60.0 + 1e-9
    assert not np.array_equal(one, other)
    assert len(one) == pytest.approx(200, abs=60)


@pytest.mark.parametrize("function", ["tanh", "sinh", "exprel", "exp", "log", "sqrt"])
def test_functions_in_equations(function: str) -> None:
    """Functions of the language agree with NumPy's on both engines."""
    reference = {"exprel": lambda x: np.where(x == 0, 1, np.expm1(x) / np.where(x == 0, 1, x))}
    x = np.concatenate([np.linspace(-8, 8, 401), [1e-9, -1e-7, 0.0]])
    x = np.abs(x) + 1e-3 if function in ("log", "sqrt") else x
    model = sp.NeuronModel(f"y[t+1] = {function}(x) : 1", parameters={"x": 0.0}, dimensionless=True)
    expected = reference.get(function, getattr(np, function, None))(x)  # type: ignore[misc]
    for on in ("reference", "cpu"):
        net = sp.Network()
        m = sp.NeuronModel(
            f"y[t+1] = {function}(x) : 1", parameters={"x": sp.Parameter(x)}, dimensionless=True
        )
        p = net.add(sp.Population("p", len(x), m))
        net.record(p, "y")
        y = net.run(0.1, on=on, precision="float64")["p", "y"].values[0, 0]
        assert np.abs(y - expected).max() <= 4e-15 * max(1.0, np.abs(expected).max())
    assert model.label == "NeuronModel"


def test_integer_operations() -> None:
    """asr shifts with the sign, wrap wraps to so many bits, clip and floor do what they say."""
    x = np.array([-9.0, -8.0, -1.0, 0.0, 5.0, 127.0, 128.0, 300.0])
    model = sp.NeuronModel(
        """a[t+1] = asr(x, 2) : 1
        b[t+1] = wrap(x, 8) : 1
        c[t+1] = clip(x, -5, 100) : 1
        d[t+1] = floor(x/2) : 1""",
        parameters={"x": sp.Parameter(x)},
        dimensionless=True,
    )
    net = sp.Network()
    p = net.add(sp.Population("p", len(x), model))
    net.record(p, *"abcd")
    for on in ("reference", "cpu"):
        result = net.run(0.1, on=on)
        whole = x.astype(int)
        assert np.array_equal(result["p", "a"].values[0, 0], whole >> 2)
        assert np.array_equal(result["p", "b"].values[0, 0], (whole + 128) % 256 - 128)
        assert np.array_equal(result["p", "c"].values[0, 0], np.clip(x, -5, 100))
        assert np.array_equal(result["p", "d"].values[0, 0], np.floor(x / 2))


def test_what_is_held_looks_held() -> None:
    """While v is refractory, another equation sees v where it is held, not where it would go."""
    model = sp.NeuronModel(
        """
        dv/dt = (v_in - v)/tau : mV
        dx/dt = -x*v*v/scale   : 1
        """,
        threshold="v >= v_thresh",
        reset="v = v_in/5",
        refractory="t_ref",
        parameters=dict(
            v_in="10 mV", tau="5 ms", v_thresh="6 mV", t_ref="4 ms", scale="50 mV^2*ms"
        ),
        x=1.0,
    )
    net, _ = single(model)
    result = net.run(8.0, dt=0.1, precision="float64")
    x, v = result["p", "x"].of(0), result["p", "v"].of(0)
    first = int(np.flatnonzero(v == 2.0)[0])
    held = np.diff(np.log(x[first : first + 41]))
    assert np.all(v[first : first + 41] == 2.0)
    assert held == pytest.approx(-0.1 * 4.0 / 50.0, rel=1e-9)
