"""Inhibition that learns balances a network, and hides two memories in it that a cue recalls.

Inhibitory synapses onto excitatory cells follow `VogelsSprekeler` (Vogels et al. 2011, Science
334:1569). They begin weak, so that the network fires too much; they grow until every excitatory
cell fires at about 5 Hz, irregularly. Then the excitatory synapses within two groups of cells are
made eight times as strong. At once both assemblies fire more than the others, inhibition grows on
them until they do not, and nothing in their rates betrays them. But when a quarter of one assembly
is stimulated, the other three quarters join in, and the other assembly does not.

The first network is read back, synapse by synapse, and described anew with what it has learned and
the stronger synapses; it goes on learning, and is frozen while the cues last. Inhibition learns
faster than in the article, where this takes minutes.

    python assemblies.py --out assemblies.png
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure

SOURCES = 200  # of each cell, a fifth of them inhibitory
RATE, SPEED = 5.0, 1e-4  # Hz; uS, the learning rate of inhibition
EXC, INH, FIRST, MOST = 0.0003, 0.003, 0.001, 0.03  # uS: weights; inhibition at first, at most
STRONGER, SHARE, CUED = 8.0, 20, 4  # times; an assembly is 1/20 of the cells, a quarter is cued
CUE, LENGTH, REST = 500.0, 300.0, 700.0  # Hz, ms, ms between cues

CELL = sp.LIF.preset("vogels_abbott", i_offset=0.2, v=sp.Uniform(-60.0, -50.0))


@dataclass(frozen=True)
class Phases:
    """Size of the network, and ms of each part."""

    cells: int = 10_000
    balance: float = 20_000.0
    settle: float = 10_000.0


@dataclass
class Edges:
    """Synapses as they are in one network, to describe them in another."""

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray  # uS


def excitation(weight: Any) -> sp.Synapse:
    """A synapse of excitatory cells."""
    return sp.ExponentialConductance(weight=weight, delay=1.0, tau_syn=5.0, e_rev=0.0)


def inhibition(weight: Any) -> sp.Synapse:
    """A synapse of inhibitory cells."""
    return sp.ExponentialConductance(weight=weight, delay=1.0, tau_syn=10.0, e_rev=-80.0)


def network(cells: int, seed: int, known: dict[str, Edges] | None = None) -> sp.Network:
    """The network, with the synapses that are `known` by projection; the others are drawn alike."""
    net = sp.Network(seed=seed)
    sides = {
        "exc": net.add(sp.Population("exc", cells * 4 // 5, CELL)),
        "inh": net.add(sp.Population("inh", cells // 5, CELL)),
    }
    kinds = {"exc": (excitation, EXC), "inh": (inhibition, INH)}
    for pre, post in ((p, q) for p in sides for q in sides):
        name, (kind, weight) = f"{pre}->{post}", kinds[pre]
        learns = name == "inh->exc"
        rule: sp.Rule = sp.FixedProbability(SOURCES / cells)
        value: Any = FIRST if learns else weight
        if known and name in known:
            rule, value = sp.FromArrays(known[name].pre, known[name].post), known[name].weight
        plasticity = sp.VogelsSprekeler(rate=RATE, eta=SPEED, w_max=MOST) if learns else None
        net.connect(sides[pre], sides[post], rule, kind(value), plasticity=plasticity)
    for which, place in enumerate("AB"):
        at = which * size(cells)
        cue = sp.Poisson(0.0, synapse=excitation(0.001), highest=CUE)
        net.drive(sides["exc"][at : at + size(cells) // CUED], cue, name=f"cue {place}")
    for side in sides.values():
        net.record(side, "spikes")
    return net


def size(cells: int) -> int:
    """Cells of an assembly; that of A begins at 0, that of B follows."""
    return cells * 4 // 5 // SHARE


def edges(sim: sp.Simulation, name: str) -> Edges:
    """The synapses of a projection as they are now."""
    found = sim.connections(name)
    return Edges(found.pre, found.post, found.weight)


def with_memories(found: Edges, cells: int) -> Edges:
    """The same, stronger within both assemblies."""
    one, other = found.pre // size(cells), found.post // size(cells)
    inside = (one == other) & (one < 2)
    return Edges(found.pre, found.post, np.where(inside, STRONGER, 1.0) * found.weight)


@dataclass
class Outcome:
    """What a run found."""

    cells: int
    balancing: sp.Recording
    settling: sp.Recording
    recalling: sp.Recording
    weights: np.ndarray  # uS, of inhibition onto excitatory cells, settled
    onto: np.ndarray  # target of each of them


def experiment(phases: Phases, seed: int = 1, progress: bool | None = None) -> Outcome:
    """Balance, store, settle, recall."""
    first = sp.Simulation(network(phases.cells, seed))
    first.advance(phases.balance, progress)
    known = {name: edges(first, name) for name in ("exc->exc", "inh->exc")}
    known["exc->exc"] = with_memories(known["exc->exc"], phases.cells)
    second = sp.Simulation(network(phases.cells, seed, known))
    second.advance(phases.settle, progress)
    settling = second.drain()
    after = edges(second, "inh->exc")
    second.freeze()
    second.advance(REST / 2, progress)
    for place in "AB":
        second.set(f"cue {place}", CUE)
        second.advance(LENGTH, progress)
        second.set(f"cue {place}", 0.0)
        second.advance(REST, progress)
    records = first.recording(), settling, second.recording()
    return Outcome(phases.cells, *records, after.weight, after.post)


def cues(out: Outcome) -> list[tuple[float, float]]:
    """Begin and end (ms) of both cues."""
    start = out.settling["exc"].duration + REST / 2
    return [(t, t + LENGTH) for t in (start, start + LENGTH + REST)]


def groups(out: Outcome) -> dict[str, slice]:
    """Excitatory cells by what they are."""
    n = size(out.cells)
    return {
        "A, cued": slice(0, n // CUED),
        "A, the rest": slice(n // CUED, n),
        "B, cued": slice(n, n + n // CUED),
        "B, the rest": slice(n + n // CUED, 2 * n),
        "others": slice(2 * n, None),
    }


def recalled(out: Outcome) -> list[dict[str, float]]:
    """Mean rates (Hz) of the groups during both cues."""
    found = []
    for start, stop in cues(out):
        rates = out.recalling["exc"].rates(start, stop)
        found.append({name: float(rates[group].mean()) for name, group in groups(out).items()})
    return found


def key_numbers(out: Outcome) -> dict[str, float]:
    """What the figure shows, in a line."""
    end = out.balancing["exc"].duration
    late = out.balancing.between(end / 2, end)["exc"]
    settling, members = out.settling["exc"], slice(0, 2 * size(out.cells))
    stored = settling.rates(0.0, 500.0)[members].mean()
    settled = settling.rates(settling.duration - 2000.0)[members].mean()
    a, b = recalled(out)
    onto = out.onto < 2 * size(out.cells)
    found = {
        "rate_at_first_hz": out.balancing["exc"].rate(0.0, 500.0),
        "rate_hz": late.rate(),
        "cv": np.nanmean(late.cv()),
        "assemblies_stored_hz": stored,
        "assemblies_settled_hz": settled,
        "inhibition_onto_assemblies_ns": 1e3 * out.weights[onto].mean(),
        "inhibition_onto_others_ns": 1e3 * out.weights[~onto].mean(),
        "recall_a_hz": a["A, the rest"],
        "recall_b_hz": b["B, the rest"],
        "other_assembly_hz": (a["B, the rest"] + b["A, the rest"]) / 2,
        "others_hz": (a["others"] + b["others"]) / 2,
    }
    return {name: round(float(value), 3) for name, value in found.items()}


def draw(out: Outcome) -> Any:
    """Rates over time, inhibitory weights, and a recall."""
    figure = new_figure(7.2, 5.4)
    axes = figure.subplots(2, 2, width_ratios=[2.2, 1])
    for ax, letter in zip(axes.flat, "ABCD"):
        dress(ax)
        ax.set_title(f"$\\bf{{{letter}}}$", size=9, loc="left", color=INK)
    draw_rates(axes[0, 0], out)
    draw_weights(axes[0, 1], out)
    draw_raster(axes[1, 0], out)
    draw_recall(axes[1, 1], out)
    return figure


def draw_rates(ax: Any, out: Outcome) -> None:
    """Rates of the assemblies and of all others, until the first cue."""
    n, total, width = size(out.cells), out.cells * 4 // 5, 200.0
    split = out.balancing["exc"].duration
    ends = {"assembly A": (0, n), "assembly B": (n, 2 * n), "others": (2 * n, total)}
    for (name, (low, high)), colour in zip(ends.items(), (COLORS[0], COLORS[1], COLORS[6])):
        for part, start in ((out.balancing["exc"], 0.0), (out.settling["exc"], split)):
            bins = np.arange(0.0, part.duration + width / 2, width)
            times = part.times[(part.ids >= low) & (part.ids < high)]
            rates = np.histogram(times, bins)[0] / ((high - low) * width * 1e-3)
            label = "" if start else name
            ax.plot((start + bins[:-1] + width / 2) / 1e3, rates, color=colour, lw=1, label=label)
    ax.axhline(RATE, color=FAINT, linewidth=0.8, linestyle=":")
    ax.axvline(split / 1e3, color=INK, linewidth=0.8, linestyle="--")
    ax.text(split / 1e3, 38.0, "memories stored ", size=8, ha="right", color=INK)
    ax.set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, 40), xlim=(0, None))
    ax.set_title("  excitatory rates; dotted: what inhibition aims at", size=8, color=INK)
    ax.legend(frameon=False, fontsize=8, loc="center left")


def draw_weights(ax: Any, out: Outcome) -> None:
    """Inhibitory weights onto excitatory cells, once the memories have settled."""
    members = out.onto < 2 * size(out.cells)
    shown = {
        "onto assemblies": (out.weights[members], COLORS[1]),
        "onto others": (out.weights[~members], COLORS[6]),
    }
    edges = np.linspace(0.0, 8.0, 60)
    for name, (weights, colour) in shown.items():
        heights = np.histogram(1e3 * weights, edges, density=True)[0]
        ax.stairs(heights, edges, color=colour, label=name, linewidth=1.2)
    ax.axvline(1e3 * FIRST, color=INK, linewidth=0.8, linestyle="--")
    high = ax.get_ylim()[1]
    ax.text(1e3 * FIRST, high, "at first ", size=8, color=INK, ha="right", va="top", rotation=90)
    ax.set(xlabel="inhibitory weight (nS)", ylabel="density (1/nS)", xlim=(0, 8))
    ax.legend(frameon=False, fontsize=7)


def draw_raster(ax: Any, out: Outcome, each: int = 40) -> None:
    """Some cells of each group around both cues."""
    (first, _), (_, last) = spans = cues(out)
    spikes = out.recalling["exc"]
    step = max(size(out.cells) // (2 * each), 1)
    for place, (group, colour) in enumerate(
        zip(groups(out).values(), (COLORS[0], COLORS[5], COLORS[1], COLORS[4], COLORS[6]))
    ):
        rows = np.arange(group.start, group.start + each * step)[:: step if place % 2 else 1][:each]
        for row, cell in enumerate(rows):
            train = spikes.train(int(cell)) - first
            at = place * (each + 6) + row
            ax.plot(train, np.full(len(train), at), "|", ms=1.6, mew=0.6, color=colour)
    ax.set_yticks([place * (each + 6) + each / 2 for place in range(5)], list(groups(out)))
    for start, stop in spans:
        ax.axvspan(start - first, stop - first, color=FAINT, alpha=0.15, lw=0)
    ax.set(xlabel="time from the first cue (ms)", xlim=(-200.0, last - first + 300.0))
    ax.set_ylim(-4, 5 * (each + 6))
    ax.tick_params(axis="y", length=0)


def draw_recall(ax: Any, out: Outcome) -> None:
    """Mean rates during both cues."""
    names, found = list(groups(out)), recalled(out)
    for shift, rates, colour, label in zip((-0.2, 0.2), found, COLORS, ("A", "B")):
        heights = [rates[name] for name in names]
        ax.barh(np.arange(5) + shift, heights, 0.36, color=colour, label=f"{label} is cued")
    ax.set_yticks(range(5), names)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="rate during the cue (Hz)")
    ax.legend(frameon=False, fontsize=8, loc="upper right")


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Run, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer cells, for less long")
    parser.add_argument("--out", default="assemblies.png", help="file of the figure")
    given = parser.parse_args(arguments)
    out = experiment(Phases(2000, 4000.0, 3000.0) if given.quick else Phases())
    draw(out).savefig(given.out, dpi=150)
    found = key_numbers(out)
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
