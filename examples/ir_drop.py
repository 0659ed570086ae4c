"""What wires take: a map of the voltage at each cell of an array, and losses against size.

An array of 128 x 128 cells of 1 to 100 kOhm, read at 0.2 V through wires of 1 Ohm a segment. Prints
currents, losses and power, how losses grow with the resistance of a segment, and what effective
weights make of the same input. Draws ir_drop.png.

    python examples/ir_drop.py [--size 128] [--ohms 1.0] [--out FIGURE.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import spikestack as sp


def array(size: int) -> np.ndarray:
    """Conductances in S, log-uniform over two decades."""
    return 10 ** np.random.default_rng(0).uniform(-5, -3, (size, size))


def main() -> None:
    """Solve, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--ohms", type=float, default=1.0)
    parser.add_argument("--out", type=Path, default=Path("ir_drop.png"))
    given = parser.parse_args()
    g, volts = array(given.size), np.full(given.size, 0.2)

    wires = sp.crossbars.Wires(g, given.ohms, given.ohms)
    found = wires.solve(volts)
    power = found.power
    print(json.dumps({
        "cells": g.size, "ohms": given.ohms, "iterations": found.iterations,
        "mean_loss": round(float(found.loss.mean()), 4),
        "lowest_share_of_voltage": round(float(found.cell_voltages.min() / 0.2), 4),
        "power_mW": round(1e3 * power.sources, 3),
        "in_cells": round(power.cells / power.sources, 4),
    }))  # fmt: skip
    for ohms in (0.01, 0.1, 1.0, 10.0):
        loss = sp.crossbars.solve(g, volts, ohms, ohms).loss
        print(json.dumps({"ohms": ohms, "mean_loss": round(float(loss.mean()), 4),
                          "last_column": round(float(loss[-1]), 4)}))  # fmt: skip
    effective = wires.effective()
    error = np.abs(volts @ effective / found.currents - 1).max()
    print(json.dumps({"effective_differs_by": float(f"{error:.1e}")}))
    found.plot(5.0).savefig(given.out)


if __name__ == "__main__":
    main()
