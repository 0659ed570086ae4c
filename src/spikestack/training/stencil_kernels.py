"""Compiled loops of stencils: sums over windows, and convolution event by event.

Images are (rows, channels * height * width), a row being a step of a trial.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..numerics.compiling import njit
from . import device_products as device
from .threads import shared

__all__ = ["gathered", "pooled", "scattered", "unpooled"]

Pair = tuple[int, int]

#: Of a sum over rows, each by one thread; always so many, for the same sum on any number of them.
_PARTS = 8


def pooled(
    images: Any, shape: tuple[int, int, int], windows: Pair, strides: Pair, dtype: Any = None
) -> Any:
    """Sums over windows, of `dtype`, that of the images by default."""
    if images.device.type != "cpu":
        return device.pooled(images if dtype is None else images.to(dtype), shape, windows, strides)
    h, w = ((n - k) // s + 1 for n, k, s in zip(shape[1:], windows, strides))
    made = torch.empty((len(images), shape[0] * h * w), dtype=dtype or images.dtype)
    planes = images.contiguous().numpy().reshape(-1, *shape[1:])
    out = made.numpy().reshape(-1, h, w)
    pairs = windows == strides == (2, 2)

    def work(low: int, high: int) -> None:
        if pairs:
            _pool_pairs(planes[low:high], out[low:high])
        else:
            _pool(planes[low:high], *windows, *strides, out[low:high])

    shared(work, len(planes), planes.size)
    return made


def unpooled(
    grad: Any, shape: tuple[int, int, int], windows: Pair, strides: Pair, room: Any = None
) -> Any:
    """The transpose of `pooled`; in `room` if that is given."""
    if grad.device.type != "cpu":
        found = device.unpooled(grad, shape, windows, strides)
        return found if room is None else room.copy_(found)
    h, w = ((n - k) // s + 1 for n, k, s in zip(shape[1:], windows, strides))
    size = shape[0] * shape[1] * shape[2]
    made = torch.empty((len(grad), size), dtype=grad.dtype) if room is None else room
    planes = grad.contiguous().numpy().reshape(-1, h, w)
    out = made.numpy().reshape(-1, *shape[1:])
    pairs = windows == strides == (2, 2)

    def work(low: int, high: int) -> None:
        if pairs:
            _unpool_pairs(planes[low:high], out[low:high])
        else:
            _unpool(planes[low:high], *windows, *strides, out[low:high])

    shared(work, len(planes), out.size)
    return made


@njit(cache=True, nogil=True, error_model="numpy")
def _pool_pairs(x, out):  # type: ignore[no-untyped-def]
    one = out.dtype.type
    for p in range(x.shape[0]):
        for i in range(out.shape[1]):
            above, below, to = x[p, 2 * i], x[p, 2 * i + 1], out[p, i]
            for j in range(to.shape[0]):
                up = one(above[2 * j]) + one(above[2 * j + 1])
                to[j] = up + (one(below[2 * j]) + one(below[2 * j + 1]))


@njit(cache=True, nogil=True, error_model="numpy")
def _unpool_pairs(g, out):  # type: ignore[no-untyped-def]
    h, w = g.shape[1], g.shape[2]
    ragged = out.shape[1] != 2 * h or out.shape[2] != 2 * w
    for p in range(g.shape[0]):
        if ragged:
            out[p] = 0
        for i in range(h):
            above, below, row = out[p, 2 * i], out[p, 2 * i + 1], g[p, i]
            for j in range(w):
                v = row[j]
                above[2 * j] = v
                above[2 * j + 1] = v
                below[2 * j] = v
                below[2 * j + 1] = v


@njit(cache=True, nogil=True, error_model="numpy")
def _pool(x, kh, kw, sh, sw, out):  # type: ignore[no-untyped-def]
    for p in range(x.shape[0]):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                total = out.dtype.type(0)
                for a in range(kh):
                    for b in range(kw):
                        total += x[p, i * sh + a, j * sw + b]
                out[p, i, j] = total


@njit(cache=True, nogil=True, error_model="numpy")
def _unpool(g, kh, kw, sh, sw, out):  # type: ignore[no-untyped-def]
    out[:] = 0
    for p in range(g.shape[0]):
        for i in range(g.shape[1]):
            for j in range(g.shape[2]):
                for a in range(kh):
                    for b in range(kw):
                        out[p, i * sh + a, j * sw + b] += g[p, i, j]


def scattered(seen: Any, weights: Any, stencil: Any) -> Any:
    """A convolution in which every value that is not 0 adds the kernel to the targets around it."""
    s = stencil
    planes = seen.contiguous().numpy().reshape(-1, *s.pooled)
    # By in channel, height, width and, innermost, out channel; turned round.
    kernel = np.ascontiguousarray(weights.detach().numpy()[:, :, ::-1, ::-1].transpose(1, 2, 3, 0))
    sides = _sides(s, kernel.shape[1:3])
    made = torch.empty((len(seen), kernel.shape[3] * sides[0] * sides[1]), dtype=weights.dtype)
    out = made.numpy().reshape(-1, kernel.shape[3], *sides)

    def work(low: int, high: int) -> None:
        _scatter_events(planes[low:high], kernel, *s.stride, *s.padding, out[low:high])

    shared(work, len(planes), out.size)
    return made


def gathered(seen: Any, grad: Any, like: Any, stencil: Any) -> Any:
    """The gradient of the kernel of `scattered`."""
    s = stencil
    planes = seen.contiguous().numpy().reshape(-1, *s.pooled)
    n_out, into, kh, kw = like.shape
    g = grad.contiguous().numpy()
    g = g.reshape(-1, n_out, *_sides(s, (kh, kw)))
    parts = np.zeros((_PARTS, into, kh, kw, n_out), g.dtype)
    edges = [len(g) * k // _PARTS for k in range(_PARTS + 1)]

    def work(low: int, high: int) -> None:
        for k in range(low, high):
            at = slice(edges[k], edges[k + 1])
            _gather_events(planes[at], g[at], *s.stride, *s.padding, parts[k])

    shared(work, _PARTS, g.size)
    made = parts.sum(0)
    turned = made.transpose(3, 0, 1, 2)[:, :, ::-1, ::-1]
    return torch.from_numpy(np.ascontiguousarray(turned)).to(like.dtype)


def _sides(s: Any, extent: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the targets."""
    h, w = (
        (n + 2 * p - k) // t + 1 for n, k, t, p in zip(s.pooled[1:], extent, s.stride, s.padding)
    )
    return h, w


