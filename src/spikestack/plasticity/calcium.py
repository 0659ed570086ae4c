"""Calcium-based plasticity."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import PlasticityRule

__all__ = ["GraupnerBrunel"]


class GraupnerBrunel(PlasticityRule):
    """Calcium from spikes of both sides moves an efficacy up or down by two thresholds.

    The efficacy, from 0 to 1, is the weight's place between w_min and w_max; without calcium it
    settles at either end. It is advanced by Euler's scheme once every `interval`.
    """

    pre_traces = "dc_pre/dt = -c_pre/tau_ca : 1"
    post_traces = """
        dc_post/dt = -c_post/tau_ca : 1
        up   = where(c_pre + c_post > theta_p, 1, 0) : 1
        down = where(c_pre + c_post > theta_d, 1, 0) : 1
    """
    pre_spike = "c_pre += C_pre"
    post_spike = "c_post += C_post"
    lags = "c_pre : D"
    every = """
        w += interval/tau*(gamma_p*(w_max - w)*up - gamma_d*(w - w_min)*down
                           - (w - w_min)*(w_max - w)/(w_max - w_min)
                             *(rho_star - (w - w_min)/(w_max - w_min))
                           + (w_max - w_min)*sigma*sqrt(up + down)*sqrt(tau)*xi)
    """
    source = "Graupner and Brunel 2012, PNAS 109:3991, eq 1 and 2"

    interval = Parameter(1.0, "ms", low=0, meaning="step of Euler's scheme")
    tau_ca = Parameter(20.0, "ms", low=0, low_open=True, meaning="calcium")
    C_pre = Parameter(1.0, low=0, meaning="calcium that a spike of the source brings")
    C_post = Parameter(2.0, low=0, meaning="calcium that a spike of the target brings")
    D = Parameter(13.7, "ms", low=0, meaning="by which the source's calcium comes late")
    theta_d = Parameter(1.0, meaning="calcium above which the efficacy falls")
    theta_p = Parameter(1.3, meaning="calcium above which it rises, too")
    gamma_d = Parameter(200.0, low=0, meaning="rate of depression")
    gamma_p = Parameter(321.808, low=0, meaning="rate of potentiation")
    rho_star = Parameter(0.5, low=0, high=1, meaning="border between the two stable states")
    sigma = Parameter(2.8284, low=0, meaning="noise while calcium is above a threshold")
    tau = Parameter(150e3, "ms", low=0, low_open=True, meaning="efficacy")

    parameter_sets = {  # noqa: RUF012
        "hippocampal slices": {
            **{"tau_ca": 48.8373, "C_pre": 1.0, "C_post": 0.275865, "D": 18.8008},
            **{"gamma_d": 313.0965, "gamma_p": 1645.59, "sigma": 9.1844, "tau": 688355.0},
        },
        "cortical slices": {
            **{"tau_ca": 22.6936, "C_pre": 0.5617539, "C_post": 1.23964, "D": 4.6098},
            **{"gamma_d": 331.909, "gamma_p": 725.085, "sigma": 3.3501, "tau": 346361.5},
        },
    }
