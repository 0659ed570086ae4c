"""Spike-driven synaptic plasticity, as ODIN's synapses have it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...errors import ValidationError, shorten
from ...units import magnitude, parse_unit

__all__ = ["SDSPRule", "checked_sdsp"]

#: Calcium has three bits, and what it waits for until it falls five.
_CALCIUM, _WAIT = 7, 31


class SDSPRule:
    """How the synapses of a projection learn on ODIN: by calcium and potential of the target.

    Every neuron counts its spikes in a variable of three bits, calcium, which falls by 1 with every
    `calcium_leak`-th time reference. When a spike of the source passes a synapse, and the target
    has taken it in, the weight, 0 to 7, rises by 1 if the potential is at `theta_mem` or above and
    calcium from `theta_1` up to, but not including, `theta_3`; it falls by 1 if the potential is
    below and calcium from `theta_1` up to `theta_2`. A neuron that has just fired is at 0. Without
    spikes weights stay, or, with `drift`, go by 1 towards the nearer end: 7 from 4 on, else 0.

    Parameters
    ----------
    theta_mem
        In the unit of the target's potential.
    theta_1, theta_2, theta_3
        Levels of calcium, 0 to 7.
    calcium_leak
        Time references that calcium takes to fall by 1, 1 to 31; 0: it never falls.
    reference
        ms between two time references.
    drift
        ms between two bistability events; None for none.
    w_max
        The weight that 7 stands for, in the description's unit; the greatest of the initial
        weights unless given. What excites stays excitation, what inhibits inhibition.

    Raises
    ------
    ValidationError
        If a number is out of range.

    Notes
    -----
    Brader, Senn and Fusi 2007, Neural Comput 19:2881, has the rule; Frenkel et al. 2019, IEEE TBCAS
    13:145, the three bits, and the published Verilog their order.
    """

    def __init__(
        self,
        theta_mem: Any,
        theta_1: int,
        theta_2: int,
        theta_3: int,
        *,
        calcium_leak: int = 0,
        reference: Any = 1.0,
        drift: Any = None,
        w_max: float | None = None,
    ) -> None:
        self.theta_mem = theta_mem
        levels = {"theta_1": theta_1, "theta_2": theta_2, "theta_3": theta_3}
        for name, given in levels.items():
            _whole(name, given, _CALCIUM)
        self.theta_1, self.theta_2, self.theta_3 = theta_1, theta_2, theta_3
        self.calcium_leak = _whole("calcium_leak", calcium_leak, _WAIT)
        self.reference = _period("reference", reference)
        self.drift = None if drift is None else _period("drift", drift)
        if w_max is not None and not (isinstance(w_max, int | float) and 0 < w_max < math.inf):
            raise ValidationError("SDSPRule.w_max", f"got {shorten(w_max)}", "a number above 0")
        self.w_max = None if w_max is None else float(w_max)

    def __repr__(self) -> str:
        levels = f"{self.theta_1}, {self.theta_2}, {self.theta_3}"
        return f"SDSPRule({self.theta_mem!r}, {levels}, calcium_leak={self.calcium_leak})"

    @property
    def of_neurons(self) -> tuple[Any, ...]:
        """What belongs to the target, not to the synapse: the same of all that end there."""
        levels = (self.theta_1, self.theta_2, self.theta_3)
        return (*levels, self.theta_mem, self.calcium_leak, self.w_max)


def _whole(name: str, given: Any, most: int) -> int:
    whole = isinstance(given, int) and not isinstance(given, bool)
    if not whole or not 0 <= given <= most:
        raise ValidationError(f"SDSPRule.{name}", f"got {shorten(given)}", f"0 to {most}")
    return given


def _period(name: str, given: Any) -> float:
    ms = magnitude(given, parse_unit("ms"), f"SDSPRule.{name}")
    if not isinstance(ms, int | float) or not 0 < ms < math.inf:
        raise ValidationError(f"SDSPRule.{name}", f"got {shorten(given)}", "a time above 0 ms")
    return float(ms)


def checked_sdsp(learning: Any, where: str) -> Mapping[str, SDSPRule]:
    """Rules by projection.

    Raises
    ------
    ValidationError
        If anything is no `SDSPRule`, or two have other time references, of which there is one.
    """
    if learning is None:
        return {}
    if not isinstance(learning, dict):
        raise ValidationError(where, f"got {shorten(learning)}", "a dict of SDSPRule by name")
    for name, rule in learning.items():
        if not isinstance(rule, SDSPRule):
            raise ValidationError(f"{where}[{name!r}]", f"got {shorten(rule)}", "a SDSPRule")
    if len({(rule.reference, rule.drift) for rule in learning.values()}) > 1:
        raise ValidationError(where, "rules differ in reference or drift", "the same of all rules",
                              "these events are the whole chip's")  # fmt: skip
    return learning
