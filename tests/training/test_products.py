"""Products of spikes and weights: each way of computing them against the definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.training import sparse  # noqa: E402
from spikestack.training.images import ImageProduct, PoolProduct, Stencil  # noqa: E402
from spikestack.training.multiplying import dot, paired  # noqa: E402
from spikestack.training.products import DenseProduct, ListedProduct  # noqa: E402


def spikes(rows: int, sources: int, share: float, graded: bool, seed: int) -> Any:
    g = torch.Generator().manual_seed(seed)
    fired = torch.rand(rows, sources, generator=g) < share
    sizes = torch.randn(rows, sources, generator=g) if graded else torch.ones(rows, sources)
    return torch.where(fired, sizes, 0.0)


def close(found: Any, expected: Any) -> None:
    assert (
        float((found.double() - expected).abs().max()) <= 1e-5 * float(expected.abs().max()) + 1e-6
    )


@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True)])
def test_matrix_products(turned: tuple[bool, bool]) -> None:
    """Of matrices that lie in memory either way, above and below where the choice matters."""
    for n in (3, 40, 130):
        a, b = torch.randn(n, 50), torch.randn(50, n + 7)
        given_a = a.t().contiguous().t() if turned[0] else a
        given_b = b.t().contiguous().t() if turned[1] else b
        close(dot(given_a, given_b), a.double() @ b.double())


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 40), st.integers(1, 60), st.integers(1, 200), st.floats(0.0, 0.15),
    st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_few_spikes(
    rows: int, sources: int, targets: int, share: float, graded: bool, seed: int
) -> None:
    before = sparse._SMALL, sparse._STRIP_BYTES
    sparse._SMALL, sparse._STRIP_BYTES = 0, 4096
    try:
        x = spikes(rows, sources, share, graded, seed)
        w, g = torch.randn(sources, targets), torch.randn(rows, targets)
        few = sparse.few_of(x, targets)
        if few is None:
            assert np.count_nonzero(x.numpy()) > 0.1 * x.numel()
            return
        assert few.density == pytest.approx(np.count_nonzero(x.numpy()) / x.numel())
        close(few.times(w), x.double() @ w.double())
        close(few.pair(g), x.double().t() @ g.double())
    finally:
        sparse._SMALL, sparse._STRIP_BYTES = before


def test_many_spikes_are_not_few() -> None:
    assert sparse.few_of(spikes(600, 600, 0.5, False, 1), 600) is None
    assert sparse.few_of(spikes(600, 600, 0.05, False, 1), 600) is not None


@pytest.mark.parametrize("graded", [False, True])
def test_lists_are_matrices_with_gaps(graded: bool) -> None:
    rng = np.random.default_rng(0)
    there = rng.random((30, 20)) < 0.3
    pre, post = np.nonzero(there)
    order = rng.permutation(len(pre))
    pre, post = pre[order], post[order]
    listed = ListedProduct(pre, post, np.arange(len(pre)), (30, 20))
    w = torch.randn(len(pre))
    matrix = torch.zeros(30, 20)
    matrix[pre, post] = w
    dense, x, g = DenseProduct(), spikes(50, 30, 0.3, graded, 2), torch.randn(50, 20)
    close(listed.arrivals(x, w), dense.arrivals(x, matrix).double())
    close(listed.back(g, w), dense.back(g, matrix).double())
    close(listed.weights(x, g, w), dense.weights(x, g, matrix)[pre, post].double())


def test_tall_products_are_summed_by_blocks() -> None:
    for rows in (1, 1024, 2500):
        a, b = torch.randn(rows, 30), torch.randn(rows, 9)
        close(paired(a, b), a.double().t() @ b.double())


PRODUCTS = {
    "matrix": (DenseProduct(), (60, 40)),
    "convolution": (ImageProduct(Stencil((4, 8, 8), padding=(1, 1))), (16, 4, 3, 3)),
    "of sums": (ImageProduct(Stencil((4, 8, 8), (2, 2), (1, 1), pool=(2, 2))), (5, 4, 3, 3)),
    "to all": (ImageProduct(Stencil((4, 8, 8), pool=(2, 2))), (7, 4, 4, 4)),
    "pooling": (PoolProduct((4, 8, 8), (2, 2), (2, 2)), ()),
}


@pytest.mark.parametrize("share", [0.02, 0.5])
@pytest.mark.parametrize("name", list(PRODUCTS))
def test_bytes_are_seen_as_numbers(name: str, share: float) -> None:
    """The same forward and back, whether spikes are bytes or numbers."""
    product, shape = PRODUCTS[name]
    torch.manual_seed(4)
    weights = torch.randn(shape)
    x = spikes(2300, 60 if name == "matrix" else 256, share, False, 5)
    seen = product.seen(x)
    expected = product.arrivals(seen, weights)
    slopes = torch.randn(expected.shape)
    back = product.weights(seen, slopes, weights), product.back(slopes, weights)
    packed = product.seen(x.to(torch.uint8), torch.float32)
    close(product.arrivals(packed, weights), expected.double())
    found = product.weights(packed, slopes, weights), product.back(slopes, weights)
    for a, b in zip(found, back):
        close(a, b.double())


def test_sums_of_events_are_the_same_on_any_number_of_threads() -> None:
    product, shape = PRODUCTS["convolution"]
    torch.manual_seed(4)
    weights, x = torch.randn(shape), spikes(700, 256, 0.02, True, 5)
    slopes, before = torch.randn(700, 16 * 64), torch.get_num_threads()
    made = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            made.append((product.arrivals(x, weights), product.weights(x, slopes, weights)))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for more in made[1:] for a, b in zip(made[0], more))
