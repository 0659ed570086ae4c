"""Neurons as sPyNNaker computes them: ring buffers of 16 bits, states in s16.15.

What arrives in a step is summed in a buffer for each type of synapse, which holds at most 65,535,
and is read shifted to the left. Types are numbered; their synapses are `Row0` to `Row3`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...equations.block import logical_lines
from ...equations.fixed_point import FixedPoint
from ...equations.model import Parameter
from ...neurons.base import NeuronModel
from ...synapses.base import Synapse

__all__ = [
    "EVENT", "FULL", "ONE", "ROWS", "S1615", "Channel", "Row0", "Row1", "Row2", "Row3",
    "delay_stage", "lif", "with_rings",
]  # fmt: skip

#: Numbers with 15 bits behind the point and 16 before it, and a sign.
S1615 = FixedPoint(32, 15)
ONE = 2.0**15
#: The most that a ring buffer holds.
FULL = 65535
#: Beyond any sum of weights that comes in a step.
EVENT = 2**32


class Row0(Synapse):
    """Adds a weight of 16 bits to the first ring buffer of its target."""

    receives = "q0"
    weight_unit = "1"
    source = "sPyNNaker, neural_modelling/src/neuron/synapse_row.h"


class Row1(Row0):
    """As `Row0`, to the second."""

    receives = "q1"


class Row2(Row0):
    """As `Row0`, to the third."""

    receives = "q2"


class Row3(Row0):
    """As `Row0`, to the fourth."""

    receives = "q3"


#: One for each type that two bits of a synaptic word tell apart.
ROWS = (Row0, Row1, Row2, Row3)


@dataclass(frozen=True)
class Channel:
    """One type of synapse of a population.

    Attributes
    ----------
    receptor
        Which of the population's receptors it acts on.
    sign
        1 or -1: weights have none.
    shift
        By how many bits what the ring buffer holds is shifted to the left when it is read.
    driven
        Whether a drive brings events; their weights are raised by `EVENT`, to be counted.
    """

    receptor: int
    sign: int
    shift: int
    driven: bool = False


def delay_stage() -> NeuronModel:
    """What passes on every spike in the step in which it arrives."""
    return NeuronModel(
        "v[t+1] = 0 : 1", threshold="v > 0", dimensionless=True, default_synapse="Delta"
    )


def lif(channels: Sequence[Channel], **values: Any) -> NeuronModel:
    """The current-based neuron with exponential synapses, in whole numbers of 2^-15.

    Parameters
    ----------
    channels
        Its types of synapses.
    values
        Raw s16.15 numbers ``v``, ``v_rest``, ``v_reset``, ``v_thresh``, ``i_offset``; ``e``, the
        decay of the potential; ``r_high`` and ``r_low``, the resistance in halves of 15 bits; for
        each channel k ``decay_high{k}`` and ``decay_low{k}``, what a step leaves of its current,
        and ``init_high{k}`` and ``init_low{k}``, what is taken of its input, u0.32 in halves of
        16 bits; ``tau_refrac`` in ms. All may be arrays.
    """
    lines, after = _counting(channels), []
    names = ["v_rest", "v_reset", "v_thresh", "i_offset", "e", "r_high", "r_low"]
    total = "i_offset"
    for k, channel in enumerate(channels):
        lines += [
            f"q{k}[t+1] = 0 : 1",
            f"s{k}[t+1] = {_decayed(f's{k}', f'decay_high{k}', f'decay_low{k}')} : 1",
        ]
        names += [f"{name}{k}" for name in ("decay_high", "decay_low", "init_high", "init_low")]
        read = f"(min(q{k}, {FULL})*{2**channel.shift})"
        after += [
            *_counted(k, channel),
            f"saturated += where(q{k} > {FULL}, 1, 0)",
            f"s{k} = wrap(s{k} + {_decayed(read, f'init_high{k}', f'init_low{k}')}, 32)",
        ]
        total += f" {'+' if channel.sign > 0 else '-'} s{k}"
    # A product of two s16.15 is rounded to the nearest; r comes in two parts, because float64 would
    # not hold all bits of the product.
    lines += [
        "v[t+1] = v : 1",
        f"i = wrap({total}, 32) : 1",
        "alpha = wrap(i*r_high + floor((i*r_low + 16384)/32768) + v_rest, 32) : 1",
    ]
    after += ["v = wrap(alpha - floor((e*wrap(alpha - v, 32) + 16384)/32768), 32)"]
    return NeuronModel(
        "\n".join(lines), after_arrivals="\n".join(after), threshold="v >= v_thresh",
        reset="v = v_reset", refractory="tau_refrac", dimensionless=True,
        parameters=dict.fromkeys(names, Parameter(0.0)) | {"tau_refrac": Parameter(0.0, "ms")},
        default_synapse="Delta", name="SpiNNakerLIF",
        source="sPyNNaker, neural_modelling/src/neuron/models/neuron_model_lif_impl.h",
        **values,
    )  # fmt: skip


def _counting(channels: Sequence[Channel]) -> list[str]:
    """States that count: inputs that saturated since the start, events of drives in this step."""
    heard = ["heard[t+1] = 0 : 1"] if any(c.driven for c in channels) else []
    return ["saturated[t+1] = saturated : 1", *heard]


def _counted(k: int, channel: Channel) -> list[str]:
    """Events of drives counted, and taken out of the sum of their weights."""
    if not channel.driven:
        return []
    return [f"heard += floor(q{k}/{EVENT})", f"q{k} = q{k} - {EVENT}*floor(q{k}/{EVENT})"]


def _decayed(x: str, high: str, low: str) -> str:
    """(x*d) >> 32 of d = 2^16 high + low, in products that float64 holds."""
    return f"floor(({x}*{high} + floor({x}*{low}/65536))/65536)"


def with_rings(
    model: NeuronModel, receptors: Sequence[Synapse], channels: Sequence[Channel]
) -> NeuronModel:
    """Any model with its receptors, its states in s16.15, and ring buffers before them.

    Parameters
    ----------
    model
        As described.
    receptors
        What is on it, in the order that channels count.
    channels
        Types of synapses.
    """
    texts, values = _Texts(model), dict(model.values)
    parameters = dict(model.parameters)
    initial: dict[str, Any] = dict(model.initial_values)
    for r, synapse in enumerate(receptors):
        texts.join(f"syn{r}_", synapse)
        for name, parameter in synapse.parameters.items():
            parameters[f"syn{r}_{name}"] = parameter
            values[f"syn{r}_{name}"] = synapse.values[name]
        for name, value in synapse.initial_values.items():
            at = f"syn{r}_{value}" if isinstance(value, str) else value
            initial[f"syn{r}_{name}"] = at
    after = []
    for k, channel in enumerate(channels):
        synapse = receptors[channel.receptor]
        own = synapse.receives in synapse.block.units
        target = f"syn{channel.receptor}_{synapse.receives}" if own else synapse.receives
        unit = "1" if model.dimensionless else synapse.unit_of_weight().coherent
        texts.lines.append(f"q{k}[t+1] = 0 : 1")
        sign = "+" if channel.sign > 0 else "-"
        after += [
            *_counted(k, channel),
            f"saturated += where(q{k} > {FULL}, 1, 0)",
            f"{target} {sign}= min(q{k}, {FULL})*one{k}",
        ]
        parameters[f"one{k}"] = Parameter(2.0**channel.shift / ONE, unit, meaning="of the buffer")
    texts.lines += _counting(channels)
    states = [*model.block.states, *(n for n in initial if n.startswith("syn"))]
    return NeuronModel(
        texts.text(), after_arrivals="\n".join([*after, model.after_arrivals]),
        threshold=model.threshold, reset=model.reset, refractory=model.refractory,
        clamped=model.clamped, dimensionless=model.dimensionless, method=model.method,
        parameters=parameters, initial=initial, default_synapse="Delta",
        name=f"SpiNNaker{model.label}", source=model.source,
        state_format=dict.fromkeys(states, S1615), **values,
    )  # fmt: skip


class _Texts:
    """The equations of a neuron, with those of its receptors among them."""

    def __init__(self, model: NeuronModel) -> None:
        self.lines: list[str] = []
        self.currents: list[str] = []
        self.model = model

    def join(self, prefix: str, synapse: Synapse) -> None:
        """Add a receptor, its names with a prefix."""
        own = (*synapse.parameters, *synapse.block.units, *synapse.block.aliases)
        for line in logical_lines(synapse.equations, synapse.label):
            equation, _, unit = line.rpartition(":")
            self.lines.append(f"{_renamed(equation, own, prefix)}: {unit}")
        if synapse.current:
            self.currents.append(_renamed(synapse.current, own, prefix))

    def text(self) -> str:
        """All of it."""
        total = "".join(f" + ({current})" for current in self.currents)
        own = re.sub(r"\bi_syn\b", f"(i_syn{total})", self.model.equations)
        return "\n".join([*self.lines, own])


def _renamed(text: str, names: Sequence[str], prefix: str) -> str:
    """A text in which names have a prefix; those of derivatives too."""
    for name in dict.fromkeys(names):
        text = re.sub(rf"(?<![\w.]){name}(?=\W|$)", f"{prefix}{name}", text)
        text = re.sub(rf"\bd{name}/dt\b", f"d{prefix}{name}/dt", text)
    return text
