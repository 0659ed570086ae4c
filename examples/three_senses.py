"""One thing seen, heard and felt: three senses in one queue, and how well they can do together.

First, where it is. Three senses report the same place by bumps of Poisson spikes, joined in one
shared queue; a network reads it back. The best there is has the variance 1/(1/v1 + 1/v2 + 1/v3) of
the three alone, and the network comes to it, for every set of senses.

Then, what it is. A digit before an event camera (N-MNIST), a spoken one in noise (Free Spoken Digit
Dataset), and a Braille letter, of the first ten, that stands for the digit (A for 0, B for 1, ...),
under a skin of twelve taxels of which four work. One network reads the shared queue whole and by
sense. The recordings do not come with Spikestack (docs/datasets.md); without them only the first
part is done.

    python examples/three_senses.py [--data FOLDER] [--quick] [--out three_senses.png]
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.groups.evidence import evidence
from spikestack.recording.plot_style import COLORS, FAINT, INK, dress, new_figure
from spikestack.sensors import datasets
from spikestack.sensors.cochlea import Gammatone
from spikestack.sensors.events import CameraEvents, UnitEvents
from spikestack.sensors.fusion import (
    RateGate,
    SpikingReadout,
    join_sensors,
    lanes_of,
    late_fusion,
    spike_trials,
    time_slots,
)
from spikestack.sensors.touch import Skin

SENSES = ("eye", "ear", "skin")
SETS = [names for n in (1, 2, 3) for names in combinations(SENSES, n)]
GRID = np.linspace(-3.0, 3.0, 241)  # places
SPIKES = {"eye": 6.0, "ear": 2.0, "skin": 3.5}  # in the middle of a bump, for each sense
WIDTH = {"eye": 1.0, "ear": 1.5, "skin": 1.2}
CENTRES = np.linspace(-9.0, 9.0, 61)
Random = np.random.Generator


def tuning(name: str) -> np.ndarray:
    """Mean spikes of each unit of a sense at each place: (units, places)."""
    apart = (GRID[None] - CENTRES[:, None]) / WIDTH[name]
    return SPIKES[name] * np.exp(-(apart**2) / 2) + 1e-6


def reader(name: str) -> SpikingReadout:
    """Log likelihood of each place: log rates as weights, minus their sum as bias."""
    rates = tuning(name)
    return SpikingReadout(np.log(rates), -rates.sum(axis=0))


def where_it_is(trials: int, rng: Random) -> dict[str, dict[str, float]]:
    """Variance of the place that each set of senses reads, and the best there is."""
    true = 0.3
    at = int(np.abs(GRID - true).argmin())
    samples = []
    for _ in range(trials):
        sensors = {}
        for name in SENSES:
            unit = np.repeat(np.arange(len(CENTRES)), rng.poisson(tuning(name)[:, at]))
            # Steps of their own, so that no two spikes of a unit fall into one.
            t = rng.permuted(np.tile(np.arange(1, 201), (len(unit), 1)), axis=1)[:, 0]
            sensors[name] = time_slots(UnitEvents.sorted(t=t * 1000, unit=unit, units=61), 1, 200.0)
        samples.append(join_sensors(sensors))
    lanes = samples[0].lanes
    net = sp.Network(seed=1)
    senses = net.add(sp.Population("senses", samples[0].units, sp.SpikeSource()))
    net.drive(senses, spike_trials(samples))
    for names in SETS:
        parts = [(senses[lane.slice], reader(lane.name)) for lane in lanes if lane.name in names]
        net.record(evidence(net, " ".join(names), *parts), "v", interval=201.0)
    result = net.run(201.0, dt=1.0, trials=trials, precision="float64", progress=False)
    found = {
        names: float(GRID[result[" ".join(names), "v"].values[:, -1].argmax(axis=1)].var())
        for names in SETS
    }
    return {
        " + ".join(names): {
            "variance": found[names],
            "best": 1.0 / sum(1.0 / found[(name,)] for name in names),
        }
        for names in SETS
    }


class Body:
    """Three senses, each with what makes events of its recordings."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder
        self.ear = Gammatone(24, 100.0, 3500.0, 8000.0)
        self.skin = Skin(12, rate=100.0, gains=(4.0, 0.6, 0.6, 0.0))
        self.pool = sp.DownSample(2)

    def see(self, events: CameraEvents, rng: Random) -> UnitEvents:
        """The half of the picture is covered, at a random place."""
        first = rng.integers(0, 18)
        left = events[(events.x < first) | (events.x >= first + 17)]
        return time_slots(self.pool(left), 3, 105.0)

    def hear(self, sound: np.ndarray, rng: Random) -> UnitEvents:
        """White noise, 10 dB below the voice."""
        clean = sound / 32768.0
        heard = clean + rng.normal(size=len(clean)) * np.sqrt((clean**2).mean() / 10)
        loud = 0.05 * heard / np.sqrt((heard**2).mean())
        return time_slots(self.ear.hear(loud), 10, 80.0)

    def feel(self, pressure: np.ndarray, rng: Random) -> UnitEvents:
        """Four taxels of the twelve work, others each time."""
        alive = np.zeros(12)
        alive[rng.permutation(12)[:4]] = 1.0
        return time_slots(self.skin.feel(pressure * alive), 8, 100.0)

    def samples(self, split: str, copies: int, rng: Random) -> tuple[list[Any], np.ndarray]:
        """A queue of all three for each digit seen, `copies` times; and the digits."""
        seen = datasets.nmnist_small(split, self.folder)
        heard = datasets.spoken_digits(split, self.folder)
        felt = datasets.braille(split, self.folder)
        made, labels = [], []
        for events, label in seen:
            for _ in range(copies):
                sound = heard[int(rng.choice(np.flatnonzero(heard.labels == label)))][0]
                # The letters begin at 1: 0 is the space between them.
                letter = felt[int(rng.choice(np.flatnonzero(felt.labels == label + 1)))][0]
                senses = self.see(events, rng), self.hear(sound, rng), self.feel(letter, rng)
                made.append(join_sensors(dict(zip(SENSES, senses))))
                labels.append(label)
        return made, np.array(labels)


