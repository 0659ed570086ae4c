"""Conductance that saturates exponentially with the number of pulses."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from ..equations.model import Parameter
from ..errors import ValidationError, shorten
from .pulsed import PulsedDevice

__all__ = ["ExponentialPulses", "bend_of_label"]

_SCALE = 9.0


class ExponentialPulses(PulsedDevice):
    """Conductance after P pulses: ``G = B (1 - exp(-bend P)) + G_min``, and its mirror downwards.

    ``B = (G_max - G_min)/(1 - exp(-bend P_max))``, so that `levels` pulses cross the window.
    ``bend = 0`` is a straight line, a negative one a curve that steepens. In terms of a single
    pulse, at w from 0 to 1: ``dw = 1/levels/E(bend levels) - w bend`` times ``E(bend)``, with
    ``E(x) = (1 - exp(-x))/x``. Every pulse adds normal noise of `cycle_noise` times the window.

    The current at other voltages than that of reading is ``sinh(v/v_0)``, with v_0 such that the
    voltage of writing gives `current_ratio` times the current at half of it (2: a straight line).

    The defaults are NeuroSim's ideal device.
    """

    equations = """
        e_up = exprel(-bend_up)/(levels_up*exprel(-bend_up*levels_up)) : 1
        e_down = exprel(-bend_down)/(levels_down*exprel(-bend_down*levels_down)) : 1
        half = current_ratio/2 : 1
        v_0 = v_write/(2*log(max(half + sqrt(half*half - 1), 1 + 1e-9))) : 1
        """
    up = "e_up - w*bend_up*exprel(-bend_up) + cycle_noise*xi"
    down = "e_down - (1 - w)*bend_down*exprel(-bend_down) + cycle_noise*xi"
    current = "g*v_read*sinh(v/v_0)/sinh(v_read/v_0)"
    source = "Chen, Peng and Yu 2018, IEEE TCAD 37:3067, https://doi.org/10.1109/TCAD.2018.2789723"
    set_voltage: ClassVar[float] = 2.0
    reset_voltage: ClassVar[float] = -2.0
    pulse_width: ClassVar[float] = 10e-9
    v_read: ClassVar[float] = 0.5

    g_low = Parameter(1e-7, "S", low=0, meaning="conductance at w = 0")
    g_high = Parameter(5e-6, "S", low=0, low_open=True, meaning="conductance at w = 1")
    levels_up = Parameter(64.0, "1", low=1, meaning="pulses up the whole window")
    levels_down = Parameter(64.0, "1", low=1, meaning="pulses down the whole window")
    bend_up = Parameter(0.0, "1", low=-1, high=1, meaning="curvature of a pulse upwards, 1/A")
    bend_down = Parameter(0.0, "1", low=-1, high=1, meaning="curvature of a pulse downwards")
    cycle_noise = Parameter(0.0, "1", low=0, meaning="of a pulse, of the window")
    v_write = Parameter(2.0, "V", low=0, low_open=True, meaning="at which current_ratio holds")
    current_ratio = Parameter(2.0, "1", low=2, meaning="current of v_write over that of its half")

    @classmethod
    def of_labels(cls, up: float, down: float, **values: Any) -> Self:
        """A device from the labels of nonlinearity of its two branches, as papers give them.

        The label is read as nine times the greatest distance of the normalised curve from the
        straight line, with the curve's sign: 0 is a line, 9 a jump. Published labels come from a
        table that this definition follows only roughly; where the curvature itself is known, give
        `bend_up` and `bend_down`. Both branches of ordinary devices, which change most at first,
        have positive labels here.

        Parameters
        ----------
        up, down
            Labels, between -9 and 9 exclusive.
        values
            Other parameters of the device.
        """
        plain = cls(**values)
        bends = {
            f"bend_{side}": bend_of_label(label, float(plain.values[f"levels_{side}"]))  # type: ignore[arg-type]
            for side, label in (("up", up), ("down", down))
        }
        return cls(**values, **bends)


def deviation(x: float) -> float:
    """Greatest distance of ``(1 - exp(-x p))/(1 - exp(-x))`` from the line p, for p from 0 to 1."""
    if abs(x) < 1e-4:
        return x / 8
    if x < 0:
        return -deviation(-x)
    total = -math.expm1(-x)
    top = math.log(x / total) / x
    return -math.expm1(-x * top) / total - top


def bend_of_label(label: float, levels: float) -> float:
    """Curvature of a pulse (1/A) of a label; see `ExponentialPulses.of_labels`.

    Raises
    ------
    ValidationError
        If the label is not between -9 and 9, or asks for a curvature beyond 1 a pulse.
    """
    if not (isinstance(label, int | float) and abs(label) < _SCALE):
        raise ValidationError("nonlinearity label", f"got {shorten(label)}", "between -9 and 9")
    wanted, low, high = abs(label) / _SCALE, 0.0, 1.0
    while deviation(high) < wanted and high < 1e6:
        high *= 2
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if deviation(middle) < wanted else (low, middle)
    bend = math.copysign(0.5 * (low + high), label) / levels
    if abs(bend) > 1:
        raise ValidationError(
            "nonlinearity label",
            f"{label} over {levels:g} pulses is crossed by the first of them",
            "a smaller label, or more levels",
        )
    return bend
