"""How fast devices with an equation are stepped on one thread, a JSON row each.

`alike`: one waveform for many devices of equal parameters. `own parameters`: one waveform, the
first eight parameters (thresholds and exponents of VTEAM too) spread from device to device. `own
voltage`: each its own waveform, equal parameters. `own all`: both. Nothing is recorded. `pulse`:
one pulse for each cell of an array, of a voltage of its own, energy included. The best of several
is printed, in processor time of the thread.

    python benchmarks/crossbars_devices.py [--device VTEAM] [--devices 4096] [--steps 1000]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable

import numpy as np

import spikestack as sp
from spikestack.crossbars.cells.dynamic import DynamicCells
from spikestack.crossbars.dynamics.stepping import Devices
from spikestack.devices.dynamic import DynamicDevice

_REPEATS = 7


def best(action: Callable[[], object]) -> float:
    """Least processor seconds of several runs after one that compiles."""
    action()
    times = []
    for _ in range(_REPEATS):
        began = time.thread_time()
        action()
        times.append(time.thread_time() - began)
    return min(times)


def stepped(device: DynamicDevice, case: str, method: str, n: int, steps: int) -> float:
    """Device-steps a second."""
    names = [k for k, p in device.parameters.items() if device.values[k]][:8]
    spread = dict.fromkeys(names, 0.05) if case in ("own parameters", "own all") else None
    made = Devices(device, np.arange(n, dtype=np.uint64), spread=spread)
    volts, hertz = device.shows_loop
    dt = 1 / hertz / steps
    phase = np.arange(2 * steps + 1) * np.pi / steps
    wave = volts * np.sin(phase)[:, None]
    if case in ("own voltage", "own all"):
        wave = np.ascontiguousarray(wave * np.linspace(0.9, 1.1, n))
    return n * steps / best(lambda: made.drive(wave, dt, method, 0, 1e-6))


def pulsed(device: DynamicDevice, side: int = 256) -> float:
    """Pulsed cells a second."""
    cells = DynamicCells(device, (side, side))
    start = np.sqrt(cells.g_min * cells.g_max)
    volts = device.set_voltage * np.linspace(0.9, 1.1, side * side).reshape(side, side)

    def once() -> None:
        cells.set(start)
        cells.pulse(volts)

    with_set, alone = best(once), best(lambda: cells.set(start))
    return side * side / (with_set - alone)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="VTEAM", choices=sorted(sp.devices.all_devices()))
    parser.add_argument("--devices", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--method", nargs="+", default=["euler", "heun", "rk4"])
    given = parser.parse_args()
    device = sp.devices.device_named(given.device)()
    assert isinstance(device, DynamicDevice)
    for method in given.method:
        for case in ("alike", "own parameters", "own voltage", "own all"):
            rate = stepped(device, case, method, given.devices, given.steps)
            print(json.dumps({
                "device": device.label, "method": method, "case": case,
                "devices": given.devices, "steps": given.steps,
                "device_steps_per_s": round(rate), "load": round(os.getloadavg()[0], 1),
            }))  # fmt: skip
    print(json.dumps({"device": device.label, "pulsed_cells_per_s": round(pulsed(device))}))


if __name__ == "__main__":
    main()
