"""Phase-change memory as arrays of it were measured: programming, drift, 1/f noise."""

from __future__ import annotations

from types import MappingProxyType

from ..equations.model import Parameter
from .statistical import StatisticalDevice

__all__ = ["PCM"]


class PCM(StatisticalDevice):
    """Mushroom cells of doped Ge2Sb2Te5, by the statistics of a chip of a million.

    Programming leaves ``target + (s0 + s1 r + s2 r^2) xi``, with ``r = target/g_high``. From then
    on conductance falls as ``((t + t_0)/t_0)^-nu``, with t counted from the first reading at t_0;
    nu is normal around ``-0.0155 ln r + 0.0244`` with standard deviation ``-0.0125 ln r - 0.0059``,
    each within its bounds, and drawn by programming. A reading has 1/f noise of relative size
    ``min(0.2, 0.0088/r^0.65) sqrt(ln((t + t_0 + t_read)/(2 t_read)))``, with r of what was written.
    """

    equations = """
        r = max(target/g_high, 1e-7) : 1
        nu_mean = clip(nu_0 - nu_1*log(r), nu_least, nu_most) : 1
        nu_sd = clip(nu_sd_0 - nu_sd_1*log(r), nu_sd_least, nu_sd_most) : 1
        q = min(0.2, q_1*exp(-0.65*log(max(written/g_high, 1e-9)))) : 1
        """
    programmed = "max(0, target + (s0 + s1*r + s2*r*r)*xi)"
    exponent = "abs(nu_mean + nu_sd*xi)"
    drifted = "written*exp(-nu*log((t + t_0)/t_0))"
    noise = "g*q*sqrt(log((t + t_0 + t_read)/(2*t_read)))"
    source = (
        "Nandakumar et al. 2019, IEEE ICECS, https://doi.org/10.1109/ICECS46596.2019.8964852, "
        "as in IBM's aihwkit"
    )

    s0 = Parameter(0.26348e-6, "S", low=0, meaning="spread of programming at r = 0")
    s1 = Parameter(1.9650e-6, "S", meaning="spread of programming, linear in r")
    s2 = Parameter(-1.1731e-6, "S", meaning="spread of programming, quadratic in r")
    t_0 = Parameter(20.0, "s", low=0, low_open=True, meaning="from programming to first reading")
    t_read = Parameter(250e-9, "s", low=0, low_open=True, meaning="time of a reading")
    nu_0 = Parameter(0.0244, "1", meaning="mean drift exponent at r = 1, before its bounds")
    nu_1 = Parameter(0.0155, "1", meaning="fall of the mean drift exponent with ln r")
    nu_least = Parameter(0.049, "1", meaning="bound of the mean drift exponent")
    nu_most = Parameter(0.1, "1", meaning="bound of the mean drift exponent")
    nu_sd_0 = Parameter(-0.0059, "1", meaning="spread of the exponent at r = 1, before its bounds")
    nu_sd_1 = Parameter(0.0125, "1", meaning="fall of the spread of the exponent with ln r")
    nu_sd_least = Parameter(0.008, "1", low=0, meaning="bound of the spread of the exponent")
    nu_sd_most = Parameter(0.045, "1", low=0, meaning="bound of the spread of the exponent")
    q_1 = Parameter(0.0088, "1", low=0, meaning="relative 1/f noise at r = 1")

    parameter_sets = MappingProxyType({
        # Joshi et al. 2020, Nat Commun 11:2473, Fig. 3b, as CrossSim fits it: by g in uS up to 25.
        "Joshi2020": {
            "s0": 0.28638599e-6, "s1": 0.07585724 * 25e-6, "s2": -0.00178767 * 625e-6,
        },
        # Amorphous Ge2Sb2Te5: an exponent of 0.1 in the mean, after Boybat et al. 2018.
        "amorphous": {"nu_0": 0.1, "nu_1": 0.0, "nu_most": 0.1},
    })  # fmt: skip
