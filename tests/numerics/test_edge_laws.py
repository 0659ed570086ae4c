"""The joint distribution of all edges of small networks, against its exact enumeration."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
import scipy.stats

from spikestack.numerics import edges
from spikestack.numerics.random import bits64

SEEDS = 8000
N_PRE, N_POST = 3, 2
OWNS = {"loops": None, "no loops": np.array([1, -1, 0])}


def allowed(own):
    return [(s, t) for s in range(N_PRE) for t in range(N_POST) if own is None or own[s] != t]


def combined(groups):
    """Law of the sum of independent edge counts, each group a list of equally likely edge lists."""
    law = {(0,) * (N_PRE * N_POST): 1.0}
    for group in groups:
        following = Counter()
        for counts, probability in law.items():
            for chosen, weight in group:
                added = list(counts)
                for s, t in chosen:
                    added[s * N_POST + t] += 1
                following[tuple(added)] += probability * weight
        law = following
    return law


def evenly(choices):
    choices = list(choices)
    return [(choice, 1 / len(choices)) for choice in choices]


def grouped(own, side):
    numbers = range((N_PRE, N_POST)[side])
    return [[pair for pair in allowed(own) if pair[side] == i] for i in numbers]


def single(group):
    return [[pair] for pair in group]


LAWS = {
    "probability": (
        lambda key, own: edges.fixed_probability(0.3, N_PRE, N_POST, key, own),
        lambda own: [[([pair], 0.3), ([], 0.7)] for pair in allowed(own)],
    ),
    "total": (
        lambda key, own: edges.fixed_total_number(3, N_PRE, N_POST, key, own),
        lambda own: [evenly(single(allowed(own)))] * 3,
    ),
    "total_distinct": (
        lambda key, own: edges.fixed_total_number(3, N_PRE, N_POST, key, own, False),
        lambda own: [evenly(combinations(allowed(own), 3))],
    ),
    "in": (
        lambda key, own: edges.fixed_in_degree(2, N_PRE, N_POST, key, own),
        lambda own: [evenly(single(group)) for group in grouped(own, 1)] * 2,
    ),
    "in_distinct": (
        lambda key, own: edges.fixed_in_degree(1, N_PRE, N_POST, key, own, False),
        lambda own: [evenly(combinations(group, 1)) for group in grouped(own, 1)],
    ),
    "out": (
        lambda key, own: edges.fixed_out_degree(2, N_PRE, N_POST, key, own),
        lambda own: [evenly(single(group)) for group in grouped(own, 0)] * 2,
    ),
    "out_distinct": (
        lambda key, own: edges.fixed_out_degree(1, N_PRE, N_POST, key, own, False),
        lambda own: [evenly(combinations(group, 1)) for group in grouped(own, 0)],
    ),
}


@pytest.mark.parametrize("loops", list(OWNS))
@pytest.mark.parametrize("name", list(LAWS))
def test_joint_law_of_all_edges(name, loops):
    make, groups = LAWS[name]
    own = OWNS[loops]
    observed = Counter()
    for key in bits64(4, np.arange(SEEDS)):
        starts, targets, _ = edges.expand(make(key, own))
        counts = np.zeros((N_PRE, N_POST), int)
        np.add.at(counts, (np.repeat(np.arange(N_PRE), np.diff(starts)), targets), 1)
        observed[tuple(counts.ravel().tolist())] += 1
    law = combined(groups(own))
    assert set(observed) <= set(law)
    expected = np.array(list(law.values())) * SEEDS
    seen = np.array([observed[outcome] for outcome in law])
    common = expected > 5
    seen = np.append(seen[common], seen[~common].sum() + 1e-9)
    expected = np.append(expected[common], expected[~common].sum() + 1e-9)
    assert ((seen - expected) ** 2 / expected).sum() < scipy.stats.chi2.isf(1e-4, len(seen) - 1)


@pytest.mark.parametrize("name", ["fixed_in_degree", "fixed_out_degree", "fixed_total_number"])
@pytest.mark.parametrize("multapses", [True, False])
def test_every_pair_is_equally_likely(name, multapses):
    n, own = 12, np.arange(12)
    asked = 48 if name == "fixed_total_number" else 4
    counts = np.zeros((n, n))
    for key in bits64(6, np.arange(3000)):
        starts, targets, _ = edges.expand(getattr(edges, name)(asked, n, n, key, own, multapses))
        np.add.at(counts, (np.repeat(own, np.diff(starts)), targets), 1)
    off = counts[~np.eye(n, dtype=bool)]
    assert np.trace(counts) == 0
    assert scipy.stats.chisquare(off).pvalue > 1e-4
