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
        sources, starts, pins = _gathered(pre, post, len(rates))
        return cls._made(starts, pins, rates[sources], loads)

    @classmethod
    def of_pairs(
        cls, one: np.ndarray, other: np.ndarray, weights: np.ndarray, size: int
    ) -> Hypergraph:
        """Make a net of each pair of nodes."""
        starts = 2 * np.arange(len(one) + 1, dtype=np.int64)
        pins = np.stack([one, other], axis=1).ravel().astype(np.int32)
        return cls._made(starts, pins, weights, np.ones((size, 1)))

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

    def neighbourly(self) -> tuple[Hypergraph, np.ndarray]:
        """With nodes and nets renumbered so that neighbours are near each other in memory.

        Returns
        -------
        Hypergraph, int32 array
            Renumbered; the old number of each node.
        """
        flat = (self.starts, self.pins, self.node_starts, self.nets)
        nodes, nets = _by_distance(*flat)
        starts, pins = _renumbered(self.starts, self.pins, nodes, nets)
        return Hypergraph._made(starts, pins, self.weights[nets], self.loads[nodes]), nodes

    def thinned(self, pins: int, rng: np.random.Generator) -> Hypergraph:
        """With some of its nets only, drawn such that they have about `pins` pins."""
        if len(self.pins) <= pins:
            return self
        kept = rng.random(len(self.weights)) < pins / len(self.pins)
        lengths = np.diff(self.starts)
        starts = np.concatenate([[0], np.cumsum(lengths[kept])])
        chosen = self.pins[np.repeat(kept, lengths)]
        return Hypergraph._made(starts, chosen, self.weights[kept], self.loads)

    def paired(self, order: np.ndarray, most: int | None = None) -> tuple[Hypergraph, np.ndarray]:
        """Join nodes two by two, those that share most of their nets.

        Parameters
        ----------
        order
            In which nodes choose, int32.
        most
            How many others a node looks at, about, before it chooses; all by default.

        Returns
        -------
        Hypergraph, int32 array
            Of pairs; which pair each node is in.
        """
        flat = (self.starts, self.pins, self.node_starts, self.nets, self.weights)
        mate = _mates(order, *flat, np.iinfo(np.int64).max if most is None else most)
        first = np.minimum(np.arange(self.size), mate)
        kept = first == np.arange(self.size)
        pair = (np.cumsum(kept) - 1)[first].astype(np.int32)
        starts, pins = _contracted(self.starts, self.pins, pair, int(kept.sum()))
        loads = self.loads[kept]
        both = mate[kept] != np.flatnonzero(kept)
        loads[both] += self.loads[mate[kept][both]]
        return Hypergraph._made(starts, pins, self.weights, loads), pair

    def cost(self, parts: np.ndarray, n_parts: int) -> float:
        """Sum over nets of weight times (number of parts it touches - 1)."""
        return float(_cost(self.starts, self.pins, self.weights, parts.astype(np.int32), n_parts))


@njit(cache=True, nogil=True)
def _gathered(
    pre: np.ndarray, post: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neurons with targets; of each one, where its net begins, and the net: itself and targets."""
    begins = np.zeros(size + 1, np.int64)
    for i in pre:
        begins[i + 1] += 1
    for i in range(size):
        begins[i + 1] += begins[i]
    at, targets = begins[:-1].copy(), np.empty(len(pre), np.int32)
    for k in range(len(pre)):
        targets[at[pre[k]]] = post[k]
        at[pre[k]] += 1
    sources, starts = np.empty(size, np.int64), np.zeros(size + 1, np.int64)
    pins, last = np.empty(len(pre) + size, np.int32), np.full(size, -1, np.int32)
    made, n = 0, 0
    for i in range(size):
        if begins[i] == begins[i + 1]:
            continue
        first, last[i], pins[n] = n, i, i
        n += 1
        for k in range(begins[i], begins[i + 1]):
            j = targets[k]
            if last[j] != i:
                last[j], pins[n] = i, j
                n += 1
        pins[first:n].sort()
        sources[made] = i
        made += 1
        starts[made] = n
    return sources[:made].copy(), starts[: made + 1].copy(), pins[:n].copy()


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


@njit(cache=True, nogil=True)
def _by_distance(
    starts: np.ndarray, pins: np.ndarray, node_starts: np.ndarray, nets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and nets in the order in which a walk from neighbour to neighbour meets them."""
    nodes, met = np.empty(len(node_starts) - 1, np.int32), np.zeros(len(node_starts) - 1, np.bool_)
    order, done = np.empty(len(starts) - 1, np.int32), np.zeros(len(starts) - 1, np.bool_)
    n, m, at = 0, 0, 0
    for first in range(len(nodes)):
        if met[first]:
            continue
        met[first], nodes[n] = True, first
        n += 1
        while at < n:
            u = nodes[at]
            at += 1
            for q in range(node_starts[u], node_starts[u + 1]):
                e = nets[q]
                if done[e]:
                    continue
                done[e], order[m] = True, e
                m += 1
                for p in range(starts[e], starts[e + 1]):
                    v = pins[p]
                    if not met[v]:
                        met[v], nodes[n] = True, v
                        n += 1
    return nodes, order


@njit(cache=True, nogil=True)
def _renumbered(
    starts: np.ndarray, pins: np.ndarray, nodes: np.ndarray, nets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    number = np.empty(len(nodes), np.int32)
    for i in range(len(nodes)):
        number[nodes[i]] = i
    made, made_starts = np.empty_like(pins), np.zeros(len(nets) + 1, np.int64)
    n = 0
    for k in range(len(nets)):
        for p in range(starts[nets[k]], starts[nets[k] + 1]):
            made[n] = number[pins[p]]
            n += 1
        made_starts[k + 1] = n
    return made_starts, made


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
    most: int,
) -> np.ndarray:
    """The other node of each one's pair; what has no neighbour left takes whom it finds."""
    size = len(order)
    mate = np.full(size, -1, np.int32)
    score = np.zeros(size, np.float32)
    seen = np.empty(size, np.int32)
    for u in order:
        if mate[u] >= 0:
            continue
        n_seen, every, score[u] = 0, 1, -1.0
        if node_starts[u + 1] - node_starts[u] > most // _LARGE:
            reach = 0
            for q in range(node_starts[u], node_starts[u + 1]):
                reach += min(starts[nets[q] + 1] - starts[nets[q]], _LARGE)
            every = max(1, reach // most)
        for q in range(node_starts[u] + u % every, node_starts[u + 1], every):
            e = nets[q]
            others = starts[e + 1] - starts[e] - 1
            if others < 1 or others > _LARGE:
                continue
            share = weights[e] / others
            for p in range(starts[e], starts[e + 1]):
                v = pins[p]
                known = score[v]
                if known < 0.0:
                    continue
                if known == 0.0:
                    seen[n_seen] = v
                    n_seen += 1
                score[v] = known + share
        best, highest = -1, np.float32(0.0)
        for i in range(n_seen):
            v = seen[i]
            if score[v] > highest:
                highest, best = score[v], v
            score[v] = 0.0
        if best >= 0:
            mate[u], mate[best] = best, u
            score[best] = -1.0
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
