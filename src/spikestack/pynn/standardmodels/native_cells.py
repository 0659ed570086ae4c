"""Cells of the catalogue, beyond those that PyNN knows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pyNN.models import BaseCellType

from ...equations.catalogue import collect
from ...errors import UnknownNameError, ValidationError, shorten
from ...neurons.base import NeuronModel
from ...synapses.base import Synapse
from ..native import NativeCell, Recordable
from .naming import kept, picked, receptor

__all__ = ["native_cell_type"]


def native_cell_type(name: str, **receptors: Synapse) -> type:
    """A cell type made of a neuron model of the catalogue.

    Parameters
    ----------
    name
        Of the model, such as ``"MAT2"``.
    receptors
        Receptor types, each with a synapse as its example: ``excitatory=sp.AMPA()``. Without any,
        ``excitatory`` and ``inhibitory`` are the model's default synapse.

    Returns
    -------
    type
        A cell type, whose parameters are the model's, in its units, and whose state variables can
        be recorded and initialised, as can those of receptors: ``"excitatory.g"``.

    Raises
    ------
    UnknownNameError
        If there is no such model.
    ValidationError
        If a receptor is no synapse.

    Examples
    --------
    >>> cells = sim.Population(10, sim.native_cell_type("MAT2")())   # doctest: +SKIP
    """
    models, synapses = (
        collect("spikestack.neurons", NeuronModel),
        collect("spikestack.synapses", Synapse),
    )
    if name not in models:
        raise UnknownNameError("native_cell_type", name, models)
    model = models[name]()
    if not receptors:
        usual = synapses[model.default_synapse]
        receptors = {"excitatory": usual(), "inhibitory": usual()} if _takes(model, usual()) else {}
    for kind, example in receptors.items():
        if not isinstance(example, Synapse):
            raise ValidationError(
                f"native_cell_type, {kind}", f"got {shorten(example)}", "a synapse, as AMPA()"
            )
    return _made(model, receptors)


def _takes(model: NeuronModel, synapse: Synapse) -> bool:
    return "i_syn" in model.names_used() or synapse.receives in model.block.states


def _made(model: NeuronModel, receptors: Mapping[str, Synapse]) -> type:
    units = {state: str(model.block.units[state].coherent) for state in model.block.states}
    found = {state: Recordable(state, unit=unit) for state, unit in units.items()}
    for kind, synapse in receptors.items():
        found |= {
            f"{kind}.{state}": Recordable(
                f"{kind}.{state}", unit=str(synapse.block.units[state].coherent)
            )
            for state in synapse.block.states
        }
    makers = {kind: _maker(kind, synapse) for kind, synapse in receptors.items()}
    defaults = {name: float(p.default) for name, p in model.parameters.items()}
    start = {
        state: model.values[v] if isinstance(v, str) else v
        for state, v in model.initial_values.items()
    }

    def native(parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        own = picked(parameters, **{key: key for key in defaults})
        initial = {key: r.variable for key, r in found.items()}
        return NativeCell(type(model)(**own), makers, found, initial)

    members = {
        "__doc__": f"{model.label} of the catalogue.",
        "default_parameters": defaults,
        "default_initial_values": {s: v for s, v in start.items() if isinstance(v, float)},
        "recordable": ["spikes", *found],
        "receptor_types": tuple(receptors),
        "conductance_based": any(s.positive for s in receptors.values()),
        "injectable": "i_syn" in model.names_used(),
        "units": {key: r.unit for key, r in found.items()},
        "translations": kept(defaults),
        "native": staticmethod(native),
    }
    return type(model.label, (BaseCellType,), members)


def _maker(kind: str, example: Synapse) -> Any:
    """Make synapses like the example, whose receptor is not shared with other types."""
    if not example.block.states:
        return partial(type(example), compartment=example.compartment)
    values = dict(example.values)
    return partial(receptor(type(example), kind), compartment=example.compartment, **values)
