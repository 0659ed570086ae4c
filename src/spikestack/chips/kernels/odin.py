"""ODIN's neuron and synapse, event by event, in unsigned integers of 8 and of 3 bits.

Frenkel et al. 2019, IEEE TBCAS 13:145; equal to the published Verilog in simulation. An event is
either a spike or a time reference, which makes the potential leak and calcium fall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Neurons", "Parameters", "changed_weight", "update"]


@dataclass(frozen=True)
class Parameters:
    """What is set for a neuron: numbers or int64 arrays.

    Attributes
    ----------
    leak, leaks
        By how much the potential falls, and whether it does.
    theta
        Threshold.
    learns, theta_mem, theta_1, theta_2, theta_3
        Whether calcium is kept, the potential, and the calcium levels that decide whether synapses
        are strengthened or weakened.
    calcium_leak
        How many time references calcium takes to fall by one; 0 for never.
    """

    leak: Any
    leaks: Any
    theta: Any
    learns: Any
    theta_mem: Any
    theta_1: Any
    theta_2: Any
    theta_3: Any
    calcium_leak: Any


@dataclass(frozen=True)
class Neurons:
    """State of neurons (0 to 255, 0 to 7, 0 to 31), and what the last event did, int64 arrays.

    `up` and `down` say whether spikes that now come strengthen or weaken their synapses.
    """

    v: Any
    calcium: Any
    count: Any
    spike: Any = False
    up: Any = False
    down: Any = False


def update(old: Neurons, given: Parameters, event: Any, reference: Any, weight: Any) -> Neurons:
    """One event at each of several neurons.

    Parameters
    ----------
    event
        Whether there is one.
    reference
        Whether it is a time reference instead of a spike.
    weight
        -7 to 7, negative for a source that inhibits.
    """
    leaking = event & reference & given.leaks
    v = np.where(leaking, np.maximum(old.v - given.leak, 0), old.v)
    v = np.where(event & ~reference, np.clip(old.v + weight, 0, 255), v)
    spike = v >= given.theta
    v = np.where(spike, 0, v)
    ticks = event & reference & given.learns & (given.calcium_leak > 0)
    falls = ticks & (old.count == given.calcium_leak - 1)
    count = np.where(falls, 0, np.where(ticks, (old.count + 1) % 32, old.count))
    rises = spike & given.learns
    calcium = np.clip(old.calcium + (rises & ~falls) - (falls & ~rises).astype(np.int64), 0, 7)
    enough = given.learns & (given.theta_1 <= calcium)
    up = enough & (v >= given.theta_mem) & (calcium < given.theta_3)
    down = enough & (v < given.theta_mem) & (calcium < given.theta_2)
    return Neurons(v, calcium, count, spike, up, down)


def changed_weight(stored: Any, pre: Any, drift: Any, up: Any, down: Any) -> Any:
    """Synapses after an event: strengthened or weakened, or drifting to the nearer end.

    Parameters
    ----------
    stored
        0 to 15: three bits of weight below one that says whether the synapse is plastic.
    pre, drift
        Whether the synapse is looked at, and whether to let it drift instead.
    up, down
        What its target neuron says.
    """
    weight = stored & 7
    learned = up.astype(np.int64) - (down & ~up)
    learned = np.where((down & (weight == 0)) | (up & (weight == 7)), 0, learned)
    drifted = np.where(weight >= 4, weight < 7, -(weight > 0).astype(np.int64))
    return np.where(pre, stored + np.where(drift, drifted, learned), stored)
