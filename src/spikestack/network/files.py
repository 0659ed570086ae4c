"""Networks in files: one archive of plain data, nothing in it is executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..devices.crossbar import Crossbar
from ..equations.catalogue import members
from ..equations.edge_expression import Expression
from ..equations.fixed_point import FixedPoint
from ..errors import FileFormatError, SpikestackError, UnknownNameError
from ..neurons.base import NeuronModel
from ..plasticity.base import PlasticityRule
from ..plasticity.structural import StructuralRule
from ..storage import read_archive, write_archive
from ..synapses.base import Synapse
from ..values import distribution_from_dict
from . import external, inputs, rates
from .currents.base import CurrentModel
from .learning import Signal
from .network import Network
from .parts import Part
from .plain import (
    CURRENT_TEXTS,
    MODEL_TEXTS,
    RULE_TEXTS,
    SYNAPSE_TEXTS,
    parameter_from_plain,
    plain_network,
)
from .population import Population, View
from .rules import Rule, rule_named

__all__ = ["load_network", "network_of", "plain_with_arrays", "save_network"]

_INPUTS = {
    name: getattr(module, name)
    for module in (inputs, external, rates)
    for name in module.__all__
    if name != "Input"
}


def plain_with_arrays(network: Network) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A network as plain data, and the arrays that it refers to by ``{"array": name}``."""
    arrays: dict[str, np.ndarray] = {}

    def pack(array: np.ndarray) -> dict[str, str]:
        name = f"a{len(arrays)}"
        arrays[name] = array
        return {"array": name}

    return plain_network(network, pack), arrays


