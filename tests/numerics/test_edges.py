"""Connectivity rules: what they promise, and the same edges however they are listed."""

import ast
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from edge_cases import OWN, by_rows, digests, rules

from spikestack.errors import ValidationError
from spikestack.numerics import edges

NAMES = list(rules())


def pairs(rule):
    starts, targets, _ = edges.expand(rule)
    return np.repeat(np.arange(rule.n_pre), np.diff(starts)), targets


def assert_same(first, second):
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a, b)


def joined(pieces):
    degrees = np.concatenate([np.diff(piece[0]) for piece in pieces])
    return np.append(0, np.cumsum(degrees)), *(
        np.concatenate([p[i] for p in pieces]) for i in (1, 2)
    )


@pytest.mark.parametrize("name", NAMES)
def test_same_edges_however_listed(name):
    rule = rules()[name]
    whole = edges.expand(rule)
    assert [array.dtype for array in whole] == [np.int64, np.int64, np.uint64]
    assert_same(whole, by_rows(rule))
    for cuts in ([0, 1, rule.n_pre], range(rule.n_pre + 1), [0, 0, 2, 2, rule.n_pre]):
        ranges = list(zip(cuts, list(cuts)[1:]))
        assert_same(whole, joined([edges.expand_range(rule, *r) for r in ranges]))
        with ThreadPoolExecutor(4) as pool:
            pieces = list(pool.map(lambda r: edges.expand_range(rule, *r), ranges))
        assert_same(whole, joined(pieces))
    starts, targets, ordinals = whole
    assert starts[-1] == len(targets) == len(np.unique(ordinals)) == edges.expected_edges(rule)
    assert not len(targets) or 0 <= targets.min() <= targets.max() < rule.n_post
    assert np.diff(starts).max() <= edges.max_row(rule)


def test_larger_networks_in_threads():
    own = np.arange(500)
    for rule in (
        edges.fixed_in_degree(40, 500, 500, 1, own),
        edges.fixed_total_number(20_000, 500, 500, 1, own),
        edges.fixed_in_degree(40, 500, 500, 1, own, False),
        edges.fixed_total_number(20_000, 500, 500, 1, own, False),
    ):
        cuts = [0, 7, 100, 101, 450, 500]
        with ThreadPoolExecutor(5) as pool:
            pieces = list(pool.map(lambda a, r=rule: edges.expand_range(r, *a), pairwise(cuts)))
        assert_same(edges.expand(rule), joined(pieces))
        assert_same(edges.expand(rule), by_rows(rule))
        s, t = pairs(rule)
        assert (s != t).all()


