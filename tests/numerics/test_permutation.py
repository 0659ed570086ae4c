"""Keyed permutations: one to one, invertible, and evenly spread."""

from itertools import permutations

import numpy as np
import pytest
import scipy.stats

from spikestack.numerics.permutation import invert, permutation_shape, permute, permute_range
from spikestack.numerics.random import bits64


def listed(n, key, first=0, count=None):
    out = np.empty(n if count is None else count, np.int64)
    permute_range(first, out.size, n, np.uint64(key), out)
    return out


@pytest.mark.parametrize("n", [1, 2, 3, 7, 63, 64, 65, 100, 1000, 4097])
def test_is_a_permutation_with_its_inverse(n):
    values = listed(n, 5)
    assert sorted(values) == list(range(n))
    shape = permutation_shape(n)
    for i in range(0, n, max(1, n // 50)):
        assert permute(np.uint64(i), np.uint64(n), np.uint64(5), *shape) == values[i]
        assert invert(np.uint64(values[i]), np.uint64(n), np.uint64(5), *shape) == i
    np.testing.assert_array_equal(listed(n, 5, n // 2, n - n // 2), values[n // 2 :])


def test_large_domains():
    for n in (2**40 + 3, 2**62):
        shape = permutation_shape(n)
        values = listed(n, 9, n - 1000, 1000)
        assert len(np.unique(values)) == 1000
        assert values.min() >= 0 and values.max() < n
        at = [invert(np.uint64(v), np.uint64(n), np.uint64(9), *shape) for v in values[:20]]
        assert at == list(range(n - 1000, n - 980))


@pytest.mark.parametrize(("n", "first"), [(3, 3), (4, 4), (5, 2), (9, 2), (64, 2), (70, 2)])
def test_first_values_are_jointly_uniform(n, first):
    places = {p: i for i, p in enumerate(permutations(range(n), first))}
    keys = bits64(2, np.arange(20 * len(places) + 4000))
    counts = np.zeros(len(places))
    for key in keys:
        counts[places[tuple(listed(n, key, 0, first).tolist())]] += 1
    assert scipy.stats.chisquare(counts).pvalue > 1e-4
