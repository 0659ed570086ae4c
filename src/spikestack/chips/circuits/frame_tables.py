"""Layers whose activation is any function, as a look-up table of 256 numbers of 8 bits.

A sum is scaled and rounded to an index of 8 bits with a sign, of which the table gives what is
sent. A neuron model has no tables: it computes the function at the index's value, and rounds,
which is what the table would hold.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import AllToAll
from ...neurons.base import DECLARED, NeuronModel
from ...neurons.spike_source import SpikeSource
from ...program.lower import lower
from ...program.program import PopulationProgram
from ...synapses.delta import Delta
from ..quantising import Loss, loss_of
from ..staircase import Response, without_memory

__all__ = ["Table", "table_model", "table_of"]

#: Indices, and what is sent with a sign and without.
_LOWEST, _HIGHEST, _SIGNED, _UNSIGNED = -128, 127, 127.0, 255.0
#: Where a function that has an end has reached it, and where it is looked at in between.
_FAR, _NEAR, _LOOKED = 1e4, 1e-3, 4096
_MANTISSA, _LIMIT, _ROUNDING = 15, 2.0**23, 1e-9


@dataclass(frozen=True)
class Table:
    """A look-up table.

    Attributes
    ----------
    step
        Of the potential, between two entries, in the description's unit.
    unit
        What 1 that is sent stands for.
    signed
        Whether -127 to 127 is sent, else 0 to 255.
    bias
        Potential of each neuron if nothing arrives.
    loss
        Of what is sent, over all that it is for.
    entries
        What it holds, from index -128 on, int64[256].
    """

    step: float
    unit: float
    signed: bool
    bias: np.ndarray
    loss: Loss
    entries: np.ndarray

    @property
    def most(self) -> float:
        """Greatest magnitude that is sent."""
        return _SIGNED if self.signed else _UNSIGNED


def table_of(
    population: PopulationProgram, model: NeuronModel, where: str, reach: float | None
) -> Table | None:
    """The table of a population, the same of all its neurons; None if it does not have one.

    Parameters
    ----------
    population, model
        As lowered in double precision, and as described.
    where
        For messages.
    reach
        Greatest magnitude of the potential that it is for; by default that from which on nothing
        changes any more.

    Raises
    ------
    ValidationError
        If what is sent has no end, and nobody said where to look.
    """
    plain = population.states == ("v",) and model.dimensionless and not model.after_arrivals
    if not plain or model.reset or model.emit == "" or len(population.receptors) != 1:
        return None
    send = Response(population)
    without_memory(send, where)
    v = population.code.stores[0]
    bias, one = (np.broadcast_to(send.values(a)[v], send.n).astype(float) for a in (0.0, 1.0))
    if not np.allclose(one - bias, 1.0, rtol=0, atol=1e-12):
        return None

    def sent(potentials: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.stack([send(x - bias) for x in potentials])

    if reach is None:
        _check_ends(_unlimited(population, model), where)
        reach = _reach(sent)
    seen = sent(np.linspace(-reach, reach, 2 * _LOOKED + 1))
    if np.ptp(seen, axis=1).max() > _ROUNDING * max(1.0, float(np.abs(seen).max())):
        raise ValidationError(where, "sends otherwise neuron by neuron", "one function for all",
                              "a table is a layer's")  # fmt: skip
    if not np.isfinite(seen).all() or not seen.any():
        return None
    signed = bool((seen < 0).any())
    unit = float(np.abs(seen).max()) / (_SIGNED if signed else _UNSIGNED)
    step = reach / _HIGHEST
    index = np.clip(np.rint(np.linspace(-reach, reach, len(seen)) / step), _LOWEST, _HIGHEST)
    table = np.floor(sent(np.arange(_LOWEST, _HIGHEST + 1) * step)[:, 0] / unit + 0.5)
    table = np.clip(table, -_SIGNED if signed else 0.0, _SIGNED if signed else _UNSIGNED)
    made = table[index.astype(int) - _LOWEST] * unit
    loss = loss_of(seen[:, 0], made, 8)
    return Table(step, unit, signed, bias, loss, table.astype(np.int64))


def _unlimited(population: PopulationProgram, model: NeuronModel) -> Response:
    """What neurons would send if their model set no limit to it."""
    free, net = copy(model), Network()
    free.emit_limit = _LIMIT
    source = net.add(Population("source", 1, SpikeSource()))
    target = net.add(Population("target", population.size, free))
    net.connect(source, target, AllToAll(), Delta(weight=1.0, delay=1.0))
    return Response(lower(net, 1.0, "float64", 1).populations[1])


def _check_ends(send: Response, where: str) -> None:
    """Raise ValidationError if what is sent changes however much arrives."""
    ends = np.stack([send(-_FAR), send(_FAR)])
    beyond = np.stack([send(-2 * _FAR), send(2 * _FAR)])
    # Also where an end is no number.
    if not (np.abs(beyond - ends) <= _ROUNDING * np.maximum(1.0, np.abs(ends))).all():
        raise ValidationError(
            where, "sends values that are no few levels, without end", "a range for its table",
            "Akida2(ranges={name: greatest potential}); chips.framing.levelled makes rectifiers "
            "of few levels",
        )  # fmt: skip


def _reach(sent: Callable[[np.ndarray], np.ndarray]) -> float:
    """From where on, in both directions, a function has come to its ends."""
    far = np.geomspace(_NEAR, _FAR, _LOOKED)
    low, high = sent(-far), sent(far)
    most = max(float(np.abs(low).max()), float(np.abs(high).max()), 1e-300)
    # Within half of the least step that 8 bits have.
    apart = np.maximum(np.abs(low - low[-1]), np.abs(high - high[-1])).max(1)
    moving = np.flatnonzero(apart > 0.5 * most / _UNSIGNED)
    return float(far[min(moving.max(initial=0) + 1, _LOOKED - 1)])


def table_model(
    model: NeuronModel, table: Table, scale: np.ndarray, constant: np.ndarray
) -> tuple[NeuronModel, dict[str, Loss]]:
    """A neuron that sends what the table holds for the sum of integers that arrives.

    Parameters
    ----------
    model
        As described.
    table
        Its table.
    scale
        Units of the sum for one of the potential, of each neuron.
    constant
        What arrives always, of each neuron, in the description's unit.

    Returns
    -------
    tuple
        The neuron, whose ``v`` is the potential of the index, and what bias and scale cost.
    """
    wanted = (table.bias + constant) * scale
    bias, gain = np.rint(wanted), 1.0 / (scale * table.step)
    fine = 2.0 ** (np.floor(np.log2(gain)) + 1 - _MANTISSA)
    made = np.rint(gain / fine) * fine
    declared: dict[str, Any] = {
        name: getattr(model, name) for name in DECLARED if name != "initial"
    }
    low, high = (-_SIGNED, _SIGNED) if table.signed else (0.0, _UNSIGNED)
    code = f"clip(floor(({model.emit})/table_unit + 0.5), {low!r}, {high!r})"
    declared |= {
        "after_arrivals": f"v = clip(floor(v*table_gain + 0.5), {_LOWEST}, {_HIGHEST})*table_step",
        "threshold": f"({model.threshold}) and {code} != 0",
        "emit": code, "emit_type": "int", "emit_limit": 256.0,
    }  # fmt: skip
    values: dict[str, Any] = model.scalar_values()
    neuron = NeuronModel(
        "v[t+1] = table_bias : 1", name=f"{model.label} by a table",
        parameters={**model.parameters, "table_bias": 0.0, "table_gain": 1.0, "table_step": 1.0,
                    "table_unit": 1.0},
        **declared, **values, table_bias=bias, table_gain=made, table_step=table.step,
        table_unit=table.unit,
    )  # fmt: skip
    return neuron, {"bias": loss_of(wanted, bias, 32), "scale": loss_of(gain, made, _MANTISSA)}
