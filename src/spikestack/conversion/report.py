"""Where a conversion loses accuracy: each layer's error, by cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .building import Built, Plan
from .forward import forward
from .graph import Graph, Node
from .running import Answer

__all__ = ["LayerReport", "Report", "report_of"]

_CAUSES = ("total", "clipping", "quantisation", "unevenness", "inherited")


@dataclass(frozen=True)
class LayerReport:
    """One layer's mean squared errors, in shares of its mean squared activation.

    Attributes
    ----------
    name
        Of the activation in the trained network.
    neurons
        How many.
    scale
        Activation of a spike in every step, mean over channels.
    rate
        Spikes of a neuron and step.
    total
        Between what the spikes say and what the trained network has there.
    clipping
        What cutting the activation at `scale` alone costs.
    quantisation
        What rounding it to whole spikes alone costs, after that.
    unevenness
        Between what the spikes say and the rounded value of all that arrived: spikes fired too
        soon, or too late. 0 where layers work in turn.
    inherited
        From the layers before: between the rounded values of what arrived and of what should have.
        Causes do not add up to the total, as errors may cancel.
    """

    name: str
    neurons: int
    scale: float
    rate: float
    total: float
    clipping: float
    quantisation: float
    unevenness: float
    inherited: float


@dataclass(frozen=True)
class Report:
    """Errors of all layers, in order, and of the output.

    Attributes
    ----------
    layers
        `LayerReport` by layer.
    output
        Mean squared error of the outputs, in shares of their variance.
    agreement
        Share of samples that both networks answer alike.
    """

    layers: tuple[LayerReport, ...]
    output: float
    agreement: float

    def __getitem__(self, name: str) -> LayerReport:
        return next(layer for layer in self.layers if layer.name == name)

    def __str__(self) -> str:
        head = f"{'layer':16s} {'neurons':>8s} {'rate':>7s} " + " ".join(
            f"{c:>12s}" for c in _CAUSES
        )
        rows = [
            f"{r.name[:16]:16s} {r.neurons:8d} {r.rate:7.3f} "
            + " ".join(f"{getattr(r, c):12.2e}" for c in _CAUSES)
            for r in self.layers
        ]
        last = f"output: error {self.output:.2e}, {100 * self.agreement:.1f} % alike"
        return "\n".join([head, *rows, last])


def report_of(
    graph: Graph, plan: Plan, scales: dict[str, np.ndarray], corrections: dict[str, np.ndarray],
    built: Built, data: np.ndarray, answer: Answer,
) -> Report:  # fmt: skip
    """Compare a run on `data` with the trained network."""
    nodes = graph.rectifiers
    names = tuple(n.name for n in nodes)
    sources = tuple(n.inputs[0] for n in nodes)
    own = forward(graph, data, (*names, *sources, graph.output))
    said = {}
    for node in nodes:
        carrier = built.carriers[node.name]
        total = answer.totals[carrier.population.name] * carrier.scale / plan.sums
        said[node.name] = total.reshape(-1, *node.shape).astype(np.float32)
    arrived = forward(graph, data, sources, instead=said) if sources else {}
    layers = tuple(
        _layer(n, plan, scales[n.name], corrections.get(n.name), own, said, arrived, answer, built)
        for n in nodes
    )
    wanted = own[graph.output].reshape(len(data), -1)
    error = float(((answer.outputs - wanted) ** 2).mean() / (wanted.var() or 1.0))
    alike = float((answer.outputs.argmax(1) == wanted.argmax(1)).mean())
    return Report(layers, error, alike)


def _layer(
    node: Node, plan: Plan, scale: np.ndarray, correction: Any, own: Any, said: Any, arrived: Any,
    answer: Answer, built: Built,
) -> LayerReport:  # fmt: skip
    sides = (-1, *[1] * (len(node.shape) - 1))
    s = scale.reshape(sides)
    z, a = own[node.inputs[0]], own[node.name]
    more = 0.0 if correction is None else correction.reshape(sides)
    cut = np.clip(z, 0, s)
    right, ideal = _rounded(z, s, plan), _rounded(arrived[node.inputs[0]] + more, s, plan)
    size = float((a.astype(np.float64) ** 2).mean()) or 1.0
    errors = [
        float(((x - y) ** 2).mean(dtype=np.float64)) / size
        for x, y in (
            (said[node.name], a), (cut, np.maximum(z, 0)), (right, cut),
            (said[node.name], ideal), (ideal, right),
        )
    ]  # fmt: skip
    population = built.carriers[node.name].population
    rate = float(answer.totals[population.name].mean()) / plan.sums
    return LayerReport(node.name, population.size, float(scale.mean()), rate, *errors)


def _rounded(z: np.ndarray, scale: np.ndarray, plan: Plan) -> np.ndarray:
    """The value that a neuron sends if all of its input is there before it begins."""
    few = plan.neuron == "few"
    levels = 2**plan.steps if few else plan.steps
    top = levels - 1 if few else levels * (5 if plan.neuron == "burst" else 1)
    half = 0.5 if plan.half else 0.0
    return scale * np.clip(np.floor(z * levels / scale + half), 0, top) / levels
