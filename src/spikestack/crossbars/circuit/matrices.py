"""Effective matrix: the conductances that, with ideal wires, give the currents of an array.

An array of linear cells with wires is linear, so that all its products are plain ones with the
effective matrix, found once for each state of the cells. Two ways:

``"solves"``
    An adjoint solve for each bit line (or a solve for each word line, if these are fewer).

``"recursion"``
    From the last column to the first, the admittance matrix Y_j seen from the word lines' nodes to
    the right:

        Y_j = D_j - D_j T_j^-1 D_j + g_w I - g_w^2 (g_w I + Y_j+1)^-1

    with the cells D_j and the bit line T_j of column j. Node voltages of a column are
    (g_w I + Y_j)^-1 g_w times those of the column before. It costs about columns x rows^3
    operations, all of them in dense matrices, whatever the wires.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NumericalError, UnknownNameError
from ...numerics.compiling import njit
from .checks import need_memory

if TYPE_CHECKING:
    from .wires import Wires

__all__ = ["effective", "effective_matrix"]

_F64 = NDArray[np.float64]
#: Seconds of an iteration for each cell, and of an operation in a dense matrix: measured on one
#: core at 2.6 GHz; only their ratio matters.
_PER_CELL = 6e-9
_PER_FLOP = 1 / 25e9


def effective(conductance: Any, r_word: Any = 0.0, r_bit: Any = 0.0, **options: Any) -> _F64:
    """Conductances of an array with ideal wires whose currents are those of this one.

    Parameters
    ----------
    conductance
        S, ``(rows, columns)``; or ``(…, rows, columns)`` for tiles, each with wires of its own.
    r_word, r_bit
        Ohm of a segment of word and bit line.
    **options
        `r_access`, `floating_words`, `floating_bits`, `tolerance`: see `Wires`; `method`:
        ``"recursion"``, ``"solves"``, or the one that is expected to be faster.

    Returns
    -------
    ndarray
        S, of the same shape.
    """
    from .wires import Wires

    method = options.pop("method", "auto")
    tiles = np.asarray(conductance)
    if tiles.ndim <= 2:
        return Wires(conductance, r_word, r_bit, **options).effective(method)
    out = np.empty(tiles.shape)
    for at in np.ndindex(tiles.shape[:-2]):
        out[at] = Wires(tiles[at], r_word, r_bit, **options).effective(method)
    return out


def effective_matrix(wires: Wires, method: str) -> _F64:
    """See `Wires.effective`."""
    if method not in ("auto", "recursion", "solves"):
        raise UnknownNameError("effective, method", method, ("auto", "recursion", "solves"))
    m, n = wires.shape
    if not (wires.r_word or wires.r_bit or wires.floating_words.any()
            or wires.floating_bits.any()):  # fmt: skip
        return wires.conductance.copy()
    if not (wires.r_word and wires.r_bit):
        return _by_solves(wires)
    if method == "auto":
        flops = m * n * min(m, n) * (m + n)
        probe = wires.nodes(np.zeros(m), np.eye(1, n)[0])
        solves = min(m, n) * max(probe.iterations + 2, 3) * m * n * _PER_CELL
        slow = probe.words.ndim == 2
        method = "recursion" if slow or flops * _PER_FLOP < solves else "solves"
    if method == "solves":
        return _by_solves(wires)
    words, bits = ~wires.floating_words, ~wires.floating_bits
    if m <= n:
        return _by_recursion(wires.conductance, wires.r_word, wires.r_bit, words, bits)
    # By reciprocity bit lines may drive and word lines be read: the array mirrored.
    mirrored = np.ascontiguousarray(wires.conductance[::-1, ::-1].T)
    found = _by_recursion(mirrored, wires.r_bit, wires.r_word, bits[::-1], words[::-1])
    return np.ascontiguousarray(found.T[::-1, ::-1])


def _by_solves(wires: Wires) -> _F64:
    m, n = wires.shape
    out = np.empty((m, n))
    if n <= m:
        for j in range(n):
            found = wires.nodes(np.zeros(m), np.eye(1, n, j)[0])
            out[:, j] = -wires.flows(found)[1]
    else:
        for i in range(m):
            found = wires.nodes(np.eye(1, m, i)[0], np.zeros(n))
            out[i] = wires.flows(found)[0]
    return out


def _by_recursion(
    conductance: _F64, r_word: float, r_bit: float, words: NDArray[Any], bits: NDArray[Any]
) -> _F64:
    from scipy.linalg.blas import dsymm
    from scipy.linalg.lapack import dpotrf, dpotri

    m, n = conductance.shape
    need_memory(8.0 * (4 * m * m + 3 * m * n), f"the effective matrix of {m} x {n} cells",
                "split the array into tiles")  # fmt: skip
    h, ratio = np.asfortranarray(conductance * r_word), r_bit / r_word
    left = words.astype(np.float64)
    inverse, matrix = np.zeros((m, m), order="F"), np.zeros((m, m), order="F")
    rows, last = np.zeros((m, n), order="F"), np.empty(m)
    for j in range(n - 1, -1, -1):
        ahead = 0.0 if j == n - 1 else 1.0
        behind = left if j == 0 else np.ones(m)
        _admittance(h[:, j], ratio, float(bits[j]), ahead, behind, inverse, matrix, last)
        factor, failed = dpotrf(matrix, lower=1, clean=0, overwrite_a=1)
        inverse, failed_too = dpotri(factor, lower=1, overwrite_c=1)
        if failed or failed_too:
            raise NumericalError("effective: a column's admittance is singular; some nodes are "
                                 "connected to no source")  # fmt: skip
        matrix = np.zeros((m, m), order="F") if matrix is inverse else matrix
        rows[:, j] = conductance[:, j] * last if bits[j] else 0.0
        rows[:, j:] = dsymm(1.0, inverse, rows[:, j:], side=0, lower=1)
    return np.ascontiguousarray(rows * left[:, None])


@njit(cache=True, nogil=True, error_model="numpy")
def _admittance(
    h: Any, ratio: float, end: float, ahead: float, behind: Any, inverse: Any, out: Any, last: Any
) -> None:
    """Lower triangle of I + Y of a column, times r_word, with the inverse of the next one's.

    Also the last row of the bit line's inverse. Below its diagonal, column k of that inverse is the
    factor c_k times column k + 1, and all its entries are positive: nothing cancels or overflows.
    """
    m = h.shape[0]
    factors = np.empty(m)
    excess = 0.0
    for i in range(m):
        excess = excess / (1.0 + excess) + ratio * h[i]
        factors[i] = 1.0 / ((end if i == m - 1 else 1.0) + excess)
    column = np.empty(m)
    corner = 0.0
    for k in range(m - 1, -1, -1):
        c = factors[k]
        below = c * corner
        for i in range(k + 1, m):
            column[i] *= c
        corner = c + c * below
        column[k] = corner
        last[k] = column[m - 1]
        scale = ratio * h[k]
        for i in range(k, m):
            out[i, k] = -scale * h[i] * column[i] - ahead * inverse[i, k]
        out[k, k] += behind[k] + h[k] + ahead
