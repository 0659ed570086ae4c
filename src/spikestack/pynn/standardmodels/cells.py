"""Integrate-and-fire and Hodgkin-Huxley cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN.standardmodels import cells

from ...errors import ValidationError
from ...neurons.adex import AdEx
from ...neurons.base import NeuronModel
from ...neurons.izhikevich import Izhikevich as IzhikevichModel
from ...neurons.lif import LIF as LIFModel
from ...neurons.traub_miles import TraubMiles
from ...synapses.alpha_conductance import AlphaConductance
from ...synapses.alpha_current import AlphaCurrent
from ...synapses.base import Synapse
from ...synapses.exponential_conductance import ExponentialConductance
from ...synapses.exponential_current import ExponentialCurrent
from ...synapses.gap_junction import GapJunction
from ..native import NativeCell, Recordable
from .models import AdaptiveIF
from .naming import deltas, kept, pair, picked, synaptic

__all__ = [
    "EIF_cond_alpha_isfa_ista",
    "EIF_cond_exp_isfa_ista",
    "HH_cond_exp",
    "IF_cond_alpha",
    "IF_cond_exp",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_curr_exp",
    "IF_facets_hardware1",
    "Izhikevich",
]

#: Parameters of PyNN's leaky integrate-and-fire cells, which ours has too.
LIF_NAMES = {
    name: name
    for name in ("v_rest", "cm", "tau_m", "tau_refrac", "v_reset", "v_thresh", "i_offset")
}
V = {"v": Recordable("v")}


def with_pair(
    model: NeuronModel,
    kind: type[Synapse],
    parameters: Mapping[str, Any],
    recordables: Mapping[str, Recordable],
    **fixed: float,
) -> NativeCell:
    """A cell with an excitatory and an inhibitory receptor of a kind."""
    recorded, initial = synaptic(kind)
    return NativeCell(
        model,
        pair(parameters, kind, **fixed),
        {**recordables, **recorded},
        {**{name: r.variable for name, r in recordables.items()}, **initial},
    )


def _lif(kind: type[Synapse], parameters: Mapping[str, Any], method: str = "auto") -> NativeCell:
    model = LIFModel(method=method, **picked(parameters, **LIF_NAMES))
    return with_pair(model, kind, parameters, V)


class IF_curr_exp(cells.IF_curr_exp):  # type: ignore[misc]
    """Leaky integrate-and-fire, exponential currents: `LIF`, `ExponentialCurrent`; exact."""

    recordable = ("spikes", "v", "isyn_exc", "isyn_inh")
    translations = kept(cells.IF_curr_exp.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        return _lif(ExponentialCurrent, parameters)


class IF_curr_alpha(cells.IF_curr_alpha):  # type: ignore[misc]
    """Leaky integrate-and-fire, alpha-shaped currents: `LIF`, `AlphaCurrent`; exact."""

    recordable = ("spikes", "v", "isyn_exc", "isyn_inh")
    translations = kept(cells.IF_curr_alpha.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        return _lif(AlphaCurrent, parameters)


class IF_curr_delta(cells.IF_curr_delta):  # type: ignore[misc]
    """Leaky integrate-and-fire whose potential jumps by the weight, in mV: `LIF`, `Delta`."""

    translations = kept(cells.IF_curr_delta.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        return NativeCell(LIFModel(**picked(parameters, **LIF_NAMES)), deltas(), V, {"v": "v"})


class IF_cond_exp(cells.IF_cond_exp):  # type: ignore[misc]
    """Leaky integrate-and-fire, exponential conductances: `LIF`, `ExponentialConductance`."""

    translations = kept(cells.IF_cond_exp.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        return _lif(ExponentialConductance, parameters)


class IF_cond_alpha(cells.IF_cond_alpha):  # type: ignore[misc]
    """Leaky integrate-and-fire, alpha-shaped conductances: `LIF`, `AlphaConductance`.

    Integrated by a Runge-Kutta scheme of fourth order, because PyNN's conductances rise and fall
    within a few steps.
    """

    translations = kept(cells.IF_cond_alpha.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        return _lif(AlphaConductance, parameters, "rk4")


class IF_facets_hardware1(cells.IF_facets_hardware1):  # type: ignore[misc]
    """The cell of the FACETS chip: `LIF` of 0.2 nF, refractory for 1 ms, excited towards 0 mV."""

    translations = kept(cells.IF_facets_hardware1.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        own = picked(parameters, v_rest="v_rest", v_reset="v_reset", v_thresh="v_thresh")
        leak = picked(parameters, g="g_leak")["g"]
        model = LIFModel(cm=0.2, tau_refrac=1.0, tau_m=0.2 / (leak * 1e-3), **own)
        return with_pair(model, ExponentialConductance, parameters, V, e_rev_E=0.0)


def adex(parameters: Mapping[str, Any]) -> NeuronModel:
    """`AdEx` with PyNN's parameters; one without an exponential where delta_T is 0.

    Raises
    ------
    ValidationError
        If delta_T is 0 for some neurons and not for others.
    """
    same = ("cm", "tau_refrac", "v_spike", "v_reset", "v_rest", "v_thresh")
    own = picked(parameters, **{name: name for name in (*same, "tau_w", "b", "i_offset")})
    own["a"] = picked(parameters, a="a")["a"] * 1e-3
    own["gl"] = own["cm"] / picked(parameters, tau_m="tau_m")["tau_m"]
    sharp = np.asarray(parameters["delta_T"]) == 0
    if sharp.all():
        del own["v_spike"]
        return AdaptiveIF(**own)
    if sharp.any():
        raise ValidationError(
            "delta_T",
            f"is 0 mV for {sharp.sum()} of {sharp.size} neurons",
            "0 for all of a population, or for none",
            "make two populations",
        )
    return AdEx(delta_t=picked(parameters, d="delta_T")["d"], **own)


VW = {"v": Recordable("v"), "w": Recordable("w", unit="nA")}


class EIF_cond_exp_isfa_ista(cells.EIF_cond_exp_isfa_ista):  # type: ignore[misc]
    """Adaptive exponential integrate-and-fire, exponential conductances: `AdEx`."""

    translations = kept(cells.EIF_cond_exp_isfa_ista.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        return with_pair(adex(parameters), ExponentialConductance, parameters, VW)


class EIF_cond_alpha_isfa_ista(cells.EIF_cond_alpha_isfa_ista):  # type: ignore[misc]
    """Adaptive exponential integrate-and-fire, alpha-shaped conductances: `AdEx`."""

    translations = kept(cells.EIF_cond_alpha_isfa_ista.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        return with_pair(adex(parameters), AlphaConductance, parameters, VW)


class Izhikevich(cells.Izhikevich):  # type: ignore[misc]
    """Izhikevich's model; weights are jumps of v in mV.

    As in PyNN's other backends, 1 nA moves v by 1,000 mV per ms: a capacitance of 1 pF.
    """

    translations = kept(cells.Izhikevich.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        own = picked(parameters, a="a", b="b", c="c", d="d", i_offset="i_offset")
        return NativeCell(
            IzhikevichModel(gain=1000.0, **own),
            deltas(),
            {"v": Recordable("v"), "u": Recordable("u", unit="mV/ms")},
            {"v": "v", "u": "u"},
        )


class HH_cond_exp(cells.HH_cond_exp):  # type: ignore[misc]
    """Traub and Miles's cell: `TraubMiles`; a spike is the upward crossing of 0 mV.

    Integrated by exponential Euler, whose intervals are 3 % too long at a step of 0.1 ms, 0.2 % at
    0.025 ms.
    """

    recordable = (*cells.HH_cond_exp.recordable, "m", "h", "n")
    translations = kept(cells.HH_cond_exp.default_parameters)
    conductances: Mapping[str, str] = {
        "g_na": "gbar_Na",
        "g_k": "gbar_K",
        "g_l": "g_leak",
        "cm": "cm",
        "v_t": "v_offset",
        "e_na": "e_rev_Na",
        "e_k": "e_rev_K",
        "e_l": "e_rev_leak",
        "i_offset": "i_offset",
    }

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        model = TraubMiles(**picked(parameters, **cls.conductances))
        gates = {name: Recordable(name, unit="dimensionless") for name in "mhn"}
        made = with_pair(model, ExponentialConductance, parameters, V | gates)
        made.receptors["source_section.gap"] = GapJunction
        return made
