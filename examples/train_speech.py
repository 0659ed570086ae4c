"""Spoken digits by a trained spiking network with delays; also of speakers it never heard.

Forty mel bands, a step of 12.5 ms each, from where a word begins; each band reaches every hidden
neuron seven times, 0 to 18 steps late. Training sounds are varied in pitch, speed, noise and onset,
parts of them hidden; then the mean of each band over the word is taken away, and with it most of
what microphone and voice add. Two tasks: takes 0 to 4 of five known speakers are the test, 5 to 9
validation, the others training, three seeds; and each speaker in turn is the test of a network
trained on the other four, for a fixed number of epochs. `--choose` is for settings of the latter:
it leaves out each pair of speakers and says, for each of a pair, how well the other is answered by
a network that heard neither. The recordings do not come with Spikestack (docs/datasets.md); without
them this says where they go. Prints one line of JSON for each task.

    python examples/train_speech.py [--data FOLDER] [--task known|unknown] [--quick] [--choose]
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.sensors import datasets
from spikestack.sensors.datasets import Samples
from spikestack.sensors.datasets.speech_levels import BANDS, STEPS, Levels, without_mean
from spikestack.training import fluctuation_driven

HIDDEN, DELAYS = 256, (0, 3, 6, 9, 12, 15, 18)
EPOCHS = {"known": 30, "unknown": 15}


@dataclass(frozen=True)
class Vary:
    """Other voices, tempi and rooms, drawn for each sample; then `without_mean`, and holes.

    Parameters
    ----------
    pitch, stretch
        Bands up or down, and the share by which their spacing changes.
    speed
        Greatest logarithm of the tempo's change.
    onset
        Steps by which the word comes later.
    noise
        Greatest level of the noise, as `Levels` has them.
    hidden
        Most neighbouring bands, and steps, that are left out.
    """

    pitch: float = 1.5
    stretch: float = 0.06
    speed: float = 0.2
    onset: float = 4.0
    noise: float = 1.0
    hidden: int = 6

    def __call__(self, levels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Levels (steps, samples, bands)."""
        steps, samples, bands = levels.shape
        tempo = np.exp(rng.uniform(-self.speed, self.speed, samples))
        onset = rng.uniform(0.0, self.onset, samples)
        when = (np.arange(steps)[:, None] - onset) * tempo + 1
        spacing = np.exp(rng.uniform(-self.stretch, self.stretch, (samples, 1)))
        moved = rng.uniform(-self.pitch, self.pitch, (samples, 1))
        where = np.clip(np.arange(bands) * spacing + moved, 0, bands - 1.001)
        padded = np.pad(levels, ((1, 2), (0, 0), (0, 0)))
        made = between(padded, np.clip(when, 0, steps + 1)[..., None], 0)
        made = between(made, where[None], 2)
        spoken = made.mean(axis=-1, keepdims=True) > 0.2
        noise = rng.uniform(-1.0, self.noise, (1, samples, 1)) + 0.3 * rng.normal(size=made.shape)
        made = without_mean(np.where(spoken, np.logaddexp(2 * made, 2 * noise) / 2, made))
        made *= ~self._hole(samples, bands, rng)
        made *= ~self._hole(samples, min(steps, 40), rng, steps).T[..., None]
        return made

    def _hole(
        self, samples: int, size: int, rng: np.random.Generator, of: int | None = None
    ) -> np.ndarray:
        """Up to `hidden` neighbours that begin within the first `size`: bool (samples, of)."""
        first, wide = rng.integers(0, size, samples), rng.integers(0, self.hidden + 1, samples)
        places = np.arange(size if of is None else of)
        return (places >= first[:, None]) & (places < (first + wide)[:, None])


def between(levels: np.ndarray, where: np.ndarray, axis: int) -> np.ndarray:
    """Values at fractional places along an axis, interpolated; `where` spans the other axes."""
    whole = np.floor(where).astype(np.int64)
    part = (where - whole).astype(np.float32)
    shape = list(levels.shape)
    shape[axis] = where.shape[axis]
    low, high = (np.take_along_axis(levels, np.broadcast_to(whole + k, shape), axis)
                 for k in (0, 1))  # fmt: skip
    return np.asarray(low + (high - low) * part, np.float32)


