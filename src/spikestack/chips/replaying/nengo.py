"""Traces of NengoLoihi 1.1: weights on the grid of 64, an accumulator of 21 bits, refractoriness.

``inp`` (steps, sources), of which a row acts in the next step; ``w_in``, ``w_rec`` (pre, 1, post);
``decay_u``, ``decay_v``, ``vth``, ``bias``, ``ref`` by neuron; ``vmin``, ``vmax``; ``current``,
``voltage``, ``spiked`` (steps, neurons).
"""

from __future__ import annotations

import numpy as np

from ..neurons.loihi import LoihiAxon, LoihiCompartment
from .comparing import read_arrays as read
from .compartments import run_layer

__all__ = ["read", "replay"]


def replay(data: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of our values and the file's."""
    model = LoihiCompartment(
        decay_u=data["decay_u"].astype(float),
        decay_v=data["decay_v"].astype(float),
        theta=data["vth"].astype(float),
        bias=data["bias"].astype(float),
        v_min=float(data["vmin"]),
        v_max=float(data["vmax"]),
        tau_refrac=data["ref"] - 1.0,
    )
    axon = LoihiAxon(weight=1.0, delay=1.0)
    inputs, recurrent = [(axon, data["w_in"][:, 0])], [(axon, data["w_rec"][:, 0])]
    found = run_layer(model, data["inp"], inputs, recurrent, ("u", "v"))
    return {
        "u": (found["u"], data["current"]),
        "v": (found["v"], data["voltage"]),
        "spikes": (found["spikes"], data["spiked"]),
    }
