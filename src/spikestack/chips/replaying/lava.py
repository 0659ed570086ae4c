"""Traces of Intel's Lava 0.10: a Dense input, a Dense recurrence, bit-accurate CUBA LIF.

``inp`` (sources, steps) 0 or 1; ``w_in``, ``w_rec`` (post, pre); ``du``, ``dv``, ``vth``, ``wexp``,
``bias_mant``, ``bias_exp``, ``rec`` (whether the recurrence is connected); ``u``, ``v``, ``s_out``
(steps, neurons). Weights have 8 bits of mixed sign. Dense passes its sum on in the next step.
"""

from __future__ import annotations

import numpy as np

from ..neurons.loihi import LavaAxon, LavaCompartment, LoihiAxon
from .comparing import read_arrays as read
from .compartments import run_layer

__all__ = ["read", "replay"]


def replay(data: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of our values and the file's."""
    model = LavaCompartment(
        decay_u=float(data["du"]),
        decay_v=float(data["dv"]),
        theta=64.0 * float(data["vth"]),
        bias=data["bias_mant"] * 2.0 ** float(data["bias_exp"]),
        gain=2.0 ** float(data["wexp"]),
    )
    recurrent = [(LavaAxon(weight=1.0, delay=1.0), data["w_rec"].T)] if data["rec"] else []
    inputs = [(LoihiAxon(weight=1.0, delay=1.0), data["w_in"].T)]
    found = run_layer(model, data["inp"].T, inputs, recurrent, ("u", "v"))
    return {
        "u": (found["u"], data["u"]),
        "v": (found["v"], data["v"]),
        "spikes": (found["spikes"], data["s_out"]),
    }
