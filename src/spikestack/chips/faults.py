"""Chips with defects: cores and links that are dead, synapses that are stuck, bits that flip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import gcd

import numpy as np

from ..errors import UnknownNameError, ValidationError, shorten
from ..network.files import network_of, plain_with_arrays
from ..numerics.random import stream_key, uniform
from ..program.edge_list import edge_list, edge_weights
from ..program.lower import lower
from .quantising import Quantised

__all__ = ["Faults", "with_faults"]

_BITS = 8


@dataclass(frozen=True)
class Faults:
    """What is broken; given to a chip, ``Loihi(faults=Faults(dead_cores=[3]))``.

    Attributes
    ----------
    dead_cores
        Places that hold nothing, numbered chip by chip.
    dead_links
        Pairs of neighbouring routers between which nothing goes, in either direction; routers are
        counted row by row over all chips.
    stuck_synapses
        Synapses whose weight is 0: a probability, or by projection a list of synapses, in order
        of their sources.
    bit_flips
        The probability with which each bit of each weight is inverted.
    seed
        Of what is left to chance; the same for every network of the same names.
    """

    dead_cores: Sequence[int] = ()
    dead_links: Sequence[tuple[int, int]] = ()
    stuck_synapses: float | Mapping[str, Sequence[int]] = 0.0
    bit_flips: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        shares = {"bit_flips": self.bit_flips}
        if not isinstance(self.stuck_synapses, Mapping):
            shares["stuck_synapses"] = self.stuck_synapses
        for name, share in shares.items():
            if not (isinstance(share, int | float) and 0 <= share <= 1):
                raise ValidationError(f"Faults.{name}", f"got {shorten(share)}", "0 to 1")
        object.__setattr__(self, "dead_cores", tuple(int(c) for c in self.dead_cores))
        links = tuple((int(a), int(b)) for a, b in self.dead_links)
        object.__setattr__(self, "dead_links", links)

    @property
    def weights(self) -> bool:
        """Whether any weight may be wrong."""
        return bool(self.bit_flips) or bool(self.stuck_synapses)


def with_faults(quantised: Quantised, faults: Faults) -> Quantised:
    """The network with the weights that a chip with defects has.

    Weights of a projection are whole multiples of their greatest common divisor, held in two's
    complement in as many bits as its loss states, 8 where it states none; a bit that flips may
    change sign or magnitude. The same synapse has the same defect whatever else there is.

    Raises
    ------
    UnknownNameError
        If a projection with stuck synapses is none.
    ValidationError
        If a weight is no whole number.
    """
    if not faults.weights:
        return quantised
    program = lower(quantised.network, quantised.dt, "float64", 1)
    edges = {e.name: e for e in program.edges}
    listed = faults.stuck_synapses if isinstance(faults.stuck_synapses, Mapping) else {}
    for name in listed:
        if name not in edges:
            raise UnknownNameError("Faults.stuck_synapses", name, edges)
    header, arrays = plain_with_arrays(quantised.network)
    changed = 0
    for item in header["projections"]:
        edge = edges[item["name"]]
        if program.populations[edge.post].name not in quantised.scales:
            continue
        loss = quantised.losses.get(edge.name)
        bits = _BITS if loss is None else int(loss.bits)
        given, found = edge_weights(edge), edge_list(edge)
        made = _faulty(given, edge.name, bits, faults, listed.get(edge.name, ()))
        changed += int((made != given).sum())
        columns = {
            "pre": found.pre, "post": found.post, "weight": made,
            "delay": (found.delays - found.dendritic) * edge.dt,
            "dendritic_delay": found.dendritic * edge.dt,
        }  # fmt: skip
        packed = {}
        for column, values in columns.items():
            arrays[f"{column} of {edge.name}"] = values
            packed[column] = {"array": f"{column} of {edge.name}"}
        item["rule"] = {"kind": "FromArrays", "pre": packed.pop("pre"), "post": packed.pop("post")}
        item["synapse"] |= packed
        item["pre"] = item["pre"] | {"ids": None}
        item["post"] = item["post"] | {"ids": None}
    note = f"faults: {changed:,} weights are not those meant"
    return replace(quantised, network=network_of(header, arrays), notes=(*quantised.notes, note))


def _faulty(
    weights: np.ndarray, name: str, bits: int, faults: Faults, listed: Sequence[int]
) -> np.ndarray:
    if not np.array_equal(weights, np.rint(weights)):
        raise ValidationError(f"faults, {name!r}", "weights that are not whole", "whole numbers")
    unit = max(1, reduce(gcd, np.unique(np.abs(weights)).astype(np.int64).tolist(), 0))
    code = (weights / unit).astype(np.int64)
    bits = max(bits, int(np.abs(code).max(initial=0)).bit_length() + bool((code < 0).any()))
    at = np.arange(len(code), dtype=np.uint64)
    if faults.bit_flips:
        signed = bool((code < 0).any())
        word = code & ((1 << bits) - 1)
        for bit in range(bits):
            key = stream_key(faults.seed, name, f"bit {bit} flips")
            word ^= (uniform(key, at) < faults.bit_flips).astype(np.int64) << bit
        code = np.where(signed & (word >> (bits - 1) > 0), word - (1 << bits), word)
    made = (code * unit).astype(float)
    if not isinstance(faults.stuck_synapses, Mapping) and faults.stuck_synapses:
        key = stream_key(faults.seed, name, "stuck")
        made[uniform(key, at) < faults.stuck_synapses] = 0.0
    wrong = [i for i in listed if not 0 <= i < len(made)]
    if wrong:
        where = f"Faults.stuck_synapses, {name!r}"
        raise ValidationError(where, f"synapse {wrong[0]}", f"0 to {len(made) - 1}")
    made[list(listed)] = 0.0
    return made
