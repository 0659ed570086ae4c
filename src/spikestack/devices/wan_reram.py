"""Resistive memory of a chip whose cells were verified, and then relaxed."""

from __future__ import annotations

from types import MappingProxyType

from ..equations.model import Parameter
from .statistical import StatisticalDevice

__all__ = ["WanReRam"]


class WanReRam(StatisticalDevice):
    """Oxide cells of the NeuRRAM chip: what programming and verifying leaves, and relaxation.

    The standard deviation around the target is a polynomial of ``r = target/g_high``, known after
    1 s, one day and two days; between them it is interpolated in the logarithm of time, and it
    stays after the last. What a later time adds to the variance has a normal number of its own that
    a cell keeps; where the polynomial of the later time is below the first, nothing is added.
    A reading has noise of `read_noise` of the conductance.
    """

    equations = """
        r = target/g_high : 1
        s = max(0, c0 + r*(c1 + r*(c2 + r*(c3 + r*c4)))) : 1
        day = 0.701e-6 + r*(22.086e-6 + r*(-50.773e-6 + r*(47.095e-6 - 16.458e-6*r))) : 1
        two = 0.782e-6 + r*(20.274e-6 + r*(-43.507e-6 + r*(37.062e-6 - 11.934e-6*r))) : 1
        first = clip(log(max(t, 1))/log(86400), 0, 1) : 1
        second = clip(log(max(t, 1)/86400)/log(2), 0, 1) : 1
        later = max(0, s + (day - s)*first + (two - day)*second) : 1
        grown = relaxation*sqrt(max(0, later*later - s*s)) : 1
        """
    programmed = "max(0, target + s*xi)"
    drifted = "max(0, written + grown*xi)"
    noise = "read_noise*g"
    source = "Wan et al. 2022, Nature 608:504, https://doi.org/10.1038/s41586-022-04992-8"

    g_high = Parameter(40e-6, "S", low=0, low_open=True, meaning="greatest conductance")
    c0 = Parameter(0.348e-6, "S", meaning="spread 1 s after programming, constant")
    c1 = Parameter(16.030e-6, "S", meaning="spread 1 s after programming, linear in r")
    c2 = Parameter(-43.853e-6, "S", meaning="spread 1 s after programming, quadratic in r")
    c3 = Parameter(45.393e-6, "S", meaning="spread 1 s after programming, cubic in r")
    c4 = Parameter(-16.815e-6, "S", meaning="spread 1 s after programming, quartic in r")
    relaxation = Parameter(1.0, "1", low=0, meaning="share of the measured relaxation")
    read_noise = Parameter(0.01, "1", low=0, meaning="of a reading, of the conductance")

    parameter_sets = MappingProxyType({
        # CrossSim's cubic fit of the same data at 1 s, by g in uS up to 39.26; no relaxation.
        "cubic": {
            "g_high": 39.26e-6, "c0": 1.053e-6, "c1": 0.2374 * 39.26e-6,
            "c2": -1.167e-2 * 39.26**2 * 1e-6, "c3": 1.536e-4 * 39.26**3 * 1e-6, "c4": 0.0,
            "relaxation": 0.0,
        },
    })  # fmt: skip
