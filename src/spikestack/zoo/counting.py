"""Spikes and synaptic operations of many runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..network.network import Network

__all__ = ["Counted"]


class Counted:
    """Adds up what populations send, neuron by neuron.

    Parameters
    ----------
    network
        What runs.
    how
        The `input` of its task.
    firing
        Populations whose spikes are recorded. What the driven one sends, if it is not among them,
        is taken to be what it is fed.
    """

    def __init__(self, network: Network, how: dict[str, Any], firing: list[str]) -> None:
        self.how, self.firing = how, firing
        self.driven = network.drives[how["drive"]].target.population.name
        self.sent = {name: np.zeros(p.size) for name, p in network.populations.items()}
        self.graded: set[str] = set()
        self.samples = 0
        self._fan_out = {name: np.zeros(p.size) for name, p in network.populations.items()}
        for name in network.projections:
            joined = network.connections(name, dt=how["dt"])
            fan_out = self._fan_out[joined.pre_population]
            fan_out += np.bincount(joined.pre, minlength=len(fan_out))

    def add(self, run: Any, inputs: np.ndarray) -> None:
        """One run with a trial for each input."""
        self.samples += len(inputs)
        for name in self.firing:
            record = run.spikes[name]
            self._events(name, np.asarray(record.ids), record.values)
        if self.driven not in self.firing:
            at = np.nonzero(inputs)
            held = self.how["steps"] if inputs.ndim == 2 else 1
            self._events(self.driven, at[-1], inputs[at], held)

    def _events(self, name: str, ids: np.ndarray, values: Any, times: int = 1) -> None:
        self.sent[name] += times * np.bincount(ids, minlength=len(self.sent[name]))
        if values is not None and bool((np.abs(values) != 1).any()):
            self.graded.add(name)

    def spikes(self) -> dict[str, float]:
        """Of a mean sample, by population that is recorded and sends no values."""
        fired = [name for name in self.firing if name not in self.graded]
        return {name: float(self.sent[name].sum()) / self.samples for name in fired}

    def operations(self) -> dict[str, float]:
        """Of a mean sample."""
        made = {"additions": 0.0, "multiplications": 0.0}
        for name, sent in self.sent.items():
            kind = "multiplications" if name in self.graded else "additions"
            made[kind] += float(sent @ self._fan_out[name]) / self.samples
        return made
