"""A chip's network in fewer bits than the chip has: weights and states rounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ...equations.fixed_point import FixedPoint
from ...errors import ValidationError, shorten
from ...network.files import network_of, plain_with_arrays
from ...network.network import Network
from ..quantising import Loss, Quantised, loss_of

__all__ = ["coarsened", "few_bits"]

#: What a rule holds its weights in, where the synapse has but one.
_OF_RULES = ("matrix", "kernel", "weights")


def few_bits(weights: np.ndarray, bits: int) -> np.ndarray:
    """Weights as multiples of a power of two that `bits` bits hold, sign included.

    The unit is the least at which the greatest weight is held; weights that are held already stay
    as they are.
    """
    most = float(np.abs(weights).max(initial=0.0))
    if most == 0.0:
        return weights
    unit = 2.0 ** np.floor(np.log2(most) - bits)
    low, high = -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1.0
    for _ in range(4):
        whole = np.rint(weights / unit)
        if low <= whole.min() and whole.max() <= high:
            break
        unit *= 2.0
    return np.clip(np.rint(weights / unit), low, high) * unit


def coarsened(
    quantised: Quantised,
    weight_bits: int | None = None,
    state_bits: int | None = None,
    full_state_bits: int | None = None,
    ranges: Mapping[str, float] | None = None,
) -> Quantised:
    """Round what a chip runs to fewer bits.

    Parameters
    ----------
    quantised
        From `Chip.quantise`.
    weight_bits
        Of every weight, sign included, from 2 on; None to leave them.
    state_bits
        Of every state that lasts from step to step, 2 to 32; None to leave them.
    full_state_bits
        That the chip gives to a state: the lowest bits are dropped.
    ranges
        By population instead: the greatest magnitude that its states must hold.

    Returns
    -------
    Quantised
        The same network in fewer bits, with the losses that this adds.

    Raises
    ------
    ValidationError
        If a number of bits cannot be had.
    """
    for name, bits in (("weight_bits", weight_bits), ("state_bits", state_bits)):
        whole = isinstance(bits, int) and not isinstance(bits, bool)
        if bits is not None and not (whole and 2 <= bits <= 32):
            raise ValidationError(f"coarsened, {name}", f"got {shorten(bits)}", "2 to 32, or None")
    network = quantised.network
    header, arrays = plain_with_arrays(network)
    losses = dict(quantised.losses)
    if weight_bits is not None:
        inside = {n for n, p in network.projections.items()
                  if p.post.population.name in quantised.scales}  # fmt: skip
        for item in header["projections"]:
            if item["name"] in inside:
                told = _weights(item, arrays, weight_bits)
                losses |= {} if told is None else {f"{item['name']} again": told}
    if state_bits is not None:
        for item in header["populations"]:
            if item["name"] in quantised.scales:
                span = _span(item["name"], full_state_bits, ranges)
                _states(item["model"], network, item["name"], state_bits, span)
    return replace(quantised, network=network_of(header, arrays), losses=losses)


def _weights(item: dict[str, Any], arrays: dict[str, np.ndarray], bits: int) -> Loss | None:
    """Round a projection's weights in place; None where one number or a draw makes them all."""
    synapse, rule = item["synapse"], item["rule"]
    holders = [(synapse, "weight"), *((rule, name) for name in _OF_RULES)]
    for holder, name in holders:
        given = holder.get(name)
        if isinstance(given, dict) and set(given) == {"array"}:
            weights = np.asarray(arrays[given["array"]], float)
            made = few_bits(weights, bits)
            arrays[given["array"]] = made
            return loss_of(weights, made, bits)
    return None


def _span(name: str, full: int | None, ranges: Mapping[str, float] | None) -> float:
    if ranges is not None and name in ranges:
        return float(ranges[name])
    if full is None:
        raise ValidationError(
            f"coarsened, population {name!r}", "has no known range of states",
            "full_state_bits=, or its range in ranges=",
        )  # fmt: skip
    return 2.0 ** (full - 1)


def _states(model: dict[str, Any], network: Network, name: str, bits: int, span: float) -> None:
    """Give the states that last a fixed point that holds `span`."""
    kind = network[name].model
    received = {
        p.synapse.receives for p in network.projections.values()
        if p.post.population.name == name
    }  # fmt: skip
    # What only gathers the input of a step is no state that lasts.
    gathers = received if kind.after_arrivals else set()
    fraction = bits - 1 - int(np.ceil(np.log2(max(span, 2.0**-30))))
    form = asdict(FixedPoint(bits, max(-32, min(32, fraction))))
    names = [s for s in kind.block.states if s not in gathers and s != "busy"]
    model["state_format"] = dict.fromkeys(names, form)
