"""A digit seen and heard: what two senses know together, when either of them is disturbed.

An event camera sees a digit (N-MNIST), a cochlea hears one (Free Spoken Digit Dataset), both the
same. Events are lost, or part of the picture is covered, or noise joins them; the sound is in
white noise. One network holds five read-outs of the same spikes:

- eye, ear: each sense alone;
- early: one read-out of the shared queue, trained on pairs in which senses were missing at times;
- intermediate: hidden neurons of each sense, and a read-out of both hidden layers;
- late: the opinions of eye and ear, each weighted by how much it fires.

Read-outs of senses and queue are trained on training samples; what weighs senses (the gate of late
fusion, the read-out of hidden layers) on validation samples; test samples are read once, at the
end. The recordings do not come with Spikestack (docs/datasets.md).

    python examples/seen_and_heard.py [--data FOLDER] [--quick] [--out seen_and_heard.png]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.groups.evidence import evidence
from spikestack.recording.plot_style import COLORS, FAINT, dress, new_figure
from spikestack.sensors import datasets
from spikestack.sensors.cochlea import Gammatone
from spikestack.sensors.events import CameraEvents, UnitEvents
from spikestack.sensors.fusion import (
    Lane,
    RateGate,
    SpikingReadout,
    drop_sense,
    join_sensors,
    lanes_of,
    late_fusion,
    spike_trials,
    time_slots,
)

RATE, DURATION, DT = 8000.0, 801.0, 1.0  # Hz, ms, ms
WAYS = ("eye", "ear", "early", "intermediate", "late")
Random = np.random.Generator
EAR = Gammatone(24, 100.0, 3500.0, RATE)
POOL = sp.DownSample(2)


def lose(events: CameraEvents, share: float, rng: Random) -> CameraEvents:
    """Each event is lost with this probability."""
    return events[rng.random(len(events)) >= share]


def crowd(events: CameraEvents, times: float, rng: Random) -> CameraEvents:
    """Noise events join, so many times as there were."""
    n = int(times * len(events))
    t = np.r_[events.t, rng.integers(1, 310_000, n)]
    x, y = (np.r_[column, rng.integers(0, 34, n)] for column in (events.x, events.y))
    p = np.r_[events.p, rng.integers(0, 2, n)]
    return CameraEvents.sorted(t=t, x=x, y=y, p=p, width=34, height=34)


def cover(events: CameraEvents, share: float, rng: Random) -> CameraEvents:
    """A bar across the picture is covered, upright or lying, anywhere."""
    width = round(34 * share)
    first = rng.integers(0, 35 - width)
    along = events.x if rng.random() < 0.5 else events.y
    return events[(along < first) | (along >= first + width)]


def look(events: CameraEvents) -> UnitEvents:
    """Cells of 2 by 2 pixels; the three saccades apart."""
    return time_slots(POOL(events), 3, 105.0, DT)


def listen(sound: np.ndarray, snr: float, rng: Random) -> UnitEvents:
    """White noise is added (dB), the whole made as loud as ever, and heard: ten slots of 80 ms."""
    clean = sound / 32768.0
    noise = rng.normal(size=len(clean)) * np.sqrt((clean**2).mean() * 10 ** (-snr / 10))
    heard = clean + noise
    return time_slots(EAR.hear(0.05 * heard / np.sqrt((heard**2).mean())), 10, 80.0, DT)


#: What is done to the eye, and to the ear: dB of signal to noise.
EYES: dict[str, Callable[[CameraEvents, Random], CameraEvents]] = {
    "clean": lambda e, rng: e,
    "90 % lost": lambda e, rng: lose(e, 0.9, rng),
    "97 % lost": lambda e, rng: lose(e, 0.97, rng),
    "99 % lost": lambda e, rng: lose(e, 0.99, rng),
    "noise x10": lambda e, rng: crowd(e, 10.0, rng),
    "30 % covered": lambda e, rng: cover(e, 0.3, rng),
    "50 % covered": lambda e, rng: cover(e, 0.5, rng),
    "70 % covered": lambda e, rng: cover(e, 0.7, rng),
}
EARS = {"clean": np.inf, "20 dB": 20.0, "10 dB": 10.0, "5 dB": 5.0, "0 dB": 0.0}
#: The other sense meanwhile, so that neither is perfect.
MEANWHILE = ("50 % covered", "10 dB")


def any_eye(events: CameraEvents, rng: Random) -> CameraEvents:
    """One disturbance of a kind and strength drawn at random, or none."""
    kind = rng.integers(4)
    if kind == 0:
        return events
    if kind == 1:
        return lose(events, 1 - 10 ** -rng.uniform(0.0, 2.0), rng)
    if kind == 2:
        return crowd(events, 10 ** rng.uniform(-0.5, 1.1), rng)
    return cover(events, rng.uniform(0.1, 0.8), rng)


def any_ear(rng: Random) -> float:
    """dB, or none at all."""
    return np.inf if rng.random() < 0.25 else rng.uniform(-3.0, 25.0)


@dataclass(frozen=True)
class Sense:
    """Samples of a sense as events, with their labels."""

    events: list[UnitEvents]
    labels: np.ndarray

    def counts(self) -> np.ndarray:
        """Spikes of each unit: (samples, units)."""
        return np.array([events.counts() for events in self.events])


def eyes(samples: datasets.Samples, copies: int, rng: Random) -> Sense:
    """Each sample a few times, each time disturbed in another way."""
    made = [(look(any_eye(e, rng)), label) for e, label in samples for _ in range(copies)]
    return Sense([e for e, _ in made], np.array([label for _, label in made]))


def ears(samples: datasets.Samples, copies: int, rng: Random) -> Sense:
    """Likewise."""
    made = [(listen(s, any_ear(rng), rng), label) for s, label in samples for _ in range(copies)]
    return Sense([e for e, _ in made], np.array([label for _, label in made]))


def partners(seen: np.ndarray, heard: np.ndarray, rng: Random) -> np.ndarray:
    """For each digit seen, one of the same that is heard."""
    return np.array([rng.choice(np.flatnonzero(heard == label)) for label in seen])


@dataclass(frozen=True)
class Trust:
    """How far to trust a sense: by spikes for each unit that fires at all, then by all its spikes.

    The second falls when events are lost as when the picture is covered; the first falls much
    further where they are lost, which does less harm.
    """

    by_density: RateGate
    by_spikes: RateGate

    @classmethod
    def fit(cls, said: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> Trust:
        """One after the other, on what a sense said of samples it was not trained on."""
        first = RateGate.fit(said, labels, cls.density(counts))
        weighted = first(cls.density(counts))[:, None] * said
        return cls(first, RateGate.fit(weighted, labels, counts.sum(axis=1)))

    @staticmethod
    def density(counts: np.ndarray) -> np.ndarray:
        """Spikes for each unit that fires at all."""
        return np.asarray(counts.sum(axis=1) / np.maximum((counts > 0).sum(axis=1), 1))

    def __call__(self, counts: np.ndarray) -> np.ndarray:
        """A weight for each sample."""
        return self.by_density(self.density(counts)) * self.by_spikes(counts.sum(axis=1))


@dataclass(frozen=True)
class Listener:
    """All that was learned."""

    lanes: tuple[Lane, ...]
    readouts: dict[str, SpikingReadout]
    gates: dict[str, Trust]

    def network(self) -> sp.Network:
        """Both senses, hidden layers, and what has been trained to read them."""
        net = sp.Network(seed=1)
        units = sum(lane.units for lane in self.lanes)
        senses = net.add(sp.Population("senses", units, sp.SpikeSource()))
        rest = {"v_rest": 0.0, "v_reset": 0.0, "v": 0.0, "tau_refrac": 0.0}
        hidden = net.add(sp.Population("hidden", 40, sp.LIF(tau_m=1000.0, v_thresh=0.05, **rest)))
        net.record(hidden, "spikes")
        for k, lane in enumerate(self.lanes):
            own = self.readouts[lane.name]
            evidence_of = evidence(net, lane.name, (senses[lane.slice], own))
            net.record(evidence_of, "v", interval=DURATION)
            # For and against each class: ten neurons of either sign.
            weights = own.weights - own.weights.mean(axis=1, keepdims=True)
            opinions = sp.Delta(weight=np.hstack([weights, -weights]), delay=DT)
            layer = hidden[20 * k : 20 * (k + 1)]
            net.connect(senses[lane.slice], layer, sp.AllToAll(), opinions, name=f"{lane.name} in")
        for name, source in (("early", senses), ("intermediate", hidden)):
            if name in self.readouts:
                net.record(
                    evidence(net, name, (source.whole, self.readouts[name])), "v", interval=DURATION
                )
        return net

    def hear_and_see(self, pairs: list[UnitEvents]) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Evidence of each read-out at the end, and spikes of hidden neurons, by trials."""
        found: dict[str, list[np.ndarray]] = {}
        hidden = []
        for first in range(0, len(pairs), 100):
            some = pairs[first : first + 100]
            net = self.network()
            net.drive(net["senses"], spike_trials(some))
            result = net.run(DURATION, dt=DT, trials=len(some), progress=False)
            hidden += [result["hidden"].counts(trial) for trial in range(len(some))]
            for name in self.readouts:
                found.setdefault(name, []).append(result[name, "v"].values[:, -1])
        return {name: np.concatenate(rows) for name, rows in found.items()}, np.array(hidden)

    def answers(self, pairs: list[UnitEvents]) -> dict[str, np.ndarray]:
        """The digit that each way of reading says."""
        said, _ = self.hear_and_see(pairs)
        counts = np.array([pair.counts() for pair in pairs])
        opinions, weights = {}, {}
        for lane in self.lanes:
            spikes = counts[:, lane.slice].sum(axis=1)
            silent = spikes[:, None] == 0
            opinions[lane.name] = np.where(silent, np.nan, said[lane.name])
            weights[lane.name] = self.gates[lane.name](counts[:, lane.slice])
        said["late"] = late_fusion(opinions, weights)
        return {name: rows.argmax(axis=1) for name, rows in said.items()}


