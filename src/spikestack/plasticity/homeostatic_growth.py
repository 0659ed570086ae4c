"""Growth and loss of synapses by which neurons keep their activity at a set point."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..equations.model import Parameter
from ..errors import ValidationError
from ..numerics.functions import exp
from .base import WeightParameter
from .structural import StructuralRule
from .wiring import Change, Wiring

__all__ = ["HomeostaticGrowth"]

_PAIRINGS = 8


class HomeostaticGrowth(StructuralRule):
    """Sources grow axonal, targets dendritic elements; free ones are paired at random.

    Both follow a Gaussian curve of a neuron's calcium, which here is its mean rate over
    `tau_calcium`: elements grow by up to `nu` between the set points `eta` and `epsilon`, and
    retract outside; with `eta` below 0 they also grow on silent neurons. A neuron that has fewer
    elements than synapses loses synapses at random, and the other side's elements become free
    again. Free elements that find no partner decay. All neurons begin with as many elements as
    they have synapses in this projection.

    With ``any_source=True`` every source always has a free element, and only targets decide.
    """

    pre_traces = "dcalcium/dt = -calcium/tau_calcium : Hz"
    post_traces = "dcalcium_post/dt = -calcium_post/tau_calcium : Hz"
    pre_spike = "calcium += 1/tau_calcium"
    post_spike = "calcium_post += 1/tau_calcium"
    source = "Butz and van Ooyen 2013, PLoS Comput Biol 9:e1003259"

    tau_calcium = Parameter(10_000.0, "ms", low=0, low_open=True, meaning="reach of calcium")
    eta_axonal = Parameter(0.5, "Hz", meaning="rate above which axonal elements grow")
    epsilon_axonal = Parameter(20.0, "Hz", low=0, meaning="rate up to which they grow")
    nu_axonal = Parameter(0.1, "Hz", low=0, meaning="their fastest growth, elements per second")
    eta_dendritic = Parameter(0.5, "Hz", meaning="rate above which dendritic elements grow")
    epsilon_dendritic = Parameter(5.0, "Hz", low=0, meaning="rate up to which they grow")
    nu_dendritic = Parameter(0.1, "Hz", low=0, meaning="their fastest growth, elements per second")
    decay = Parameter(0.1, low=0, high=1, meaning="share of free elements lost in a round")
    max_in_degree = Parameter(1000.0, low=1, meaning="synapses that a target may get to have")
    any_source = Parameter(0.0, low=0, high=1, meaning="1: sources always have a free element")
    w_new = WeightParameter(0.1, meaning="weight of a new synapse")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        for side in ("axonal", "dendritic"):
            low, high = self.number(f"eta_{side}"), self.number(f"epsilon_{side}")
            if not low < high:
                raise ValidationError(
                    self.label,
                    f"eta_{side} = {low:g} Hz is not below epsilon_{side} = {high:g} Hz",
                    "elements grow between the two",
                )

    def most_sources(self) -> float:
        """See `StructuralRule.most_sources`."""
        return math.floor(self.number("max_in_degree"))

    def elements(self, wiring: Wiring) -> np.ndarray:
        """As many as there are synapses: of every source, then of every target."""
        return np.concatenate(_degrees(wiring, np.ones(len(wiring.pre), bool))).astype(float)

    def change(self, wiring: Wiring) -> Change:
        """See `StructuralRule.change`."""
        values, n_pre = wiring.values, wiring.sizes[0]
        axonal, dendritic = wiring.elements[:n_pre], wiring.elements[n_pre:]
        _grow(axonal, wiring.sources, wiring.source_traces["calcium"], values, "axonal")
        _grow(dendritic, wiring.targets, wiring.target_traces["calcium_post"], values, "dendritic")
        stays = np.ones(len(wiring.pre), bool)
        # Targets lose what is left to lose once sources have lost theirs.
        for side, owners, grown in (("pre", wiring.pre, axonal), ("post", wiring.post, dendritic)):
            if side == "pre" and values["any_source"]:
                continue
            there = np.flatnonzero(stays)
            has = np.bincount(owners[there], minlength=len(grown))
            lost = np.maximum(has - np.floor(grown).astype(np.int64), 0)
            stays[there[wiring.picked(f"loss {side}", owners[there], lost)]] = False
        free = _free(wiring, stays, axonal, dendritic)
        pre, post = _any(wiring, free[1]) if values["any_source"] else _paired(wiring, *free)
        for grown, some, taken in ((axonal, free[0], pre), (dendritic, free[1], post)):
            left = some - np.bincount(taken, minlength=len(grown))
            np.subtract(grown, values["decay"] * np.maximum(left, 0), out=grown)
        return Change(np.flatnonzero(~stays), pre, post)


def _degrees(wiring: Wiring, stays: np.ndarray) -> list[np.ndarray]:
    ends = (wiring.pre, wiring.post)
    return [np.bincount(ids[stays], minlength=n) for ids, n in zip(ends, wiring.sizes)]


def _grow(elements: Any, ids: np.ndarray, calcium: np.ndarray, values: Any, side: str) -> None:
    """Let elements grow or retract for one interval, by the calcium at its end."""
    eta, epsilon = values[f"eta_{side}"], values[f"epsilon_{side}"]
    middle, width = (eta + epsilon) / 2, (epsilon - eta) / (2 * math.sqrt(math.log(2.0)))
    apart = (calcium[ids] - middle) / width
    growth = values[f"nu_{side}"] * values["interval"] * (2 * np.asarray(exp(-apart * apart)) - 1)
    elements[ids] = np.maximum(elements[ids] + growth, 0.0)


def _free(
    wiring: Wiring, stays: np.ndarray, axonal: np.ndarray, dendritic: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many elements without synapses every source and target has."""
    outgoing, incoming = _degrees(wiring, stays)
    most = int(wiring.values["max_in_degree"])
    wanted = np.minimum(np.floor(dendritic).astype(np.int64), most)
    offered = np.floor(axonal).astype(np.int64)
    return np.maximum(offered - outgoing, 0), np.maximum(wanted - incoming, 0)


def _any(wiring: Wiring, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A random source for each free element of a target."""
    post = np.repeat(np.arange(len(wanted)), wanted)
    pre = wiring.new_sources(post, np.zeros(wiring.sizes[0]), 0.0)
    return pre[pre >= 0], post[pre >= 0]


def _paired(
    wiring: Wiring, offered: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Free elements of both sides paired at random, as far as they go and may be joined."""
    left = [np.repeat(np.arange(len(n)), n) for n in (offered, wanted)]
    made: list[np.ndarray] = [np.zeros(0, np.int64), np.zeros(0, np.int64)]
    for attempt in range(_PAIRINGS):
        count = min(map(len, left))
        if not count:
            break
        for k, side in enumerate(("axonal", "dendritic")):
            drawn = wiring.uniform(f"{side} {attempt}", len(left[k]))
            left[k] = left[k][np.argsort(drawn, kind="stable")]
        pairs = [ids[:count] for ids in left]
        good = wiring.allowed(pairs[0], pairs[1], wiring.keys(made[0], made[1]))
        made = [np.concatenate([old, new[good]]) for old, new in zip(made, pairs)]
        left = [np.concatenate([ids[:count][~good], ids[count:]]) for ids in left]
    return made[0], made[1]
