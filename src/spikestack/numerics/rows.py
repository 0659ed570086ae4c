"""The targets of one source, by the kind of rule; the compiled heart of `edges`.

Every function writes the targets of source s and the ordinals of its edges into two buffers and
returns how many there are. Their arguments are those of `fill_row`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiling import njit
from .permutation import invert, permutation_shape, permute_range
from .random_compiled import bits64, uniform_index

__all__ = [
    "ALL_TO_ALL",
    "DISTINCT",
    "DRAWN",
    "EXPLICIT",
    "ONE_TO_ONE",
    "PICKED_PAIRS",
    "PICKED_SOURCES",
    "SLOTS",
    "fill_row",
    "fill_rows",
    "own_slots",
    "picked_pairs",
    "picked_sources",
]

ONE_TO_ONE, ALL_TO_ALL, EXPLICIT, DRAWN, DISTINCT, SLOTS, PICKED_SOURCES, PICKED_PAIRS = range(8)

_I64 = NDArray[np.int64]
_U64 = NDArray[np.uint64]


@njit(cache=True, error_model="numpy", forceinline=True)
def _ordinal(s: int, j: int) -> np.uint64:
    return (np.uint64(s) << np.uint64(32)) | np.uint64(j)


@njit(cache=True)
def _all_but(s: int, n_post: int, own: int, targets: _I64, ordinals: _U64) -> int:
    skipped = own if own >= 0 else n_post
    count = n_post - (1 if own >= 0 else 0)
    for j in range(count):
        targets[j] = j + (1 if j >= skipped else 0)
        ordinals[j] = np.uint64(s * n_post + targets[j])
    return count


@njit(cache=True)
def _listed(first: int, count: int, column: _I64, targets: _I64, ordinals: _U64) -> int:
    for j in range(count):
        targets[j] = column[first + j]
        ordinals[j] = np.uint64(first + j)
    return count


@njit(cache=True, error_model="numpy")
def _drawn(
    s: int, count: int, n_post: int, own: int, key: np.uint64, targets: _I64, ordinals: _U64
) -> int:
    skipped = own if own >= 0 else n_post
    allowed = np.uint64(n_post - (1 if own >= 0 else 0))
    for j in range(count):
        ordinal = _ordinal(s, j)
        target = np.int64(uniform_index(bits64(key, ordinal), allowed))
        targets[j] = target + (1 if target >= skipped else 0)
        ordinals[j] = ordinal
    return count


@njit(cache=True, error_model="numpy")
def _distinct(
    s: int, count: int, n_post: int, own: int, key: np.uint64, targets: _I64, ordinals: _U64
) -> int:
    skipped = own if own >= 0 else n_post
    allowed = n_post - (1 if own >= 0 else 0)
    permute_range(0, count, allowed, bits64(key, np.uint64(s)), targets)
    for j in range(count):
        target = targets[j]
        targets[j] = target + (1 if target >= skipped else 0)
        ordinals[j] = _ordinal(s, targets[j])
    return count


@njit(cache=True, error_model="numpy", forceinline=True)
def _quotient(x: np.uint64, divisor: np.uint64, reciprocal: np.uint64) -> np.uint64:
    """``x // divisor`` for x < 2**63, from ``reciprocal = (2**64 - 1) // divisor``."""
    q = uniform_index(x, reciprocal)
    return q + (np.uint64(1) if x - q * divisor >= divisor else np.uint64(0))


@njit(cache=True, error_model="numpy")
def _slot_targets(
    first: int, count: int, slots: int, degree: int, key: np.uint64, out: _I64
) -> None:
    permute_range(first, count, slots, key, out)
    divisor = np.uint64(degree)
    reciprocal = np.uint64(0xFFFFFFFFFFFFFFFF) // divisor
    for j in range(count):
        out[j] = np.int64(_quotient(np.uint64(out[j]), divisor, reciprocal))


