"""Networks of any neurons in the numbers of Loihi 2.

Its neurons are programs. Leaky integrate-and-fire neurons become the integers of `LIFProgram`;
programs of `neurons.loihi2` stay as they are; all others keep their equations, with states of a
fixed point: 24 bits, the point of each variable set by the range that it was told to have, or has
in a run of the description.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...equations.fixed_point import EVERY, FixedPoint
from ...errors import UnknownNameError, ValidationError, shorten
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...neurons.base import DECLARED, NeuronModel
from ...program.lower import lower
from ...program.program import PopulationProgram, Program
from ...simulation import Simulation
from ..learning.engine import Widths
from ..learning.holding import check_names, greatest, held
from ..learning.rules import Rules
from ..linear import LinearNeuron, identify
from ..neurons.loihi import LoihiAxon, LoihiCompartment
from ..neurons.loihi2 import LIFProgram, Loihi2Program
from ..quantising import Loss, Quantised, loss_of
from ..retiming import Hop, lateness
from .driving import sources_of, with_sources
from .edges import Edges
from .loihi import check_delays, formats_of, scale_of, widest
from .reading import acting, copy_inputs, edges_of

__all__ = ["WIDTHS", "Ranges", "quantise"]

#: Greatest magnitude of variables, by population and variable.
Ranges = Mapping[str, Mapping[str, float]]

_CHIP = "Loihi 2"
#: States and payloads, with sign; weights, with sign.
_STATE_BITS, _WEIGHT_BITS = 24, 8
#: Of weights that learn.
WIDTHS = Widths(_WEIGHT_BITS, 0)
#: How far beyond the range that was found states may go.
_ROOM = 4.0
#: Bits behind the point of a variable that never moved.
_UNMOVED = 12
_SHARE, _HIGHEST, _SILENT = 4096.0, 2.0**23 - 1, 2.0**21 - 1
_LONGEST_REFRACTORY = 63


@dataclass(frozen=True)
class _Reading:
    """A network as the chip reads it: neurons in circuits' terms, programs, sources."""

    network: Network
    program: Program
    dt: float
    linear: Mapping[int, LinearNeuron]
    own: frozenset[int]
    hosts: set[int]
    ranges: Ranges
    rules: Rules = field(default_factory=dict)

    def model(self, k: int) -> NeuronModel:
        return self.network.populations[self.program.populations[k].name].model

    def graded(self, k: int) -> bool:
        return self.program.populations[k].emit_type != "none"


def quantise(
    network: Network,
    dt: float,
    ranges: Ranges | None = None,
    calibration: float = 200.0,
    learning: Rules | None = None,
) -> Quantised:
    """Bring a network into the chip's numbers.

    Parameters
    ----------
    network
        The description.
    dt
        Its step in ms, which becomes one step of the chip.
    ranges
        Greatest magnitudes of variables, by population and variable, in the description's units;
        those that are not named are found by a run.
    calibration
        How long that run is, ms.
    learning
        By projection, the rule that it learns by.

    Raises
    ------
    ValidationError
        If anything cannot be had on the chip; says what and why.
    """
    network = with_sources(network, dt, _CHIP)
    rules = learning or {}
    check_names(rules, network, f"{_CHIP}, learning")
    program = lower(network, dt, "float64", 1)
    reading = replace(_read(network, program, dt, ranges or {}, calibration), rules=rules)
    edges = [edges_of(network, e, program, _CHIP) for e in program.edges]
    hops = [
        Hop(
            e.name,
            e.pre,
            e.post,
            _acting(e, reading),
            int(e.pre not in reading.hosts or e.name in rules),
        )
        for e in edges
        if len(e.delays)
    ]
    return _built(reading, edges, lateness(len(program.populations), hops))


def _read(
    network: Network, program: Program, dt: float, ranges: Ranges, calibration: float
) -> _Reading:
    for name in ranges:
        if name not in network.populations:
            raise UnknownNameError(f"{_CHIP}, ranges", name, network.populations)
    hosts = sources_of(network, program)
    linear, own, free = {}, set(), []
    for k, p in enumerate(program.populations):
        model = network.populations[p.name].model
        if k in hosts:
            continue
        if isinstance(model, LoihiCompartment | Loihi2Program):
            own.add(k)
        elif (found := _as_linear(p, model)) is not None:
            linear[k] = found
        else:
            free.append(p)
    found_ranges = _found_ranges(network, free, dt, ranges, calibration)
    return _Reading(network, program, dt, linear, frozenset(own), hosts, found_ranges)


def _as_linear(p: PopulationProgram, model: NeuronModel) -> LinearNeuron | None:
    """The neuron in a circuit's terms, or None if it needs a program of its own."""
    if p.emit_type != "none" or model.state_format:
        return None
    try:
        found = identify(p, f"{_CHIP}, population {p.name!r}")
    except ValidationError:
        return None
    short = not (found.refractory > _LONGEST_REFRACTORY).any()
    return found if short and len({tuple(row) for row in found.current_decay}) <= 1 else None


