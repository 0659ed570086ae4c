"""Rules to test, and their listing as a digest; run as a program it prints the digests."""

import hashlib

import numpy as np

from spikestack.numerics import edges

OWN = np.array([3, -1, 0, 1, -1, 8, 2, -1])


def rules(key=5, own=OWN, n_post=9):
    n = len(own)
    sides = (n, n_post, key)
    return {
        "one_to_one": edges.one_to_one(n),
        "all_to_all": edges.all_to_all(n, n_post, own),
        "explicit": edges.explicit([0, 2, 2, 5], [1, 1, 0, 3, 2], 4),
        "probability": edges.fixed_probability(0.4, *sides, own),
        "out": edges.fixed_out_degree(4, *sides, own),
        "out_distinct": edges.fixed_out_degree(4, *sides, own, False),
        "total": edges.fixed_total_number(30, *sides, own),
        "total_distinct": edges.fixed_total_number(30, *sides, own, False),
        "in": edges.fixed_in_degree(5, *sides, own),
        "in_distinct": edges.fixed_in_degree(5, *sides, own, False),
        "in_loops": edges.fixed_in_degree(5, *sides),
        "total_loops": edges.fixed_total_number(30, *sides),
        "none": edges.fixed_total_number(0, *sides, own, False),
    }


def by_rows(rule):
    """The edges from `fill_row`, source by source."""
    room = max(edges.max_row(rule), 1)
    targets, ordinals = np.empty(room, np.int64), np.empty(room, np.uint64)
    parts, starts = [], [0]
    for s in range(rule.n_pre):
        count = edges.fill_row(*rule.flat, s, targets, ordinals)
        parts.append((targets[:count].copy(), ordinals[:count].copy()))
        starts.append(starts[-1] + count)
    return np.array(starts), *(np.concatenate(part) for part in zip(*parts))


def digest(rule):
    with np.errstate(over="ignore"):
        arrays = (*edges.expand(rule), *by_rows(rule))
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def digests():
    with np.errstate(over="ignore"):
        return {name: digest(rule) for name, rule in rules().items()}


if __name__ == "__main__":
    print(repr(digests()))
