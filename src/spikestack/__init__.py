"""Spikestack: describe a spiking neural network once, run it everywhere.

The names below are the table of contents. Each is imported when it is first used, so that
``import spikestack`` needs NumPy alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .version import __version__

#: Public name -> module that holds it, by stage: describe, run, record.
_HOMES = {
    # describe
    "Network": "network",
    "Population": "network.population",
    "View": "network.population",
    "Parameter": "equations.model",
    "NeuronModel": "neurons.base",
    "LIF": "neurons.lif",
    "AdEx": "neurons.adex",
    "Izhikevich": "neurons.izhikevich",
    "Izhikevich2004": "neurons.izhikevich",
    "HodgkinHuxley": "neurons.hodgkin_huxley",
    "SpikeSource": "neurons.spike_source",
    "Synapse": "synapses.base",
    "Delta": "synapses.delta",
    "ExponentialCurrent": "synapses.exponential_current",
    "AlphaCurrent": "synapses.alpha_current",
    "ExponentialConductance": "synapses.exponential_conductance",
    "OneToOne": "network.rules",
    "AllToAll": "network.rules",
    "FixedProbability": "network.rules",
    "FixedInDegree": "network.rules",
    "FixedOutDegree": "network.rules",
    "FixedTotalNumber": "network.rules",
    "FromArrays": "network.explicit",
    "FromSparse": "network.explicit",
    "Dense": "network.explicit",
    "Convolution": "network.explicit",
    "Pooling": "network.explicit",
    "Poisson": "network.inputs",
    "SpikeTrains": "network.inputs",
    "ConstantCurrent": "network.inputs",
    "StepCurrent": "network.inputs",
    "Normal": "values",
    "LogNormal": "values",
    "Uniform": "values",
    # run
    "Simulation": "simulation",
    "load": "files",
    # record
    "Recording": "recording",
    # when something is wrong
    "errors": "errors",
}

__all__ = [
    "LIF",
    "AdEx",
    "AllToAll",
    "AlphaCurrent",
    "ConstantCurrent",
    "Convolution",
    "Delta",
    "Dense",
    "ExponentialConductance",
    "ExponentialCurrent",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
    "HodgkinHuxley",
    "Izhikevich",
    "Izhikevich2004",
    "LogNormal",
    "Network",
    "NeuronModel",
    "Normal",
    "OneToOne",
    "Parameter",
    "Poisson",
    "Pooling",
    "Population",
    "Recording",
    "Simulation",
    "SpikeSource",
    "SpikeTrains",
    "StepCurrent",
    "Synapse",
    "Uniform",
    "View",
    "__version__",
    "errors",
    "load",
]

if TYPE_CHECKING:
    from . import errors
    from .equations.model import Parameter
    from .files import load
    from .network import Network
    from .network.explicit import Convolution, Dense, FromArrays, FromSparse, Pooling
    from .network.inputs import ConstantCurrent, Poisson, SpikeTrains, StepCurrent
    from .network.population import Population, View
    from .network.rules import (
        AllToAll,
        FixedInDegree,
        FixedOutDegree,
        FixedProbability,
        FixedTotalNumber,
        OneToOne,
    )
    from .neurons.adex import AdEx
    from .neurons.base import NeuronModel
    from .neurons.hodgkin_huxley import HodgkinHuxley
    from .neurons.izhikevich import Izhikevich, Izhikevich2004
    from .neurons.lif import LIF
    from .neurons.spike_source import SpikeSource
    from .recording import Recording
    from .simulation import Simulation
    from .synapses.alpha_current import AlphaCurrent
    from .synapses.base import Synapse
    from .synapses.delta import Delta
    from .synapses.exponential_conductance import ExponentialConductance
    from .synapses.exponential_current import ExponentialCurrent
    from .values import LogNormal, Normal, Uniform


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        return _from_catalogue(name)
    module = importlib.import_module(f".{_HOMES[name]}", __name__)
    value = module if _HOMES[name] == name else getattr(module, name)
    globals()[name] = value
    return value


def _from_catalogue(name: str) -> Any:
    """A model, synapse, ... by its name alone: a file that declares it is all that it needs."""
    if not name.startswith("_"):
        from .equations.catalogue import CATALOGUES, members

        for package in CATALOGUES:
            if (found := members(package).get(name)) is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module 'spikestack' has no attribute {name!r}")


def __dir__() -> list[str]:
    from .equations.catalogue import CATALOGUES, members

    return sorted({*__all__, *(name for package in CATALOGUES for name in members(package))})
