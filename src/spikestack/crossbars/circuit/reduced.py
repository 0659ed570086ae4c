"""Node voltages by conjugate gradients on the bit lines, with the word lines eliminated.

With the tridiagonal matrices T of the word lines and A of the bit lines and the diagonal G of the
cells, the nodes obey T W - G B = f and A B - G W = s. W is eliminated; what remains,
(A - G T^-1 G) B = s + G T^-1 f, is solved by conjugate gradients preconditioned with A. Written in
the inner product of A the iteration needs neither A nor the residual, only z = A^-1 residual:
with v = A^-1 w and w = G T^-1 G p, z changes by alpha (p - v), p . A p follows from that before,
and the next z . A z is alpha z . w (z is A-orthogonal to the direction p and to the z before). An
iteration is one pass along rows and one along columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...numerics.compiling import njit
from .checks import need_memory
from .sweeps import BLOCK, LANES, energy, factor_bits, factor_words, step_bits, step_words, words_of

__all__ = ["Nodes", "Reduced", "packed", "unpacked"]

_F64 = NDArray[np.float64]
#: Times that iterations begin anew from what was found, if its true residual is too large.
_STARTS = 4


@dataclass(frozen=True)
class Nodes:
    """Voltages of all nodes, of word and bit lines, in strips or as rows and columns."""

    words: _F64
    bits: _F64
    iterations: int
    residual: float

    def plain(self, rows: int, columns: int) -> tuple[_F64, _F64]:
        """Both as rows and columns."""
        if self.words.ndim == 2:
            return self.words, self.bits
        return unpacked(self.words, rows, columns), unpacked(self.bits, rows, columns)


def packed(values: _F64) -> _F64:
    """An array of rows and columns in strips of columns, filled up with zeros."""
    rows, columns = values.shape
    strips, blocks = -(-columns // LANES), -(-rows // BLOCK)
    # An odd number of blocks: at distances of powers of two, strips would share few sets of the
    # cache, and a block of rows of all strips not stay there.
    height = (blocks + 1 - blocks % 2) * BLOCK
    out = np.zeros((strips, height, LANES))
    for strip in range(strips):
        part = values[:, strip * LANES : (strip + 1) * LANES]
        out[strip, :rows, : part.shape[1]] = part
    return out


def unpacked(strips: _F64, rows: int, columns: int) -> _F64:
    """Rows and columns of what `packed` made."""
    return strips.transpose(1, 0, 2).reshape(strips.shape[1], -1)[:rows, :columns].copy()


class Reduced:
    """The factored lines of one array, for any number of inputs.

    Parameters
    ----------
    conductance
        S, ``(rows, columns)``.
    r_word, r_bit
        Ohm of a segment; above 0.
    words, bits
        Which lines have a source (word lines at the left, bit lines at the bottom).
    """

    def __init__(
        self,
        conductance: _F64,
        r_word: float,
        r_bit: float,
        words: NDArray[np.bool_],
        bits: NDArray[np.bool_],
    ) -> None:
        self.rows, self.columns = conductance.shape
        size = (self.rows + BLOCK) * (self.columns + LANES) * 8
        need_memory(11 * size, f"an array of {self.rows} x {self.columns} cells with its wires",
                    "split it into tiles")  # fmt: skip
        self.ratio = r_bit / r_word
        self.h = packed(conductance)
        self.h *= r_word
        strips, height, _ = self.h.shape
        self.words, self.bits = np.zeros(height), np.zeros(strips * LANES)
        self.words[: self.rows], self.bits[: self.columns] = words, bits
        self.along = np.empty((height // BLOCK, self.columns, BLOCK))
        self.down = np.zeros_like(self.h)
        factor_words(self.h, self.words, self.columns, self.along)
        factor_bits(self.h, self.ratio, self.bits, self.rows, self.down)

    def solve(
        self,
        left: _F64,
        sources: _F64,
        tolerance: float,
        limit: int,
        extra: _F64 | None = None,
        start: _F64 | None = None,
    ) -> Nodes:
        """Voltages of all nodes.

        Parameters
        ----------
        left
            What enters the word lines at the left, ``(rows,)``, in V (currents times r_word).
        sources
            What enters at the nodes of the bit lines, in V (currents times r_bit), in strips.
        tolerance
            Of the residual in the norm of A^-1, relative to that of the right-hand side.
        limit
            Iterations at most.
        extra
            What enters at the nodes of the word lines, in V, in strips.
        start
            Voltages of the bit lines to begin with, in strips.
        """
        ends = np.zeros(self.h.shape[1])
        ends[: self.rows] = left
        none = np.zeros((0, 0, 0))
        x, z, p = (np.zeros_like(self.h) for _ in range(3))
        words, w = np.empty_like(self.h), np.empty_like(self.h)
        done, residual = _solve(
            self.h, self.ratio, self.along, self.down, self.bits, self.rows, self.columns,
            ends, none if extra is None else extra, sources, none if start is None else start,
            tolerance, limit, x, z, p, w, words,
        )  # fmt: skip
        return Nodes(words, x, done, residual)


@njit(cache=True, nogil=True, error_model="numpy")
def _residual(
    h: Any, ratio: float, down: Any, driven: Any, rows: int, words: Any, sources: Any,
    x: Any, z: Any, p: Any, w: Any, forward: Any,
) -> float:  # fmt: skip
    """Put z = A^-1 residual of x; returns z . A z."""
    for strip in range(h.shape[0]):
        for i in range(rows):
            for k in range(LANES):
                w[strip, i, k] = sources[strip, i, k] + ratio * h[strip, i, k] * words[strip, i, k]
                p[strip, i, k] = x[strip, i, k]
                x[strip, i, k] = 0.0
                z[strip, i, k] = 0.0
    step_bits(down, w, 1.0, p, x, z, rows, forward)
    return energy(h, ratio, driven, z, rows)


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(
    h: Any, ratio: float, along: Any, down: Any, driven: Any, rows: int, columns: int,
    left: Any, extra: Any, sources: Any, start: Any, tolerance: float, limit: int,
    x: Any, z: Any, p: Any, w: Any, words: Any,
) -> Any:  # fmt: skip
    """Fill x and words; returns the iterations and the true relative residual."""
    turned = np.zeros((h.shape[0] * LANES, BLOCK))
    forward = np.zeros((rows, LANES))
    words_of(h, along, left, extra, x, columns, turned, words)
    rho = _residual(h, ratio, down, driven, rows, words, sources, x, z, p, w, forward)
    reference = rho
    if not reference > 0.0:
        return 0, 0.0
    if start.shape[0] > 0:
        x[:] = start
        words_of(h, along, left, extra, x, columns, turned, words)
        rho = _residual(h, ratio, down, driven, rows, words, sources, x, z, p, w, forward)
    done = 0
    for _ in range(_STARTS):
        before = rho
        norm, beta = 0.0, 0.0
        p[:] = 0.0
        while rho > tolerance * tolerance * reference and done < limit:
            lost = step_words(h, ratio, along, z, beta, p, w, columns, turned)
            norm = rho + beta * beta * norm
            if not norm > lost:
                break
            alpha = rho / (norm - lost)
            new = alpha * step_bits(down, w, alpha, p, x, z, rows, forward)
            if not new >= 0.0:
                break
            beta, rho = new / rho, new
            done += 1
        words_of(h, along, left, extra, x, columns, turned, words)
        rho = _residual(h, ratio, down, driven, rows, words, sources, x, z, p, w, forward)
        # What rounding leaves does not shrink by another start.
        if rho <= 4.0 * tolerance * tolerance * reference or done >= limit or rho > 0.01 * before:
            break
    return done, np.sqrt(rho / reference)
