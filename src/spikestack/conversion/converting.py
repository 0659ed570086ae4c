"""The conversion itself: graph, thresholds, network, corrections."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch

from ..errors import UnknownNameError, ValidationError, shorten
from ..network.network import Network
from .building import NEURONS, Built, Plan, build
from .evaluating import Evaluation, evaluated
from .folding import folded
from .forward import forward
from .graph import Graph
from .report import Report, report_of
from .running import Answer, Runner
from .scales import METHODS, scales_of

__all__ = ["Converted", "Evaluation", "converted"]

#: Samples on which biases are corrected and errors reported, at most.
_LOOKED_AT = 256
#: Greatest magnitude of a sample; a drive takes four times as much, in case others are larger.
_LARGEST = 250_000.0


class Converted:
    """A spiking network made from a trained one; from `spikestack.convert`.

    Attributes
    ----------
    network
        The description, an ordinary one: drive ``"input"`` takes the samples, population
        ``"readout"`` adds up the answer.
    scales
        By node, the activation that a spike in every step stands for, (channels,).
    corrections
        By node, what calibration added to the biases, (channels,).
    notes
        What was left out of the trained network, and why.
    """

    def __init__(
        self, graph: Graph, built: Built, plan: Plan, scales: dict[str, np.ndarray],
        corrections: dict[str, np.ndarray], data: np.ndarray,
    ) -> None:  # fmt: skip
        self._graph, self._built, self.plan, self._data = graph, built, plan, data
        self.scales, self.corrections, self.notes = scales, corrections, graph.notes
        self._runner = runner_of(graph, built, plan)

    @property
    def network(self) -> Network:
        """The description."""
        return self._built.network

    @property
    def total_steps(self) -> int:
        """Steps from the first input to the answer: of one layer, times the layers in turn."""
        return self._built.total_steps(self.plan)

    def run(
        self, samples: Any, steps: int | None = None, *, on: str = "torch", batch: int = 64
    ) -> Answer:
        """Show samples, each from the start and held as long as the first layer takes.

        Parameters
        ----------
        samples
            (samples, *input shape), as the trained network takes them.
        steps
            How many; by default those it was converted for. Others only where layers work at once.
        on
            ``"torch"``, ``"cpu"`` or ``"reference"``.
        batch
            Samples at a time.

        Raises
        ------
        ValidationError
            If the samples do not have the shape of the input, or the steps cannot be.
        """
        return self._runner.run(checked(self._graph, samples), steps, on, batch)

    def original(self, samples: Any) -> np.ndarray:
        """What the trained network answers, (samples, outputs)."""
        return forward(self._graph, checked(self._graph, samples))

    def evaluate(
        self, samples: Any, labels: Any, steps: int | None = None, *, batch: int = 64
    ) -> Evaluation:
        """Accuracy of both networks, and what the spiking one needs for it.

        Parameters
        ----------
        samples, labels
            (samples, *input shape), and which output is right.
        steps, batch
            As for `run`.
        """
        answer = self.run(samples, steps, batch=batch)
        return evaluated(answer, self.original(samples), labels)

    @cached_property
    def report(self) -> Report:
        """Errors layer by layer, on the calibration data."""
        data = self._data[:_LOOKED_AT]
        answer = self.run(data)
        return report_of(
            self._graph, self.plan, self.scales, self.corrections, self._built, data, answer
        )

    def __repr__(self) -> str:
        kind = f"{self.plan.neuron} neurons, {self.total_steps} steps"
        return f"<Converted: {len(self._graph.rectifiers)} spiking layers, {kind}>"


def checked(graph: Graph, samples: Any) -> np.ndarray:
    """Samples as float32 of the input's shape."""
    if isinstance(samples, torch.Tensor):
        samples = samples.detach().cpu().numpy()
    try:
        made = np.asarray(samples, np.float32)
    except (TypeError, ValueError):
        raise ValidationError("samples", f"got {shorten(samples)}", "an array") from None
    shape = graph.input.shape
    if made.ndim < 2 or made.shape[1:] != shape or not len(made):
        raise ValidationError("samples", f"shape {made.shape}", f"(samples, {shape})")
    if not np.isfinite(made).all():
        raise ValidationError("samples", "hold NaN or infinity", "finite numbers")
    return made


