"""Traces of XyloSim 0.1.3, first family: input, recurrent hidden layer, readout.

``inp`` (steps, sources) numbers of spikes; ``w_in``, ``w_rec`` (pre, hidden, 2), ``w_out`` (hidden,
outputs, 1), ``shifts`` of the three; thresholds ``thr``, ``thr_o``; shifts of decays ``dm``,
``dmo``, ``ds``, ``dso``; ``rec_*`` (neurons, steps) and spikes (steps, neurons).
"""

from __future__ import annotations

import numpy as np

from ..kernels.xylo import add_spikes, update
from .comparing import read_arrays as read

__all__ = ["read", "replay"]


def replay(data: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of our values and the file's."""
    steps, hidden, outputs = len(data["inp"]), len(data["thr"]), len(data["thr_o"])
    weights = [
        data[n] << s for n, s in zip(("w_in", "w_rec", "w_out"), data["shifts"], strict=True)
    ]
    layer = _Neurons(data, hidden, 2, ("dm", "ds", "thr"), 31, steps)
    readout = _Neurons(data, outputs, 1, ("dmo", "dso", "thr_o"), 1, steps)
    for t in range(steps):
        before = layer.spikes.copy()
        add_spikes(data["inp"][t], weights[0], layer.currents)
        add_spikes(before, weights[1], layer.currents)
        layer.step(t)
        add_spikes(before, weights[2], readout.currents)
        readout.step(t)
    return {
        "v": (layer.v_of, data["rec_v_mem"]),
        "i_1": (layer.i_of[:, :, 0], data["rec_i_syn"]),
        "i_2": (layer.i_of[:, :, 1], data["rec_i_syn2"]),
        "spikes": (layer.spikes_of, data["rec_recurrent_spikes"]),
        "readout v": (readout.v_of, data["rec_v_mem_out"]),
        "readout i_1": (readout.i_of[:, :, 0], data["rec_i_syn_out"]),
        "readout spikes": (readout.spikes_of, data["out"]),
    }


class _Neurons:
    """A layer's state, and what it was after each step."""

    def __init__(
        self,
        data: dict[str, np.ndarray],
        size: int,
        synapses: int,
        names: tuple[str, str, str],
        most: int,
        steps: int,
    ) -> None:
        self.v = np.zeros(size, np.int64)
        self.currents = np.zeros((size, synapses), np.int64)
        self.spikes = np.zeros(size, np.int64)
        self.constants = (*(data[name] for name in names), most)
        self.v_of = np.zeros((size, steps), np.int64)
        self.i_of = np.zeros((size, steps, synapses), np.int64)
        self.spikes_of = np.zeros((steps, size), np.int64)

    def step(self, t: int) -> None:
        """Update and keep."""
        update(self.v, self.currents, *self.constants, self.spikes)
        self.v_of[:, t], self.i_of[:, t] = self.v, self.currents
        self.spikes_of[t] = self.spikes
