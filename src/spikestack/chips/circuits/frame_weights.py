"""Weights of layers without memory as whole numbers, and what numbers a chip has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...network.rules import Convolution, Dense
from ...neurons.base import NeuronModel
from ...program.edge_list import edge_list, edge_weights
from ...program.program import EdgeProgram, Program
from ..quantising import Loss, loss_of

__all__ = [
    "Lattice", "Made", "Numbers", "Taps", "by_channel", "channels_of", "constants_of",
    "fine_scale", "integers_of", "sends", "taps_of",
]  # fmt: skip


@dataclass(frozen=True)
class Lattice:
    """Neurons of one population in the chip's units of potential, by channel (float64 arrays)."""

    first: np.ndarray
    width: np.ndarray
    most: int
    includes: np.ndarray


@dataclass(frozen=True)
class Numbers:
    """What numbers a chip has.

    Attributes
    ----------
    chip
        Its name.
    weight_bits
        Of a projection, by its kind (``"input"``, ``"convolutional"``, ``"dense"``, ``"sparse"``).
    levels
        Greatest numbers that neurons may send.
    input_most
        The same of what comes from outside, by kind of the projection.
    neuron
        Makes the chip's neurons of a lattice, values by channel; and what that costs.
    potential
        Makes neurons of a layer without activation.
    several
        Whether several projections may reach one population.
    kinds
        Kinds of projections that there are.
    own
        Models in the chip's numbers: a network of them passes as it is.
    tables
        Whether neurons may send any function of the sum, by a look-up table.
    ranges
        Of populations with tables, the greatest magnitude of the potential that they are for.
    """

    chip: str
    weight_bits: Callable[[str], int]
    levels: tuple[int, ...]
    input_most: Callable[[str], int]
    neuron: Callable[[Lattice], tuple[dict[str, np.ndarray | float], dict[str, Loss]]]
    model: type[NeuronModel]
    potential: type[NeuronModel]
    several: bool
    kinds: tuple[str, ...]
    own: tuple[type[NeuronModel], ...]
    tables: bool = False
    ranges: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Made:
    """What has been made so far."""

    network: Network
    unit: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)
    constant: dict[str, float] = field(default_factory=dict)
    scales: dict[str, np.ndarray] = field(default_factory=dict)
    zeros: dict[str, np.ndarray] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    losses: dict[str, Loss] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Taps:
    """Distinct weights of a projection, in the description's units for one unit that is sent."""

    name: str
    kind: str
    values: np.ndarray
    channel: np.ndarray
    edge: EdgeProgram


def channels_of(shape: Sequence[int]) -> int:
    """Channels of a population: its first axis."""
    return int(shape[0])


def sends(e: EdgeProgram, program: Program, made: Made) -> bool:
    return program.populations[e.pre].name not in made.constant


def taps_of(
    network: Network, program: Program, e: EdgeProgram, made: Made, numbers: Numbers
) -> Taps:
    projection = network.projections[e.name]
    where, rule = f"{numbers.chip}, projection {e.name!r}", projection.rule
    if e.plastic:
        raise ValidationError(where, "is plastic", "fixed weights")
    pre = program.populations[e.pre].name
    shape = projection.post.population.shape
    plain = isinstance(projection.synapse.weight, float | int)
    whole = projection.pre.is_whole and projection.post.is_whole
    outside = pre not in made.scales
    if isinstance(rule, Convolution) and plain and whole:
        area = float(np.prod(rule.both(rule.pool, 1)))
        values = np.asarray(rule.kernel, float) * projection.synapse.weight / area
        channel = np.broadcast_to(
            np.arange(len(values)).reshape(-1, *([1] * (values.ndim - 1))), values.shape
        )
        kind = "input" if outside and "input" in numbers.kinds and _few(rule) else "convolutional"
    elif isinstance(rule, Dense) and plain and whole:
        values = np.asarray(rule.matrix, float) * projection.synapse.weight
        of = np.arange(values.shape[1]) // (values.shape[1] // channels_of(shape))
        channel, kind = np.broadcast_to(of, values.shape), "dense"
    else:
        found = edge_list(e)
        values = edge_weights(e)
        size = program.populations[e.post].size
        channel, kind = found.post // (size // channels_of(shape)), "sparse"
    if kind not in numbers.kinds:
        raise ValidationError(where, f"is of {type(rule).__name__}",
                              "a Convolution or Dense, of whole populations")  # fmt: skip
    most = numbers.input_most(kind)
    if outside and made.most[pre] > most:
        raise ValidationError(
            f"{numbers.chip}, source {pre!r}", f"sends up to {made.most[pre]:g}", f"{most} at most",
            "give the source fewer levels",
        )  # fmt: skip
    return Taps(e.name, kind, values * made.unit[pre], channel, e)


def _few(rule: Convolution) -> bool:
    """Whether an input convolution can have so many channels: grey or colour."""
    return rule.kernel.shape[1] * rule.groups <= 3


def integers_of(
    taps: list[Taps], count: int, made: Made, numbers: Numbers
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Scale by channel, and weights as integers."""
    levels = [2 ** (numbers.weight_bits(t.kind) - 1) - 1 for t in taps]
    values = np.concatenate([t.values.ravel() for t in taps])
    channel = np.concatenate([t.channel.ravel() for t in taps])
    scale = np.ones(count)
    order = np.argsort(channel, kind="stable")
    bounds = np.searchsorted(channel[order], np.arange(count + 1))
    for c in range(count):
        scale[c] = fine_scale(values[order[bounds[c] : bounds[c + 1]]], min(levels))
    found = []
    for tap, most in zip(taps, levels, strict=True):
        units = scale[tap.channel]
        integers = np.clip(np.rint(tap.values / units), -most, most)
        bits = numbers.weight_bits(tap.kind)
        made.losses[tap.name] = loss_of(tap.values, integers * units, bits)
        found.append(integers)
    return 1.0 / scale, found


def fine_scale(values: np.ndarray, levels: int) -> float:
    """The unit in which values become integers of magnitude at most `levels`.

    The coarsest of which all are multiples; if there is none, that of least square error.
    """
    sizes = np.unique(np.abs(values[values != 0]))
    if not len(sizes):
        return 1.0
    for k in range(1, levels + 1):
        unit = sizes[0] / k
        if sizes[-1] > unit * (levels + 1e-6):
            continue
        if np.abs(sizes / unit - np.rint(sizes / unit)).max() < 1e-6:
            return float(unit)
    units = sizes[-1] / levels * np.linspace(0.3 if levels < 16 else 0.9, 1.0, 29)
    given = np.abs(values)[:, None]
    apart = given - np.minimum(np.rint(given / units), levels) * units
    return float(units[np.square(apart).sum(0).argmin()])


def constants_of(program: Program, edges: list[EdgeProgram], made: Made, size: int) -> np.ndarray:
    """What sources that always send the same add, by neuron."""
    total = np.zeros(size)
    for e in edges:
        name = program.populations[e.pre].name
        if name in made.constant:
            np.add.at(total, edge_list(e).post, edge_weights(e) * made.constant[name])
    return total


def by_channel(values: np.ndarray, count: int, where: str, what: str) -> np.ndarray:
    rows = np.broadcast_to(values, len(values)).reshape(count, -1)
    if np.ptp(rows, axis=1).max(initial=0.0) > 1e-9 * max(1.0, np.abs(rows).max(initial=0.0)):
        raise ValidationError(where, f"has {what} that differ within a channel",
                              "one for each channel", "train one for each channel")  # fmt: skip
    return np.asarray(rows[:, 0], float)
