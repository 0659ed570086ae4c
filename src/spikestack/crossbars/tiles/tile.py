"""One tile: a part of a matrix on one array of devices, seen through its wires."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...devices.crossbar import Crossbar
from ...errors import ValidationError
from ..cells.base import Cells
from .encoding import cells_per_output, copies, shares, significance

__all__ = ["Programmer", "Tile", "TileView", "tile_parts"]

_F64 = NDArray[np.float64]
#: What brings cells to conductances (S).
Programmer = Callable[[Cells, _F64], object]


@dataclass(frozen=True)
class TileView:
    """What the converters of a tile see, in S.

    Attributes
    ----------
    conductance, deviation
        Current at an output for each volt at a row, with wires and access transistors, and the
        standard deviation of its noise of reading; float64[rows, outputs, slices, signs], the mean
        of copies.
    reference, reference_deviation
        Of the reference column, float64[rows]; None without an offset.
    """

    conductance: _F64
    deviation: _F64
    reference: _F64 | None
    reference_deviation: _F64 | None


class Tile:
    """A part of a matrix on devices.

    Lines lie side by side: of an output the slices, of a slice the positive and the negative line,
    of each the copies; last the reference column, if there is one.

    Attributes
    ----------
    rows, outputs
        Of the matrix.
    cells
        The devices, ``rows x lines``.
    scale
        Magnitude of a weight that takes the whole window, float64[outputs].
    order
        Row of the cells that holds each row of the matrix, int64[rows]; None: the same.
    """

    order: NDArray[np.int64] | None = None

    def __init__(self, rows: slice, outputs: slice, cells: Cells, crossbar: Crossbar) -> None:
        self.rows, self.outputs, self.cells, self.crossbar = rows, outputs, cells, crossbar
        self.scale: _F64 = np.ones(outputs.stop - outputs.start)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and lines of all kinds."""
        return self.cells.shape

    @property
    def parts(self) -> tuple[int, int, int, int, int]:
        """Rows, outputs, slices, signs, copies."""
        signs = 2 if self.crossbar.encoding == "differential" else 1
        return (
            self.shape[0], len(self.scale), self.crossbar.slices, signs, copies(self.crossbar)
        )  # fmt: skip

    def targets(self, weights: _F64) -> _F64:
        """Conductances (S) that stand for weights, float64[rows of the matrix, lines]."""
        low, high = self.crossbar.device.g_min, self.crossbar.device.g_max
        wanted = shares(weights, self.scale, self.crossbar)
        wanted = np.repeat(wanted, self.parts[4], axis=-1).reshape(self.shape[0], -1)
        if self.crossbar.encoding == "offset":
            wanted = np.concatenate([wanted, np.full((len(wanted), 1), 0.5)], axis=1)
        return low + (high - low) * wanted

    def program(self, weights: _F64, scale: _F64, programmer: Programmer) -> None:
        """Bring the cells to the conductances of weights."""
        self.scale = scale
        targets = self.targets(weights)
        if "remapping" in self.crossbar.compensation:
            from ..compensation.remapping import remapped

            worth = scale[:, None] * significance(self.crossbar)
            self.order, targets = remapped(targets, self.cells, self.parts, worth)
        programmer(self.cells, targets)

    def _by_row(self, found: _F64) -> _F64:
        """What was found of the cells, in the order of the matrix's rows."""
        return found if self.order is None else found[self.order]

    def view(self, wires: bool = True, conductance: _F64 | None = None) -> TileView:
        """What the converters see.

        A cell's noise is taken to be attenuated as its own current is. With wires that is not
        exact: in arrays of 32 x 16 cells, the noise of products came out right within 2 % where
        wires take 5 % of the current, 4 % too large where 21 %, 11 % too large where 56 %.

        Parameters
        ----------
        wires
            Whether wires and access transistors are in the way.
        conductance
            Instead of the cells' present ones, in S, float64[rows of the matrix, lines].
        """
        g = conductance
        if g is None:
            g = self.cells.conductance()
        elif self.order is not None:
            g = g[np.argsort(self.order)]
        noise = self.cells.read_deviation() if self.crossbar.read_noise else np.zeros(self.shape)
        if wires and (seen := _through(g, self.crossbar)) is not g:
            part = np.minimum(np.divide(seen, g, out=np.ones_like(g), where=g > 0), 1.0)
            # A transistor in series also shields the current from what the cell does.
            noise = noise * part / (1.0 + self.crossbar.r_access * g)
            g = seen
        g, noise = self._by_row(g), self._by_row(noise)
        lines = self.shape[1] - (1 if (offset := self.crossbar.encoding == "offset") else 0)
        return TileView(
            _mean(g[:, :lines].reshape(self.parts)),
            _deviation(noise[:, :lines].reshape(self.parts)),
            g[:, -1] if offset else None, noise[:, -1] if offset else None,
        )  # fmt: skip

    def seen(self) -> _F64:
        """Present conductances through access transistors and wires, in S, float64[rows, lines]."""
        return self._by_row(_through(self.cells.conductance(), self.crossbar))

    def drop(self) -> _F64:
        """Share of each line's current that wires and transistors take, all rows driven alike.

        Returns
        -------
        float64[lines]
        """
        ideal = self.cells.conductance().sum(axis=0)
        found = self.seen().sum(axis=0)
        return 1.0 - np.divide(found, ideal, out=np.ones_like(found), where=ideal > 0)


def _mean(g: _F64) -> _F64:
    return g[..., 0] if g.shape[-1] == 1 else g.mean(axis=-1)


def _deviation(noise: _F64) -> _F64:
    """Of the mean of copies whose noises are independent."""
    if noise.shape[-1] == 1:
        return noise[..., 0]
    return np.asarray(np.sqrt((noise**2).sum(axis=-1)) / noise.shape[-1])


def _through(g: _F64, crossbar: Crossbar) -> _F64:
    """Conductances as they are seen through access transistors and wires."""
    if crossbar.r_access > 0:
        g = g / (1.0 + crossbar.r_access * g)
    if crossbar.r_word == 0 and crossbar.r_bit == 0:
        return g
    from ..circuit.matrices import effective

    return np.asarray(effective(g, r_word=crossbar.r_word, r_bit=crossbar.r_bit))


def tile_parts(shape: tuple[int, int], crossbar: Crossbar) -> list[tuple[slice, slice]]:
    """Rows and outputs of the tiles of a matrix, row by row of tiles.

    Raises
    ------
    ValidationError
        If a tile has too few columns for a single output.
    """
    lines = cells_per_output(crossbar)
    extra = 1 if crossbar.encoding == "offset" else 0
    outputs = (crossbar.columns - extra) // lines
    if outputs < 1:
        raise ValidationError(
            "Crossbar.columns", f"got {crossbar.columns}",
            f"at least {lines + extra}: the lines of one output",
            "more columns, or fewer slices",
        )  # fmt: skip
    cut = [range(0, size, step) for size, step in zip(shape, (crossbar.rows, outputs))]
    return [
        (slice(i, min(i + crossbar.rows, shape[0])), slice(j, min(j + outputs, shape[1])))
        for i in cut[0] for j in cut[1]
    ]  # fmt: skip
