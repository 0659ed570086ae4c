"""Training: the same description, learning by gradient.

`Network.compile` makes a PyTorch module of a description. What computes it are compiled kernels,
derived from the population's own equations (`differentiate`), and products of spikes and weights.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import MissingExtraError, ValidationError, shorten

__all__ = ["compiled"]


def compiled(network: Any, engine: str, dt: Any, settings: dict[str, Any]) -> Any:
    """See `Network.compile`."""
    if engine != "torch":
        raise ValidationError("compile, engine", f"got {shorten(engine)}", "'torch'")
    return _module().SpikingNetwork(network, dt, **settings)


def _module() -> Any:
    try:
        return importlib.import_module("spikestack.training.module")
    except ImportError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("training", "train") from error