def test_interpreted_code_gives_the_same_edges():
    here = Path(__file__).parent
    environment = dict(os.environ, NUMBA_DISABLE_JIT="1")
    source = Path(edges.__file__).parents[2]
    environment["PYTHONPATH"] = os.pathsep.join([str(source), environment.get("PYTHONPATH", "")])
    command = [sys.executable, str(here / "edge_cases.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout) == digests()
    rule = rules()["in"]
    targets, ordinals = np.empty((2, edges.max_row(rule)), np.int64)
    buffers = targets, ordinals.view(np.uint64)
    count = edges.fill_row.py_func(*rule.flat, 3, *buffers)
    starts, listed, _ = edges.expand(rule)
    np.testing.assert_array_equal(targets[:count], listed[starts[3] : starts[4]])


def test_promised_numbers():
    made = rules()
    degree_in = {k: np.bincount(pairs(made[k])[1], minlength=9) for k in NAMES}
    degree_out = {k: np.bincount(pairs(made[k])[0], minlength=8) for k in NAMES}
    for name in ("in", "in_distinct", "in_loops"):
        assert (degree_in[name] == 5).all()
    for name in ("out", "out_distinct"):
        assert (degree_out[name] == 4).all()
    for name in ("total", "total_distinct", "total_loops"):
        assert degree_out[name].sum() == 30
    assert edges.expected_edges(made["all_to_all"]) == 8 * 9 - 5
    assert (pairs(made["one_to_one"])[0] == pairs(made["one_to_one"])[1]).all()


@pytest.mark.parametrize("key", range(20))
def test_no_autapses_and_no_multapses_when_off(key):
    made = rules(key)
    for name in NAMES:
        if name in ("explicit", "one_to_one"):
            continue
        s, t = pairs(made[name])
        if not name.endswith("loops"):
            assert (t != OWN[s]).all(), name
        if "distinct" in name or name in ("probability", "all_to_all"):
            assert len(set(zip(s, t))) == len(s), name


def test_ordinals():
    made = rules()
    s, t = pairs(made["all_to_all"])
    np.testing.assert_array_equal(edges.expand(made["all_to_all"])[2], s * 9 + t)
    np.testing.assert_array_equal(edges.expand(made["explicit"])[2], np.arange(5))
    np.testing.assert_array_equal(edges.expand(made["one_to_one"])[2], np.arange(8))
    for name in ("in_distinct", "total_distinct", "out_distinct", "probability"):
        s, t = pairs(made[name])
        np.testing.assert_array_equal(edges.expand(made[name])[2], s << 32 | t)
    for name in ("in", "total", "out"):
        starts, _, ordinals = edges.expand(made[name])
        s = np.repeat(np.arange(8), np.diff(starts))
        np.testing.assert_array_equal(ordinals, s << 32 | np.arange(len(s)) - starts[s])


def test_keys_matter():
    for name in ("in", "out", "total", "in_distinct", "out_distinct", "total_distinct"):
        first, second = (np.lexsort(pairs(rules(key)[name])) for key in (1, 2))
        assert len(first) == len(second)
        assert pairs(rules(1)[name])[1].tolist() != pairs(rules(2)[name])[1].tolist(), name


@pytest.mark.parametrize("own", [None, np.arange(1000)])
def test_degrees_of_a_large_network(own):
    others = 1000 if own is None else 999
    total = edges.fixed_total_number(200_000, 1000, 1000, 3, own)
    for side in pairs(total):
        chi = scipy.stats.chisquare(np.bincount(side, minlength=1000)).pvalue
        assert 1e-4 < chi < 1 - 1e-4
    fixed_in = edges.fixed_in_degree(200, 1000, 1000, 3, own)
    assert 1e-4 < scipy.stats.chisquare(np.bincount(pairs(fixed_in)[0])).pvalue < 1 - 1e-4
    fixed_out = edges.fixed_out_degree(200, 1000, 1000, 3, own)
    assert 1e-4 < scipy.stats.chisquare(np.bincount(pairs(fixed_out)[1])).pvalue < 1 - 1e-4
    p = 200 / others
    for name, side in (("fixed_in_degree", 0), ("fixed_out_degree", 1)):
        rule = getattr(edges, name)(200, 1000, 1000, 3, own, False)
        scaled = (np.bincount(pairs(rule)[side]) - 200) ** 2 / (200 * (1 - p))
        assert 1e-4 < scipy.stats.chi2.sf(scaled.sum(), 999) < 1 - 1e-4
    rule = edges.fixed_probability(0.2, 1000, 1000, 3, own)
    for side in pairs(rule):
        scaled = (np.bincount(side) - 0.2 * others) ** 2 / (0.16 * others)
        assert 1e-4 < scipy.stats.chi2.sf(scaled.sum(), 1000) < 1 - 1e-4


def test_impossible_demands_are_refused():
    own = np.arange(3)
    demands = [
        (lambda: edges.fixed_in_degree(4, 3, 3, 0, None, False), "4.*only 3"),
        (lambda: edges.fixed_in_degree(3, 3, 3, 0, own, False), "3.*only 2"),
        (lambda: edges.fixed_in_degree(1, 1, 1, 0, [0]), "only 0"),
        (lambda: edges.fixed_in_degree(1, 0, 5, 0), "only 0"),
        (lambda: edges.fixed_out_degree(4, 3, 3, 0, None, False), "only 3"),
        (lambda: edges.fixed_out_degree(1, 1, 1, 0, [0]), "only 0"),
        (lambda: edges.fixed_out_degree(1, 5, 0, 0), "only 0"),
        (lambda: edges.fixed_total_number(10, 3, 3, 0, None, False), "10.*9"),
        (lambda: edges.fixed_total_number(7, 3, 3, 0, own, False), "7.*6"),
        (lambda: edges.fixed_total_number(1, 1, 1, 0, [0]), "0 allowed"),
        (lambda: edges.fixed_total_number(1, 0, 3, 0), "0 allowed"),
        (lambda: edges.fixed_total_number(-1, 3, 3, 0), "-1"),
        (lambda: edges.fixed_in_degree(2.5, 3, 3, 0), "2.5"),
        (lambda: edges.fixed_in_degree(-2, 3, 3, 0), "-2"),
        (lambda: edges.fixed_probability(1.1, 3, 3, 0), "1.1"),
        (lambda: edges.fixed_probability(-0.1, 3, 3, 0), "-0.1"),
        (lambda: edges.fixed_probability(float("nan"), 3, 3, 0), "nan"),
        (lambda: edges.all_to_all(-1, 3), "-1"),
        (lambda: edges.all_to_all(2**32 - 1, 2**32 - 1), "pairs"),
        (lambda: edges.all_to_all(3, 3, [0, 0, 1]), "own"),
        (lambda: edges.all_to_all(3, 3, [0, 3, 1]), "own"),
        (lambda: edges.explicit([0, 2], [0], 3), "row_start"),
        (lambda: edges.explicit([0, 1], [3], 3), "targets"),
        (lambda: edges.explicit([], [], 3), "CSR"),
    ]
    for demand, message in demands:
        with pytest.raises(ValidationError, match=message) as caught:
            demand()
        assert caught.value.where == "connection"
    with pytest.raises(ValidationError, match=r"^Projection 'a'"):
        edges.fixed_probability(2.0, 3, 3, 0, where="Projection 'a'")


def test_empty_networks():
    for n_pre, n_post in ((0, 0), (0, 4), (4, 0)):
        for rule in (
            edges.all_to_all(n_pre, n_post),
            edges.fixed_probability(0.5, n_pre, n_post, 0),
            edges.fixed_in_degree(0, n_pre, n_post, 0),
            edges.fixed_in_degree(0, n_pre, n_post, 0, None, False),
            edges.fixed_out_degree(0, n_pre, n_post, 0),
            edges.fixed_total_number(0, n_pre, n_post, 0),
            edges.fixed_total_number(0, n_pre, n_post, 0, None, False),
        ):
            starts, targets, _ = edges.expand(rule)
            assert starts.tolist() == [0] * (n_pre + 1)
            assert targets.size == edges.expected_edges(rule) == 0
    assert edges.expected_edges(edges.fixed_in_degree(3, 0, 0, 0)) == 0
    assert edges.expected_edges(edges.fixed_probability(1.0, 3, 4, 0)) == 12
