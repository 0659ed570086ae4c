"""Weights as sums of the four values that a crossbar neuron has, one for each type of axon.

A source enters a core on one axon for each value that any neuron there takes of it. With two axons,
one positive and one negative, weights are ternary; with four of 1, 2, 4 and -8 they have four bits.
A neuron's values are a code's times a whole number of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["CODES", "Coded", "coded"]

#: Values of axon types by name, the fewest axons first.
CODES: dict[str, tuple[int, ...]] = {
    "positive": (1,),
    "ternary": (1, -1),
    "3 bits": (1, 2, -4),
    "4 bits": (1, 2, 4, -8),
}
#: The least weight of a neuron may be as many units.
_UNITS = 8
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Coded:
    """Weights onto one population in a code.

    Attributes
    ----------
    code
        Its name: of `CODES`, or ``"values"`` where every value has a type of its own.
    values
        Of the types, in units of a neuron, int64 (neurons, 4); 0 for types without use.
    unit
        Of each neuron, in what the weights were given in.
    masks
        Of each weight, which types it takes, uint8: bit k for type k.
    exact
        Whether nothing was rounded.
    """

    code: str
    values: np.ndarray
    unit: np.ndarray
    masks: np.ndarray
    exact: bool

    def made(self, targets: np.ndarray) -> np.ndarray:
        """The weights in units of their neurons, int64."""
        bits = (self.masks[:, None] >> np.arange(4)) & 1
        return np.asarray((bits * self.values[targets]).sum(1))


def coded(
    weights: np.ndarray, targets: np.ndarray, count: int, most: int, largest: int = 255
) -> Coded:
    """Bring the weights of a population into the code that loses least.

    Parameters
    ----------
    weights
        float64 (synapses).
    targets
        Neuron of each, int64.
    count
        Number of neurons.
    most
        Axons of a core: how many a neuron may take.
    largest
        Greatest magnitude of a value.
    """
    weights = np.asarray(weights, float)
    few = _few_values(weights, targets, count, largest)
    if few is not None:
        return few
    tried: list[tuple[bool, float, Coded]] = []
    for name, code in CODES.items():
        exact = _exact(weights, targets, count, name, code)
        if exact is not None:
            return exact
        rounded = _rounded(weights, targets, count, name, code)
        taken = np.bincount(targets, _ones(rounded.masks), count)
        lost = np.sum((rounded.made(targets) * rounded.unit[targets] - weights) ** 2)
        # A code whose axons do not fit is the last resort: mapping says so.
        tried.append((bool(taken.max(initial=0) > most), float(lost), rounded))
    return min(tried, key=lambda row: row[:2])[2]


def _ones(masks: np.ndarray) -> np.ndarray:
    return np.unpackbits(masks[:, None], axis=1).sum(1)


def _few_values(weights: np.ndarray, targets: np.ndarray, count: int, largest: int) -> Coded | None:
    """Four values at most in all of the population: a type for each, as of sources of two kinds."""
    found = np.unique(np.round(weights, 12))
    found = found[found != 0]
    if not 0 < len(found) <= 4:
        return None
    found = found[np.argsort(-found)]
    least = np.abs(found).min()
    for k in range(1, largest + 1):
        wanted = found / (least / k)
        whole = np.rint(wanted)
        if np.abs(whole).max() > largest:
            return None
        if np.allclose(wanted, whole, rtol=0, atol=_ROUNDING):
            break
    else:
        return None
    values = np.zeros((count, 4), np.int64)
    values[:, : len(found)] = whole
    kinds = np.abs(weights[:, None] - found).argmin(1)
    masks = np.where(np.round(weights, 12) != 0, 1 << kinds, 0).astype(np.uint8)
    return Coded("values", values, np.full(count, least / k), masks, True)


def _exact(
    weights: np.ndarray, targets: np.ndarray, count: int, name: str, code: tuple[int, ...]
) -> Coded | None:
    """Units such that all weights of a neuron are levels of a code, if there are any."""
    size = np.abs(weights)
    size[size < 1e-12] = np.inf
    least = np.full(count, np.inf)
    np.minimum.at(least, targets, size)
    least[np.isinf(least)] = 1.0
    unit, open_ = np.ones(count), np.ones(count, bool)
    for k in range(1, _UNITS + 1):
        ratio = weights / (least / k)[targets]
        level = np.rint(ratio)
        bad = np.abs(ratio - level) > _ROUNDING * np.maximum(1.0, np.abs(ratio))
        bad |= _masks_of(level.astype(np.int64), code)[1]
        fits = np.bincount(targets, bad, count) == 0
        unit = np.where(open_ & fits, least / k, unit)
        open_ &= ~fits
        if not open_.any():
            masks = _masks_of(np.rint(weights / unit[targets]).astype(np.int64), code)[0]
            return Coded(name, _values(code, count), unit, masks, True)
    return None


def _rounded(
    weights: np.ndarray, targets: np.ndarray, count: int, name: str, code: tuple[int, ...]
) -> Coded:
    """The nearest levels, in the unit of each neuron that loses least of some."""
    levels = np.array(sorted(_sums(code)))
    greatest = np.zeros(count)
    np.maximum.at(greatest, targets, np.abs(weights))
    greatest[greatest == 0] = 1.0
    best, unit = np.full(count, np.inf), np.ones(count)
    for share in np.linspace(0.3, 1.0, 15) / np.abs(levels).max():
        tried = greatest * share
        near = _nearest(weights / tried[targets], levels)
        lost = np.bincount(targets, (near * tried[targets] - weights) ** 2, count)
        unit = np.where(lost < best, tried, unit)
        best = np.minimum(lost, best)
    near = _nearest(weights / unit[targets], levels)
    return Coded(name, _values(code, count), unit, _masks_of(near, code)[0], False)


def _nearest(x: np.ndarray, levels: np.ndarray) -> np.ndarray:
    at = np.searchsorted((levels[1:] + levels[:-1]) / 2, x)
    return np.asarray(levels[at])


def _values(code: tuple[int, ...], count: int) -> np.ndarray:
    made = np.zeros((count, 4), np.int64)
    made[:, : len(code)] = code
    return made


def _sums(code: tuple[int, ...]) -> dict[int, int]:
    """Every sum of values of a code, and the types that make it with the fewest axons."""
    found: dict[int, int] = {}
    for mask in sorted(range(1 << len(code)), key=lambda m: m.bit_count()):
        total = sum(value for k, value in enumerate(code) if mask >> k & 1)
        found.setdefault(total, mask)
    return found


def _masks_of(levels: np.ndarray, code: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Types of each level (uint8), and whether there are none."""
    sums = _sums(code)
    low, high = min(sums), max(sums)
    table = np.full(high - low + 1, 255, np.uint8)
    for total, mask in sums.items():
        table[total - low] = mask
    inside = (levels >= low) & (levels <= high)
    masks = np.where(inside, table[np.clip(levels, low, high) - low], 255).astype(np.uint8)
    return np.where(masks == 255, 0, masks).astype(np.uint8), masks == 255
