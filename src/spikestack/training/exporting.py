"""The description of a network with the numbers it has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..network.files import network_of, plain_with_arrays
from ..network.network import Network
from ..network.rules import Convolution, Dense, FromArrays
from .derived import key_of
from .links import Link

if TYPE_CHECKING:
    from .module import SpikingNetwork

__all__ = ["trained_network"]


def trained_network(module: SpikingNetwork) -> Network:
    """A description like the one that was compiled, with learned weights and parameters."""
    header, arrays = plain_with_arrays(module.network)
    projections = {item["name"]: item for item in header["projections"]}

    def pack(value: Any) -> dict[str, str]:
        name = f"trained_{len(arrays)}"
        arrays[name] = np.asarray(value, dtype=None)
        return {"array": name}

    for link in module.links:
        weights = module.weights[link.name]
        changed = link.name in module.delays or link.name in module.bits
        if weights.requires_grad or changed:
            values = module.used_weights(link.name).detach().double().numpy()
            _put_weights(projections[link.name], module, link, values, pack)
    _put_values(header, projections, module, pack)
    return network_of(header, arrays)


def _put_weights(
    item: dict[str, Any], module: SpikingNetwork, link: Link, values: np.ndarray, pack: Any
) -> None:
    projection = module.network.projections[link.name]
    values = values / projection.synapse.unit_of_weight().scale
    if link.form == "kernel":
        item["rule"] = {**item["rule"], "kind": Convolution.__name__, "kernel": pack(values)}
        item["synapse"]["weight"] = 1.0
    elif link.edges is None and link.name not in module.delays:
        item["rule"] = {"kind": Dense.__name__, "matrix": pack(_of_views(values, module, link))}
        item["synapse"]["weight"] = 1.0
    else:
        pre, post, delays, dendritic = _edges(module, link)
        values = values[pre, post] if values.ndim == 2 else values
        ids = [projection.pre.ids, projection.post.ids]
        columns = {
            "pre": _places(pre, ids[0]), "post": _places(post, ids[1]), "weight": values,
            "delay": (delays - dendritic) * module.dt, "dendritic_delay": dendritic * module.dt,
        }  # fmt: skip
        packed = {name: pack(column) for name, column in columns.items()}
        item["rule"] = {"kind": FromArrays.__name__, "pre": packed["pre"], "post": packed["post"]}
        item["synapse"] |= {n: packed[n] for n in ("weight", "delay", "dendritic_delay")}


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
    for k, derived in module.derived.items():
        for name in derived.names:
            found = module.values[key_of(module.names[k], name)].detach().double().numpy()
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
