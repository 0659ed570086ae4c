"""A matrix of weights on tiles of a crossbar, and its product with inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...devices.crossbar import Crossbar
from ...errors import ValidationError, shorten
from ...numerics.random import stream_key, uniform
from ...units import magnitude, parse_unit
from ..cells import cells_of
from ..compensation.applying import compensation_of
from .block import Block, adc_bits_of, block_of, weights_of
from .checks import checked_matrix, programmer_of
from .encoding import cells_per_output, scales
from .tile import Programmer, Tile, tile_parts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...recording.report import Report
    from .costs import Costs
    from .errors import Errors

__all__ = ["CrossbarArray"]

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
#: Vectors of one pass, so that what lies between passes stays in the cache.
_VECTORS = 256
#: Vectors that calibrate converters, unless others are given.
_PROBES = 64


class CrossbarArray:
    """A matrix on crossbars.

    ``x @ array`` and `product` are what the hardware answers to inputs: converted to voltages,
    multiplied by conductances through the wires, disturbed, converted back, and summed over slices
    and tiles in single precision. Positive and negative lines, and a reference column, are
    subtracted as currents before conversion.

    Parameters
    ----------
    weights
        float[inputs, outputs].
    crossbar
        Of what the tiles are, and how they are read.
    name
        Names the random streams, with ``crossbar.seed``.
    programmer
        Called with cells and conductances (S) to bring the one to the other; by default as
        ``crossbar.programming`` says.

    Attributes
    ----------
    crossbar, name, shape
        As given.
    tiles
        Row by row of tiles.
    gain, offset
        Digital factors and terms of the outputs, float64[outputs]; see `correct`.

    Raises
    ------
    ValidationError
        If the weights are no finite matrix, or a tile has no room for one output.
    MemoryLimitError
        If the cells would not fit into memory.
    """

    #: Rows of tiles as plain matrices.
    blocks: list[Block]
    #: So that NumPy leaves ``x @ array`` to this class.
    __array_ufunc__ = None

    def __init__(
        self, weights: Any, crossbar: Crossbar, name: str = "", programmer: Programmer | None = None
    ) -> None:
        if not isinstance(crossbar, Crossbar):
            rule = "a spikestack.Crossbar"
            raise ValidationError("CrossbarArray", f"got {shorten(crossbar)}", rule)
        self._weights = checked_matrix(weights, crossbar)
        self.crossbar, self.name, self.shape = crossbar, name, self._weights.shape
        parts = tile_parts(self.shape, crossbar)
        self._programmer = programmer or programmer_of(crossbar)
        self._columns_of_tiles = sorted({outputs.start for _, outputs in parts})
        self.tiles = [self._tile(rows, outputs) for rows, outputs in parts]
        self.gain, self.offset = np.ones(self.shape[1]), np.zeros(self.shape[1])
        self._keys = (
            stream_key(crossbar.seed, name, "reading"),
            stream_key(crossbar.seed, name, "reference"),
        )
        #: How many vectors have been read: each draws its own noise.
        self.vectors_read = 0
        self.blocks = []
        self._compensation = compensation_of(self)
        self.reprogram()
        if crossbar.age > 0:
            self.wait(crossbar.age)

    def _tile(self, rows: slice, outputs: slice) -> Tile:
        lines = cells_per_output(self.crossbar) * (outputs.stop - outputs.start)
        lines += 1 if self.crossbar.encoding == "offset" else 0
        bar, column = self.crossbar, self._columns_of_tiles.index(outputs.start)
        cells = cells_of(
            bar.device, (rows.stop - rows.start, lines), spread=bar.spread, seed=bar.seed,
            stuck_low=bar.stuck_low, stuck_high=bar.stuck_high, name=self.name,
            origin=(rows.start, column * bar.columns),
        )  # fmt: skip
        return Tile(rows, outputs, cells, self.crossbar)

    def reprogram(self, weights: Any = None) -> None:
        """Program all cells anew, with these weights or the same; converters are calibrated anew.

        Compensation that `Crossbar.compensation` names takes effect.

        Raises
        ------
        ValidationError
            If the weights are not finite, or of another shape.
        """
        if weights is not None:
            matrix = checked_matrix(weights, self.crossbar)
            if matrix.shape != self.shape:
                got = f"a matrix of shape {matrix.shape}"
                raise ValidationError("CrossbarArray.reprogram", got, f"shape {self.shape}")
            self._weights = matrix
        common = scales(self._weights, self.crossbar)
        for tile in self.tiles:
            part = self._weights[tile.rows, tile.outputs]
            whole = self.crossbar.scale == "array"
            scale = common[tile.outputs] if whole else scales(part, self.crossbar)
            tile.program(part, scale, self._programmer)
        self.blocks = []
        self.refresh()
        self.calibrate()
        self._compensation.programmed()

    def wait(self, seconds: Any) -> None:
        """Let time pass: conductances drift and relax, and drift is compensated, if it is.

        Parameters
        ----------
        seconds
            A number, a text such as ``"3600 s"``, or a quantity.
        """
        found = magnitude(seconds, parse_unit("s"), "CrossbarArray.wait")
        if not (isinstance(found, float) and 0 <= found < np.inf):
            rule = "a time of at least 0 s"
            raise ValidationError("CrossbarArray.wait", f"got {shorten(seconds)}", rule)
        for tile in self.tiles:
            tile.cells.wait(found)
        self.refresh()
        self._compensation.waited()

    def refresh(self) -> None:
        """Read the conductances of all cells again, after something was done to them."""
        made = [block_of(row, self.shape[1], k) for k, row in enumerate(self.rows_of_tiles())]
        for block, old in zip(made, self.blocks):
            block.bound = old.bound
        self.blocks = made

    def calibrate(self, inputs: Any = None) -> None:
        """Set the range of each tile's converters to the greatest current that inputs cause.

        Parameters
        ----------
        inputs
            float[vectors, inputs]; by default vectors drawn evenly from -1 to 1, or over
            ``crossbar.input_range``, and nothing where ``crossbar.adc_range`` sets the range.
        """
        if inputs is None and self.crossbar.adc_range > 0:
            return
        if inputs is None:
            key = stream_key(self.crossbar.seed, self.name, "calibration")
            count = np.arange(_PROBES * self.shape[0], dtype=np.uint64)
            most = self.crossbar.input_range or 1.0
            inputs = (2.0 * uniform(key, count) - 1.0).reshape(_PROBES, -1) * most
        x, bound = self._checked(inputs)
        if not len(x):
            raise ValidationError("CrossbarArray.calibrate", "got no vectors", "at least one")
        for block in self.blocks:
            current, _ = block.currents(x, bound, self._levels, False)
            most = np.abs(current).max(axis=0, initial=0.0).reshape(block.bound.shape)
            for tile in self.tiles:
                if tile.rows.start == block.rows.start:
                    of_tile = most[:, tile.outputs].max(axis=1, keepdims=True)
                    block.bound[:, tile.outputs] = np.where(of_tile > 0, of_tile, 1.0)

    def correct(self, gain: Any = 1.0, offset: Any = 0.0) -> None:
        """Multiply outputs by digital factors, and add terms: what compensation finds.

        Parameters
        ----------
        gain, offset
            A number, or one for each output.
        """
        for name, value in (("gain", gain), ("offset", offset)):
            found = np.asarray(value)
            where = f"CrossbarArray.correct, {name}"
            if found.dtype.kind not in "iuf" or found.shape not in ((), (self.shape[1],)):
                rule = f"a number, or one for each of {self.shape[1]} outputs"
                raise ValidationError(where, f"got {shorten(value)}", rule)
            if not np.isfinite(found).all():
                raise ValidationError(where, "is not finite", "finite numbers")
            setattr(self, name, np.full(self.shape[1], found, np.float64))

    @property
    def target(self) -> _F64:
        """The weights that were asked for, float64[inputs, outputs]."""
        return self._weights.copy()

    def weights(self, wires: bool = True) -> _F64:
        """The weights as they are now, float64[inputs, outputs]: of noiseless, exact readings.

        Parameters
        ----------
        wires
            Whether wires and access transistors are in the way.
        """
        blocks = self.blocks
        if not wires:
            blocks = [
                block_of(row, self.shape[1], k, False) for k, row in enumerate(self.rows_of_tiles())
            ]
        return weights_of(blocks, self.shape) * self.gain

    def rows_of_tiles(self) -> list[list[Tile]]:
        """The tiles, row by row."""
        rows: dict[int, list[Tile]] = {}
        for tile in self.tiles:
            rows.setdefault(tile.rows.start, []).append(tile)
        return list(rows.values())

    @property
    def _levels(self) -> int:
        bits = self.crossbar.dac_bits
        return 2 ** (bits - 1) - 1 if bits else 0

    @property
    def adc_bits(self) -> tuple[int, ...]:
        """Bits of the converters of each slice; none where they are exact."""
        return adc_bits_of(self.crossbar)

    def product(
        self, x: Any, *, noise: bool = True, converters: bool = True, first: int | None = None
    ) -> _F32:
        """What the array answers to inputs.

        Parameters
        ----------
        x
            float[..., inputs].
        noise
            Whether reading is noisy, as far as the crossbar says so.
        converters
            Whether inputs and outputs are converted with their bits.
        first
            Number of the first vector: the same number draws the same noise. By default they go on
            counting, so that no two readings are alike.

        Returns
        -------
        float32[..., outputs]

        Raises
        ------
        ValidationError
            If the last axis is not that of the inputs, or a number is not finite.
        """
        given, bound = self._checked(x)
        out = np.zeros((len(given), self.shape[1]), np.float32)
        levels = self._levels if converters else 0
        bits = self.adc_bits if converters else ()
        count = self.vectors_read if first is None else int(first)
        for at in range(0, len(given), _VECTORS):
            part = slice(at, at + _VECTORS)
            for block in self.blocks:
                drawn = noise and block.noisy
                current, powers = block.currents(given[part], bound[part], levels, drawn)
                if drawn:
                    block.disturb(current, powers, self._keys, count + at)
                block.convert(current, bound[part], bits, out[part])
        if first is None and noise:
            self.vectors_read += len(given)
        if (self.gain != 1.0).any() or self.offset.any():
            out = (out * self.gain + self.offset).astype(np.float32)
        return out.reshape(*np.shape(x)[:-1], self.shape[1])

    def __rmatmul__(self, x: Any) -> _F32:
        return self.product(x)

    def _checked(self, x: Any) -> tuple[_F32, _F32]:
        """Inputs as float32[vectors, inputs], and the greatest voltage's input for each."""
        try:
            given = np.asarray(x, np.float32)
        except (TypeError, ValueError):
            raise ValidationError(
                "CrossbarArray, inputs", f"got {shorten(x)}", "an array of numbers"
            ) from None
        if given.ndim == 0 or given.shape[-1] != self.shape[0]:
            raise ValidationError(
                "CrossbarArray, inputs", f"an array of shape {given.shape}",
                f"{self.shape[0]} along the last axis",
            )  # fmt: skip
        flat = np.ascontiguousarray(given.reshape(-1, self.shape[0]))
        bound = np.abs(flat).max(axis=1, initial=0.0)
        if not np.isfinite(bound).all():
            raise ValidationError("CrossbarArray, inputs", "a number is not finite", "finite ones")
        if self.crossbar.input_range > 0:
            bound = np.full(len(flat), self.crossbar.input_range, np.float32)
        return flat, bound

    def errors(self, inputs: Any = None) -> Errors:
        """How far products are from exact ones, stage by stage: see `tiles.errors.errors_of`."""
        from .errors import errors_of

        return errors_of(self, inputs)

    def costs(self, inputs: Any = None, adc: str = "ISAAC") -> Costs:
        """Energy, time and area of a product, by component: see `tiles.costs.costs_of`."""
        from .costs import costs_of

        return costs_of(self, inputs, adc)

    def report(self, inputs: Any = None, adc: str = "ISAAC") -> Report:
        """Tiles, errors by stage, loss in wires, energy and area; shows as text and as HTML."""
        from .reporting import report_of

        return report_of(self, inputs, adc)

    def plot(self, inputs: Any = None, width: float = 7.0) -> Figure:
        """Draw conductances, loss in the wires, outputs against the exact ones, and energy."""
        from ..showing.array_picture import draw_array

        return draw_array(self, inputs, width)

    def __repr__(self) -> str:
        label = self.crossbar.device.label
        return f"CrossbarArray({self.shape[0]} x {self.shape[1]}, {len(self.tiles)} x {label})"
