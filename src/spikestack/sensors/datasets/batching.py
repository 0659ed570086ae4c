"""Samples as arrays to train on: (T, B, N), steps, samples, units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import MemoryLimitError, ValidationError, shorten
from ...machine import available_memory
from ...numerics.random import stream_key, uniform
from ...units import magnitude, parse_unit
from ..events import Events
from .base import Samples

__all__ = ["Batch", "Steps", "batches"]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some samples as arrays; unpacks as inputs and labels.

    Attributes
    ----------
    inputs
        (T, B, N).
    labels
        int64 (B,).
    lengths
        int64 (B,): steps of each sample, up to its last event; what follows is padding.
    ids
        int64 (B,): numbers of the samples in their set.
    """

    inputs: np.ndarray
    labels: np.ndarray
    lengths: np.ndarray
    ids: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        yield self.inputs
        yield self.labels

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Batch: {len(self)} samples, inputs {self.inputs.shape} {self.inputs.dtype}>"


def batches(
    samples: Samples, size: int, *, bins: int | None = None, dt: Any = None, duration: Any = None,
    start: Any = 0.0, shuffle: bool = False, seed: int = 0, epoch: int = 0, binary: bool = False,
    dtype: Any = np.float32, last: bool = True,
) -> Iterator[Batch]:  # fmt: skip
    """See `Samples.batches`."""
    for name, value in (("size", size), ("seed", seed), ("epoch", epoch)):
        if not isinstance(value, int | np.integer) or (name == "size" and value < 1):
            raise ValidationError(f"batches, {name}", f"got {shorten(value)}", "a whole number")
    steps = Steps.given(samples, bins, dt, duration, start, binary)
    order = np.arange(len(samples))
    if shuffle:
        draws = uniform(stream_key(seed, "batches", "order", epoch), order.astype(np.uint64))
        order = np.argsort(draws, kind="stable")
    return _each(samples, steps, order, int(size), np.dtype(dtype), last)


def _each(
    samples: Samples, steps: Steps, order: np.ndarray, size: int, dtype: np.dtype[Any], last: bool
) -> Iterator[Batch]:
    for first in range(0, len(order), size):
        chosen = order[first : first + size]
        if len(chosen) < size and not last:
            return
        items = [samples[int(k)][0] for k in chosen]
        inputs, lengths = steps.dense(items, dtype)
        yield Batch(inputs, samples.labels[chosen], lengths, samples.ids[chosen])


@dataclass(frozen=True)
class Steps:
    """How time becomes steps.

    Attributes
    ----------
    bins
        Steps, or None for what the longest sample needs.
    width
        Microseconds of `per` steps, so that widths need not be whole.
    per
        Steps in `width`.
    start
        Microseconds.
    binary
        1 for one event or more.
    """

    bins: int | None
    width: int
    per: int
    start: int
    binary: bool

    @classmethod
    def given(
        cls, samples: Samples, bins: Any, dt: Any, duration: Any, start: Any, binary: bool
    ) -> Steps:
        """Of what a user says; see `Samples.batches`."""
        if bins is not None and (not isinstance(bins, int | np.integer) or not 0 < bins < 2**31):
            raise ValidationError("batches, bins", f"got {shorten(bins)}", "a whole number above 0")
        bins = None if bins is None else int(bins)
        begin = _us(start, "start", -(2.0**52))
        span = None if duration is None else _us(duration, "duration", 1.0)
        if dt is not None:
            width = _us(dt, "dt", 1.0)
            if bins is not None and span is not None:
                raise ValidationError("batches", "given bins, dt and duration", "two of them")
            count = -(-span // width) if span is not None else bins
            return cls(count, width, 1, begin, binary)
        if span is None and samples.duration:
            span = max(round(samples.duration * 1000) - begin, 1)
        # Without a duration `width` is 0: good for arrays, refused for events.
        return cls(bins, span or 0 if bins else 0, bins or 1, begin, binary)

    def dense(self, items: list[Any], dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (T, B, N) and lengths of some items."""
        events = [isinstance(item, Events) for item in items]
        if any(events) and not all(events):
            raise ValidationError("batches", "some samples are events, some not", "all or none")
        return self._of_events(items, dtype) if any(events) else self._of_arrays(items, dtype)

    def _of_events(self, items: list[Any], dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
        if not self.width:
            raise ValidationError(
                "batches", "samples are events", "bins and duration, bins and dt, or dt",
                "for example bins=50, or dt=5.0 (ms)",
            )  # fmt: skip
        units = _only({item.size for item in items}, "units")
        # Whole numbers: no event is on the other side of an edge by rounding.
        at = [(item.t - self.start) * self.per // self.width for item in items]
        need = np.array([int(one[-1]) + 1 if len(one) else 0 for one in at], np.int64)
        count = self.bins or max(int(need.max(initial=0)), 1)
        inputs = _space((count, len(items), units), dtype)
        for k, (item, steps) in enumerate(zip(items, at)):
            low, high = np.searchsorted(steps, (0, count))
            flat = steps[low:high] * units + np.asarray(item.unit)[low:high]
            found = np.bincount(flat, minlength=count * units).reshape(count, units)
            inputs[:, k] = np.minimum(found, 1) if self.binary else found
        return inputs, np.clip(need, 0, count)

    def _of_arrays(self, items: list[Any], dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
        arrays = [np.asarray(item) for item in items]
        if any(array.ndim == 0 or array.dtype.kind not in "biuf" for array in arrays):
            raise ValidationError("batches", f"got {shorten(items[0])}", "events, or arrays whose "
                                  "first axis is time")  # fmt: skip
        rows = [array.reshape(len(array), -1) if array.size else array for array in arrays]
        units = _only({int(np.prod(array.shape[1:])) for array in arrays}, "numbers in a step")
        lengths = np.array([len(array) for array in arrays], np.int64)
        count = self.bins or max(int(lengths.max(initial=0)), 1)
        if lengths.max(initial=0) > count:
            raise ValidationError("batches, bins", f"is {count}, and a sample has "
                                  f"{lengths.max()} steps", "at least as many")  # fmt: skip
        inputs = _space((count, len(items), units), dtype)
        for k, array in enumerate(rows):
            if array.size:
                inputs[: len(array), k] = (array != 0) if self.binary else array
        return inputs, lengths


def _us(value: Any, name: str, least: float) -> int:
    ms = magnitude(value, parse_unit("ms"), f"batches, {name}")
    if not isinstance(ms, float) or not least <= ms * 1000 < 2.0**52:
        raise ValidationError(f"batches, {name}", f"got {shorten(value)}", "a time in ms")
    return round(ms * 1000)


def _only(sizes: set[int], what: str) -> int:
    if len(sizes) != 1:
        raise ValidationError("batches", f"samples have {shorten(sorted(sizes))} {what}", "as many")
    return sizes.pop()


def _space(shape: tuple[int, int, int], dtype: np.dtype[Any]) -> np.ndarray:
    need = float(np.prod([float(n) for n in shape])) * dtype.itemsize
    if need > available_memory():
        raise MemoryLimitError(
            f"batches: an array of shape {shape} takes {need / 1e9:.3g} GB, and "
            f"{available_memory() / 1e9:.3g} GB are free; take fewer bins or smaller batches"
        )
    return np.zeros(shape, dtype)
