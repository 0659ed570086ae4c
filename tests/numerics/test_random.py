"""Counter-based random numbers: the same bits in both forms, and their quality."""

import hashlib
import math
import re

import numpy as np
import pytest
import scipy.special
import scipy.stats
from numba import njit, uint32, uint64

from spikestack.errors import ValidationError
from spikestack.numerics import random, random_compiled

N = 1 << 18
KEY = random.stream_key(7, "exc", "noise")
COUNTERS = np.arange(N, dtype=np.uint64)


@njit(error_model="numpy")
def compiled_draws(key, words, numbers, gauss, chosen):
    for i in range(words.size):
        words[i] = random_compiled.bits64(key, uint64(i))
    for i in range(words.size):
        numbers[i] = random_compiled.uniform(key, uint64(i))
    for i in range(words.size):
        gauss[i] = random_compiled.normal(key, uint64(i))
    for i in range(words.size):
        chosen[i] = random_compiled.uniform_index(words[i], uint64(i + 1))


@njit(error_model="numpy")
def compiled_hashes(k0, k1, out):
    for i in range(out.size):
        out[i] = random_compiled.hash32(uint32(i), k0, k1)


@njit(error_model="numpy")
def compiled_quantiles(u, out):
    for i in range(u.size):
        out[i] = random_compiled.normal_quantile(u[i])


def assert_uniform(counts):
    assert scipy.stats.chisquare(np.ravel(counts)).pvalue > 1e-4


def test_stream_keys_are_fixed_and_unambiguous():
    assert random.stream_key(7, "exc", "noise") == random.stream_key(7, "exc", "noise", 0)
    keys = {
        int(random.stream_key(*parts))
        for parts in (
            *((0, "a", "bc"), (0, "ab", "c"), (0, "", "abc"), (0, "abc", ""), (-1, "a", "bc")),
            *(
                (1, "a", "bc"),
                (0, "a", "bc", 1),
                (10, "a", "bc"),
                (1, "0a", "bc"),
                (2**80, "a", "b"),
            ),
        )
    }
    assert len(keys) == 10
    text = b"".join(len(p).to_bytes(8, "little") + p for p in (b"3", b"n", b"p", b"2"))
    digest = hashlib.blake2b(text, digest_size=8, person=b"spikestack").digest()
    assert random.stream_key(3, "n", "p", 2) == int.from_bytes(digest, "little")
    assert isinstance(random.stream_key(0, "a", "b"), np.uint64)


def test_both_forms_give_the_same_bits():
    words, numbers, gauss = np.empty(N, np.uint64), np.empty(N), np.empty(N)
    chosen = np.empty(N, np.uint64)
    compiled_draws(KEY, words, numbers, gauss, chosen)
    np.testing.assert_array_equal(words, random.bits64(KEY, COUNTERS))
    np.testing.assert_array_equal(numbers, random.uniform(KEY, COUNTERS))
    np.testing.assert_array_equal(gauss.view(np.int64), random.normal(KEY, COUNTERS).view(np.int64))
    np.testing.assert_array_equal(chosen, random.uniform_index(words, COUNTERS + np.uint64(1)))
    with np.errstate(over="ignore"):
        assert random_compiled.bits64.py_func(KEY, np.uint64(5)) == words[5]
        assert random_compiled.normal.py_func(KEY, np.uint64(5)) == gauss[5]
        assert random_compiled.uniform_index.py_func(words[5], np.uint64(6)) == chosen[5]


def test_hash_forms_and_step_words():
    k0, k1 = random.step_words(KEY, 12)
    assert (k0, k1) == random_compiled.step_words(KEY, 12)
    assert int(k0) | int(k1) << 32 == int(random.bits64(KEY, 12))
    out = np.empty(N, np.uint32)
    compiled_hashes(k0, k1, out)
    np.testing.assert_array_equal(out, random.hash32(COUNTERS, k0, k1))
    with np.errstate(over="ignore"):
        assert random_compiled.hash32.py_func(np.uint32(9), k0, k1) == out[9]
    assert len(np.unique(out)) == N
    assert "<16 x i32>" in compiled_hashes.inspect_llvm(compiled_hashes.signatures[0]) or re.search(
        r"mul <\d+ x i32>", compiled_hashes.inspect_llvm(compiled_hashes.signatures[0])
    )


@pytest.mark.filterwarnings("error")
def test_normal_quantile():
    u = np.concatenate([np.linspace(0, 1, 20001), 10.0 ** -np.arange(320.0), [np.nan, -1.0, 2.0]])
    q, compiled = random.normal_quantile(u), np.empty_like(u)
    compiled_quantiles(u, compiled)
    np.testing.assert_array_equal(q.view(np.int64), compiled.view(np.int64))
    np.testing.assert_allclose(
        q, np.where((u >= 0) & (u <= 1), scipy.special.ndtri(u), np.nan), 2e-14
    )
    assert random.normal_quantile(0.5) == 0.0


