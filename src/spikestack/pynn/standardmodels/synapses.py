"""Synapses: static, stochastic, with short-term plasticity, electrical."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pyNN.standardmodels import ModelNotAvailable, synapses

from ...plasticity.base import PlasticityRule
from ...plasticity.short_term import StochasticRelease
from ...synapses.base import Synapse
from ...synapses.gap_junction import GapJunction
from ..native import NativeSynapse
from .naming import kept

__all__ = [
    "ElectricalSynapse",
    "MultiQuantalSynapse",
    "SimpleStochasticSynapse",
    "StaticSynapse",
    "StochasticTsodyksMarkramSynapse",
    "TsodyksMarkramSynapse",
]

#: What stands for no facilitation, in ms: nothing of it is left after a step.
_NO_TIME = 1e-6


def least_delay() -> float:
    """What a connection gets that is given no delay, in ms."""
    from ..simulator import state

    return float(state.least_delay)


class Delayed:
    """A synapse that may be left to have the least delay."""

    def _get_minimum_delay(self) -> float:
        return least_delay()


def span(weight: Any) -> dict[str, float]:
    """Bounds that hold all weights, and 0: ``w_min`` and ``w_max``."""
    values = np.asarray(weight, dtype=float)
    low, high = (float(f(values, initial=0.0)) for f in (np.min, np.max))
    return {"w_min": low, "w_max": high}


class StaticSynapse(Delayed, synapses.StaticSynapse):  # type: ignore[misc]
    """A weight and a delay."""

    translations = kept(synapses.StaticSynapse.default_parameters)

    @staticmethod
    def native(weight: Any, delay: Any) -> NativeSynapse:
        """Make the synapse; see `spikestack.pynn.native`."""
        return NativeSynapse(synapse={"weight": weight, "delay": delay})


class ElectricalSynapse(synapses.ElectricalSynapse):  # type: ignore[misc]
    """A gap junction between two neurons, acting both ways: `GapJunction`."""

    translations = kept(synapses.ElectricalSynapse.default_parameters)

    @staticmethod
    def native(weight: Any, delay: Any = 0.0) -> NativeSynapse:
        """Make the synapse; see `spikestack.pynn.native`."""
        return NativeSynapse(synapse={"weight": weight}, make=GapJunction)


class SimpleStochasticSynapse(Delayed, synapses.SimpleStochasticSynapse):  # type: ignore[misc]
    """Each spike is delivered with probability p, or not at all."""

    translations = kept(synapses.SimpleStochasticSynapse.default_parameters)

    @staticmethod
    def native(weight: Any, delay: Any, p: float = 0.5) -> NativeSynapse:
        """Make the synapse; see `spikestack.pynn.native`."""
        rule = PlasticityRule(
            transmit="where(rand < p, w, 0*w)",
            parameters={"p": float(p)},
            name="SimpleStochastic",
            **span(weight),
        )
        return NativeSynapse(rule, {"weight": weight, "delay": delay})


#: Resources are free, in use (y) or recovering (z); those in use are freed with the current.
_THREE_STATES = """
    dy/dt = -y/tau_psc : 1
    dz/dt = y/tau_psc - z/tau_rec : 1
    du/dt = -u/tau_facil : 1
"""
_TWO_STATES = """
    dz/dt = -z/tau_rec : 1
    du/dt = -u/tau_facil : 1
"""


def short_term(
    weight: Any, U: float, tau_rec: float, tau_facil: float, tau_psc: float
) -> PlasticityRule:
    """The rule of Tsodyks, Uziel and Markram (2000); tau_psc of 0 frees resources at once."""
    times = {"tau_rec": tau_rec, "tau_facil": max(tau_facil, _NO_TIME)}
    free, used = ("(1 - y - z)", "y") if tau_psc > 0 else ("(1 - z)", "z")
    if tau_psc > 0:
        times["tau_psc"] = tau_psc
    return PlasticityRule(
        pre_traces=_THREE_STATES if tau_psc > 0 else _TWO_STATES,
        pre_spike=f"u += U*(1 - u); {used} += u*{free}",
        transmit=f"w*{free}*(u + U*(1 - u))",
        parameters={**{k: f"{v!r} ms" for k, v in times.items()}, "U": float(U)},
        name="TsodyksMarkram",
        **span(weight),
    )


class TsodyksMarkramSynapse(Delayed, synapses.TsodyksMarkramSynapse):  # type: ignore[misc]
    """Short-term depression and facilitation.

    Resources that a spike uses are in use as long as the synaptic current flows, and only then
    begin to recover, as in the paper; where weights are jumps of the potential, at once.
    """

    translations = kept(synapses.TsodyksMarkramSynapse.default_parameters)

    @staticmethod
    def of_target(make: Callable[..., Synapse]) -> dict[str, Any]:
        """The time constant of the synaptic current in ms, of all neurons or each; 0 for none."""
        values = make(weight=0.0, delay=1.0).values
        found = [values[name] for name in ("tau_syn", "tau_decay") if name in values]
        return {"tau_psc": found[0] if found else 0.0}

    @staticmethod
    def native(
        weight: Any,
        delay: Any,
        U: float = 0.5,
        tau_rec: float = 100.0,
        tau_facil: float = 0.0,
        tau_psc: float = 0.0,
    ) -> NativeSynapse:
        """Make the synapse; see `spikestack.pynn.native`."""
        rule = short_term(weight, U, tau_rec, tau_facil, tau_psc)
        return NativeSynapse(rule, {"weight": weight, "delay": delay})


class StochasticTsodyksMarkramSynapse(  # type: ignore[misc]
    Delayed, synapses.StochasticTsodyksMarkramSynapse
):
    """The same with one vesicle that is released or not: `StochasticRelease`."""

    translations = kept(synapses.StochasticTsodyksMarkramSynapse.default_parameters)

    @staticmethod
    def native(
        weight: Any, delay: Any, U: float = 0.5, tau_rec: float = 100.0, tau_facil: float = 0.0
    ) -> NativeSynapse:
        """Make the synapse; see `spikestack.pynn.native`."""
        fast = max(tau_facil, _NO_TIME)
        rule = StochasticRelease(U=U, tau_rec=tau_rec, tau_fac=fast, **span(weight))
        return NativeSynapse(rule, {"weight": weight, "delay": delay})


class MultiQuantalSynapse(ModelNotAvailable):  # type: ignore[misc]
    """Not available here: take `StochasticTsodyksMarkramSynapse`, once for each release site."""
