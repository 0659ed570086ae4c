"""A reward that comes seconds late finds the synapse that earned it.

A thousand Izhikevich neurons fire at random, not quite once a second. Whenever one chosen source
fires and one chosen target of it follows within 10 ms, dopamine is released everywhere, 1 to 3 s
later: long after the spikes, and after hundreds of others. Each synapse between excitatory neurons
keeps a tag of its own (`RewardSTDP`), which fades over a second, and dopamine turns tags into
weights. Most tags are there by chance, once up and once down; that of the chosen synapse is
there every time, so that it grows from 0 to the greatest weight, as few others do (Izhikevich 2007,
Cereb Cortex 17:2443).

The loop is closed in Python: the simulation goes on by 100 ms, new spikes are read, and rewards are
injected as spikes of a neuron that stands for the dopaminergic ones. The two chosen neurons get a
little more noise than the others, so that they meet more often; learning is as fast as in the
article.

    python distal_reward.py --out distal.png      # 45 minutes of the network's time
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure

EXC, INH, OUT_DEGREE = 800, 200, 100
W_MAX, SECONDS = 4.0, 2700.0  # mV; of the network's time
PIECE, CLOSE = 100.0, 10.0  # ms: a turn of the loop; the most between source and target
LATE = (1000.0, 3000.0)  # ms from the spikes to the reward
NOISE, MORE = 3.3, 3.6  # nA, drawn anew every ms; for the chosen pair


def network(seed: int, helped: float = 0.0) -> sp.Network:
    """The network; edge 0 between excitatory neurons is the chosen one, and begins at 0 mV.

    For the first `helped` seconds its two neurons are made to fire, 5 ms apart, every 3 s.
    """
    net = sp.Network(seed=seed)
    cells = {
        "exc": net.add(sp.Population("exc", EXC, sp.Izhikevich.preset("regular_spiking"))),
        "inh": net.add(sp.Population("inh", INH, sp.Izhikevich.preset("fast_spiking"))),
    }
    pre = np.repeat(np.arange(EXC), OUT_DEGREE * EXC // (EXC + INH))
    post = (pre + numbers(seed, "targets").integers(1, EXC, len(pre))) % EXC
    noise = np.full(EXC, NOISE)
    noise[[pre[0], post[0]]] = MORE
    net.drive(cells["exc"], sp.NoiseCurrent(sd=noise, interval=1.0))
    net.drive(cells["inh"], sp.NoiseCurrent(sd=NOISE, interval=1.0))
    dopamine = net.add(sp.Population("dopamine", 1, sp.SpikeSource()))
    net.drive(dopamine, sp.ExternalSpikes(weight=1.0), name="reward")
    net.record(cells["exc"], "spikes")
    for which, cell in enumerate((pre[0], post[0]) if helped else ()):
        kicks = np.arange(1000.0, 1000.0 * helped, 3000.0) + 5.0 * which
        kick = sp.SpikeTrains([kicks], synapse=sp.Delta(weight=100.0))
        net.drive(cells["exc"][int(cell) : int(cell) + 1], kick, name=f"kick {which}")

    weight = np.ones(len(pre))  # mV
    weight[0] = 0.0
    rule = sp.RewardSTDP(A_plus=1.0, A_minus=1.5, w_max=W_MAX, interval=10.0, baseline=-2e-5)
    net.connect(
        cells["exc"],
        cells["exc"],
        sp.FromArrays(pre, post),
        sp.Delta(weight=weight, delay=1.0),
        plasticity=rule,
        modulator=dopamine,
    )
    for source, target, share, sign in (("exc", "inh", 0.2, 1.0), ("inh", "exc", 1.0, -1.0)):
        rule = sp.FixedOutDegree(round(share * OUT_DEGREE))
        net.connect(cells[source], cells[target], rule, sp.Delta(weight=sign, delay=1.0))
    return net


def numbers(seed: int, purpose: str) -> np.random.Generator:
    """A counter-based generator for one purpose."""
    key = np.array([seed, int.from_bytes(purpose.encode()[:8], "little")], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


@dataclass
class Teacher:
    """Watches the chosen pair, and says when rewards are due."""

    source: int
    target: int
    rng: np.random.Generator
    last: float = -np.inf
    seen: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    def watch(self, spikes: Any) -> list[float]:
        """The times (ms) of the rewards that the newly read spikes have earned."""
        first, then = (spikes.train(i) for i in (self.source, self.target))
        for kept, new in zip(self.seen, (first, then)):
            kept.extend(new)
        due = []
        for time in then:
            before = first[first < time]
            last = before[-1] if len(before) else self.last
            if time - last <= CLOSE:
                due.append(round(time + self.rng.uniform(*LATE)))
        self.last = first[-1] if len(first) else self.last
        return due


@dataclass
class Outcome:
    """What a run found: weights (mV) of the chosen synapse and of all others."""

    times: np.ndarray  # s
    chosen: np.ndarray
    middle: np.ndarray  # mean of the others
    top: np.ndarray  # their 99th percentile
    final: np.ndarray  # of each synapse; the first is the chosen one
    rewards: np.ndarray  # ms
    teacher: Teacher
    rate: float  # Hz


def learn(
    seconds: float, seed: int = 1, helped: float = 0.0, progress: bool | None = None
) -> Outcome:
    """Run the loop for so many seconds of the network's time; see `network`."""
    net = network(seed, helped)
    sim = sp.Simulation(net, dt=0.5)
    edges = sim.connections("exc->exc")
    teacher = Teacher(int(edges.pre[0]), int(edges.post[0]), numbers(seed, "late"))
    rewards: list[float] = []
    rows, spikes = [], 0
    every = max(round(seconds / 120 * 1000 / PIECE), 1)
    with Bar("learning", round(seconds * 1000 / PIECE), progress) as bar:
        for turn, piece in enumerate(sim.steps(PIECE, seconds * 1000)):
            due = teacher.watch(piece["exc"])
            spikes += len(piece["exc"])
            if due:
                sim.inject("reward", [0] * len(due), due)
            rewards += due
            if turn % every == every - 1:
                rows.append((sim.time / 1000, *summary(weights(sim))))
            bar.advance(f"{len(rewards)} rewards")
    times, chosen, middle, top = zip(*rows)
    rate = spikes / (EXC * seconds)
    arrays = (np.array(each) for each in (times, chosen, middle, top))
    return Outcome(*arrays, weights(sim), np.array(rewards), teacher, rate)


