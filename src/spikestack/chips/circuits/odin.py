"""Networks in ODIN's numbers: weights of three bits, a sign for each source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ..quantising import Quantised
from .reading import copy_inputs, read
from .whole import Format, quantise

__all__ = ["FORM", "quantise_signed", "rows_of", "split_signs"]

#: Three bits and the source's sign; potentials from 0 to 255.
FORM = Format(
    "ODIN", weight_bits=4, state_bits=9, decay_bits=0, low=0.0, least_delay=0, most_delay=0,
    event_driven=True, reads_potentials=False,
)  # fmt: skip
_INHIBITS = " (inhibits)"


def split_signs(network: Network, dt: float) -> Network:
    """The same network, where every neuron on the chip excites or inhibits.

    A population that does both gets a twin, which hears the same and sends what inhibits.
    """
    given = read(network, dt, "ODIN", reads_potentials=False, bounded=True)
    mixed = {}
    for k in given.neurons:
        sent = [e.weights for e in given.edges if e.pre == k and e.post not in given.readouts]
        if any((w < 0).any() for w in sent) and any((w > 0).any() for w in sent):
            mixed[k] = given.name(k) + _INHIBITS
    if not mixed:
        return network
    made = Network(seed=network.seed)
    for p in network.populations.values():
        made.add(Population(p.name, p.shape, p.model))
    for k, twin in mixed.items():
        described = network.populations[given.name(k)]
        made.add(Population(twin, described.shape, described.model))
    for e in given.edges:
        synapse = network.projections[e.name].synapse
        values: dict[str, Any] = dict(synapse.values)
        hears = [given.name(e.post), *([mixed[e.post]] if e.post in mixed else [])]
        negative = e.weights < 0
        divided = e.pre in mixed and e.post not in given.readouts
        for post in hears:
            own = "" if post == given.name(e.post) else " to its twin"
            parts = [(given.name(e.pre), np.ones(len(e.weights), bool), "")]
            if divided:
                parts = [(given.name(e.pre), ~negative, ""), (mixed[e.pre], negative, _INHIBITS)]
            for pre, chosen, part in parts:
                if not chosen.any():
                    continue
                weights, delays = e.weights[chosen], e.delays[chosen] * given.program.dt
                made.connect(
                    made[pre], made[post], FromArrays(e.sources[chosen], e.targets[chosen]),
                    type(synapse)(weight=weights, delay=delays, **values),
                    name=e.name + own + part,
                )  # fmt: skip
    copy_inputs(network, made)
    return made


def quantise_signed(network: Network, dt: float) -> Quantised:
    """Bring a network of integrate-and-fire neurons without leak into ODIN's numbers.

    Raises
    ------
    ValidationError
        If anything in it cannot be had; says what, and what to do.
    """
    made = quantise(split_signs(network, dt), dt, FORM)
    notes = (
        "potentials do not fall below 0",
        "run on the chip, a spike acts before the next event is looked at",
    )
    return replace(made, notes=notes)


def rows_of(quantised: Quantised) -> dict[str, np.ndarray]:
    """Rows of the crossbar that each neuron takes as a source, by population.

    A neuron without synapses on the chip takes none, a source outside with weights of both signs
    two: its events come in twice.
    """
    program = lower(quantised.network, quantised.dt, "float64", 1)
    rows: dict[str, np.ndarray] = {}
    for k, p in enumerate(program.populations):
        excites, inhibits = np.zeros(p.size, bool), np.zeros(p.size, bool)
        for e in program.edges:
            if e.pre == k and program.populations[e.post].name in quantised.scales:
                sources, weights = edge_list(e).pre, edge_weights(e)
                excites[sources[weights > 0]] = True
                inhibits[sources[weights < 0]] = True
        rows[p.name] = excites.astype(np.int64) + inhibits
    return rows
