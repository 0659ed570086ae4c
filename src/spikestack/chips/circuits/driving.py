"""Drives on neurons of a chip: spikes that the host sends, and biases.

A chip has no clamps and no current injectors. Events that drive a population come from a source
outside the chip, over synapses; a constant current becomes part of what the neuron adds in every
step.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.inputs import ConstantCurrent
from ...network.network import Drive, Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...neurons.relay import Relay
from ...program.lower import lower
from ...program.program import Program
from ..linear import identify

__all__ = ["sources_of", "with_sources"]

_BIAS = "i_offset"


def sources_of(network: Network, program: Program) -> set[int]:
    """Populations that stay outside: nothing projects to them, and they have no memory of a drive.

    A population that is driven alone, and integrates its drive, belongs on the chip.
    """
    reached = {e.post for e in program.edges}
    driven = {d.target.population.name for d in network.drives.values()}
    alone = [k for k in range(len(program.populations)) if k not in reached]
    return {
        k for k in alone if program.populations[k].name not in driven or not _integrates(program, k)
    }


def _integrates(program: Program, k: int) -> bool:
    try:
        found = identify(program.populations[k], "", injected=True)
    except ValidationError:
        return False
    return bool((found.decay > 0).any() and np.isfinite(found.threshold).all())


def with_sources(network: Network, dt: float, chip: str) -> Network:
    """The same network without drives on neurons that belong on a chip.

    Event drives become populations of relays, outside, of the drive's name, that project one to
    one; several events of a step are one spike of that value. Constant currents are added to the
    model's `i_offset`.

    Raises
    ------
    ValidationError
        If a drive can be neither.
    """
    program = lower(network, dt, "float64", 1)
    outside = {program.populations[k].name for k in sources_of(network, program)}
    moved = {n: d for n, d in network.drives.items() if d.target.population.name not in outside}
    if not moved:
        return network
    made = Network(seed=network.seed)
    biases = _biases(moved, chip)
    for population in network.populations.values():
        added = copy.copy(population)
        if population.name in biases:
            added.model = _biased(population, biases[population.name], chip)
        made.add(added)
    for p in network.projections.values():
        made.connect(
            _in(made, p.pre), _in(made, p.post), p.rule, p.synapse, name=p.name,
            plasticity=[*p.plasticity, *p.structure] or None,
            modulator=p.modulator if p.is_plastic else None,
        )  # fmt: skip
    for name, drive in network.drives.items():
        if name not in moved:
            made.drive(_in(made, drive.target), drive.input, name=name)
        elif drive.input.has_events:
            _from_outside(made, name, drive)
    for probe in network.probes:
        made.record(_in(made, probe.target), probe.variable, interval=probe.interval)
    return made


def _in(made: Network, view: Any) -> Any:
    population = made[view.population.name]
    return population if view.is_whole else population[view.ids]


def _from_outside(made: Network, name: str, drive: Drive) -> None:
    ids = np.asarray(drive.target.ids)
    source = made.add(Population(name, len(ids), Relay()))
    given = copy.copy(drive.input)
    given.weight, given.synapse = 1.0, None
    made.drive(source, given, name=name)
    synapse = copy.copy(drive.synapse)
    assert synapse is not None
    synapse.delay, synapse.dendritic_delay = 0.0, 0.0
    target = made[drive.target.population.name]
    rule = FromArrays(np.arange(len(ids)), ids)
    made.connect(source, target, rule, synapse, name=name)


def _biases(drives: dict[str, Drive], chip: str) -> dict[str, np.ndarray]:
    """Constant currents by population, in nA."""
    found: dict[str, np.ndarray] = {}
    for name, drive in drives.items():
        if drive.input.has_events:
            continue
        where = f"{chip}, drive {name!r}"
        if not isinstance(drive.input, ConstantCurrent):
            raise ValidationError(
                where, "a current that changes", "a constant current, or spikes",
                "let a sp.SpikeSource send it as spikes",
            )  # fmt: skip
        size = drive.target.population.size
        amplitude = _numbers(drive.input.amplitude, where)
        added = found.setdefault(drive.target.population.name, np.zeros(size))
        added[np.asarray(drive.target.ids)] += amplitude
    return found


def _biased(population: Population, bias: np.ndarray, chip: str) -> Any:
    model = copy.copy(population.model)
    if _BIAS not in model.parameters:
        raise ValidationError(
            f"{chip}, population {population.name!r}",
            f"is driven by a current, and {model.label} has no {_BIAS}",
            f"a model with a parameter {_BIAS}",
        )
    scale = model.parameter_units[_BIAS].scale
    own = _numbers(model.values[_BIAS], f"{chip}, population {population.name!r}.{_BIAS}")
    model.values = {**model.values, _BIAS: own + bias / scale}
    return model


def _numbers(given: Any, where: str) -> np.ndarray:
    if not isinstance(given, int | float | np.ndarray):
        raise ValidationError(where, "is drawn at random", "a number, or an array")
    return np.asarray(given, float)
