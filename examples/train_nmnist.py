"""Digits before an event camera, by a convolutional spiking network trained by gradient.

N-MNIST shows digits of MNIST to an event camera that makes three saccades of about 105 ms. Here are
900 of its recordings, 700 to learn from: so few that each is moved, turned, stretched and sheared a
little whenever it is shown, and loses events and gains some. A step is a ninth of a recording; a
pixel of one polarity has an event in it or not, and nothing but these 0 and 1 reaches the network,
which multiplies nowhere. Batch normalisation becomes weights in the end (`module.trained()`).
The recordings do not come with Spikestack (docs/datasets.md); without them this says where they go.
Prints one line of JSON.

    python examples/train_nmnist.py [--data FOLDER] [--quick] [--report REPORT.html]
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.sensors import datasets

SIDE, STEPS, DURATION, EPOCHS, BATCH, RATE = 34, 9, 315.0, 24, 32, 5e-3
LAYERS = [
    sp.Conv(24, 5, stride=2), "lif", sp.Pool(2), sp.Conv(48, 3), "lif", sp.Pool(2),
    sp.Linear(128), "lif", sp.Linear(10), "readout",
]  # fmt: skip


@dataclass(frozen=True)
class Look:
    """Each recording seen a little differently: where pixels are, and which events there are.

    `by` pixels along each axis, `turn` radians (and as much shear), `grow` as a share; up to `drop`
    of events are lost, and `noise` events join for each pixel and step.
    """

    by: float = 2.0
    turn: float = 0.15
    grow: float = 0.1
    drop: float = 0.3
    noise: float = 0.002

    def __call__(self, frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """0 and 1, (steps, samples, 2 * 34 * 34)."""
        steps, samples, _ = frames.shape
        whence, within = self._places(samples, rng)
        images = frames.reshape(steps, samples, 2, SIDE * SIDE)
        made = np.empty_like(images)
        for k in range(samples):
            made[:, k] = images[:, k][..., whence[k]] * within[k]
        flat = made.reshape(-1)
        events = np.flatnonzero(flat)
        owner = events // images[0, 0].size % samples
        flat[events[rng.random(len(events)) < rng.uniform(0, self.drop, samples)[owner]]] = 0
        flat[rng.integers(0, flat.size, rng.poisson(self.noise * flat.size))] = 1
        return made.reshape(frames.shape)

    def _places(self, samples: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """For each pixel of each sample, which one is seen there, and whether there is one."""
        turn, shear = rng.uniform(-self.turn, self.turn, (2, samples, 1))
        wide, high = 1 + rng.uniform(-self.grow, self.grow, (2, samples, 1))
        right, down = rng.uniform(-self.by, self.by, (2, samples, 1))
        middle = (SIDE - 1) / 2
        y, x = (np.indices((SIDE, SIDE)) - middle).reshape(2, 1, -1)
        u = wide * (np.cos(turn) * x + np.sin(turn + shear) * y) + right + middle
        v = high * (np.cos(turn) * y - np.sin(turn) * x) + down + middle
        u, v = np.rint(u).astype(np.int64), np.rint(v).astype(np.int64)
        within = (u >= 0) & (u < SIDE) & (v >= 0) & (v < SIDE)
        return np.where(within, v * SIDE + u, 0), within


def seen(samples: Any, steps: int = STEPS, duration: float = DURATION) -> tuple[Any, Any]:
    """0 and 1, (samples, steps, 2 * 34 * 34), and labels."""
    (batch,) = samples.batches(len(samples), bins=steps, duration=duration, binary=True)
    return np.ascontiguousarray(batch.inputs.transpose(1, 0, 2)), batch.labels


def network(seed: int) -> Any:
    """Two convolutions and a hidden layer, normalised, and a matrix."""
    net = sp.layered((2, SIDE, SIDE), LAYERS, seed=seed)
    module = net.compile("torch")
    module.normalise("input->layer1", "batch")
    module.normalise("layer1->layer2", "batch")
    module.normalise("layer2->layer3", "batch")
    return module


def learn(seed: int, train: Any, validate: Any, epochs: int) -> Any:
    """Trained, with the weights of the epoch that was best on `validate`."""
    return sp.fit(
        network(seed), train, validate=validate, epochs=epochs, batch=BATCH, lr=RATE,
        schedule="cosine", clip=1.0, seed=seed, augment=[Look()], check=False,
    )  # fmt: skip


def main() -> None:
    """Learn three times, test, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the recordings")
    parser.add_argument("--quick", action="store_true", help="one seed, a few epochs")
    parser.add_argument("--report", help="where to write the report of the last training")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        train, validate, test = (seen(datasets.nmnist_small(part, datasets.data_folder(given.data)))
                                 for part in ("train", "validation", "test"))  # fmt: skip
    except ValidationError as error:
        print(f"no recordings: {error}")
        return
    started, scores, chosen = time.process_time(), [], []
    for seed in range(1 if given.quick else 3):
        fitted = learn(seed, train, validate, 4 if given.quick else EPOCHS)
        scores.append(fitted.evaluate(test))
        chosen.append(fitted.validation.accuracy)
    means = {k: round(float(np.mean([s.summary()[k] for s in scores])), 4)
             for k in scores[0].summary()}  # fmt: skip
    print(json.dumps({
        **means,
        "accuracies": [round(s.accuracy, 4) for s in scores],
        "validation": [round(v, 4) for v in chosen],
        "cpu_seconds": round(time.process_time() - started, 1),
    }), flush=True)  # fmt: skip
    if given.report:
        fitted.report(given.report, test, "Digits before an event camera")


if __name__ == "__main__":
    main()
