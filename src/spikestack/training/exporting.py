"""The description of a network with the numbers it has learned."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np

from ..network.files import network_of, plain_with_arrays
from ..network.network import Network
from ..network.population import Population
from ..network.rules import Dense, FromArrays
from ..neurons.base import NeuronModel
from .derived import key_of
from .links import Link

if TYPE_CHECKING:
    from .module import SpikingNetwork

__all__ = ["trained_network"]


#: The population that brings biases: it fires in every step.
_BIAS = "bias"


def trained_network(module: SpikingNetwork) -> Network:
    """A description like the one that was compiled, with learned weights and parameters.

    A normalisation becomes part of its projection's weights, and a projection from one neuron
    called ``"bias"``, which fires in every step.
    """
    header, arrays = plain_with_arrays(module.network)
    projections = {item["name"]: item for item in header["projections"]}

    def pack(value: Any) -> dict[str, str]:
        name = f"trained_{len(arrays)}"
        arrays[name] = np.ascontiguousarray(value)
        return {"array": name}

    biases = {}
    for link in module.links:
        used = module.used_weights(link.name)
        made, bias = module.layers.folded(link.name, used)
        changed = link.name in module.delays or link.name in module.bits or bias is not None
        if not (changed or made is not used or module.weights[link.name].requires_grad):
            continue
        scale = module.network.projections[link.name].synapse.unit_of_weight().scale
        values = made.detach().double().cpu().numpy() / scale
        _put_weights(projections[link.name], arrays, module, link, values, pack)
        if bias is not None:
            size = module.program.populations[link.post].size
            flat = bias.detach().double().cpu().numpy()
            biases[link.name] = np.repeat(flat, size // len(bias)) / scale
    _put_values(header, projections, module, pack)
    net = network_of(header, arrays)
    _add_biases(net, biases)
    return net


def _put_weights(
    item: dict[str, Any], arrays: dict[str, Any], module: SpikingNetwork, link: Link,
    values: np.ndarray, pack: Any,
) -> None:  # fmt: skip
    if link.form == "pool":
        item["synapse"]["weight"] = float(values)
    elif link.form == "kernel":
        given = arrays[item["rule"]["kernel"]["array"]]
        item["rule"] = {**item["rule"], "kernel": pack(values.reshape(given.shape))}
        item["synapse"]["weight"] = 1.0
    elif link.edges is None and link.name not in module.delays:
        item["rule"] = {"kind": Dense.__name__, "matrix": pack(_of_views(values, module, link))}
        item["synapse"]["weight"] = 1.0
    else:
        projection = module.network.projections[link.name]
        pre, post, delays, dendritic = _edges(module, link)
        values = values[pre, post] if values.ndim == 2 else values
        columns = {
            "pre": _places(pre, projection.pre.ids), "post": _places(post, projection.post.ids),
            "weight": values, "delay": (delays - dendritic) * module.dt,
            "dendritic_delay": dendritic * module.dt,
        }  # fmt: skip
        packed = {name: pack(column) for name, column in columns.items()}
        item["rule"] = {"kind": FromArrays.__name__, "pre": packed["pre"], "post": packed["post"]}
        item["synapse"] |= {n: packed[n] for n in ("weight", "delay", "dendritic_delay")}


def _add_biases(net: Network, biases: dict[str, np.ndarray]) -> None:
    if not biases:
        return
    model = NeuronModel(
        "v[t+1] = 0 : 1", threshold="v >= 0", dimensionless=True, default_synapse="Delta"
    )
    names = chain([_BIAS], (f"{_BIAS}_{k}" for k in count(2)))
    name = next(n for n in names if n not in net.populations)
    one = net.add(Population(name, 1, model))
    for of, bias in biases.items():
        projection = net.projections[of]
        given = projection.synapse
        synapse = type(given)(
            weight=1.0, delay=0.0, compartment=given.compartment, **given.scalar_values()
        )
        net.connect(one, projection.post, Dense(bias[None]), synapse, name=f"{name} of {of}")


def _edges(module: SpikingNetwork, link: Link) -> tuple[np.ndarray, ...]:
    """Sources, targets, and steps of delay, of which dendritic, of every edge."""
    if link.name not in module.delays:
        assert link.edges is not None
        return link.edges
    learned: Any = module.delays[link.name]
    delays = learned.rounded()
    return learned.pre, learned.post, delays, np.zeros_like(delays)


def _of_views(values: np.ndarray, module: SpikingNetwork, link: Link) -> np.ndarray:
    projection = module.network.projections[link.name]
    return values[np.ix_(projection.pre.ids, projection.post.ids)]


def _places(ids: np.ndarray, of_view: np.ndarray) -> np.ndarray:
    """Indices in a view of neurons given by their indices in the population."""
    order = np.argsort(of_view)
    return order[np.searchsorted(of_view[order], ids)]


def _put_values(
    header: dict[str, Any], projections: dict[str, Any], module: SpikingNetwork, pack: Any
) -> None:
    populations = {item["name"]: item for item in header["populations"]}
    for key, over_time in module.parallels.items():
        name = module.names[int(key[1:])]
        learned = [module.values[key_of(name, part)] for part in ("over_time", "thresholds")]
        populations[name]["model"]["values"] |= over_time.described(*learned)  # type: ignore
    for k, derived in module.derived.items():
        for name in derived.names:
            found = module.values[key_of(module.names[k], name)].detach().double().cpu().numpy()
            value = pack(found) if found.ndim else float(found)
            part, dot, local = name.rpartition(".")
            if not dot:
                populations[module.names[k]]["model"]["values"][local] = value
                continue
            receptor = list(derived.draft.receptors).index(part)
            for link in module.links:
                if link.post == k and link.receptor == receptor:
                    projections[link.name]["synapse"]["values"][local] = value
            for drive, item in zip(module.network.drives.values(), header["drives"]):
                synapse = drive.synapse
                mine = drive.target.population.name == module.names[k]
                if (
                    mine
                    and synapse is not None
                    and (synapse.receptor_key() == derived.draft.receptors[part].receptor_key())
                ):
                    item["synapse"]["values"][local] = value
