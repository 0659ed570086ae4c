"""The PyNN 0.13 interface: ``import spikestack.pynn as sim``.

A script that was written for another simulator runs when it imports this instead. Once imported,
it is ``pyNN.spikestack`` too.

Needs ``pip install 'spikestack[pynn]'``.
"""

# ruff: noqa: F401, F403

from __future__ import annotations

import sys

from ..errors import MissingExtraError

try:
    import pyNN
except ImportError:
    raise MissingExtraError("the PyNN interface", "pynn") from None

from pyNN import common, errors, random, space
from pyNN.connectors import *
from pyNN.connectors import FixedProbabilityConnector
from pyNN.network import Network
from pyNN.parameters import ArrayParameter, LazyArray, ParameterSpace, Sequence
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution
from pyNN.recording import *
from pyNN.space import Space
from pyNN.standardmodels import StandardCellType

from . import simulator
from .control import *
from .generators import NativeRNG
from .populations import Assembly, Population, PopulationView
from .projections import Connection, Projection
from .standardmodels import *
from .standardmodels import StaticSynapse

create = common.build_create(Population)
connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)
set = common.set
record = common.build_record(simulator)


def record_v(source: object, filename: str) -> None:
    """Record the membrane potential to a file."""
    record(["v"], source, filename)


def record_gsyn(source: object, filename: str) -> None:
    """Record synaptic conductances to a file."""
    record(["gsyn_exc", "gsyn_inh"], source, filename)


def list_standard_models() -> list[str]:
    """Names of all standard cell types that there are here."""
    return sorted(
        name
        for name, thing in globals().items()
        if isinstance(thing, type)
        and issubclass(thing, StandardCellType)
        and thing.__module__.startswith(__name__)
    )


sys.modules["pyNN.spikestack"] = sys.modules[__name__]
pyNN.spikestack = sys.modules[__name__]