def weights(sim: sp.Simulation) -> np.ndarray:
    """Of all plastic synapses (mV); the first is the chosen one."""
    return sim.connections("exc->exc").weight


def summary(found: np.ndarray) -> tuple[float, float, float]:
    """The chosen weight; mean and 99th percentile of the others."""
    return found[0], found[1:].mean(), np.percentile(found[1:], 99)


class Bar:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self, title: str, total: int, wanted: bool | None = None) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        shown = console.is_terminal if wanted is None else wanted
        self._bar = Progress(console=console, transient=True, disable=not shown)
        self._task = self._bar.add_task(title, total=total)

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def advance(self, text: str) -> None:
        """One turn more."""
        self._bar.update(self._task, advance=1, description=text)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def key_numbers(out: Outcome) -> dict[str, float]:
    """What the figure shows, in a line; full_after_s is -1 if the weight did not get so far."""
    full = out.times[out.chosen >= 0.99 * W_MAX]
    rank = (out.final[1:] < out.final[0]).mean() * 100
    found = {
        "rewards": len(out.rewards),
        "rate_hz": out.rate,
        "chosen_mv": out.final[0],
        "others_mean_mv": out.final[1:].mean(),
        "others_99th_mv": np.percentile(out.final[1:], 99),
        "percentile_of_chosen": rank,
        "full_after_s": full[0] if len(full) else -1,
    }
    return {name: round(float(value), 3) for name, value in found.items()}


