"""Training, the test, and the trained description on the simulation engine."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..network.network import Network
from ..recording import Recording
from ..simulation import Simulation
from .camera import STEPS
from .network import LAYERS

__all__ = ["Epoch", "Learned", "learn", "simulate"]

_BATCH, _RATE = 32, 8e-3


@dataclass(frozen=True)
class Epoch:
    """Mean loss of training, shares of validation images named right, seconds so far."""

    loss: float
    validation: float
    seconds: float


@dataclass
class Learned:
    """What came of it.

    Attributes
    ----------
    network
        The description with the weights of the epoch that was best on validation images.
    epochs
        One by one.
    best
        Place of that epoch.
    said : (n,)
        The digit named for each test image.
    potentials : (steps, n, 10)
        Of the integrators, for test images.
    spikes
        Of a mean test image, by layer.
    seconds
        Of training.
    """

    network: Network
    epochs: list[Epoch] = field(default_factory=list)
    best: int = 0
    said: Any = None
    potentials: Any = None
    spikes: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def learn(
    net: Network, steps: np.ndarray, labels: np.ndarray, parts: Any, epochs: int, seed: int,
    say: Any, weight_bits: int | None = None,
) -> Learned:  # fmt: skip
    """Train by gradients, choose the epoch by validation images, then look at the test once.

    Parameters
    ----------
    net
        The description.
    steps : (steps, n, ...)
        What the camera saw.
    labels : (n,)
    parts
        Places of training, validation and test images.
    epochs
        Passes over the training images.
    seed
        Of their order.
    say
        A rich console, for the progress.
    weight_bits
        Bits of the weights, which then learn to do with so many; all of them by default.
    """
    import torch
    from rich.progress import track

    # So small a network learns fastest on one thread.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    module = net.compile("torch", dt=1.0, weight_bits=weight_bits)
    x, y = torch.from_numpy(steps.reshape(STEPS, len(labels), -1)), torch.from_numpy(labels)
    train, validation, test = map(torch.from_numpy, parts)
    optimiser = torch.optim.Adam(module.parameters())
    rounds = -(-len(train) // _BATCH)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=epochs * rounds)
    order = torch.Generator().manual_seed(seed)
    made, best, started = Learned(net), {}, time.perf_counter()
    for _ in track(range(epochs), "training", console=say):
        total = 0.0
        for batch in train[torch.randperm(len(train), generator=order)].split(_BATCH):
            potential = module(x[:, batch])["digits.v"].mean(0)
            loss = torch.nn.functional.cross_entropy(potential, y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rates.step()
            total += float(loss.detach()) * len(batch)
        with torch.no_grad():
            named = module(x[:, validation])["digits.v"].mean(0).argmax(1)
        right = float((named == y[validation]).float().mean())
        made.epochs.append(Epoch(total / len(train), right, time.perf_counter() - started))
        if right > max((e.validation for e in made.epochs[:-1]), default=-1.0):
            made.best = len(made.epochs) - 1
            best = {name: value.clone() for name, value in module.state_dict().items()}
    made.seconds = time.perf_counter() - started
    module.load_state_dict(best)
    with torch.no_grad():
        out = module(x[:, test])
    made.potentials = out["digits.v"].numpy()
    made.said = made.potentials.mean(0).argmax(1)
    made.spikes = {n: float(out.spikes[n].sum() / len(test)) for n in LAYERS}
    made.network = module.trained()
    torch.set_num_threads(threads)
    return made


def simulate(net: Network, steps: np.ndarray, progress: bool | None = None) -> Recording:
    """Run a trained description on the simulation engine, one trial for each image."""
    trials = steps.shape[1]
    simulation = Simulation(net, dt=1.0, trials=trials)
    for trial in range(trials):
        step, unit = np.nonzero(steps[:, trial].reshape(STEPS, -1))
        simulation.inject("events", times=step + 1.0, ids=unit, trial=trial)
    simulation.advance(float(STEPS), progress=progress)
    return simulation.recording()
