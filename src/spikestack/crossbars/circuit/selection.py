"""Choosing one cell of an array: voltages of all lines, what other cells see, sneak currents.

Where nothing but the cell limits the current, a read or a pulse at one cell also drives current
through others. What the lines that were not chosen are connected to decides how much:

=============  =====================  ====================  ======================================
scheme         other word lines       other bit lines       cells that see part of the voltage
=============  =====================  ====================  ======================================
``floating``   no source              no source             paths of three cells in series
``grounded``   0 V                    0 V                   none but those of the chosen word line
``V/2``        V/2                    V/2                   half of V: rows + columns - 2
``V/3``        V/3                    2 V/3                 a third of V: all others
=============  =====================  ====================  ======================================

The chosen word line is at V, the chosen bit line at 0 V. In a 1T1R array the transistors of the
rows that were not chosen are off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnknownNameError, ValidationError, shorten
from .checks import checked_array, checked_number
from .laws import Law, Ohmic
from .newton import solve_nonlinear
from .solution import Solution
from .wires import Wires

__all__ = ["SCHEMES", "Bias", "Reading", "bias", "largest_array", "read_cell", "selectivity_needed"]

_F64 = NDArray[np.float64]
SCHEMES = ("floating", "grounded", "V/2", "V/3")


@dataclass(frozen=True)
class Bias:
    """Voltages of all lines when a cell is chosen.

    Attributes
    ----------
    words, bits
        V of the sources.
    floating_words, floating_bits
        Lines without a source.
    """

    words: _F64
    bits: _F64
    floating_words: NDArray[np.bool_]
    floating_bits: NDArray[np.bool_]

    @property
    def cell_voltages(self) -> _F64:
        """V across each cell with ideal wires; nan at lines without a source."""
        words = np.where(self.floating_words, np.nan, self.words)
        bits = np.where(self.floating_bits, np.nan, self.bits)
        return words[:, None] - bits[None]


@dataclass(frozen=True)
class Reading:
    """A cell read in an array.

    Attributes
    ----------
    current
        A at the chosen bit line.
    cell
        A through the chosen cell.
    alone
        A that it would take without wires and other cells.
    sneak
        A that other cells add to the bit line.
    solution
        All that is behind them.
    """

    current: float
    cell: float
    alone: float
    solution: Solution

    @property
    def sneak(self) -> float:
        """See the class."""
        return self.current - self.cell


def bias(shape: tuple[int, int], row: int, column: int, voltage: Any, scheme: str = "V/2") -> Bias:
    """Voltages of all lines for a cell that is chosen to be read or pulsed.

    Parameters
    ----------
    shape
        Word lines and bit lines.
    row, column
        Of the cell.
    voltage
        V across it; negative voltages turn all signs.
    scheme
        ``"floating"``, ``"grounded"``, ``"V/2"`` or ``"V/3"``: see
        `spikestack.crossbars.circuit.selection`.

    Raises
    ------
    ValidationError, UnknownNameError
        For a cell outside the array, or an unknown scheme.
    """
    if scheme not in SCHEMES:
        raise UnknownNameError("bias, scheme", scheme, SCHEMES)
    m, n = shape
    for name, value, size in (("row", row, m), ("column", column, n)):
        if (
            isinstance(value, bool)
            or not isinstance(value, int | np.integer)
            or not (0 <= value < size)
        ):
            raise ValidationError(name, f"got {shorten(value)}", f"whole, 0 to {size - 1}")
    volts = checked_number(voltage, "V", "voltage", -np.inf)
    others = {"V/2": (1 / 2, 1 / 2), "V/3": (1 / 3, 2 / 3)}.get(scheme, (0.0, 0.0))
    words, bits = np.full(m, others[0] * volts), np.full(n, others[1] * volts)
    words[row], bits[column] = volts, 0.0
    loose = scheme == "floating"
    free_words, free_bits = np.full(m, loose), np.full(n, loose)
    free_words[row] = free_bits[column] = False
    return Bias(words, bits, free_words, free_bits)


def read_cell(
    conductance: Any,
    row: int,
    column: int,
    voltage: Any,
    scheme: str = "V/2",
    *,
    r_word: Any = 0.0,
    r_bit: Any = 0.0,
    access: str = "passive",
    r_access: Any = 0.0,
    law: Law | None = None,
) -> Reading:
    """Read one cell of an array, with all that its neighbours add.

    Parameters
    ----------
    conductance
        S of each cell, ``(rows, columns)``.
    row, column, voltage, scheme
        See `bias`.
    r_word, r_bit, r_access
        See `Wires`.
    access
        ``"passive"``, or ``"1T1R"``: the transistors of other rows are off.
    law
        Of cells that are not linear, such as `Selector`.
    """
    if access not in ("passive", "1T1R"):
        raise UnknownNameError("read_cell, access", access, ("passive", "1T1R"))
    cells = checked_array(conductance, "conductance")
    lines = bias((cells.shape[0], cells.shape[1]), row, column, voltage, scheme)
    ohms = checked_number(r_access, "Ohm", "r_access")
    volts = float(lines.words[row])
    free_words = lines.floating_words
    if access == "1T1R":
        chosen = np.zeros_like(cells)
        chosen[row] = cells[row]
        cells = chosen
        # Behind transistors that are off a line's voltage means nothing.
        free_words = np.zeros_like(free_words)
        free_bits = lines.floating_bits & (cells[row] > 0)
    else:
        free_bits = lines.floating_bits
    options = {"r_access": ohms, "floating_words": free_words, "floating_bits": free_bits}
    if law is None or isinstance(law, Ohmic):
        found = Wires(cells, r_word, r_bit, **options).solve(lines.words, lines.bits)
    else:
        found = solve_nonlinear(cells, lines.words, law, r_word, r_bit, bit_voltages=lines.bits,
                                **options)  # fmt: skip
    one = np.full((1, 1), cells[row, column])
    alone = solve_nonlinear(one, [volts], law or Ohmic(), r_access=ohms).currents[0]
    return Reading(
        float(found.currents[column]), float(found.cell_currents[row, column]), float(alone), found
    )


def selectivity_needed(
    shape: tuple[int, int], window: float, scheme: str = "V/2", share: float = 0.1
) -> float:
    """Selectivity that keeps the worst sneak current of a read below a share of the cell's own.

    In the worst case the chosen cell conducts least and all others of its bit line conduct most, a
    `window` times more. With V/2 they are rows - 1 cells at half the voltage; with V/3, at a third.

    Parameters
    ----------
    shape
        Word lines and bit lines.
    window
        Largest over smallest conductance.
    scheme
        ``"V/2"`` or ``"V/3"``.
    share
        Sneak current over that of the cell, at most.

    Returns
    -------
    float
        Current at the reading voltage over that at half (a third) of it.
    """
    if scheme not in ("V/2", "V/3"):
        raise UnknownNameError("selectivity_needed, scheme", scheme, ("V/2", "V/3"))
    ratio = checked_number(window, "1", "window", 1.0)
    part = checked_number(share, "1", "share", 1e-12)
    return (shape[0] - 1) * ratio / part


def largest_array(law: Law, voltage: Any, window: float, scheme: str = "V/2",
                  share: float = 0.1) -> int:  # fmt: skip
    """Most word lines of an array whose worst sneak current stays below a share of the cell's own.

    The inverse of `selectivity_needed`, for cells of a law read at a voltage.
    """
    volts = checked_number(voltage, "V", "voltage", 1e-6)
    needed = selectivity_needed((2, 2), window, scheme, share)
    return 1 + int(law.ratio(volts, 1 / 2 if scheme == "V/2" else 1 / 3) / needed)
