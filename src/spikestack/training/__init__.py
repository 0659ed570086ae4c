"""Training: the same description, learning by gradient.

`Network.compile` makes a PyTorch module of a description. What computes it are compiled kernels,
derived from the population's own equations (`differentiate`), and products of spikes and weights.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError, ValidationError, shorten

if TYPE_CHECKING:
    from .activity import Activity, check_activity
    from .augmenting import DropInputs, Shift
    from .chunks import back_propagate
    from .fitted import Fitted
    from .fitting import fit
    from .initial import fluctuation_driven, kaiming
    from .losses import LOSSES, Loss, latency, rate, readout, temporal_efficient, van_rossum
    from .parallel import masked_psn, sliding_psn
    from .regularisers import at_least, at_most
    from .scoring import EarlyExit, Scores, early_exit, evaluate
    from .surrogates import SURROGATES, Surrogate

#: Public name -> file that holds it; imported when first used, since all of them need PyTorch.
_HOMES = {
    "Activity": "activity",
    "DropInputs": "augmenting",
    "EarlyExit": "scoring",
    "Fitted": "fitted",
    "LOSSES": "losses",
    "Loss": "losses",
    "SURROGATES": "surrogates",
    "Scores": "scoring",
    "Shift": "augmenting",
    "Surrogate": "surrogates",
    "at_least": "regularisers",
    "at_most": "regularisers",
    "back_propagate": "chunks",
    "check_activity": "activity",
    "early_exit": "scoring",
    "evaluate": "scoring",
    "fit": "fitting",
    "fluctuation_driven": "initial",
    "kaiming": "initial",
    "latency": "losses",
    "masked_psn": "parallel",
    "rate": "losses",
    "readout": "losses",
    "sliding_psn": "parallel",
    "temporal_efficient": "losses",
    "van_rossum": "losses",
}

__all__ = [
    "LOSSES",
    "SURROGATES",
    "Activity",
    "DropInputs",
    "EarlyExit",
    "Fitted",
    "Loss",
    "Scores",
    "Shift",
    "Surrogate",
    "at_least",
    "at_most",
    "back_propagate",
    "check_activity",
    "compiled",
    "early_exit",
    "evaluate",
    "fit",
    "fluctuation_driven",
    "kaiming",
    "latency",
    "masked_psn",
    "rate",
    "readout",
    "sliding_psn",
    "temporal_efficient",
    "van_rossum",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_part(_HOMES[name]), name)
    globals()[name] = value
    return value


def compiled(network: Any, engine: str, dt: Any, settings: dict[str, Any]) -> Any:
    """See `Network.compile`."""
    if engine != "torch":
        raise ValidationError("compile, engine", f"got {shorten(engine)}", "'torch'")
    return _part("module").SpikingNetwork(network, dt, **settings)


def _part(name: str) -> Any:
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ImportError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("training", "train") from error
