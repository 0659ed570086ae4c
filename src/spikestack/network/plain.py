"""A network as plain data: what is stored in files and hashed into the fingerprint."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from ..equations.edge_expression import Expression
from ..equations.model import AbstractModel, Parameter
from ..neurons.base import DECLARED, NeuronModel
from ..plasticity.base import TEXTS, WeightParameter
from ..synapses.base import Synapse
from ..values import Distribution
from .currents.base import CurrentModel
from .external import ExternalSpikes
from .inputs import ConstantCurrent, Input, Poisson, SpikeTrains, StepCurrent
from .learning import Signal
from .network import Network, Projection
from .parts import Part
from .population import View
from .rates import InhomogeneousPoisson

__all__ = ["CURRENT_TEXTS", "MODEL_TEXTS", "RULE_TEXTS", "SYNAPSE_TEXTS", "plain_network"]

Pack = Callable[[np.ndarray], Any]

#: Class attributes that define a neuron model, a current and a synapse, besides parameters.
MODEL_TEXTS = ("equations", "method", *(name for name in DECLARED if name != "initial"))
CURRENT_TEXTS = ("equations", "current", "source")
RULE_TEXTS = (*TEXTS, "quantities")
SYNAPSE_TEXTS = (
    "equations",
    "receives",
    "current",
    "positive",
    "continuous",
    "weight_unit",
    "source",
)


def plain_network(network: Network, pack: Pack) -> dict[str, Any]:
    """Describe `network` by dicts, lists, texts and numbers; `pack` says what becomes of arrays."""
    return {
        "seed": network.seed,
        "populations": [
            {"name": p.name, "shape": list(p.shape), "model": _model(p.model, pack)}
            | ({"positions": _plain(p.positions, pack)} if p.positions else {})
            for p in network.populations.values()
        ],
        "projections": [
            {
                "name": p.name,
                "pre": _view(p.pre, pack),
                "post": _view(p.post, pack),
                "rule": _plain(p.rule.to_dict(), pack),
                "synapse": _synapse(p.synapse, pack),
            }
            | (_learning(p, pack) if p.is_plastic else {})
            | ({"realised_by": p.realised_by.to_dict()} if p.realised_by else {})
            for p in network.projections.values()
        ],
        "drives": [
            {
                "name": d.name,
                "target": _view(d.target, pack),
                "input": _input(d.input, pack),
                "synapse": _synapse(d.synapse, pack) if d.synapse else None,
            }
            for d in network.drives.values()
        ],
        "probes": [
            {"target": _view(p.target, pack), "variable": p.variable, "interval": p.interval}
            for p in network.probes
        ],
    } | (
        {
            "synapse_probes": [
                {
                    "projection": p.projection,
                    "variable": p.variable,
                    "interval": p.interval,
                    "synapses": None if p.synapses is None else pack(p.synapses),
                    "bins": None if p.bins is None else pack(p.bins),
                }
                for p in network.synapse_probes
            ]
        }
        if network.synapse_probes
        else {}
    )


def _learning(p: Projection, pack: Pack) -> dict[str, Any]:
    made: dict[str, Any] = {"plasticity": [_common(r, RULE_TEXTS, pack) for r in p.plasticity]}
    if p.structure:
        made["structure"] = [
            {"kind": type(rule).__name__, "values": _plain(rule.values, pack)}
            for rule in p.structure
        ]
    if isinstance(p.modulator, Signal):
        made["signal"] = {"times": pack(p.modulator.times), "values": pack(p.modulator.values)}
    elif p.modulator is not None:
        made |= {"modulator": p.modulator.name, "modulator_delay": p.modulator_delay}
    return made


def _plain(value: Any, pack: Pack) -> Any:
    if isinstance(value, Distribution | Expression | Part):
        return _plain(value.to_dict(), pack)
    if isinstance(value, np.ndarray):
        return pack(value)
    if isinstance(value, dict):
        return {str(k): _plain(v, pack) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, pack) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _view(view: View, pack: Pack) -> dict[str, Any]:
    ids = None if view.is_whole else pack(view.ids)
    return {"population": view.population.name, "ids": ids}


def _common(model: AbstractModel, texts: tuple[str, ...], pack: Pack) -> dict[str, Any]:
    return {
        "label": model.label,
        "texts": {name: _plain(getattr(model, name), pack) for name in texts},
        "parameters": {name: _plain(asdict(p), pack) for name, p in model.parameters.items()},
        "values": {name: _plain(v, pack) for name, v in model.scalar_values().items()},
    }


def _model(model: NeuronModel, pack: Pack) -> dict[str, Any]:
    made = _common(model, MODEL_TEXTS, pack)
    if model.state_format:
        made["state_format"] = {name: asdict(f) for name, f in model.state_format.items()}
    # What most models do not have is not said, so that fingerprints of networks stay.
    if not model.after_arrivals:
        del made["texts"]["after_arrivals"]
    return made


def _synapse(synapse: Synapse, pack: Pack) -> dict[str, Any]:
    return _common(synapse, SYNAPSE_TEXTS, pack) | {
        "neuron_names": dict(synapse.neuron_names),
        "compartment": synapse.compartment,
        "weight": _plain(synapse.weight, pack),
        "delay": _plain(synapse.delay, pack),
        "dendritic_delay": _plain(synapse.dendritic_delay, pack),
    }


def _input(given: Input, pack: Pack) -> dict[str, Any]:
    kind: dict[str, Any] = {"kind": type(given).__name__}
    if isinstance(given, CurrentModel):
        return _common(given, CURRENT_TEXTS, pack) | {"kind": "CurrentModel"}
    if isinstance(given, Poisson):
        kind |= {"rate": given.rate, "start": given.start, "stop": given.stop}
        if given.highest is not None:
            kind["highest"] = given.highest
    elif isinstance(given, InhomogeneousPoisson):
        kind |= {"times": given.times, "rates": given.rates, "stop": given.stop}
    elif isinstance(given, SpikeTrains):
        kind |= {"times": given.times, "ids": given.ids, "trials": given.trials}
    elif isinstance(given, ConstantCurrent):
        kind |= {"amplitude": given.amplitude}
    elif isinstance(given, StepCurrent):
        kind |= {"times": given.times, "amplitudes": given.amplitudes}
    elif isinstance(given, ExternalSpikes):
        kind |= {"most": given.most}
    return {name: _plain(value, pack) for name, value in kind.items()}


def parameter_from_plain(data: dict[str, Any]) -> Parameter:
    """Read a `Parameter`; missing bounds are infinite."""
    low = -math.inf if data["low"] is None else float(data["low"])
    high = math.inf if data["high"] is None else float(data["high"])
    kind = WeightParameter if data["unit"] == WeightParameter.unit else Parameter
    return kind(**{**data, "low": low, "high": high})