def _found_ranges(
    network: Network,
    free: list[PopulationProgram],
    dt: float,
    told: Ranges,
    calibration: float,
) -> Ranges:
    """Greatest magnitudes: told, else those of a run, else those at its start."""
    missing = [p for p in free if set(p.states) - set(told.get(p.name, {}))]
    made = {p.name: dict(told.get(p.name, {})) for p in free}
    for p in free:
        if unknown := set(made[p.name]) - set(p.states):
            raise UnknownNameError(f"{_CHIP}, ranges of {p.name!r}", min(unknown), p.states)
    if missing:
        run = _watched(network, missing, dt, calibration)
        for p in missing:
            for name, start in zip(p.states, p.initial, strict=True):
                if name not in made[p.name]:
                    most = float(np.abs(run[p.name, name].values).max(initial=0.0))
                    made[p.name][name] = max(most, float(np.abs(start).max()))
    for name, bounds in made.items():
        for variable, most in bounds.items():
            if not (np.isfinite(most) and most >= 0):
                where = f"{_CHIP}, ranges of {name!r}, {variable}"
                raise ValidationError(where, f"got {shorten(most)}", "a finite magnitude")
    return made


def _watched(network: Network, free: list[PopulationProgram], dt: float, duration: float) -> Any:
    """A run of the description that records every state of some populations."""
    made = Network(seed=network.seed)
    for population in network.populations.values():
        made.add(copy.copy(population))
    for joined in network.projections.values():
        pre, post = (_in(made, v) for v in (joined.pre, joined.post))
        made.connect(pre, post, joined.rule, joined.synapse, name=joined.name)
    for name, drive in network.drives.items():
        made.drive(_in(made, drive.target), drive.input, name=name)
    for p in free:
        made.record(made[p.name], *p.states)
    simulation = Simulation(made, dt=dt, precision="float64")
    simulation.forward(max(1, round(duration / dt)))
    return simulation.recording()


def _in(made: Network, view: Any) -> Any:
    population = made[view.population.name]
    return population if view.is_whole else population[view.ids]


def _acting(e: Edges, reading: _Reading) -> int:
    if e.post in reading.linear:
        return acting(e, reading.linear[e.post])
    return int(e.delays.min())


def _built(reading: _Reading, edges: list[Edges], late: list[int]) -> Quantised:
    network, program = reading.network, reading.program
    made, losses = Network(seed=network.seed), {}
    scales, zeros = {}, {}
    for k, p in enumerate(program.populations):
        described = network.populations[p.name]
        model, scale, zero = described.model, np.ones(p.size), np.zeros(p.size)
        if k in reading.linear:
            neuron = reading.linear[k]
            into = [widest(e, reading.rules) for e in edges if e.post == k and len(e.weights)]
            scale, zero = scale_of(neuron, into)
            model, told = _compartment(neuron, scale, zero, p.name, reading.dt)
            losses |= told
        elif k not in reading.hosts and k not in reading.own:
            model, told = _in_fixed_point(model, p, reading.ranges[p.name])
            losses |= told
        made.add(Population(p.name, described.shape, model))
        if k not in reading.hosts:
            scales[p.name], zeros[p.name] = scale, zero
    for e in edges:
        losses[e.name] = _connect(made, e, reading, scales, late)
    copy_inputs(network, made)
    names = [p.name for p in program.populations]
    stored = formats_of(edges, reading.rules)
    delays = dict(zip(names, late, strict=True))
    return Quantised(made, delays, scales, zeros, stored, losses, dt=reading.dt)


def _connect(
    made: Network, e: Edges, reading: _Reading, scales: Mapping[str, np.ndarray], late: list[int]
) -> Loss:
    """Add a projection in the chip's numbers."""
    pre, post = (made[reading.program.populations[n].name] for n in (e.pre, e.post))
    delays = e.delays + late[e.post] - late[e.pre]
    rule, where = reading.rules.get(e.name), f"{_CHIP}, projection {e.name!r}"
    wanted, most = e.weights, greatest(rule, e.weights, where)
    synapse: Any = copy.copy(reading.network.projections[e.name].synapse)
    if e.post in reading.linear:
        neuron = reading.linear[e.post]
        gain = neuron.gain[e.receptor] * scales[post.name]
        wanted, most = e.weights * gain[e.targets], most * float(gain.max())
        delays = delays + (not neuron.direct[e.receptor])
        synapse = LoihiAxon()
    elif rule is not None:
        raise ValidationError(where, "learns onto a program of its own",
                              "leaky integrate-and-fire targets")  # fmt: skip
    if e.pre not in reading.hosts or rule is not None:
        check_delays(delays, where)
    weights, loss, unit = _eight_bits(wanted, None if rule is None else most)
    synapse.weight = weights / synapse.unit_of_weight().scale
    synapse.delay, synapse.dendritic_delay = delays * reading.dt, 0.0
    made.connect(
        pre, post, FromArrays(e.sources, e.targets), synapse, name=e.name,
        plasticity=None if rule is None else held(unit, WIDTHS),
    )  # fmt: skip
    return loss


