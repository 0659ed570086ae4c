"""Cells put together of a neuron and any number of receptors, by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import cells, receptors

from ...errors import ValidationError
from ...neurons.base import NeuronModel
from ...neurons.lif import LIF as LIFModel
from ...synapses.alpha_conductance import AlphaConductance
from ...synapses.base import Synapse
from ...synapses.dual_exponential_conductance import DualExponentialConductance
from ...synapses.exponential_conductance import ExponentialConductance
from ...synapses.exponential_current import ExponentialCurrent
from ..native import NativeCell, Recordable
from .cells import LIF_NAMES, VW, V, adex
from .naming import kept, picked, receptor

__all__ = [
    "LIF",
    "AdExp",
    "AlphaPSR",
    "BetaPSR",
    "CondAlphaPostSynapticResponse",
    "CondBetaPostSynapticResponse",
    "CondExpPostSynapticResponse",
    "CurrExpPostSynapticResponse",
    "ExpPSR",
    "PointNeuron",
]


class _Part:
    """What components of a `PointNeuron` share."""

    scale_factors: Mapping[str, float] = {}


class LIF(_Part, cells.LIF):  # type: ignore[misc]
    """Leaky integrate-and-fire."""

    translations = kept(cells.LIF.default_parameters)
    recordables = V

    @staticmethod
    def model(parameters: Mapping[str, Any]) -> NeuronModel:
        """Our model of it."""
        return LIFModel(**picked(parameters, **LIF_NAMES))


class AdExp(_Part, cells.AdExp):  # type: ignore[misc]
    """Adaptive exponential integrate-and-fire."""

    translations = kept(cells.AdExp.default_parameters)
    recordables = VW
    model = staticmethod(adex)


class _Response(_Part):
    """A receptor: `kind` is ours, `names` are its parameters and PyNN's, `state` its variable."""

    kind: type[Synapse]
    names: Mapping[str, str]
    variable, state = "gsyn", "g"

    @property
    def recordable(self) -> list[str]:
        """What of it can be recorded."""
        return [self.variable]


def _without_place(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without where on the cell the receptor is: a point has no places."""
    return {name: value for name, value in parameters.items() if name != "locations"}


class CurrExpPostSynapticResponse(_Response, receptors.CurrExpPostSynapticResponse):  # type: ignore[misc]
    """Exponential current: `ExponentialCurrent`."""

    default_parameters = _without_place(receptors.CurrExpPostSynapticResponse.default_parameters)
    translations = kept(default_parameters)
    kind, names = ExponentialCurrent, {"tau_syn": "tau_syn"}
    variable, state = "isyn", "i"


class CondExpPostSynapticResponse(_Response, receptors.CondExpPostSynapticResponse):  # type: ignore[misc]
    """Exponential conductance: `ExponentialConductance`."""

    default_parameters = _without_place(receptors.CondExpPostSynapticResponse.default_parameters)
    translations = kept(default_parameters)
    kind, names = ExponentialConductance, {"tau_syn": "tau_syn", "e_rev": "e_syn"}


class CondAlphaPostSynapticResponse(_Response, receptors.CondAlphaPostSynapticResponse):  # type: ignore[misc]
    """Alpha-shaped conductance: `AlphaConductance`."""

    default_parameters = _without_place(receptors.CondAlphaPostSynapticResponse.default_parameters)
    translations = kept(default_parameters)
    kind, names = AlphaConductance, {"tau_syn": "tau_syn", "e_rev": "e_syn"}


class CondBetaPostSynapticResponse(_Response, receptors.CondBetaPostSynapticResponse):  # type: ignore[misc]
    """Conductance that rises and decays: `DualExponentialConductance`."""

    default_parameters = _without_place(receptors.CondBetaPostSynapticResponse.default_parameters)
    translations = kept(default_parameters)
    kind = DualExponentialConductance
    names = {"tau_rise": "tau_rise", "tau_decay": "tau_decay", "e_rev": "e_syn"}  # noqa: RUF012


AlphaPSR = CondAlphaPostSynapticResponse
BetaPSR = CondBetaPostSynapticResponse
ExpPSR = CondExpPostSynapticResponse


class PointNeuron(cells.PointNeuron):  # type: ignore[misc]
    """A neuron with receptors of one's own: ``PointNeuron(AdExp(), AMPA=AlphaPSR(), ...)``.

    Parameters of receptors bear the receptor's name: ``"AMPA.tau_syn"``.

    Parameters
    ----------
    neuron
        `LIF` or `AdExp`.
    post_synaptic_receptors
        Receptors by name.

    Raises
    ------
    ValidationError
        If a part is not of these kinds.
    """

    conductance_based: bool

    def __init__(self, neuron: Any, **post_synaptic_receptors: Any) -> None:
        if not isinstance(neuron, LIF | AdExp):
            raise ValidationError("PointNeuron", f"a neuron {neuron!r}", "LIF or AdExp")
        for name, response in post_synaptic_receptors.items():
            if not isinstance(response, _Response):
                raise ValidationError(
                    f"PointNeuron, {name}", f"got {response!r}", "a receptor such as AlphaPSR"
                )
        super().__init__(neuron, **post_synaptic_receptors)
        flat = dict(neuron.parameter_space.items())
        for name, response in post_synaptic_receptors.items():
            own = response.parameter_space.items()
            flat |= {f"{name}.{key}": value for key, value in own}
        schema = dict.fromkeys(flat, float)
        self.default_parameters = {name: value.base_value for name, value in flat.items()}
        self.parameter_space = ParameterSpace(flat, schema, shape=None, component=type(self))
        self.translations = kept(flat)

    def get_schema(self) -> dict[str, type]:
        """All parameters are numbers."""
        return dict.fromkeys(self.default_parameters, float)

    def get_parameter_names(self) -> list[str]:
        """Names of the neuron's parameters, and of its receptors'."""
        return list(self.default_parameters)

    def has_parameter(self, name: str) -> bool:
        """Whether it has a parameter of this name."""
        return name in self.default_parameters

    def translate(self, parameters: ParameterSpace, copy: bool = True) -> ParameterSpace:
        """The parameters, under the same names."""
        return ParameterSpace(dict(parameters.items()), schema=None, shape=parameters.shape)

    def reverse_translate(self, native_parameters: ParameterSpace) -> ParameterSpace:
        """The parameters, under the same names."""
        given = dict(native_parameters.items())
        schema = dict.fromkeys(given, float)
        return ParameterSpace(given, schema=schema, shape=native_parameters.shape)

    def simple_parameters(self) -> list[str]:
        """All, since none is translated."""
        return self.get_parameter_names()

    def scaled_parameters(self) -> list[str]:
        """None."""
        return []

    def computed_parameters(self) -> list[str]:
        """None."""
        return []

    def computed_parameters_include(self, parameter_names: Any) -> bool:
        """No."""
        return False

    def can_record(self, variable: str, location: Any = None) -> bool:
        """Whether a variable can be recorded."""
        return location is None and variable in self.recordable

    def native(self, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        recordables = dict(self.neuron.recordables)
        made = {}
        for name, response in self.post_synaptic_receptors.items():
            own = {ours: f"{name}.{theirs}" for ours, theirs in response.names.items()}
            made[name] = partial(receptor(response.kind, name), **picked(parameters, **own))
            unit = response.units[response.variable]
            recordables[f"{name}.{response.variable}"] = Recordable(
                f"{name}.{response.state}", unit=unit
            )
        initial = {name: found.variable for name, found in recordables.items()}
        return NativeCell(self.neuron.model(parameters), made, recordables, initial)
