"""What the networks of the zoo were trained for: samples, split once and for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..errors import UnknownNameError
from . import samples

__all__ = ["TASKS", "Task", "task"]

_TEN = tuple(str(digit) for digit in range(10))
_LETTERS = ("Space", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


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
        Gives inputs and labels of one part, by its name.
    answer
        Which potential of the readout decides: its ``"mean"``, or the ``"last"``.
    """

    name: str
    about: str
    input: dict[str, Any]
    classes: tuple[str, ...]
    read: Callable[[str], tuple[np.ndarray, np.ndarray]]
    answer: str = "mean"

    def samples(self, part: str = "test") -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels (int64) of ``"train"``, ``"validation"`` or ``"test"``.

        Inputs are float32: (samples, neurons), held for all steps, or (samples, steps, neurons).

        Raises
        ------
        MissingExtraError
            Without the package that brings the images.
        ValidationError
            Where recordings are needed that are not here.
        """
        if part not in samples.PARTS:
            raise UnknownNameError(f"task {self.name!r}", part, samples.PARTS)
        return self.read(part)


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


def _fed(drive: str, shape: list[int], steps: int, dt: float = 1.0) -> dict[str, Any]:
    return {"drive": drive, "shape": shape, "steps": steps, "dt": dt}


_MNIST = "digits of MNIST, 28 x 28 pixels from 0 to 1, held for {} steps; 100 of each are the test"

TASKS = {
    made.name: made
    for made in (
        Task(
            "digits",
            "scikit-learn's digits of 8 x 8 grey levels, divided by 16 and held for all steps; "
            "20 % of each class are the test",
            _fed("ExternalSpikes->pixels", [64], 25),
            _TEN,
            samples.digits,
        ),
        Task(
            "digits-camera",
            "the same digits before an emulated event camera of 20 x 20 pixels and two "
            "polarities, 300 ms in 20 steps; two ninths of each class are the test",
            _fed("events", [2, 20, 20], 20),
            _TEN,
            samples.camera,
        ),
        Task(
            "mnist", _MNIST.format(12), _fed("ExternalSpikes->pixels", [28, 28], 12), _TEN,
            samples.mnist,
        ),
        Task(
            "mnist-dealt", _MNIST.format(10) + ", by another split",
            _fed("input", [1, 28, 28], 10), _TEN, samples.mnist_dealt,
        ),
        Task(
            "mnist-converted",
            _MNIST.format(4) + ", by a third split; the potential after the last step decides",
            _fed("input", [1, 28, 28], 4), _TEN, samples.mnist_converted, "last",
        ),
        Task(
            "nmnist",
            "900 digits of N-MNIST before an event camera of 34 x 34 pixels and two polarities, "
            "315 ms in 9 steps; 100 are the test",
            _fed("input", [2, 34, 34], 9), _TEN, samples.nmnist,
        ),
        Task(
            "speech",
            "spoken digits of five speakers, 40 mel bands less their mean in 56 steps of 12.5 ms; "
            "takes 0 to 4 are the test",
            _fed("ExternalSpikes->bands", [40], 56), _TEN, samples.speech,
        ),
        Task(
            "braille",
            "Braille letters under 12 taxels, each pressure above and below its mean in 76 steps "
            "of 10 ms; repetitions 30 to 39 are the test",
            _fed("ExternalSpikes->taxels", [24], 76), _LETTERS,
            partial(samples.braille, events=False), "last",
        ),
        Task(
            "braille-events", "the same letters as events of send-on-delta",
            _fed("ExternalSpikes->taxels", [24], 76), _LETTERS,
            partial(samples.braille, events=True),
        ),
    )
}  # fmt: skip
