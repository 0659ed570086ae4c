"""What the networks of the zoo cost on their tasks, in NeuroBench's terms."""

from __future__ import annotations

import numpy as np

from ..errors import ValidationError, shorten
from ..metrics import Measurement, measure
from .entries import entry, load
from .tasks import task

__all__ = ["measured"]

#: ms of data that a step stands for, by task; of still images, none.
_STEP = {
    "nmnist": 35.0, "braille": 10.0, "braille-events": 10.0, "speech": 12.5, "digits-camera": 15.0,
}  # fmt: skip


def measured(name: str, limit: int | None = None, on: str = "cpu") -> Measurement:
    """Metrics of a network on the test samples of its task.

    Parameters
    ----------
    name
        Of the network; see `entries`.
    limit
        Take only so many samples, evenly from all of them.
    on
        As of `metrics.measure`.

    Raises
    ------
    UnknownNameError
        If there is none of this name.
    ValidationError
        If recordings are needed that are not here.
    MissingExtraError
        If the task's samples need a part that is not installed.
    """
    if limit is not None and (isinstance(limit, bool) or limit < 1):
        raise ValidationError("measured, limit", f"got {shorten(limit)}", "1 or more")
    found = entry(name)
    given = task(found.task)
    inputs, labels = given.samples("test")
    if limit is not None and limit < len(labels):
        chosen = np.linspace(0, len(labels) - 1, limit).round().astype(np.int64)
        inputs, labels = inputs[chosen], labels[chosen]
    how = given.input
    return measure(
        load(name), {how["drive"]: inputs}, labels, dt=how["dt"], steps=how["steps"], on=on,
        answer=given.answer, data_step=_STEP.get(found.task),
    )  # fmt: skip
