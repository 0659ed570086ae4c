"""What each population and projection did: spikes, rates, synaptic operations; what looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from ..errors import ValidationError
from .module import Output, SpikingNetwork

__all__ = ["Activity", "Counter", "LayerActivity", "check_activity"]

#: Shares of steps above which a neuron is saturated, and of neurons above which it is reported.
_SATURATED, _MANY = 0.9, 0.5


class Counter:
    """Adds up what a module's populations send, over batches.

    Synaptic operations are events that arrive: one for each synapse of each neuron that sent
    something. Populations that send only 0 and 1 ask for an addition (AC), others for a product
    and an addition (MAC); both count in every step, though values held for all steps are
    multiplied once here.
    """

    def __init__(self, module: SpikingNetwork) -> None:
        self.module = module
        self.sizes = {p.name: p.size for p in module.program.populations}
        self.fan_out = _fan_out(module)
        self.samples = self.sample_steps = 0
        self.sent: dict[str, Any] = {}
        self.graded: set[str] = set()

    def add(self, output: Output, *, samples: bool = True) -> None:
        """Count a batch, or, with `samples` off, more steps of one that is counted."""
        for name, spikes in output.spikes.items():
            x = spikes.detach()
            events = x != 0
            total = events.sum((0, 1)).double().cpu()
            self.sent[name] = self.sent.get(name, 0) + total
            if name not in self.graded and bool((x[events] != 1).any()):
                self.graded.add(name)
        first = next(iter(output.spikes.values()), None)
        if first is not None:
            self.samples += first.shape[1] if samples else 0
            self.sample_steps += first.shape[0] * first.shape[1]

    def state(self) -> dict[str, Any]:
        """What is counted so far, as plain data and tensors."""
        return {"samples": self.samples, "sample_steps": self.sample_steps,
                "sent": dict(self.sent), "graded": sorted(self.graded)}  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.samples, self.sample_steps = state["samples"], state["sample_steps"]
        self.sent, self.graded = dict(state["sent"]), set(state["graded"])

    def spikes(self) -> dict[str, float]:
        """Events per sample, by population."""
        return {n: float(x.sum()) / max(self.samples, 1) for n, x in self.sent.items()}

    def rates(self) -> dict[str, float]:
        """Mean rates in Hz, by population."""
        seconds = max(self.sample_steps, 1) * self.module.dt * 1e-3
        return {n: float(x.sum()) / self.sizes[n] / seconds for n, x in self.sent.items()}

    def operations(self) -> dict[str, tuple[float, float]]:
        """By projection, additions and multiply-additions per sample."""
        made = {}
        for link, fan_out in zip(self.module.links, self.fan_out):
            name = self.module.names[link.pre]
            if name in self.sent:
                count = float(self.sent[name] @ fan_out) / max(self.samples, 1)
                made[link.name] = (0.0, count) if name in self.graded else (count, 0.0)
        return made


def _fan_out(module: SpikingNetwork) -> list[Any]:
    """Of each projection, the synapses of each source."""
    made = []
    for link in module.links:
        ones = torch.ones_like(link.initial)
        target = torch.ones((1, module.program.populations[link.post].size), dtype=ones.dtype)
        made.append(sum(p.back(target, ones) for _, p in link.parts)[0].double())
    return made


@dataclass(frozen=True)
class LayerActivity:
    """One population in one batch.

    Attributes
    ----------
    name
        The population's.
    rate
        Hz, on average.
    silent, saturated
        Shares of neurons that never fire, and that fire in nine of ten steps or more.
    source
        Whether nothing projects to it.
    """

    name: str
    rate: float
    silent: float
    saturated: float
    source: bool

    @property
    def problem(self) -> str:
        """What is wrong and what to do; empty where nothing is."""
        if self.source:
            return f"{self.name!r} sends nothing: is it fed?" if self.silent == 1 else ""
        if self.silent > _MANY:
            return (
                f"{self.name!r}: {self.silent:.0%} of neurons are silent; larger weights into it, "
                "a wider surrogate, or training.initial.fluctuation_driven would wake them"
            )
        if self.saturated > _MANY:
            return (
                f"{self.name!r}: {self.saturated:.0%} of neurons fire in nearly every step; "
                "smaller weights into it, or at_most(...) as a regulariser would calm them"
            )
        return ""


@dataclass(frozen=True)
class Activity:
    """All populations that send spikes, in one batch."""

    layers: dict[str, LayerActivity] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What is wrong, layer by layer."""
        return [layer.problem for layer in self.layers.values() if layer.problem]

    def __str__(self) -> str:
        lines = [
            f"{a.name}: {a.rate:.3g} Hz, {a.silent:.0%} silent, {a.saturated:.0%} saturated"
            for a in self.layers.values()
        ]
        return "\n".join([*lines, *self.problems])


def check_activity(
    module: SpikingNetwork, inputs: Mapping[str, Any] | Any, steps: int | None = None
) -> Activity:
    """Run a batch and find silent and saturated populations.

    Parameters
    ----------
    module
        What runs.
    inputs, steps
        See `SpikingNetwork.forward`.

    Raises
    ------
    ValidationError
        If no population sends spikes.
    """
    with torch.no_grad():
        output = module(inputs, steps)
    if not output.spikes:
        raise ValidationError("check_activity", "no population sends spikes", "one at least")
    return activity_of(module, output)


def activity_of(module: SpikingNetwork, output: Output) -> Activity:
    """The same of an output that is there."""
    targets = {module.names[link.post] for link in module.links}
    made = {}
    for name, spikes in output.spikes.items():
        fired = spikes.detach() != 0
        share = fired.double().mean((0, 1))
        made[name] = LayerActivity(
            name, float(share.mean()) / (module.dt * 1e-3), float((share == 0).double().mean()),
            float((share >= _SATURATED).double().mean()), name not in targets,
        )  # fmt: skip
    return Activity(made)