def _eight_bits(wanted: np.ndarray, most: float | None) -> tuple[np.ndarray, Loss, float]:
    """Numbers of 8 bits, sign included, times a power of two that fits all, and what 1 is."""
    highest = 2 ** (_WEIGHT_BITS - 1)
    most = float(np.abs(wanted).max(initial=0.0)) if most is None else most
    if most == 0.0:
        return np.zeros_like(wanted), loss_of(wanted, wanted, _WEIGHT_BITS), 1.0
    step = 2.0 ** np.ceil(np.log2(most / (highest - 1)))
    made = np.clip(np.rint(wanted / step), -highest, highest - 1) * step
    return made, loss_of(wanted, made, _WEIGHT_BITS), float(step)


def _compartment(
    neuron: LinearNeuron, scale: np.ndarray, zero: np.ndarray, name: str, dt: float
) -> tuple[LIFProgram, dict[str, Loss]]:
    """The integers of a leaky integrate-and-fire neuron."""
    decay_v = np.clip(np.rint((1.0 - neuron.decay) * _SHARE), 0, 4096)
    late = neuron.current_decay[0] if len(neuron.current_decay) else np.zeros_like(scale)
    decay_u = np.clip(np.rint((1.0 - late) * _SHARE) - 1.0, -1, 4095)
    silent = np.isinf(neuron.threshold)
    reach = np.where(silent, 0.0, scale * (neuron.threshold - zero))
    nearest = np.rint(reach)
    # Whole numbers are above the one below from the next on.
    theta = np.where(silent, 131071 * 64.0, nearest - neuron.includes)
    most = np.where(silent, _SILENT, _HIGHEST)
    model = LIFProgram(
        decay_u=decay_u,
        decay_v=decay_v,
        theta=np.maximum(theta, 0.0),
        bias=np.rint(scale * (neuron.decay * zero + neuron.drift - zero)),
        v_min=-most,
        v_max=most,
        tau_refrac=neuron.refractory * dt,
        subtracts=float(neuron.soft),
        taken=np.rint(scale * neuron.reset) if neuron.soft else 0.0,
        v=np.rint(scale * (neuron.start - zero)),
    )
    return model, {
        f"{name}.decay of v": loss_of(1.0 - neuron.decay, decay_v / _SHARE, 12),
        f"{name}.decay of i": loss_of(1.0 - late, (decay_u + 1.0) / _SHARE, 12),
        f"{name}.threshold": loss_of(reach, np.where(silent, 0.0, nearest), _STATE_BITS),
    }


def _in_fixed_point(
    model: NeuronModel, p: PopulationProgram, ranges: Mapping[str, float]
) -> tuple[NeuronModel, dict[str, Loss]]:
    """The same equations with states, and values of spikes, of a fixed point."""
    scales = dict(zip(p.states, p.scales, strict=True))
    formats = {name: _format(model, name, ranges[name] * scales[name]) for name in p.states}
    declared = {name: getattr(model, name) for name in DECLARED if name != "initial"}
    values: dict[str, Any] = model.scalar_values()
    if p.emit_type == "float":
        used = [formats[n].fraction for n in formats if n in model.texts()[-1]]
        behind = max(used, default=_UNMOVED)
        behind = min(behind, _STATE_BITS - 1 - int(np.ceil(np.log2(model.emit_limit))))
        unit = repr(2.0**behind)
        declared["emit"] = f"floor(({model.emit})*{unit} + 0.5)/{unit}"
    made = NeuronModel(
        model.equations, name=f"{model.label} in fixed point", parameters=model.parameters,
        method=model.method, state_format=formats, **declared, **values,
    )  # fmt: skip
    told = {}
    for name, kind in formats.items():
        most = ranges[name] * scales[name]
        error = kind.step / 2 / most if most else 0.0
        told[f"{p.name}.{name}"] = Loss(kind.bits, error / np.sqrt(3.0), error, 0.0)
    return made, told


def _format(model: NeuronModel, name: str, most: float) -> FixedPoint:
    given = model.state_format.get(name, model.state_format.get(EVERY))
    if given is not None:
        if given.bits > _STATE_BITS:
            where = f"{_CHIP}, {model.label}.{name}"
            raise ValidationError(where, f"{given.bits} bits", f"{_STATE_BITS} at most")
        return given
    if most == 0:
        return FixedPoint(_STATE_BITS, _UNMOVED)
    behind = np.floor(np.log2(_HIGHEST / (_ROOM * most)))
    return FixedPoint(_STATE_BITS, int(np.clip(behind, -32, 32)))
