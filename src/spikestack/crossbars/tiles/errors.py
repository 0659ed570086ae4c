"""How far a crossbar's product is from the exact one, and what each stage adds to that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...numerics.random import stream_key, uniform
from .block import block_of, weights_of

if TYPE_CHECKING:
    from .array import CrossbarArray

__all__ = ["Errors", "errors_of", "probes_of"]

_PROBES = 256


@dataclass(frozen=True)
class Errors:
    """Root mean square of the error over that of the exact product, stage by stage.

    Each stage has those before it in it.

    Attributes
    ----------
    levels
        Weights on the levels of their cells, which take them exactly.
    cells
        Conductances as they are: spread of programming, faults, drift.
    wires
        Through wires and access transistors.
    converters
        With the bits and ranges of the converters.
    noise
        With the noise of one reading of each vector.
    clipped
        Share of the outputs of tiles beyond the range of their converter, without noise.
    """

    levels: float
    cells: float
    wires: float
    converters: float
    noise: float
    clipped: float

    def stages(self) -> dict[str, float]:
        """The errors by stage, in order."""
        names = ("levels", "cells", "wires", "converters", "noise")
        return {name: getattr(self, name) for name in names}


def probes_of(array: CrossbarArray, count: int = _PROBES) -> NDArray[np.float32]:
    """Vectors whose elements lie evenly over the range of inputs, always the same ones."""
    key = stream_key(array.crossbar.seed, array.name, "probes")
    drawn = uniform(key, np.arange(count * array.shape[0], dtype=np.uint64))
    most = array.crossbar.input_range or 1.0
    return ((2.0 * drawn - 1.0) * most).reshape(count, -1).astype(np.float32)


def errors_of(array: CrossbarArray, inputs: Any = None) -> Errors:
    """Compare products with exact ones.

    Parameters
    ----------
    array
        Whose products are compared.
    inputs
        float[vectors, inputs]; by default vectors whose elements lie evenly over their range.
    """
    x, _ = array._checked(probes_of(array) if inputs is None else inputs)
    wide = x.astype(np.float64)
    exact = wide @ array.target
    size = float(np.sqrt(np.mean(exact**2))) or 1.0

    def of(found: NDArray[Any]) -> float:
        return float(np.sqrt(np.mean((found - exact) ** 2))) / size

    return Errors(
        of(wide @ _on_levels(array)), of(wide @ array.weights(wires=False)),
        of(wide @ array.weights()),
        of(array.product(x, noise=False)), of(array.product(x, first=0)), _clipped(array, x),
    )  # fmt: skip


def _on_levels(array: CrossbarArray) -> NDArray[np.float64]:
    target = array.target
    blocks = []
    for number, row in enumerate(array.rows_of_tiles()):
        wanted = [tile.targets(target[tile.rows, tile.outputs]) for tile in row]
        blocks.append(block_of(row, array.shape[1], number, False, wanted))
    return weights_of(blocks, array.shape)


def _clipped(array: CrossbarArray, x: NDArray[np.float32]) -> float:
    if not array.adc_bits:
        return 0.0
    beyond, count = 0, 0
    for block in array.blocks:
        current, _ = block.currents(x, array._checked(x)[1], array._levels, False)
        beyond += int((np.abs(current) > block.bound.ravel() * (1 + 1e-6)).sum())
        count += current.size
    return beyond / count
