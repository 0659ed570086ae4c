"""Handwritten digits by a trained spiking network: five splits, weights chosen on validation.

Pixels of scikit-learn's 1,797 digits drive one hidden layer of leaky integrate-and-fire neurons;
the answer is the mean potential of ten neurons that do not spike. Each split holds out a fifth for
the test and a tenth for validation. Prints one line of JSON.

    python examples/train_digits.py [--quick] [--report REPORT.html]
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

import spikestack as sp
from spikestack.training import DropInputs

STEPS, HIDDEN, BETA, EPOCHS = 25, 512, 0.9, 40


def network(inputs: int, seed: int, hidden: int = HIDDEN) -> sp.Network:
    """Pixels, hidden neurons, ten outputs; weights as PyTorch begins linear layers."""
    net, rng = sp.Network(seed=seed), np.random.default_rng(seed)
    pixels = net.add(sp.Population("pixels", inputs, sp.GradedReLU()))
    middle = net.add(sp.Population("hidden", hidden, sp.DiscreteLIF(beta=BETA)))
    digits = net.add(sp.Population("digits", 10, sp.LeakyIntegrator(beta=BETA)))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    for pre, post in ((pixels, middle), (middle, digits)):
        bound = 1 / np.sqrt(pre.size)
        weights = rng.uniform(-bound, bound, (pre.size, post.size))
        net.connect(pre, post, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(digits, "v")
    return net


def parts(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training, validation, test: 70, 10 and 20 % of each class."""
    rng, found = np.random.default_rng(seed), ([], [], [])
    for label in np.unique(labels):
        mine = rng.permutation(np.flatnonzero(labels == label))
        cuts = np.split(mine, [round(0.7 * len(mine)), round(0.8 * len(mine))])
        for part, cut in zip(found, cuts):
            part.append(cut)
    train, validate, test = (np.concatenate(part) for part in found)
    return train, validate, test


def learn(net: Any, seed: int, train: Any, validate: Any, epochs: int = EPOCHS) -> Any:
    """Train a network, or a module: weights of the epoch that was best on `validate`."""
    return sp.fit(
        net, train, validate=validate, steps=STEPS, epochs=epochs, batch=64, lr=2e-3,
        schedule="cosine", loss="tet", augment=DropInputs(0.1), seed=seed,
    )  # fmt: skip


def main() -> None:
    """Train on five splits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one split, few epochs")
    parser.add_argument("--report", help="where to write the training report of the last split")
    given = parser.parse_args()
    torch.set_num_threads(1)
    started, (pixels, labels) = time.process_time(), load_digits(return_X_y=True)
    images = (pixels / 16).astype(np.float32)
    splits, epochs = (1, 6) if given.quick else (5, EPOCHS)
    found, chosen = [], []
    for seed in range(splits):
        train, validate, test = ((images[p], labels[p]) for p in parts(labels, seed))
        fitted = learn(network(64, seed), seed, train, validate, epochs)
        found.append(fitted.evaluate(test))
        chosen.append(fitted.validation.accuracy)
        early = fitted.early_exit().score(found[-1])
    if given.report:
        fitted.report(given.report, test, "Handwritten digits")
    means = {k: round(float(np.mean([s.summary()[k] for s in found])), 4)
             for k in found[0].summary()}  # fmt: skip
    print(json.dumps({
        **means, "accuracies": [round(s.accuracy, 4) for s in found],
        "validation": round(float(np.mean(chosen)), 4),
        "last_split_early": {"accuracy": round(early.accuracy, 4), "steps": round(early.steps, 1)},
        "cpu_seconds": round(time.process_time() - started, 1),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
