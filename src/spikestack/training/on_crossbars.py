"""Training with devices in the loop: what crossbars hold forward, straight through backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..crossbars.tiles.array import CrossbarArray
from ..devices.crossbar import Crossbar
from ..errors import ValidationError
from .links import Link

__all__ = ["OnCrossbar"]


class OnCrossbar:
    """The array behind one projection while its weights are trained.

    Every forward pass in training mode programs the array anew, so that the network learns to bear
    the spread of programming, the faults and the wires of these very devices; gradients pass as if
    the weights were as asked for (Wan et al. 2022, Nature 608:504, who train with the chip in the
    loop; Joshi et al. 2020, Nat Commun 11:2473, noise while training). In evaluation mode it is
    programmed once for each set of weights.

    Raises
    ------
    ValidationError
        If the projection has no weights that an array could hold.
    """

    def __init__(self, link: Link, crossbar: Crossbar, sizes: tuple[int, int]) -> None:
        where = f"compile, projection {link.name!r}"
        product: Any = link.parts[0][1]
        if link.form == "pool" or (link.form == "kernel" and product.stencil.groups != 1):
            raise ValidationError(
                where, "a pool, or a kernel in groups, on a crossbar", "weights of one matrix"
            )
        self._link, self._sizes = link, sizes
        self._axis = 0
        if link.form == "kernel":
            self._axis = 1 if product.stencil.transposed else 0
        self._seen: np.ndarray | None = None
        self._found: Any = None
        self.array = CrossbarArray(self._matrix(link.initial.numpy()), crossbar, link.name)

    def through(self, weights: Any, training: bool) -> Any:
        """Weights as the array holds them; a tensor of the same shape."""
        given = weights.detach().cpu().double().numpy()
        same = self._seen is not None and np.array_equal(self._seen, given)
        if training or not same:
            age = self.array.crossbar.age
            self.array.reprogram(self._matrix(given))
            if age > 0:
                self.array.wait(age)
            self._seen = given.copy()
            held = self._shaped(self.array.weights(), given.shape)
            self._found = torch.as_tensor(held, dtype=weights.dtype, device=weights.device)
        return weights + (self._found - weights).detach()

    def _matrix(self, weights: np.ndarray) -> np.ndarray:
        """Weights of any form as inputs by outputs."""
        if self._link.form == "matrix":
            return weights
        if self._link.form == "kernel":
            moved = np.moveaxis(weights, self._axis, -1)
            return moved.reshape(-1, weights.shape[self._axis])
        assert self._link.edges is not None
        pre, post = self._link.edges[:2]
        matrix = np.zeros(self._sizes)
        matrix[pre, post] = weights
        return matrix

    def _shaped(self, matrix: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The inverse of `_matrix`."""
        if self._link.form == "matrix":
            return matrix
        if self._link.form == "kernel":
            moved = (*np.delete(shape, self._axis), shape[self._axis])
            return np.moveaxis(matrix.reshape(moved), -1, self._axis)
        assert self._link.edges is not None
        pre, post = self._link.edges[:2]
        return matrix[pre, post]