def joined(
    seen: list[UnitEvents], heard: list[UnitEvents], lanes: Any, missing: Any = 0.0, seed: int = 0
) -> list[UnitEvents]:
    """Pairs as shared queues; senses may be missing."""
    return [
        join_sensors(drop_sense({"eye": a, "ear": b}, missing, seed=seed, sample=k), lanes)
        for k, (a, b) in enumerate(zip(seen, heard, strict=True))
    ]


def learn(folder: Any, rng: Random, seed: int, quick: bool, missing: float = 0.35) -> Listener:
    """Train read-outs on training samples, and what weighs senses on validation samples."""
    few = slice(0, 150 if quick else None)
    copies = 2 if quick else 8
    train = eyes(datasets.nmnist_small("train", folder)[few], copies, rng)
    sounds = datasets.spoken_digits("train", folder)[slice(0, None, 6 if quick else 1)]
    train_ear = ears(sounds, 2 if quick else 3, rng)
    lanes = lanes_of({"eye": train.events[0], "ear": train_ear.events[0]})
    which = partners(train.labels, train_ear.labels, rng)
    pairs = joined(train.events, [train_ear.events[k] for k in which], lanes, missing, seed)
    readouts = {
        "eye": SpikingReadout.fit(train.counts(), train.labels),
        "ear": SpikingReadout.fit(train_ear.counts(), train_ear.labels),
        "early": SpikingReadout.fit(np.array([p.counts() for p in pairs]), train.labels),
    }
    seen = eyes(datasets.nmnist_small("validation", folder), 2 if quick else 8, rng)
    heard = ears(datasets.spoken_digits("validation", folder), 1 if quick else 3, rng)
    gates = {}
    for name, sense in (("eye", seen), ("ear", heard)):
        counts = sense.counts()
        gates[name] = Trust.fit(readouts[name].evidence(counts), sense.labels, counts)
    half = Listener(lanes, readouts, gates)
    which = partners(seen.labels, heard.labels, rng)
    others = joined(seen.events, [heard.events[k] for k in which], lanes, missing, seed + 100)
    _, hidden = half.hear_and_see(others)
    between = SpikingReadout.fit(hidden, seen.labels)
    return Listener(lanes, readouts | {"intermediate": between}, gates)


