"""Which word of memory each synapse reads, where a kernel is stored once on a core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...network.rules import Convolution
from ...program.edge_list import edge_list
from ...program.lower import lower
from ..quantising import Quantised

__all__ = ["stored_words"]


def stored_words(quantised: Quantised, core_of: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Words of the kernels of convolutions, as `faults.with_faults` takes them.

    Synapses of one entry of a kernel, and of neurons on one core, read the same word.

    Parameters
    ----------
    quantised
        In the chip's numbers; rules are read from its description where it lists its synapses.
    core_of
        Core of each neuron, by population.

    Returns
    -------
    dict
        By projection, int64 in the order of `edge_list`.
    """
    made = {}
    program = lower(quantised.network, quantised.dt, "float64", 1)
    described = quantised.described.projections if quantised.described is not None else {}
    for e in program.edges:
        post = program.populations[e.post].name
        given = quantised.network.projections[e.name]
        rules = (given.rule, described[e.name].rule if e.name in described else None)
        rule = next((r for r in rules if isinstance(r, Convolution)), None)
        if rule is None or post not in core_of:
            continue
        shapes = given.pre.population.shape, given.post.population.shape
        entries = _entries(rule, *shapes, edge_list(e).pre, edge_list(e).post)
        core = core_of[post][edge_list(e).post].astype(np.int64)
        made[e.name] = core * np.int64(rule.kernel.size) + entries
    return made


def _entries(
    rule: Convolution, pre_shape: tuple[int, ...], post_shape: tuple[int, ...], pre: np.ndarray,
    post: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """The entry of the kernel that each synapse has."""
    numbered = replace(rule, kernel=np.arange(rule.kernel.size, dtype=float).reshape(
        rule.kernel.shape
    ))  # fmt: skip
    window = np.prod(rule.both(rule.pool, 1))
    edges = numbered.edges(pre_shape, post_shape)
    size = np.int64(np.prod(post_shape))
    keys = edges.pre * size + edges.post
    order = np.argsort(keys)
    at = np.searchsorted(keys[order], pre * size + post)
    found = np.rint(np.asarray(edges.weights)[order][at] * window)
    return np.asarray(found.astype(np.int64))
