"""All synapses onto the neurons of a chip, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...network.rules import Convolution
from ...program.edge_list import edge_list
from ...program.lower import lower
from ..quantising import Quantised

if TYPE_CHECKING:
    from ..chip import Chip

__all__ = ["Synapses", "synapses_of", "with_kernels"]


@dataclass(frozen=True)
class Synapses:
    """All synapses onto neurons of a chip.

    Attributes
    ----------
    pre, post
        Neurons: those of the chip first, population by population, then sources outside (int64).
    bits
        What each takes of synaptic memory.
    inside
        Number of neurons on the chip.
    starts
        Where each population begins, by name; sources outside from `inside` on.
    total
        Number of neurons, all in all.
    kernels
        Bits of each kernel that a core holds once, and the targets that need it there.
    """

    pre: np.ndarray
    post: np.ndarray
    bits: np.ndarray
    inside: int
    starts: Mapping[str, int]
    total: int = 0
    kernels: tuple[tuple[float, np.ndarray], ...] = ()

    def inward(self) -> Synapses:
        """Those onto neurons of the chip only."""
        here = self.post < self.inside
        if here.all():
            return self
        return replace(self, pre=self.pre[here], post=self.post[here], bits=self.bits[here])


def synapses_of(quantised: Quantised, bits: Mapping[str, float]) -> Synapses:
    """List the synapses of a quantised network.

    Parameters
    ----------
    bits
        What a synapse takes, by format.
    """
    program = lower(quantised.network, quantised.dt, "float64", 1)
    inside = [p for p in program.populations if p.name in quantised.scales]
    outside = [p for p in program.populations if p.name not in quantised.scales]
    starts, at = {}, 0
    for p in (*inside, *outside):
        starts[p.name] = at
        at += p.size
    pre, post, taken = [], [], []
    for e in program.edges:
        found = edge_list(e)
        pre.append(found.pre + starts[program.populations[e.pre].name])
        post.append(found.post + starts[program.populations[e.post].name])
        taken.append(np.full(len(found.pre), bits[quantised.formats[e.name]], np.float32))
    none = np.zeros(0, np.int64)
    return Synapses(
        np.concatenate([none, *pre]),
        np.concatenate([none, *post]),
        np.concatenate([none.astype(np.float32), *taken]),
        sum(p.size for p in inside),
        starts,
        at,
    )


def with_kernels(synapses: Synapses, quantised: Quantised, chip: Chip) -> Synapses:
    """The same synapses, those of a shared kernel without bits of their own."""
    if not chip.shares_kernels or quantised.described is None:
        return synapses
    described = quantised.described.projections
    program = lower(quantised.network, quantised.dt, "float64", 1)
    bits, kernels, at = synapses.bits.copy(), [], 0
    for e in program.edges:
        count = len(edge_list(e).pre)
        rule = described[e.name].rule if e.name in described else None
        if isinstance(rule, Convolution) and quantised.formats[e.name] == "convolutional":
            bits[at : at + count] = 0.0
            size = float(np.size(rule.kernel)) * chip.synapse_bits["convolutional"]
            targets = np.unique(synapses.post[at : at + count])
            kernels.append((size, targets[targets < synapses.inside]))
        at += count
    return replace(synapses, bits=bits, kernels=tuple(kernels))
