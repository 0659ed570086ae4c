"""Senses that fall silent: for training that does without, and for trying how it goes without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from ...numerics.random import stream_key, uniform
from ..events import Events

__all__ = ["drop_sense"]


def drop_sense(
    sensors: Mapping[str, Events],
    probability: float | Mapping[str, float] = 0.2,
    *,
    seed: int = 0,
    sample: int = 0,
) -> dict[str, Events]:
    """The senses of a sample without those that chance takes away; one at least is left.

    ``join_sensors(drop_sense(sensors), lanes)`` keeps the places of those that are gone. Each sense
    is dropped independently; if that would leave none, the one that was dropped most narrowly
    stays.

    Parameters
    ----------
    sensors
        Events by name.
    probability
        For each sense, or by name (0 for those not named): ``{"eye": 1.0}`` takes the eye away.
    seed, sample
        What the draw depends on, besides the name of the sense: number the samples.

    Raises
    ------
    UnknownNameError
        If a probability is of no sense.
    ValidationError
        If it is not from 0 to 1, or all are 1.
    """
    where = "drop_sense"
    chances: Mapping[str, Any] = (
        probability if isinstance(probability, Mapping) else dict.fromkeys(sensors, probability)
    )
    for name, chance in chances.items():
        if name not in sensors:
            raise UnknownNameError(where, name, sensors)
        if not isinstance(chance, int | float) or not 0 <= chance <= 1:
            raise ValidationError(
                f"{where}, probability of {name!r}",
                f"got {shorten(chance)}",
                "0 to 1",
            )
    if not sensors or all(chances.get(name, 0.0) == 1 for name in sensors):
        raise ValidationError(where, f"would leave none of {len(sensors)}", "one that may stay")
    if not isinstance(sample, int | np.integer) or sample < 0:
        raise ValidationError(f"{where}, sample", f"got {shorten(sample)}", "a number from 0 on")
    at = np.array([sample], np.uint64)
    luck = {
        name: float(uniform(stream_key(seed, name, "drop sense"), at)[0]) - chances.get(name, 0.0)
        for name in sensors
    }
    kept = [name for name in sensors if luck[name] >= 0]
    if not kept:
        kept = [max(luck, key=lambda name: luck[name])]
    return {name: sensors[name] for name in kept}
