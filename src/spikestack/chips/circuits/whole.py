"""Networks of leaky integrate-and-fire neurons in integers of any width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...synapses.delta import Delta
from ..linear import LinearNeuron
from ..neurons.whole import EventNeuron, WholeAxon, WholeNeuron
from ..quantising import Loss, Quantised, loss_of
from ..retiming import Hop, lateness
from .edges import Edges
from .reading import Described, acting, copy_inputs, copy_outside, read

__all__ = ["Format", "quantise"]

#: Multiples of a grid's step that are tried for what all weights are multiples of.
_GRID = 127


@dataclass(frozen=True)
class Format:
    """What numbers a chip has.

    Attributes
    ----------
    chip
        Its name, for messages.
    weight_bits, state_bits
        Sign included.
    decay_bits
        Decays are shares of 2 to this power; 0 where nothing decays.
    exponents
        Powers of two that weights of a projection may be multiplied with, from and to.
    low
        Least potential; by default of `state_bits`.
    least_delay, most_delay
        Steps from a spike on the chip to where it acts.
    event_driven
        Whether neurons are touched by events only: no leaks, currents, biases or refractoriness.
    reads_potentials
        Whether potentials can be read; otherwise readouts are computed by the host.
    subtracts
        Whether a spike may take something off the potential, instead of setting it to a value.
    """

    chip: str
    weight_bits: int = 8
    state_bits: int = 16
    decay_bits: int = 12
    exponents: tuple[int, int] = (0, 0)
    low: float | None = None
    least_delay: int = 1
    most_delay: int = 62
    event_driven: bool = False
    reads_potentials: bool = True
    subtracts: bool = True

    @property
    def most(self) -> float:
        """Greatest potential."""
        return 2.0 ** (self.state_bits - 1) - 1

    @property
    def least(self) -> float:
        """Least potential."""
        return -self.most - 1 if self.low is None else self.low

    @property
    def most_weight(self) -> float:
        """Greatest weight, without exponent; the least is its negative."""
        return max(2.0 ** (self.weight_bits - 1) - 1, 1.0)


def quantise(
    network: Network, dt: float, form: Format, greatest: Mapping[str, float] | None = None
) -> Quantised:
    """Bring a network into integers.

    Every population is a source outside the chip, a readout of the host's, or of neurons that
    `identify` understands. Weights get one scale for each population, chosen so that they stay
    what they are if they are multiples of one number that the bits can hold.

    Parameters
    ----------
    network
        The description.
    dt
        Its step in ms, which becomes one step of the chip.
    form
        The numbers that there are.
    greatest
        By projection, the weight that the greatest number stands for, of populations whose scale
        that fixes.

    Raises
    ------
    ValidationError
        If anything cannot be had; all of it at once, where more than one thing cannot.
    """
    given = read(network, dt, form.chip, form.reads_potentials, bounded=True)
    dt = given.program.dt
    _check(given, form)
    late = _late(given, form)
    made, losses = Network(seed=network.seed), {}
    scales, zeros = {}, {}
    copy_outside(given, made)
    exponents: dict[str, float] = {}
    for k, neuron in given.neurons.items():
        name, into = given.name(k), [e for e in given.edges if e.post == k and len(e.weights)]
        zero = _zero(neuron)
        fixed = [e for e in into if e.name in (greatest or {})]
        scale = _scale(neuron, zero, into, form)
        if greatest and fixed:
            scale = _fixed_scale(neuron, zero, fixed[0], greatest[fixed[0].name], form, name)
        model, told = _model(neuron, scale, zero, name, form, dt)
        made.add(Population(name, network.populations[name].shape, model))
        scales[name], zeros[name] = np.full(len(zero), scale), zero
        losses |= told
        exponents |= {e.name: _exponent(e, neuron, scale, form) for e in into}
    for e in given.edges:
        delays = e.delays + late[e.post] - late[e.pre]
        if e.post not in given.neurons:
            _as_described(network, made, e, delays * dt, given)
            continue
        neuron = given.neurons[e.post]
        wanted = e.weights * neuron.gain[e.receptor][e.targets] * scales[given.name(e.post)][0]
        unit = 2.0 ** exponents.get(e.name, 0)
        weights = np.clip(np.rint(wanted / unit), -form.most_weight, form.most_weight) * unit
        losses[e.name] = loss_of(wanted, weights, form.weight_bits)
        steps = (delays + (not neuron.direct[e.receptor])) * dt
        synapse: Any = Delta if form.event_driven else WholeAxon
        pre, post = (made[given.name(n)] for n in (e.pre, e.post))
        made.connect(pre, post, FromArrays(e.sources, e.targets),
                     synapse(weight=weights, delay=steps), name=e.name)  # fmt: skip
    copy_inputs(network, made)
    names = [p.name for p in given.program.populations]
    stored = {e.name: e.stored for e in given.edges}
    later = dict(zip(names, late, strict=True))
    return Quantised(made, later, scales, zeros, stored, losses, dt=dt)


def _as_described(
    network: Network, made: Network, e: Edges, delays: np.ndarray, given: Described
) -> None:
    """A projection onto a readout of the host's: as described, but for lateness."""
    described = network.projections[e.name].synapse
    values: dict[str, Any] = dict(described.values)
    synapse = type(described)(weight=e.weights, delay=delays, **values)
    pre, post = (made[given.name(n)] for n in (e.pre, e.post))
    made.connect(pre, post, FromArrays(e.sources, e.targets), synapse, name=e.name)


