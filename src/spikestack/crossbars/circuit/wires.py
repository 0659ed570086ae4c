"""An array with its wires: factored once, solved exactly for any input.

Word lines have their source at the left, bit lines end in their source (as a rule 0 V, a virtual
ground) at the bottom; a segment of resistance lies between neighbouring nodes, and between source
and first node. Nodal analysis then gives, with g_w = 1/r_word and g_b = 1/r_bit,

    G_ij (W_ij - B_ij) + g_w (W_ij - W_i,j-1) + g_w (W_ij - W_i,j+1) = 0,   W_i,-1 = V_i
    G_ij (B_ij - W_ij) + g_b (B_ij - B_i-1,j) + g_b (B_ij - B_i+1,j) = 0,   B_m,j = 0

where terms of nodes that are not there are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NumericalError, ValidationError
from .assembled import Assembled
from .checks import checked_array, checked_lines, checked_number, checked_volts, need_memory
from .reduced import Nodes, Reduced, packed
from .solution import Solution
from .sweeps import LANES, collect

__all__ = ["Wires", "solve"]

_F64 = NDArray[np.float64]
#: Iterations after which the equations are factored instead.
_LIMIT = 500
#: Most that G r may be: relative errors of currents are about 1e-15 of it (measured: 6e-10).
LARGEST = 1e6


class Wires:
    """Word and bit lines of one array of cells.

    Parameters
    ----------
    conductance
        S of each cell, ``(rows, columns)``: word lines by bit lines. At least 0.
    r_word, r_bit
        Ohm of a segment of word and bit line; 0 is exact.
    r_access
        Ohm in series with each cell: the transistor of a 1T1R array. A row whose transistors are
        off has conductances of 0.
    floating_words, floating_bits
        Lines without a source: bool of each, or indices.
    tolerance
        Relative residual (in the norm of the preconditioner's inverse) at which iterations end.

    Raises
    ------
    ValidationError, UnitError
        For conductances that are negative or not finite, shapes that do not fit, arrays with nodes
        that are connected to no source, and where G r exceeds 1e6.
    MemoryLimitError
        For arrays that would not fit; before anything is allocated.

    Notes
    -----
    Both lines resistive: conjugate gradients, see `spikestack.crossbars.circuit.reduced`; beyond
    500 iterations, and for lines of no resistance that float, a sparse factorisation.
    """

    def __init__(
        self,
        conductance: Any,
        r_word: Any = 0.0,
        r_bit: Any = 0.0,
        *,
        r_access: Any = 0.0,
        floating_words: Any = None,
        floating_bits: Any = None,
        tolerance: float = 1e-10,
    ) -> None:
        given = checked_array(conductance, "conductance")
        self.shape = m, n = given.shape
        self.r_word = checked_number(r_word, "Ohm", "r_word")
        self.r_bit = checked_number(r_bit, "Ohm", "r_bit")
        self.r_access = checked_number(r_access, "Ohm", "r_access")
        self.tolerance = checked_number(tolerance, "1", "tolerance", 1e-13, 0.1)
        self.floating_words = checked_lines(floating_words, m, "floating_words")
        self.floating_bits = checked_lines(floating_bits, n, "floating_bits")
        #: What reaches a device of a change at its cell: 1 / (1 + G r_access).
        self.divider: Any = 1.0
        self.conductance = given
        if self.r_access:
            self.divider = 1.0 / (1.0 + given * self.r_access)
            self.conductance = given * self.divider
        self._check_scale()
        self._check_sources()
        self._reduced: Reduced | None = None
        self._assembled: Assembled | None = None
        self._effective: _F64 | None = None
        self._slow = False

    def _check_scale(self) -> None:
        """Refuse wires beside which cells are shorts: of their currents rounding leaves nothing."""
        most, ohms = float(self.conductance.max()), max(self.r_word, self.r_bit)
        if not most * ohms <= LARGEST:
            raise ValidationError(
                "Wires", f"a cell of {most:g} S with segments of {ohms:g} Ohm",
                f"conductance times resistance of a segment at most {LARGEST:g}",
                "check the units: S and Ohm",
            )  # fmt: skip

    def _check_sources(self) -> None:
        """Refuse nodes whose voltage nothing decides."""
        loose = np.concatenate([self.floating_words, self.floating_bits])
        if not loose.any():
            return
        from scipy.sparse import bmat, csr_array
        from scipy.sparse.csgraph import connected_components

        joined = csr_array(self.conductance > 0)
        _, part = connected_components(bmat([[None, joined], [joined.T, None]]), directed=False)
        lost = ~np.isin(part, part[~loose])
        if lost.any():
            k, m = int(np.argmax(lost)), self.shape[0]
            line = f"word line {k}" if k < m else f"bit line {k - m}"
            raise ValidationError(
                "Wires", f"{line} floats and no conducting cell leads from it to a source",
                "every line has a source, or a way to one",
                "drive the line, or leave it out of the array",
            )  # fmt: skip

    def solve(
        self, voltages: Any, bit_voltages: Any = 0.0, *, nodes: bool | None = None
    ) -> Solution:
        """Currents of the bit lines, and all that is behind them.

        Parameters
        ----------
        voltages
            V of the word lines' sources, ``(rows,)``, or ``(inputs, rows)`` for many inputs. What
            is given for floating lines has no effect.
        bit_voltages
            V of the bit lines' sources, a number, ``(columns,)`` or ``(inputs, columns)``.
        nodes
            Whether node voltages are kept; by default those of a single input are.

        Raises
        ------
        ValidationError, UnitError
            For voltages of another shape, or not finite.
        """
        m, n = self.shape
        words, bits = self._inputs(voltages, bit_voltages)
        inputs = words.shape[:-1]
        keep = not inputs if nodes is None else nodes
        if keep and inputs:
            need_memory(32.0 * inputs[0] * m * n, "keeping all node voltages", "nodes=False")
        out, into = np.empty((*inputs, n)), np.empty((*inputs, m))
        kept: list[Nodes] = []
        iterations, residual = 0, 0.0
        for k in np.ndindex(*inputs):
            found = self.nodes(words[k], bits[k])
            out[k], into[k] = self.flows(found)
            iterations = max(iterations, found.iterations)
            residual = max(residual, found.residual)
            if keep:
                kept.append(found)
        ideal = None
        if not (self.floating_words.any() or self.floating_bits.any()):
            ideal = words @ self.conductance - bits * self.conductance.sum(axis=0)
        return Solution(
            out, into, ideal, words, bits, self.conductance, self.r_word, self.r_bit,
            self.floating_words, self.floating_bits, iterations, residual,
            tuple(kept) if keep else None,
        )  # fmt: skip

    def _inputs(self, voltages: Any, bit_voltages: Any) -> tuple[_F64, _F64]:
        """Voltages of both sides, for the same number of inputs."""
        m, n = self.shape
        words = checked_volts(voltages, m, "voltages")
        bits = checked_volts(bit_voltages, n, "bit_voltages")
        if words.ndim == bits.ndim == 2 and len(words) != len(bits):
            raise ValidationError("bit_voltages", f"{len(bits)} inputs", f"{len(words)} inputs")
        inputs = words.shape[:-1] or bits.shape[:-1]
        return np.broadcast_to(words, (*inputs, m)), np.broadcast_to(bits, (*inputs, n))

    def nodes(
        self,
        words: _F64,
        bits: _F64,
        extra: _F64 | None = None,
        sources: _F64 | None = None,
        start: Nodes | None = None,
    ) -> Nodes:
        """Voltages of all nodes; `extra` and `sources` are A that enter at them, if any."""
        m, n = self.shape
        free_words, free_bits = self.floating_words.any(), self.floating_bits.any()
        if self._slow or (not self.r_word and free_words) or (not self.r_bit and free_bits):
            return self._directly(words, bits, extra, sources)
        if not (self.r_word or self.r_bit or free_words or free_bits):
            return self._one_side(words, bits)
        if not (self.r_word and self.r_bit):
            if extra is not None or sources is not None or free_words or free_bits:
                return self._directly(words, bits, extra, sources)
            return self._one_side(words, bits)
        if self._reduced is None:
            self._reduced = Reduced(self.conductance, self.r_word, self.r_bit,
                                    ~self.floating_words, ~self.floating_bits)  # fmt: skip
        entering = np.zeros((m, n)) if sources is None else sources * self.r_bit
        entering[-1] += np.where(self.floating_bits, 0.0, bits)
        found = self._reduced.solve(
            np.where(self.floating_words, 0.0, words), packed(entering), self.tolerance, _LIMIT,
            None if extra is None else packed(extra * self.r_word),
            None if start is None or start.bits.ndim == 2 else start.bits,
        )  # fmt: skip
        # Written so that no number at all is not taken for a small one.
        if not found.residual <= 10 * self.tolerance:
            self._slow = True
            return self._directly(words, bits, extra, sources)
        return found

    def _directly(self, words: _F64, bits: _F64, extra: _F64 | None, sources: _F64 | None) -> Nodes:
        if self._assembled is None:
            self._assembled = Assembled(self.conductance, self.r_word, self.r_bit,
                                        ~self.floating_words, ~self.floating_bits)  # fmt: skip
        found = self._assembled.solve(words, bits, extra, sources)
        if not all(np.isfinite(side).all() for side in found):
            raise NumericalError("Wires: node voltages are not finite; the equations are singular")
        return Nodes(*found, 0, 0.0)

    def _one_side(self, words: _F64, bits: _F64) -> Nodes:
        """Lines of no resistance are at their sources' voltages; each other line stands alone."""
        m, n = self.shape
        side_w, side_b = np.repeat(words[:, None], n, axis=1), np.repeat(bits[None], m, axis=0)
        if self.r_word:
            banded = _chain(self.conductance * self.r_word)
            right = self.conductance * self.r_word * side_b
            right[:, 0] += words
            side_w = _each(banded, right)
        elif self.r_bit:
            h = self.conductance.T[:, ::-1] * self.r_bit
            right = h * words[::-1]
            right[:, 0] += bits
            side_b = _each(_chain(h), right)[:, ::-1].T
        return Nodes(side_w, side_b, 0, 0.0)

    def flows(self, found: Nodes) -> tuple[_F64, _F64]:
        """A out of the bit lines and into the word lines: sums of what cells let through.

        Where wires are mild these are far more exact than a small voltage over a last segment.
        """
        m, n = self.shape
        if found.words.ndim == 2:
            flows = self.conductance * (found.words - found.bits)
            out, into = flows.sum(axis=0), flows.sum(axis=1)
        else:
            strips, height, _ = found.words.shape
            into, out = np.empty(height), np.empty(strips * LANES)
            assert self._reduced is not None
            collect(self._reduced.h, found.words, found.bits, into, out)
            out, into = out[:n] / self.r_word, into[:m] / self.r_word
        out[self.floating_bits] = 0.0
        into[self.floating_words] = 0.0
        return out, into

    def effective(self, method: str = "auto") -> _F64:
        """Conductances of an array with ideal wires whose currents are those of this one.

        Returns
        -------
        ndarray
            S, ``(rows, columns)``; currents are ``voltages @ effective``, with all bit lines at 0 V
            and floating word lines left out (their rows are 0).

        See `spikestack.crossbars.circuit.matrices`.
        """
        from .matrices import effective_matrix

        if self._effective is None or method != "auto":
            self._effective = effective_matrix(self, method)
        return self._effective.copy()

    def gradient(self, solution: Solution, upstream: Any) -> tuple[_F64, _F64]:
        """Derivatives of a scalar by conductances and word voltages: one more solve.

        With the adjoint voltages of an array whose bit lines are driven by `upstream` and whose
        word lines are grounded, dL/dG is minus the product of both cell voltages.

        Parameters
        ----------
        solution
            Of one input, of these wires.
        upstream
            Derivative of the scalar by each bit line's current, per A, ``(columns,)``.

        Returns
        -------
        tuple of ndarray
            Per S, ``(rows, columns)``, of the devices without their access resistance; and per V,
            ``(rows,)``.
        """
        m, n = self.shape
        weights = checked_volts(upstream, n, "upstream")
        if weights.ndim != 1 or solution.currents.shape != (n,):
            raise ValidationError("gradient", "several inputs", "one input at a time")
        adjoint = self.nodes(np.zeros(m), weights)
        words, bits = adjoint.plain(m, n)
        cells = -(words - bits) * solution.cell_voltages * self.divider**2
        return cells, -self.flows(adjoint)[1]


def _chain(h: _F64) -> _F64:
    """Bands of tridiagonal lines, driven at their first node, ``(lines, nodes)``: the diagonal."""
    diagonal = h + 2.0
    diagonal[:, -1] -= 1.0
    return diagonal


def _each(diagonal: _F64, right: _F64) -> _F64:
    """Solve tridiagonal lines of off-diagonals -1, all at once."""
    factors, out = np.empty_like(diagonal), np.empty_like(right)
    factors[:, 0] = 1.0 / diagonal[:, 0]
    out[:, 0] = right[:, 0] * factors[:, 0]
    for k in range(1, diagonal.shape[1]):
        factors[:, k] = 1.0 / (diagonal[:, k] - factors[:, k - 1])
        out[:, k] = (right[:, k] + out[:, k - 1]) * factors[:, k]
    for k in range(diagonal.shape[1] - 2, -1, -1):
        out[:, k] += factors[:, k] * out[:, k + 1]
    return out


def solve(
    conductance: Any,
    voltages: Any,
    r_word: Any = 0.0,
    r_bit: Any = 0.0,
    *,
    bit_voltages: Any = 0.0,
    r_access: Any = 0.0,
    floating_words: Any = None,
    floating_bits: Any = None,
    tolerance: float = 1e-10,
    nodes: bool | None = None,
) -> Solution:
    """Currents of an array of cells whose wires have resistance.

    See `Wires` and `Wires.solve` for the parameters.

    Examples
    --------
    >>> import numpy as np
    >>> found = solve(np.full((2, 2), 1e-3), [1.0, 1.0], r_word=1.0, r_bit=1.0)
    >>> [round(float(1e3 * i), 3) for i in found.currents]
    [1.99, 1.986]
    """
    wires = Wires(
        conductance, r_word, r_bit, r_access=r_access, floating_words=floating_words,
        floating_bits=floating_bits, tolerance=tolerance,
    )  # fmt: skip
    return wires.solve(voltages, bit_voltages, nodes=nodes)
