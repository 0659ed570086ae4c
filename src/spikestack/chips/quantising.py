"""A network in a chip's arithmetic, and what the change cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import ValidationError
from ..network.network import Network

__all__ = ["Loss", "Quantised", "loss_of", "refuse_crossbars"]


@dataclass(frozen=True)
class Loss:
    """How far a chip's numbers are from those they stand for.

    Attributes
    ----------
    bits
        That the numbers take.
    error
        Root of the mean square of the difference, by that of the numbers.
    greatest
        The greatest difference, by the greatest number.
    vanished
        Share of numbers that became 0 and were not.
    """

    bits: float
    error: float
    greatest: float
    vanished: float


@dataclass(frozen=True)
class Quantised:
    """What `Chip.quantise` gives.

    Attributes
    ----------
    network
        In the chip's numbers; run it in double precision with steps of `dt` to see what the chip
        does, on one core without bounds.
    late
        Steps by which each population is later than described.
    scales
        How many units of the chip one unit of a population's potential is.
    zeros
        The potential that is the chip's 0.
    formats
        By projection, how its synapses are stored: ``"dense"``, ``"sparse"``, ``"convolutional"``.
    losses
        By ``"projection"`` and ``"population.parameter"``.
    dt
        ms of a step.
    notes
        What one must know of it, in sentences.
    described
        What it was made of.

    A population that is not in `scales` is outside the chip: a source, or a readout that never
    fires and that the host computes from the spikes it is sent.
    """

    network: Network
    late: Mapping[str, int]
    scales: Mapping[str, np.ndarray]
    zeros: Mapping[str, np.ndarray]
    formats: Mapping[str, str]
    losses: Mapping[str, Loss]
    dt: float = 1.0
    notes: tuple[str, ...] = ()
    described: Network | None = None

    def __str__(self) -> str:
        rows = ["what              bits  error %  greatest %  vanished %"]
        for name, loss in self.losses.items():
            numbers = (100 * loss.error, 100 * loss.greatest, 100 * loss.vanished)
            rows.append(f"{name:16}  {loss.bits:4g}  " + "  ".join(f"{n:8.3g}" for n in numbers))
        return "\n".join([*rows, *self.notes])


def loss_of(given: np.ndarray, made: np.ndarray, bits: float) -> Loss:
    """Compare numbers with what they have become, in the same unit."""
    given, made = np.asarray(given, float).ravel(), np.asarray(made, float).ravel()
    if not len(given) or not np.any(given):
        return Loss(bits, 0.0, 0.0, 0.0)
    apart = np.abs(made - given)
    size = np.sqrt(np.mean(given**2))
    return Loss(
        bits,
        float(np.sqrt(np.mean(apart**2)) / size),
        float(apart.max() / np.abs(given).max()),
        float(np.mean((made == 0) & (given != 0))),
    )


def refuse_crossbars(network: Network, chip: str) -> None:
    """Raise ValidationError if devices of a crossbar stand behind any weights."""
    for name, projection in network.projections.items():
        if projection.realised_by is not None:
            raise ValidationError(
                f"Projection {name!r}.realised_by",
                f"{projection.realised_by.device.label} behind weights on {chip}",
                "weights in the chip's own memory",
                "describe the network without realised_by for a chip",
            )
