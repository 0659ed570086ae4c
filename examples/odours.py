"""Odours learned from one sniff each and recalled through noise, by an olfactory bulb.

A made-up nose of 72 sensors (`ENose`) smells ten odours once. Mitral cells, one for each sensor,
fire once in a gamma cycle of 25 ms, the sooner the stronger their sensor answers among all. Each
odour gets new granule cells. One fires if six spikes of its mitral cells reach it at once, and
keeps the synapses that brought them; then it keeps those of its delays after which inhibition ends
just as the odour makes a mitral cell fire. Later a part of the sensors says something else. Granule
cells that still get four of theirs hold mitral cells back until the odour would make them fire,
which wakes more granule cells of the same odour in the next cycle. After Imam and Cleland 2020, Nat
Mach Intell 2:181; docs/olfactory_bulb.md says what is different here.

    python examples/odours.py                # three seeds, less than a minute, and a figure
    python examples/odours.py --quick        # four odours, one seed, a few seconds
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure
from spikestack.sensors.smell import ENose

DT = 0.5  # ms: a phase of the cycle; all times below are in such steps
CYCLE, PHASES, CYCLES = 50, 12, 5  # length; phases in which mitral cells fire; cycles of a sniff
SENSORS, SILENT = 72, 12  # so many of the weakest do not fire
CELLS, FAN_IN, FAN_OUT = 600, 36, 14  # new granule cells for an odour, and their mitral cells
NEW, LEARNED = 6, 4  # spikes at once that fire a granule cell before and after it has learned
LATEST = 8  # greatest delay from a mitral to a granule cell
ONSET, SETTLED = 24, 48  # delay of inhibition; where in the cycle all of it has come
FEW = 5  # granule cells that are too few to hold a mitral cell
KNOWN = 0.75  # Jaccard index above which an odour counts as known
NOISES = (0.0, 0.2, 0.4, 0.6, 0.8)  # shares of sensors that say anything

#: Fires once a cycle: where input and rhythm meet, or, if held, when half of what holds it is gone.
MITRAL = sp.NeuronModel(
    """
    phase = (t - cycle*floor(t/cycle))/dt                : 1
    level[t+1] = i_syn/unit                              : 1
    held[t+1]  = where(phase == over, 0, held)           : mV
    most[t+1]  = where(phase == settled, held, most)     : mV
    fired[t+1] = where(phase == over, 0, fired)          : 1
    v[t+1]     = v                                       : mV
    """,
    threshold="(0 < phase <= phases and fired < 0.5 and level > 0 and"
    " ((most < few and level + phase > phases + 0.5) or (most >= few and held <= 0.5*most)))",
    reset="fired = 1",
    compartments={"spine": ("held", "i_spine")},
    parameters={
        "cycle": f"{CYCLE * DT} ms",
        "unit": "1 nA",
        "phases": float(PHASES),
        "over": float(PHASES + LATEST + 2),
        "settled": float(SETTLED),
        "few": f"{FEW} mV",
    },
    name="Mitral",
)
#: Forgets within a step or so, and fires once a cycle.
GRANULE = sp.LIF(tau_m=0.2, v_rest=0.0, v_reset=0.0, v_thresh=1.0, tau_refrac=15.0)
#: Counts steps since a spike of the source. A spike takes a step to the target, which fires at
#: once and tells the synapse a step later: whoever made it fire came two steps ago.
STEPS = {
    "pre_traces": "since[t+1] = since + 1 : 1",
    "pre_spike": "since = 0",
    "initial": {"since": 1000.0},
}
#: The first time a granule cell fires, synapses that took part grow, all others go.
TOGETHER = sp.PlasticityRule(
    name="Together",
    on_post="w = w if signal < 0.5 else where(since == 2, w_max, w_min)",
    w_max=1.05 / LEARNED,
    **STEPS,
)
#: Of many delays, those remain that end inhibition as the mitral cell fires.
RELEASE = sp.PlasticityRule(
    name="Release",
    on_post="w = w if signal < 0.5 else where(since == 2, w_min, w)",
    w_min=-1.0,
    w_max=0.0,
    **STEPS,
)


@dataclass
class Cells:
    """Granule cells that have learned, with all their synapses, one in a column."""

    count: int
    inputs: np.ndarray  # mitral cell, granule cell, delay
    holds: np.ndarray  # granule cell, mitral cell
    releases: np.ndarray  # granule cell, mitral cell, delay

    def joined(self, new: Cells) -> Cells:
        """These, and new ones behind them."""

        def behind(old: np.ndarray, more: np.ndarray, row: int) -> np.ndarray:
            shift = np.where(np.arange(len(more)) == row, self.count, 0)[:, None]
            return np.hstack([old, np.add(more, shift)])

        return Cells(
            self.count + new.count,
            behind(self.inputs, new.inputs, 1),
            behind(self.holds, new.holds, 0),
            behind(self.releases, new.releases, 0),
        )


def no_cells() -> Cells:
    """Nothing learned yet."""
    return Cells(0, *(np.zeros((rows, 0), dtype=np.int64) for rows in (3, 2, 3)))


def bulb(seed: int, known: Cells, young: int = 0) -> sp.Network:
    """Mitral cells, granule cells that have learned, and young ones that are about to."""
    net = sp.Network(seed)
    mitral = net.add(sp.Population("mitral", SENSORS, MITRAL))
    net.drive(mitral, sp.ExternalCurrent(), name="odour")
    net.record(mitral, "spikes")
    if known.count:
        cells = net.add(sp.Population("granule", known.count, GRANULE))
        net.record(cells, "spikes")
        pre, post, late = known.inputs
        excite = sp.Delta(weight=1.05 / LEARNED, delay=late * DT)
        net.connect(mitral, cells, sp.FromArrays(pre, post), excite)
        hold = sp.Delta(weight=1.0, delay=ONSET * DT, compartment="spine")
        net.connect(cells, mitral, sp.FromArrays(*known.holds), hold, name="hold")
        pre, post, late = known.releases
        release = sp.Delta(weight=-1.0, delay=late * DT, compartment="spine")
        net.connect(cells, mitral, sp.FromArrays(pre, post), release, name="release")
    if young:
        add_young(net, mitral, young, rng=numbers(seed, "young", known.count))
    return net


def add_young(net: sp.Network, mitral: sp.Population, n: int, rng: np.random.Generator) -> None:
    """New granule cells, joined at random; learning is let on for a cycle by a signal each."""
    cells = net.add(sp.Population("young", n, GRANULE))
    net.record(cells, "spikes")
    chosen = np.stack([rng.permutation(SENSORS) for _ in range(n)])
    pre, each = chosen[:, :FAN_IN].ravel(), np.arange(n)
    late = DT * rng.integers(0, LATEST, len(pre))
    first, third = sp.Signal([0.0, CYCLE * DT], [1, 0]), sp.Signal([2 * CYCLE * DT], [1])
    net.connect(
        mitral,
        cells,
        sp.FromArrays(pre, each.repeat(FAN_IN)),
        sp.Delta(weight=1.05 / NEW, delay=late, dendritic_delay=DT),
        name="learns together",
        plasticity=TOGETHER,
        modulator=first,
    )
    chosen = np.stack([rng.permutation(SENSORS)[:FAN_OUT] for _ in range(n)])
    delays = np.arange(CYCLE - PHASES - LATEST - 1, CYCLE + PHASES - 1)
    pre, post = each.repeat(FAN_OUT * len(delays)), chosen.ravel().repeat(len(delays))
    late = DT * np.tile(delays, n * FAN_OUT)
    net.connect(
        cells,
        mitral,
        sp.FromArrays(pre, post),
        sp.Delta(weight=0.0, delay=late, dendritic_delay=DT, compartment="spine"),
        name="learns release",
        plasticity=RELEASE,
        modulator=third,
    )


def numbers(seed: int, *purpose: str | int) -> np.random.Generator:
    """Random numbers for one purpose."""
    words = np.frombuffer(repr((seed, *purpose)).encode(), dtype=np.uint8)
    return np.random.default_rng(words.tolist())


def currents(phases: np.ndarray) -> np.ndarray:
    """What makes mitral cells fire at these phases (nA); of those that are silent, too little."""
    return np.where(phases < 0, 0.25, float(PHASES) - phases)


def teach(seed: int, known: Cells, phases: np.ndarray, young: int = CELLS, **run: Any) -> Cells:
    """One sniff of three cycles, and what granule cells there are then; known ones stay."""
    sim = sp.Simulation(bulb(seed, known, young), dt=DT, threads=1, **run)
    sim.set("odour", currents(phases))
    sim.forward(3 * CYCLE)
    recruited = np.unique(sim.recording()["young"].ids)
    place = np.full(young, -1)
    place[recruited] = np.arange(len(recruited))
    found, ends = sim.connections("learns together"), sim.connections("learns release")
    kept = (found.weight > 1.0 / LEARNED) & (place[found.post] >= 0)
    pairs = np.unique(np.stack([place[ends.pre], ends.post]), axis=1)
    released = ends.weight < -0.5
    new = Cells(
        len(recruited),
        np.stack([found.pre, place[found.post], steps(found)])[:, kept],
        pairs[:, pairs[0] >= 0],
        np.stack([place[ends.pre], ends.post, steps(ends)])[:, released],
    )
    return known.joined(new)


def steps(synapses: Any) -> np.ndarray:
    """Their delays, both parts together."""
    return np.rint(np.asarray(synapses.delay, dtype=float) / DT).astype(np.int64)


@dataclass
class Recall:
    """Phases of all mitral cells in all cycles (sniffs, cycles, sensors), -1 for none; spikes."""

    phases: np.ndarray
    spikes: dict[str, float]  # of a sniff


def recall(seed: int, known: Cells, sniffs: np.ndarray, **run: Any) -> Recall:
    """Smell phases (sniffs, sensors) one after the other, a cycle of clean air between them."""
    sim = sp.Simulation(bulb(seed, known), dt=DT, threads=1, **run)
    for phases in sniffs:
        sim.set("odour", currents(phases))
        sim.forward(CYCLES * CYCLE)
        sim.set("odour", 0.0)
        sim.forward(CYCLE)
    got = sim.recording()
    cycle, phase = np.divmod(got["mitral"].steps - 1, CYCLE)
    made = np.full((len(sniffs), CYCLES + 1, SENSORS), -1)
    made[cycle // (CYCLES + 1), cycle % (CYCLES + 1), got["mitral"].ids] = phase
    names = ("mitral", "granule") if known.count else ("mitral",)
    return Recall(made[:, :CYCLES], {name: len(got[name]) / len(sniffs) for name in names})


def jaccard(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spikes (cell and phase) in both, as a share of those in either; sensors are the last axis."""
    both = ((a == b) & (a >= 0)).sum(axis=-1)
    either = (a >= 0).sum(axis=-1) + (b >= 0).sum(axis=-1) - both
    return both / np.maximum(either, 1)


