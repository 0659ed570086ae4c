"""Layers without memory in the whole numbers of a chip that computes frames.

Every projection becomes integers times a scale for each channel of its target, every neuron a
staircase over potentials in these units. Which numbers a chip has, it tells as `Numbers`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import Convolution, Dense, FromArrays
from ...neurons.base import NeuronModel
from ...neurons.discrete_lif import LeakyIntegrator
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...program.program import EdgeProgram, PopulationProgram, Program
from ...synapses.delta import Delta
from ..linear import identify
from ..quantising import Quantised, loss_of
from ..staircase import Staircase, constant_of, greatest_sent, staircase_of
from .frame_tables import Table, table_model, table_of
from .frame_weights import (
    Lattice,
    Made,
    Numbers,
    Taps,
    by_channel,
    channels_of,
    constants_of,
    integers_of,
    sends,
    taps_of,
)  # fmt: skip
from .reading import copy_inputs

__all__ = ["quantise_frames"]

#: Potentials are integers of 32 bits.
_ACCUMULATOR = 2.0**31 - 1


def quantise_frames(network: Network, dt: float, numbers: Numbers) -> Quantised:
    """Bring a network of layers without memory into a chip's numbers.

    Weights get the coarsest scale for each channel of which they are whole multiples, if there is
    one within their bits (so that weights trained with so few bits lose nothing), and the scale of
    least error else. Sources that send the same in every step become part of thresholds. Readouts
    keep their potential on the chip, and what leak they have at the host.

    Parameters
    ----------
    network
        The description: sources; neurons that `staircase_of` understands; readouts.
    dt
        Its step in ms, a frame of the chip.
    numbers
        Of the chip.

    Raises
    ------
    ValidationError
        If anything cannot be had on the chip; says what and why.
    """
    for name in numbers.ranges:
        if name not in network.populations:
            raise UnknownNameError(f"{numbers.chip}, ranges", name, network.populations)
    program = lower(network, dt, "float64", 1)
    made = Made(Network(seed=network.seed))
    into = _incoming(program)
    for k in _in_order(program, numbers.chip):
        p = program.populations[k]
        if not into[k]:
            _add_source(network, program, k, made, numbers)
        elif _own(network.populations[p.name].model, numbers):
            _keep(network, program, k, into[k], made, numbers)
        else:
            _add_layer(network, program, k, into[k], made, numbers)
    copy_inputs(network, made.network)
    late = dict.fromkeys((p.name for p in program.populations), 0)
    return Quantised(
        made.network, late, made.scales, made.zeros, made.formats, made.losses, dt,
        tuple(made.notes),
    )  # fmt: skip


def _incoming(program: Program) -> list[list[EdgeProgram]]:
    into: list[list[EdgeProgram]] = [[] for _ in program.populations]
    for e in program.edges:
        into[e.post].append(e)
    return into


def _in_order(program: Program, chip: str) -> list[int]:
    """Populations, each after those that project to it."""
    waits = [{e.pre for e in edges} for edges in _incoming(program)]
    order: list[int] = []
    while len(order) < len(waits):
        ready = [k for k in range(len(waits)) if k not in order and waits[k] <= set(order)]
        if not ready:
            names = [program.populations[k].name for k in range(len(waits)) if k not in order]
            raise ValidationError(f"{chip}, populations {names}", "feed back",
                                  "layers, one after the other")  # fmt: skip
        order += ready
    return order


def _own(model: NeuronModel, numbers: Numbers) -> bool:
    """Whether a model is one of the chip's, as those read from files are, too."""
    return any(model.texts() == kind().texts() for kind in numbers.own)


def _add_source(network: Network, program: Program, k: int, made: Made, numbers: Numbers) -> None:
    p, described = program.populations[k], network.populations[program.populations[k].name]
    driven = any(d.target.population.name == p.name for d in network.drives.values())
    constant = None if driven else constant_of(p)
    if constant is not None:
        made.constant[p.name] = constant
        return
    if p.emit_type == "float":
        raise ValidationError(
            f"{numbers.chip}, source {p.name!r}", "sends values that are no whole numbers",
            "counts", "chips.framing.levelled(network, inputs) rounds them",
        )  # fmt: skip
    made.network.add(Population(p.name, described.shape, described.model))
    made.unit[p.name], made.most[p.name] = 1.0, greatest_sent(p)


