"""Charge-trap transistors below threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..equations.model import Parameter
from .statistical import StatisticalDevice

__all__ = ["SONOS"]

#: Drift of the mean current in nA after 1 to 5 days: coefficients of the powers 0 to 10 of the
#: programmed current in nA.
_DRIFT = (
    (6.83650e-01, 6.51250e-03, -4.03163e-04, 3.37944e-06, -1.87435e-08, 5.88902e-11, -1.07685e-13,
     1.17751e-16, -7.60016e-20, 2.67255e-23, -3.94954e-27),
    (6.60925e-01, 8.60627e-03, -1.72936e-04, 7.44096e-07, -5.94866e-09, 2.36734e-11, -4.83740e-14,
     5.56072e-17, -3.65397e-20, 1.28405e-23, -1.87450e-27),
    (1.15821e00, 1.96116e-02, -4.70807e-04, 3.67510e-06, -2.08786e-08, 6.59752e-11, -1.19499e-13,
     1.28435e-16, -8.11574e-20, 2.78802e-23, -4.02057e-27),
    (8.72216e-01, 1.70926e-02, -2.23370e-04, 1.57526e-06, -1.32779e-08, 5.08256e-11, -1.01251e-13,
     1.14633e-16, -7.46124e-20, 2.60559e-23, -3.78724e-27),
    (1.15294e00, 1.03149e-02, -6.05199e-05, 1.76086e-08, -6.46690e-09, 3.39044e-11, -7.53872e-14,
     8.98185e-17, -6.00346e-20, 2.12615e-23, -3.11099e-27),
)  # fmt: skip
#: Spread A (1 - exp(-I/B)) in nA after 0 to 5 days.
_A = (19.88665, 25.59102, 28.72753, 31.04318, 33.76214, 34.57909)
_B = (176.3115, 186.85544, 193.56834, 198.90332, 204.77023, 207.34309)


def _horner(x: str, coefficients: Sequence[float]) -> str:
    text = repr(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        text = f"({text}*{x} + {c!r})"
    return text


def _interpolated(values: Sequence[str], first: int) -> str:
    """Linear between whole days; `values` are those of days `first`, `first` + 1, ..."""
    return " + ".join(
        f"({value})*max(0, 1 - abs(days - {first + k}))" for k, value in enumerate(values)
    )


class SONOS(StatisticalDevice):
    """Silicon-oxide-nitride-oxide-silicon transistors of 40 nm, 128 thousand of them measured.

    Currents at 0.1 V stand for conductances. Their spread is ``A (1 - exp(-I/B))``, known at once
    and after 1 to 5 days; the mean drifts by a polynomial of the current. Between whole days all is
    interpolated linearly, after the fifth it stays. What a later day adds to the variance has a
    normal number of its own that a cell keeps. The fits are CrossSim's.
    """

    equations = f"""
        i = target*v_read*1e9 : 1
        days = min(t/86400, 5) : 1
        mean = max(0, i + {_interpolated([_horner("i", row) for row in _DRIFT], 1)}) : 1
        a = {_interpolated([repr(v) for v in _A], 0)} : 1
        b = {_interpolated([repr(v) for v in _B], 0)} : 1
        s = a*(1 - exp(-mean/b)) : 1
        s0 = {_A[0]}*(1 - exp(-i/{_B[0]})) : 1
        grown = mean - i + sqrt(max(0, s*s - s0*s0))*xi : 1
        siemens = 1e-9/v_read : 1
        """
    programmed = "max(0, target + s0*siemens*xi)"
    drifted = "max(0, written + grown*siemens)"
    noise = "noise_a*(1 - exp(-g*v_read*1e9/noise_b))*siemens"
    source = (
        "Agrawal et al. 2022, IEDM 21.7, https://doi.org/10.1109/IEDM45625.2022.10019564, "
        "as fitted in CrossSim"
    )
    v_read: ClassVar[float] = 0.1

    g_high = Parameter(16e-6, "S", low=0, low_open=True, meaning="greatest conductance")
    noise_a = Parameter(12.58037, "1", low=0, meaning="noise of reading of large currents, nA")
    noise_b = Parameter(215.36557, "1", low=0, low_open=True, meaning="current of its rise, nA")
