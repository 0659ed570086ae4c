"""Spike-timing-dependent plasticity of memristive synapses, in the simplified form of Querlioz."""

from __future__ import annotations

import math
from typing import Any, Self

from ..equations.model import Parameter
from ..errors import ValidationError, shorten
from ..values import LogNormal
from .base import PlasticityRule, WeightParameter

__all__ = ["QuerliozSTDP"]

#: What devices differ in, by the variable that holds each device's factor.
_FACTORS = ("of_up", "of_down", "of_curve_up", "of_curve_down", "of_low", "of_high")


class QuerliozSTDP(PlasticityRule):
    """A spike of the target sends one pulse to every synapse: up, if its source fired recently.

    Where the source fired no longer than `window` before, conductance rises by
    ``alpha_up exp(-beta_up (w - low)/(high - low))``, else it falls by
    ``alpha_down exp(-beta_down (high - w)/(high - low))``: steps that shrink towards the ends, as
    pulses make them in memristive devices. Spikes of the source change nothing by themselves.

    Each device has its own factors of the two amplitudes, the two curvatures and the two ends,
    1 unless drawn; `with_spread` draws all of them.
    """

    pre_traces = "dago/dt = 1 : ms"
    pre_spike = "ago = 0"
    variables = """
        of_up : 1
        of_down : 1
        of_curve_up : 1
        of_curve_down : 1
        of_low : 1
        of_high : 1
    """
    on_post = """
        w += where(ago <= window, of_up*alpha_up*(high - low)*exp(
            -of_curve_up*beta_up*(w - of_low*low)/max(of_high*high - of_low*low, tiny*high)
        ), -of_down*alpha_down*(high - low)*exp(
            -of_curve_down*beta_down*(of_high*high - w)/max(of_high*high - of_low*low, tiny*high)
        ))
        w = max(min(w, of_high*high), of_low*low)
    """
    initial = {"ago": 1e9, **dict.fromkeys(_FACTORS, 1.0)}  # noqa: RUF012
    source = "Querlioz, Bichler and Gamrat 2011, IJCNN, doi:10.1109/IJCNN.2011.6033439"

    alpha_up = Parameter(0.01, low=0, meaning="step up from the lower end, share of the window")
    alpha_down = Parameter(0.005, low=0, meaning="step down from the upper end")
    beta_up = Parameter(3.0, low=0, meaning="how much steps up shrink towards the upper end")
    beta_down = Parameter(3.0, low=0, meaning="how much steps down shrink towards the lower end")
    window = Parameter(25.0, "ms", low=0, meaning="how recent a spike of the source must be")
    low = WeightParameter(0.0, meaning="lower end of the devices' window")
    high = WeightParameter(1.0, meaning="upper end of the devices' window")
    tiny = Parameter(1e-3, low=0, low_open=True, meaning="least window of a device, of `high`")
    w_max = WeightParameter(1.0, meaning="greatest weight of any device; above `high` with spread")

    @classmethod
    def with_spread(cls, spread: float, **values: Any) -> Self:
        """The rule on devices that differ in everything.

        Parameters
        ----------
        spread
            Coefficient of variation of every factor, lognormal with mean 1: 0 to 1.
        values
            Parameters of the rule; ``w_max`` is ``high*(1 + 5*spread)`` unless given.

        Raises
        ------
        ValidationError
            If `spread` is out of its range.
        """
        if not (isinstance(spread, int | float) and 0 <= spread <= 1):
            raise ValidationError(
                f"{cls.__name__}.with_spread", f"got {shorten(spread)}", "a number from 0 to 1"
            )
        if spread > 0:
            sigma = math.sqrt(math.log1p(spread**2))
            factors = dict.fromkeys(_FACTORS, LogNormal(-(sigma**2) / 2, sigma))
            values = {"w_max": values.get("high", 1.0) * (1 + 5 * spread), **factors, **values}
        return cls(**values)