def runner_of(graph: Graph, built: Built, plan: Plan) -> Runner:
    """What runs a built network."""
    spiking = tuple(built.carriers[n.name].population.name for n in graph.rectifiers)
    return Runner(built, plan, spiking, graph.input.name)


def converted(
    graph: Graph, data: Any, *, method: str | None, steps: int, neuron: str, in_turn: bool,
    half: bool, percentile: float, correct: bool | None, seed: int,
) -> Converted:  # fmt: skip
    """See `spikestack.convert`."""
    graph = folded(graph)
    samples = checked(graph, data)
    plan = _plan(steps, neuron, in_turn, half, percentile, seed)
    own = bool(graph.rectifiers) and all(n["levels"] for n in graph.rectifiers)
    method = method or ("qcfs" if own else "calibrated")
    if method not in METHODS:
        raise UnknownNameError("convert, method", method, METHODS)
    levels = 2**steps - 1 if neuron == "few" else steps
    scales = scales_of(graph, samples, method, levels, percentile)
    sizes = _sizes(graph, samples)
    corrections: dict[str, np.ndarray] = {}
    if correct or (correct is None and method == "calibrated"):
        corrections = _corrections(graph, scales, sizes, plan, samples[:_LOOKED_AT])
    built = build(graph, scales, sizes, plan, corrections)
    return Converted(graph, built, plan, scales, corrections, samples)


def _plan(steps: Any, neuron: str, in_turn: bool, half: bool, percentile: Any, seed: int) -> Plan:
    if neuron not in NEURONS:
        raise UnknownNameError("convert, neuron", neuron, NEURONS)
    most = 20 if neuron == "few" else 10_000
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= most:
        raise ValidationError("convert, steps", f"got {shorten(steps)}", f"1 to {most}")
    if not (isinstance(percentile, int | float) and 0 < percentile <= 100):
        raise ValidationError(
            "convert, percentile", f"got {shorten(percentile)}", "above 0, at most 100"
        )
    return Plan(neuron, steps, in_turn or neuron == "few", half, seed)


def _sizes(graph: Graph, samples: np.ndarray) -> dict[str, float]:
    """Greatest magnitudes of what is not rectified."""
    names = tuple(n.name for n in graph.nodes.values() if n.kind != "rectify")
    found = forward(graph, samples[:_LOOKED_AT], names)
    made = {name: float(np.abs(values).max(initial=0.0)) or 1.0 for name, values in found.items()}
    largest = float(np.abs(samples).max(initial=0.0)) or 1.0
    if largest > _LARGEST:
        raise ValidationError(
            "convert, data", f"values up to {largest:g}", f"at most {_LARGEST:g}",
            "scale the samples, and the weights of the first layer with them",
        )  # fmt: skip
    made[graph.input.name] = largest
    return made


def _corrections(
    graph: Graph, scales: Any, sizes: Any, plan: Plan, samples: np.ndarray
) -> dict[str, np.ndarray]:
    """What each layer lacks on average, by channel, given the layers before it corrected."""
    names = tuple(n.name for n in graph.rectifiers)
    wanted = forward(graph, samples, (*names, graph.output))
    made: dict[str, np.ndarray] = {}
    for name in dict.fromkeys((*names, graph.output)):
        built = build(graph, scales, sizes, plan, made)
        answer = runner_of(graph, built, plan).run(samples, None, "torch", 64)
        if name in names:
            carrier = built.carriers[name]
            got = answer.totals[carrier.population.name] * carrier.scale / plan.sums
        else:
            got = answer.outputs
        lack = wanted[name].reshape(len(samples), -1) - got
        made[name] = lack.reshape(len(samples), graph[name].shape[0], -1).mean((0, 2))
    return made
