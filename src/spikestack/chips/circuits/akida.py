"""Layers in the integers of Akida 1.0 and 2.0, and of NorthPole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...network.network import Network
from ...neurons.base import NeuronModel
from ..neurons.akida import MOST_PLACES, AkidaNeuron, AkidaPotential, padded, pooled
from ..neurons.frames import RequantisedReadout, RequantisingNeuron
from ..quantising import Loss, Quantised, loss_of
from .frame_weights import Lattice, Numbers
from .frames import quantise_frames

__all__ = ["activation_bits", "quantise_akida", "quantise_requantising"]

_BITS = {1: 1, 3: 2, 15: 4, 255: 8}
#: A scale is a whole number of so many bits times a power of two.
_MANTISSA = 15


def activation_bits(most: float) -> int:
    """Bits of numbers from 0 to `most`."""
    return _BITS[int(most)]


def quantise_akida(network: Network, dt: float, fully_connected_bits: int = 4) -> Quantised:
    """Bring layers into the numbers of Akida 1.0.

    Convolutions from outside with up to three channels have weights and inputs of 8 bits, others
    weights of 2 (-1, 0, 1) and inputs of 4; full connections of `fully_connected_bits`. Thresholds
    are integers, steps sixteenths, both by channel.
    """
    bits = {"input": 8, "convolutional": 2, "dense": fully_connected_bits}
    numbers = Numbers(
        "Akida 1.0", bits.__getitem__, (1, 3, 15), lambda kind: 255 if kind == "input" else 15,
        _stepped, AkidaNeuron, AkidaPotential, False, ("input", "convolutional", "dense"),
        _own(),
    )  # fmt: skip
    return quantise_frames(network, dt, numbers)


def _own() -> tuple[type[NeuronModel], ...]:
    """Layers in the chip's own numbers."""
    places = range(1, MOST_PLACES + 1)
    return (AkidaPotential, padded(0), *map(pooled, places), *map(padded, places))


def _stepped(lattice: Lattice) -> tuple[dict[str, np.ndarray | float], dict[str, Loss]]:
    """Threshold and step: 1 above the threshold, one more for every step."""
    least = np.where(
        lattice.includes,
        np.ceil(np.round(lattice.first, 6)),
        np.floor(np.round(lattice.first, 6)) + 1,
    )
    unit = 2.0 ** (4 - activation_bits(lattice.most)) / 16.0
    width = np.maximum(np.rint(lattice.width / unit), 1.0) * unit
    values: dict[str, np.ndarray | float] = {
        "theta": least - 1.0, "width": width, "most": float(lattice.most),
    }  # fmt: skip
    losses = {"threshold": loss_of(lattice.first, least, 32)}
    if lattice.most > 1:
        losses["step"] = loss_of(lattice.width, width, 4)
    return values, losses


def quantise_requantising(
    network: Network,
    dt: float,
    chip: str,
    weight_bits: int = 8,
    most: int = 255,
    tables: Mapping[str, float] | None = None,
) -> Quantised:
    """Bring layers into integers that are scaled and rounded, by channel, to few bits.

    Weights are integers of `weight_bits`, a bias is an integer of the sum, the scale a number of 15
    bits times a power of two. Several projections may be added, as skip connections are. Where
    there are look-up tables, `tables` has the ranges that are told; see `frame_tables.table_of`.
    """
    levels = tuple(n for n in _BITS if n <= most)
    numbers = Numbers(
        chip, lambda kind: weight_bits, levels, lambda kind: most, _scaled, RequantisingNeuron,
        AkidaPotential, True, ("convolutional", "dense", "sparse"),
        (RequantisingNeuron, RequantisedReadout, AkidaPotential), tables is not None, tables or {},
    )  # fmt: skip
    return quantise_frames(network, dt, numbers)


def _scaled(lattice: Lattice) -> tuple[dict[str, np.ndarray | float], dict[str, Loss]]:
    """Bias and scale: 1 from half a level on."""
    width = np.where(lattice.most > 1, lattice.width, 1.0)
    bias = np.floor(0.5 * width - lattice.first + 0.5 + 1e-9)
    gain = 1.0 / width
    unit = 2.0 ** (np.floor(np.log2(gain)) + 1 - _MANTISSA)
    # Upwards, so that a potential at the very edge of a level is in it.
    made = np.ceil(np.round(gain / unit, 6)) * unit
    losses = {"bias": loss_of(0.5 * width - lattice.first, bias, 32),
              "scale": loss_of(gain, made, _MANTISSA)}  # fmt: skip
    return {"bias": bias, "gain": made, "most": float(lattice.most)}, losses
