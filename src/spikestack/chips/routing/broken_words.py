"""Words of synapses with bits that flipped: other weights, delays, buffers, neurons."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError
from ...network.files import network_of, plain_with_arrays
from ...program.edge_list import EdgeList, edge_list, edge_weights
from ...program.lower import lower
from ..faults import Faults, flipped, stuck
from ..neurons.spinnaker import ROWS
from ..quantising import Quantised
from .slicing import Slices

__all__ = ["Word", "with_broken_words"]

#: Of a word, of its weight, which is at its top, and of its delay.
_WORD, _WEIGHT, _DELAY = 32, 16, 4


@dataclass(frozen=True)
class Word:
    """How 32 bits say what a synapse does: weight, delay, type and neuron, from the top.

    Type and neuron take as many bits as they need, at the bottom, the delay the four above; bits
    between it and the weight mean nothing. The layout is that of sPyNNaker's
    ``synapse_row.h``; that fields are no wider than they need be is an assumption.

    Attributes
    ----------
    types, neurons
        How many a core tells apart.
    """

    types: int
    neurons: int

    @property
    def _bits(self) -> tuple[int, int]:
        return (self.types - 1).bit_length(), (self.neurons - 1).bit_length()

    def packed(
        self, weight: np.ndarray, delay: np.ndarray, kind: np.ndarray, neuron: np.ndarray
    ) -> np.ndarray:
        """Words; a delay of 16 steps is the slot of 0."""
        types, neurons = self._bits
        low = kind << neurons | neuron | (delay % 2**_DELAY) << types + neurons
        return np.asarray(weight << _WORD - _WEIGHT | low)

    def read(self, word: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Weight, delay, type and neuron of words."""
        types, neurons = self._bits
        delay = word >> types + neurons & 2**_DELAY - 1
        return (
            word >> _WORD - _WEIGHT, np.where(delay > 0, delay, 2**_DELAY),
            word >> neurons & 2**types - 1, word & 2**neurons - 1,
        )  # fmt: skip


def with_broken_words(quantised: Quantised, slices: Slices, faults: Faults) -> Quantised:
    """The network as the words in memory have it.

    Each bit of the word of each synapse is inverted by chance, so that its weight, delay, type or
    neuron may be another; what then names no neuron of its core, or no ring buffer, does nothing.
    The word of a stuck synapse is 0.

    Parameters
    ----------
    quantised
        In the chip's numbers; its projections are those that `Faults.stuck_synapses` lists.
    slices
        Which neurons are together on a core.
    faults
        What is broken.

    Raises
    ------
    UnknownNameError
        If a projection with stuck synapses is none.
    ValidationError
        If a projection learns: what becomes of its words is not followed.
    """
    if not faults.weights:
        return quantised
    program = lower(quantised.network, quantised.dt, "float64", 1)
    edges = {e.name: e for e in program.edges}
    header, arrays = plain_with_arrays(quantised.network)
    labels = [kind.__name__ for kind in ROWS]
    rows = [p for p in header["projections"] if p["synapse"]["label"] in labels]
    for name in faults.listed:
        if name not in [p["name"] for p in rows]:
            raise UnknownNameError("Faults.stuck_synapses", name, [p["name"] for p in rows])
    made, formats, changed = [], dict(quantised.formats), 0
    for item in header["projections"]:
        e = edges[item["name"]]
        if item not in rows:
            made.append(item)
            continue
        if e.plastic:
            raise ValidationError(f"SpiNNaker, faults, projection {e.name!r}", "learns",
                                  "fixed weights: words that change are not followed")  # fmt: skip
        kind = labels.index(item["synapse"]["label"])
        post = program.populations[e.post].name
        types = sum(f"q{k}" in quantised.network[post].model.block.states for k in range(4))
        found, weights = edge_list(e), np.rint(edge_weights(e)).astype(np.int64)
        broken = _broken(e.name, found, weights, kind, types, slices, post, faults)
        changed += int(broken[-1].sum())
        for k in np.unique(broken[0]).tolist():
            name = e.name if k == kind else f"{e.name}, as type {k}"
            part = [column[broken[0] == k] for column in (found.pre, *broken[1:-1])]
            made.append(_projection(item, name, k, part, quantised.dt, arrays))
            formats[name] = quantised.formats[e.name]
    header["projections"] = made
    note = f"faults: {changed:,} words of synapses are not those meant"
    return replace(
        quantised, network=network_of(header, arrays), formats=formats,
        notes=(*quantised.notes, note),
    )  # fmt: skip


def _broken(
    name: str, found: EdgeList, weights: np.ndarray, kind: int, types: int, slices: Slices,
    post: str, faults: Faults,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """Type, target, weight and delay (steps) that words have, and which are not those meant."""
    of = slices.of[post][found.post]
    first = np.array([ids[0] if len(ids) else 0 for ids in slices.ids], np.int64)
    sizes = np.array([len(ids) for ids in slices.ids], np.int64)
    own = np.unique(slices.of[post])
    word = Word(types, int(sizes[own].max()))
    at = np.arange(len(weights))
    index, kinds = found.post - first[of], np.full(len(weights), kind)
    meant = word.packed(weights, found.delays, kinds, index)
    weight, delay, type_, neuron = word.read(meant ^ flipped(faults, name, at, _WORD))
    # What is read of a row is read all the same; it adds nothing to any buffer.
    lost = (type_ >= types) | (neuron >= sizes[of]) | stuck(faults, name, at)
    weight, delay = np.where(lost, 0, weight), np.where(lost, found.delays, delay)
    type_, neuron = np.where(lost, kind, type_), np.where(lost, index, neuron)
    other = word.packed(weight, delay, type_, neuron) != meant
    return type_, first[of] + neuron, weight, delay, other


def _projection(
    item: dict[str, Any], name: str, kind: int, columns: list[np.ndarray], dt: float,
    arrays: dict[str, np.ndarray],
) -> dict[str, Any]:  # fmt: skip
    """A projection of a plain network with other synapses."""
    made = deepcopy(item)
    pre, post, weight, delay = columns
    given = {"pre": pre, "post": post, "weight": weight.astype(float), "delay": delay * dt}
    packed = {}
    for column, values in given.items():
        arrays[f"{column} of {name}"] = values
        packed[column] = {"array": f"{column} of {name}"}
    made["name"] = name
    made["rule"] = {"kind": "FromArrays", "pre": packed.pop("pre"), "post": packed.pop("post")}
    made["synapse"] |= packed | {"label": ROWS[kind].__name__, "dendritic_delay": 0.0}
    made["synapse"]["texts"] = made["synapse"]["texts"] | {"receives": f"q{kind}"}
    made["pre"], made["post"] = (made[end] | {"ids": None} for end in ("pre", "post"))
    return made
