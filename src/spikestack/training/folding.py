"""A trained module as a description: weights as learned, normalisations as weights and biases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ValidationError
from ..network.files import network_of, plain_with_arrays
from ..network.network import Network
from ..network.population import Population
from ..network.rules import Dense
from ..neurons.base import NeuronModel
from .links import Link

if TYPE_CHECKING:
    from .module import SpikingNetwork

__all__ = ["folded"]

#: The population that brings biases: it fires in every step.
BIAS = "bias"


def folded(module: SpikingNetwork) -> Network:
    """The description with what was learned.

    A normalisation becomes part of its projection's weights, and a projection from one neuron
    called ``"bias"``, which fires in every step. Spikes are those of the module when it does not
    train, up to rounding. Probes are kept.

    Raises
    ------
    ValidationError
        If a projection with learned weights joins views, or a receptor's parameter was trained.
    """
    header, arrays = plain_with_arrays(module.network)
    arrays = dict(arrays)
    items = {item["name"]: item for item in header["projections"]}
    biases = {}
    for link in module.links:
        made, bias = module.layers.folded(link.name, module.weights[link.name])
        item, projection = items[link.name], module.network.projections[link.name]
        scale = projection.synapse.unit_of_weight().scale
        key = f"learned {link.name}"
        _put(item, arrays, key, link, made.detach().double().numpy() / scale)
        if bias is not None:
            size = module.program.populations[link.post].size
            biases[link.name] = np.repeat(bias.detach().double().numpy(), size // len(bias)) / scale
    for name, value in module.values.items():
        _set_value(header, arrays, name, value.detach().double().numpy())
    net = network_of(header, arrays)
    if biases:
        _add_biases(net, biases)
    return net


def _put(item: dict[str, Any], arrays: dict[str, Any], key: str, link: Link, made: Any) -> None:
    """Write weights into a described projection."""
    synapse, rule = item["synapse"], item["rule"]
    whole = item["pre"]["ids"] is None and item["post"]["ids"] is None
    if link.form == "pool":
        synapse["weight"] = float(made)
        return
    if link.form == "list" and whole:
        pre, post, delays, dendritic = link.edges  # type: ignore[misc]
        if len({*delays}) > 1 or np.any(dendritic):
            raise ValidationError(
                f"folded, projection {link.name!r}", "several delays in a list", "one delay"
            )
        arrays |= {f"{key} pre": pre, f"{key} post": post, key: np.asarray(made)}
        ends = {"pre": {"array": f"{key} pre"}, "post": {"array": f"{key} post"}}
        item["rule"] = {"kind": "FromArrays", **ends}
        synapse["weight"] = {"array": key}
        return
    if not whole:
        raise ValidationError(
            f"folded, projection {link.name!r}", "joins views", "whole populations"
        )
    synapse["weight"] = 1.0
    arrays[key] = np.ascontiguousarray(made)
    if link.form == "matrix":
        item["rule"] = {"kind": "Dense", "matrix": {"array": key}}
        return
    if arrays[rule["kernel"]["array"]].ndim == 3:
        arrays[key] = arrays[key].squeeze(2)
    rule["kernel"] = {"array": key}


def _set_value(header: dict[str, Any], arrays: dict[str, Any], name: str, value: Any) -> None:
    population, _, parameter = name.partition(":")
    if "." in parameter:
        raise ValidationError("folded", f"{name} belongs to a receptor", "parameters of models")
    (item,) = [p for p in header["populations"] if p["name"] == population]
    if value.ndim:
        arrays[f"learned {name}"] = value
    item["model"]["values"][parameter] = (
        {"array": f"learned {name}"} if value.ndim else float(value)
    )


def _add_biases(net: Network, biases: dict[str, np.ndarray]) -> None:
    model = NeuronModel(
        "v[t+1] = 0 : 1", threshold="v >= 0", dimensionless=True, default_synapse="Delta"
    )
    one = net.add(Population(BIAS, 1, model))
    for name, bias in biases.items():
        projection = net.projections[name]
        given = projection.synapse
        synapse = type(given)(weight=1.0, delay=0.0, compartment=given.compartment,
                              **given.scalar_values())  # fmt: skip
        target = projection.post.population
        net.connect(one, target, Dense(bias[None]), synapse, name=f"{BIAS} of {name}")
