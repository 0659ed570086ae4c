"""Our training steps, and plain PyTorch loops of the same equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ...groups.layered import Conv, Linear, Pool, layered
from ...network import Network, Population
from ...network.external import ExternalSpikes
from ...network.rules import Dense
from ...neurons.adaptive_discrete_lif import AdaptiveDiscreteLIF
from ...neurons.base import NeuronModel
from ...neurons.discrete_lif import DiscreteLIF
from ...neurons.graded_relu import GradedReLU
from ...synapses.delta import Delta
from ...training.multiplying import dot

__all__ = ["Step", "convolutional", "described", "loop", "population", "products"]

#: Izhikevich 2003, forward Euler in steps of h ms; v is fed in mV.
IZHIKEVICH = {"h": 0.25, "a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0}


class Step:
    """A step of training, and what drops its gradients."""

    def __init__(self, loss: Callable[[], Any], parameters: list[Any]) -> None:
        self.loss, self.parameters = loss, parameters

    def __call__(self) -> None:
        """Forward and backward."""
        self.rest()
        self.loss().backward()

    def rest(self) -> None:
        """Drop gradients."""
        for parameter in self.parameters:
            parameter.grad = None


def described(case: str) -> NeuronModel:
    """The neuron of a case."""
    if case == "adaptive":
        return AdaptiveDiscreteLIF()
    if case != "izhikevich":
        return DiscreteLIF(beta=0.9)
    return NeuronModel(
        """
        v[t+1] = v + h*(0.04*v*v + 5*v + 140 - u) : 1
        u[t+1] = u + h*a*(b*v - u)                : 1
        """,
        threshold="v >= 30",
        reset="v = c; u += d",
        parameters=IZHIKEVICH,
        initial={"v": -65.0, "u": -13.0},
        dimensionless=True,
        default_synapse="Delta",
    )


def population(case: str, neurons: int) -> Any:
    """Graded sources, all to all, neurons that fire: a module that trains the weights."""
    gain = {"adaptive": 1.0, "izhikevich": 8.0}.get(case, 1.0)
    weights = np.random.default_rng(0).uniform(-1.0, 1.0, (neurons, neurons)) / np.sqrt(neurons)
    net = Network(seed=0)
    sources = net.add(Population("sources", neurons, GradedReLU()))
    cells = net.add(Population("cells", neurons, described(case)))
    net.drive(sources, ExternalSpikes(weight=1.0))
    net.connect(sources, cells, Dense(gain * weights), Delta(weight=1.0, delay=0.0))
    net.record(cells, "spikes")
    return net.compile("torch", dt=1.0)


def convolutional(side: int) -> Any:
    """Two convolutions with pooling, and a readout."""
    layers = [Conv(16), "lif", Pool(2), Conv(32), "lif", Pool(2), Linear(10), "readout"]
    return layered((2, side, side), layers, gain=2.0).compile("torch", dt=1.0)


def products(weights: Any, x: Any, product: Callable[[Any, Any], Any] = dot) -> Step:
    """The matrix products of forward and backward, and nothing else."""
    rows = x.flatten(0, 1)
    arriving = torch.ones(len(rows), weights.shape[1])

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, w: Any) -> Any:
            return product(rows, w)[0, 0]

        @staticmethod
        def backward(ctx: Any, *slopes: Any) -> Any:
            return product(rows.T, arriving)

    return Step(lambda: Product.apply(weights), [weights])


class _Spike(torch.autograd.Function):
    """0 or 1; backward, the fast sigmoid's slope 1/(1 + 5 |z|)^2, as `surrogates` has it."""

    @staticmethod
    def forward(ctx: Any, z: Any) -> Any:
        ctx.save_for_backward(z)
        return (z >= 0).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        (z,) = ctx.saved_tensors
        return slopes[0] / (1.0 + 5.0 * z.abs()) ** 2


def loop(case: str, x: Any, weights: Any, scale: float, hoisted: bool) -> Any:
    """Spikes of the same equations, step by step, as one writes them in PyTorch.

    What a spike resets is left out of gradients, as in ours.

    Parameters
    ----------
    case
        ``"adaptive"`` or ``"izhikevich"``.
    x : (steps, batch, neurons)
    weights : (neurons, neurons)
    scale
        Of the surrogate, in units of v.
    hoisted
        Whether the product with the weights is taken once for all steps, else in each.
    """
    step = _adaptive if case == "adaptive" else _izhikevich
    rest = (0.0, 0.0, 0.0) if case == "adaptive" else (-65.0, -13.0)
    states: Any = [torch.full((x.shape[1], weights.shape[1]), value) for value in rest]
    rows = (x.flatten(0, 1) @ weights).unflatten(0, x.shape[:2]) if hoisted else x
    made = []
    for row in rows.unbind(0):
        current = row if hoisted else row @ weights
        spike, states = step(current, states, scale)
        made.append(spike)
    return torch.stack(made)


def _adaptive(current: Any, states: Any, scale: float) -> tuple[Any, Any]:
    v, w, s = states
    p: Any = described("adaptive").values
    w = p["rho"] * w + (1 - p["rho"]) * p["q"] * (p["a"] * v + p["b"] * s)
    v = p["beta"] * v - (1 - p["beta"]) * w + current
    spike = _Spike.apply((v - p["theta"]) / scale)
    fixed = spike.detach()
    return spike, (v * (1 - fixed), w, fixed)


def _izhikevich(current: Any, states: Any, scale: float) -> tuple[Any, Any]:
    v, u = states
    h, a, b, c, d = IZHIKEVICH.values()
    new = v + h * (0.04 * v * v + 5 * v + 140 - u)
    u = u + h * a * (b * new - u)
    v = new + current
    spike = _Spike.apply((v - 30) / scale)
    fixed = spike.detach()
    return spike, (v * (1 - fixed) + c * fixed, u + d * fixed)
