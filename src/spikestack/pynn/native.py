"""What standard models give to the machinery: parts of a network, made when a run begins.

A cell class offers ``native(parameters)``, a classmethod that takes its native parameters (floats,
or arrays of one value per neuron) and returns a `NativeCell`. A synapse type offers
``native(weight, delay, **parameters)`` and returns a `NativeSynapse`; its other parameters are
numbers, since connections that differ in them are brought in groups of like ones; native names
and values of ``weight`` and ``delay`` are PyNN's own. A source of current offers ``native(dt)`` and
returns the inputs that it is; its ``inject_into`` hands itself and the cells to
``simulator.state.attach``, and a change of its values calls ``simulator.state.changed()``.

A synapse type that depends on its target offers ``of_target(make)``, which takes the maker of the
receptor, and returns further arguments of ``native``: numbers, or arrays of one for each neuron.

Native parameters that are sequences (times of spikes) come as an object array of flat arrays, one
for each neuron.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..network.inputs import Input
from ..neurons.base import NeuronModel
from ..plasticity.base import PlasticityRule
from ..synapses.base import Synapse

__all__ = ["NativeCell", "NativeSynapse", "Recordable"]


class Recordable(NamedTuple):
    """How a recorded variable is found.

    Attributes
    ----------
    variable
        The state variable of the model; of a receptor ``"excitatory.g"``: the type of the receptor,
        a dot, the receptor's own variable.
    scale
        What its values are multiplied by.
    unit
        PyNN's unit of the result.
    """

    variable: str
    scale: float = 1.0
    unit: str = "mV"


@dataclass(frozen=True)
class NativeCell:
    """A cell or a source of spikes.

    Attributes
    ----------
    model
        The neuron model, with one value per neuron where they differ.
    receptors
        By receptor type, ``make(weight=..., delay=..., dendritic_delay=...)`` of the synapse. Two
        types must not make receptors of equal parameters, or they are one.
    recordables
        By PyNN's name, without ``"spikes"``.
    initial
        PyNN's state variables, and ours; of receptors as in `Recordable`. Values are not scaled.
    inputs
        What drives the population: (places in it, or None for all; the input).
    trains
        Of a source of given spikes: the times in ms, ascending, of each neuron. Its model passes on
        what it is driven by, which is left to the machinery.
    """

    model: NeuronModel
    receptors: dict[str, Callable[..., Synapse]] = field(default_factory=dict)
    recordables: dict[str, Recordable] = field(default_factory=dict)
    initial: dict[str, str] = field(default_factory=dict)
    inputs: tuple[tuple[np.ndarray | None, Input], ...] = ()
    trains: Sequence[np.ndarray] | None = None


@dataclass(frozen=True)
class NativeSynapse:
    """What connections are made with.

    Attributes
    ----------
    rule
        How weights change; None if they do not.
    synapse
        Arguments for the receptor's maker: ``weight``, ``delay`` and what else differs.
    make
        The maker, where it is not the receptor's (for gap junctions).
    """

    rule: PlasticityRule | tuple[PlasticityRule, ...] | None = None
    synapse: dict[str, Any] = field(default_factory=dict)
    make: Callable[..., Synapse] | None = None
