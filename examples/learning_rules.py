"""The same digits, learned in five ways: accuracy, activity, operations, processor seconds.

1,797 handwritten digits of 8 x 8 pixels (scikit-learn), a quarter held out, 64-256-10 neurons:

- a network of rectified linear units, by back-propagation: the twin that does not spike;
- leaky integrate-and-fire neurons over 25 steps, pixels held as input, the mean potential of ten
  leaky integrators read: by back-propagation through time with a surrogate, by e-prop, by OTTT;
- LIF neurons in continuous time, one spike for each bright pixel, the brighter the earlier, by
  EventProp.

All use Adam and batches of 64, for a fixed number of epochs. Nothing was chosen by the held-out
digits of these splits.

    python learning_rules.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import spikestack as sp
from spikestack.training.rules import OTTT, EProp, EventProp, LearningRule

PIXELS, HIDDEN, CLASSES = 64, 256, 10
STEPS, BATCH = 25, 64
SPLITS = (11, 12, 13)
DURATION, LATEST, DARK = 30.0, 20.0, 0.1  # ms, ms, share of the brightest


@dataclass(frozen=True)
class Split:
    """Images (float32, 0 to 1) and classes, to learn from and to be judged by."""

    seed: int
    images: np.ndarray
    classes: np.ndarray
    test_images: np.ndarray
    test_classes: np.ndarray

    def batches(self, epochs: int) -> Iterator[np.ndarray]:
        """Places of images in random order."""
        rng = np.random.default_rng(self.seed)
        for _ in range(epochs):
            order = rng.permutation(len(self.images))
            yield from (order[k : k + BATCH] for k in range(0, len(order), BATCH))


@dataclass(frozen=True)
class Row:
    """What one way of learning came to.

    Attributes
    ----------
    accuracy
        Share of held-out digits.
    active
        Share of hidden neurons that do anything for an image.
    spikes
        Of hidden neurons, for an image.
    mac, ac
        Multiply-accumulate and accumulate operations in synapses, for an image.
    seconds
        Of the processor, to learn.
    """

    accuracy: float
    active: float
    spikes: float
    mac: float
    ac: float
    seconds: float


def split(seed: int) -> Split:
    """A quarter held out, classes in proportion."""
    images, classes = load_digits(return_X_y=True)
    parts = train_test_split(
        (images / 16).astype(np.float32), classes, test_size=0.25, random_state=seed,
        stratify=classes,
    )  # fmt: skip
    return Split(seed, parts[0], parts[2], parts[1], parts[3])


def trained(update: Callable[[np.ndarray], Any], parameters: Any, rate: float, data: Split,
            epochs: int) -> float:  # fmt: skip
    """Processor seconds of Adam on the gradients that ``update(places)`` leaves."""
    optimiser = torch.optim.Adam(parameters, lr=rate)
    start = time.process_time()
    for places in data.batches(epochs):
        optimiser.zero_grad()
        update(places)
        optimiser.step()
    return time.process_time() - start


def twin(data: Split, epochs: int) -> Row:
    """Rectified linear units."""
    torch.manual_seed(data.seed)
    first, second = torch.nn.Linear(PIXELS, HIDDEN), torch.nn.Linear(HIDDEN, CLASSES)
    images, classes = torch.tensor(data.images), torch.tensor(data.classes)
    entropy = torch.nn.functional.cross_entropy

    def update(places: np.ndarray) -> None:
        entropy(second(torch.relu(first(images[places]))), classes[places]).backward()

    parameters = [*first.parameters(), *second.parameters()]
    seconds = trained(update, parameters, 2e-3, data, epochs)
    hidden = torch.relu(first(torch.tensor(data.test_images)))
    right = (second(hidden).argmax(1).numpy() == data.test_classes).mean()
    mac = PIXELS * HIDDEN + HIDDEN * CLASSES
    return Row(float(right), float((hidden > 0).float().mean()), 0.0, mac, 0.0, seconds)


def stepped(seed: int) -> sp.Network:
    """Leaky integrate-and-fire neurons in steps; weights as a linear layer begins with them."""
    net, rng = sp.Network(seed=seed), np.random.default_rng(seed)
    common = {"parameters": {"beta": 0.9}, "dimensionless": True, "default_synapse": "Delta"}
    lif = sp.NeuronModel("v[t+1] = beta*v : 1", threshold="v >= 1", reset="v -= 1", **common)
    pixels = net.add(sp.Population("pixels", PIXELS, sp.GradedReLU()))
    hidden = net.add(sp.Population("hidden", HIDDEN, lif))
    out = net.add(sp.Population("out", CLASSES, sp.NeuronModel("v[t+1] = beta*v : 1", **common)))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    for a, b in ((pixels, hidden), (hidden, out)):
        weights = rng.uniform(-1, 1, (a.size, b.size)) / np.sqrt(a.size)
        net.connect(a, b, sp.Dense(np.ones_like(weights)), sp.Delta(weight=weights, delay=0.0))
    net.record(out, "v")
    return net


def in_steps(rule: Callable[[Any], LearningRule] | None) -> Callable[[Split, int], Row]:
    """Learn by a rule, or by back-propagation through time."""

    def learn(data: Split, epochs: int) -> Row:
        module = stepped(data.seed).compile("torch")
        images, classes = torch.tensor(data.images), torch.tensor(data.classes)
        learner = rule(module) if rule else None

        def update(places: np.ndarray) -> None:
            if learner is not None:
                learner.gradients(images[places], classes[places], steps=STEPS)
                return
            answers = module(images[places], steps=STEPS)["out.v"].mean(0)
            torch.nn.functional.cross_entropy(answers, classes[places]).backward()

        seconds = trained(update, module.parameters(), 2e-3, data, epochs)
        with torch.no_grad():
            made = module(torch.tensor(data.test_images), steps=STEPS)
        right = (made["out.v"].mean(0).argmax(1).numpy() == data.test_classes).mean()
        active = float((made["hidden"].sum(0) > 0).float().mean())
        spikes = float(made["hidden"].sum((0, 2)).mean())
        mac = PIXELS * HIDDEN  # once, as the pixels are held
        return Row(float(right), active, spikes, mac, spikes * CLASSES, seconds)

    return learn


def latencies(images: np.ndarray) -> np.ndarray:
    """When pixels spike, ms: bright ones at once, dark ones never."""
    return np.where(images > DARK, LATEST * (1 - images), np.inf)


def continuous(seed: int) -> sp.Network:
    """The same layers of LIF neurons with synaptic currents, without steps."""
    net, rng = sp.Network(seed=seed), np.random.default_rng(seed)
    lif = sp.LIF(v_rest=0.0, v_reset=0.0, v_thresh=1.0, v=0.0, tau_refrac=0.0, cm=20.0)
    integrator = sp.NeuronModel(
        "dv/dt = -v/tau_m + i_syn/cm : mV", parameters={"tau_m": "20 ms", "cm": "20 nF"}
    )
    pixels = net.add(sp.Population("pixels", PIXELS, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", HIDDEN, lif))
    out = net.add(sp.Population("out", CLASSES, integrator))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    for a, b, mean in ((pixels, hidden, 0.25), (hidden, out, 0.0)):
        weights = rng.normal(mean, 0.25, (a.size, b.size))
        synapse = sp.ExponentialCurrent(weight=weights, delay=0.0)
        net.connect(a, b, sp.Dense(np.ones_like(weights)), synapse)
    return net


def by_events(data: Split, epochs: int) -> Row:
    """EventProp on latencies."""
    module = continuous(data.seed).compile("torch")
    rule = EventProp(module, DURATION)
    times = latencies(data.images)
    seconds = trained(
        lambda places: rule.gradients(times[places], data.classes[places]),
        module.parameters(), 8e-3, data, epochs,
    )  # fmt: skip
    given = latencies(data.test_images)
    right = (rule.answers(given).argmax(1).numpy() == data.test_classes).mean()
    fired = rule.spikes("hidden")
    spikes = float(np.mean([len(times) for times, _ in fired]))
    active = float(np.mean([len(np.unique(ids)) / HIDDEN for _, ids in fired]))
    ac = np.isfinite(given).sum(1).mean() * HIDDEN + spikes * CLASSES
    return Row(float(right), active, spikes, 0.0, float(ac), seconds)


#: Ways of learning, and for how many epochs. Others may be added: a function of a split and epochs.
WAYS: dict[str, tuple[Callable[[Split, int], Row], int]] = {
    "ANN twin": (twin, 15),
    "surrogate BPTT": (in_steps(None), 15),
    "EventProp": (by_events, 15),
    "e-prop, symmetric": (in_steps(EProp), 15),
    "e-prop, random": (in_steps(lambda m: EProp(m, feedback="random")), 15),
    "OTTT": (in_steps(OTTT), 15),
}


def summary(rows: list[Row]) -> dict[str, float]:
    """Means over splits, and the spread of the accuracy."""
    columns = {k: [asdict(row)[k] for row in rows] for k in asdict(rows[0])}
    made = {k: float(np.mean(v)) for k, v in columns.items()}
    return made | {"spread": float(np.std(columns["accuracy"]))}


def main() -> None:
    """Print a table, then the same as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one split, a third of the epochs")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    found = {}
    print("| learned by | accuracy % | neurons active % | spikes | MAC | AC | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for name, (way, epochs) in WAYS.items():
        seeds = SPLITS[:1] if quick else SPLITS
        s = summary([way(split(seed), epochs // 3 if quick else epochs) for seed in seeds])
        found[name] = {k: round(v, 4) for k, v in s.items()}
        print(
            f"| {name} | {100 * s['accuracy']:.1f} ± {100 * s['spread']:.1f} | "
            f"{100 * s['active']:.0f} | {s['spikes']:.0f} | {s['mac']:,.0f} | {s['ac']:,.0f} | "
            f"{s['seconds']:.1f} |",
            flush=True,
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
