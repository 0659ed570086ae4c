"""What STDP makes of one cell: two kinds of synapses, a steady rate, and an earlier answer.

A conductance-based cell with a thousand excitatory inputs and two hundred inhibitory ones, as in
Song, Miller and Abbott 2000 (Nat Neurosci 3:919). Excitatory synapses follow `AdditiveSTDP`.

First, all inputs are Poisson trains. Weights part into two groups, near 0 and near the greatest
weight, whatever they were to begin with. The faster the inputs, the more synapses end near 0, so
that the cell's rate depends much less on theirs than it did before.

Then the inputs come in volleys: at every stimulus each fires a burst, some always sooner, some
always later. Early ones cause spikes of the cell and grow, late ones come when it has fired and
shrink. So the answer moves to the beginning of the volley, and gets shorter.

Weights are read and the cell is tested while the synapses are frozen. Each pair of spikes counts
twice as much as in the article, so that less time is needed.

    python latency.py --out latency.png
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure

EXC, INH = 1000, 200  # inputs of each cell
LEAK = 0.01  # uS
W_MAX, W_INH = 0.015 * LEAK, 0.05 * LEAK
RATES = (10.0, 15.0, 20.0, 25.0, 30.0)  # Hz, of excitatory inputs
SAME = 15.0  # Hz, where initial weights are compared
STARTS = {"uniform": sp.Uniform(0.0, W_MAX), "all half": W_MAX / 2, "all greatest": W_MAX}
PERIOD, SPREAD, LENGTH, BURST = 250.0, 15.0, 20.0, 100.0  # ms, ms, ms, Hz: volleys

CELL = sp.LIF(v_rest=-70.0, v=-70.0, v_thresh=-54.0, v_reset=-60.0, tau_m=20.0, cm=20 * LEAK)
RULE = sp.AdditiveSTDP(A_plus=0.01, A_minus=0.0105, w_max=W_MAX)


def volley(latency: np.ndarray) -> sp.NeuronModel:
    """Inputs that fire at 100 Hz for 20 ms in every period, each from its own latency (ms) on."""
    return sp.NeuronModel(
        "after = t - latency - period*floor((t - latency)/period) : ms",
        threshold="rand < (1 - exp(-burst*dt) if after < length else 0)",
        parameters={"latency": "0 ms", "period": "1 ms", "length": "1 ms", "burst": "1 Hz"},
        latency=latency,
        period=PERIOD,
        length=LENGTH,
        burst=BURST,
        name="Volley",
    )


def add_cell(net: sp.Network, name: str, inputs: sp.NeuronModel, weight: Any) -> None:
    """A cell with its own inputs; the projection that learns bears its name."""
    cell = net.add(sp.Population(name, 1, CELL))
    exc = net.add(sp.Population(f"{name} exc", EXC, inputs))
    inh = net.add(sp.Population(f"{name} inh", INH, sp.PoissonSource(rate=10.0)))
    synapse = sp.ExponentialConductance(weight=weight, delay=0.25, tau_syn=5.0, e_rev=0.0)
    net.connect(exc, cell, sp.AllToAll(), synapse, name=name, plasticity=RULE)
    synapse = sp.ExponentialConductance(weight=W_INH, delay=0.25, tau_syn=5.0, e_rev=-70.0)
    net.connect(inh, cell, sp.AllToAll(), synapse)
    net.record(cell, "spikes")


@dataclass
class Steady:
    """Poisson inputs: rates (Hz) before and after by rate of the inputs, and final weights."""

    before: dict[float, float]
    after: dict[float, float]
    weights: dict[str, np.ndarray]  # by name of the cell, in W_MAX


def steady(seconds: float, seed: int, progress: bool | None = None) -> Steady:
    """Cells with Poisson inputs of several rates, and of one rate with several initial weights."""
    net = sp.Network(seed=seed)
    for rate in RATES:
        add_cell(net, f"{rate:g} Hz", sp.PoissonSource(rate=rate), STARTS["uniform"])
    for name, start in STARTS.items():
        add_cell(net, name, sp.PoissonSource(rate=SAME), start)
    sim = sp.Simulation(net, dt=0.25)
    sim.freeze()
    sim.advance(2000.0, progress)
    before = sim.drain()
    sim.thaw()
    sim.advance(seconds * 1000, progress)
    end = sim.time
    last = sim.recording().between(0.8 * end, end)
    names = {rate: f"{rate:g} Hz" for rate in RATES}
    return Steady(
        {rate: before[name].rate() for rate, name in names.items()},
        {rate: last[name].rate() for rate, name in names.items()},
        {name: sim.connections(name).weight / W_MAX for name in (*names.values(), *STARTS)},
    )


@dataclass
class Answer:
    """Volleys: spikes (ms from the middle of the volley) in tests before and after, and weights."""

    latency: np.ndarray  # ms, of each input
    weights: np.ndarray  # in W_MAX
    before: list[np.ndarray]  # one array for each stimulus
    after: list[np.ndarray]


def volleys(seconds: float, tests: int, seed: int, progress: bool | None = None) -> Answer:
    """A cell that is shown the same volley again and again."""
    net = sp.Network(seed=seed)
    key = np.array([seed, 1], dtype=np.uint64)
    latency = np.random.Generator(np.random.Philox(key=key)).normal(0.0, SPREAD, EXC)
    add_cell(net, "cell", volley(latency + PERIOD / 2), W_MAX / 2)
    sim = sp.Simulation(net, dt=0.25)
    answers = []
    for test in (True, False, True):
        (sim.freeze if test else sim.thaw)("cell")
        begin = sim.time
        stimuli = tests if test else round(seconds * 1000 / PERIOD)
        sim.advance(stimuli * PERIOD, progress)
        times = sim.drain()["cell"].times - begin
        of = (times // PERIOD).astype(int)
        answers.append([times[of == k] - k * PERIOD - PERIOD / 2 for k in range(stimuli)])
    return Answer(latency, sim.connections("cell").weight / W_MAX, answers[0], answers[2])


def bimodality(weights: np.ndarray) -> tuple[float, float]:
    """Shares of weights in the lowest and in the highest fifth; the rest lie between."""
    return float((weights < 0.2).mean()), float((weights > 0.8).mean())


def first_spikes(tests: list[np.ndarray]) -> np.ndarray:
    """Latencies (ms) of the answers in the tests."""
    return np.array([times[0] for times in tests if len(times)])


def key_numbers(rates: Steady, answer: Answer) -> dict[str, float]:
    """What the figure shows, in a line."""
    low, high = bimodality(rates.weights["uniform"])
    distributions = [np.sort(rates.weights[name]) for name in STARTS]
    apart = max(float(np.abs(d - distributions[0]).mean()) for d in distributions[1:])
    found = {
        "weights_low": low,
        "weights_high": high,
        "apart_by_start": apart,
        "rate_ratio_before": rates.before[RATES[-1]] / max(rates.before[RATES[1]], 0.1),
        "rate_ratio_after": rates.after[RATES[-1]] / rates.after[RATES[1]],
        "rate_at_15_hz": rates.after[RATES[1]],
        "rate_at_30_hz": rates.after[RATES[-1]],
        "latency_before_ms": first_spikes(answer.before).mean(),
        "latency_after_ms": first_spikes(answer.after).mean(),
        "spikes_before": np.mean([len(times) for times in answer.before]),
        "spikes_after": np.mean([len(times) for times in answer.after]),
    }
    return {name: round(float(value), 3) for name, value in found.items()}


def draw(rates: Steady, answer: Answer) -> Any:
    """Weights, rates, and answers."""
    figure = new_figure(7.2, 4.6)
    axes = figure.subplots(2, 3)
    titles = ("any start, 15 Hz inputs", "faster inputs", "rate of the cell")
    for ax, letter, title in zip(
        axes.flat, "ABCDEF", (*titles, "volleys: before", "volleys: after", "weights after")
    ):
        dress(ax)
        ax.set_title(f"$\\bf{{{letter}}}$  {title}", size=8, loc="left", color=INK)
    draw_weights(axes[0, 0], {name: rates.weights[name] for name in STARTS})
    some = {f"{rate:g} Hz": rates.weights[f"{rate:g} Hz"] for rate in RATES[::2]}
    draw_weights(axes[0, 1], some)
    for found, label, colour in (
        (rates.before, "before", FAINT),
        (rates.after, "after", COLORS[0]),
    ):
        axes[0, 2].plot(list(found), list(found.values()), "o-", ms=3, color=colour, label=label)
    axes[0, 2].set(xlabel="rate of the inputs (Hz)", ylabel="rate of the cell (Hz)", yscale="log")
    axes[0, 2].legend(frameon=False, fontsize=8)
    for ax, tests, colour in zip(axes[1], (answer.before, answer.after), (FAINT, COLORS[0])):
        draw_answers(ax, tests, colour)
    axes[1, 2].plot(answer.latency, answer.weights, ".", ms=2, color=COLORS[0])
    axes[1, 2].set(xlabel="latency of the input (ms)", ylabel="weight / greatest", xlim=(-50, 50))
    return figure


def draw_weights(ax: Any, shown: dict[str, np.ndarray]) -> None:
    """Histograms of weights by name."""
    edges = np.linspace(0.0, 1.0, 21)
    for (name, weights), colour in zip(shown.items(), COLORS):
        heights = 100 * np.histogram(weights, edges)[0] / len(weights)
        ax.stairs(heights, edges, color=colour, linewidth=1.2, label=name)
    ax.set(xlabel="weight / greatest", ylabel="synapses (%)", xlim=(0, 1))
    ax.legend(frameon=False, fontsize=7)


def draw_answers(ax: Any, tests: list[np.ndarray], colour: str) -> None:
    """Spikes of the cell, a row for each stimulus, and the mean of the first."""
    for row, times in enumerate(tests):
        ax.plot(times, np.full(len(times), row), "|", ms=2.5, mew=0.8, color=colour)
    ax.axvline(first_spikes(tests).mean(), color=COLORS[1], linewidth=1.0)
    ax.set(xlabel="time in the volley (ms)", ylabel="stimulus", xlim=(-50, 50))


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Run, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="less learning")
    parser.add_argument("--out", default="latency.png", help="file of the figure")
    given = parser.parse_args(arguments)
    rates = steady(15.0 if given.quick else 250.0, seed=1)
    answer = volleys(20.0 if given.quick else 100.0, 10 if given.quick else 40, seed=1)
    draw(rates, answer).savefig(given.out, dpi=150)
    found = key_numbers(rates, answer)
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
