"""What all standard models here share: names that stay as they are, receptors told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
from pyNN.standardmodels import build_translations

from ...synapses.alpha_conductance import AlphaConductance
from ...synapses.alpha_current import AlphaCurrent
from ...synapses.base import Synapse
from ...synapses.delta import Delta
from ...synapses.exponential_conductance import ExponentialConductance
from ...synapses.exponential_current import ExponentialCurrent
from ..native import Recordable

__all__ = ["alone", "deltas", "kept", "pair", "picked", "receptor", "synaptic"]

#: PyNN's names of a pair of receptors, and the letter and the syllable of their parameters.
_PAIR = (("excitatory", "E", "exc"), ("inhibitory", "I", "inh"))


def kept(names: Iterable[str]) -> dict[str, Any]:
    """Translations that translate nothing: native parameters bear PyNN's names."""
    made: dict[str, Any] = build_translations(*((name, name) for name in names))
    return made


def alone(value: Any) -> Any:
    """The number, where an array holds the same one for all; else the array."""
    array = np.asarray(value)
    if array.ndim and array.dtype != object and array.size and (array == array.flat[0]).all():
        return float(array.flat[0])
    return value


def picked(parameters: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Some of the parameters, under our names: ``picked(parameters, v_rest="v_rest")``."""
    return {ours: alone(parameters[theirs]) for ours, theirs in names.items()}


@cache
def receptor(kind: type[Synapse], name: str) -> type[Synapse]:
    """A synapse of the kind whose receptor is never shared with one of another name."""
    doc = f"{kind.__name__} of the receptor type {name!r}."
    return type(f"{name.capitalize()}{kind.__name__}", (kind,), {"__doc__": doc})


def pair(
    parameters: Mapping[str, Any], kind: type[Synapse], **fixed: float
) -> dict[str, Callable[..., Synapse]]:
    """Makers of an excitatory and an inhibitory receptor; `fixed` are parameters like e_rev_E."""
    values = {**parameters, **fixed}
    made: dict[str, Callable[..., Synapse]] = {}
    for name, letter, _ in _PAIR:
        own = {"tau_syn": alone(values[f"tau_syn_{letter}"])}
        if "e_rev" in kind.declared_parameters():
            own["e_rev"] = alone(values[f"e_rev_{letter}"])
        made[name] = partial(receptor(kind, name), **own)
    return made


def deltas() -> dict[str, Callable[..., Synapse]]:
    """Makers of synapses whose weight is a jump of the potential in mV."""
    return {name: Delta for name, _, _ in _PAIR}


def synaptic(kind: type[Synapse]) -> tuple[dict[str, Recordable], dict[str, str]]:
    """Recordables and state variables of a pair of receptors, by PyNN's names."""
    conductance = issubclass(kind, ExponentialConductance | AlphaConductance)
    current = issubclass(kind, ExponentialCurrent | AlphaCurrent)
    assert conductance or current
    letter, stem, unit = ("g", "gsyn", "uS") if conductance else ("i", "isyn", "nA")
    names = {f"{stem}_{short}": f"{name}.{letter}" for name, _, short in _PAIR}
    return {pynn: Recordable(ours, unit=unit) for pynn, ours in names.items()}, names
