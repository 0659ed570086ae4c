"""Poisson input whose rate changes in time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..synapses.base import Synapse
from ..units import magnitude, parse_unit
from .inputs import Input, Poisson

__all__ = ["InhomogeneousPoisson"]

_MOST_PIECES = 10_000


class InhomogeneousPoisson(Input):
    """Independent Poisson trains with rates that change at given times and hold in between.

    Parameters
    ----------
    times
        ms, ascending, >= 0: when each rate begins; before the first there are no events.
    rates
        Hz, >= 0: one for each time, shape (times,), or one for each time and neuron, shape
        (times, neurons).
    weight, synapse
        As for `Poisson`.
    stop
        The time in ms at which the last rate ends.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(0.0, 1000.0, 5.0)
    >>> drive = InhomogeneousPoisson(t, 20 * (1 + np.sin(2 * np.pi * t / 250)), weight=0.1)
    """

    def __init__(
        self,
        times: Any,
        rates: Any,
        weight: Any = None,
        *,
        synapse: Synapse | None = None,
        stop: Any = math.inf,
    ) -> None:
        self.times = _numbers(times, "ms", "InhomogeneousPoisson.times")
        self.rates = _numbers(rates, "Hz", "InhomogeneousPoisson.rates")
        self.stop = magnitude(stop, parse_unit("ms"), "InhomogeneousPoisson.stop")
        pieces = len(self.times)
        if self.times.ndim != 1 or not 0 < pieces <= _MOST_PIECES:
            raise ValidationError(
                "InhomogeneousPoisson.times",
                f"has shape {self.times.shape}",
                f"1 to {_MOST_PIECES} times",
                "sample the rate at longer intervals",
            )
        if self.rates.ndim not in (1, 2) or len(self.rates) != pieces:
            raise ValidationError(
                "InhomogeneousPoisson.rates",
                f"has shape {self.rates.shape}",
                f"({pieces},) or ({pieces}, neurons)",
            )
        if not (self.times[0] >= 0 and (np.diff(self.times) > 0).all()):
            raise ValidationError(
                "InhomogeneousPoisson.times", f"{shorten(self.times)}", "ascending, >= 0 ms"
            )
        if not self.stop >= self.times[-1]:
            raise ValidationError(
                "InhomogeneousPoisson.stop", f"is {self.stop} ms", "not before the last time"
            )
        if self.rates.min() < 0 or self.rates.max() > 1e7:
            raise ValidationError(
                "InhomogeneousPoisson.rates",
                f"from {self.rates.min():g} to {self.rates.max():g} Hz",
                "0 to 1e7 Hz",
            )
        self._take_synapse(weight, synapse)

    def check(self, size: int, where: str) -> None:
        """Raise ValidationError unless rates by neuron are for `size` neurons."""
        if self.rates.ndim == 2 and self.rates.shape[1] != size:
            raise ValidationError(
                f"{where}, InhomogeneousPoisson.rates",
                f"for {self.rates.shape[1]} neurons",
                f"one column for each of the {size} neurons",
            )

    def pieces(self) -> list[Poisson]:
        """Inputs of constant rate, one for each time at which some rate is not 0."""
        ends = np.append(self.times[1:], self.stop)
        return [
            Poisson(rate, start=start, stop=stop)
            for start, stop, rate in zip(self.times, ends, self.rates)
            if np.any(rate > 0)
        ]


def _numbers(given: Any, unit: str, where: str) -> np.ndarray:
    plain = np.asarray(given) if isinstance(given, list | tuple) else given
    values = np.atleast_1d(magnitude(plain, parse_unit(unit), where))
    if not np.isfinite(values).all():
        raise ValidationError(where, f"{shorten(given)}", f"finite numbers in {unit}")
    return values