@njit(cache=True)
def _first_not_below(ascending: _I64, value: int) -> int:
    low, high = 0, ascending.size
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, error_model="numpy")
def _slotted(
    s: int,
    degree: int,
    n_post: int,
    key: np.uint64,
    row_start: _I64,
    own: int,
    moved: tuple[_I64, _I64],
    targets: _I64,
    ordinals: _U64,
) -> int:
    moved_slot, moved_source = moved
    count = row_start[s + 1] - row_start[s]
    _slot_targets(row_start[s], count, n_post * degree, degree, key, targets)
    if own >= 0:
        kept = 0
        for j in range(count):
            target = targets[j]
            targets[kept] = target
            kept += 1 if target != own else 0
        count = kept
    for i in range(_first_not_below(moved_source, s), _first_not_below(moved_source, s + 1)):
        targets[count] = moved_slot[i] // degree
        count += 1
    for j in range(count):
        ordinals[j] = _ordinal(s, j)
    return count


@njit(cache=True, error_model="numpy")
def _in_picked_sources(
    s: int,
    degree: int,
    n_pre: int,
    n_post: int,
    key: np.uint64,
    own_source: _I64,
    targets: _I64,
    ordinals: _U64,
) -> int:
    bits, span = permutation_shape(n_pre)
    fewer_bits, fewer_span = permutation_shape(n_pre - 1)
    count = 0
    for t in range(n_post):
        o = own_source[t]
        if o == s:
            continue
        row_key = bits64(key, np.uint64(t))
        if o < 0:
            at = invert(np.uint64(s), np.uint64(n_pre), row_key, bits, span)
        else:
            place = np.uint64(s - (1 if s > o else 0))
            at = invert(place, np.uint64(n_pre - 1), row_key, fewer_bits, fewer_span)
        if np.int64(at) < degree:
            targets[count] = t
            ordinals[count] = _ordinal(s, t)
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def _in_picked_pairs(
    s: int, edges: int, key: np.uint64, row_start: _I64, own: int, targets: _I64, ordinals: _U64
) -> int:
    pairs = row_start[row_start.size - 1]
    bits, span = permutation_shape(pairs)
    count = 0
    for i in range(row_start[s + 1] - row_start[s]):
        at = invert(np.uint64(row_start[s] + i), np.uint64(pairs), key, bits, span)
        if np.int64(at) < edges:
            targets[count] = i + (1 if 0 <= own <= i else 0)
            ordinals[count] = _ordinal(s, targets[count])
            count += 1
    return count


@njit(cache=True, nogil=True)
def fill_row(
    kind: int,
    n_pre: int,
    n_post: int,
    key: np.uint64,
    ints: _I64,
    row_start: _I64,
    column: _I64,
    own: _I64,
    moved_slot: _I64,
    moved_source: _I64,
    s: int,
    targets_out: _I64,
    ordinals_out: _U64,
) -> int:
    """Write the targets and the edge ordinals of source s; return their number.

    Parameters
    ----------
    kind, n_pre, n_post, key, ints, row_start, column, own, moved_slot, moved_source
        The fields of an `edge_rule.EdgeRule`, explained there; `EdgeRule.flat` is this tuple.
    s
        Source, below n_pre.
    targets_out, ordinals_out
        int64 and uint64 buffers of at least `edge_rule.max_row` entries.

    Returns
    -------
    int64.
    """
    out = (targets_out, ordinals_out)
    if kind == ONE_TO_ONE:
        targets_out[0], ordinals_out[0] = s, np.uint64(s)
        return 1
    if kind == ALL_TO_ALL:
        return _all_but(s, n_post, own[s], *out)
    if kind == PICKED_SOURCES:
        return _in_picked_sources(s, ints[0], n_pre, n_post, key, column, *out)
    if kind == PICKED_PAIRS:
        return _in_picked_pairs(s, ints[0], key, row_start, own[s], *out)
    count = row_start[s + 1] - row_start[s]
    if kind == EXPLICIT:
        return _listed(row_start[s], count, column, *out)
    if kind == DRAWN:
        return _drawn(s, count, n_post, own[s], key, *out)
    if kind == DISTINCT:
        return _distinct(s, count, n_post, own[s], key, *out)
    moved = (moved_slot, moved_source)
    return _slotted(s, ints[0], n_post, key, row_start, own[s], moved, *out)


