"""Costs of activity, to be added to a loss: functions of what a network did."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import UnknownNameError, ValidationError, shorten
from .module import Output

__all__ = ["at_least", "at_most"]


def _chosen(output: Output, populations: tuple[str, ...]) -> Iterable[Any]:
    for name in populations or tuple(output.spikes):
        if name not in output.spikes:
            raise UnknownNameError("regulariser, populations", name, output.spikes)
        yield output.spikes[name].sum(0)


def _checked(bound: float, strength: float, where: str) -> None:
    for name, value in (("bound", bound), ("strength", strength)):
        if not isinstance(value, int | float) or not value >= 0:
            raise ValidationError(f"{where}, {name}", f"got {shorten(value)}", "0 or more")


def at_least(bound: float, *populations: str, strength: float = 1e-3) -> Callable[[Output], Any]:
    """Charge neurons that fire less than `bound` spikes per sample: none should be silent.

    ``strength * sum over i of max(0, bound - r_i)**2``, where r_i is the mean over the batch.

    Parameters
    ----------
    bound
        Spikes per sample.
    populations
        All that spike by default, sources included: name those that learn.
    strength
        Of the cost.

    Notes
    -----
    Zenke and Vogels 2021, Neural Comput 33:899.
    """
    _checked(bound, strength, "at_least")

    def cost(output: Output) -> Any:
        silent = ((bound - n.mean(0)).clamp(min=0) for n in _chosen(output, populations))
        return strength * sum((r**2).sum() for r in silent)

    return cost


def at_most(bound: float, *populations: str, strength: float = 1e-3) -> Callable[[Output], Any]:
    """Charge populations whose neurons fire more than `bound` spikes per sample on average.

    ``strength * sum over samples of max(0, mean over i of r_i - bound)**2``, as a mean over the
    batch; `populations` and `strength` as in `at_least`.

    Notes
    -----
    Zenke and Vogels 2021, Neural Comput 33:899.
    """
    _checked(bound, strength, "at_most")

    def cost(output: Output) -> Any:
        above = ((n.mean(1) - bound).clamp(min=0) for n in _chosen(output, populations))
        return strength * sum((r**2).mean() for r in above)

    return cost
