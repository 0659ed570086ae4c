"""How good a classifier is on the compiled engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ValidationError
from ..network.network import Network
from .counting import Counted
from .tasks import Task, task

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
        Of a mean sample, by population that fires; populations with graded values are left out.
    operations
        Synaptic operations of a mean sample: an event, times the synapses that it goes to.
        ``additions``, where events are 0 and 1 (or -1), and ``multiplications``, where they have
        values; what is held for all steps counts in each.
    found, labels
        The class named for each sample, and the true one; int64 (samples,).
    """

    task: str
    accuracy: float
    samples: int
    spikes: dict[str, float]
    operations: dict[str, float]
    found: np.ndarray
    labels: np.ndarray


def evaluate(network: Network, about: str, limit: int | None = None) -> Result:
    """Classify a task's test samples by the greatest potential of the readout.

    Parameters
    ----------
    network
        Has the drive that the task feeds, and one population of which ``v`` is recorded, with a
        neuron for each class. Its probes stay as they are: what is not recorded is not counted.
    about
        Name of the task.
    limit
        Take only so many samples, evenly from all of them.

    Raises
    ------
    ValidationError
        If the network has no such drive or readout, or recordings are needed that are not here.
    MissingExtraError
        If the task's samples need a part that is not installed.
    """
    given = task(about)
    _observed(network, given)
    inputs, labels = given.samples("test")
    if limit is not None and limit < len(labels):
        chosen = np.linspace(0, len(labels) - 1, limit).round().astype(np.int64)
        inputs, labels = inputs[chosen], labels[chosen]
    readout, firing = _observed(network, given)
    counted, found = Counted(network, given.input, firing), []
    for start in range(0, len(labels), _TOGETHER):
        part = inputs[start : start + _TOGETHER]
        run = _run(network, given.input, part)
        counted.add(run, part)
        v = np.asarray(run[readout, "v"].values)
        found.append((v[:, -1] if given.answer == "last" else v.mean(1)).argmax(1))
    named = np.concatenate(found).astype(np.int64)
    right = float((named == labels).mean())
    return Result(
        about, right, len(labels), counted.spikes(), counted.operations(), named, labels
    )  # fmt: skip


def _observed(network: Network, given: Task) -> tuple[str, list[str]]:
    """The readout, and the populations whose spikes count."""
    drive, classes = given.input["drive"], len(given.classes)
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
