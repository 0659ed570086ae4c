"""Traces of Brian2Loihi: weights rounded one by one, delays, refractoriness, nothing saturates.

``inp`` (sources, steps) acts in its own step; ``w_in``, ``w_rec`` (pre, post); ``delay``, ``dv``,
``dI``, ``vth``, ``ref``, ``wexp``; ``v``, ``I`` (neurons, steps), I after input and before decay;
``spk_i``, ``spk_t`` neuron and step of each spike.
"""

from __future__ import annotations

import numpy as np

from ..neurons.loihi import Brian2LoihiCompartment, LoihiAxon
from .comparing import read_arrays as read
from .compartments import run_layer

__all__ = ["read", "replay"]


def replay(data: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of our values and the file's."""
    model = Brian2LoihiCompartment(
        decay_u=float(data["dI"]) - 1.0,
        decay_v=float(data["dv"]),
        theta=64.0 * float(data["vth"]),
        tau_refrac=float(data["ref"]) - 1.0,
    )
    unit = 2.0 ** (6.0 + float(data["wexp"]))
    w_in, w_rec = (np.floor(data[name] * unit / 64.0) * 64.0 for name in ("w_in", "w_rec"))
    inputs = [(LoihiAxon(weight=1.0, delay=0.0), w_in)]
    recurrent = [(LoihiAxon(weight=1.0, delay=1.0 + float(data["delay"])), w_rec)]
    found = run_layer(model, data["inp"].T, inputs, recurrent, ("u", "v"))
    spikes = np.zeros_like(found["spikes"])
    spikes[data["spk_t"], data["spk_i"]] = 1
    return {
        "u": (found["u"], data["I"].T),
        "v": (found["v"], data["v"].T),
        "spikes": (found["spikes"], spikes),
    }
