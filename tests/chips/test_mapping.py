"""Neurons to cores, cores to places: never too full, and nearly as cheap as can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.chips.mapping.hypergraph import Hypergraph
from spikestack.chips.mapping.mesh import TRIANGULAR, Mesh, hilbert_order
from spikestack.chips.mapping.partitioning import partition
from spikestack.chips.mapping.placing import deliveries, place
from spikestack.errors import ValidationError


def local_net(
    side: int = 64, fan_out: int = 16, sigma: float = 3.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sources, targets and rates of neurons on a sheet, their order shuffled; where they are."""
    rng = np.random.default_rng(seed)
    n = side * side
    y, x = np.divmod(np.arange(n), side)
    far = np.rint(rng.normal(0, sigma, (2, n, fan_out))).astype(int)
    to_y, to_x = y[:, None] + far[0], x[:, None] + far[1]
    inside = (to_y >= 0) & (to_y < side) & (to_x >= 0) & (to_x < side)
    name = rng.permutation(n)
    pre = name[np.nonzero(inside)[0]]
    post = name[(to_y * side + to_x)[inside]]
    where = np.empty((n, 2), int)
    where[name] = np.stack([y, x], axis=1)
    return pre, post, rng.lognormal(0, 1, n), where


def direct_cost(pre: np.ndarray, post: np.ndarray, rates: np.ndarray, parts: np.ndarray) -> float:
    """Rate times number of other parts with targets, counted from the synapses themselves."""
    pairs = {(i, parts[j]) for i, j in zip(pre, post, strict=True) if parts[j] != parts[i]}
    return float(sum(rates[i] for i, _ in pairs))


def test_a_sheet_is_cut_into_patches() -> None:
    pre, post, rates, where = local_net()
    graph = Hypergraph.of_synapses(pre, post, rates, np.ones((len(rates), 1)))
    found = partition(graph, 16, 256)
    squares = where[:, 0] // 16 * 4 + where[:, 1] // 16
    assert np.bincount(found.parts).tolist() == [256] * 16
    assert found.cost == pytest.approx(direct_cost(pre, post, rates, found.parts))
    assert found.cost < 1.03 * graph.cost(squares, 16)
    assert np.array_equal(found.parts, partition(graph, 16, 256).parts)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(1, 9), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_parts_are_never_too_full(size: int, n_parts: int, spare: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = -(-size // n_parts) + spare
    pre, post = rng.integers(size, size=(2, 5 * size))
    graph = Hypergraph.of_synapses(pre, post, rng.random(size), np.ones((size, 1)))
    found = partition(graph, n_parts, places)
    assert found.parts.shape == (size,)
    assert np.bincount(found.parts, minlength=n_parts).max() <= places
    assert len(np.bincount(found.parts, minlength=n_parts)) == n_parts
    assert found.cost == pytest.approx(
        direct_cost(pre, post, graph_rates(graph, pre), found.parts), rel=1e-5
    )


def graph_rates(graph: Hypergraph, pre: np.ndarray) -> np.ndarray:
    """Rates by neuron, back from a graph's nets."""
    rates = np.zeros(graph.size)
    rates[np.unique(pre)] = graph.weights
    return rates


def test_more_neurons_than_places_are_refused() -> None:
    graph = Hypergraph.of_synapses(np.array([0]), np.array([1]), np.ones(33), np.ones((33, 1)))
    assert partition(graph, 4, 9).cost == 0.0
    with pytest.raises(ValidationError, match="33 neurons for 4 cores of 8"):
        partition(graph, 4, 8)


def test_patches_find_their_neighbours() -> None:
    pre, post, rates, where = local_net(side=96, sigma=4.0)
    graph = Hypergraph.of_synapses(pre, post, rates, np.ones((len(rates), 1)))
    shuffled = np.random.default_rng(3).permutation(36)
    squares = where[:, 0] // 16 * 6 + where[:, 1] // 16
    traffic = deliveries(graph, shuffled[squares], np.unique(pre), 36)
    assert traffic.sum() == pytest.approx(graph.cost(squares, 36))
    mesh = Mesh(6, 6)
    back = np.argsort(shuffled)
    layout = sum(
        traffic[a, b] * mesh.between(back[a], back[b]) for a in range(36) for b in range(36)
    )
    found = place(traffic, mesh)
    assert len(set(found.places)) == 36
    assert found.cost <= 1.01 * layout
    again = sum(
        traffic[a, b] * mesh.between(found.places[a], found.places[b])
        for a in range(36)
        for b in range(36)
    )
    assert found.cost == pytest.approx(again)


def test_dead_cores_stay_empty() -> None:
    traffic = np.random.default_rng(0).random((20, 20))
    free = np.setdiff1d(np.arange(36), [0, 7, 14, 21, 35])
    found = place(traffic, Mesh(6, 6), free)
    assert set(found.places) <= set(free) and len(set(found.places)) == 20
    with pytest.raises(ValidationError, match="20 parts"):
        place(traffic, Mesh(6, 6), free[:19])


def test_hops() -> None:
    assert Mesh(8, 8).between(0, 63) == 14
    assert Mesh(8, 8, wraps=True).between(0, 63) == 2
    # Along the diagonal in one go, against it step by step.
    assert Mesh(8, 8, TRIANGULAR).between(0, 63) == 7
    assert Mesh(8, 8, TRIANGULAR).between(7, 56) == 14
    assert Mesh(8, 8, TRIANGULAR, wraps=True).between(0, 63) == 1


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (5, 3), (1, 7)])
def test_the_curve_meets_every_place_once(shape: tuple[int, int]) -> None:
    found = hilbert_order(*shape)
    assert sorted(found) == list(range(shape[0] * shape[1]))
    if shape == (8, 8):
        y, x = np.divmod(found, 8)
        assert (np.abs(np.diff(x)) + np.abs(np.diff(y)) == 1).all()
