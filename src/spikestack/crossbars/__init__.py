"""Crossbars of devices: cells, wires, converters, programming, and networks that run on them.

``sp.crossbars.solve(conductance, voltages, r_word=1.0, r_bit=1.0)`` gives the currents of an array
with its wires; ``sp.crossbars.CrossbarArray(weights, crossbar)`` holds a matrix on tiles;
``net.connect(..., realised_by=sp.Crossbar(device))`` puts devices behind the weights of a network.
"""

from __future__ import annotations

import importlib
from typing import Any

#: Public name -> module that holds it.
_HOMES = {
    # devices in arrays, and driven by waveforms
    "Cells": "cells",
    "DriveTrace": "dynamics.trace",
    "SpikeWaveform": "dynamics.overlap",
    "cells_of": "cells",
    "drive": "dynamics.driving",
    "overlap_window": "dynamics.overlap",
    # wires
    "Bias": "circuit.selection",
    "Curve": "circuit.laws",
    "Law": "circuit.laws",
    "Reading": "circuit.selection",
    "Selector": "circuit.laws",
    "Sinh": "circuit.laws",
    "Solution": "circuit.solution",
    "Wires": "circuit.wires",
    "bias": "circuit.selection",
    "effective": "circuit.matrices",
    "largest_array": "circuit.selection",
    "read_cell": "circuit.selection",
    "selectivity_needed": "circuit.selection",
    "solve": "circuit.wires",
    "solve_nonlinear": "circuit.newton",
    # matrices and networks
    "CrossbarArray": "tiles.array",
    "Bill": "billing",
    "aged": "realising",
    "array_of": "realising",
    "bill_of": "billing",
    "pulses_of": "billing",
    "draw_drift": "showing.drift",
    "draw_switching": "showing.updates",
    "draw_updates": "showing.updates",
    "write_verify": "programming",
    # compensation
    "Perceptron": "compensation.perceptron",
    "calibrate_outputs": "compensation.calibration",
    "draw_accuracy": "showing.accuracy",
    "read_often": "compensation.reads",
    "train_perceptron": "compensation.training",
}

__all__ = [  # noqa: PLE0604
    *_HOMES,
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