def _check(given: Described, form: Format) -> None:
    """Refuse what the chip's neurons do not do; everything at once."""
    found = []
    for k, n in given.neurons.items():
        name = given.name(k)
        decays = {tuple(row) for row in n.current_decay}
        if len(decays) > 1:
            found.append(f"{name!r} has currents of several time constants; give all its synapses "
                         "one time constant")  # fmt: skip
        leaks = (n.decay != 1.0).any()
        if (form.event_driven or form.decay_bits == 0) and (leaks or not all(n.direct)):
            found.append(f"{name!r} leaks or has currents; train without leaks (beta=1), with "
                         "delta synapses")  # fmt: skip
        if form.event_driven and (np.any(n.refractory > 0) or np.any(_bias(n) != 0)):
            found.append(f"{name!r} is refractory, or driven in every step; leave that away")
        if n.soft and not form.subtracts:
            found.append(f"{name!r} subtracts at a spike; train with a reset to a value")
        if form.weight_bits < 2 and any((e.weights < 0).any() for e in given.edges if e.post == k):
            found.append(f"{name!r} gets weights of both signs, which take 2 bits at least")
    if found:
        raise ValidationError(form.chip, "; ".join(found), "neurons that the chip has")


def _late(given: Described, form: Format) -> list[int]:
    hops = [
        Hop(
            e.name, e.pre, e.post, acting(e, given.neurons.get(e.post)),
            0 if e.pre in given.outside or e.post in given.readouts else form.least_delay,
        )
        for e in given.edges
        if len(e.delays)
    ]  # fmt: skip
    late = lateness(len(given.program.populations), hops)
    for e in given.edges:
        if e.post in given.readouts or not len(e.delays):
            continue
        longest = int(e.delays.max()) + late[e.post] - late[e.pre]
        longest += not given.neurons[e.post].direct[e.receptor]
        if longest > form.most_delay:
            raise ValidationError(
                f"{form.chip}, projection {e.name!r}", f"acts after {longest} steps",
                f"{form.most_delay} at most",
                "use delay=0.0" if form.most_delay == 0 else "use shorter delays",
            )  # fmt: skip
    return late


def _zero(neuron: LinearNeuron) -> np.ndarray:
    """The potential that is the chip's 0: of a hard reset, that after a spike."""
    silent = np.isinf(neuron.threshold)
    if neuron.soft:
        return np.zeros_like(neuron.decay)
    return np.where(silent, neuron.start, neuron.reset)


def _bias(neuron: LinearNeuron) -> np.ndarray:
    zero = _zero(neuron)
    return neuron.decay * zero + neuron.drift - zero


