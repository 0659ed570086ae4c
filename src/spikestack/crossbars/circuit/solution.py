"""What an array with wires does at given voltages: currents, losses, node voltages, power."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ValidationError
from .reduced import Nodes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Power", "Solution"]

_F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Power:
    """Where the power goes, in W: what sources deliver, and heat in cells and wires."""

    sources: float
    cells: float
    word_lines: float
    bit_lines: float


@dataclass(frozen=True)
class Solution:
    """Currents of an array, and the voltages behind them.

    Attributes
    ----------
    currents
        A out of each bit line, ``(columns,)`` or ``(inputs, columns)``.
    word_currents
        A into each word line.
    ideal
        Currents that wires without resistance would give, in A, where every line has a source; else
        None.
    voltages, bit_voltages
        V of the sources.
    conductance
        S of each cell, its access device included; of the last step where cells are not linear.
    r_word, r_bit
        Ohm of a segment.
    floating_words, floating_bits
        Lines without a source.
    iterations
        Of the solver, the most that an input took; 0 where the equations were solved directly.
    residual
        Largest relative residual that was left.
    """

    currents: _F64
    word_currents: _F64
    ideal: _F64 | None
    voltages: _F64
    bit_voltages: _F64
    conductance: _F64
    r_word: float
    r_bit: float
    floating_words: NDArray[np.bool_]
    floating_bits: NDArray[np.bool_]
    iterations: int
    residual: float
    _nodes: tuple[Nodes, ...] | None = field(default=None, repr=False)
    _flows: _F64 | None = field(default=None, repr=False)

    @cached_property
    def _sides(self) -> tuple[_F64, _F64]:
        if self._nodes is None:
            raise ValidationError(
                "Solution", "the node voltages of several inputs were not kept", "",
                "solve with nodes=True, or one input at a time",
            )  # fmt: skip
        shape = self.conductance.shape
        plain = [found.plain(shape[0], shape[1]) for found in self._nodes]
        full = (*self.currents.shape[:-1], *shape)
        words, bits = (np.stack(side).reshape(full) for side in zip(*plain, strict=True))
        return words, bits

    @property
    def word_voltages(self) -> _F64:
        """V at the nodes of the word lines, ``(rows, columns)`` or ``(inputs, rows, columns)``."""
        return self._sides[0]

    @property
    def bit_nodes(self) -> _F64:
        """V at the nodes of the bit lines, of the same shape."""
        return self._sides[1]

    @property
    def cell_voltages(self) -> _F64:
        """V across each cell, its access device included."""
        words, bits = self._sides
        return words - bits

    @property
    def cell_currents(self) -> _F64:
        """A through each cell, from its word line to its bit line."""
        return self.conductance * self.cell_voltages if self._flows is None else self._flows

    @property
    def loss(self) -> _F64:
        """Share of each ideal current that the wires take; 0 where nothing would flow."""
        if self.ideal is None:
            raise ValidationError("Solution.loss", "some lines have no source",
                                  "arrays whose lines all have one")  # fmt: skip
        nothing = self.ideal == 0.0
        return np.where(nothing, 0.0, 1.0 - self.currents / np.where(nothing, 1.0, self.ideal))

    @property
    def power(self) -> Power:
        """Power of one input, in W; what sources deliver is what cells and wires take."""
        words, bits = self._sides
        if words.ndim != 2:
            raise ValidationError("Solution.power", "several inputs", "one input")
        flows = self.cell_currents
        delivered = self.voltages @ self.word_currents - self.bit_voltages @ self.currents
        # What flows in a segment is what the cells behind it take.
        along = np.cumsum(flows[:, ::-1], axis=1)[:, ::-1]
        down = np.cumsum(flows, axis=0)
        along, down = along[:, 1:], down[:-1]
        into = self.word_currents**2 * ~self.floating_words
        out = self.currents**2 * ~self.floating_bits
        return Power(
            float(delivered),
            float(np.sum(flows * (words - bits))),
            self.r_word * float(np.sum(along**2) + np.sum(into)),
            self.r_bit * float(np.sum(down**2) + np.sum(out)),
        )

    def plot(self, width: float = 5.0) -> Figure:
        """Map of the voltage across each cell as a share of what its sources give."""
        from ..showing.ir_drop import draw_ir_drop

        return draw_ir_drop(self, width)

    def __repr__(self) -> str:
        shape: Any = self.conductance.shape
        return (
            f"<Solution of {shape[0]} x {shape[1]} cells, r_word={self.r_word:g} Ohm, "
            f"r_bit={self.r_bit:g} Ohm, {self.iterations} iterations>"
        )
