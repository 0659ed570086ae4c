"""Who must hear whom: every neuron's spikes go to a set of neurons, its net."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.compiling import njit

__all__ = ["Hypergraph"]


@dataclass(frozen=True)
class Hypergraph:
    """Nets over nodes; what a partition costs is counted in it.

    A net is a neuron with its targets, and weighs the neuron's rate. The nodes are neurons, or
    clusters of them.

    Attributes
    ----------
    starts, pins
        Nodes of net e: ``pins[starts[e]:starts[e + 1]]``, each once (int64, int32).
    node_starts, nets
        The same by node: the nets that it belongs to.
    weights
        float32, by net.
    loads
        What a node takes of each resource that is counted, float32[nodes, resources].
    """

    starts: np.ndarray
    pins: np.ndarray
    node_starts: np.ndarray
    nets: np.ndarray
    weights: np.ndarray
    loads: np.ndarray

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.loads)

    @classmethod
    def of_synapses(
        cls, pre: np.ndarray, post: np.ndarray, rates: np.ndarray, loads: np.ndarray
    ) -> Hypergraph:
        """Make one net of each neuron that has targets.

        Parameters
        ----------
        pre, post
            Neurons of every synapse.
        rates
            Spikes in a unit of time, by neuron.
        loads
            (neurons, resources).
        """
        size = len(rates)
        sources = np.unique(pre)
        keys = np.concatenate([pre.astype(np.int64) * size + post, sources * (size + 1)])
        keys = np.unique(keys)
        net, pins = np.divmod(keys, size)
        starts = np.searchsorted(net, np.append(sources, size)).astype(np.int64)
        return cls._made(starts, pins.astype(np.int32), rates[sources], loads)

    @classmethod
    def _made(
        cls, starts: np.ndarray, pins: np.ndarray, weights: np.ndarray, loads: np.ndarray
    ) -> Hypergraph:
        node_starts, nets = _inverted(starts, pins, len(loads))
        return cls(
            starts, pins, node_starts, nets, weights.astype(np.float32), loads.astype(np.float32)
        )

    def padded(self, size: int) -> Hypergraph:
        """With nodes that belong to no net and take nothing, up to `size` nodes."""
        missing = size - self.size
        if not missing:
            return self
        loads = np.concatenate([self.loads, np.zeros((missing, self.loads.shape[1]), np.float32)])
        node_starts = np.append(self.node_starts, np.full(missing, self.node_starts[-1]))
        return Hypergraph(self.starts, self.pins, node_starts, self.nets, self.weights, loads)

    def paired(self, order: np.ndarray) -> tuple[Hypergraph, np.ndarray]:
        """Join nodes two by two, those that share most of their nets.

        Parameters
        ----------
        order
            In which nodes choose, int32.

        Returns
        -------
        Hypergraph, int32 array
            Of pairs; which pair each node is in.
        """
        mate = _mates(order, self.starts, self.pins, self.node_starts, self.nets, self.weights)
        first = np.minimum(np.arange(self.size), mate)
        kept = first == np.arange(self.size)
        pair = (np.cumsum(kept) - 1)[first].astype(np.int32)
        starts, pins = _contracted(self.starts, self.pins, pair, int(kept.sum()))
        loads = np.zeros((int(kept.sum()), self.loads.shape[1]), np.float32)
        np.add.at(loads, pair, self.loads)
        return Hypergraph._made(starts, pins, self.weights, loads), pair

    def cost(self, parts: np.ndarray, n_parts: int) -> float:
        """Sum over nets of weight times (number of parts it touches - 1)."""
        return float(_cost(self.starts, self.pins, self.weights, parts.astype(np.int32), n_parts))


@njit(cache=True, nogil=True)
def _inverted(starts: np.ndarray, pins: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    node_starts = np.zeros(size + 1, np.int64)
    for v in pins:
        node_starts[v + 1] += 1
    for v in range(size):
        node_starts[v + 1] += node_starts[v]
    at = node_starts[:-1].copy()
    nets = np.empty(len(pins), np.int32)
    for e in range(len(starts) - 1):
        for p in range(starts[e], starts[e + 1]):
            v = pins[p]
            nets[at[v]] = e
            at[v] += 1
    return node_starts, nets


#: Nets of more nodes say little of who belongs together, and would cost the square of their size.
_LARGE = 512


@njit(cache=True, nogil=True)
def _mates(
    order: np.ndarray,
    starts: np.ndarray,
    pins: np.ndarray,
    node_starts: np.ndarray,
    nets: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """The other node of each one's pair; what has no neighbour left takes whom it finds."""
    size = len(order)
    mate = np.full(size, -1, np.int32)
    score = np.zeros(size, np.float32)
    seen = np.empty(size, np.int32)
    for u in order:
        if mate[u] >= 0:
            continue
        n_seen = 0
        for q in range(node_starts[u], node_starts[u + 1]):
            e = nets[q]
            others = starts[e + 1] - starts[e] - 1
            if others < 1 or others > _LARGE:
                continue
            share = weights[e] / others
            for p in range(starts[e], starts[e + 1]):
                v = pins[p]
                if mate[v] >= 0 or v == u:
                    continue
                if score[v] == 0.0:
                    seen[n_seen] = v
                    n_seen += 1
                score[v] += share
        best, highest = -1, np.float32(0.0)
        for i in range(n_seen):
            v = seen[i]
            if score[v] > highest:
                highest, best = score[v], v
            score[v] = 0.0
        if best >= 0:
            mate[u], mate[best] = best, u
    alone = -1
    for u in range(size):
        if mate[u] < 0:
            if alone >= 0:
                mate[u], mate[alone] = alone, u
                alone = -1
            else:
                alone = u
    if alone >= 0:
        mate[alone] = alone
    return mate


@njit(cache=True, nogil=True)
def _contracted(
    starts: np.ndarray, pins: np.ndarray, cluster: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Nets over clusters, each of which is in a net once."""
    made = np.empty(len(pins), np.int32)
    made_starts = np.zeros(len(starts), np.int64)
    last = np.full(size, -1, np.int32)
    n = 0
    for e in range(len(starts) - 1):
        for p in range(starts[e], starts[e + 1]):
            c = cluster[pins[p]]
            if last[c] != e:
                last[c] = e
                made[n] = c
                n += 1
        made_starts[e + 1] = n
    return made_starts, made[:n].copy()


@njit(cache=True, nogil=True)
def _cost(
    starts: np.ndarray, pins: np.ndarray, weights: np.ndarray, parts: np.ndarray, n_parts: int
) -> float:
    last = np.full(n_parts, -1, np.int64)
    total = 0.0
    for e in range(len(starts) - 1):
        touched = -1
        for p in range(starts[e], starts[e + 1]):
            part = parts[pins[p]]
            if last[part] != e:
                last[part] = e
                touched += 1
        total += touched * weights[e]
    return total
