"""Counting what a run did: operations, activations, changes of membrane potentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .layers import Anatomy, Layer

__all__ = ["Seen", "Sent", "Tally"]


@dataclass(frozen=True)
class Sent:
    """What a population sent: steps from 1 on, samples and neurons from 0, one entry an event.

    `values` is None where every event is 1.
    """

    steps: np.ndarray
    samples: np.ndarray
    ids: np.ndarray
    values: np.ndarray | None = None


@dataclass(frozen=True)
class Seen:
    """What was observed of some samples.

    Attributes
    ----------
    samples, steps
        How many, and how long each.
    sent
        By population.
    potentials
        By population, its membrane after each step: (samples, steps, neurons).
    missing
        By population, why its spikes are not here.
    begins
        Whether the run began with nothing in flight.
    """

    samples: int
    steps: int
    sent: Mapping[str, Sent]
    potentials: Mapping[str, np.ndarray] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    begins: bool = True


class Tally:
    """Adds up what samples do.

    Attributes
    ----------
    samples, sample_steps
        How many, and their steps together.
    additions, multiplications
        Operations by projection.
    events, updates
        Spikes, and changes of membranes, by population.
    unknown, unseen, in_flight
        Why spikes or potentials of a population, or arrivals of a projection, are not known.
    """

    def __init__(self, anatomy: Anatomy) -> None:
        self.anatomy = anatomy
        self.samples = self.sample_steps = 0
        self.additions = {layer.name: 0 for layer in anatomy.layers}
        self.multiplications = dict(self.additions)
        self.events = dict.fromkeys(anatomy.neurons, 0)
        self.updates = {name: 0 for name, n in anatomy.neurons.items() if n.membrane}
        self.unknown: dict[str, str] = {}
        self.unseen: dict[str, str] = {}
        self.in_flight: dict[str, str] = {}

    def add(self, seen: Seen) -> None:
        """Count what was observed of some samples."""
        self.samples += seen.samples
        self.sample_steps += seen.samples * seen.steps
        self.unknown |= dict(seen.missing)
        for name, sent in seen.sent.items():
            self.events[name] += len(sent.ids)
        for layer in self.anatomy.layers:
            if layer.longest and not seen.begins:
                self.in_flight[layer.name] = (
                    "what was in flight when the recording began is unknown"
                )
            elif layer.pre in seen.sent:
                self._deliver(layer, seen.sent[layer.pre], seen.steps)
        for name in self.updates:
            if name in seen.potentials:
                v = np.asarray(seen.potentials[name])
                self.updates[name] += int(v[:, :1].size + (v[:, 1:] != v[:, :-1]).sum())
            else:
                self.unseen[name] = "its potential was not recorded at every step"

    def _deliver(self, layer: Layer, sent: Sent, last: int) -> None:
        """Events that arrive while the run lasts, times the synapses that each goes to."""
        at, operations = [], []
        for delay, fan_out in layer.fan_out:
            due = sent.steps + delay <= last
            made = fan_out[sent.ids[due]]
            if sent.values is None:
                self.additions[layer.name] += int(made.sum())
                continue
            at.append(np.stack([sent.samples[due], sent.steps[due] + delay]))
            operations.append((made, np.abs(sent.values[due]) != 1))
        if sent.values is None or not at:
            return
        keys = np.concatenate([a[0] * (last + 1) + a[1] for a in at])
        made = np.concatenate([m for m, _ in operations])
        graded = np.concatenate([g for _, g in operations])
        products = np.isin(keys, np.unique(keys[graded]))
        self.multiplications[layer.name] += int(made[products].sum())
        self.additions[layer.name] += int(made[~products].sum())
