"""Spikestack: describe a spiking neural network once, run it everywhere.

The names below are the table of contents. Each is imported when it is first used, so that
``import spikestack`` needs NumPy alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .version import __version__

#: Public name -> module that holds it, by stage: describe, run, record, sense.
_HOMES = {
    # describe
    "Network": "network",
    "Population": "network.population",
    "View": "network.population",
    "Parameter": "equations.model",
    "FixedPoint": "equations.fixed_point",
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
    "PlasticityRule": "plasticity.base",
    "WeightParameter": "plasticity.base",
    "OneToOne": "network.rules",
    "AllToAll": "network.rules",
    "FixedProbability": "network.rules",
    "FixedInDegree": "network.rules",
    "FixedOutDegree": "network.rules",
    "FixedTotalNumber": "network.rules",
    "FromArrays": "network.rules",
    "FromSparse": "network.rules",
    "Dense": "network.rules",
    "Convolution": "network.rules",
    "Pooling": "network.rules",
    "TransposedConvolution": "network.rules",
    "ByDistance": "network.rules",
    "Where": "network.rules",
    "Rule": "network.rules",
    "ListedRule": "network.rules",
    "Edges": "network.rules",
    "Ends": "network.rules",
    "Grid": "network.positions",
    "RandomPositions": "network.positions",
    "Positions": "network.positions",
    "Disc": "network.masks",
    "Annulus": "network.masks",
    "Box": "network.masks",
    "Ellipse": "network.masks",
    "Mask": "network.masks",
    "Expression": "equations.edge_expression",
    "CurrentModel": "network.currents.base",
    "Poisson": "network.inputs",
    "InhomogeneousPoisson": "network.rates",
    "SpikeTrains": "network.inputs",
    "ConstantCurrent": "network.inputs",
    "StepCurrent": "network.inputs",
    "ExternalSpikes": "network.external",
    "ExternalCurrent": "network.external",
    "Signal": "network.learning",
    "choose_encoder": "sensors.choosing",
    # train
    "convert": "conversion",
    "Normal": "values",
    "LogNormal": "values",
    "Uniform": "values",
    # sensors
    "DVS": "sensors.dvs",
    "ESIM": "sensors.dvs",
    "V2E": "sensors.dvs",
    "Voltmeter": "sensors.dvs",
    "saccades": "sensors.dvs",
    # run
    "Simulation": "simulation",
    "chips": "chips",
    "devices": "devices",
    "crossbars": "crossbars",
    "Crossbar": "devices.crossbar",
    "load": "files",
    "compare": "insight",
    # train
    "fit": "training",
    "evaluate": "training",
    "zoo": "zoo",
    # record
    "Recording": "recording",
    "open_recording": "recording.opening",
    "metrics": "metrics",
    # exchange
    "formats": "formats",
    # sensors
    "align": "sensors.alignment",
    "fit_clock": "sensors.alignment",
    "AlignmentBuffer": "sensors.buffering",
    "join_sensors": "sensors.fusion",
    "split_sensors": "sensors.fusion",
    "lanes_of": "sensors.fusion",
    "combine_cues": "sensors.fusion",
    "late_fusion": "sensors.fusion",
    "drop_sense": "sensors.fusion",
    "SpikingReadout": "sensors.fusion",
    "RateGate": "sensors.fusion",
    "spike_trials": "sensors.fusion",
    "time_slots": "sensors.fusion",
    # sense
    "CameraEvents": "sensors.events",
    "UnitEvents": "sensors.events",
    "open_events": "sensors.files",
    "read_events": "sensors.files",
    "write_events": "sensors.files",
    # when something is wrong
    "errors": "errors",
}

__all__ = [
    "DVS",
    "ESIM",
    "LIF",
    "V2E",
    "AdEx",
    "AlignmentBuffer",
    "AllToAll",
    "AlphaCurrent",
    "Annulus",
    "Box",
    "ByDistance",
    "CameraEvents",
    "ConstantCurrent",
    "Convolution",
    "Crossbar",
    "CurrentModel",
    "Delta",
    "Dense",
    "Disc",
    "Edges",
    "Ellipse",
    "Ends",
    "ExponentialConductance",
    "ExponentialCurrent",
    "Expression",
    "ExternalCurrent",
    "ExternalSpikes",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedPoint",
    "FixedProbability",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
    "Grid",
    "HodgkinHuxley",
    "InhomogeneousPoisson",
    "Izhikevich",
    "Izhikevich2004",
    "ListedRule",
    "LogNormal",
    "Mask",
    "Network",
    "NeuronModel",
    "Normal",
    "OneToOne",
    "Parameter",
    "Poisson",
    "Pooling",
    "Population",
    "Positions",
    "RandomPositions",
    "RateGate",
    "Recording",
    "Rule",
    "Signal",
    "Simulation",
    "SpikeSource",
    "SpikeTrains",
    "SpikingReadout",
    "StepCurrent",
    "Synapse",
    "TransposedConvolution",
    "Uniform",
    "UnitEvents",
    "View",
    "Voltmeter",
    "Where",
    "__version__",
    "align",
    "chips",
    "choose_encoder",
    "combine_cues",
    "compare",
    "convert",
    "crossbars",
    "devices",
    "drop_sense",
    "errors",
    "evaluate",
    "fit",
    "fit_clock",
    "formats",
    "join_sensors",
    "lanes_of",
    "late_fusion",
    "load",
    "metrics",
    "open_events",
    "open_recording",
    "read_events",
    "saccades",
    "spike_trials",
    "split_sensors",
    "time_slots",
    "write_events",
    "zoo",
]

if TYPE_CHECKING:
    from . import chips, crossbars, devices, errors, formats, metrics, zoo
    from .conversion import convert
    from .devices.crossbar import Crossbar
    from .equations.edge_expression import Expression
    from .equations.fixed_point import FixedPoint
    from .equations.model import Parameter
    from .files import load
    from .insight import compare
    from .network import Network
    from .network.currents.base import CurrentModel
    from .network.external import ExternalCurrent, ExternalSpikes
    from .network.inputs import ConstantCurrent, Poisson, SpikeTrains, StepCurrent
    from .network.learning import Signal
    from .network.masks import Annulus, Box, Disc, Ellipse, Mask
    from .network.population import Population, View
    from .network.positions import Grid, Positions, RandomPositions
    from .network.rates import InhomogeneousPoisson
    from .network.rules import (
        AllToAll,
        ByDistance,
        Convolution,
        Dense,
        Edges,
        Ends,
        FixedInDegree,
        FixedOutDegree,
        FixedProbability,
        FixedTotalNumber,
        FromArrays,
        FromSparse,
        ListedRule,
        OneToOne,
        Pooling,
        Rule,
        TransposedConvolution,
        Where,
    )
    from .neurons.adex import AdEx
    from .neurons.base import NeuronModel
    from .neurons.hodgkin_huxley import HodgkinHuxley
    from .neurons.izhikevich import Izhikevich, Izhikevich2004
    from .neurons.lif import LIF
    from .neurons.spike_source import SpikeSource
    from .recording import Recording
    from .recording.opening import open_recording
    from .sensors.alignment import align, fit_clock
    from .sensors.buffering import AlignmentBuffer
    from .sensors.choosing import choose_encoder
    from .sensors.dvs import DVS, ESIM, V2E, Voltmeter, saccades
    from .sensors.events import CameraEvents, UnitEvents
    from .sensors.files import open_events, read_events, write_events
    from .sensors.fusion import (
        RateGate,
        SpikingReadout,
        combine_cues,
        drop_sense,
        join_sensors,
        lanes_of,
        late_fusion,
        spike_trials,
        split_sensors,
        time_slots,
    )
    from .simulation import Simulation
    from .synapses.alpha_current import AlphaCurrent
    from .synapses.base import Synapse
    from .synapses.delta import Delta
    from .synapses.exponential_conductance import ExponentialConductance
    from .synapses.exponential_current import ExponentialCurrent
    from .training import evaluate, fit
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
        from .equations.aliases import pointer

        if hint := pointer(name):
            raise AttributeError(f"module 'spikestack' has no attribute {name!r}; {hint}")
    raise AttributeError(f"module 'spikestack' has no attribute {name!r}")


def __dir__() -> list[str]:
    from .equations.catalogue import CATALOGUES, members

    return sorted({*__all__, *(name for package in CATALOGUES for name in members(package))})
