"""Weights to begin with: such that neurons are driven by fluctuations, neither silent nor certain.

Rossbroich, Gygax and Zenke 2022, Neuromorph Comput Eng 2:044016.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ..errors import UnknownNameError, ValidationError, shorten
from ..network.inputs import SpikeTrains
from ..network.links import Projection
from ..network.network import Network
from ..network.population import Population
from ..numerics.random import normal, stream_key, uniform
from ..run import run
from .links import Link
from .module import SpikingNetwork
from .surrogates import resting_distance

__all__ = ["fluctuation_driven", "kaiming", "response"]

#: Steps within which a response is over.
_LONG = 400
#: Share of the way to threshold by which a response is probed, small enough to be linear.
_SMALL = 1e-3
_TRIES = 8
#: Share of the peak below which a response is over.
_OVER = 1e-3


def fluctuation_driven(
    module: SpikingNetwork, rates: Mapping[str, Any] | float = 20.0, *, inputs: Any = None,
    steps: int | None = None, xi: float = 1.5, seed: int | None = None,
) -> dict[str, float]:  # fmt: skip
    """Draw all trained weights anew, normal with mean 0, such that (theta - mu) / sigma is `xi`.

    mu and sigma are mean and standard deviation of the potential without spikes; theta - mu is the
    distance from rest to threshold. Projections of one population share its variance evenly. What
    a spike does to the potential is measured on the model itself.

    Parameters
    ----------
    module
        Whose weights are set.
    rates
        Hz of each population that projects, by name, or of all.
    inputs, steps
        A batch as of `SpikingNetwork.forward`. With it, populations in the order of layers, the
        standard deviation is measured instead, with what their sources really send; within loops
        `rates` still hold.
    xi
        1 to 3. Small is loud.
    seed
        That of the network by default.

    Returns
    -------
    By projection, the standard deviation of its weights, coherent units (mV, nA, uS).

    Raises
    ------
    ValidationError
        If weights may not be negative, or nothing comes in.
    """
    if not isinstance(xi, int | float) or not xi > 0:
        raise ValidationError("fluctuation_driven, xi", f"got {shorten(xi)}", "above 0, say 1.5")
    made: dict[str, float] = {}
    for members in module.rounds:
        for k in members:
            into = [lk for lk in module.links if lk.post == k and _is_learned(module, lk)]
            if not into or module.program.populations[k].code.spike is None:
                continue
            measured = _measured(module, inputs, steps, k) if inputs is not None else {}
            for link in into:
                if link.positive:
                    raise ValidationError(f"fluctuation_driven, {link.name!r}",
                                          "takes no negative weights", "currents or Delta",
                                          "use kaiming")  # fmt: skip
                power = _power(module, link, rates, measured, link.pre in members)
                distance = resting_distance(module.program.populations[k])
                spread = distance / (xi * np.sqrt(len(into) * power))
                _draw(module, link, spread, seed)
                made[link.name] = float(spread)
    rest = [lk for lk in module.links if lk.name not in made and _is_learned(module, lk)]
    for link in rest:
        made[link.name] = _kaiming(module, link, 1.0, seed)
    return made


def kaiming(module: SpikingNetwork, gain: float = 2.0, seed: int | None = None) -> dict[str, float]:
    """Draw all trained weights anew, uniform within +-gain / sqrt(fan-in), in units of threshold.

    The fallback where rates are not known (He et al. 2015, ICCV, as PyTorch has it for linear
    layers with gain 1); where weights may not be negative, from 0. Returns the bounds.
    """
    return {
        link.name: _kaiming(module, link, gain, seed)
        for link in module.links if _is_learned(module, link)
    }  # fmt: skip


def _is_learned(module: SpikingNetwork, link: Link) -> bool:
    return bool(module.weights[link.name].requires_grad)


def _kaiming(module: SpikingNetwork, link: Link, gain: float, seed: int | None) -> float:
    weight = module.weights[link.name]
    unit = resting_distance(module.program.populations[link.post]) / _peak(module, link)
    bound = float(gain * unit / np.sqrt(_fan_in(module, link)))
    key = stream_key(_seed(module, seed), link.name, "initial weights")
    draws = uniform(key, np.arange(weight.numel(), dtype=np.uint64))
    low = 0.0 if link.positive else -bound
    _set(weight, low + (bound - low) * draws)
    return bound


def _draw(module: SpikingNetwork, link: Link, spread: float, seed: int | None) -> None:
    weight = module.weights[link.name]
    key = stream_key(_seed(module, seed), link.name, "initial weights")
    _set(weight, spread * normal(key, np.arange(weight.numel(), dtype=np.uint64)))


def _seed(module: SpikingNetwork, seed: int | None) -> int:
    return int(module.network.seed) if seed is None else seed


def _set(weight: Any, values: np.ndarray) -> None:
    with torch.no_grad():
        weight.copy_(torch.from_numpy(values).reshape(weight.shape))


def _fan_in(module: SpikingNetwork, link: Link) -> float:
    """Weights of a neuron that has any, on average; each may act on a mean of several sources."""
    ones = torch.ones_like(link.initial)
    source = torch.ones((1, module.program.populations[link.pre].size), dtype=ones.dtype)
    made = sum(p.arrivals(p.seen(source) * link.share, ones) for _, p in link.parts)
    return float(made[made > 0].mean()) if bool((made > 0).any()) else 1.0


def _power(
    module: SpikingNetwork, link: Link, rates: Any, measured: dict[str, float], looped: bool
) -> float:
    """Variance of the potential for weights of variance 1."""
    if link.name in measured and not looped:
        power = measured[link.name]
    else:
        name = module.names[link.pre]
        if isinstance(rates, Mapping) and name not in rates:
            raise UnknownNameError("fluctuation_driven, rates", name, rates)
        hertz = float(rates[name] if isinstance(rates, Mapping) else rates)
        kernel = response(module, link)
        chance = hertz * module.dt * 1e-3
        # Of a mean of independent sources, the variance is a share too.
        power = _fan_in(module, link) * link.share * chance * float((kernel**2).sum())
    if not power > 0:
        raise ValidationError(f"fluctuation_driven, {link.name!r}", "nothing comes in",
                              "a rate above 0, or inputs that are not all 0")  # fmt: skip
    return power


def _measured(module: SpikingNetwork, inputs: Any, steps: int | None, k: int) -> dict[str, float]:
    """By projection into `k`, the mean square of the potential for weights of variance 1."""
    with torch.no_grad():
        output = module(inputs, steps)
    made = {}
    for link in module.links:
        name = module.names[link.pre]
        if link.post != k or name not in output.spikes:
            continue
        sent = output.spikes[name].double().cpu()
        kernel = torch.from_numpy(response(module, link)[: len(sent)].copy())
        ones = torch.ones_like(link.initial).double()
        rows = _filtered(sent, kernel).flatten(0, 1)
        arrived = sum(p.arrivals((p.seen(rows) * link.share) ** 2, ones) for _, p in link.parts)
        made[link.name] = float(arrived[:, arrived.sum(0) > 0].mean()) if len(rows) else 0.0
    return made


def _filtered(x: Any, kernel: Any) -> Any:
    lag = torch.arange(len(x))[:, None] - torch.arange(len(x))[None, :]
    inside = (lag >= 0) & (lag < len(kernel))
    matrix = torch.where(inside, kernel[lag.clamp(0, len(kernel) - 1)], 0.0)
    return torch.einsum("ts,sbn->tbn", matrix, x)


def response(module: SpikingNetwork, link: Link) -> np.ndarray:
    """What a spike of weight 1 (coherent units) does to its target: by step, from its arrival.

    Measured on one neuron of the target's model, at rest, on the reference engine.
    """
    target = module.network[module.names[link.post]]
    projection = module.network.projections[link.name]
    variable = "v" if "v" in module.program.populations[link.post].states else ""
    if not variable:
        raise ValidationError(f"initial weights, population {target.name!r}", "has no variable v",
                              "a model whose potential is v", "set weights yourself")  # fmt: skip
    distance = resting_distance(module.program.populations[link.post])
    rest = _potential(target, projection, 0.0, module.dt)
    weight = _SMALL * distance
    for _ in range(_TRIES):
        moved = _potential(target, projection, weight, module.dt) - rest
        peak = float(np.abs(moved).max())
        if 0.01 * _SMALL * distance < peak < 2 * _SMALL * distance:
            break
        weight *= _SMALL * distance / peak if np.isfinite(peak) and peak > 0 else 1e3
    else:
        raise ValidationError(f"initial weights, {link.name!r}", "does not move its target's v",
                              "a synapse that does", "set weights yourself")  # fmt: skip
    over = np.flatnonzero(np.abs(moved) > _OVER * peak)
    scale = projection.synapse.unit_of_weight().scale
    return np.asarray(moved[over[0] : over[-1] + 1] / (weight * scale))


def _potential(target: Population, projection: Projection, weight: float, dt: float) -> np.ndarray:
    """The potential after each step, with one spike in the first."""
    synapse = copy.copy(projection.synapse)
    synapse.weight, synapse.delay, synapse.dendritic_delay = weight, dt, 0.0
    net = Network(seed=0)
    one = net.add(Population("one", 1, target.model))
    net.drive(one, SpikeTrains([[dt]], synapse=synapse))
    net.record(one, "v")
    made = run(net, _LONG * dt, dt=dt, on="reference", precision="float64", progress=False)
    return np.asarray(made["one", "v"].values, dtype=np.float64).reshape(-1)


def _peak(module: SpikingNetwork, link: Link) -> float:
    return float(np.abs(response(module, link)).max())
