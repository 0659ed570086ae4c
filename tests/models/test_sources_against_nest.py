"""Statistics of random sources, noise and escape beside those that NEST's showed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from nest_cases import ABOUT

import spikestack as sp

TRAINS = ABOUT["trains"]
SIZE, MS = 100, 10_000.0


def trains(model: sp.NeuronModel) -> list[np.ndarray]:
    """Spike times of each of `SIZE` sources."""
    net = sp.Network(seed=5)
    p = net.add(sp.Population("p", SIZE, model))
    net.record(p, "spikes")
    record = net.run(MS)["p"]
    return [np.sort(record.times[record.ids == i]) for i in range(SIZE)]


def agree(ours: Any, nest: dict[str, float], name: str, widths: float = 4.0) -> None:
    """Fail unless two means differ by less than `widths` standard errors of the difference."""
    ours = np.asarray(ours)
    own = ours.std(ddof=1) / math.sqrt(len(ours))
    error = math.hypot(max(own, nest[f"{name}_sem"]), nest[f"{name}_sem"])
    assert abs(ours.mean() - nest[name]) < widths * error, (ours.mean(), nest[name], error)


def cv(times: np.ndarray) -> float:
    gaps = np.diff(times)
    return float(gaps.std() / gaps.mean())


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("poisson_generator", lambda p: sp.PoissonSource(rate=p["rate"])),
        (
            "gamma_sup_generator",
            lambda p: sp.GammaSource(rate=p["rate"], order=p["gamma_shape"]),
        ),
        (
            "sinusoidal_poisson_generator",
            lambda p: sp.SinusoidalPoissonSource(
                rate=p["rate"], modulation=p["amplitude"] / p["rate"], frequency=p["frequency"]
            ),
        ),
        (
            "mip_generator",
            lambda p: sp.CorrelatedSource(rate=p["rate"] * p["p_copy"], correlation=p["p_copy"]),
        ),
    ],
)
def test_trains(name: str, model: Any) -> None:
    """Rate and coefficient of variation; correlation; rate by phase."""
    nest = TRAINS[name]
    found = trains(model(nest["parameters"]))
    agree([len(times) / MS * 1e3 for times in found], nest, "rate")
    agree([cv(times) for times in found], nest, "cv")
    if "correlation" in nest:
        counts = np.array([np.histogram(t, np.arange(0, MS + 1, 20.0))[0] for t in found])
        pairs = np.corrcoef(counts)[np.triu_indices(SIZE, 1)]
        assert pairs.mean() == pytest.approx(nest["correlation"], abs=0.04)
    if "by_phase" in nest:
        counts = np.histogram(np.concatenate(found) % 200.0, 10, (0, 200.0))[0]
        seconds = SIZE * MS / 200.0 * 0.02
        error = np.sqrt(2 * np.array(nest["by_phase"]) / seconds)
        assert (np.abs(counts / seconds - nest["by_phase"]) < 4.5 * error).all()


def test_noise_current() -> None:
    """Mean, deviation and correlation of the potential; exact to the held noise of NEST."""
    nest = ABOUT["noise"]
    p = nest["parameters"]
    model = sp.LIF(v_rest=p["E_L"], v=p["E_L"], cm=p["C_m"] / 1e3, tau_m=p["tau_m"], v_thresh=1e6)
    net = sp.Network(seed=5)
    cells = net.add(sp.Population("cells", 400, model))
    net.drive(cells, sp.NoiseCurrent(mean=p["mean"] / 1e3, sd=p["std"] / 1e3, interval=p["dt"]))
    net.record(cells, "v", interval=0.7)
    v = net.run(550.0)["cells", "v"].values[0, 70:].astype(np.float64)
    agree(v.mean(axis=0), nest, "mean")
    agree(v.std(axis=0), nest, "sd")
    centred = v - v.mean()
    lag = (centred[10:] * centred[:-10]).mean() / centred.var()
    assert lag == pytest.approx(nest["correlation_7ms"], abs=0.02)


class Escape(sp.EscapeLIF):
    """The potential moves during the dead time, as in NEST's model."""

    clamped = ()


@pytest.mark.parametrize("current", ABOUT["escape"]["rates"])
def test_escape(current: str) -> None:
    """pp_psc_delta with an exponential rate and a reset to rest."""
    p = ABOUT["escape"]["parameters"]
    model = Escape(
        v_rest=0.0,
        v_reset=0.0,
        v_thresh=0.0,
        cm=p["C_m"] / 1e3,
        tau_m=p["tau_m"],
        rate_thresh=p["c_2"],
        delta_u=1 / p["c_3"],
        tau_refrac=p["dead_time"],
        i_offset=float(current) / 1e3,
    )
    net = sp.Network(seed=5)
    cells = net.add(sp.Population("cells", 200, model))
    net.record(cells, "spikes")
    record = net.run(2100.0)["cells"]
    rates = np.bincount(record.ids[record.times > 100.0], minlength=200) / 2.0
    agree(rates, ABOUT["escape"]["rates"][current], "rate")
