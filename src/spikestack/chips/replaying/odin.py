"""Vectors of ODIN's Verilog in simulation: ``X`` and ``Y`` with the names of their columns.

Every row is one neuron with one event, and one synapse with one look at it.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ..kernels.odin import Neurons, Parameters, changed_weight, update
from .comparing import read_arrays as read

__all__ = ["read", "replay"]


def replay(data: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of our values and the file's."""
    x, y = (
        {str(name): data[part][:, k].astype(np.int64) for k, name in enumerate(data[names])}
        for part, names in (("X", "cols_in"), ("Y", "cols_out"))
    )
    row = SimpleNamespace(**x)
    given = Parameters(
        row.leak_str,
        row.leak_en > 0,
        row.thr,
        row.ca_en > 0,
        row.thetamem,
        row.ca_theta1,
        row.ca_theta2,
        row.ca_theta3,
        row.ca_leak,
    )
    old = Neurons(row.v, row.calcium, row.caleak_cnt)
    weight = np.where(row.sign_inh > 0, -row.w, row.w)
    new = update(old, given, row.syn_event > 0, row.time_ref > 0, weight)
    synapse = changed_weight(
        row.w4, row.sdsp_pre > 0, row.sdsp_bist > 0, row.v_up > 0, row.v_down > 0
    )
    return {
        "v": (new.v, y["v_next"]),
        "calcium": (new.calcium, y["calcium_next"]),
        "count": (new.count, y["caleak_cnt_next"]),
        "spike": (new.spike.astype(np.int64), y["spike"]),
        "up": (new.up.astype(np.int64), y["up"]),
        "down": (new.down.astype(np.int64), y["down"]),
        "synapse": (synapse, y["w4_next"]),
    }
