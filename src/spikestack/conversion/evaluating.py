"""Accuracy of a converted network, and its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ValidationError
from .running import Answer

__all__ = ["Evaluation", "evaluated"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well a converted network does.

    Attributes
    ----------
    accuracy
        Share of samples whose greatest output, after the last step, is the right one.
    by_step
        The same after each step.
    original
        Of the trained network.
    agreement
        Share of samples on which both give the same answer.
    spikes, synops
        Per sample, on average.
    """

    accuracy: float
    by_step: np.ndarray
    original: float
    agreement: float
    spikes: float
    synops: float

    @property
    def lost(self) -> float:
        """Points lost by conversion, in percent."""
        return 100 * (self.original - self.accuracy)

    def __repr__(self) -> str:
        return (
            f"<Evaluation: {100 * self.accuracy:.2f} %, trained {100 * self.original:.2f} %, "
            f"{self.spikes:,.0f} spikes and {self.synops:,.0f} synaptic operations a sample>"
        )


def evaluated(answer: Answer, original: np.ndarray, labels: Any) -> Evaluation:
    """Compare answers with what is right."""
    right = np.asarray(labels).ravel()
    if len(right) != len(original):
        raise ValidationError("evaluate, labels", f"{len(right)} of them", f"{len(original)}")
    own = original.reshape(len(original), -1).argmax(1)
    chosen = answer.history.argmax(2)
    return Evaluation(
        float((chosen[-1] == right).mean()), (chosen == right).mean(1),
        float((own == right).mean()), float((chosen[-1] == own).mean()),
        float(answer.spikes.mean()), float(answer.synops.mean()),
    )  # fmt: skip
