"""Small files of trained networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..network.files import network_of, plain_with_arrays
from ..network.network import Network
from ..storage import write_archive

__all__ = ["in_steps", "pack", "rounded"]


def pack(network: Network, path: str | Path) -> Path:
    """Save a network, arrays in float32 or int8 where that changes no number; return the path.

    What is loaded again is the same network, of the same fingerprint: rules and synapses keep
    their numbers in float64.
    """
    header, arrays = plain_with_arrays(network)
    write_archive(path, "network", header, {k: _narrow(a) for k, a in arrays.items()})
    return Path(path)


def rounded(network: Network) -> Network:
    """The network with all arrays rounded to float32, which `pack` keeps in half the bytes."""
    header, arrays = plain_with_arrays(network)
    return network_of(header, {k: _single(a) for k, a in arrays.items()})


def in_steps(network: Network) -> Network:
    """The network with weights of few bits as whole numbers, times a synapse's weight.

    The same weights, which `pack` then keeps in a byte each. A matrix of other weights stays.
    """
    header, arrays = plain_with_arrays(network)
    for item in header["projections"]:
        rule, synapse = item["rule"], item["synapse"]
        matrix = arrays.get(_name(rule.get("matrix")))
        if rule["kind"] != "Dense" or matrix is None or synapse["weight"] != 1.0:
            continue
        if not matrix.any():
            continue
        step = float(np.abs(matrix[matrix != 0]).min())
        whole = np.rint(matrix / step)
        if np.abs(whole).max() <= 127 and np.array_equal(whole * step, matrix):
            arrays[_name(rule["matrix"])] = whole + 0.0  # no -0
            synapse["weight"] = step
    return network_of(header, arrays)


def _name(value: Any) -> str:
    return value.get("array", "") if isinstance(value, dict) else ""


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32).astype(np.float64) if array.dtype == np.float64 else array


def _narrow(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.float64:
        for dtype in (np.int8, np.float32):
            with np.errstate(invalid="ignore"):
                narrow = array.astype(dtype)
            if narrow.astype(np.float64).tobytes() == array.tobytes():
                return narrow
    return array
