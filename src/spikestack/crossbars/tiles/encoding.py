"""Signed weights as shares of the window of conductance, and back.

A weight takes ``slices`` digits in base ``2**bits_per_cell``, most significant first, or a single
analog one; each digit is the share of its window at which a cell stands.

- ``"differential"``: the magnitude's digits on the cell of the weight's sign, 0 on the other.
- ``"offset"``: digits of the weight shifted to be positive, of which a reference cell in the middle
  of its window is subtracted.

With redundancy every such cell has copies beside it, which stand at the same share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...devices.crossbar import Crossbar

__all__ = ["cells_per_output", "copies", "scales", "shares", "significance"]

_F64 = NDArray[np.float64]


def copies(crossbar: Crossbar) -> int:
    """Cells that hold the same digit of the same sign."""
    return crossbar.copies if "redundancy" in crossbar.compensation else 1


def cells_per_output(crossbar: Crossbar) -> int:
    """Lines that an output takes, its share of a reference column not counted."""
    signs = 2 if crossbar.encoding == "differential" else 1
    return crossbar.slices * signs * copies(crossbar)


def significance(crossbar: Crossbar) -> _F64:
    """What a whole window of each slice is worth, float64[slices], in units of a weight's scale.

    They add up to 1 for differential pairs, and to 2, the way from least to greatest weight, with
    an offset.
    """
    whole = 1.0 if crossbar.encoding == "differential" else 2.0
    if crossbar.slices == 1:
        return np.array([whole])
    base = 2.0**crossbar.bits_per_cell
    place = base ** np.arange(crossbar.slices - 1, -1, -1)
    return np.asarray(whole * place * (base - 1) / (base**crossbar.slices - 1), np.float64)


def shares(weights: _F64, scale: _F64, crossbar: Crossbar) -> _F64:
    """Shares of the window at which cells should stand.

    Parameters
    ----------
    weights
        float64[rows, outputs].
    scale
        Magnitude that takes the whole window, float64[outputs]; weights beyond it are cut.
    crossbar
        How they are encoded.

    Returns
    -------
    float64[rows, outputs, slices, 2], positive cell first, for differential pairs; the last axis
    is 1 with an offset.
    """
    part = np.clip(weights / scale, -1.0, 1.0)
    if crossbar.encoding == "differential":
        sides = np.stack([np.maximum(part, 0.0), np.maximum(-part, 0.0)], axis=-1)
    else:
        sides = 0.5 * (part[..., None] + 1.0)
    if crossbar.bits_per_cell == 0:
        return sides[:, :, None, :]
    bits, slices = crossbar.bits_per_cell, crossbar.slices
    whole = np.rint(sides * (2.0 ** (bits * slices) - 1)).astype(np.int64)
    down = bits * np.arange(slices - 1, -1, -1)
    digits = (whole[:, :, None, :] >> down[None, None, :, None]) & (2**bits - 1)
    return digits / (2.0**bits - 1)


def scales(weights: _F64, crossbar: Crossbar) -> _F64:
    """The greatest magnitude of the weights of a tile by output, as `Crossbar.scale` says.

    Parameters
    ----------
    weights
        float64[rows, outputs] of one tile, or of the whole array.

    Returns
    -------
    float64[outputs], 1 where all weights are 0.
    """
    size = np.abs(weights)
    most = size.max(axis=0) if crossbar.scale == "column" else np.full(size.shape[1], size.max())
    return np.where(most > 0, most, 1.0)
