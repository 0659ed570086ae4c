"""What of a network is trained: weights, parameters of models, delays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from ..errors import UnknownNameError, ValidationError
from ..program.lower import drafts_of
from .delays import Delays
from .derived import Derived, key_of

if TYPE_CHECKING:
    from .module import SpikingNetwork

__all__ = ["chosen"]

Chosen = tuple[
    torch.nn.ParameterDict, torch.nn.ModuleDict, torch.nn.ParameterDict, dict[int, Derived]
]


def chosen(module: SpikingNetwork, train: str | Iterable[str]) -> Chosen:
    """Weights and delays by projection, trained values, and what is derived from them.


    Raises
    ------
    UnknownNameError
        If `train` names what there is not.
    ValidationError
        If it names delays that cannot be learned.
    """
    weights = {link.name for link in module.links}
    wanted: set[str] = set()
    late: dict[str, bool] = {}
    by_population: dict[str, list[str]] = {}
    for name in [train] if isinstance(train, str) else list(train):
        population, dot, parameter = name.partition(".")
        if name == "weights":
            wanted |= {link.name for link in module.links if link.form != "pool"}
        elif name in weights:
            wanted.add(name)
        elif population in weights and parameter in ("delay", "axonal_delay"):
            late[population] = parameter == "axonal_delay"
        elif dot and population in module.names:
            by_population.setdefault(population, []).append(parameter)
        else:
            known = ("weights", *weights, *(f"{n}.PARAMETER" for n in module.names))
            raise UnknownNameError("compile, train", name, known)
    learned = torch.nn.ParameterDict({
        link.name: torch.nn.Parameter(link.initial.to(module.dtype), link.name in wanted)
        for link in module.links
    })  # fmt: skip
    delays = torch.nn.ModuleDict({n: _delays_of(module, n, a) for n, a in late.items()})
    return learned, delays, *_values_of(module, by_population)


def _values_of(
    module: SpikingNetwork, by_population: dict[str, list[str]]
) -> tuple[torch.nn.ParameterDict, dict[int, Derived]]:
    values, derived = torch.nn.ParameterDict(), {}
    if not by_population:
        return values, derived
    drafts = drafts_of(module.network, module.dt, module.precision, 1)
    for name, parameters in by_population.items():
        k = module.names.index(name)
        derived[k] = Derived(drafts[k], module.program.populations[k], tuple(parameters))
        for parameter, value in derived[k].start.items():
            made = torch.nn.Parameter(torch.tensor(value, dtype=module.dtype))
            values[key_of(name, parameter)] = made
    return values, derived


def _delays_of(module: SpikingNetwork, name: str, axonal: bool) -> Delays:
    link = next(link for link in module.links if link.name == name)
    if link.form not in ("matrix", "list") or any(
        link.pre in r and link.post in r for r in module.rounds
    ):
        where = f"compile, delays of {name!r}"
        feeds = "a projection that feeds forward, and not a convolution"
        raise ValidationError(where, "cannot learn", feeds)
    populations = module.program.populations
    sizes = populations[link.pre].size, populations[link.post].size
    return Delays(link, axonal, module.longest, sizes).to(module.dtype)
