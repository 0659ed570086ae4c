"""How fast arrays are programmed, read, aged and pulsed on one thread, a JSON row each.

The best of several is printed, in processor time of the thread, so that other work on the machine
counts little. `make` draws the parameters of all cells; `age` moves them to a later time; `pulses`
sends one pulse, and ten, to every cell.

    python benchmarks/crossbars_cells.py [--side 512]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import spikestack as sp

_REPEATS = 15


def best(action: Callable[[], object], repeats: int = _REPEATS) -> float:
    """Least processor seconds of several runs after one that compiles."""
    action()
    times = []
    for _ in range(repeats):
        began = time.thread_time()
        action()
        times.append(time.thread_time() - began)
    return min(times)


def row(device: Any, side: int, what: str, seconds: float, per: float = 1.0) -> None:
    """Print one measurement."""
    print(json.dumps({
        "device": device.label, "cells": side * side, "what": what, "ms": round(1e3 * seconds, 3),
        "ns_per_cell": round(1e9 * seconds / (side * side * per), 2),
        "load": round(os.getloadavg()[0], 1),
    }))  # fmt: skip


def statistical(device: Any, side: int) -> None:
    """Make, program, age and read."""
    target = np.random.default_rng(1).uniform(device.g_min, device.g_max, (side, side))
    cells = sp.crossbars.cells_of(device, (side, side), seed=1)
    row(device, side, "make", best(lambda: sp.crossbars.cells_of(device, (side, side)), 5))
    row(device, side, "program", best(lambda: cells.program(target)))

    def age() -> None:
        cells.wait(1.0)
        cells.conductance()

    row(device, side, "age", best(age))
    row(device, side, "read", best(cells.read))


def pulsed(device: Any, side: int) -> None:
    """Make, set and pulse."""
    cells = sp.crossbars.cells_of(device, (side, side), seed=1)
    row(device, side, "make", best(lambda: sp.crossbars.cells_of(device, (side, side)), 5))
    middle = 0.5 * (device.g_min + device.g_max)
    row(device, side, "set", best(lambda: cells.set(middle)))
    volts = device.set_voltage
    row(device, side, "1 pulse", best(lambda: cells.pulse(volts)))
    row(device, side, "10 pulses", best(lambda: cells.pulse(-volts, count=10), 5), 10.0)
    few = np.random.default_rng(1).random((side, side)) < 0.01
    seconds = best(lambda: cells.pulse(volts, where=few))
    row(device, side, "1 pulse to 1 % of the cells", seconds)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=512)
    side = parser.parse_args().side
    for device in (sp.devices.PCM(), sp.devices.WanReRam(), sp.devices.SONOS()):
        statistical(device, side)
    for device in (sp.devices.SoftBounds(), sp.devices.AgSilicon(), sp.devices.PulsedPCM()):
        pulsed(device, side)


if __name__ == "__main__":
    main()
