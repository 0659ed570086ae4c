"""How pulses bring arrays to levels: convergence, pulses, residuals, energy, a JSON row each.

An array of HfO2 devices, both the physical model and the behavioural one of that window, is written
to levels of 5 bits, drawn evenly over the window, within half a level, with 2 % of the cells stuck.
For devices of equal steps the rows tell pulses and residuals next to first-order theory: a cell
takes (|dG| - tolerance)/d pulses, rounded up, and its residual is even over the tolerance, of
variance tolerance^2/3, where that is half a step d.

Times are those of the simulation, of the thread, in s:

    OMP_NUM_THREADS=1 python benchmarks/crossbars_programming.py [--size 256]
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.crossbars import cells_of, write_verify

#: Half of a level of 5 bits, as a share of the window.
HALF = 0.5 / 31
#: The physical device crosses its window within one full pulse: it needs small ones first.
GENTLE = {"start": 0.6, "increment": 0.02, "longest": 40}


def told(name: str, found: Any, seconds: float, **more: Any) -> None:
    """Print a row."""
    at = np.percentile(found.pulses, [50, 90, 99]).astype(int).tolist()
    share = (found.residual / found.tolerance)[found.converged]
    row = {
        "device": name, "cells": found.target.size, "converged": round(found.yield_of_healthy, 5),
        "found_stuck": int(found.stuck.sum()), "pulses": round(float(found.pulses.mean()), 2),
        "pulses_50_90_99": at, "residual": round(float(np.sqrt((share**2).mean())), 4),
        "energy_uJ": round(1e6 * found.energy, 2), "device_ms": round(1e3 * found.seconds, 3),
        "simulated_in_s": round(seconds, 2), **more,
    }  # fmt: skip
    print(json.dumps(row), flush=True)


def hafnium_oxide(size: int, behavioural: bool) -> None:
    """Levels of 5 bits, some cells stuck."""
    device = sp.devices.window("HfO2", behavioural=behavioural)
    cells = cells_of(device, (size, size), stuck_low=0.01, stuck_high=0.01, seed=1)
    level = np.random.default_rng(0).integers(0, 32, cells.shape) / 31
    target = device.g_min + (device.g_max - device.g_min) * level
    options: dict[str, Any] = {} if behavioural else GENTLE
    began = time.thread_time()
    found = write_verify(cells, target, tolerance=HALF, **options)
    near = np.abs(cells.conductance() - target) <= HALF * (device.g_max - device.g_min)
    told(
        f"HfO2, {'behavioural' if behavioural else 'physical'}", found, time.thread_time() - began,
        stuck=int(cells.stuck.sum()), stuck_far_off=int((cells.stuck & ~near).sum()),
        wrongly_stuck=int((found.stuck & ~cells.stuck).sum()),
    )  # fmt: skip


def equal_steps(size: int, noise: float) -> None:
    """Against theory: no spread between devices, and noise in the steps or none."""
    device = sp.devices.ConstantStep(
        step=0.02, cycle_noise=noise, step_spread=0.0, balance_spread=0.0, w_min_spread=0.0,
        w_max_spread=0.0,
    )  # fmt: skip
    span, step, tolerance = device.g_max - device.g_min, 0.01, 0.005
    cells = cells_of(device, (size, size), seed=1)
    cells.set(0.5 * (device.g_min + device.g_max))
    target = np.random.default_rng(0).uniform(device.g_min, device.g_max, cells.shape)
    way = np.abs(target - cells.conductance()) / span
    theory = np.ceil(np.maximum(way - tolerance, 0.0) / step)
    began = time.thread_time()
    found = write_verify(cells, target, tolerance=tolerance)
    told(
        f"equal steps, noise {noise:g}", found, time.thread_time() - began,
        theory_pulses=round(float(theory.mean()), 2), theory_residual=round(3**-0.5, 4),
    )  # fmt: skip


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    size = parser.parse_args().size
    for noise in (0.0, 0.3):
        equal_steps(size, noise)
    hafnium_oxide(size, behavioural=True)
    hafnium_oxide(size, behavioural=False)


if __name__ == "__main__":
    main()