def what_it_is(folder: Any, rng: Random, quick: bool) -> dict[str, float]:
    """Share of right answers of each set of senses, by weighted opinions; and of one read-out."""
    body = Body(folder)
    train, labels = body.samples("train", 1 if quick else 2, rng)
    checked, checked_labels = body.samples("validation", 1 if quick else 3, rng)
    test, test_labels = body.samples("test", 1 if quick else 3, rng)
    lanes = lanes_of(sp.split_sensors(train[0]))
    counts = np.array([queue.counts() for queue in train])
    others = np.array([queue.counts() for queue in checked])
    net = sp.Network(seed=1)
    senses = net.add(sp.Population("senses", train[0].units, sp.SpikeSource()))
    net.drive(senses, spike_trials(test))
    whole = SpikingReadout.fit(counts, labels)
    net.record(evidence(net, "queue", (senses.whole, whole)), "v", interval=801.0)
    gates = {}
    for lane in lanes:
        own = SpikingReadout.fit(counts[:, lane.slice], labels)
        mine = others[:, lane.slice]
        gates[lane.name] = RateGate.fit(own.evidence(mine), checked_labels, mine.sum(axis=1))
        part = evidence(net, lane.name, (senses[lane.slice], own))
        net.record(part, "v", interval=801.0)
    result = net.run(801.0, dt=1.0, trials=len(test), progress=False)
    said = {name: result[name, "v"].values[:, -1] for name in (*SENSES, "queue")}
    spikes = {
        lane.name: np.array([queue.counts()[lane.slice].sum() for queue in test]) for lane in lanes
    }
    right = {}
    for names in SETS:
        weights = {name: gates[name](spikes[name]) for name in names}
        answer = late_fusion({name: said[name] for name in names}, weights).argmax(axis=1)
        right[" + ".join(names)] = float((answer == test_labels).mean())
    right["one read-out of the queue"] = float((said["queue"].argmax(axis=1) == test_labels).mean())
    return right


def draw(places: dict[str, dict[str, float]], right: dict[str, float]) -> Any:
    """Variances against the best there is, and what was recognised."""
    figure = new_figure(9.5, 3.6)
    left, rest = figure.subplots(1, 2)
    at = np.arange(len(places))
    left.bar(at, [row["variance"] for row in places.values()], color=COLORS[0], label="measured")
    best = [row["best"] for row in places.values()]
    left.plot(at, best, "_", ms=22, mew=2, color=INK, label="1/(1/v1 + 1/v2 + ...)")
    left.set_xticks(at, [name.replace(" + ", "\n+ ") for name in places], fontsize=7)
    left.set(title="where it is", ylabel="variance")
    left.legend(frameon=False, fontsize=8)
    colors = [FAINT] * 3 + [COLORS[0]] * 4 + [COLORS[1]]
    names = [name.replace(" + ", "\n+ ").replace("one read-out of ", "") for name in right]
    rest.bar(names, [100 * value for value in right.values()], color=colors[: len(names)])
    rest.tick_params(axis="x", labelsize=7)
    rest.set(title="what it is", ylabel="right (%)", ylim=(0, 100))
    for ax in (left, rest):
        dress(ax)
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Both parts; 1 where the recordings are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the recordings")
    parser.add_argument("--quick", action="store_true", help="fewer trials, one seed")
    parser.add_argument("--out", type=Path, default=Path("three_senses.png"))
    given = parser.parse_args(arguments)
    places = where_it_is(500 if given.quick else 3000, np.random.default_rng(0))
    right: dict[str, float] = {}
    missing = ""
    try:
        folder = datasets.data_folder(given.data)
        runs = [
            what_it_is(folder, np.random.default_rng(seed), given.quick)
            for seed in range(1 if given.quick else 3)
        ]
        right = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
    except ValidationError as error:
        missing = f"no recordings, so only the first part was done: {error}"
    draw(places, right).savefig(given.out, dpi=130)
    print(json.dumps({"places": places, "right": right}))
    if missing:
        print(missing, file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