def _scale(neuron: LinearNeuron, zero: np.ndarray, into: list[Edges], form: Format) -> float:
    """Units of the chip for one of the potential, the same for all neurons of a population."""
    silent = np.isinf(neuron.threshold)
    reach = float(np.where(silent, 0.0, neuron.threshold - zero).max(initial=0.0))
    acting_ = [e.weights * neuron.gain[e.receptor][e.targets] for e in into]
    heaviest = max((float(np.abs(a).max()) for a in acting_), default=0.0)
    # Most of the range is left to inhibition, and to what exceeds the threshold.
    room = (form.most + 1) / 2.0 ** np.clip(form.state_bits - 10, 1, 4)
    reach = reach or max(64.0 * heaviest, 1e-9)
    if heaviest == 0.0:
        return float(2.0 ** np.floor(np.log2(room / reach)))
    top = form.most_weight * 2.0 ** form.exponents[1] / heaviest
    grid = _grid(np.concatenate(acting_), heaviest)
    if grid and form.exponents == (0, 0):
        unit = heaviest / grid
        times = min(np.floor(form.most_weight / grid), np.floor(room * unit / reach))
        if times >= 1:
            return float(times / unit)
    scale = min(top, room / reach)
    if form.exponents != (0, 0):
        return float(2.0 ** np.floor(np.log2(scale)))
    # The threshold stays a whole number.
    return float(max(np.floor(reach * scale), 1.0) / reach) if not silent.all() else scale


def _fixed_scale(
    neuron: LinearNeuron, zero: np.ndarray, e: Edges, most: float, form: Format, name: str
) -> float:
    """Units for one of the potential where `most` is to be the greatest number."""
    scale = form.most_weight / (most * float(np.abs(neuron.gain[e.receptor]).max()))
    reach = float(np.where(np.isinf(neuron.threshold), 0.0, neuron.threshold - zero).max()) * scale
    if reach > form.most:
        raise ValidationError(
            f"{form.chip}, population {name!r}",
            f"a threshold of {reach:,.0f} where {most:g} is {form.most_weight:g}",
            f"{form.most:g} at most", "a lower threshold, or a greater w_max",
        )  # fmt: skip
    return scale


def _grid(weights: np.ndarray, heaviest: float) -> int:
    """How many times the heaviest weight is what all weights are multiples of; 0 if nothing is."""
    different = np.unique(np.abs(weights)) / heaviest
    if len(different) > _GRID + 1:
        return 0
    for k in range(1, _GRID + 1):
        scaled = different * k
        if (np.abs(scaled - np.rint(scaled)) < 1e-5).all():
            return k
    return 0


def _exponent(e: Edges, neuron: LinearNeuron, scale: float, form: Format) -> float:
    most = float(np.abs(e.weights * neuron.gain[e.receptor][e.targets]).max()) * scale
    if most == 0.0:
        return 0.0
    needed = np.ceil(np.log2(most / form.most_weight) - 1e-12)
    return float(np.clip(needed, *form.exponents))


def _model(
    n: LinearNeuron, scale: float, zero: np.ndarray, name: str, form: Format, dt: float
) -> tuple[EventNeuron | WholeNeuron, dict[str, Loss]]:
    silent = np.isinf(n.threshold)
    reach = np.where(silent, 0.0, scale * (n.threshold - zero))
    # Whole sums that reach a threshold between two whole numbers reach the next.
    theta = np.ceil(reach - 1e-6) if form.event_driven or form.decay_bits == 0 else np.rint(reach)
    theta = np.maximum(np.where(silent, form.most + 1, theta + (not n.includes)), 1.0)
    low = np.maximum(form.least, np.minimum(np.rint(scale * (n.low - zero)), 0.0))
    common = {
        "theta": theta, "subtracts": float(n.soft), "low": low, "most": form.most,
        "taken": np.rint(scale * n.reset) if n.soft else theta,
        "v": np.rint(scale * (n.start - zero)),
    }  # fmt: skip
    losses = {f"{name}.threshold": loss_of(reach, np.where(silent, 0, theta), form.state_bits)}
    if form.event_driven:
        return EventNeuron(**common), losses
    share = 2.0**form.decay_bits
    decay_v = np.clip(np.rint((1.0 - n.decay) * share), 0, share)
    late = n.current_decay[0] if len(n.current_decay) else np.zeros_like(n.decay)
    decay_u = np.clip(np.rint((1.0 - late) * share), 0, share)
    losses |= {
        f"{name}.decay of v": loss_of(1.0 - n.decay, decay_v / share, form.decay_bits),
        f"{name}.decay of i": loss_of(1.0 - late, decay_u / share, form.decay_bits),
    }
    model = WholeNeuron(
        **common, share=share, decay_u=decay_u, decay_v=decay_v,
        bias=np.rint(scale * _bias(n)), tau_refrac=n.refractory * dt,
    )  # fmt: skip
    return model, losses
