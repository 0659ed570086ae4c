"""Whatever turns a signal into events, as one function of the signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ..encoders.base import Encoder
from ..events import UnitEvents

__all__ = ["Encoded", "hearing"]


@dataclass(frozen=True)
class Encoded:
    """An encoder that knows the sampling step, and begins where each signal does.

    Parameters
    ----------
    encoder
        One that has a `start` gets that of the signal's first sample.
    dt
        ms between samples.
    """

    encoder: Encoder
    dt: float

    def __call__(self, signal: Any) -> UnitEvents:
        """Encode a whole signal, of shape (samples,) or (samples, channels)."""
        encoder = self.encoder
        values = np.asarray(signal)
        if len(values) and any(one.name == "start" for one in fields(encoder)):
            changed: dict[str, Any] = {"start": values[0]}
            encoder = replace(encoder, **changed)
        return encoder.encode(values, self.dt)


def hearing(front_end: Any, dt: float) -> Callable[[Any], Any]:
    """The function that makes events of a signal.

    Parameters
    ----------
    front_end
        Something with `hear` or `feel`, an encoder, or a function.
    dt
        ms between samples of the signals; 0 where they have none.

    Raises
    ------
    ValidationError
        If it is none of these, or made for another sampling rate.
    """
    for name in ("hear", "feel"):
        if hasattr(front_end, name):
            if dt and abs(front_end.rate * dt * 1e-3 - 1.0) > 1e-6:
                raise ValidationError(
                    f"{type(front_end).__name__}.rate", f"is {front_end.rate:g} Hz",
                    f"that of the signals, {1e3 / dt:g} Hz",
                )  # fmt: skip
            found: Callable[[Any], Any] = getattr(front_end, name)
            return found
    if isinstance(front_end, Encoder):
        if not dt:
            raise ValidationError("Samples.events", "these are no signals", "samples with a dt",
                                  "map functools.partial(encoder.encode, dt=...)")  # fmt: skip
        return Encoded(front_end, dt)
    if not callable(front_end):
        raise ValidationError(
            "Samples.events", f"got {shorten(front_end)}", "a cochlea, a skin, an encoder or a "
            "function that takes a signal and gives events",
        )  # fmt: skip
    taken: Callable[[Any], Any] = front_end
    return taken
