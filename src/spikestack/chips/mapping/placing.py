"""Parts to places on the chip: a start, then exchanges that are annealed.

The cost is the sum over pairs of parts of packets times links between them. There are two starts,
the better of which counts in the end: parts in a chain along a Hilbert curve, and parts spread out
by the two slowest modes of their traffic, which finds a plane where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_array

from ...errors import ValidationError
from ...numerics.compiling import njit
from ...numerics.random import stream_key
from .contacts import Contacts, contacts_of
from .hypergraph import Hypergraph
from .mesh import Mesh, hilbert_order, hops

__all__ = ["Placement", "between", "deliveries", "place"]

#: Exchanges that are tried for each part: all in all, and in one round.
_TRIES, _ROUND = 4096, 64
#: How many pairs of parts are looked at in all, about.
_WORK = 3e7
#: The first temperature from each start, in mean changes of an exchange, and what is left of it.
_HEAT, _LEFT = {"chain": 0.5, "plane": 0.05}, 1e-3
#: Of more parts no modes are computed.
_MOST_FOR_MODES = 2048


@dataclass(frozen=True)
class Placement:
    """The place of each part (int64, row by row), and packets times links in all."""

    places: np.ndarray
    cost: float


def deliveries(
    graph: Hypergraph, parts: np.ndarray, sources: np.ndarray, n_parts: int
) -> np.ndarray:
    """Packets from part to part, float64[parts, parts]: one for each spike and other part.

    Parameters
    ----------
    sources
        The neuron of each net.
    """
    net = np.repeat(np.arange(len(graph.weights)), np.diff(graph.starts))
    found = contacts_of(net, parts[graph.pins], len(graph.weights), n_parts)
    return between(found, parts[sources], graph.weights, n_parts).toarray()


def between(
    contacts: Contacts, core: np.ndarray, rates: np.ndarray, n_parts: int
) -> csr_array[Any, Any]:
    """Packets from part to part, sparse: one for each spike and other part.

    Parameters
    ----------
    contacts
        Parts that each source sends to.
    core, rates
        Of the first sources, their parts and their spikes in a unit of time; others are outside.
    """
    last = contacts.starts[len(core)]
    source, to = contacts.source[:last], contacts.to[:last]
    leaves = core[source] != to
    at, to = core[source][leaves], to[leaves]
    many = rates[source][leaves].astype(float)
    made = csr_array((many, (at, to)), shape=(n_parts, n_parts))
    made.sum_duplicates()
    return made


def place(
    traffic: Any, mesh: Mesh, free: np.ndarray | None = None, seed: int = 1, tile: int = 1
) -> Placement:
    """Give every part a place so that packets go short ways.

    Parameters
    ----------
    traffic
        Packets from part to part, float64[parts, parts], dense or sparse.
    mesh
        The grid.
    free
        Places that may be used, as of a chip with dead cores; None for all.
    seed
        Of what is left to chance.
    tile
        How many places share a router: router r has those from ``r * tile`` on.

    Raises
    ------
    ValidationError
        If there are more parts than places.
    """
    n_parts = traffic.shape[0]
    routers = hilbert_order(mesh.width, mesh.height)
    curve = (routers[:, None] * tile + np.arange(tile)).ravel()
    curve = curve if free is None else curve[np.isin(curve, free)]
    if n_parts > len(curve):
        raise ValidationError("place", f"{n_parts:,} parts", f"{len(curve):,} places at most")
    both = _symmetric(traffic)
    flat = (both.indptr, both.indices, both.data)
    grid = (mesh.links, mesh.wraps, mesh.width, mesh.height, tile)
    rng = np.random.Generator(np.random.Philox(key=int(stream_key(seed, "place", "exchanges"))))
    found = []
    for name, start in _starts(both, mesh, curve, tile):
        # Free places take part in exchanges as parts without traffic.
        at = np.concatenate([start, np.setdiff1d(curve, start)])
        if n_parts > 1:
            _anneal(flat, at, grid, _HEAT[name], rng)
        cost = 0.5 * float(_total(*flat, at[:n_parts], *grid))
        found.append(Placement(at[:n_parts].copy(), cost))
    return min(found, key=lambda placement: placement.cost)


def _symmetric(traffic: Any) -> csr_array[Any, Any]:
    """Both directions together, nothing with itself."""
    made = csr_array(traffic).tocoo()
    own = made.row != made.col
    one = csr_array((made.data[own], (made.row[own], made.col[own])), shape=made.shape)
    both = csr_array(one + one.T)
    both.sort_indices()
    return both


def _starts(
    both: csr_array[Any, Any], mesh: Mesh, curve: np.ndarray, tile: int
) -> list[tuple[str, np.ndarray]]:
    """Places of parts to begin with, by the name of the start."""
    n_parts = both.shape[0]
    chain = np.empty(n_parts, np.int64)
    chain[_chain(both)] = curve[:n_parts]
    if not 4 <= n_parts <= _MOST_FOR_MODES:
        return [("chain", chain)]
    return [("chain", chain), ("plane", _plane(both, mesh, np.sort(curve), tile))]


def _plane(both: csr_array[Any, Any], mesh: Mesh, free: np.ndarray, tile: int) -> np.ndarray:
    """Parts by their two slowest modes, turned in the way that makes them cheapest."""
    n = both.shape[0]
    sums = np.asarray(both.sum(axis=1)).ravel()
    root = np.sqrt(np.maximum(sums, sums.mean() / n + 1e-12))
    scaled = both.toarray() / root / root[:, None]
    modes = eigh(scaled, subset_by_index=[n - 3, n - 2])[1]
    one, two = modes[:, 1] / root, modes[:, 0] / root
    one, two = one / np.abs(one).max(), two / np.abs(two).max()
    grid = (mesh.links, mesh.wraps, mesh.width, mesh.height, tile)
    starts = []
    for angle in np.arange(16) * np.pi / 16:
        c, s = np.cos(angle), np.sin(angle)
        at = _in_rows(c * one + s * two, c * two - s * one, mesh.width * tile, free[:n])
        starts.append((float(_total(both.indptr, both.indices, both.data, at, *grid)), at))
    return min(starts, key=lambda start: start[0])[1]


def _in_rows(down: np.ndarray, along: np.ndarray, width: int, free: np.ndarray) -> np.ndarray:
    """Places of parts: one number says the row, the other where in it."""
    order, at, begin = np.argsort(down, kind="stable"), np.empty(len(down), np.int64), 0
    for row in np.unique(free // width):
        here = free[free // width == row]
        group = order[begin : begin + len(here)]
        at[group[np.argsort(along[group], kind="stable")]] = here
        begin += len(here)
    return at


def _chain(both: csr_array[Any, Any]) -> np.ndarray:
    """Parts in an order in which each has much to do with those just before it."""
    n = both.shape[0]
    order, left = np.empty(n, np.int64), np.ones(n, bool)
    near = np.zeros(n)
    at = int(np.asarray(both.sum(axis=1)).argmax())
    for k in range(n):
        order[k], left[at] = at, False
        near *= 0.7
        a, b = both.indptr[at : at + 2]
        near[both.indices[a:b]] += both.data[a:b]
        at = int(np.where(left, near, -1.0).argmax())
    return order


def _anneal(
    flat: tuple[np.ndarray, np.ndarray, np.ndarray],
    at: np.ndarray,
    grid: tuple[int, bool, int, int, int],
    heat: float,
    rng: np.random.Generator,
) -> None:
    n_parts, n_places, rounds = len(flat[0]) - 1, len(at), _TRIES // _ROUND
    # Of many parts that all send to each other fewer exchanges are tried.
    tries = min(_ROUND, max(1, int(_WORK / rounds / (2 * max(1, len(flat[1]))))))
    size = tries * n_parts
    first, other = rng.integers(n_parts, size=size), rng.integers(n_places, size=size)
    scale = heat * float(_mean_change(*flat, at, first, other, *grid))
    for k in range(rounds):
        temperature = scale * _LEFT ** (k / (rounds - 1)) if k < rounds - 1 else 0.0
        first, other = rng.integers(n_parts, size=size), rng.integers(n_places, size=size)
        _exchange(*flat, at, first, other, rng.random(size), temperature, *grid)


@njit(cache=True, nogil=True)
def _hops(at: int, to: int, links: int, wraps: bool, width: int, height: int, tile: int) -> int:
    here, there = at // tile, to // tile
    dx, dy = there % width - here % width, there // width - here // width
    return hops(links, wraps, width, height, dx, dy)


@njit(cache=True, nogil=True)
def _total(
    starts: np.ndarray,
    others: np.ndarray,
    flows: np.ndarray,
    at: np.ndarray,
    links: int,
    wraps: bool,
    width: int,
    height: int,
    tile: int,
) -> float:
    total = 0.0
    for a in range(len(starts) - 1):
        for k in range(starts[a], starts[a + 1]):
            total += flows[k] * _hops(at[a], at[others[k]], links, wraps, width, height, tile)
    return total


@njit(cache=True, nogil=True)
def _moved(
    starts: np.ndarray,
    others: np.ndarray,
    flows: np.ndarray,
    at: np.ndarray,
    a: int,
    b: int,
    links: int,
    wraps: bool,
    width: int,
    height: int,
    tile: int,
) -> float:
    """How the cost changes if part a takes the place of b, who is not there any more."""
    total = 0.0
    for k in range(starts[a], starts[a + 1]):
        c = others[k]
        if c != b:
            total += flows[k] * (
                _hops(at[b], at[c], links, wraps, width, height, tile)
                - _hops(at[a], at[c], links, wraps, width, height, tile)
            )
    return total


@njit(cache=True, nogil=True)
def _change(
    starts: np.ndarray,
    others: np.ndarray,
    flows: np.ndarray,
    at: np.ndarray,
    a: int,
    b: int,
    links: int,
    wraps: bool,
    width: int,
    height: int,
    tile: int,
) -> float:
    """How the cost changes if a and b change places; b may be a free place, beyond all parts."""
    total = _moved(starts, others, flows, at, a, b, links, wraps, width, height, tile)
    if b < len(starts) - 1:
        total += _moved(starts, others, flows, at, b, a, links, wraps, width, height, tile)
    return total


@njit(cache=True, nogil=True)
def _mean_change(
    starts: np.ndarray,
    others: np.ndarray,
    flows: np.ndarray,
    at: np.ndarray,
    first: np.ndarray,
    other: np.ndarray,
    links: int,
    wraps: bool,
    width: int,
    height: int,
    tile: int,
) -> float:
    total = 0.0
    for i in range(len(first)):
        if first[i] != other[i]:
            total += abs(
                _change(
                    starts, others, flows, at, first[i], other[i], links, wraps, width, height, tile
                )
            )
    return total / len(first)


@njit(cache=True, nogil=True)
def _exchange(
    starts: np.ndarray,
    others: np.ndarray,
    flows: np.ndarray,
    at: np.ndarray,
    first: np.ndarray,
    other: np.ndarray,
    chances: np.ndarray,
    temperature: float,
    links: int,
    wraps: bool,
    width: int,
    height: int,
    tile: int,
) -> None:
    for i in range(len(first)):
        a, b = first[i], other[i]
        if a == b:
            continue
        change = _change(starts, others, flows, at, a, b, links, wraps, width, height, tile)
        if change < 0.0 or (temperature > 0.0 and chances[i] < np.exp(-change / temperature)):
            at[a], at[b] = at[b], at[a]
