"""Tiles that share their rows, laid side by side as plain matrices for one product of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...devices.crossbar import Crossbar
from .encoding import copies, significance
from .passes import add_noise, add_shared, collect, drive
from .tile import Tile, TileView

__all__ = ["Block", "adc_bits_of", "block_of", "weights_of"]

_F32 = NDArray[np.float32]
#: CODATA 2018, exact: J/K and C.
BOLTZMANN, CHARGE = 1.380649e-23, 1.602176634e-19


@dataclass(frozen=True)
class Reference:
    """Noise of the reference column of one tile: variance by squares and magnitudes of inputs."""

    outputs: slice
    number: int
    noise: _F32
    floor: float


@dataclass
class Block:
    """Rows of a matrix, all their lines side by side: slice by slice, in it output by output.

    Currents are in units of one cell that is read through its whole window.

    Attributes
    ----------
    rows
        Of the matrix.
    first_line
        Number of the first line among those of all blocks.
    matrix
        float32[rows, slices * outputs].
    noise
        Variance of the currents for the squares of inputs, below for their magnitudes;
        float32[2 rows, slices * outputs], or None.
    floor
        Variance whatever the inputs, float32[slices * outputs].
    worth
        Weight of a current of 1, float64[slices, outputs].
    bound
        Greatest current of each converter, float64[slices, outputs].
    references
        Noise that the lines of a tile share.
    of_devices
        Whether devices have noise of their own, so that squares of inputs matter.
    """

    rows: slice
    first_line: int
    matrix: _F32
    noise: _F32 | None
    floor: _F32
    worth: NDArray[np.float64]
    bound: NDArray[np.float64]
    references: list[Reference] = field(default_factory=list)
    of_devices: bool = True

    @property
    def noisy(self) -> bool:
        """Whether anything is drawn."""
        return self.noise is not None or bool(self.floor.any())

    def currents(self, x: _F32, bound: _F32, levels: int, noise: bool) -> tuple[_F32, _F32]:
        """Currents without noise, and what of the inputs `disturb` needs for their noise."""
        rows = self.rows.stop - self.rows.start
        voltage = np.empty((len(x), rows), np.float32)
        wanted = noise and self.noise is not None
        squared = wanted and self.of_devices
        columns = rows * (int(wanted) + int(squared))
        powers = np.empty((len(x), columns), np.float32)
        drive(x, bound, levels, self.rows.start, voltage, powers, squared)
        return voltage @ self.matrix, powers

    def disturb(
        self, current: _F32, powers: _F32, keys: tuple[np.uint64, np.uint64], first: int
    ) -> None:
        """Add the noise of one reading of each vector to `current`."""
        variance = np.empty((len(current), 0), np.float32)
        if self.noise is not None:
            variance = powers @ self.noise[-powers.shape[1] :]
        add_noise(current, variance, self.floor, keys[0], first, self.first_line)
        outputs = self.worth.shape[1]
        for one in self.references:
            shared = powers @ one.noise[-powers.shape[1] :] + np.float32(one.floor)
            for begin in range(one.outputs.start, current.shape[1], outputs):
                end = begin + one.outputs.stop - one.outputs.start
                add_shared(current, shared, begin, end, keys[1], first, one.number)

    def convert(self, current: _F32, scale: _F32, bits: Sequence[int], out: _F32) -> None:
        """Add what the converters make of `current` to the outputs; no bits: exactly."""
        outputs = self.worth.shape[1]
        for place, worth in enumerate(self.worth):
            if bits:
                steps = 2.0 ** (bits[place] - 1) - 1
                inverse = steps / self.bound[place]
                most = np.full(outputs, steps, np.float32)
            else:
                inverse, most = np.ones(outputs), np.full(outputs, np.inf, np.float32)
            collect(
                current, place * outputs, most, inverse.astype(np.float32),
                (worth / inverse).astype(np.float32), scale, out,
            )  # fmt: skip


def adc_bits_of(crossbar: Crossbar) -> tuple[int, ...]:
    """Bits of the converters by slice; none where they are exact.

    With `Crossbar.adaptive_adc` a slice of less significance has fewer, so that its step is worth
    no less than half a step of the first slice: what it would tell beyond that is lost in the
    rounding of the first. At least 2 are left. After A. Nag and others, Newton, IEEE Micro 38(5)
    (2018) 41-49, who convert no bits that are dropped later.
    """
    if crossbar.adc_bits == 0:
        return ()
    if not crossbar.adaptive_adc:
        return (crossbar.adc_bits,) * crossbar.slices
    fewer = [max(0, crossbar.bits_per_cell * s - 1) for s in range(crossbar.slices)]
    return tuple(max(min(2, crossbar.adc_bits), crossbar.adc_bits - less) for less in fewer)


def block_of(
    tiles: Sequence[Tile],
    outputs: int,
    number: int,
    wires: bool = True,
    conductances: Sequence[NDArray[np.float64]] | None = None,
) -> Block:
    """Lay tiles of the same rows side by side.

    Parameters
    ----------
    tiles
        Of one row of tiles, in order.
    outputs
        Of the whole matrix.
    number
        Of the row of tiles.
    wires
        Whether wires and access transistors are in the way.
    conductances
        Of each tile (S), instead of its cells' present ones.
    """
    crossbar, rows = tiles[0].crossbar, tiles[0].rows
    count, slices = rows.stop - rows.start, crossbar.slices
    law = _Noise(crossbar, (count, slices, outputs))
    matrix = np.empty((count, slices, outputs), np.float32)
    worth = np.empty((slices, outputs))
    for place, tile in enumerate(tiles):
        given = None if conductances is None else conductances[place]
        seen, at = tile.view(wires, given), tile.outputs
        signed = seen.conductance[..., 0]
        if seen.reference is None:
            signed = signed - seen.conductance[..., 1]
        else:
            signed = signed - seen.reference[:, None, None]
        matrix[:, :, at] = np.swapaxes(signed / law.window, 1, 2)
        worth[:, at] = significance(crossbar)[:, None] * tile.scale
        if crossbar.read_noise:
            law.take(seen, at, number * len(tiles) + place)
    floor = law.floor + np.float32(crossbar.output_noise**2)
    bound = np.full((slices, outputs), crossbar.adc_range or 1.0)
    return Block(
        rows, number * slices * outputs, matrix.reshape(count, -1),
        law.matrix.reshape(2 * count, -1) if crossbar.read_noise else None,
        floor.ravel(), worth, bound, law.references, law.of_devices,
    )  # fmt: skip


def _summed(signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis of one or two; NumPy's own sum takes many times as long there."""
    return np.asarray(sum(signs[..., k] for k in range(signs.shape[-1])))


