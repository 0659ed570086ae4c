"""Ways to learn handwritten digits, each a function of a split and a number of epochs.

What ``learning_rules.py [--quick]`` compares. `TASKS` holds all that was chosen for each set.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import digits as unlabelled
import numpy as np
import torch

import spikestack as sp
from spikestack.training.rules import OTTT, EProp, EventProp, LearningRule

CLASSES, BATCH = 10, 64
DURATION, LATEST, DARK = 30.0, 20.0, 0.1  # ms, ms, share of the brightest


@dataclass(frozen=True)
class Task:
    """A set of digits and all that was chosen for it.

    Attributes
    ----------
    pixels, hidden
        Neurons of the first two layers.
    steps
        For which pixels are held where neurons work in steps.
    epochs
        By way of learning.
    rate
        Of learning where neurons work in steps, and of rectified linear units.
    event_rate, mean, spread
        Of learning by EventProp, and of the weights in nA that it begins with.
    neurons, setting
        That compete where nobody names the digits, and how they do.
    """

    pixels: int
    hidden: int
    steps: int
    epochs: dict[str, int]
    rate: float
    event_rate: float
    mean: float
    spread: float
    neurons: int
    setting: unlabelled.Setting = field(repr=False)


TASKS = {
    "digits": Task(
        64, 256, 25,
        {"twin": 15, "bptt": 15, "eventprop": 15, "eprop": 15, "ottt": 15, "stdp": 4},
        2e-3, 8e-3, 0.25, 0.25, 200,
        unlabelled.Setting((8, 8), 24.0, 8.0, 1.2, 1e6, 150.0, 20.0, 4.0, 0.04),
    ),
    "mnist": Task(
        784, 256, 10,
        {"twin": 15, "bptt": 8, "eventprop": 8, "eprop": 3, "ottt": 5, "stdp": 3},
        1e-3, 8e-3, 0.07, 0.13, 400, unlabelled.MNIST,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Split:
    """Images (float32, 0 to 1) and classes, to learn from and to be judged by."""

    task: Task
    seed: int
    images: np.ndarray
    classes: np.ndarray
    test_images: np.ndarray
    test_classes: np.ndarray

    def few(self, most: int = 64) -> Split:
        """The first images, to compile and load what is needed before time is taken."""
        return replace(
            self, images=self.images[:most], classes=self.classes[:most],
            test_images=self.test_images[:most], test_classes=self.test_classes[:most],
        )  # fmt: skip

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
        Share of images it was judged by.
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


Way = Callable[[Split, int], Row]


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


def rectified(data: Split, epochs: int) -> tuple[Any, float]:
    """Two linear layers with rectified linear units between them, and what they took to learn."""
    torch.manual_seed(data.seed)
    task = data.task
    first, second = torch.nn.Linear(task.pixels, task.hidden), torch.nn.Linear(task.hidden, CLASSES)
    model = torch.nn.Sequential(first, torch.nn.ReLU(), second)
    images, classes = torch.tensor(data.images), torch.tensor(data.classes)
    entropy = torch.nn.functional.cross_entropy
    seconds = trained(
        lambda places: entropy(model(images[places]), classes[places]).backward(),
        model.parameters(), task.rate, data, epochs,
    )  # fmt: skip
    return model, seconds


def twin(data: Split, epochs: int) -> Row:
    """Rectified linear units: the network that does not spike."""
    model, seconds = rectified(data, epochs)
    with torch.no_grad():
        hidden = model[:2](torch.tensor(data.test_images))
        right = (model[2](hidden).argmax(1).numpy() == data.test_classes).mean()
    mac = data.task.pixels * data.task.hidden + data.task.hidden * CLASSES
    return Row(float(right), float((hidden > 0).float().mean()), 0.0, mac, 0.0, seconds)


def converted(steps: int) -> Way:
    """The same network, converted to spikes after it has learned."""

    def learn(data: Split, epochs: int) -> Row:
        model, seconds = rectified(data, epochs)
        start = time.process_time()
        made = sp.convert(model, data.images[:256], steps=steps)
        seconds += time.process_time() - start
        answer = made.run(data.test_images)
        right = (answer.outputs.argmax(1) == data.test_classes).mean()
        (name,) = (n for n, p in made.network.populations.items() if p.size == data.task.hidden)
        active = float((answer.totals[name] > 0).mean())
        mac = data.task.pixels * data.task.hidden  # once, as the pixels are held
        return Row(
            float(right), active, float(answer.spikes.mean()), mac, float(answer.synops.mean()),
            seconds,
        )  # fmt: skip

    return learn


def stepped(task: Task, seed: int) -> sp.Network:
    """Leaky integrate-and-fire neurons in steps; weights as a linear layer begins with them."""
    net, rng = sp.Network(seed=seed), np.random.default_rng(seed)
    common = {"parameters": {"beta": 0.9}, "dimensionless": True, "default_synapse": "Delta"}
    lif = sp.NeuronModel("v[t+1] = beta*v : 1", threshold="v >= 1", reset="v -= 1", **common)
    pixels = net.add(sp.Population("pixels", task.pixels, sp.GradedReLU()))
    hidden = net.add(sp.Population("hidden", task.hidden, lif))
    out = net.add(sp.Population("out", CLASSES, sp.NeuronModel("v[t+1] = beta*v : 1", **common)))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    for a, b in ((pixels, hidden), (hidden, out)):
        weights = rng.uniform(-1, 1, (a.size, b.size)) / np.sqrt(a.size)
        net.connect(a, b, sp.Dense(np.ones_like(weights)), sp.Delta(weight=weights, delay=0.0))
    net.record(out, "v")
    return net


def in_steps(rule: Callable[[Any], LearningRule] | None) -> Way:
    """Learn by a rule, or by back-propagation through time."""

    def learn(data: Split, epochs: int) -> Row:
        task, steps = data.task, data.task.steps
        module = stepped(task, data.seed).compile("torch")
        images, classes = torch.tensor(data.images), torch.tensor(data.classes)
        learner = rule(module) if rule else None

        def update(places: np.ndarray) -> None:
            if learner is not None:
                learner.gradients(images[places], classes[places], steps=steps)
                return
            answers = module(images[places], steps=steps)["out.v"].mean(0)
            torch.nn.functional.cross_entropy(answers, classes[places]).backward()

        seconds = trained(update, module.parameters(), task.rate, data, epochs)
        with torch.no_grad():
            made = module(torch.tensor(data.test_images), steps=steps)
        right = (made["out.v"].mean(0).argmax(1).numpy() == data.test_classes).mean()
        active = float((made["hidden"].sum(0) > 0).float().mean())
        spikes = float(made["hidden"].sum((0, 2)).mean())
        mac = task.pixels * task.hidden  # once, as the pixels are held
        return Row(float(right), active, spikes, mac, spikes * CLASSES, seconds)

    return learn


def latencies(images: np.ndarray) -> np.ndarray:
    """When pixels spike, ms: bright ones at once, dark ones never."""
    return np.where(images > DARK, LATEST * (1 - images), np.inf)


def continuous(task: Task, seed: int) -> sp.Network:
    """The same layers of LIF neurons with synaptic currents, without steps."""
    net, rng = sp.Network(seed=seed), np.random.default_rng(seed)
    lif = sp.LIF(v_rest=0.0, v_reset=0.0, v_thresh=1.0, v=0.0, tau_refrac=0.0, cm=20.0)
    integrator = sp.NeuronModel(
        "dv/dt = -v/tau_m + i_syn/cm : mV", parameters={"tau_m": "20 ms", "cm": "20 nF"}
    )
    pixels = net.add(sp.Population("pixels", task.pixels, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", task.hidden, lif))
    out = net.add(sp.Population("out", CLASSES, integrator))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    for a, b, mean, spread in ((pixels, hidden, task.mean, task.spread), (hidden, out, 0.0, 0.25)):
        weights = rng.normal(mean, spread, (a.size, b.size))
        synapse = sp.ExponentialCurrent(weight=weights, delay=0.0)
        net.connect(a, b, sp.Dense(np.ones_like(weights)), synapse)
    return net


def by_events(data: Split, epochs: int) -> Row:
    """EventProp on latencies."""
    module = continuous(data.task, data.seed).compile("torch")
    rule = EventProp(module, DURATION)
    times = latencies(data.images)
    seconds = trained(
        lambda places: rule.gradients(times[places], data.classes[places]),
        module.parameters(), data.task.event_rate, data, epochs,
    )  # fmt: skip
    given = latencies(data.test_images)
    right = (rule.answers(given).argmax(1).numpy() == data.test_classes).mean()
    fired = rule.spikes("hidden")
    spikes = float(np.mean([len(times) for times, _ in fired]))
    active = float(np.mean([len(np.unique(ids)) / data.task.hidden for _, ids in fired]))
    ac = np.isfinite(given).sum(1).mean() * data.task.hidden + spikes * CLASSES
    return Row(float(right), active, spikes, 0.0, float(ac), seconds)


def by_stdp(data: Split, epochs: int) -> Row:
    """Neurons that compete for images without labels, as in digits.py, and are named afterwards."""
    size, setting = data.task.neurons, data.task.setting
    start = time.process_time()
    learned = unlabelled.train(data.seed, data.images, size, epochs, setting)
    counts = unlabelled.answers(data.seed, learned, data.images, "naming", setting)
    names = unlabelled.shares(counts, data.classes)
    seconds = time.process_time() - start
    judge = data.seed + 1000
    counts = unlabelled.answers(judge, learned, data.test_images, "reading", setting)
    right = ((counts @ names).argmax(1) == data.test_classes).mean()
    spikes = float(counts.sum(1).mean())
    given = np.minimum(setting.rates(data.test_images) * unlabelled.DT, 1).sum(1).mean()
    given *= unlabelled.SHOWN / unlabelled.DT  # spikes of pixels, as expected
    ac = given * size + spikes * (size - 1)
    return Row(float(right), float((counts > 0).mean()), spikes, 0.0, float(ac), seconds)


#: Ways of learning, and whose number of epochs they take. Others may be added.
WAYS: dict[str, tuple[Way, str]] = {
    "ANN twin": (twin, "twin"),
    "converted, 4 steps": (converted(4), "twin"),
    "converted, 16 steps": (converted(16), "twin"),
    "surrogate BPTT": (in_steps(None), "bptt"),
    "EventProp": (by_events, "eventprop"),
    "e-prop, symmetric": (in_steps(EProp), "eprop"),
    "e-prop, random": (in_steps(lambda m: EProp(m, feedback="random")), "eprop"),
    "OTTT": (in_steps(OTTT), "ottt"),
    "STDP, no labels": (by_stdp, "stdp"),
}