def conditions(quick: bool) -> list[tuple[str, str, str, dict[str, float] | float]]:
    """Which series, eye, ear, and what is missing."""
    usual_eye, usual_ear = MEANWHILE
    all_eyes = list(EYES)[1::4] if quick else list(EYES)
    all_ears = list(EARS)[::2] if quick else list(EARS)
    made: list[tuple[str, str, str, Any]] = [("eye", name, usual_ear, 0.0) for name in all_eyes]
    made += [("ear", usual_eye, name, 0.0) for name in all_ears]
    made += [("no eye", usual_eye, usual_ear, {"eye": 1.0})]
    made += [("no ear", usual_eye, usual_ear, {"ear": 1.0})]
    return made


def measure(
    listener: Listener, split: str, folder: Any, rng: Random, each: int, quick: bool
) -> list[dict[str, Any]]:
    """Share of right answers in each condition, `each` sounds for every digit seen."""
    seen, heard = datasets.nmnist_small(split, folder), datasets.spoken_digits(split, folder)
    shown = np.repeat(np.arange(len(seen)), each)
    rows = []
    for series, eye, ear, missing in conditions(quick):
        said = partners(seen.labels[shown], heard.labels, rng)
        a = [look(EYES[eye](seen[int(k)][0], rng)) for k in shown]
        b = [listen(heard[int(k)][0], EARS[ear], rng) for k in said]
        answers = listener.answers(joined(a, b, listener.lanes, missing))
        right = {w: float((answers[w] == seen.labels[shown]).mean()) for w in WAYS}
        rows.append({"series": series, "eye": eye, "ear": ear, "right": right})
    return rows