def weights_of(blocks: Sequence[Block], shape: tuple[int, int]) -> NDArray[np.float64]:
    """What exact, noiseless readings find, float64 of that shape."""
    made = np.empty(shape)
    for block in blocks:
        by_slice = block.matrix.reshape(-1, *block.worth.shape)
        made[block.rows] = np.einsum("iso,so->io", by_slice, block.worth, dtype=np.float64)
    return made


class _Noise:
    """Variances of currents, in units of the squared current of a cell through its window.

    Within the bandwidth ``B = 1 / (2 t_read)`` of an integration: thermal noise ``4 k T G B`` of
    every cell, shot noise ``2 q |I| B`` of the current that it passes, and the noise that the
    device has when it is read. Its attributes are those of `Block`, slices and outputs apart.
    """

    def __init__(self, crossbar: Crossbar, shape: tuple[int, int, int]) -> None:
        self.window = crossbar.device.g_max - crossbar.device.g_min
        cell, bandwidth = crossbar.v_read * self.window, 0.5 / crossbar.t_read
        self._thermal = 4 * BOLTZMANN * crossbar.temperature * bandwidth / cell**2
        self._shot = 2 * CHARGE * bandwidth * crossbar.v_read / cell**2
        # Copies are averaged, and their noises with them.
        self._copies = copies(crossbar)
        rows = 2 * shape[0] if crossbar.read_noise else 0
        self.matrix = np.zeros((rows, *shape[1:]), np.float32)
        self.floor = np.zeros(shape[1:], np.float32)
        self.references: list[Reference] = []
        self.of_devices = False

    def take(self, seen: TileView, at: slice, number: int) -> None:
        """Add a tile, of these outputs, and of this number among all."""
        both = _summed(seen.conductance) / self._copies
        self.matrix[:, :, at] = np.swapaxes(self._law(both, _summed(seen.deviation**2)), 1, 2)
        self.floor[:, at] = self._thermal * both.sum(axis=0).T
        self.of_devices |= bool(seen.deviation.any())
        if seen.reference is not None and seen.reference_deviation is not None:
            own = self._law(seen.reference, seen.reference_deviation**2).astype(np.float32)
            still = float(self._thermal * seen.reference.sum())
            self.references.append(Reference(at, number, own, still))
            self.of_devices |= bool(seen.reference_deviation.any())

    def _law(self, conductance: NDArray, variance: NDArray) -> NDArray:
        """For squares of inputs, then for their magnitudes; twice as many rows."""
        return np.concatenate([variance / self.window**2, self._shot * conductance])
