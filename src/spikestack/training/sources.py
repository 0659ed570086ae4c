"""Labelled data of any kind as batches of tensors, by number: what `fit` and `evaluate` take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ..errors import ValidationError, shorten
from ..machine import available_memory
from ..numerics.random import stream_key, uniform
from ..sensors.datasets.base import Samples

__all__ = ["Source", "as_source", "order_of"]

#: Share of the free memory that samples may take to be held as arrays.
_HELD = 0.25


class Source(ABC):
    """Labelled samples, any of which can be asked for by number."""

    #: Whether labels are classes.
    classes = True

    @abstractmethod
    def __len__(self) -> int:
        """How many."""

    @abstractmethod
    def take(self, which: np.ndarray) -> tuple[Any, Any]:
        """Inputs, (steps, samples, neurons) or (samples, neurons) or a dict of these; labels."""


def order_of(count: int, seed: int, epoch: int) -> np.ndarray:
    """A random order of `count` samples: a function of seed and epoch."""
    draws = uniform(stream_key(seed, "fit", "order", epoch), np.arange(count, dtype=np.uint64))
    return np.argsort(draws, kind="stable")


def as_source(data: Any, sizes: Mapping[str, int], steps: int | None, where: str) -> Source:
    """Anything that `fit` takes.

    Parameters
    ----------
    data
        ``(X, y)`` of arrays or tensors, or `Samples`, or a data set of (sample, label).
    sizes
        Neurons of each drive that is fed, by its name.
    steps
        Of events: how many equal parts the duration is cut into. Of still inputs: how long each
        is shown, which is the network's affair.
    where
        For messages.

    Raises
    ------
    ValidationError
        If it is none of these, or its shape is not that of the network's inputs.
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, Samples):
        return _of_samples(data, sizes, steps, where)
    if isinstance(data, tuple | list) and len(data) == 2 and hasattr(data[1], "__len__"):
        return ArraySource(data[0], data[1], sizes, where)
    if hasattr(data, "batch_sampler"):
        raise ValidationError(where, "got a DataLoader", "what it loads from",
                              "pass its .dataset: orders are counted, so that a stopped "
                              "run can go on exactly")  # fmt: skip
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return ItemSource(data, sizes, steps, where)
    raise ValidationError(where, f"got {shorten(data)}",
                          "(inputs, labels), Samples, or a set of (sample, label)")  # fmt: skip


class ArraySource(Source):
    """Arrays, or a dict of arrays by drive: (samples, neurons), or (samples, steps, neurons)."""

    def __init__(self, inputs: Any, labels: Any, sizes: Mapping[str, int], where: str) -> None:
        given = dict(inputs) if isinstance(inputs, Mapping) else {_only(sizes, where): inputs}
        held = labels.cpu() if isinstance(labels, torch.Tensor) else np.asarray(labels)
        self.labels = torch.as_tensor(held)
        if self.labels.dtype in (torch.int8, torch.int16, torch.int32, torch.uint8, torch.bool):
            self.labels = self.labels.long()
        self.classes = self.labels.dtype == torch.int64 and self.labels.ndim == 1
        if self.classes and len(self.labels) and int(self.labels.min()) < 0:
            raise ValidationError(f"{where}, labels", f"hold {int(self.labels.min())}",
                                  "whole numbers from 0 on")  # fmt: skip
        self.inputs = {}
        for name, value in given.items():
            if name not in sizes:
                raise ValidationError(f"{where}, inputs", f"nothing is fed as {name!r}",
                                      f"known: {', '.join(sizes) or 'nothing'}")  # fmt: skip
            array = torch.as_tensor(np.asarray(value) if isinstance(value, list) else value)
            if len(array) != len(self.labels):
                raise ValidationError(where, f"{len(array)} inputs and {len(self.labels)} labels",
                                      "as many")  # fmt: skip
            if array.is_floating_point() and not bool(torch.isfinite(array).all()):
                raise ValidationError(f"{where}, inputs", "hold NaN or infinities",
                                      "finite numbers")  # fmt: skip
            self.inputs[name] = arranged(array, sizes[name], where)
        if not len(self.labels):
            raise ValidationError(where, "is empty", "at least one sample")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: np.ndarray) -> tuple[Any, Any]:
        """Some samples."""
        rows = torch.from_numpy(np.ascontiguousarray(which, dtype=np.int64))
        made = {}
        for name, array in self.inputs.items():
            part = array[rows]
            part = part if part.is_floating_point() else part.float()
            made[name] = part.transpose(0, 1).contiguous() if part.ndim == 3 else part
        return made, self.labels[rows]