def _add_layer(
    network: Network, program: Program, k: int, edges: list[EdgeProgram], made: Made,
    numbers: Numbers,
) -> None:  # fmt: skip
    p = program.populations[k]
    where = f"{numbers.chip}, population {p.name!r}"
    shape = network.populations[p.name].shape
    count = channels_of(shape)
    fires = p.code.spike is not None
    described = network.populations[p.name].model
    steps, table = _sent(p, described, where, numbers) if fires else (None, None)
    taps = [taps_of(network, program, e, made, numbers) for e in edges if sends(e, program, made)]
    if len(taps) != 1 and not (numbers.several and taps):
        problem = f"{len(taps)} projections reach it"
        raise ValidationError(where, problem, "one", "Akida 2 and NorthPole add several")
    scale, weights = integers_of(taps, count, made, numbers)
    neurons = np.repeat(scale, p.size // count)
    constant = constants_of(program, edges, made, p.size)
    model: NeuronModel
    if table is not None:
        model, told = table_model(described, table, neurons, constant)
        made.losses |= {f"{p.name}.{n}": loss for n, loss in told.items()}
        made.losses[f"{p.name}.table"] = table.loss
        made.unit[p.name], made.most[p.name] = table.unit, table.most
        made.notes.append(f"{p.name}: a look-up table, of potentials to {127 * table.step:.3g}.")
    elif steps is None:
        model = _readout(network, program, k, constant, neurons, made, numbers)
    else:
        model = _neurons(steps, constant, scale, where, p.name, count, made, numbers)
    target = made.network.add(Population(p.name, shape, model))
    # A table's potential is that of its index, in the description's unit.
    made.scales[p.name] = neurons if table is None else np.ones(p.size)
    made.zeros.setdefault(p.name, np.zeros(p.size))
    for tap, integers in zip(taps, weights, strict=True):
        _connect(network, program, tap, integers, target, made)
    _check_sums(made.network, taps, weights, made, program, where)


def _sent(
    p: PopulationProgram, model: NeuronModel, where: str, numbers: Numbers
) -> tuple[Staircase | None, Table | None]:
    """What a population sends for what arrives: equal steps, else, where there are any, a table."""
    try:
        return staircase_of(p, where), None
    except ValidationError:
        table = None
        if numbers.tables:
            table = table_of(p, model, where, numbers.ranges.get(p.name))
        if table is None:
            raise
        return None, table


def _neurons(
    steps: Staircase, constant: np.ndarray, scale: np.ndarray, where: str, name: str, count: int,
    made: Made, numbers: Numbers,
) -> NeuronModel:  # fmt: skip
    if np.ptp(steps.most) or np.ptp(steps.unit) or int(steps.most[0]) not in numbers.levels:
        found = f"{steps.most.min():g} to {steps.most.max():g}"
        raise ValidationError(
            where, f"sends up to {found} of {steps.unit.min():g} to {steps.unit.max():g}",
            f"all of one unit, up to one of {numbers.levels}",
        )  # fmt: skip
    first = by_channel(steps.first - constant, count, where, "thresholds") * scale
    width = by_channel(steps.width, count, where, "steps") * scale
    includes = np.asarray(steps.includes.reshape(count, -1)[:, 0])
    lattice = Lattice(first, width, int(steps.most[0]), includes)
    values, losses = numbers.neuron(lattice)
    made.unit[name], made.most[name] = float(steps.unit[0]), float(steps.most[0])
    made.losses |= {f"{name}.{what}": loss for what, loss in losses.items()}
    each = len(steps.first) // count
    spread: dict[str, Any] = {
        n: np.repeat(v, each) if isinstance(v, np.ndarray) else v for n, v in values.items()
    }
    return numbers.model(**spread)


def _readout(
    network: Network, program: Program, k: int, constant: np.ndarray, scale: np.ndarray,
    made: Made, numbers: Numbers,
) -> NeuronModel:  # fmt: skip
    p = program.populations[k]
    found = identify(p, f"{numbers.chip}, population {p.name!r}")
    if not all(found.direct):
        raise ValidationError(f"{numbers.chip}, population {p.name!r}", "has synaptic currents",
                              "delta synapses")  # fmt: skip
    zero = found.drift + constant
    if not found.decay.any():
        made.zeros[p.name] = zero
        return numbers.potential()
    if zero.any():
        raise ValidationError(f"{numbers.chip}, readout {p.name!r}", "has a leak and a bias",
                              "one of both")  # fmt: skip
    made.notes.append(f"{p.name}: the chip gives sums of a frame, and the host keeps the leak.")
    return LeakyIntegrator(beta=found.decay, v=found.start * scale)


def _connect(
    network: Network, program: Program, tap: Taps, integers: np.ndarray, target: Population,
    made: Made,
) -> None:  # fmt: skip
    rule = network.projections[tap.name].rule
    found = edge_list(tap.edge)
    delays = np.unique(found.delays) * program.dt
    source = made.network[program.populations[tap.edge.pre].name]
    weight: Any = 1.0
    new: Any
    if tap.kind in ("input", "convolutional"):
        weight = float(np.prod(rule.both(rule.pool, 1)))  # type: ignore[attr-defined]
        new = Convolution(integers, rule.stride, rule.padding, rule.groups, rule.pool)  # type: ignore[attr-defined]
    elif tap.kind == "dense":
        new = Dense(integers)
    else:
        new, weight = FromArrays(found.pre, found.post), integers
    delay: Any = float(delays[0]) if len(delays) == 1 else found.delays * program.dt
    made.network.connect(source, target, new, Delta(weight=weight, delay=delay), name=tap.name)
    made.formats[tap.name] = "convolutional" if tap.kind == "input" else tap.kind


def _check_sums(
    network: Network, taps: list[Taps], weights: list[np.ndarray], made: Made, program: Program,
    where: str,
) -> None:  # fmt: skip
    """No potential may leave 32 bits, whatever is sent."""
    worst = 0.0
    for tap, integers in zip(taps, weights, strict=True):
        most = made.most[program.populations[tap.edge.pre].name]
        if tap.kind == "dense":
            worst += float(np.abs(integers).sum(0).max(initial=0.0)) * most
        elif tap.kind == "sparse":
            post = edge_list(tap.edge).post
            worst += float(np.bincount(post, np.abs(integers)).max(initial=0.0)) * most
        else:
            rule: Any = network.projections[tap.name].rule
            area = float(np.prod(rule.both(rule.pool, 1)))
            sums = np.abs(integers).reshape(len(integers), -1).sum(1)
            worst += float(sums.max(initial=0.0)) * most * area
    if worst > _ACCUMULATOR:
        raise ValidationError(where, f"may sum to {worst:.3g}", "32 bits", "use fewer inputs")


def _keep(
    network: Network, program: Program, k: int, edges: list[EdgeProgram], made: Made,
    numbers: Numbers,
) -> None:  # fmt: skip
    """A layer in the chip's own numbers passes as it is; its weights are looked at."""
    p = program.populations[k]
    described = network.populations[p.name]
    target = made.network.add(Population(p.name, described.shape, described.model))
    made.scales[p.name], made.zeros[p.name] = np.ones(p.size), np.zeros(p.size)
    made.unit[p.name], made.most[p.name] = 1.0, greatest_sent(p)
    for e in edges:
        projection = network.projections[e.name]
        rule = projection.rule
        kind = (
            "convolutional" if isinstance(rule, Convolution | FromArrays) else
            "dense" if isinstance(rule, Dense) else "sparse"
        )  # fmt: skip
        outside = program.populations[e.pre].name not in made.scales
        bits = numbers.weight_bits("input" if outside and kind == "convolutional" else kind)
        values = edge_weights(e)
        most = 2 ** (bits - 1) - 1
        if np.abs(values).max(initial=0.0) > most or (values != np.rint(values)).any():
            raise ValidationError(f"{numbers.chip}, projection {e.name!r}",
                                  "has other weights", f"whole numbers of {bits} bits")  # fmt: skip
        source = made.network[program.populations[e.pre].name]
        made.network.connect(source, target, rule, projection.synapse, name=e.name)
        made.formats[e.name] = kind
        made.losses[e.name] = loss_of(values, values, bits)
