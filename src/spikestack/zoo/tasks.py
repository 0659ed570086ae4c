"""What the networks of the zoo were trained for: samples, split once and for all."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import MissingExtraError, UnknownNameError

__all__ = ["TASKS", "Task", "task"]

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]

_PARTS = ("train", "validation", "test")
_TEN = tuple(str(digit) for digit in range(10))


@dataclass(frozen=True)
class Task:
    """Samples with labels, in three parts.

    Attributes
    ----------
    name
    about
        One line.
    input
        ``drive``, ``shape``, ``steps``, ``dt`` (ms): how a sample is fed.
    classes
        Names of the labels 0, 1, ...
    read
        Gives inputs, labels and the places of the three parts.
    """

    name: str
    about: str
    input: dict[str, Any]
    classes: tuple[str, ...]
    read: Callable[[], tuple[np.ndarray, np.ndarray, Parts]]

    def samples(self, part: str = "test") -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels (int64) of ``"train"``, ``"validation"`` or ``"test"``.

        Inputs are float32: (samples, neurons), held for all steps, or (samples, steps, neurons).

        Raises
        ------
        MissingExtraError
            Without scikit-learn.
        """
        if part not in _PARTS:
            raise UnknownNameError(f"task {self.name!r}", part, _PARTS)
        inputs, labels, parts = self.read()
        places = parts[_PARTS.index(part)]
        return inputs[places], labels[places]


def task(name: str) -> Task:
    """A task by name.

    Raises
    ------
    UnknownNameError
        If there is none of this name.
    """
    if name not in TASKS:
        raise UnknownNameError("task", name, TASKS)
    return TASKS[name]


def _digits() -> tuple[np.ndarray, np.ndarray, Parts]:
    try:
        datasets: Any = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise MissingExtraError("the task 'digits'", "demo") from error
    pixels, labels = datasets.load_digits(return_X_y=True)
    return (pixels / 16).astype(np.float32), labels, _stratified(labels)


def _stratified(labels: np.ndarray) -> Parts:
    """70, 10 and 20 % of each class: the first split of examples/train_digits.py."""
    rng, cuts = np.random.default_rng(0), []
    for label in np.unique(labels):
        mine = rng.permutation(np.flatnonzero(labels == label))
        cuts.append(np.split(mine, [round(0.7 * len(mine)), round(0.8 * len(mine))]))
    train, validation, test = (np.concatenate(part) for part in zip(*cuts))
    return train, validation, test


def _camera() -> tuple[np.ndarray, np.ndarray, Parts]:
    from ..demo.camera import see, splits

    seen = see()
    steps = seen.steps().swapaxes(0, 1)
    return steps.reshape(*steps.shape[:2], -1), seen.labels, splits(seen.labels, seed=1)


TASKS = {
    made.name: made
    for made in (
        Task(
            "digits",
            "scikit-learn's digits of 8 x 8 grey levels, divided by 16 and held for all steps; "
            "20 % of each class are the test",
            {"drive": "ExternalSpikes->pixels", "shape": [64], "steps": 25, "dt": 1.0},
            _TEN,
            _digits,
        ),
        Task(
            "digits-camera",
            "the same digits before an emulated event camera of 20 x 20 pixels and two "
            "polarities, 300 ms in 20 steps; two ninths of each class are the test",
            {"drive": "events", "shape": [2, 20, 20], "steps": 20, "dt": 1.0},
            _TEN,
            _camera,
        ),
    )
}