def averaged(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Mean and standard deviation over seeds."""
    made = []
    for same in zip(*runs, strict=True):
        values = np.array([[row["right"][way] for way in WAYS] for row in same])
        facts = {key: same[0][key] for key in ("series", "eye", "ear")}
        mean, spread = values.mean(axis=0), values.std(axis=0)
        made.append(facts | {"right": dict(zip(WAYS, mean)), "sd": dict(zip(WAYS, spread))})
    return made


def draw(rows: list[dict[str, Any]]) -> Any:
    """Accuracy against what is done to one sense, while the other is disturbed as always."""
    figure = new_figure(9.5, 3.8)
    axes = figure.subplots(1, 2, sharey=True)
    colors = dict(zip(WAYS, (FAINT, "#B0B0B0", COLORS[0], COLORS[1], COLORS[2])))
    titles = {"eye": f"ear at {MEANWHILE[1]}", "ear": f"eye: {MEANWHILE[0]}"}
    for ax, series in zip(axes, ("eye", "ear")):
        mine = [row for row in rows if row["series"] == series]
        at = np.arange(len(mine))
        for way in WAYS:
            level = [100 * row["right"][way] for row in mine]
            error = [100 * row["sd"][way] for row in mine]
            dashed = "--" if way in ("eye", "ear") else "-"
            ax.errorbar(
                at, level, error, fmt=f"o{dashed}", ms=4, lw=1.3, color=colors[way], label=way
            )
        ax.set_xticks(at, [row[series].replace(" % ", " %\n") for row in mine], fontsize=8)
        ax.set(title=titles[series], xlabel=f"the {series}", ylim=(0, 101))
        dress(ax)
    axes[0].set_ylabel("right (%)")
    axes[1].legend(frameon=False, fontsize=8)
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Learn, read, draw and print; 1 where the recordings are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the recordings")
    parser.add_argument("--quick", action="store_true", help="a part of the samples, one seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--split", default="test", choices=["test", "validation"])
    parser.add_argument("--out", type=Path, default=Path("seen_and_heard.png"))
    given = parser.parse_args(arguments)
    runs = []
    try:
        folder = datasets.data_folder(given.data)
        for seed in range(1 if given.quick else given.seeds):
            rng = np.random.default_rng(seed)
            listener = learn(folder, rng, seed, given.quick)
            each = 1 if given.quick else 2
            runs.append(measure(listener, given.split, folder, rng, each, given.quick))
    except ValidationError as error:
        print(f"no recordings: {error}", file=sys.stderr)
        return 1
    rows = averaged(runs)
    print(f"{'eye':>14} {'ear':>8}  " + "".join(f"{way:>14}" for way in WAYS), file=sys.stderr)
    for row in rows:
        name = {"no eye": ("missing", row["ear"]), "no ear": (row["eye"], "missing")}
        eye, ear = name.get(row["series"], (row["eye"], row["ear"]))
        numbers = "".join(f"{100 * row['right'][w]:8.1f} ±{100 * row['sd'][w]:4.1f}" for w in WAYS)
        print(f"{eye:>14} {ear:>8}  {numbers}", file=sys.stderr)
    draw(rows).savefig(given.out, dpi=130)
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
