"""Spike-timing-dependent plasticity: a dependence on timing and one on the weight make a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN.standardmodels import synapses

from ...plasticity.base import PlasticityRule, WeightParameter
from ..native import NativeSynapse
from .naming import kept
from .synapses import Delayed

__all__ = [
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "GutigWeightDependence",
    "MultiplicativeWeightDependence",
    "STDPMechanism",
    "SpikePairRule",
    "Vogels2011Rule",
]

_BOUNDS = ("w_min", "w_max")
_STEP = "A_plus*top", "A_minus*top"


class AdditiveWeightDependence(synapses.AdditiveWeightDependence):  # type: ignore[misc]
    """Changes are shares of w_max, whatever the weight is."""

    translations = kept(_BOUNDS)
    possible_models = frozenset({"pairs", "balance"})
    #: What a pair adds to the weight, and what it takes from it.
    up, down = _STEP


class MultiplicativeWeightDependence(synapses.MultiplicativeWeightDependence):  # type: ignore[misc]
    """Potentiation by the room above the weight, depression by what it is above w_min."""

    translations = kept(_BOUNDS)
    possible_models = frozenset({"pairs"})
    up, down = "A_plus*(top - w)", "A_minus*(w - bottom)"


class AdditivePotentiationMultiplicativeDepression(  # type: ignore[misc]
    synapses.AdditivePotentiationMultiplicativeDepression
):
    """Potentiation by a share of w_max, depression by what the weight is above w_min."""

    translations = kept(_BOUNDS)
    possible_models = frozenset({"pairs"})
    up, down = _STEP[0], MultiplicativeWeightDependence.down


class GutigWeightDependence(synapses.GutigWeightDependence):  # type: ignore[misc]
    """Both as powers of the room that is left (Gutig, Aharonov, Rotter and Sompolinsky 2003)."""

    translations = kept((*_BOUNDS, "mu_plus", "mu_minus"))
    possible_models = frozenset({"pairs"})
    up = "A_plus*(top - bottom)*exp(mu_plus*log(max((top - w)/(top - bottom), 1e-20)))"
    down = "A_minus*(top - bottom)*exp(mu_minus*log(max((w - bottom)/(top - bottom), 1e-20)))"


class SpikePairRule(synapses.SpikePairRule):  # type: ignore[misc]
    """Every pair of spikes counts."""

    translations = kept(synapses.SpikePairRule.default_parameters)
    possible_models = frozenset({"pairs"})
    texts: Mapping[str, str] = {
        "pre_traces": "dx/dt = -x/tau_plus : 1",
        "post_traces": "dy/dt = -y/tau_minus : 1",
        "on_pre": "w -= {down}*y",
        "on_post": "w += {up}*x",
    }
    times = ("tau_plus", "tau_minus")


class Vogels2011Rule(synapses.Vogels2011Rule):  # type: ignore[misc]
    """Inhibition that settles its target at the rate rho, in Hz; eta is in the weight's unit."""

    translations = kept(synapses.Vogels2011Rule.default_parameters)
    possible_models = frozenset({"balance"})
    texts: Mapping[str, str] = {
        "pre_traces": "dx/dt = -x/tau : 1",
        "post_traces": "dy/dt = -y/tau : 1",
        "on_pre": "w += eta*(y - 2*rho*tau)",
        "on_post": "w += eta*x",
    }
    times = ("tau",)

    def __init__(self, tau: float = 20.0, eta: float = 1e-10, rho: float = 3.0) -> None:
        super().__init__(tau=tau, eta=eta, rho=rho)


class STDPMechanism(Delayed, synapses.STDPMechanism):  # type: ignore[misc]
    """A weight that changes by the times of spikes.

    Parameters
    ----------
    timing_dependence
        `SpikePairRule` or `Vogels2011Rule`.
    weight_dependence
        With `Vogels2011Rule` only `AdditiveWeightDependence`.
    voltage_dependence
        None.
    dendritic_delay_fraction
        Which part of the delay comes after the synapse, from 0 to 1.
    weight, delay
        As for a static synapse.

    Raises
    ------
    pyNN.errors.NoModelAvailableError
        If the two do not go together.
    NotImplementedError
        If there is a dependence on the voltage.
    """

    base_translations = kept(("weight", "delay", "dendritic_delay_fraction"))

    def __init__(
        self,
        timing_dependence: Any = None,
        weight_dependence: Any = None,
        voltage_dependence: Any = None,
        dendritic_delay_fraction: float = 1.0,
        weight: Any = 0.0,
        delay: Any = None,
    ) -> None:
        if voltage_dependence is not None:
            raise NotImplementedError("No dependence on the voltage is available for Spikestack.")
        timing = SpikePairRule() if timing_dependence is None else timing_dependence
        by_weight = AdditiveWeightDependence() if weight_dependence is None else weight_dependence
        super().__init__(timing, by_weight, None, dendritic_delay_fraction, weight, delay)
        _ = self.possible_models

    def _build_translations(self) -> None:
        parts = (self.timing_dependence, self.weight_dependence)
        self.translations = dict(self.base_translations)
        for part in parts:
            self.translations |= part.translations

    def native(
        self,
        weight: Any,
        delay: Any,
        dendritic_delay_fraction: float = 1.0,
        **parameters: float,
    ) -> NativeSynapse:
        """Make the synapse; see `spikestack.pynn.native`."""
        after = _whole_steps(delay, dendritic_delay_fraction)
        parts = {"weight": weight, "delay": delay - after, "dendritic_delay": after}
        return NativeSynapse(self._rule(parameters), parts)

    def _rule(self, given: Mapping[str, float]) -> PlasticityRule:
        timing, by_weight = self.timing_dependence, self.weight_dependence
        bottom, top = given["w_min"], given["w_max"]
        parameters: dict[str, Any] = {
            "top": WeightParameter(top),
            "bottom": WeightParameter(bottom),
        }
        for name, value in given.items():
            if name in timing.times:
                parameters[name] = f"{value!r} ms"
            elif name not in _BOUNDS:
                parameters[name] = float(value)
        if "eta" in given:
            # Inhibitory weights of currents are negative, and grow away from 0 as others do.
            parameters["eta"] = WeightParameter(given["eta"] * (-1 if top < bottom else 1))
            parameters["rho"] = f"{given['rho']!r} Hz"
        texts = {
            name: text.format(up=by_weight.up, down=by_weight.down)
            for name, text in timing.texts.items()
        }
        return PlasticityRule(
            **texts,
            pre_spike="x += 1",
            post_spike="y += 1",
            parameters=parameters,
            name=type(timing).__name__,
            w_min=min(bottom, top),
            w_max=max(bottom, top),
        )


def _whole_steps(delay: Any, share: float) -> Any:
    """The part of delays that comes after the synapse, in ms, a whole number of steps."""
    from ..simulator import state

    steps = np.floor(np.asarray(delay, dtype=float) * share / state.dt + 0.5)
    after = np.minimum(steps * state.dt, delay)
    return float(after) if after.ndim == 0 else after
