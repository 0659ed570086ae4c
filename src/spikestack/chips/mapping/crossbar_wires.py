"""The synapses of a quantised network by type of axon, and the axons that cores need for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...program.lower import lower
from ..circuits.crossbar import CrossbarQuantised
from .crossbar_packing import pack

__all__ = ["Wires", "hosted_by", "needed_axons", "packed", "wires_of"]

_TYPES = 4


@dataclass(frozen=True)
class Wires:
    """Every synapse, once for each type of axon that it takes.

    Attributes
    ----------
    names, starts
        Populations, those of the chip first, and where each begins in one numbering of all neurons;
        the last number is that of all.
    inside
        How many neurons are the chip's.
    source, target
        Neurons.
    projection
        Index in the quantised network's `edges`.
    key
        The axon that it needs in whichever core its target is.
    key_source, key_kind, key_delay, key_projection
        Of each such axon: neuron that sends, type, steps, one of the projections that use it.
    """

    names: tuple[str, ...]
    starts: np.ndarray
    inside: int
    source: np.ndarray
    target: np.ndarray
    projection: np.ndarray
    key: np.ndarray
    key_source: np.ndarray
    key_kind: np.ndarray
    key_delay: np.ndarray
    key_projection: np.ndarray

    def whose(self, neuron: int) -> str:
        """A neuron by population and number, for messages."""
        p = int(np.searchsorted(self.starts, neuron, side="right")) - 1
        return f"neuron {neuron - int(self.starts[p])} of {self.names[p]!r}"


def wires_of(quantised: CrossbarQuantised) -> Wires:
    """List the synapses onto neurons of the chip."""
    network = quantised.network
    program = lower(network, quantised.dt, "float64", 1)
    own = [p for p in program.populations if p.name in quantised.scales]
    sending = {network.projections[name].pre.population.name for name in quantised.edges}
    outside = [p for p in program.populations if p.name in sending - set(quantised.scales)]
    starts = np.cumsum([0, *(p.size for p in (*own, *outside))])
    names = tuple(p.name for p in (*own, *outside))
    columns: list[list[np.ndarray]] = [[np.zeros(0, np.int64)] for _ in range(6)]
    for k, (name, e) in enumerate(quantised.edges.items()):
        projection = network.projections[name]
        pre, post = (names.index(v.population.name) for v in (projection.pre, projection.post))
        row, kind = np.nonzero((e.masks[:, None] >> np.arange(_TYPES)) & 1)
        constant = np.full(len(row), k), np.full(len(row), post)
        parts = (e.sources[row] + starts[pre], e.targets[row] + starts[post], kind, e.delays[row])
        for column, part in zip(columns, (*parts, *constant), strict=True):
            column.append(part.astype(np.int64))
    source, target, kind, delay, projection_of, post_of = map(np.concatenate, columns)
    # Populations are retimed apart from each other, so that they share no axons.
    wanted = np.stack([source, post_of, delay, kind])
    _, first, key = np.unique(wanted, axis=1, return_index=True, return_inverse=True)
    inside = int(starts[len(own)])
    return Wires(
        names, starts, inside, source, target, projection_of, key.ravel(), source[first],
        kind[first], delay[first], projection_of[first],
    )  # fmt: skip


def packed(wires: Wires, axons: int, neurons: int) -> np.ndarray:
    """Core of each neuron of the chip, int64; see `crossbar_packing.pack`."""
    order = np.argsort(wires.target, kind="stable")
    starts = np.searchsorted(wires.target[order], np.arange(wires.inside + 1))
    by_key = np.argsort(wires.key, kind="stable")
    users_from = np.searchsorted(wires.key[by_key], np.arange(len(wires.key_source) + 1))
    return np.asarray(
        pack(starts, wires.key[order], users_from, wires.target[by_key], axons, neurons)
    )


def needed_axons(wires: Wires, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Axons of all cores, by core and source: core and key of each, and that of each synapse."""
    keys = len(wires.key_source)
    wanted = parts[wires.target] * np.int64(keys) + wires.key
    found, axon = np.unique(wanted, return_inverse=True)
    core, key = np.divmod(found, max(keys, 1))
    return core, key, axon.ravel()


def hosted_by(quantised: CrossbarQuantised, wires: Wires) -> np.ndarray:
    """To how many readouts of the host each neuron of the chip sends."""
    made = np.zeros(wires.inside, np.int64)
    network = quantised.network
    reached: dict[str, set[str]] = {}
    for name, projection in network.projections.items():
        pre, post = projection.pre.population.name, projection.post.population.name
        if name not in quantised.edges and pre in quantised.scales:
            reached.setdefault(pre, set()).add(post)
    for pre, posts in reached.items():
        p = wires.names.index(pre)
        made[wires.starts[p] : wires.starts[p + 1]] = len(posts)
    return made
