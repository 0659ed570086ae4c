"""How fast a noisy product is: a matrix on phase-change memory, a JSON row each.

A matrix of N x N weights on one tile of differential pairs of `PCM`, converters of 8 bits on both
sides, noise of reading, thermal and shot noise, and 4 % of noise at the outputs. The same product
in other ways shows what a fused pass and noise at the outputs are worth:

- ``exact``: the plain product alone, by NumPy.
- ``spikestack``: all of it, one normal number for each output.
- ``weights``: one draw of noise for every weight, shared by the batch, then a plain product; no
  converters.
- ``numpy``: converters and noise at the outputs, written in NumPy.
- ``aihwkit``: IBM's simulator with a comparable configuration, where it is installed.

Times are the best of several, in ms of wall time, on one thread:

    OMP_NUM_THREADS=1 python benchmarks/crossbars_product.py [--size 512] [--batch 64 1]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import spikestack as sp


def best(run: Callable[[], Any], seconds: float) -> tuple[float, float]:
    """The best and the median time of a call in ms, of as many as fit into so many seconds."""
    run()
    run()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        began = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - began))
    return min(times), sorted(times)[len(times) // 2]


def in_numpy(array: Any, x: np.ndarray, rng: np.random.Generator) -> Callable[[], np.ndarray]:
    """The same law of noise and converters, without compiled passes."""
    (block,) = array.blocks
    top = block.bound.ravel().astype(np.float32)
    worth, step = block.worth.ravel().astype(np.float32), top / np.float32(127)

    def run() -> np.ndarray:
        most = np.abs(x).max(axis=1, keepdims=True)
        given = np.rint(x / most * np.float32(127)) / np.float32(127)
        variance = np.concatenate([given**2, np.abs(given)], axis=1) @ block.noise + block.floor
        current = given @ block.matrix
        current += np.sqrt(variance) * rng.standard_normal(current.shape, np.float32)
        return np.rint(np.clip(current, -top, top) / step) * (step * worth) * most

    return run


def of_weights(array: Any, x: np.ndarray, rng: np.random.Generator) -> Callable[[], np.ndarray]:
    """One draw of the noise of every weight for the whole batch."""
    (block,) = array.blocks
    spread = np.sqrt(block.noise[: len(block.matrix)])

    def run() -> np.ndarray:
        drawn = rng.standard_normal(spread.shape, np.float32)
        return x @ (block.matrix + spread * drawn)

    return run


def in_aihwkit(weights: np.ndarray, x: np.ndarray) -> Callable[[], Any] | None:
    """IBM's simulator, if it is there: its standard preset for inference on phase-change memory."""
    if importlib.util.find_spec("aihwkit") is None:
        return None
    import torch
    from aihwkit.nn import AnalogLinear
    from aihwkit.simulator.presets import StandardHWATrainingPreset

    torch.set_num_threads(1)
    layer = AnalogLinear(*weights.shape, bias=False, rpu_config=StandardHWATrainingPreset())
    layer.set_weights(torch.tensor(weights.T.copy(), dtype=torch.float32))
    layer.eval()
    given = torch.tensor(x)
    return lambda: layer(given)


def measure(size: int, batch: int, seconds: float) -> None:
    """Print a row for each way."""
    rng = np.random.default_rng(0)
    weights = rng.uniform(-1, 1, (size, size))
    bar = sp.Crossbar(
        sp.devices.PCM(), rows=size, columns=2 * size, dac_bits=8, adc_bits=8, output_noise=0.04
    )
    array = sp.crossbars.CrossbarArray(weights, bar)
    programming = best(lambda: sp.crossbars.CrossbarArray(weights, bar), seconds)[0]
    x = rng.uniform(-1, 1, (batch, size)).astype(np.float32)
    plain = weights.astype(np.float32)
    ways = {
        "exact": lambda: x @ plain,
        "spikestack": lambda: array.product(x),
        "weights": of_weights(array, x, rng),
        "numpy": in_numpy(array, x, rng),
        "aihwkit": in_aihwkit(weights, x),
    }
    for name, way in ways.items():
        if way is None:
            continue
        least, median = best(way, seconds)
        row = {"size": size, "batch": batch, "way": name, "ms": round(least, 4),
               "median_ms": round(median, 4), "vectors_per_s": round(1e3 * batch / least),
               "load": round(os.getloadavg()[0], 1)}  # fmt: skip
        if name == "spikestack":
            row |= {"programming_ms": round(programming, 1),
                    "error": round(array.errors(x).noise, 4)}  # fmt: skip
        print(json.dumps(row), flush=True)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 1])
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    given = parser.parse_args()
    for size in given.size:
        for batch in given.batch:
            measure(size, batch, given.seconds)


if __name__ == "__main__":
    main()
