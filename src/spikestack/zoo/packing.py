"""Small files of trained networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..network.files import plain_with_arrays
from ..network.network import Network
from ..storage import write_archive

__all__ = ["pack"]


def pack(network: Network, path: str | Path) -> Path:
    """Save a network, arrays in float32 where that changes no number; return the path.

    What is loaded again is the same network, of the same fingerprint: rules and synapses keep
    their numbers in float64.
    """
    header, arrays = plain_with_arrays(network)
    write_archive(path, "network", header, {k: _narrow(a) for k, a in arrays.items()})
    return Path(path)


def _narrow(array: np.ndarray) -> np.ndarray:
    if array.dtype != np.float64:
        return array
    narrow = array.astype(np.float32)
    return narrow if np.array_equal(narrow, array) else array