def network_of(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Network:
    """The network that `plain_with_arrays` describes."""
    return _Reader(arrays).network(header)


def save_network(network: Network, path: str | Path) -> Path:
    """Write the description to one file, whole or not at all; return its path."""
    header, arrays = plain_with_arrays(network)
    write_archive(path, "network", header, arrays)
    return Path(path)


def load_network(path: str | Path) -> Network:
    """Read what `save_network` wrote.

    Raises
    ------
    FileFormatError
        If the file is damaged, of another kind, or describes an impossible network.
    """
    header, arrays = read_archive(path, "network")
    try:
        return network_of(header, arrays)
    except SpikestackError as error:
        raise FileFormatError(f"{path}: describes an impossible network: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FileFormatError(
            f"{path}: damaged: {type(error).__name__}: {error}; save the network again"
        ) from error


class _Reader:
    """Rebuilds the parts of a network through the same constructors that users call."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays

    def network(self, data: dict[str, Any]) -> Network:
        net = Network(data["seed"])
        for item in data["populations"]:
            model = self.model(item["model"])
            place = self.value(item.get("positions"), "positions")
            net.add(Population(item["name"], tuple(item["shape"]), model, place))
        for item in data["projections"]:
            net.connect(
                self.view(net, item["pre"]),
                self.view(net, item["post"]),
                self.rule(item["rule"]),
                self.synapse(item["synapse"]),
                name=item["name"],
                **self.learning(net, item),
                realised_by=Crossbar.from_dict(item["realised_by"])
                if "realised_by" in item
                else None,
            )
        for item in data["drives"]:
            view = self.view(net, item["target"])
            net.drive(view, self.input(item["input"], item["synapse"]), name=item["name"])
        for item in data["probes"]:
            view = self.view(net, item["target"])
            net.record(view, item["variable"], interval=item["interval"])
        for item in data.get("synapse_probes", []):
            net.record(
                net.projections[item["projection"]],
                item["variable"],
                interval=item["interval"],
                **{k: self.value(item[k], k) for k in ("synapses", "bins")},
            )
        return net

    def value(self, data: Any, where: str) -> Any:
        """Undo what packing did to one value."""
        if isinstance(data, dict) and set(data) == {"array"}:
            return self.arrays[data["array"]]
        if isinstance(data, dict) and data.get("kind") in ("Expression", *Part.kinds):
            kind = Expression if data["kind"] == "Expression" else Part.kinds[data["kind"]]
            return kind.from_dict({k: self.value(v, where) for k, v in data.items()})
        if isinstance(data, dict) and "kind" in data:
            return distribution_from_dict(data, where)
        if isinstance(data, dict):
            return {k: self.value(v, where) for k, v in data.items()}
        if isinstance(data, list):
            return [self.value(item, where) for item in data]
        return data

    def view(self, net: Network, data: dict[str, Any]) -> View:
        population = net[data["population"]]
        return (
            population.whole if data["ids"] is None else population[self.value(data["ids"], "ids")]
        )

    def declare(self, base: type, data: dict[str, Any], texts: tuple[str, ...]) -> Any:
        """A class like the one that was saved, with its equations as saved."""
        found = {k: v for k, v in data["texts"].items() if k in texts}
        if isinstance(found.get("clamped"), list):
            found["clamped"] = tuple(found["clamped"])
        if isinstance(found.get("compartments"), dict):
            found["compartments"] = {k: (v[0], v[1]) for k, v in found["compartments"].items()}
        found["inline_parameters"] = {
            name: parameter_from_plain(p) for name, p in data["parameters"].items()
        }
        found["saved_label"] = str(data["label"])
        if "neuron_names" in data:
            found["neuron_names"] = dict(data["neuron_names"])
        return type("Saved" + base.__name__, (base,), found)

    def values(self, data: dict[str, Any]) -> dict[str, Any]:
        return {k: self.value(v, k) for k, v in data["values"].items()}

    def model(self, data: dict[str, Any]) -> NeuronModel:
        kind = self.declare(NeuronModel, data, MODEL_TEXTS)
        formats = {k: FixedPoint(**v) for k, v in data.get("state_format", {}).items()}
        made: NeuronModel = kind(**self.values(data), state_format=formats)
        return made

    def synapse(self, data: dict[str, Any]) -> Synapse:
        kind = self.declare(Synapse, data, SYNAPSE_TEXTS)
        edge = {k: self.value(data[k], k) for k in ("weight", "delay", "dendritic_delay")}
        at = str(data.get("compartment", ""))
        made: Synapse = kind(**edge, compartment=at, **self.values(data))
        return made

    def learning(self, net: Network, item: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {
            "plasticity": [
                self.declare(PlasticityRule, data, RULE_TEXTS)(**self.values(data))
                for data in item.get("plasticity", [])
            ]
            + [self.structural(data) for data in item.get("structure", [])]
        }
        if "signal" in item:
            made["modulator"] = Signal(**self.value(item["signal"], "signal"))
        elif "modulator" in item:
            made["modulator"] = net[item["modulator"]]
            made["modulator_delay"] = item["modulator_delay"]
        return made

    def structural(self, data: dict[str, Any]) -> StructuralRule:
        members("spikestack.plasticity")
        kind = str(data["kind"])
        if kind not in StructuralRule.known:
            where = "structural rule (one of your own must be imported first)"
            raise UnknownNameError(where, kind, StructuralRule.known)
        return StructuralRule.known[kind](**self.values(data))

    def rule(self, data: dict[str, Any]) -> Rule:
        settings = {k: self.value(v, k) for k, v in data.items() if k != "kind"}
        return rule_named(data["kind"]).from_dict(settings)

    def input(self, data: dict[str, Any], synapse: dict[str, Any] | None) -> inputs.Input:
        if data["kind"] == "CurrentModel":
            current: inputs.Input = self.declare(CurrentModel, data, CURRENT_TEXTS)(
                **self.values(data)
            )
            return current
        settings = {k: self.value(v, k) for k, v in data.items() if k != "kind"}
        if settings.get("stop", 0) is None:
            settings["stop"] = float("inf")
        if synapse is not None:
            settings["synapse"] = self.synapse(synapse)
        made: inputs.Input = _INPUTS[data["kind"]](**settings)
        return made