# Both loops work on a plane that has room at all edges, its out channels innermost, so that a row
# of the kernel acts on numbers that lie side by side.


@njit(cache=True, nogil=True, error_model="numpy")
def _within(count, step, left, width):  # type: ignore[no-untyped-def]
    """Which of the targets of a row are on the plane."""
    low = 0 if left >= 0 else (-left + step - 1) // step
    high = min(count, (width - 1 - left) // step + 1)
    return min(low, count), max(high, min(low, count))


@njit(cache=True, nogil=True, error_model="numpy")
def _scatter_events(x, kernel, sy, sx, py, px, out):  # type: ignore[no-untyped-def]
    h, w = x.shape[2:]
    into, kh, kw, n_out = kernel.shape
    width, span = (w + kw - 1) * n_out, kw * n_out
    plane = np.empty((h + kh - 1, width), kernel.dtype)
    top, left = kh - 1 - py, kw - 1 - px
    rows = kernel.reshape(into, kh, span)
    low, high = _within(out.shape[3], sx, left, w + kw - 1)
    for r in range(x.shape[0]):
        plane[:] = 0
        for i in range(into):
            for y in range(h):
                line = x[r, i, y]
                for c in range(w):
                    v = kernel.dtype.type(line[c])
                    if v != 0:
                        for ky in range(kh):
                            to, of = plane[y + ky, c * n_out : c * n_out + span], rows[i, ky]
                            for k in range(span):
                                to[k] += v * of[k]
        for ty in range(out.shape[2]):
            row = ty * sy + top
            for o in range(n_out):
                to = out[r, o, ty]
                to[:low] = 0
                to[high:] = 0
                if not 0 <= row < h + kh - 1:
                    to[:] = 0
                    continue
                of = plane[row, (low * sx + left) * n_out + o :]
                for tx in range(high - low):
                    to[low + tx] = of[tx * sx * n_out]


@njit(cache=True, nogil=True, error_model="numpy")
def _gather_events(x, g, sy, sx, py, px, out):  # type: ignore[no-untyped-def]
    h, w = x.shape[2:]
    into, kh, kw, n_out = out.shape
    width, span = (w + kw - 1) * n_out, kw * n_out
    plane = np.zeros((h + kh - 1, width), g.dtype)
    top, left = kh - 1 - py, kw - 1 - px
    rows = out.reshape(into, kh, span)
    low, high = _within(g.shape[3], sx, left, w + kw - 1)
    for r in range(x.shape[0]):
        for ty in range(g.shape[2]):
            row = ty * sy + top
            if not 0 <= row < h + kh - 1:
                continue
            for o in range(n_out):
                of, to = g[r, o, ty], plane[row, (low * sx + left) * n_out + o :]
                for tx in range(high - low):
                    to[tx * sx * n_out] = of[low + tx]
        for i in range(into):
            for y in range(h):
                line = x[r, i, y]
                for c in range(w):
                    v = g.dtype.type(line[c])
                    if v != 0:
                        for ky in range(kh):
                            of, to = plane[y + ky, c * n_out : c * n_out + span], rows[i, ky]
                            for k in range(span):
                                to[k] += v * of[k]