def test_uniform_index_is_the_high_word():
    a, b = random.bits64(3, np.arange(500)), random.bits64(4, np.arange(500))
    expected = [(int(x) * int(y)) >> 64 for x, y in zip(a, b)]
    assert random.uniform_index(a, b).tolist() == expected
    assert_uniform(np.bincount(random.uniform_index(random.bits64(5, COUNTERS), 10).astype(int)))


def test_distributions():
    assert scipy.stats.kstest(random.uniform(KEY, COUNTERS), "uniform").pvalue > 1e-4
    gauss = random.normal(KEY, COUNTERS)
    assert scipy.stats.kstest(gauss, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(gauss[:-1], gauss[1:])[0, 1]) < 5 / math.sqrt(N)


def hashes(key, step, n=N):
    return random.hash32(np.arange(n), *random.step_words(key, step))


@pytest.mark.parametrize("shift", [0, 12, 24])
def test_hash_uniform_and_independent(shift):
    def cell(words):
        return (words >> np.uint32(shift)).astype(int) & 31

    here = cell(hashes(KEY, 0))
    assert_uniform(np.bincount(here, minlength=32))
    partners = {
        "next index": np.roll(here, 1),
        "64 indices on": np.roll(here, 64),
        "next step": cell(hashes(KEY, 1)),
        "nearby key": cell(hashes(KEY + np.uint64(1), 0)),
        "high bit of the key": cell(hashes(KEY ^ np.uint64(1 << 63), 0)),
    }
    for name, other in partners.items():
        joint = np.bincount(here * 32 + other, minlength=1024)
        assert scipy.stats.chisquare(joint).pvalue > 1e-4, name


def test_hash_across_steps_at_one_index():
    words = np.array([hashes(np.uint64(3), step, 8) for step in range(20_000)])
    for column in (words >> np.uint32(27)).T.astype(int):
        assert_uniform(np.bincount(column[:-1] * 32 + column[1:], minlength=1024))


def avalanche(change):
    """Greatest departure of any output bit's flip rate from 1/2, in standard deviations."""
    bits = (change[:, None] >> np.arange(change.dtype.itemsize * 8, dtype=change.dtype)) & 1
    return abs(bits.mean(axis=0) - 0.5).max() * 2 * math.sqrt(len(change))


def test_bit_avalanche():
    k0, k1 = random.step_words(KEY, 3)
    index = random.bits64(1, np.arange(20_000)).astype(np.uint32)
    base = random.hash32(index, k0, k1)
    for bit in range(32):
        mask = np.uint32(1 << bit)
        assert avalanche(base ^ random.hash32(index ^ mask, k0, k1)) < 8
        word0, word1 = index * np.uint32(3), index * np.uint32(5)
        from_words = random.hash32(index, word0, word1)
        assert avalanche(from_words ^ random.hash32(index, word0 ^ mask, word1)) < 8
    key, counter = random.bits64(8, np.arange(20_000)), random.bits64(9, np.arange(20_000))
    wide = random.bits64(key, counter)
    for bit in range(64):
        mask = np.uint64(1 << bit)
        assert avalanche(wide ^ random.bits64(key, counter ^ mask)) < 6
        assert avalanche(wide ^ random.bits64(key ^ mask, counter)) < 6


@pytest.mark.parametrize("mean", [0.001, 0.08, 2.0, 20.0])
def test_poisson_table(mean):
    table = random.poisson_thresholds(mean)
    assert table.dtype == np.int32 and (np.diff(table) > 0).all()
    exact = scipy.stats.poisson.cdf(np.arange(len(table)), mean)
    assert abs((table.astype(np.int64) + 2**31) / 2**32 - exact).max() < 2.0**-32
    assert scipy.stats.poisson.sf(len(table), mean) < 2.0**-32
    x = (hashes(KEY, 4) ^ np.uint32(0x80000000)).view(np.int32)
    counts = np.searchsorted(table, x, side="right")
    assert counts[0] == (x[0] >= table).sum()
    error = math.sqrt(mean / N)
    assert abs(counts.mean() - mean) < 4 * error
    assert abs(counts.var() - mean) < 4 * math.sqrt((mean + 2 * mean**2) / N)
    expected = scipy.stats.poisson.pmf(np.arange(len(table) + 1), mean) * N
    observed = np.bincount(counts, minlength=len(expected))
    kept = expected > 10
    rest = expected.sum() - expected[kept].sum(), observed[~kept].sum()
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    statistic += (rest[1] - rest[0]) ** 2 / max(rest[0], 1.0)
    assert scipy.stats.chi2.sf(statistic, max(kept.sum(), 1)) > 1e-4


def test_poisson_limits():
    assert len(random.poisson_thresholds(0.0)) == 0
    for mean in (50.1, -1.0, math.nan, math.inf):
        with pytest.raises(ValidationError, match="mean"):
            random.poisson_thresholds(mean)
    with pytest.raises(ValidationError, match="poisson_split"):
        random.poisson_thresholds(51.0)
    assert random.poisson_split(120.0) == (3, 40.0)
    assert random.poisson_split(0.0) == (1, 0.0)
    assert random.poisson_split(50.0) == (1, 50.0)
    with pytest.raises(ValidationError):
        random.poisson_split(math.inf)
