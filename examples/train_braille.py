"""Braille letters under a fingertip, by a trained spiking network with delays.

Twelve taxels slide over 27 letters; 76 steps of 10 ms. Each taxel reaches every hidden neuron seven
times, 0 to 24 steps late, so that a neuron sees an edge move. The network gets pressures, how far
they are above and below each taxel's mean, and learns to answer in every step but the first twelve;
the first half of them alone; or, after send-on-delta, nothing but events. How good the answer is at
step 38, halfway, stands beside how good it is at the end. The recordings do not come with
Spikestack (docs/datasets.md); without them this says where they go. Prints one line of JSON for
each input.

    python examples/train_braille.py [--data FOLDER] [--quick] [--report REPORT.html]
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import torch

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.sensors import datasets
from spikestack.training import Loss, fluctuation_driven
from spikestack.zoo.braille import STEPS, around_rest

HIDDEN, HALF, DELAYS = 256, 38, (0, 4, 8, 12, 16, 20, 24)
#: Steps in which no answer is asked for: too little has been felt.
BEGIN = 12


def network(inputs: int, classes: int, seed: int) -> sp.Network:
    """Inputs, hidden neurons, outputs that do not spike; weights are drawn later."""
    net = sp.Network(seed=seed)
    taxels = net.add(sp.Population("taxels", inputs, sp.GradedReLU()))
    hidden = net.add(sp.Population("hidden", HIDDEN, sp.DiscreteLIF(beta=0.8)))
    letters = net.add(sp.Population("letters", classes, sp.LeakyIntegrator(beta=0.95)))
    net.drive(taxels, sp.ExternalSpikes(weight=1.0, most=32.0))
    for delay in DELAYS:
        later = sp.Delta(weight=1.0, delay=float(delay))
        net.connect(
            taxels, hidden, sp.Dense(np.zeros((inputs, HIDDEN))), later, name=f"{delay} late"
        )
    now = sp.Delta(weight=1.0, delay=0.0)
    net.connect(hidden, letters, sp.Dense(np.zeros((HIDDEN, classes))), now)
    net.record(letters, "v")
    return net


def first_half(pressures: np.ndarray) -> np.ndarray:
    """What is felt up to step 38."""
    return pressures[:HALF]


def soon(potentials: Any, labels: Any) -> Any:
    """The mean cross-entropy of the answers, (steps, samples, classes), but the first twelve."""
    asked = potentials[BEGIN:]
    return torch.nn.functional.cross_entropy(asked.flatten(0, 1), labels.repeat(len(asked)))


def main() -> None:
    """Train on pressures, their first half, and events; three seeds each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the recordings")
    parser.add_argument("--quick", action="store_true", help="one seed, a few epochs")
    parser.add_argument("--report", help="where to write the training report of the events")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        sets = [datasets.braille(part, datasets.data_folder(given.data))
                for part in ("train", "validation", "test")]  # fmt: skip
    except ValidationError as error:
        print(f"no recordings: {error}")
        return
    pressures = around_rest(sets[0], *sets)
    kinds = {
        "pressures": pressures,
        "first half": [s.map(first_half) for s in pressures],
        "events": [s.events() for s in sets],
    }
    for name, parts in kinds.items():
        found = learn(name, parts, given.quick)
    if given.report:
        found.report(given.report, parts[2], "Braille letters, events")


def learn(name: str, parts: list[Any], quick: bool) -> Any:
    """Train on one kind of input, print the line, and give what was trained last."""
    started, (train, validate, test) = time.process_time(), parts
    steps = HALF if name == "first half" else STEPS
    epochs, loss, xi = {
        "pressures": (60, Loss("soon", "last", soon), 0.7),
        "first half": (100, "last", 0.7),
        "events": (30, "tet", 1.0),
    }[name]
    batch = next(iter(train.batches(64, bins=steps))).inputs
    scores, chosen = [], []
    for seed in range(1 if quick else 3):
        module = network(batch.shape[2], len(train.names), seed).compile("torch")
        fluctuation_driven(module, 20.0, inputs=torch.from_numpy(batch), xi=xi)
        fitted = sp.fit(
            module, train, validate=validate, steps=steps, epochs=5 if quick else epochs, batch=32,
            loss=loss, lr=4e-3, schedule="cosine", clip=1.0, seed=seed, check=False,
        )  # fmt: skip
        scores.append(fitted.evaluate(test))
        chosen.append(fitted.validation)
    means = {k: round(float(np.mean([s.summary()[k] for s in scores])), 4)
             for k in scores[0].summary()}  # fmt: skip
    print(json.dumps({
        "input": name, "steps": steps, **means,
        "accuracies": [round(s.accuracy, 4) for s in scores],
        "validation": round(float(np.mean([s.accuracy for s in chosen])), 4),
        "at 38": [round(float(s.accuracy_at[HALF - 1]), 4) for s in scores],
        "validation at 38": round(float(np.mean([s.accuracy_at[HALF - 1] for s in chosen])), 4),
        "cpu_seconds": round(time.process_time() - started, 1),
    }), flush=True)  # fmt: skip
    return fitted


if __name__ == "__main__":
    main()