def arranged(array: Any, size: int, where: str) -> Any:
    """(samples, size) or (samples, steps, size), whatever the axes of a sample are."""
    shape = tuple(array.shape)
    if int(np.prod(shape[1:])) == size:
        return array.reshape(shape[0], size)
    if len(shape) >= 3 and int(np.prod(shape[2:])) == size:
        return array.reshape(shape[0], shape[1], size)
    raise ValidationError(f"{where}, inputs", f"shape {shape}",
                          f"(samples, {size}) or (samples, steps, {size})")  # fmt: skip


class ItemSource(Source):
    """A data set of (sample, label); samples are (steps, neurons), or (neurons,)."""

    def __init__(self, data: Any, sizes: Mapping[str, int], steps: int | None, where: str) -> None:
        self.data, self.steps, self.where = data, steps, where
        self.name = _only(sizes, where)
        self.size = sizes[self.name]
        if not len(data):
            raise ValidationError(where, "is empty", "at least one sample")

    def __len__(self) -> int:
        return len(self.data)

    def take(self, which: np.ndarray) -> tuple[Any, Any]:
        """Some samples; shorter ones are padded with zeros."""
        items, labels = [], []
        for k in which:
            item, label = self.data[int(k)]
            items.append(arranged(torch.as_tensor(item).float()[None], self.size, self.where)[0])
            labels.append(int(label))
        if len({item.ndim for item in items}) != 1:
            raise ValidationError(self.where, "some samples have steps, some not", "all or none")
        if items[0].ndim == 1:
            return {self.name: torch.stack(items)}, torch.tensor(labels)
        made = torch.nn.utils.rnn.pad_sequence(items)
        if self.steps is not None:
            if len(made) > self.steps:
                raise ValidationError(f"{self.where}, steps", f"are {self.steps}, and a sample has "
                                      f"{len(made)}", "at least as many")  # fmt: skip
            made = torch.nn.functional.pad(made, (0, 0, 0, 0, 0, self.steps - len(made)))
        return {self.name: made}, torch.tensor(labels)


class SampleSource(Source):
    """`Samples` too large to be held: each batch is made when it is asked for."""

    def __init__(self, samples: Samples, name: str, how: dict[str, Any]) -> None:
        self.samples, self.name, self.how = samples, name, how

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, which: np.ndarray) -> tuple[Any, Any]:
        """Some samples."""
        (batch,) = self.samples.subset(np.asarray(which)).batches(len(which), **self.how)
        return {self.name: torch.from_numpy(batch.inputs)}, torch.from_numpy(batch.labels)


def _of_samples(
    samples: Samples, sizes: Mapping[str, int], steps: int | None, where: str
) -> Source:
    name = _only(sizes, where)
    if not len(samples):
        raise ValidationError(where, "is empty", "at least one sample")
    how: dict[str, Any] = {} if steps is None else {"bins": steps}
    source = SampleSource(samples, name, how)
    first = source.take(np.arange(1))[0][name]
    if first.shape[2] != sizes[name]:
        raise ValidationError(where, f"samples of {first.shape[2]} units",
                              f"{sizes[name]}, as the network has")  # fmt: skip
    if 4.0 * first.numel() * len(samples) > _HELD * available_memory():
        return source
    inputs, labels = source.take(np.arange(len(samples)))
    held = inputs[name].transpose(0, 1).contiguous()
    return ArraySource({name: held}, labels.numpy(), sizes, where)


def _only(sizes: Mapping[str, int], where: str) -> str:
    if len(sizes) != 1:
        raise ValidationError(where, f"one input for {len(sizes)} drives",
                              f"a dict by {', '.join(sizes) or 'nothing'}")  # fmt: skip
    return next(iter(sizes))