def readings(seed: int, odours: int, rounds: int = 3, zeroed: bool = True) -> np.ndarray:
    """What the nose says to each odour after two minutes, in rounds of hours: as phases.

    The first round has the same air for all, the others humidity and concentrations by chance.
    `zeroed` takes off what clean air says just before; otherwise what it said at the beginning.
    """
    rng = numbers(seed, "air")
    nose = ENose(SENSORS, odours, rate=1.0, seed=seed)
    said = np.zeros((rounds, odours, SENSORS))
    start = None
    for turn in range(rounds):
        for odour in range(odours):
            strength, damp = (0.5, 0.5) if turn == 0 else rng.uniform((0.3, 0.3), (0.8, 0.7))
            clean = nose.push(np.zeros((20, odours))).mean(axis=0)
            start = clean if start is None or zeroed else start
            air = np.zeros((420, odours))  # two minutes of it, five of clean air
            air[:120, odour] = strength
            said[turn, odour] = nose.push(air, damp)[110:120].mean(axis=0) - start
    rank = np.argsort(np.argsort(-said, axis=-1), axis=-1)
    firing = SENSORS - SILENT
    return np.where(rank < firing, rank * PHASES // firing, -1)


def impulse_noise(phases: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Sniffs (n, sensors) in which a share of sensors, others each time, says anything."""
    order = np.argsort(rng.random(phases.shape), axis=-1)
    anything = rng.integers(0, PHASES, phases.shape)
    anything[rng.random(phases.shape) < SILENT / SENSORS] = -1
    return np.where(order < round(share * SENSORS), anything, phases)


@dataclass
class Scores:
    """How well sniffs were told, for each cycle: arrays (cycles,); the first is the input itself.

    `right` is the share of sniffs of taught odours named right and known, `refused` that of strange
    ones that are not known, `nearest` the share whose best match is right, known or not, `alike`
    the mean Jaccard index with what was taught, `best` the mean of `right` and `refused` with the
    threshold that is best in hindsight.
    """

    right: np.ndarray
    refused: np.ndarray
    nearest: np.ndarray
    alike: np.ndarray
    best: np.ndarray


def scores(phases: np.ndarray, odours: np.ndarray, taught: np.ndarray) -> Scores:
    """Compare phases (sniffs, cycles, sensors) of `odours` with those that were taught."""
    index = jaccard(phases[:, :, None], taught)
    match, found = index.max(axis=-1), index.argmax(axis=-1)
    ours = odours < len(taught)
    correct = (found == odours[:, None])[ours]
    own = index[np.flatnonzero(ours), :, odours[ours]]
    levels = np.linspace(0.0, 1.0, 101)[:, None, None]
    told = (correct & (match[ours] > levels)).mean(axis=1)
    strange = (match[~ours] <= levels).mean(axis=1) if (~ours).any() else 1.0 + 0 * told
    known = round(100 * KNOWN)
    best = (0.5 * (told + strange)).max(axis=0)
    return Scores(told[known], strange[known], correct.mean(axis=0), own.mean(axis=0), best)


@dataclass
class Outcome:
    """What one seed gives; `first` and `all_taught` are shares right after each odour taught."""

    taught: np.ndarray
    cells: Cells
    by_noise: dict[float, Scores]
    drifted: Scores
    first: list[float]
    all_taught: list[float]
    shown: tuple[np.ndarray, np.ndarray]  # a noisy sniff in all its cycles; what was taught
    spikes: dict[str, float]
    seconds: float


def one_seed(seed: int, taught: int = 10, strange: int = 5, repeats: int = 5) -> Outcome:
    """Teach odours one after the other, then smell all of them again, hours later."""
    began = time.perf_counter()
    rounds = readings(seed, taught + strange)
    first, later = rounds[0, :taught], np.concatenate(rounds[1:])
    which = np.tile(np.arange(taught + strange), len(rounds) - 1).repeat(repeats)
    later = later.repeat(repeats, axis=0)
    noisy = {a: impulse_noise(later, a, numbers(seed, "impulse", k)) for k, a in enumerate(NOISES)}
    cells, one, every = no_cells(), [], []
    for k in range(taught):
        cells = teach(seed, cells, first[k])
        ours = which <= k
        phases = recall(seed, cells, noisy[0.4][ours]).phases
        named = jaccard(phases[:, -1, None], first[: k + 1])
        right = (named.argmax(axis=-1) == which[ours]) & (named.max(axis=-1) > KNOWN)
        one.append(float(right[which[ours] == 0].mean()))
        every.append(float(right.mean()))
    found = {share: recall(seed, cells, sniffs) for share, sniffs in noisy.items()}
    by_noise = {share: scores(got.phases, which, first) for share, got in found.items()}
    raw = np.concatenate(readings(seed, taught + strange, zeroed=False)[1:])
    drifted = scores(recall(seed, cells, raw).phases, which[::repeats], first)
    shown = found[0.6].phases[0], first[which[0]]
    took = time.perf_counter() - began
    return Outcome(first, cells, by_noise, drifted, one, every, shown, found[0.4].spikes, took)


def key_numbers(outs: list[Outcome]) -> dict[str, Any]:
    """What the figure shows, in a line: lists go by cycle, unless they go by seed or odour."""

    def mean(values: list[Any], digits: int = 3) -> Any:
        return np.mean(values, axis=0).round(digits).tolist()

    def means(found: list[Scores]) -> dict[str, Any]:
        return {name: mean([getattr(s, name) for s in found]) for name in vars(found[0])}

    return {
        "by_noise": {f"{a:g}": means([out.by_noise[a] for out in outs]) for a in NOISES},
        "right_by_seed": {
            f"{a:g}": [round(float(out.by_noise[a].right[-1]), 3) for out in outs] for a in NOISES
        },
        "not_zeroed": means([out.drifted for out in outs]),
        "first_odour": mean([out.first for out in outs]),
        "all_taught": mean([out.all_taught for out in outs]),
        "cells": [out.cells.count for out in outs],
        "spikes_of_a_sniff": {k: mean([o.spikes[k] for o in outs], 0) for k in outs[0].spikes},
        "seconds": [round(out.seconds, 1) for out in outs],
    }


def draw(outs: list[Outcome]) -> Any:
    """A sniff in five cycles, the way back by noise, what is named right, and what is kept."""
    figure = new_figure(8.0, 5.6)
    axes = figure.subplots(2, 2)
    titles = ("a sniff, 60 % noise", "likeness to what was taught", "named right", "40 % noise")
    for ax, letter, title in zip(axes.flat, "ABCD", titles):
        dress(ax)
        ax.set_title(f"$\\bf{{{letter}}}$  {title}", size=9, loc="left", color=INK)
    draw_sniff(axes[0, 0], *outs[0].shown)
    cycles = np.arange(1, CYCLES + 1)
    for share, colour in zip(NOISES, COLORS):
        alike = [out.by_noise[share].alike for out in outs]
        axes[0, 1].plot(cycles, np.transpose(alike), color=colour, lw=0.5, alpha=0.5)
        line = np.mean(alike, axis=0)
        axes[0, 1].plot(cycles, line, "o-", ms=3, color=colour, label=f"{share:.0%}")
    axes[0, 1].axhline(KNOWN, color=FAINT, lw=0.8, ls="--")
    axes[0, 1].set(xlabel="cycle (1: the input)", ylabel="Jaccard index", xticks=cycles)
    axes[0, 1].set(ylim=(-0.02, 1.04))
    axes[0, 1].legend(
        frameon=False,
        fontsize=7,
        title="noise",
        title_fontsize=7,
        loc="upper right",
        bbox_to_anchor=(1.0, 0.68),
    )
    draw_right(axes[1, 0], outs)
    taught = np.arange(1, len(outs[0].taught) + 1)
    for name, what, colour in (("first", "the first", COLORS[0]), ("all_taught", "all", COLORS[1])):
        shares = 100 * np.mean([getattr(out, name) for out in outs], axis=0)
        axes[1, 1].plot(taught, shares, "o-", ms=3, color=colour, label=what)
    axes[1, 1].set(xlabel="odours taught so far", ylabel="named right (%)", ylim=(-2, 104))
    axes[1, 1].set_xticks(taught)
    axes[1, 1].legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def draw_sniff(ax: Any, phases: np.ndarray, taught: np.ndarray) -> None:
    """Spikes over time, cells in the order in which the odour makes them fire."""
    order = np.lexsort((np.arange(SENSORS), np.where(taught < 0, PHASES, taught)))
    at = taught[order]
    rows = np.arange(SENSORS)
    for cycle, found in enumerate(phases[:, order]):
        ax.plot(DT * (cycle * CYCLE + 1 + at[at >= 0]), rows[at >= 0], lw=3, color="#d9d9d9")
        for which, colour in ((found == at, COLORS[0]), (found != at, COLORS[1])):
            shown = which & (found >= 0)
            times = DT * (cycle * CYCLE + 1 + found[shown])
            ax.plot(times, rows[shown], ".", ms=2.5, color=colour)
    ax.set(xlabel="time (ms)", ylabel="mitral cell", xlim=(-2, CYCLES * CYCLE * DT))


def draw_right(ax: Any, outs: list[Outcome]) -> None:
    """Shares by noise: the input itself, and each cycle."""
    noise = 100 * np.array(NOISES)

    def line(name: str, cycle: int) -> np.ndarray:
        found = [[getattr(out.by_noise[a], name)[cycle] for a in NOISES] for out in outs]
        return 100 * np.mean(found, axis=0)

    shades = np.linspace(0.35, 1.0, CYCLES - 1)
    for cycle, shade in zip(range(1, CYCLES), shades):
        label = f"cycle {cycle + 1}"
        ax.plot(noise, line("right", cycle), "o-", ms=3, color=COLORS[0], alpha=shade, label=label)
    ax.plot(noise, line("right", 0), "s-", ms=3, color=COLORS[1], label="input")
    label = "input, best match, no threshold"
    ax.plot(noise, line("nearest", 0), "--", color=INK, lw=1, label=label)
    ax.set(xlabel="sensors replaced by noise (%)", ylabel="named right (%)", ylim=(-2, 104))
    ax.set_xticks(noise)
    ax.legend(frameon=False, fontsize=7, loc="lower left", bbox_to_anchor=(0.0, 0.05))


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Teach, smell, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--quick", action="store_true", help="four odours, one seed")
    parser.add_argument("--out", default="odours.png", help="file of the figure")
    given = parser.parse_args(arguments)
    if given.quick:
        outs = [one_seed(given.seeds[0], taught=4, strange=2, repeats=5)]
    else:
        outs = [one_seed(seed) for seed in given.seeds]
    draw(outs).savefig(given.out, dpi=150)
    found = key_numbers(outs)
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
