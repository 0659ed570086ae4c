"""The RRAM model of Stanford and Peking University: a gap, field and heat."""

from __future__ import annotations

import numpy as np

from ..equations.model import Parameter
from .dynamic import DynamicDevice

__all__ = ["StanfordPKU"]


class StanfordPKU(DynamicDevice):
    """A metal-oxide filament with a tunnelling gap that field and Joule heat move.

    I = I_0 exp(-g/g_0) sinh(V/V_0), T = T_0 + |V I| R_th,
    dg/dt = -v_0 exp(-q E_a / kT) sinh(gamma a_0 q V / (t_ox kT)), gamma = gamma_0 - beta (g/nm)^3,
    no motion where the local field gamma |V| / t_ox is below F_min. The bounds of the gap are where
    it reads as r_on and r_off.

    The published noise, delta_g0 / (1 + exp((T_crit - T)/T_smth)) times a normal number, is drawn
    once a step of no stated length. Here it is white noise, so that spread does not depend on the
    step: a draw counts for `t_noise`, a choice, and only while the gap moves, as a device would
    forget within microseconds otherwise. It is off by default; the set "noisy" has the published
    magnitude.
    """

    equations = """
        heat = t_0 + abs(v*i)*r_th                                               : 1
        gamma = gamma_0 - beta*(gap*1e9)**3                                      : 1
        field = gamma*a_0*v/(t_ox*8.617333262e-5*heat)                           : 1
        barrier = e_a/(8.617333262e-5*heat)                                      : 1
        rate = 0.5*v_vib*(exp(-field - barrier) - exp(field - barrier))          : 1
        dgap/dt = where(gamma*abs(v)/t_ox >= f_min, rate, 0)                     : 1
    """
    current = "i_0*exp(-gap/g_0)*sinh(v/v_0)"
    bounds = {  # noqa: RUF012
        "gap": (
            "g_0*log(i_0*sinh(v_window/v_0)*r_on/v_window)",
            "g_0*log(i_0*sinh(v_window/v_0)*r_off/v_window)",
        )
    }
    noise = {  # noqa: RUF012
        "gap": "where(gamma*abs(v)/t_ox >= f_min, "
        "delta_g0*sqrt(t_noise)/(1 + exp((t_crit - heat)/t_smth)), 0)"
    }
    initial = {"gap": 1.0e-9}  # noqa: RUF012
    state_units = {"gap": "m"}  # noqa: RUF012
    inverse = "g_0*log(i_0*sinh(v_read/v_0)/(g*v_read))"
    source = (
        "Guan et al. 2012, IEEE Electron Device Lett 33:1405; Jiang et al. 2014, SISPAD; "
        "constants: MemTorch (Stanford_PKU.py)"
    )
    method = "adaptive"
    set_voltage, reset_voltage, pulse_width = 1.3, -1.4, 1e-8
    shows_loop = (1.3, 1e6)

    g_0 = Parameter(0.25e-9, "m", low=0, low_open=True, meaning="decay of the current with the gap")
    v_0 = Parameter(0.25, "V", low=0, low_open=True, meaning="voltage scale of the current")
    i_0 = Parameter(1e-3, "A", low=0, low_open=True, meaning="current scale")
    t_0 = Parameter(298.0, "1", low=0, low_open=True, meaning="ambient temperature, K")
    r_th = Parameter(2.1e3, "1", low=0, meaning="thermal resistance, K/W")
    gamma_0 = Parameter(16.0, "1", low=0, meaning="local field enhancement")
    beta = Parameter(0.8, "1", low=0, meaning="its decline with the cube of the gap in nm")
    t_ox = Parameter(12e-9, "m", low=0, low_open=True, meaning="thickness of the oxide")
    f_min = Parameter(1.4e9, "1", low=0, meaning="least local field, V/m")
    v_vib = Parameter(10.0, "m/s", low=0, meaning="velocity scale v_0 of the gap")
    e_a = Parameter(0.6, "1", low=0, meaning="activation energy, eV")
    a_0 = Parameter(0.25e-9, "m", low=0, meaning="hopping distance")
    r_on = Parameter(542.0, "Ohm", low=0, low_open=True, meaning="least resistance")
    r_off = Parameter(218586.0, "Ohm", low=0, low_open=True, meaning="greatest resistance")
    v_window = Parameter(0.1, "V", low=0, low_open=True, meaning="at which those two are read")
    delta_g0 = Parameter(0.0, "m/s", low=0, meaning="magnitude of a draw of noise")
    t_crit = Parameter(450.0, "1", meaning="temperature of half of the noise, K")
    t_smth = Parameter(500.0, "1", low=0, low_open=True, meaning="its width, K")
    t_noise = Parameter(1e-9, "s", low=0, meaning="time for which a draw counts")

    parameter_sets = {"memtorch": {}, "noisy": {"delta_g0": 0.02}}  # noqa: RUF012

    def _parse(self) -> None:
        super()._parse()
        # Steps that adapt are short where there is noise; without any they need not be.
        if not np.any(self.numbers()["delta_g0"]):
            self.noise_exprs = {}
