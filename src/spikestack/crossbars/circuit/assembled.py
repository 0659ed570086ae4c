"""Node voltages by a sparse factorisation of all nodal equations.

For what iterations do not reach: lines that are very long electrically, and lines of no resistance
that have no source, whose nodes are one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NumericalError
from .checks import need_memory

__all__ = ["Assembled"]

_F64 = NDArray[np.float64]
#: An estimate from above of the factors: those of square arrays of 100 and 200 lines took 610 and
#: 830 bytes a node.
_BYTES_PER_NODE = 2000.0


class Assembled:
    """The nodal equations of one array, assembled and factored.

    Parameters
    ----------
    conductance, r_word, r_bit, words, bits
        See `Reduced`; resistances may be 0.
    """

    def __init__(
        self,
        conductance: _F64,
        r_word: float,
        r_bit: float,
        words: NDArray[np.bool_],
        bits: NDArray[np.bool_],
    ) -> None:
        m, n = self.shape = conductance.shape
        need_memory(
            _BYTES_PER_NODE * 2 * m * n, f"factoring the wires of {m} x {n} cells",
            "split the array into tiles",
        )  # fmt: skip
        i, j = np.indices((m, n))
        # Terminals come first: sources of the word lines, then of the bit lines.
        self._word = word = m + n + (i * n + j if r_word else i)
        self._bit = bit = m + n + (m * n if r_word else m) + (i * n + j if r_bit else j)
        parts: list[tuple[Any, Any, Any]] = [(word, bit, conductance)]
        if r_word:
            parts.append((word[:, 1:], word[:, :-1], np.float64(1 / r_word)))
            parts.append((word[words, 0], np.flatnonzero(words), np.float64(1 / r_word)))
        if r_bit:
            parts.append((bit[1:], bit[:-1], np.float64(1 / r_bit)))
            parts.append((bit[-1, bits], m + np.flatnonzero(bits), np.float64(1 / r_bit)))
        size = int(bit.max()) + 1
        self._fixed = np.zeros(size, dtype=bool)
        self._fixed[: m + n] = True
        if not r_word:
            self._fixed[word[words, 0]] = True
        if not r_bit:
            self._fixed[bit[-1, bits]] = True
        self._factor(parts, size)

    def _factor(self, parts: list[tuple[Any, Any, Any]], size: int) -> None:
        """Assemble conductances between pairs of nodes, and factor the part that is not fixed."""
        from scipy.sparse import coo_array
        from scipy.sparse.linalg import splu

        a, b = (np.concatenate([part[k].ravel() for part in parts]) for k in (0, 1))
        g = np.concatenate([np.broadcast_to(v, one.shape).ravel() for one, _, v in parts])
        at = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
        matrix = coo_array((np.concatenate([g, g, -g, -g]), at), shape=(size, size)).tocsr()
        free = ~self._fixed
        self._coupling = matrix[free][:, self._fixed]
        self._lu = None
        if not free.any():
            return
        try:
            self._lu = splu(
                matrix[free][:, free].tocsc(), permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=0.0, options={"SymmetricMode": True},
            )  # fmt: skip
        except RuntimeError as error:
            m, n = self.shape
            raise NumericalError(
                f"the wires of {m} x {n} cells: the nodal equations are singular; "
                "some nodes are connected to no source"
            ) from error

    def solve(
        self, voltages: _F64, bit_voltages: _F64, extra: _F64 | None = None,
        sources: _F64 | None = None,
    ) -> tuple[_F64, _F64]:  # fmt: skip
        """Voltages of word-line and bit-line nodes, ``(rows, columns)`` each.

        `extra` and `sources` are currents in A that enter at them.
        """
        m, n = self.shape
        size = len(self._fixed)
        x = np.zeros(size)
        x[:m], x[m : m + n] = voltages, bit_voltages
        driven = self._fixed[m + n :]
        for nodes, volts in ((self._word[:, 0], voltages), (self._bit[-1], bit_voltages)):
            held = driven[nodes - m - n]
            x[nodes[held]] = volts[held]
        if self._lu is not None:
            currents = np.zeros(size)
            for nodes, given in ((self._word, extra), (self._bit, sources)):
                if given is not None:
                    np.add.at(currents, nodes.ravel(), given.ravel())
            free = ~self._fixed
            x[free] = self._lu.solve(currents[free] - self._coupling @ x[self._fixed])
        return x[self._word], x[self._bit]
