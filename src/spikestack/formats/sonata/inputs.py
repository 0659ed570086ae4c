"""Inputs of a simulation: spikes of virtual nodes, and currents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import FileFormatError, ValidationError, shorten
from ...network.inputs import ConstantCurrent, SpikeTrains, StepCurrent
from .circuit import Circuit
from .config import Config
from .problems import Problems
from .spikes import read_times
from .tables import number_of

__all__ = ["add_inputs"]

_SPIKES = ("h5", "sonata", "hdf5")
_CLAMP = ("IClamp", "current_clamp", "pulse", "linear", "")
_CLAMP_KEYS = {"amp", "delay", "duration"}
_COMMON = {"input_type", "module", "node_set", "enabled", "input_file"}
Times = tuple[float, float, float]


def add_inputs(config: Config, circuit: Circuit, times: Times, to: Problems) -> list[str]:
    """Add the inputs of a simulation to its network.

    Returns
    -------
    list of str
        What plays no part.

    Raises
    ------
    FileFormatError
        If a file of spikes is damaged, or names nodes that are not there.
    """
    notes: list[str] = []
    spikes: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for name, given in config.section(config.data, "inputs").items():
        if not isinstance(given, dict):
            config.refuse(f"input {name!r} is {shorten(given)}", "an object")
        if given.get("enabled", True) is False:
            notes.append(f"the input {name!r} is not enabled")
            continue
        kind, module = given.get("input_type"), given.get("module", "")
        if kind == "spikes" and module in _SPIKES:
            notes += _spikes(config, circuit, name, given, times, to, spikes)
        elif kind == "current_clamp" and module in _CLAMP and "input_file" not in given:
            _clamp(config, circuit, name, given, times, to)
        else:
            to.add(f"input {name!r}: type {shorten(kind)}, module {shorten(module)}")
    for population, parts in spikes.items():
        t, ids = (np.concatenate(column) for column in zip(*parts))
        _check_single(population, t, ids, times[2], to)
        circuit.network.drive(circuit.network[population], SpikeTrains(t, ids), name=population)
    return notes


def _node_set(circuit: Circuit, given: Mapping[str, Any], where: str) -> str:
    name = given.get("node_set")
    if isinstance(name, str):
        return name
    raise ValidationError(where, f"its node_set is {shorten(name)}", "the name of one")


def _spikes(
    config: Config,
    circuit: Circuit,
    name: str,
    given: Mapping[str, Any],
    times: Times,
    to: Problems,
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]],
) -> list[str]:
    """Collect the spikes of one file by population of the network, within the time that is run."""
    start, stop, _ = times
    where = f"{config.path}, input {name!r}"
    wanted = circuit.node_set(_node_set(circuit, given, where))
    trains = read_times(config.file(given.get("input_file"), f"input_file of {name!r}"))
    if "" in trains and len(wanted) == 1:
        trains[next(iter(wanted))] = trains.pop("")
    notes = []
    for population, ids in wanted.items():
        if population not in trains:
            raise FileFormatError(f"{where}: its file has no spikes of population {population!r}")
        t, node = trains[population]
        mine = np.isin(node, ids)
        early = mine & (t <= start)
        if early.any() and start == 0:
            to.add(f"input {name!r}: {early.sum()} spikes at 0 ms or before, not in a step")
        elif early.any():
            notes.append(f"{early.sum()} spikes of {name!r} come before the run")
        inside = mine & ~early & (t <= stop)
        if not mine.all():
            notes.append(f"{(~mine).sum()} spikes in the file of {name!r} are of other nodes")
        for part in circuit.populations[population]:
            own = circuit.part(part)
            if own.template is not None:
                to.add(f"input {name!r}: spikes for the neurons of {part!r}, which are not virtual")
                continue
            place = np.full(len(own.nodes), -1)
            place[own.rows] = np.arange(len(own.rows))
            local = place[own.nodes.places(node[inside])]
            kept = local >= 0
            found.setdefault(part, []).append((t[inside][kept] - start, local[kept]))
    return notes


def _check_single(population: str, t: np.ndarray, ids: np.ndarray, dt: float, to: Problems) -> None:
    """Note spikes that one node fires in one step: a source has one in a step."""
    step = np.floor(t / dt + 0.5).astype(np.int64)
    order = np.lexsort((step, ids))
    twice = (np.diff(step[order]) == 0) & (np.diff(ids[order]) == 0)
    if twice.any():
        to.add(
            f"population {population!r}: {twice.sum()} spikes come in one step of {dt:g} ms with "
            "another of the same node (take a smaller dt)"
        )


def _clamp(
    config: Config,
    circuit: Circuit,
    name: str,
    given: Mapping[str, Any],
    times: Times,
    to: Problems,
) -> None:
    """Currents: one pulse, or several that do not overlap."""
    start, stop, _ = times
    where = f"{config.path}, input {name!r}"
    for key in sorted(set(given) - _COMMON - _CLAMP_KEYS):
        to.add(f"input {name!r}: {key!r}")
    amp, delay, duration = (_listed(given.get(key), f"{where}, {key}") for key in
                            ("amp", "delay", "duration"))  # fmt: skip
    if not len(amp) == len(delay) == len(duration):
        raise ValidationError(
            where,
            f"{len(amp)} amp, {len(delay)} delay, {len(duration)} duration",
            "as many of each",
        )
    order = np.argsort(delay, kind="stable")
    amp, begin, end = amp[order], delay[order] - start, (delay + duration)[order] - start
    if (duration < 0).any() or (begin[1:] < end[:-1]).any():
        raise ValidationError(
            where, "pulses overlap, or end before they begin", "one after another"
        )
    current: ConstantCurrent | StepCurrent
    if len(amp) == 1 and begin[0] <= 0 and end[0] >= stop - start:
        current = ConstantCurrent(float(amp[0]))
    else:
        at, level = _steps(np.maximum(begin, 0.0), np.maximum(end, 0.0), amp)
        current = StepCurrent(at, level)
    for view in circuit.views(_node_set(circuit, given, where)):
        population = view.population.name
        if circuit.part(population).template is None:
            to.add(f"input {name!r}: a current for the virtual nodes of {population!r}")
            continue
        several = len(circuit.views(given["node_set"])) > 1
        label = f"{name}->{population}" if several else name
        circuit.network.drive(view, current, name=label)


def _steps(begin: np.ndarray, end: np.ndarray, amp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times and levels of a current that is 0 between pulses."""
    levels: dict[float, float] = {}
    for a, b, level in zip(begin, end, amp):
        if b > a:
            levels[float(a)] = float(level)
            levels[float(b)] = 0.0
    if not levels:
        levels = {0.0: 0.0}
    return np.array(list(levels)), np.array(list(levels.values()))


def _listed(value: Any, where: str) -> np.ndarray:
    values = value if isinstance(value, list) else [value]
    found = np.array([number_of(v, where) for v in values], np.float64)
    if not np.isfinite(found).all():
        raise ValidationError(where, f"got {shorten(value)}", "finite numbers")
    return found