@njit(cache=True, nogil=True)
def fill_rows(
    kind: int,
    n_pre: int,
    n_post: int,
    key: np.uint64,
    ints: _I64,
    row_start: _I64,
    column: _I64,
    own: _I64,
    moved_slot: _I64,
    moved_source: _I64,
    s0: int,
    starts: _I64,
    targets: _I64,
    ordinals: _U64,
) -> int:
    """Write the rows of sources s0, s0 + 1, ... one after another; return the number of edges.

    `starts` (int64, one more than there are sources) receives the first edge of each.
    """
    at = 0
    for i in range(starts.size - 1):
        starts[i] = at
        at += fill_row(
            kind,
            n_pre,
            n_post,
            key,
            ints,
            row_start,
            column,
            own,
            moved_slot,
            moved_source,
            s0 + i,
            targets[at:],
            ordinals[at:],
        )
    starts[starts.size - 1] = at
    return at


@njit(cache=True, nogil=True)
def own_slots(
    degree: int, n_post: int, key: np.uint64, row_start: _I64, own: _I64, slots: _I64, sources: _I64
) -> int:
    """Find the slots that join a source to itself; return their number.

    Slots and sources are written as far as the two buffers (int64) reach.
    """
    longest = 0
    for s in range(own.size):
        longest = max(longest, row_start[s + 1] - row_start[s])
    buffer = np.empty(longest, np.int64)
    found = 0
    for s in range(own.size):
        count = row_start[s + 1] - row_start[s] if own[s] >= 0 else 0
        permute_range(row_start[s], count, n_post * degree, key, buffer)
        low, high = own[s] * degree, (own[s] + 1) * degree
        for j in range(count):
            if low <= buffer[j] < high:
                if found < slots.size:
                    slots[found], sources[found] = buffer[j], s
                found += 1
    return found


@njit(cache=True, nogil=True)
def picked_sources(
    degree: int,
    n_pre: int,
    key: np.uint64,
    own_source: _I64,
    s0: int,
    starts: _I64,
    targets: _I64,
    ordinals: _U64,
) -> None:
    """Rows of a PICKED_SOURCES rule from the target side.

    Called twice: with empty buffers it leaves the degree of source s0 + i in ``starts[i + 1]``;
    with ``starts[i + 1]`` the first edge of source s0 + i it writes the edges, and moves that on
    to the first edge of the next.
    """
    sources = np.empty(degree, np.int64)
    for t in range(own_source.size):
        o = own_source[t]
        permute_range(0, degree, n_pre - (1 if o >= 0 else 0), bits64(key, np.uint64(t)), sources)
        for j in range(degree):
            s = sources[j] + (1 if 0 <= o <= sources[j] else 0)
            i = s - s0
            if 0 <= i < starts.size - 1:
                at = starts[i + 1]
                if targets.size > 0:
                    targets[at], ordinals[at] = t, _ordinal(s, t)
                starts[i + 1] = at + 1


@njit(cache=True, nogil=True)
def picked_pairs(
    pairs: _I64, row_start: _I64, own: _I64, s0: int, starts: _I64, targets: _I64, ordinals: _U64
) -> None:
    """Rows of a PICKED_PAIRS rule from its chosen pairs (int64, ascending, of these sources)."""
    at = 0
    for i in range(starts.size - 1):
        s = s0 + i
        starts[i] = at
        while at < pairs.size and pairs[at] < row_start[s + 1]:
            place = pairs[at] - row_start[s]
            targets[at] = place + (1 if 0 <= own[s] <= place else 0)
            ordinals[at] = _ordinal(s, targets[at])
            at += 1
    starts[starts.size - 1] = at
