"""Networks of leaky integrate-and-fire neurons in the integers of the first Loihi."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...program.lower import lower
from ...program.program import Program
from ..learning.engine import LONGEST_DELAY, Widths
from ..learning.holding import check_names, greatest, held
from ..learning.rules import Rules
from ..linear import LinearNeuron, identify
from ..neurons.loihi import LoihiAxon, LoihiCompartment
from ..quantising import Loss, Quantised, loss_of
from ..retiming import Hop, lateness
from .driving import sources_of, with_sources
from .edges import Edges
from .reading import acting, copy_inputs, edges_of

__all__ = [
    "LONGEST_DELAY",
    "WIDTHS",
    "check_delays",
    "formats_of",
    "quantise",
    "scale_of",
    "widest",
]

#: A weight is a number of 8 bits, sign included, times 2 to its exponent; the least unit is 64.
_BITS, _UNIT, _EXPONENTS = 8, 64.0, (-8, 7)
#: Of mixed sign, weights are even.
_MOST_WEIGHT = 254.0
#: Thresholds are multiples of 64 that 17 bits hold. At half the range of the potential no
#: overshoot is clipped.
_THRESHOLD, _HIGHEST = 64.0, 2.0**22
#: The potential of neurons that never fire is kept below the highest threshold.
_V_SILENT = 2.0**21 - 1
_SHARE = 4096.0
#: Of weights that learn: 9 bits, of which the last is not delivered where signs are mixed.
WIDTHS = Widths(9, 1)
#: Greatest sum of the inputs of a step before it wraps.
_ACCUMULATOR = 2.0**21 - 64


def quantise(network: Network, dt: float, learning: Rules | None = None) -> Quantised:
    """Bring a network into the chip's numbers.

    Every population is either a source outside the chip, to which nothing projects, or of neurons
    that `identify` understands: a potential with a leak, one current with another, a reset to a
    value. Decays become shares of 4,096, weights eight bits with an exponent for each projection
    and population, thresholds 17 bits.

    Parameters
    ----------
    network
        The description.
    dt
        Its step in ms, which becomes one step of the chip.
    learning
        By projection, the rule that it learns by.

    Raises
    ------
    ValidationError
        If anything cannot be had on the chip; says what and why.
    """
    network = with_sources(network, dt, "Loihi")
    rules = learning or {}
    check_names(rules, network, "Loihi, learning")
    program = lower(network, dt, "float64", 1)
    edges = [edges_of(network, e, program, "Loihi") for e in program.edges]
    hosts = sources_of(network, program)
    neurons = {
        k: _understood(program, k) for k in range(len(program.populations)) if k not in hosts
    }
    hops = [
        Hop(
            e.name,
            e.pre,
            e.post,
            acting(e, neurons[e.post]),
            int(e.pre not in hosts or e.name in rules),
        )
        for e in edges
        if len(e.delays)
    ]
    late = lateness(len(program.populations), hops)
    return _built(network, program, neurons, edges, late, rules)


def check_delays(delays: np.ndarray, where: str) -> None:
    """Raise ValidationError if a spike takes longer than a step and its synapse's delay field."""
    if len(delays) and delays.max() > LONGEST_DELAY + 1:
        raise ValidationError(
            where, f"a delay of {delays.max()} steps", f"{LONGEST_DELAY + 1} steps at most",
            "a longer step, or a shorter delay",
        )  # fmt: skip


def _understood(program: Program, k: int) -> LinearNeuron:
    p = program.populations[k]
    where = f"Loihi, population {p.name!r}"
    found = identify(p, where)
    if p.emit_type != "none":
        raise ValidationError(where, "sends values", "spikes without values", "use Loihi 2")
    if found.soft:
        raise ValidationError(where, "subtracts at a spike", "a reset to a value",
                              "train with a hard reset, or use Loihi 2")  # fmt: skip
    decays = {tuple(row) for row in found.current_decay}
    if len(decays) > 1:
        raise ValidationError(where, "has currents of several time constants", "one of them",
                              "give all its synapses one time constant")  # fmt: skip
    if (found.refractory > 63).any():
        most = int(found.refractory.max())
        raise ValidationError(where, f"is refractory for {most} steps", "63 at most")
    return found


def _built(
    network: Network,
    program: Program,
    neurons: dict[int, LinearNeuron],
    edges: list[Edges],
    late: list[int],
    rules: Rules,
) -> Quantised:
    made, losses = Network(seed=network.seed), {}
    scales, zeros = {}, {}
    for k, p in enumerate(program.populations):
        described = network.populations[p.name]
        if k not in neurons:
            made.add(Population(p.name, described.shape, described.model))
            continue
        into = [widest(e, rules) for e in edges if e.post == k and len(e.weights)]
        scale, zero = scale_of(neurons[k], into)
        model, told = _compartment(neurons[k], scale, zero, p.name, program.dt)
        made.add(Population(p.name, described.shape, model))
        scales[p.name], zeros[p.name] = scale, zero
        losses |= told
    for e in edges:
        neuron, scale = neurons[e.post], scales[program.populations[e.post].name]
        wanted = e.weights * (neuron.gain[e.receptor] * scale)[e.targets]
        rule = rules.get(e.name)
        most = greatest(rule, e.weights, f"Loihi, projection {e.name!r}")
        if rule is not None:
            most *= float(np.max(neuron.gain[e.receptor] * scale))
        weights, losses[e.name], unit = _eight_bits(wanted, most if rule is not None else None)
        delays = e.delays + (not neuron.direct[e.receptor]) + late[e.post] - late[e.pre]
        if e.pre in neurons or rule is not None:
            check_delays(delays, f"Loihi, projection {e.name!r}")
        pre, post = (made[program.populations[n].name] for n in (e.pre, e.post))
        axon = LoihiAxon(weight=weights, delay=delays * program.dt)
        made.connect(
            pre, post, FromArrays(e.sources, e.targets), axon, name=e.name,
            plasticity=None if rule is None else held(unit, WIDTHS),
        )  # fmt: skip
    copy_inputs(network, made)
    names = [p.name for p in program.populations]
    later = dict(zip(names, late, strict=True))
    stored = formats_of(edges, rules)
    return Quantised(made, later, scales, zeros, stored, losses, dt=program.dt)


