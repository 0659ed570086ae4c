"""Loihi's learning engine in whole numbers: traces, products, stochastic rounding.

The chip's random numbers are not public: what is drawn here has the same distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numerics.compiling import njit
from ...numerics.random import stream_key, uniform
from .rules import FACTORS, TRACES, LoihiRule, Product

__all__ = ["LONGEST_DELAY", "Learner", "Widths"]

#: Bits of an accumulator, besides its sign, and of what a synapse has: weights and tags have a
#: sign beside, delays none.
_ACCUMULATOR, _BITS = 15, {"w": 8, "t": 8, "d": 6}
_TAG = 9
#: Greatest number in the delay field of a synapse; a spike takes a step more.
LONGEST_DELAY = 62


@dataclass(frozen=True)
class Widths:
    """How weights are held: bits with the sign, and how many of the last are lost on delivery."""

    bits: int
    lost: int

    def delivered(self, weights: np.ndarray) -> np.ndarray:
        """What arrives of a weight: without its last bits, rounded towards 0."""
        unit = float(2**self.lost)
        return np.asarray(np.trunc(weights / unit) * unit)


class Learner:
    """The learning engine of one projection.

    Parameters
    ----------
    rule
        What it computes.
    name, seed
        Of the projection and of the network, for the random numbers.
    pre, post
        Source and target of each synapse (int64).
    sizes
        Of both populations.
    weights
        Whole numbers at the start.
    widths
        How they are held.
    delays
        Of the delay fields at the start; 0 by default.
    """

    def __init__(
        self,
        rule: LoihiRule,
        name: str,
        seed: int,
        pre: np.ndarray,
        post: np.ndarray,
        sizes: tuple[int, int],
        weights: np.ndarray,
        widths: Widths,
        delays: np.ndarray | None = None,
    ) -> None:
        self.rule, self.pre, self.post, self.widths = rule, pre, post, widths
        self.weights = np.asarray(weights, np.int64).copy()
        self.tags = np.zeros(len(pre), np.int64)
        given = self.tags if delays is None else delays
        self.delays = np.asarray(given, np.int64).copy()
        self.traces = {
            trace: np.zeros(sizes[0] if trace[0] == "x" else sizes[1], np.int64)
            for trace in rule.traces
        }
        self.fired = tuple(np.zeros(size, np.int64) for size in sizes)
        self.reward = self.rewarded = self.epoch = 0
        self._keys = {
            what: stream_key(seed, name, f"learning {what}")
            for what in (*(f"{t} decay" for t in TRACES), *(f"{t} spike" for t in TRACES), *_BITS)
        }
        sums = {"w": rule.dw, "t": rule.dt, "d": rule.dd}
        self._tables = {what: _table(products, _point(what)) for what, products in sums.items()}
        #: Synapses that products with a spike, or their turn, were computed for, in the last epoch.
        self.visited = np.zeros(len(pre), bool)

    def step(self, step: int, pre: np.ndarray, post: np.ndarray, reward: int = 0) -> None:
        """Let one step pass.

        Parameters
        ----------
        step
            Its number, from 1 on.
        pre, post
            Sources and targets that fired in it.
        reward
            In it.
        """
        self.fired[0][pre] = 1
        self.fired[1][post] = 1
        self.reward = reward
        self.rewarded |= int(reward != 0)
        for name, shape in self.rule.traces.items():
            trace = self.traces[name]
            counter = np.uint64(step) * np.uint64(len(trace)) + np.arange(
                len(trace), dtype=np.uint64
            )
            drawn = uniform(self._keys[f"{name} decay"], counter)
            trace[:] = np.floor(trace * shape.decay + drawn)
            ids = pre if name[0] == "x" else post
            added = np.floor(shape.impulse + uniform(self._keys[f"{name} spike"], counter[ids]))
            trace[ids] = np.minimum(trace[ids] + added.astype(np.int64), 127)

    def learn(self) -> int:
        """End an epoch: change weights, tags and delays; how many synapses were visited."""
        self.epoch += 1
        variables = self._variables()
        self.visited[:] = False
        made = {
            what: _summed(*table, self.epoch, variables, self.pre, self.post, self.weights,
                          self.tags, self.delays, self.visited)
            for what, table in self._tables.items()
        }  # fmt: skip
        most, tag = 2 ** (self.widths.bits - 1), 2 ** (_TAG - 1)
        self.weights = self._rounded("w", self.weights, made["w"], -most, most - 1)
        self.tags = self._rounded("t", self.tags, made["t"], -tag, tag - 1)
        self.delays = self._rounded("d", self.delays, made["d"], 0, LONGEST_DELAY)
        for fired in self.fired:
            fired[:] = 0
        self.rewarded = 0
        return int(self.visited.sum())

    def _variables(self) -> np.ndarray:
        """Factors that belong to neurons, [factor, neuron]; rows as in `FACTORS`."""
        longest = max(len(fired) for fired in self.fired)
        made = np.zeros((len(FACTORS), longest), np.int64)
        made[FACTORS.index("x0"), : len(self.fired[0])] = self.fired[0]
        made[FACTORS.index("y0"), : len(self.fired[1])] = self.fired[1]
        for name, trace in self.traces.items():
            made[FACTORS.index(name), : len(trace)] = trace
        made[FACTORS.index("r0")] = self.rewarded
        made[FACTORS.index("r1")] = self.reward
        return made

    def _rounded(
        self, what: str, values: np.ndarray, added: np.ndarray, low: int, high: int
    ) -> np.ndarray:
        """Add in 16 bits, round at random, and saturate."""
        if not added.any():
            return values
        point, most = _point(what), 2**_ACCUMULATOR - 1
        gained = np.clip((values << point) + added, -most - 1, most)
        index = np.arange(len(values), dtype=np.uint64)
        counter = np.uint64(self.epoch) * np.uint64(len(values)) + index
        drawn = np.floor(uniform(self._keys[what], counter) * 2**point).astype(np.int64)
        return np.clip((gained + drawn) >> point, low, high)


def _point(what: str) -> int:
    """Bits of the accumulator behind the point of a variable."""
    return _ACCUMULATOR - _BITS[what]


def _table(products: tuple[Product, ...], point: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Products as numbers: scales, with so many bits behind the point, factors, constants.

    Factors are numbers of `FACTORS`, -1 for none, -2 - k for u_k.
    """
    longest = max((len(p.factors) for p in products), default=0)
    scales = np.array([p.scale * 2.0**point for p in products])
    factors = np.full((len(products), longest), -1, np.int64)
    constants = np.zeros((len(products), longest), np.int64)
    for k, product in enumerate(products):
        for j, (name, constant) in enumerate(product.factors):
            factors[k, j] = -2 - int(name[1:]) if name[0] == "u" else FACTORS.index(name)
            constants[k, j] = constant
    return scales, factors, constants


