"""Binomial numbers and multinomial division."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats

from spikestack.numerics import split as module
from spikestack.numerics.split import binomial, binomial_array, split, split_one

N = 100_000
KEY = np.uint64(11)


def fits(values, expected):
    """Chi-square of counts against expected counts from the least value on."""
    observed = np.bincount(values - values.min(), minlength=len(expected))
    kept = expected > 10
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    return scipy.stats.chi2.sf(statistic, kept.sum() - 1) > 1e-4


@pytest.mark.parametrize(
    ("n", "p"),
    [
        *((5, 0.3), (100, 0.05), (30, 0.5), (50, 0.3), (50, 0.9), (1000, 0.01), (1000, 0.5)),
        *((10**6, 0.3), (10**9, 1e-7), (2**62, 1e-18), (2**62, 1e-17)),
    ],
)
def test_binomial_distribution(n, p):
    values = binomial_array(KEY, np.full(N, n, np.int64), p)
    k = np.arange(values.min(), values.max() + 1)
    law = scipy.stats.binom(n, p) if n < 2**53 else scipy.stats.poisson(n * p)
    assert fits(values, law.pmf(k) * N)


@pytest.mark.parametrize(("n", "p"), [(10**9, 0.3), (2**53, 1e-3), (2**62, 0.5), (2**62, 0.9)])
def test_binomial_of_many_trials_is_normal(n, p):
    values = binomial_array(KEY, np.full(N, n, np.int64), p)
    assert values.min() >= 0 and values.max() <= n
    z = (values - int(n * p)) / math.sqrt(n * p * (1 - p))
    assert scipy.stats.kstest(z, "norm").pvalue > 1e-4


def test_binomial_limits_and_determinism():
    assert binomial(KEY, 0, 0.5) == 0
    assert binomial(KEY, 10, 0.0) == 0
    assert binomial(KEY, 10, 1.0) == 10
    assert binomial(KEY, 2**62, 1.0) == 2**62
    assert binomial(KEY, 1000, 0.5) == binomial(KEY, 1000, 0.5)
    assert binomial(KEY, 1000, 0.25) != binomial(np.uint64(12), 1000, 0.25)


def test_stirling_rest():
    k = np.arange(1, 40)
    exact = scipy.special.gammaln(k + 1.0) - (
        (k + 0.5) * np.log(k) - k + 0.5 * math.log(2 * math.pi)
    )
    np.testing.assert_allclose([module._stirling_rest(int(i)) for i in k], exact, atol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 100, 129])
def test_split_totals_and_single_shares(n):
    weights = np.arange(n) % 3 + 1
    weights[0] = 0 if n > 1 else 1
    prefix = np.concatenate([[0], np.cumsum(weights)]).astype(np.int64)
    starts = split(10_000, prefix, KEY)
    assert starts[0] == 0 and starts[-1] == 10_000 and (np.diff(starts) >= 0).all()
    assert n == 1 or starts[1] == 0
    for i in range(n):
        assert split_one(10_000, prefix, KEY, i) == (starts[i], starts[i + 1])


def test_split_is_multinomial():
    weights = np.array([1, 2, 0, 3, 4])
    prefix = np.concatenate([[0], np.cumsum(weights)]).astype(np.int64)
    keys = np.arange(20_000, dtype=np.uint64)
    shares = np.array([np.diff(split(6, prefix, key)) for key in keys])
    places = shares @ (7 ** np.arange(5))
    outcomes, counts = np.unique(places, return_counts=True)
    digits = (outcomes[:, None] // 7 ** np.arange(5)) % 7
    expected = scipy.stats.multinomial(6, weights / 10).pmf(digits) * len(keys)
    kept = expected > 5
    statistic = ((counts - expected)[kept] ** 2 / expected[kept]).sum()
    assert scipy.stats.chi2.sf(statistic, kept.sum() - 1) > 1e-4
    many = np.diff(split(10**6, np.arange(2001, dtype=np.int64), KEY))
    assert scipy.stats.chisquare(many).pvalue > 1e-4
    assert scipy.stats.chisquare(many).pvalue < 1 - 1e-4