def formats_of(edges: list[Edges], rules: Rules) -> dict[str, str]:
    """How projections are stored, by name: delays that learn need lists, which hold them."""
    moving = {name for name, rule in rules.items() if rule.dd}
    return {e.name: "sparse" if e.name in moving else e.stored for e in edges}


def scale_of(neuron: LinearNeuron, into: list[Edges]) -> tuple[np.ndarray, np.ndarray]:
    """Units of the chip for one of the potential, a power of two; the potential that is 0.

    As large as threshold, weights and the input accumulator allow: the last by the sum of all
    weights, unless that left less than eight bits to the weights.
    """
    silent = np.isinf(neuron.threshold)
    zero = np.where(silent, neuron.start, neuron.reset)
    reach = np.where(silent, 0.0, neuron.threshold - zero)
    acting = [np.abs(e.weights * neuron.gain[e.receptor][e.targets]) for e in into]
    heaviest = max((float(a.max()) for a in acting), default=0.0)
    gathered = np.zeros(len(zero))
    for e, a in zip(into, acting, strict=True):
        np.add.at(gathered, e.targets, a)
    # A readout may gather as many of its heaviest weights as 64 before it is clipped.
    reach = np.where(reach > 0, reach, np.maximum(64.0 * heaviest, 1e-9) * _HIGHEST / _V_SILENT)
    scale = 2.0 ** np.floor(np.log2(_HIGHEST / reach))
    if heaviest > 0:
        most = _MOST_WEIGHT * _UNIT * 2.0 ** _EXPONENTS[1] / heaviest
        fine = max(_ACCUMULATOR / gathered.max(), 0.5 * _MOST_WEIGHT * _UNIT / heaviest)
        scale = np.minimum(scale, 2.0 ** np.floor(np.log2(min(most, fine))))
    return np.broadcast_to(scale, neuron.decay.shape), zero


def _compartment(
    neuron: LinearNeuron, scale: np.ndarray, zero: np.ndarray, name: str, dt: float
) -> tuple[LoihiCompartment, dict[str, Loss]]:
    decay_v = np.clip(np.rint((1.0 - neuron.decay) * _SHARE), 0, 4096)
    late = neuron.current_decay[0] if len(neuron.current_decay) else np.zeros_like(scale)
    decay_u = np.clip(np.rint((1.0 - late) * _SHARE) - 1.0, -1, 4095)
    bias = np.rint(scale * (neuron.decay * zero + neuron.drift - zero))
    silent = np.isinf(neuron.threshold)
    reach = np.where(silent, 0.0, scale * (neuron.threshold - zero))
    nearest = np.rint(reach / _THRESHOLD) * _THRESHOLD
    theta = np.where(silent, 131071 * _THRESHOLD, nearest)
    # The chip fires above its threshold; without leaks all potentials are multiples of 64.
    theta = np.where(silent | (not neuron.includes), theta, theta - _THRESHOLD)
    most = np.where(silent, _V_SILENT, 8388607.0)
    model = LoihiCompartment(
        decay_u=decay_u,
        decay_v=decay_v,
        theta=np.maximum(theta, 0.0),
        bias=bias,
        v_min=-most,
        v_max=most,
        tau_refrac=neuron.refractory * dt,
        v=np.rint(scale * (neuron.start - zero)),
    )
    losses = {
        f"{name}.decay of v": loss_of(1.0 - neuron.decay, decay_v / _SHARE, 12),
        f"{name}.decay of i": loss_of(1.0 - late, (decay_u + 1.0) / _SHARE, 12),
        f"{name}.threshold": loss_of(reach, np.where(silent, 0.0, nearest), 17),
    }
    return model, losses


def _eight_bits(wanted: np.ndarray, most: float | None) -> tuple[np.ndarray, Loss, float]:
    """Even numbers of 8 bits and a sign times a power of two that fits all, and what 1 is."""
    most = float(np.abs(wanted).max(initial=0.0)) if most is None else most
    if most == 0.0:
        return np.zeros_like(wanted), loss_of(wanted, wanted, _BITS), _UNIT
    exponent = int(np.ceil(np.log2(most / (_MOST_WEIGHT * _UNIT))))
    exponent = min(max(exponent, _EXPONENTS[0]), _EXPONENTS[1])
    step = 2.0 * _UNIT * 2.0**exponent
    mantissa = np.clip(np.rint(wanted / step), -128, 127)
    # The chip keeps whole multiples of 64.
    made = np.trunc(mantissa * step / _UNIT) * _UNIT
    return made, loss_of(wanted, made, _BITS), step / 2.0


def widest(e: Edges, rules: Rules) -> Edges:
    """A projection with the greatest weights that it can learn."""
    if e.name not in rules:
        return e
    most = greatest(rules[e.name], e.weights, f"Loihi, projection {e.name!r}")
    return replace(e, weights=np.full_like(e.weights, most))
