"""Products with few spikes: add the rows of the weights whose sources spiked.

Columns go in strips whose part of the weights stays in the second cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..numerics.compiling import njit
from .threads import shared

__all__ = ["Few", "few_of"]

#: Share of ones above which a matrix product is faster than adding rows; measured.
_FORWARD, _BACKWARD = 0.16, 0.12
_SMALL = 1 << 18
_STRIP_BYTES = 1 << 20
_ROWS_SAMPLED = 64


@dataclass(frozen=True)
class Few:
    """Spikes as lists: of row r, sources ``places[starts[r]:starts[r + 1]]``, of size `values`."""

    places: np.ndarray
    starts: np.ndarray
    values: np.ndarray
    plain: bool
    shape: tuple[int, int]

    @property
    def density(self) -> float:
        """Share of entries that are not 0."""
        return int(self.starts[-1]) / max(1, self.shape[0] * self.shape[1])

    @property
    def few_enough_back(self) -> bool:
        """Whether the gradient of the weights is faster this way, too."""
        return self.density <= _BACKWARD

    def times(self, weights: Any) -> Any:
        """The product with (sources, targets)."""
        w = weights.detach().contiguous().numpy()
        made = torch.empty((self.shape[0], w.shape[1]), dtype=weights.dtype)
        out, strip = made.numpy(), _strip(w)

        def work(low: int, high: int) -> None:
            _add_rows(self.places, self.starts, self.values, self.plain, w, out, low, high, strip)

        shared(work, self.shape[0], int(self.starts[-1]) * w.shape[1])
        return made

    def pair(self, grad: Any) -> Any:
        """The product of these, transposed, with gradients (rows, targets)."""
        g = grad.contiguous().numpy()
        made = torch.zeros((self.shape[1], g.shape[1]), dtype=grad.dtype)
        out, strip = made.numpy(), _strip(made.numpy())

        def work(low: int, high: int) -> None:
            _add_pairs(self.places, self.starts, self.values, self.plain, g, out, low, high, strip)

        shared(work, g.shape[1], int(self.starts[-1]) * g.shape[1], grain=16)
        return made


def few_of(spikes: Any, targets: int, dtype: Any = None) -> Few | None:
    """Spikes as lists, with values of `dtype`, or None where a matrix product is faster."""
    rows, sources = spikes.shape
    if rows * sources * targets < _SMALL or spikes.device.type != "cpu":
        return None
    x = spikes.detach().contiguous().numpy()
    sample = x[:: max(1, rows // _ROWS_SAMPLED)]
    if np.count_nonzero(sample) > 1.5 * _FORWARD * sample.size:
        return None
    room = int(_FORWARD * x.size) + sources + 1
    places, starts = np.empty(room, np.int32), np.empty(rows + 1, np.int64)
    values = torch.empty(room, dtype=dtype or spikes.dtype).numpy()
    count, plain = _list(x, places, starts, values, room - sources - 1)
    return None if count < 0 else Few(places, starts, values, plain, (rows, sources))


def _strip(w: np.ndarray) -> int:
    """Columns of a strip: a multiple of 16, at least 64."""
    return max(64, _STRIP_BYTES // (w.itemsize * max(1, len(w))) // 16 * 16)


@njit(cache=True, nogil=True, error_model="numpy")
def _list(x, places, starts, values, room):  # type: ignore[no-untyped-def]
    n, plain = 0, True
    for r in range(x.shape[0]):
        starts[r] = n
        if n > room:
            return -1, plain
        row = x[r]
        for k in range(x.shape[1]):
            v = row[k]
            places[n] = k
            values[n] = v
            n += 1 if v != 0 else 0
        for e in range(starts[r], n):
            plain &= values[e] == 1
    starts[x.shape[0]] = n
    return (n if n <= room else -1), plain


@njit(cache=True, nogil=True, error_model="numpy")
def _add_rows(places, starts, values, plain, w, out, low, high, strip):  # type: ignore[no-untyped-def]
    for left in range(0, w.shape[1], strip):
        right = min(left + strip, w.shape[1])
        for r in range(low, high):
            o = out[r, left:right]
            o[:] = 0
            e, last = starts[r], starts[r + 1]
            while plain and e + 4 <= last:
                a, b = w[places[e], left:right], w[places[e + 1], left:right]
                c, d = w[places[e + 2], left:right], w[places[e + 3], left:right]
                for j in range(right - left):
                    o[j] += (a[j] + b[j]) + (c[j] + d[j])
                e += 4
            while e < last:
                a, v = w[places[e], left:right], values[e]
                for j in range(right - left):
                    o[j] += v * a[j]
                e += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _add_pairs(places, starts, values, plain, g, out, low, high, strip):  # type: ignore[no-untyped-def]
    for left in range(low, high, strip):
        right = min(left + strip, high)
        for r in range(g.shape[0]):
            given = g[r, left:right]
            for e in range(starts[r], starts[r + 1]):
                o, v = out[places[e], left:right], values[e]
                for j in range(right - left):
                    o[j] += v * given[j]
