"""Linear ion drift: the memristor of HP Labs."""

from __future__ import annotations

from ..equations.model import Parameter
from .dynamic import DynamicDevice
from .windows import WINDOWS, window_text

__all__ = ["LinearIonDrift"]


class LinearIonDrift(DynamicDevice):
    """A doped and an undoped part in series, whose border drifts with the current.

    R = R_on x + R_off (1 - x), dx/dt = mu_v R_on / D^2 i f(x), with x from 0 to 1 and a window f of
    choice: ``window="none"`` (stopped at the ends), ``"joglekar"``, ``"biolek"``,
    ``"prodromakis"``, ``"kvatinsky"``. Without a window, R^2 falls by
    2 (R_off - R_on) mu_v R_on / D^2 per volt second.
    """

    choices = {"window": tuple(WINDOWS)}  # noqa: RUF012
    current = "v/(r_on*x + r_off*(1 - x))"
    bounds = {"x": ("0", "1")}  # noqa: RUF012
    initial = {"x": 0.5}  # noqa: RUF012
    inverse = "(r_off - 1/g)/(r_off - r_on)"
    source = (
        "Strukov et al. 2008, Nature 453:80; windows: Kvatinsky et al. 2011, CCIT report 801; "
        "parameter sets: that report, MemTorch (LinearIonDrift.py), Memristor-Models "
        "(experiments.py), Biolek et al. 2009, ECCTD (netlist)"
    )
    pulse_width = 0.01
    shows_loop = (1.0, 1.0)

    d = Parameter(10e-9, "m", low=0, low_open=True, meaning="thickness")
    mu_v = Parameter(1e-14, "m^2/V/s", low=0, meaning="mobility of the ions")
    r_on = Parameter(100.0, "Ohm", low=0, low_open=True, meaning="all doped")
    r_off = Parameter(16e3, "Ohm", low=0, low_open=True, meaning="nothing doped")
    v_threshold = Parameter(0.0, "V", low=0, meaning="below, nothing drifts")
    p = Parameter(1.0, "1", low=0, low_open=True, meaning="exponent of the window")
    j = Parameter(1.0, "1", low=0, meaning="height of Prodromakis's window")
    a_off = Parameter(0.0, "1", meaning="x at which decline fades in Kvatinsky's window")
    a_on = Parameter(1.0, "1", meaning="x at which growth fades in Kvatinsky's window")
    w_c = Parameter(0.0107, "1", low=0, low_open=True, meaning="width of Kvatinsky's window")

    parameter_sets = {  # noqa: RUF012
        "technion": {"d": 3e-9, "mu_v": 1e-15, "r_on": 100.0, "r_off": 200e3, "p": 2.0},
        "memtorch": {"v_threshold": 0.55},
        "hp_sine": {"d": 27e-9, "r_on": 10e3, "r_off": 100e3, "p": 7.0, "x": 0.1},
        "hp_pulsed": {
            "d": 85e-9, "mu_v": 2e-14, "r_on": 1e3, "r_off": 10e3, "p": 2.0, "x": 0.093,
        },
        "biolek_2009": {"r_on": 1e3, "r_off": 100e3, "p": 1.0, "x": 20 / 99},
    }  # fmt: skip

    def _choose(self) -> None:
        factor = window_text(
            self.chosen["window"], x="x", up="i > 0", far="x", a_up="a_on", a_down="a_off"
        )
        self.equations = f"""
            drift = mu_v*r_on/(d*d)*i*{factor}                : 1
            dx/dt = where(abs(v) >= v_threshold, drift, 0) : 1
        """