@njit(cache=True, nogil=True)
def _summed(
    scales: np.ndarray,
    factors: np.ndarray,
    constants: np.ndarray,
    epoch: int,
    variables: np.ndarray,
    pre: np.ndarray,
    post: np.ndarray,
    weights: np.ndarray,
    tags: np.ndarray,
    delays: np.ndarray,
    visited: np.ndarray,
) -> np.ndarray:
    """Sum of products of every synapse, each rounded down; what they begin with is scaled."""
    made = np.zeros(len(pre), np.int64)
    for s in range(len(pre)):
        for k in range(len(scales)):
            value, waits = scales[k], True
            for j in range(factors.shape[1]):
                f = factors[k, j]
                if f == -1:
                    break
                c = constants[k, j]
                if f < -1:
                    factor = 1 if epoch % (1 << (-2 - f)) == 0 else 0
                elif f < 3:
                    factor = variables[f, pre[s]]
                elif f < 9:
                    factor = variables[f, post[s]]
                elif f == 9:
                    factor = weights[s]
                elif f == 10:
                    factor = delays[s]
                else:
                    factor = tags[s]
                if factor == 0 and c == 0 and (f < -1 or f in (0, 3)):
                    waits = False
                    break
                value *= factor + c
            if waits:
                visited[s] = True
                made[s] += int(np.floor(value))
    return made
