"""BrainScaleS-2 against what is published of it, and digits on it; one JSON row for each."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.chips.analog.matrix import multiply
from spikestack.chips.analog.tuning import tuned
from spikestack.chips.catalogue.brainscales2 import BrainScaleS2
from spikestack.chips.evaluating import present


def r12_matrix_noise() -> dict[str, Any]:
    """R12: the stand-in's noise of 2 units of the read-out (and rounding down) on its products."""
    rng = np.random.default_rng(1)
    w, x = rng.integers(-63, 64, (128, 64)), rng.integers(0, 32, (400, 128))
    exact = 0.002 * (x @ w)
    apart = (multiply(x, w) + 0.5 - exact)[np.abs(exact) < 100]
    found = float(np.sqrt(apart.var() - 1 / 12))
    return _row("R12 noise, LSB", 2.0, found, 0.02)


def r12_matrix_gain() -> dict[str, Any]:
    """R12: its gain."""
    rng = np.random.default_rng(2)
    w, x = rng.integers(-63, 64, (128, 64)), rng.integers(0, 32, (400, 128))
    summed, y = (x @ w).astype(float), multiply(x, w).astype(float)
    near = np.abs(summed) < 50_000
    return _row("R12 gain", 0.002, float(np.polyfit(summed[near], y[near], 1)[0]), 0.02)


def _row(what: str, published: float, found: float, band: float) -> dict[str, Any]:
    ok = abs(found / published - 1) <= band
    return {"what": what, "published": published, "found": found, "band": band, "ok": bool(ok)}


def _samples(part: str) -> tuple[np.ndarray, np.ndarray]:
    inputs, labels = sp.zoo.task("digits-camera").samples(part)
    return np.asarray(inputs, np.float32).reshape(len(labels), 20, -1), np.asarray(labels)


def digits(calibrated: bool, seed: int, seconds: float = 0.0) -> dict[str, Any]:
    """Digits before a camera, on four chips; trained on for some seconds with the chip in the loop.

    Published is the network's accuracy as described; the band is three points.
    """
    net = sp.zoo.load("digits-camera-chips")
    made = BrainScaleS2(seed, calibrated, chips=4).quantise(net)
    if seconds:
        quiet = BrainScaleS2(seed, calibrated, chips=4, noise=0.0).quantise(net)
        after = tuned(quiet, _trained(quiet, seconds, seed))
        # The same circuits, noisy again, with the weights that were found.
        made = tuned(made, after.network)
    inputs, labels = _samples("test")
    found = float((present(made, inputs).argmax(1) == labels).mean())
    told = sp.zoo.entry("digits-camera-chips").accuracy
    how = f"{'' if calibrated else 'not '}calibrated{f', trained {seconds:g} s' if seconds else ''}"
    row = {"what": f"digits, {how}, seed {seed}", "published": told, "found": found, "band": 0.03}
    return row | {"ok": found >= told - 0.03}


def _trained(made: Any, seconds: float, seed: int) -> sp.Network:
    """The network on its circuits, trained by gradients for a while."""
    import time

    import torch

    inputs, labels = _samples("train")
    late = made.late["digits"]
    x = torch.from_numpy(np.pad(inputs.transpose(1, 0, 2), ((0, late), (0, 0), (0, 0))))
    y = torch.from_numpy(labels)
    module = made.network.compile("torch", dt=1.0)
    parts = dict(module.named_parameters())
    rows = [p for name, p in parts.items() if "digits" not in name]
    host = [p for name, p in parts.items() if "digits" in name]
    # Weights on the chip are numbers up to 63.
    optimiser = torch.optim.Adam([{"params": rows, "lr": 0.4}, {"params": host, "lr": 3e-3}])
    order, started = torch.Generator().manual_seed(seed), time.perf_counter()
    while time.perf_counter() - started < seconds:
        for batch in torch.randperm(len(y), generator=order).split(32):
            answer = module(x[:, batch])["digits.v"][late:].mean(0)
            loss = torch.nn.functional.cross_entropy(answer, y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if time.perf_counter() - started > seconds:
                break
    trained: sp.Network = module.trained()
    return trained


def main() -> None:
    """Print all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", action="store_true", help="also read digits (minutes)")
    asked = parser.parse_args()
    rows = [r12_matrix_noise(), r12_matrix_gain()]
    for row in rows:
        print(json.dumps(row))
    if asked.digits:
        for seed in (1, 2):
            for calibrated, seconds in ((False, 0.0), (True, 0.0), (False, 60.0), (True, 60.0)):
                print(json.dumps(digits(calibrated, seed, seconds)), flush=True)


if __name__ == "__main__":
    main()
