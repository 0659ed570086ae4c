"""Weights that crossbar neurons realise by chance: each event adds 1, or -1, or nothing.

A synapse whose type of axon is drawn compares a random number of 8 bits with its weight's
magnitude, and adds the weight's sign if that is not less: with probability ``(|weight| + 1)/256``
(Cassidy et al. 2013, IJCNN, doi:10.1109/IJCNN.2013.6707077).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from ...network.network import Network
from .crossbar_codes import Coded

__all__ = ["checked_choice", "drawn_code", "mean_values", "populations_drawn"]

#: Choice of populations: all, none, or by name.
Choice = bool | Collection[str]
_LEVELS = 256.0


def checked_choice(given: Any, where: str) -> Choice:
    """True, False, or names of populations.

    Raises
    ------
    ValidationError
        If it is none of these.
    """
    if isinstance(given, bool):
        return given
    if isinstance(given, str):
        return (given,)
    if isinstance(given, list | tuple | set | frozenset) and all(isinstance(n, str) for n in given):
        return tuple(given)
    raise ValidationError(where, f"got {shorten(given)}", "True, False, or names of populations")


def populations_drawn(choice: Choice, network: Network, on_chip: Collection[str]) -> frozenset[str]:
    """Populations of the chip whose synapses are drawn.

    Raises
    ------
    UnknownNameError, ValidationError
        If a name is of no population, or of one outside the chip.
    """
    if isinstance(choice, bool):
        return frozenset(on_chip) if choice else frozenset()
    for name in choice:
        if name not in network.populations:
            raise UnknownNameError("stochastic_synapses", name, network.populations)
        if name not in on_chip:
            raise ValidationError("stochastic_synapses", f"{name!r} is outside the chip",
                                  "populations on it")  # fmt: skip
    return frozenset(choice)


def drawn_code(code: Coded, targets: np.ndarray, reach: np.ndarray) -> Coded:
    """The same weights as probabilities, of 8 bits.

    What an event adds if it passes is a unit of each neuron: the least that is not below the
    greatest of its four values and of which its threshold is a whole multiple.

    Parameters
    ----------
    code
        Of the weights onto a population.
    targets
        Neuron of each weight.
    reach
        Of each neuron, from its reset to its threshold.

    Returns
    -------
    Coded
        `values` are those that are compared with random numbers, `unit` what a passed event adds.
    """
    wanted = code.values * code.unit[:, None]
    greatest = np.abs(wanted).max(1)
    greatest = np.where(greatest > 0, greatest, reach)
    times = np.floor(reach / greatest * (1.0 + 1e-9))
    unit = np.where(times >= 1, reach / np.maximum(times, 1.0), greatest)
    size = np.clip(np.rint(_LEVELS * np.abs(wanted) / unit[:, None]) - 1.0, 0.0, _LEVELS - 1.0)
    values = (np.sign(wanted) * size).astype(np.int64)
    # Of magnitude 0 a weight has no sign, and adds nothing.
    live = ((values != 0) << np.arange(4)).sum(1).astype(np.uint8)
    return replace(code, values=values, unit=unit, masks=code.masks & live[targets], exact=False)


def mean_values(
    values: Mapping[str, np.ndarray], draws: Mapping[str, np.ndarray], name: str
) -> np.ndarray:
    """What an event adds on average, of each neuron of a population by type of axon, float64."""
    given = values[name].astype(float)
    passed = np.sign(given) * (np.abs(given) + 1.0) / _LEVELS
    return np.where(draws.get(name, np.zeros(1)) > 0, passed, given)
