"""Learning by correlation sensors: each synapse keeps how its spikes and the neuron's met."""

from __future__ import annotations

from typing import Any

from ...equations.model import Parameter
from ...plasticity.base import PlasticityRule

__all__ = ["CorrelationSTDP", "FixedSTDP"]

#: Close to normal, of mean 0 and standard deviation 1: three numbers between 0 and 1.
_DRAWN = "2*(rand_{0} + rand_{1} + rand_{2} - 1.5)"
_CHANGE = "0.1*(causal - anticausal)"


def _round(change: str) -> str:
    """What the processor does to a synapse, as statements."""
    gains, reads = [], []
    for k, name in enumerate(("causal", "anticausal")):
        once, each = (_DRAWN.format(*(6 * k + 3 * j + i + 2 for i in range(3))) for j in (0, 1))
        gains.append(
            f"gain_{name} = where(gain_{name} == 0, max(1 + spread*{once}, 0.1), gain_{name})"
        )
        seen = f"gain_{name}*stored_{name} + read_noise*{each}"
        reads.append(f"{name} = clip(floor({seen} + 0.5), 0, 255)")
    update = f"w = clip(floor(levels*w/w_max + ({change}) + 0.5), 0, levels)*w_max/levels"
    return "; ".join([*gains, *reads, update, "stored_causal = 0", "stored_anticausal = 0"])


class CorrelationSTDP(PlasticityRule):
    """Plasticity of BrainScaleS-2: analog sensors, and a processor that reads them in rounds.

    Each synapse has two sensors. A spike of the neuron adds ``amplitude exp(-t/tau_plus)`` to the
    causal one, t after the last spike of the source; a spike of the source adds the same to the
    anticausal one, t after the neuron's. A sensor is full at `full`. Every `interval` a processor
    reads both by eight bits with noise, changes the weight, a whole number of `levels`, and resets
    the sensors. Sensors differ by `spread`, for ever, by the network's seed.

    Parameters
    ----------
    change
        By how much the weight changes, in steps of its own: an expression of ``causal`` and
        ``anticausal``, as they are read (0 to 255), of ``w``, ``w_max``, ``levels`` and parameters.
    declared
        Parameters that differ from the declared ones; others as of any `PlasticityRule`.

    Examples
    --------
    >>> rule = CorrelationSTDP("0.2*causal - 0.25*anticausal", interval="50 ms", w_max=0.1)
    """

    pre_traces = "dx/dt = -x/tau_plus : 1"
    post_traces = "dy/dt = -y/tau_minus : 1"
    pre_spike = "x = 1"
    post_spike = "y = 1"
    variables = """
        stored_causal : 1
        stored_anticausal : 1
        gain_causal : 1
        gain_anticausal : 1
        causal : 1
        anticausal : 1
    """
    on_pre = "stored_anticausal = min(stored_anticausal + amplitude*y, full)"
    on_post = "stored_causal = min(stored_causal + amplitude*x, full)"
    every = _round(_CHANGE)
    source = "Friedmann et al. 2017, IEEE TBCAS 11:128; Pehle et al. 2022, Front Neurosci 16:795876"

    tau_plus = Parameter(10.0, "ms", low=0, low_open=True, meaning="reach of causal pairs")
    tau_minus = Parameter(10.0, "ms", low=0, low_open=True, meaning="reach of anticausal pairs")
    amplitude = Parameter(10.0, low=0, meaning="of a pair at no distance, in steps of the reading")
    full = Parameter(200.0, low=0, meaning="what a sensor holds at most, in such steps")
    spread = Parameter(0.2, low=0, meaning="standard deviation of the sensors' factors")
    read_noise = Parameter(2.0, low=0, meaning="standard deviation of a reading")
    levels = Parameter(63.0, low=1, meaning="the greatest weight as a number")
    interval = Parameter(100.0, "ms", low=0, meaning="between two rounds of the processor")

    def __init__(self, change: str = "", **declared: Any) -> None:
        if change:
            declared.setdefault("every", _round(change))
        super().__init__(**declared)


class FixedSTDP(CorrelationSTDP):
    """Plasticity of the first BrainScaleS: the same sensors, by a rule that is wired.

    A weight of four bits changes by one step where one sensor is ahead of the other by `ahead`.
    """

    every = _round(
        "where(causal - anticausal >= ahead, 1, where(anticausal - causal >= ahead, -1, 0))"
    )
    source = "Schemmel et al. 2010, ISCAS; Friedmann et al. 2017"

    levels = Parameter(15.0, low=1, meaning="the greatest weight as a number")
    ahead = Parameter(20.0, low=0, meaning="by how much one sensor must be ahead")
