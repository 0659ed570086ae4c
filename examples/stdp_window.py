"""The window of spike-timing-dependent plasticity, measured from pairs of spikes.

For each rule a row of synapses is given pairs of spikes, each synapse at a distance of its own,
from -80 to 80 ms; all rules and distances run at once in one network. The change of the weight over
the distance is drawn beside its closed form. The distance is that between the spikes themselves
(target minus source); what a rule sees is the distance at the synapse, so a dendritic delay, which
holds the target's spike up on its way back, moves the window to the left by as much.

Single pairs do not tell rules apart that differ in how they add up many. So there are trains of
pairs too: `NearestSTDP` forgets all but the last spike, `TripletSTDP` (Pfister and Gerstner 2006)
turns from depression to potentiation as pairs come faster, and in `GraupnerBrunel` (2012) the
window follows from how long calcium stays above two thresholds.

    python stdp_window.py --out window.png
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure

REACH, STEP = 80.0, 0.1  # ms: the greatest distance; the axonal delay, one step
START = 100.0  # ms: the first pair's source
W_MAX = 0.2  # far below what makes a spike source fire: pairs alone decide when targets do

Curve = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Protocol:
    """Pairs of spikes under one rule, and the closed form of what they do."""

    name: str
    rule: sp.PlasticityRule
    closed: Curve  # change at distances (ms) at the synapse, as a share of w_max
    pairs: int = 1
    rate: float = 1.0  # Hz
    back: float = 0.0  # ms, dendritic delay


def additive(rule: Any, pairs: int = 1, rate: float = 1.0, nearest: bool = False) -> Curve:
    """A sum over pairs: each spike with all before it, or with the last one of the other side."""
    v = rule.values

    def change(apart: np.ndarray) -> np.ndarray:
        k = np.arange(pairs)
        lag = apart[:, None, None] + (k[:, None] - k) * 1e3 / rate  # (distance, target, source)
        up = np.where(lag > 0, np.exp(-np.maximum(lag, 0) / v["tau_plus"]), 0)
        down = np.where(lag < 0, np.exp(np.minimum(lag, 0) / v["tau_minus"]), 0)
        if nearest:
            up, down = up.max(axis=2), down.max(axis=1)
        total = v["A_plus"] * up.reshape(len(apart), -1).sum(axis=1)
        return total - v["A_minus"] * down.reshape(len(apart), -1).sum(axis=1)

    return change


def anti_hebbian(rule: Any) -> Curve:
    """One pair, signs exchanged."""
    v = rule.values
    return lambda apart: np.where(
        apart > 0,
        -v["A_minus"] * np.exp(-np.abs(apart) / v["tau_minus"]),
        v["A_plus"] * np.exp(-np.abs(apart) / v["tau_plus"]),
    )


def triplet(rule: Any, pairs: int, rate: float) -> Curve:
    """Sums over pairs and triplets of spikes: traces are sums over the spikes before."""
    v = rule.values

    def trace(lags: np.ndarray, tau: float) -> np.ndarray:
        return np.where(lags > 1e-9, np.exp(-np.maximum(lags, 0) / tau), 0).sum(axis=-1)

    def change(apart: np.ndarray) -> np.ndarray:
        k = np.arange(pairs) * 1e3 / rate
        same = k[:, None] - k  # from each spike back to those of its own side
        lag = apart[:, None, None] + same
        r_1, r_2 = trace(lag, v["tau_plus"]), trace(same, v["tau_x"])
        o_1, o_2 = trace(-lag.swapaxes(1, 2), v["tau_minus"]), trace(same, v["tau_y"])
        up = r_1 * (v["A2_plus"] + v["A3_plus"] * o_2)
        return (up - o_1 * (v["A2_minus"] + v["A3_minus"] * r_2)).sum(axis=1)

    return change


def calcium(rule: Any, pairs: int) -> Curve:
    """From how long each jump of calcium lasts above the thresholds; bistability aside."""
    v = rule.values

    def change(apart: np.ndarray) -> np.ndarray:
        gap = np.abs(apart - v["D"])
        first = np.where(apart < v["D"], v["C_post"], v["C_pre"])
        peak = v["C_pre"] + v["C_post"] - first + first * np.exp(-gap / v["tau_ca"])
        phases = []
        for calcium, end in ((first, gap), (peak, np.inf)):
            both, lower = (
                np.minimum(v["tau_ca"] * np.log(np.maximum(calcium / v[theta], 1)), end)
                for theta in ("theta_p", "theta_d")
            )
            phases += [(both, v["gamma_p"]), (lower - both, 0.0)]
        rho = np.full(len(apart), 0.5)
        for length, gamma in phases * pairs:
            total = gamma + v["gamma_d"]
            rho = gamma / total + (rho - gamma / total) * np.exp(-length * total / v["tau"])
        return rho - 0.5

    return change


def protocols() -> list[Protocol]:
    """All that is measured, by name."""
    hebb, near = sp.AdditiveSTDP(w_max=W_MAX), sp.NearestSTDP(w_max=W_MAX)
    anti, three = sp.AntiHebbianSTDP(w_max=W_MAX), sp.TripletSTDP(w_max=W_MAX)
    slow = sp.GraupnerBrunel(w_max=W_MAX, sigma=0.0, interval=STEP)
    made = [
        Protocol(f"additive, {back:g} ms", hebb, additive(hebb), back=back)
        for back in (0.0, 10.0, 20.0)
    ]
    made.append(Protocol("anti-Hebbian", anti, anti_hebbian(anti)))
    made.append(Protocol("all pairs", hebb, additive(hebb, 10, 40.0), pairs=10, rate=40.0))
    found = additive(near, 10, 40.0, nearest=True)
    made.append(Protocol("nearest", near, found, pairs=10, rate=40.0))
    for rate in (1.0, 20.0):
        name, found = f"triplets, {rate:g} Hz", triplet(three, 10, rate)
        made.append(Protocol(name, three, found, pairs=10, rate=rate))
    made.append(Protocol("calcium", slow, calcium(slow, 5), pairs=5))
    return made


def measure(tests: list[Protocol], apart: np.ndarray) -> dict[str, np.ndarray]:
    """The change by name, as a share of w_max, by spikes `apart` ms from source to target."""
    net = sp.Network(seed=1)
    end = 0.0
    for number, test in enumerate(tests):
        k = np.arange(test.pairs) * 1e3 / test.rate
        ids = np.repeat(np.arange(len(apart)), test.pairs)
        times = START + np.tile(k, len(apart))
        # The source's spike is at the synapse a step late; so is the target's, to make up for it.
        sides = {"pre": times, "post": times + np.repeat(apart, test.pairs) + STEP}
        for side, when in sides.items():
            cells = net.add(sp.Population(f"{side}-{number}", len(apart), sp.SpikeSource()))
            net.drive(cells, sp.SpikeTrains(when, ids))
        net.connect(
            net[f"pre-{number}"],
            net[f"post-{number}"],
            sp.OneToOne(),
            sp.Delta(weight=W_MAX / 2, delay=STEP, dendritic_delay=test.back),
            plasticity=test.rule,
            name=test.name,
        )
        end = max(end, float(times.max()))
    sim = sp.Simulation(net, dt=STEP, precision="float64")
    sim.advance(round(end) + 4 * REACH)
    return {test.name: sim.connections(test.name).weight / W_MAX - 0.5 for test in tests}


def differences(
    tests: list[Protocol], apart: np.ndarray, found: dict[str, np.ndarray]
) -> dict[str, float]:
    """The greatest difference to the closed form, as a share of the greatest change."""
    made = {}
    for test in tests:
        line = test.closed(apart + test.back)
        # Spikes that meet at the synapse are not paired, which the closed form leaves open.
        meet = np.abs(apart + test.back) < STEP / 2
        worst = np.abs(found[test.name] - line)[~meet].max()
        made[test.name] = float(worst / np.abs(line).max())
    return made


#: Title of each panel, and the protocols in it with their labels.
PANELS = {
    "one pair: AdditiveSTDP": {"additive, 0 ms": ""},
    "the same, by dendritic delay": {
        "additive, 0 ms": "0 ms",
        "additive, 10 ms": "10 ms",
        "additive, 20 ms": "20 ms",
    },
    "one pair: AntiHebbianSTDP": {"anti-Hebbian": ""},
    "10 pairs at 40 Hz": {"all pairs": "AdditiveSTDP", "nearest": "NearestSTDP"},
    "10 pairs: TripletSTDP": {"triplets, 1 Hz": "1 Hz", "triplets, 20 Hz": "20 Hz"},
    "5 pairs: GraupnerBrunel": {"calcium": ""},
}


def draw(tests: list[Protocol], apart: np.ndarray, found: dict[str, np.ndarray]) -> Any:
    """Points as measured, lines as they should be."""
    figure = new_figure(7.2, 4.6)
    known = {test.name: test for test in tests}
    fine = np.arange(-REACH, REACH, 0.2) + 0.1
    axes = figure.subplots(2, 3)
    for ax, letter, (title, shown) in zip(axes.flat, "ABCDEF", PANELS.items()):
        dress(ax)
        for line in (ax.axhline, ax.axvline):
            line(0.0, color=FAINT, linewidth=0.6)
        for colour, (name, label) in zip(COLORS, shown.items()):
            curve = 100 * known[name].closed(fine + known[name].back)
            # A jump is a gap in the line.
            curve[1:][np.abs(np.diff(curve)) > 0.3 * np.ptp(curve)] = np.nan
            ax.plot(fine, curve, color=colour, linewidth=1.0)
            ax.plot(apart, 100 * found[name], "o", ms=1.8, color=colour, label=label)
        if len(shown) > 1:
            ax.legend(frameon=False, fontsize=7, handletextpad=0.1, borderpad=0.1)
        ax.set_title(f"$\\bf{{{letter}}}$  {title}", size=8, loc="left", color=INK)
        # Beyond half of the time between pairs the windows repeat themselves.
        reach = min([REACH] + [500 / known[n].rate for n in shown if known[n].pairs > 1])
        ax.set_xlim(-reach, reach)
        inside = np.abs(apart) <= reach
        top = max(np.abs(100 * found[name][inside]).max() for name in shown)
        ax.set_ylim(-1.25 * top, 1.25 * top)
    for ax in axes[:, 0]:
        ax.set_ylabel("weight change (% of w_max)")
    for ax in axes.flat:
        ax.set_xlabel("target minus source (ms)")
    return figure


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Measure, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few distances")
    parser.add_argument("--out", default="stdp_window.png", help="file of the figure")
    given = parser.parse_args(arguments)
    tests = protocols()
    apart = np.arange(-REACH, REACH + 1, 10.0 if given.quick else 1.0)
    found = measure(tests, apart)
    draw(tests, apart, found).savefig(given.out, dpi=150)
    worst = differences(tests, apart, found)
    print(json.dumps({"synapses": len(tests) * len(apart), "largest_difference": worst}))
    return worst


if __name__ == "__main__":
    main()
