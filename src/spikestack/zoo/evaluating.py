"""How good a classifier is on the compiled engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ValidationError
from ..network.network import Network
from .tasks import task

__all__ = ["Result", "evaluate"]

#: Trials of one run: no result depends on it, but each injection sorts all events of its run.
_TOGETHER = 15


@dataclass(frozen=True)
class Result:
    """What `evaluate` found.

    Attributes
    ----------
    task
        Its name.
    accuracy
        Share of samples named right.
    samples
        How many there were.
    spikes
        Of a mean sample, by population that fires; sources with graded values are left out.
    found, labels
        The class named for each sample, and the true one; int64 (samples,).
    """

    task: str
    accuracy: float
    samples: int
    spikes: dict[str, float]
    found: np.ndarray
    labels: np.ndarray


def evaluate(network: Network, about: str, limit: int | None = None) -> Result:
    """Classify a task's test samples by the greatest mean potential of the readout.

    Parameters
    ----------
    network
        Has the drive that the task feeds, and one population of which ``v`` is recorded, with a
        neuron for each class. Its probes stay as they are.
    about
        Name of the task.
    limit
        Take only so many samples, evenly from all of them.

    Raises
    ------
    ValidationError
        If the network has no such drive or readout.
    MissingExtraError
        If the task's samples need a part that is not installed.
    """
    given = task(about)
    inputs, labels = given.samples("test")
    if limit is not None and limit < len(labels):
        chosen = np.linspace(0, len(labels) - 1, limit).round().astype(np.int64)
        inputs, labels = inputs[chosen], labels[chosen]
    readout, firing = _observed(network, given.input["drive"], len(given.classes))
    found, counts = [], dict.fromkeys(firing, 0)
    for start in range(0, len(labels), _TOGETHER):
        run = _run(network, given.input, inputs[start : start + _TOGETHER])
        found.append(np.asarray(run[readout, "v"].values).mean(1).argmax(1))
        for name in firing:
            counts[name] += len(run.spikes[name])
    named = np.concatenate(found).astype(np.int64)
    spikes = {name: count / len(labels) for name, count in counts.items()}
    right = float((named == labels).mean())
    return Result(about, right, len(labels), spikes, named, labels)


def _observed(network: Network, drive: str, classes: int) -> tuple[str, list[str]]:
    """The readout, and the populations whose spikes count."""
    if drive not in network.drives:
        raise ValidationError("evaluate", f"the network has no drive {drive!r}", "as the task does")
    read = [p.target.population for p in network.probes if p.variable == "v"]
    if len(read) != 1 or read[0].size != classes:
        raise ValidationError(
            "evaluate", f"v is recorded of {[p.name for p in read]}",
            f"one population of {classes} neurons that answers",
        )  # fmt: skip
    firing = [p.target.population.name for p in network.probes if p.variable == "spikes"]
    return read[0].name, firing


def _run(network: Network, how: dict[str, Any], inputs: np.ndarray) -> Any:
    """One trial for each sample."""
    # Listing and loading shall not wait for the compiler.
    from ..simulation import Simulation

    steps, dt = how["steps"], how["dt"]
    simulation = Simulation(network, dt=dt, trials=len(inputs))
    for trial, sample in enumerate(inputs):
        rows = sample if sample.ndim == 2 else np.broadcast_to(sample, (steps, len(sample)))
        step, unit = np.nonzero(rows)
        simulation.inject(
            how["drive"], times=(step + 1.0) * dt, ids=unit, counts=rows[step, unit], trial=trial
        )
    simulation.advance(steps * dt, progress=False)
    return simulation.recording()
