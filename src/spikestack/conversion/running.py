"""Shows samples to a converted network and reads what it did."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ..errors import UnknownNameError, ValidationError, shorten
from .building import Built, Plan

__all__ = ["Answer", "Runner"]

_ENGINES = ("torch", "cpu", "reference")


@dataclass(frozen=True, eq=False)
class Answer:
    """What a converted network answered.

    Attributes
    ----------
    outputs
        (samples, outputs), what the trained network would give; float64.
    history
        The same after each step, (steps, samples, outputs); early steps of a network that works
        layer by layer hold nothing yet.
    totals
        By population, what each neuron sent in all: (samples, neurons), counts or sums of values.
    spikes
        Spikes of each sample, of all neurons that stand for activations; a burst of n counts n.
    synops
        Synaptic operations of each sample: values sent times the synapses of the sender, from
        everything but the input.
    """

    outputs: np.ndarray
    history: np.ndarray
    totals: dict[str, np.ndarray] = field(default_factory=dict)
    spikes: np.ndarray = field(default_factory=lambda: np.zeros(0))
    synops: np.ndarray = field(default_factory=lambda: np.zeros(0))


class Runner:
    """A built network at work.

    Parameters
    ----------
    built, plan
        What was described, and how.
    spiking
        Names of the populations whose spikes are counted.
    input_name
        Of the population that is fed.
    """

    def __init__(self, built: Built, plan: Plan, spiking: tuple[str, ...], input_name: str) -> None:
        self.built, self.plan, self.spiking, self.input_name = built, plan, spiking, input_name
        self._module: Any = None
        self._fan_out: dict[str, np.ndarray] | None = None

    def run(self, samples: np.ndarray, steps: int | None, on: str, batch: int) -> Answer:
        """Run all samples, `batch` at a time, each from the start."""
        if on not in _ENGINES:
            raise UnknownNameError("Converted.run, on", on, _ENGINES)
        steps = self._checked(steps)
        flat = samples.reshape(len(samples), -1)
        parts = []
        for first in range(0, len(flat), batch):
            fed = self._fed(flat[first : first + batch], steps)
            parts.append(self._on_torch(fed) if on == "torch" else self._on_engine(fed, on))
        joined = {k: np.concatenate([p.totals[k] for p in parts]) for k in parts[0].totals}
        return Answer(
            np.concatenate([p.outputs for p in parts]),
            np.concatenate([p.history for p in parts], 1), joined,
            np.concatenate([p.spikes for p in parts]), np.concatenate([p.synops for p in parts]),
        )  # fmt: skip

    def _checked(self, steps: int | None) -> int:
        whole = self.built.total_steps(self.plan)
        if steps is None:
            return whole
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise ValidationError("Converted.run, steps", f"got {shorten(steps)}", "at least 1")
        if self.plan.in_turn and steps != whole:
            raise ValidationError(
                "Converted.run, steps", f"{steps}, where layers work in turn", f"{whole}",
                "convert with other steps",
            )  # fmt: skip
        return steps

    def _fed(self, flat: np.ndarray, steps: int) -> np.ndarray:
        """(steps, samples, inputs): the same in every step, while the first layer takes it in."""
        shown = steps if not self.plan.in_turn else min(steps, self.plan.steps)
        shown = 1 if self.plan.neuron == "few" else shown
        made = np.zeros((steps, *flat.shape), np.float32)
        made[:shown] = flat
        return made

    def _on_torch(self, fed: np.ndarray) -> Answer:
        if self._module is None:
            self._module = self.built.network.compile("torch", dt=1.0, train=())
        whole = torch.from_numpy(fed)
        with torch.no_grad():
            held = not self.plan.in_turn
            out = self._module(whole[0], steps=len(fed)) if held else self._module(whole)
        sent = {n: out.spikes[n].numpy() for n in self._senders() if n in out.spikes}
        return self._answer(out[f"{self.built.readout}.v"].numpy(), sent)

    def _on_engine(self, fed: np.ndarray, on: str) -> Answer:
        """The same by the event-driven engines: a trial for each sample."""
        net, trials = self.built.network, fed.shape[1]
        make = importlib.import_module("spikestack.simulation").Simulation
        simulation = make(net, dt=1.0, on=on, trials=trials)
        for trial in range(trials):
            when, ids = np.nonzero(fed[:, trial])
            if len(ids):
                simulation.inject(
                    "input", ids, when + 1.0, counts=fed[when, trial, ids], trial=trial
                )
        simulation.advance(float(len(fed)), progress=False)
        made = simulation.recording()
        sent = {n: _dense(made[n], fed.shape[:2], net[n].size) for n in self._senders()}
        potential = made[self.built.readout, "v"].values
        return self._answer(np.moveaxis(potential, 0, 1), sent)

    def _senders(self) -> list[str]:
        return [n for n in self.built.network.populations if n != self.built.readout]

    def _answer(self, potential: np.ndarray, sent: dict[str, np.ndarray]) -> Answer:
        steps = len(potential)
        over = np.arange(1, steps + 1.0)
        if self.plan.in_turn:
            over[:] = self.plan.sums
        history = potential.astype(np.float64) / over[:, None, None]
        totals = {n: s.sum(0, dtype=np.float64) for n, s in sent.items()}
        events = {n: np.count_nonzero(s, axis=0) for n, s in sent.items() if n != self.input_name}
        # A burst of n is n spikes; signs and bits count as one.
        counted = totals if self.plan.neuron in ("plain", "burst") else events
        spikes = sum(counted[n].sum(1) for n in self.spiking)
        synops = sum(e @ self.fan_out[n] for n, e in events.items())
        zero = np.zeros(potential.shape[1])
        return Answer(history[-1], history, totals, zero + spikes, zero + synops)

    @property
    def fan_out(self) -> dict[str, np.ndarray]:
        """Synapses of each neuron, by population."""
        if self._fan_out is None:
            net = self.built.network
            made = {n: np.zeros(p.size) for n, p in net.populations.items()}
            for p in net.projections.values():
                pre = _sources(p)
                made[p.pre.population.name] += np.bincount(pre, minlength=p.pre.population.size)
            self._fan_out = made
        return self._fan_out


def _sources(projection: Any) -> np.ndarray:
    if type(projection.rule).__name__ == "OneToOne":
        return np.arange(projection.pre.size)
    return projection.rule.list_edges(projection.ends).pre


def _dense(spikes: Any, shape: tuple[int, int], size: int) -> np.ndarray:
    """Recorded spikes as (steps, samples, neurons)."""
    made = np.zeros((*shape, size), np.float32)
    steps = np.rint(spikes.times).astype(np.int64) - 1
    values = 1.0 if spikes.values is None else spikes.values
    made[steps, spikes.trials, spikes.ids] = values
    return made
