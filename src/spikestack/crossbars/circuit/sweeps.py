"""Compiled passes over an array's nodes: tridiagonal sweeps along word lines and bit lines.

Nodes are stored in strips of `LANES` columns, ``(strips, rows, LANES)``, so that a sweep down the
bit lines of a strip runs in whole vectors and stays in the cache. For a sweep along word lines a
block of `BLOCK` rows is turned, so that its vectors run across rows. What fills the last strip and
the last block has no conductance.

Equations are divided by the conductance of their line's segments: with `h` = G r_word a word line
has the matrix tridiag(-1, 2 + h, -1), and with `ratio` = r_bit / r_word a bit line has
tridiag(-1, 2 + ratio h, -1), with ends as the factors are told. A factor c of node k satisfies
x_k = c_k (b_k + x_{k-1} + x_{k+1}), with the nodes before k eliminated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.compiling import njit

__all__ = [
    "BLOCK",
    "LANES",
    "collect",
    "energy",
    "factor_bits",
    "factor_words",
    "step_bits",
    "step_words",
    "words_of",
]

#: Columns of a strip, and rows of a turned block; measured to be fast from 64 to 1024 lines.
LANES = 32
BLOCK = 16


@njit(cache=True, nogil=True, error_model="numpy")
def factor_words(h: Any, driven: Any, columns: int, factors: Any) -> None:
    """Factors of the word lines, ``(blocks, columns, BLOCK)``.

    The excess of a pivot over 1 is carried, a sum of positive terms, so that nothing cancels where
    cells hardly conduct.
    """
    passed = np.zeros(BLOCK)
    for block in range(factors.shape[0]):
        first = block * BLOCK
        for lane in range(BLOCK):
            passed[lane] = driven[first + lane]
        for j in range(columns - 1):
            strip, k = j // LANES, j % LANES
            for lane in range(BLOCK):
                excess = passed[lane] + h[strip, first + lane, k]
                c = 1.0 / (1.0 + excess)
                factors[block, j, lane] = c
                passed[lane] = excess * c
        strip, k = (columns - 1) // LANES, (columns - 1) % LANES
        for lane in range(BLOCK):
            pivot = passed[lane] + h[strip, first + lane, k]
            # Of a row that only fills the block, nothing is asked.
            factors[block, columns - 1, lane] = 1.0 / pivot if pivot > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def factor_bits(h: Any, ratio: float, driven: Any, rows: int, factors: Any) -> None:
    """Factors of the bit lines, ``(strips, rows, LANES)``."""
    passed = np.zeros(LANES)
    for strip in range(factors.shape[0]):
        for k in range(LANES):
            passed[k] = 0.0
        for i in range(rows - 1):
            for k in range(LANES):
                excess = passed[k] + ratio * h[strip, i, k]
                c = 1.0 / (1.0 + excess)
                factors[strip, i, k] = c
                passed[k] = excess * c
        for k in range(LANES):
            pivot = passed[k] + ratio * h[strip, rows - 1, k] + driven[strip * LANES + k]
            factors[strip, rows - 1, k] = 1.0 / pivot if pivot > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy", inline="never")
def _along(factors: Any, turned: Any, columns: int, carried: Any) -> None:
    """Solve `BLOCK` word lines in place."""
    for lane in range(BLOCK):
        carried[lane] = 0
    for j in range(columns):
        for lane in range(BLOCK):
            y = factors[j, lane] * (turned[j, lane] + carried[lane])
            carried[lane] = y
            turned[j, lane] = y
    for j in range(columns - 2, -1, -1):
        for lane in range(BLOCK):
            y = turned[j, lane] + factors[j, lane] * carried[lane]
            carried[lane] = y
            turned[j, lane] = y


@njit(cache=True, nogil=True, error_model="numpy")
def words_of(
    h: Any, factors: Any, left: Any, extra: Any, bits: Any, columns: int, turned: Any, out: Any
) -> None:
    """Voltages of word lines where those of the bit lines are given.

    `left` enters at the left ends, `extra` (of no strips: none) at every node, both in volts
    (currents times r_word).
    """
    carried = np.zeros(BLOCK, h.dtype)
    for block in range(factors.shape[0]):
        first = block * BLOCK
        for strip in range(h.shape[0]):
            for lane in range(BLOCK):
                for k in range(LANES):
                    value = h[strip, first + lane, k] * bits[strip, first + lane, k]
                    if extra.shape[0] > 0:
                        value += extra[strip, first + lane, k]
                    turned[strip * LANES + k, lane] = value
        for lane in range(BLOCK):
            turned[0, lane] += left[first + lane]
        _along(factors[block], turned, columns, carried)
        for strip in range(h.shape[0]):
            for lane in range(BLOCK):
                for k in range(LANES):
                    out[strip, first + lane, k] = turned[strip * LANES + k, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def step_words(
    h: Any, ratio: float, factors: Any, z: Any, beta: float, p: Any, w: Any, columns: int,
    turned: Any,
) -> float:  # fmt: skip
    """Next direction p = z + beta p, and w = ratio h T^-1 h p; returns p . w."""
    carried, parts = np.zeros(BLOCK, h.dtype), np.zeros(LANES, h.dtype)
    for block in range(factors.shape[0]):
        first = block * BLOCK
        for strip in range(h.shape[0]):
            for lane in range(BLOCK):
                for k in range(LANES):
                    value = z[strip, first + lane, k] + beta * p[strip, first + lane, k]
                    p[strip, first + lane, k] = value
                    turned[strip * LANES + k, lane] = h[strip, first + lane, k] * value
        _along(factors[block], turned, columns, carried)
        for strip in range(h.shape[0]):
            for lane in range(BLOCK):
                for k in range(LANES):
                    value = ratio * h[strip, first + lane, k] * turned[strip * LANES + k, lane]
                    w[strip, first + lane, k] = value
                    parts[k] += value * p[strip, first + lane, k]
    return parts.sum()


@njit(cache=True, nogil=True, error_model="numpy")
def step_bits(
    factors: Any, w: Any, alpha: float, p: Any, x: Any, z: Any, rows: int, forward: Any
) -> float:
    """Solve v of the bit lines for w; x += alpha p, z -= alpha (p - v); returns z . w."""
    carried, parts = np.zeros(LANES, w.dtype), np.zeros(LANES, w.dtype)
    for strip in range(w.shape[0]):
        for k in range(LANES):
            carried[k] = 0
        for i in range(rows):
            for k in range(LANES):
                y = factors[strip, i, k] * (w[strip, i, k] + carried[k])
                carried[k] = y
                forward[i, k] = y
        for k in range(LANES):
            carried[k] = 0
        for i in range(rows - 1, -1, -1):
            for k in range(LANES):
                v = forward[i, k] + factors[strip, i, k] * carried[k]
                carried[k] = v
                q = p[strip, i, k]
                x[strip, i, k] += alpha * q
                new = z[strip, i, k] - alpha * (q - v)
                z[strip, i, k] = new
                parts[k] += new * w[strip, i, k]
    return parts.sum()


@njit(cache=True, nogil=True, error_model="numpy")
def energy(h: Any, ratio: float, driven: Any, z: Any, rows: int) -> float:
    """z . A z with the matrix A of the bit lines: a sum of squares."""
    parts = np.zeros(LANES)
    for strip in range(h.shape[0]):
        for i in range(rows):
            for k in range(LANES):
                value = z[strip, i, k]
                if i < rows - 1:
                    step = value - z[strip, i + 1, k]
                    parts[k] += ratio * h[strip, i, k] * value * value + step * step
                else:
                    end = driven[strip * LANES + k]
                    parts[k] += (ratio * h[strip, i, k] + end) * value * value
    return parts.sum()


@njit(cache=True, nogil=True, error_model="numpy")
def collect(h: Any, words: Any, bits: Any, into: Any, out: Any) -> None:
    """Currents through cells, times r_word: `into` sums of rows, `out` sums of columns."""
    into[:] = 0.0
    out[:] = 0.0
    for strip in range(h.shape[0]):
        for i in range(h.shape[1]):
            for k in range(LANES):
                drop = words[strip, i, k] - bits[strip, i, k]
                out[strip * LANES + k] += h[strip, i, k] * drop
            row = 0.0
            for k in range(LANES):
                row += h[strip, i, k] * (words[strip, i, k] - bits[strip, i, k])
            into[i] += row
