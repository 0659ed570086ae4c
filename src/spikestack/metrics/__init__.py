"""What a network costs and how well it does, in the terms of NeuroBench.

``measure(net, data, labels)`` counts; ``neurobench_model(net)`` is the network as NeuroBench's own
harness takes it; `accuracy`, `mse`, `smape` and `r2` are scores of tasks.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .harness import neurobench_model
    from .measurement import METRICS, Measurement
    from .measuring import measure
    from .scores import accuracy, mse, r2, smape

#: Public name -> file that holds it; imported when first used.
_HOMES = {
    "METRICS": "measurement",
    "Measurement": "measurement",
    "accuracy": "scores",
    "measure": "measuring",
    "mse": "scores",
    "neurobench_model": "harness",
    "r2": "scores",
    "smape": "scores",
}

__all__ = [
    "METRICS",
    "Measurement",
    "accuracy",
    "measure",
    "mse",
    "neurobench_model",
    "r2",
    "smape",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
