"""Chips with defects: cores and links that are dead, synapses that are stuck, bits that flip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import gcd
from typing import Any

import numpy as np

from ..errors import UnknownNameError, ValidationError, shorten
from ..network.files import network_of, plain_with_arrays
from ..numerics.random import stream_key, uniform
from ..program.edge_list import edge_list, edge_weights
from ..program.lower import lower
from .quantising import Quantised

__all__ = ["KINDS", "Faults", "flipped", "honoured", "stuck", "with_faults"]

_BITS = 8
#: How far a weight may be from a whole number: means over windows are divided, and multiplied.
_ROUNDING = 1e-9
#: What may be wrong, by attribute of `Faults`.
KINDS = ("dead_cores", "dead_chips", "dead_links", "stuck_synapses", "bit_flips")


@dataclass(frozen=True)
class Faults:
    """What is broken; given to a chip, ``Loihi(faults=Faults(dead_cores=[3]))``.

    Attributes
    ----------
    dead_cores
        Places that hold nothing, numbered chip by chip. On SpiNNaker: column and row of the chip,
        and the core.
    dead_chips
        Chips that hold nothing and pass nothing on: numbers; on SpiNNaker column and row.
    dead_links
        Pairs of neighbouring routers between which nothing goes, in either direction; routers are
        counted row by row over all chips. On SpiNNaker: column and row of a chip, and the link.
    stuck_synapses
        Synapses whose weight is 0: a probability, or by projection a list of synapses, in order
        of their sources.
    bit_flips
        The probability with which each bit of each weight is inverted; on crossbars, of whether
        axon and neuron are connected; on SpiNNaker, of each word of a synapse.
    seed
        Of what is left to chance; the same for every network of the same names.
    """

    dead_cores: Sequence[int | tuple[int, ...]] = ()
    dead_chips: Sequence[int | tuple[int, ...]] = ()
    dead_links: Sequence[tuple[int, ...]] = ()
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
        for name in ("dead_cores", "dead_chips", "dead_links"):
            listed = tuple(_numbers(item, name) for item in getattr(self, name))
            object.__setattr__(self, name, listed)

    @property
    def weights(self) -> bool:
        """Whether any weight may be wrong."""
        return bool(self.bit_flips) or bool(self.stuck_synapses)

    @property
    def listed(self) -> Mapping[str, Sequence[int]]:
        """Synapses that are stuck by name of their projection."""
        return self.stuck_synapses if isinstance(self.stuck_synapses, Mapping) else {}

    def items(self, name: str, length: int, most: int | None = None) -> list[Any]:
        """Items of `dead_cores` or the like, all of so many numbers; plain numbers if that is 1.

        Raises
        ------
        ValidationError
            If one has more or fewer, or is `most` or more.
        """
        found = []
        for item in getattr(self, name):
            if len(item) != length:
                wanted = "one number each" if length == 1 else f"{length} numbers each"
                raise ValidationError(f"Faults.{name}", f"got {item}", wanted)
            if most is not None and not all(0 <= n < most for n in item):
                shown = item[0] if length == 1 else item
                raise ValidationError(f"Faults.{name}", f"got {shown}", f"0 to {most - 1}")
            found.append(item[0] if length == 1 else item)
        return found


def _numbers(item: Any, name: str) -> tuple[int, ...]:
    listed = item if isinstance(item, tuple | list | np.ndarray) else (item,)
    if not all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in listed):
        raise ValidationError(f"Faults.{name}", f"got {shorten(item)}", "whole numbers")
    return tuple(int(n) for n in listed)


def honoured(chip: Any, *kinds: str, why: str) -> Faults:
    """The faults of a chip whose mapper knows only some kinds.

    Parameters
    ----------
    chip
        With its `faults`, None for none.
    kinds
        Attributes of `Faults` that its mapper honours.
    why
        What keeps it from the others.

    Raises
    ------
    ValidationError
        If there are others; they are named.
    """
    faults = Faults() if chip.faults is None else chip.faults
    where = f"{chip.name}, faults"
    if not isinstance(faults, Faults):
        raise ValidationError(where, f"got {shorten(faults)}", "chips.faults.Faults(...)")
    given = [kind for kind in KINDS if getattr(faults, kind) and kind not in kinds]
    if given:
        known = ", ".join(kinds) or "none"
        raise ValidationError(where, f"has {', '.join(given)}", f"{known}: {why}")
    return faults


def with_faults(
    quantised: Quantised,
    faults: Faults,
    words: Mapping[str, np.ndarray] | None = None,
    unit: int | None = None,
) -> Quantised:
    """The network with the weights that a chip with defects has.

    Weights of a projection are whole multiples of their greatest common divisor, held in two's
    complement in as many bits as its loss states, 8 where it states none; a bit that flips may
    change sign or magnitude. The same synapse has the same defect whatever else there is.

    Parameters
    ----------
    quantised
        In the chip's numbers.
    faults
        What is broken.
    words
        By projection, which word of memory each synapse reads, int64, in the order of `edge_list`:
        synapses of one word have the same defect. Each has its own where none is given.
    unit
        Of all weights, in place of their divisor.

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
    for name in faults.listed:
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
        at = (words or {}).get(edge.name, np.arange(len(given)))
        made = _faulty(given, edge.name, bits, faults, at, unit)
        changed += int((np.abs(made - given) > _ROUNDING).sum())
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
    weights: np.ndarray, name: str, bits: int, faults: Faults, at: np.ndarray, unit: int | None
) -> np.ndarray:
    if (np.abs(weights - np.rint(weights)) > _ROUNDING).any():
        raise ValidationError(f"faults, {name!r}", "weights that are not whole", "whole numbers")
    whole = np.rint(weights).astype(np.int64)
    if unit is None:
        unit = max(1, reduce(gcd, np.unique(np.abs(whole)).tolist(), 0))
    code = whole // unit
    signed = bool((code < 0).any())
    bits = max(bits, int(np.abs(code).max(initial=0)).bit_length() + signed)
    if faults.bit_flips:
        word = code & ((1 << bits) - 1)
        word ^= flipped(faults, name, at, bits)
        code = np.where(signed & (word >> (bits - 1) > 0), word - (1 << bits), word)
    made = (code * unit).astype(float)
    made[stuck(faults, name, at)] = 0.0
    return made


def flipped(faults: Faults, name: str, at: np.ndarray, bits: int) -> np.ndarray:
    """Bits that are inverted in words with numbers `at`, as a mask of each (int64)."""
    at = at.astype(np.uint64)
    made = np.zeros(len(at), np.int64)
    for bit in range(bits if faults.bit_flips else 0):
        key = stream_key(faults.seed, name, f"bit {bit} flips")
        made |= (uniform(key, at) < faults.bit_flips).astype(np.int64) << bit
    return made


def stuck(faults: Faults, name: str, at: np.ndarray) -> np.ndarray:
    """Which synapses of a projection are stuck, of words with numbers `at` (bool)."""
    made = np.zeros(len(at), bool)
    if not isinstance(faults.stuck_synapses, Mapping) and faults.stuck_synapses:
        key = stream_key(faults.seed, name, "stuck")
        made |= uniform(key, at.astype(np.uint64)) < faults.stuck_synapses
    listed = list(faults.listed.get(name, ()))
    wrong = [i for i in listed if not 0 <= i < len(made)]
    if wrong:
        where = f"Faults.stuck_synapses, {name!r}"
        raise ValidationError(where, f"synapse {wrong[0]}", f"0 to {len(made) - 1}")
    # All synapses of a word that is stuck are.
    made |= np.isin(at, at[listed]) if listed else False
    return made