def network(seed: int) -> sp.Network:
    """Bands, hidden neurons, outputs that do not spike; weights are drawn later."""
    net = sp.Network(seed=seed)
    bands = net.add(sp.Population("bands", BANDS, sp.Relay()))
    hidden = net.add(sp.Population("hidden", HIDDEN, sp.DiscreteLIF(beta=0.9)))
    digits = net.add(sp.Population("digits", 10, sp.LeakyIntegrator(beta=0.95)))
    net.drive(bands, sp.ExternalSpikes(weight=1.0))
    for delay in DELAYS:
        later = sp.Delta(weight=1.0, delay=float(delay))
        net.connect(bands, hidden, sp.Dense(np.zeros((BANDS, HIDDEN))), later, name=f"{delay} late")
    now = sp.Delta(weight=1.0, delay=0.0)
    net.connect(hidden, digits, sp.Dense(np.zeros((HIDDEN, 10))), now)
    net.record(digits, "v")
    return net


def learn(train: Samples, validate: Samples | None, seed: int, epochs: int) -> Any:
    """Train one network: the weights best on validation, else the last."""
    module = network(seed).compile("torch")
    some = train.map(without_mean)[:: max(len(train) // 64, 1)]
    batch = next(iter(some.batches(64, bins=STEPS))).inputs
    fluctuation_driven(module, 20.0, inputs=torch.from_numpy(batch), xi=1.0)
    return sp.fit(
        module, train, validate=None if validate is None else validate.map(without_mean),
        steps=STEPS, epochs=epochs, batch=64, lr=3e-3, schedule="cosine", clip=1.0, seed=seed,
        augment=Vary(), check=False,
    )  # fmt: skip


def known(folder: Any, quick: bool) -> dict[str, Any]:
    """New takes of speakers that were heard in training."""
    train, validate, test = (datasets.spoken_digits(part, folder).cached(Levels())
                             for part in ("train", "validation", "test"))  # fmt: skip
    seeds, epochs = (1, 3) if quick else (3, EPOCHS["known"])
    found = [learn(train, validate, seed, epochs) for seed in range(seeds)]
    scores = [one.evaluate(test.map(without_mean)) for one in found]
    chosen = [one.validation.accuracy for one in found]
    return {
        **means(scores),
        "accuracies": [round(s.accuracy, 4) for s in scores],
        "validation": round(float(np.mean(chosen)), 4),
    }


def unknown(folder: Any, quick: bool) -> dict[str, Any]:
    """Each speaker by a network that heard the other four; all of his takes."""
    everyone = datasets.spoken_digits("all", folder).cached(Levels())
    scores = {}
    for speaker in np.unique(everyone.groups)[: 1 if quick else None]:
        his = everyone.groups == speaker
        found = learn(everyone[~his], None, 0, 3 if quick else EPOCHS["unknown"])
        scores[str(speaker)] = found.evaluate(everyone[his].map(without_mean))
    by = {speaker: round(one.accuracy, 4) for speaker, one in scores.items()}
    return {**means(list(scores.values())), "accuracies": by}


def choose(folder: Any, quick: bool) -> dict[str, Any]:
    """For each speaker, how well the others are answered by networks that heard neither."""
    everyone = datasets.spoken_digits("all", folder).cached(Levels())
    speakers = np.unique(everyone.groups)
    found: dict[str, list[float]] = {str(speaker): [] for speaker in speakers}
    for pair in itertools.islice(itertools.combinations(speakers, 2), 1 if quick else None):
        train = everyone[~np.isin(everyone.groups, pair)]
        fitted = learn(train, None, 0, 3 if quick else EPOCHS["unknown"])
        for left, other in (pair, pair[::-1]):
            scores = fitted.evaluate(everyone[everyone.groups == other].map(without_mean))
            found[str(left)].append(scores.accuracy)
    by = {speaker: round(float(np.mean(all_)), 4) for speaker, all_ in found.items() if all_}
    return {"validation": round(float(np.mean(list(by.values()))), 4), "without": by}


def means(scores: list[Any]) -> dict[str, float]:
    """Accuracy, spikes and synaptic operations, averaged."""
    return {k: round(float(np.mean([s.summary()[k] for s in scores])), 4)
            for k in scores[0].summary()}  # fmt: skip


def main() -> None:
    """Train, for speakers that are known and for those that are not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the recordings")
    parser.add_argument("--task", choices=("known", "unknown"), help="by default both")
    parser.add_argument("--quick", action="store_true", help="one network, a few epochs")
    parser.add_argument("--choose", action="store_true", help="validate settings of 'unknown'")
    given = parser.parse_args()
    torch.set_num_threads(1)
    tasks = {"known": known, "unknown": unknown}
    if given.choose:
        tasks = {"unknown": choose}
    try:
        folder = datasets.data_folder(given.data)
        datasets.spoken_digits("test", folder=folder)
    except ValidationError as error:
        print(f"no recordings: {error}")
        return
    for name, task in tasks.items():
        if given.task not in (None, name):
            continue
        started = time.process_time()
        found = task(folder, given.quick)
        seconds = round(time.process_time() - started, 1)
        print(json.dumps({"speakers": name, **found, "cpu_seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
