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
from odours_bulb import (
    CYCLE,
    CYCLES,
    DT,
    PHASES,
    SENSORS,
    SILENT,
    Cells,
    no_cells,
    numbers,
    recall,
    teach,
)

from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure
from spikestack.sensors.smell import ENose

KNOWN = 0.75  # Jaccard index above which an odour counts as known
NOISES = (0.0, 0.2, 0.4, 0.6, 0.8)  # shares of sensors that say anything


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
