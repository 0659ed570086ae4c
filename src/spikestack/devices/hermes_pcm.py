"""Phase-change memory of a chip with 64 cores."""

from __future__ import annotations

from types import MappingProxyType

from ..equations.model import Parameter
from .statistical import StatisticalDevice

__all__ = ["HermesPCM"]


class HermesPCM(StatisticalDevice):
    """Phase-change memory of the HERMES project chip, two devices to a conductance.

    Laws like those of `PCM`, in two pieces by ``r = target/g_high``: below a threshold linear in
    ln r and bounded, above it a polynomial. The set ``"one device"`` is for one device to a
    conductance.
    """

    equations = """
        r = max(target/g_high, 1e-7) : 1
        s = s0 + r*(s1 + r*(s2 + r*s3)) : 1
        mean_low = clip(-0.0387*log(r) - 0.0182, 0.0720, 0.13) : 1
        mean_high = 0.0736 - r*(0.0126 + r*0.0436) : 1
        nu_mean = where(r < 0.0945, mean_low, mean_high) : 1
        sd_low = clip(-nu_slope*log(r) - nu_offset, nu_least, 0.04) : 1
        sd_high = nu_0 + r*(nu_1 + r*nu_2) : 1
        nu_sd = where(r < nu_threshold, sd_low, sd_high) : 1
        p = max(written/g_high, 1e-7) : 1
        q_low = clip(-q_slope*log(p) + q_offset, q_least, 0.04) : 1
        q_high = q_0 + p*(q_1 + p*(q_2 + p*q_3)) : 1
        q = where(p < q_threshold, q_low, max(q_high, 0)) : 1
        """
    programmed = "max(0, target + s*xi)"
    exponent = "abs(nu_mean + nu_sd*xi)"
    drifted = "written*exp(-nu*log((t + t_0)/t_0))"
    noise = "g*q*sqrt(log((t + t_0 + t_read)/(2*t_read)))"
    source = (
        "Le Gallo et al. 2023, Nat Electron 6:680, https://doi.org/10.1038/s41928-023-01010-1, "
        "as in IBM's aihwkit"
    )

    g_high = Parameter(20.7e-6, "S", low=0, low_open=True, meaning="greatest conductance")
    s0 = Parameter(0.16603222e-6, "S", low=0, meaning="spread of programming at r = 0")
    s1 = Parameter(4.71806468e-6, "S", meaning="spread of programming, linear in r")
    s2 = Parameter(-8.48101252e-6, "S", meaning="spread of programming, quadratic in r")
    s3 = Parameter(4.68961419e-6, "S", meaning="spread of programming, cubic in r")
    t_0 = Parameter(300.0, "s", low=0, low_open=True, meaning="from programming to first reading")
    t_read = Parameter(512e-9, "s", low=0, low_open=True, meaning="time of a reading")
    nu_threshold = Parameter(0.3055, "1", meaning="r between the laws of the exponent's spread")
    nu_slope = Parameter(0.0117, "1", meaning="fall of the exponent's spread with ln r, below")
    nu_offset = Parameter(0.0057, "1", meaning="what is taken off that spread, below")
    nu_least = Parameter(0.0091, "1", low=0, meaning="least spread of the exponent, below")
    nu_0 = Parameter(0.0073, "1", meaning="spread of the exponent above, constant")
    nu_1 = Parameter(0.0093, "1", meaning="spread of the exponent above, linear in r")
    nu_2 = Parameter(-0.0118, "1", meaning="spread of the exponent above, quadratic in r")
    q_threshold = Parameter(0.16, "1", meaning="r between the laws of noise")
    q_slope = Parameter(0.0117, "1", meaning="fall of noise with ln r, below")
    q_offset = Parameter(-0.0069, "1", meaning="offset of noise, below")
    q_least = Parameter(0.015, "1", low=0, meaning="least noise, below")
    q_0 = Parameter(0.0123, "1", meaning="noise above, constant")
    q_1 = Parameter(0.0211, "1", meaning="noise above, linear in r")
    q_2 = Parameter(-0.0280, "1", meaning="noise above, quadratic in r")
    q_3 = Parameter(0.0069, "1", meaning="noise above, cubic in r")

    parameter_sets = MappingProxyType({
        "one device": {
            "g_high": 10.35e-6, "s0": 0.15781817e-6, "s1": 2.32443916e-6, "s2": -2.16310839e-6,
            "s3": 0.68841818e-6, "t_0": 200.0, "nu_threshold": 0.3039, "nu_slope": 0.0120,
            "nu_offset": 0.0023, "nu_least": 0.0124, "nu_0": 0.0104, "nu_1": 0.0116,
            "nu_2": -0.0165, "q_threshold": 0.1591, "q_slope": 0.0078, "q_offset": 0.0038,
            "q_least": 0.0179, "q_0": 0.0088, "q_1": 0.0768, "q_2": -0.1352, "q_3": 0.0664,
        },
    })  # fmt: skip
