"""The fingerprint of a network: a hash of all that shapes its spikes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from .network import Network
from .plain import plain_network

__all__ = ["digest", "fingerprint"]

_WORDS = ("source", "meaning")


def fingerprint(network: Network) -> str:
    """Return 32 hexadecimal digits that equal networks share.

    Probes, the order of building, and words of documentation do not count; neither do dt,
    precision and duration, which belong to a run.
    """
    plain = plain_network(network, digest)
    del plain["probes"]
    plain.pop("synapse_probes", None)
    for part in ("populations", "projections", "drives"):
        plain[part].sort(key=lambda item: item["name"])
    text = json.dumps(_without_words(plain), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def digest(array: np.ndarray) -> dict[str, Any]:
    """What stands for an array where its numbers are too many: shape and hash."""
    data = np.ascontiguousarray(array)
    little = data.astype(data.dtype.newbyteorder("<"), copy=False)
    return {"shape": list(data.shape), "sha256": hashlib.sha256(little.tobytes()).hexdigest()}


def _without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_words(v) for k, v in value.items() if k not in _WORDS}
    return [_without_words(v) for v in value] if isinstance(value, list) else value