def draw(out: Outcome) -> Any:
    """A reward as it comes, weights over time, and all weights at the end."""
    figure = new_figure(7.2, 4.8)
    grid = figure.add_gridspec(2, 2, height_ratios=[1, 1.5], width_ratios=[1.5, 1])
    axes = [figure.add_subplot(place) for place in (grid[0, :], grid[1, 0], grid[1, 1])]
    for ax, letter in zip(axes, "ABC"):
        dress(ax)
        ax.set_title(f"$\\bf{{{letter}}}$", size=9, loc="left", color=INK)
    draw_reward(axes[0], out)
    axes[1].plot(out.times, out.chosen, color=COLORS[1], linewidth=1.4, label="the chosen one")
    axes[1].plot(out.times, out.top, color=COLORS[0], linewidth=1.0, label="99 % are below")
    axes[1].plot(out.times, out.middle, color=COLORS[6], linewidth=1.0, label="mean of all others")
    axes[1].plot(out.rewards / 1e3, np.full(len(out.rewards), W_MAX * 1.08), "|", ms=4, color=INK)
    axes[1].text(0.0, W_MAX * 1.08, "rewards ", size=8, ha="right", va="center", color=INK)
    axes[1].set(xlabel="time (s)", ylabel="weight (mV)", xlim=(0, out.times[-1]))
    axes[1].set_yticks(range(5))
    axes[1].legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0.0, 0.95))
    counts, bins = np.histogram(out.final[1:], 40, (0.0, W_MAX))
    axes[2].stairs(counts, bins, fill=True, color=COLORS[0])
    axes[2].axvline(out.final[0], color=COLORS[1], linewidth=1.4)
    axes[2].set(xlabel="weight at the end (mV)", ylabel="synapses", yscale="log")
    return figure


def draw_reward(ax: Any, out: Outcome) -> None:
    """Spikes of the chosen pair and dopamine, around a reward with as few others as possible."""
    rewards = out.rewards
    gaps = [np.abs(np.delete(rewards, k) - r).min() for k, r in enumerate(rewards)]
    at = rewards[int(np.argmax(gaps))]
    times = np.arange(at - 5000.0, at + 2000.0, 5.0)
    late = times[:, None] - rewards
    dopamine = np.where(late >= 0, np.exp(-np.maximum(late, 0.0) / 200.0), 0.0).sum(axis=1)
    ax.fill_between(times - at, dopamine, color=COLORS[2], alpha=0.4, linewidth=0)
    for row, (spikes, colour) in enumerate(zip(out.teacher.seen, (COLORS[0], COLORS[1]))):
        near = np.array(spikes) - at
        near = near[(near > -5000.0) & (near < 2000.0)]
        ax.plot(near, np.full(len(near), 2.4 - 0.7 * row), "|", ms=10, mew=1.2, color=colour)
    first, then = (np.array(spikes) for spikes in out.teacher.seen)
    lag = then[:, None] - first
    for pair in then[((lag > 0) & (lag <= CLOSE)).any(axis=1)] - at:
        if -5000.0 < pair < 2000.0:
            ax.axvspan(pair - 30.0, pair + 20.0, color=FAINT, alpha=0.3, linewidth=0)
    ax.set_yticks([0.5, 1.7, 2.4], ["dopamine", "target", "source"])
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="time from a reward (ms)", xlim=(-5000.0, 2000.0), ylim=(0.0, 2.9))


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Run, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    text = "a minute of the network's time, in which the chosen pair is made to meet often"
    parser.add_argument("--quick", action="store_true", help=text)
    parser.add_argument("--out", default="distal_reward.png", help="file of the figure")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of the network's time")
    given = parser.parse_args(arguments)
    out = learn(60.0, helped=60.0) if given.quick else learn(given.seconds)
    draw(out).savefig(given.out, dpi=150)
    found = key_numbers(out)
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
