"""Digits of 8 x 8 pixels on chips of few inputs: networks trained for Xylo and for ODIN.

Pixels send spikes at rates by their brightness: 64 of them for ODIN in 60 steps, means of four for
Xylo's sixteen channels in 20. One split, weights of the epoch that is best on validation images;
prints one line of JSON each.

    python benchmarks/chips_small_digits.py [xylo] [odin]
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from chips_small import with_drive

import spikestack as sp
from spikestack.chips.evaluating import present

STEPS = {"xylo": 20, "odin": 60}


def samples(pooled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of spikes, (images, steps, inputs), and labels."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    bright = images.reshape(-1, 8, 8) / 16
    if pooled:
        bright = 3 * bright.reshape(-1, 4, 2, 4, 2).mean((2, 4))
    else:
        bright = bright / 4
    flat = bright.reshape(len(bright), 1, -1)
    # Each input begins at another phase, so that few come in the same step.
    phase = np.random.default_rng(0).random(flat.shape[2])
    steps = STEPS["xylo" if pooled else "odin"]
    sums = np.floor(np.arange(steps + 1)[:, None] * flat + phase)
    return np.diff(sums, axis=1).astype(np.float32), labels.astype(np.int64)


def for_xylo(seed: int, hidden: int = 120) -> sp.Network:
    """Currents that halve, membranes that lose an eighth, thresholds that subtract."""
    rng = np.random.default_rng(seed)
    neuron = {"dimensionless": True, "parameters": {"tau": -1.0 / np.log(1 - 2.0**-3)}}
    net = sp.Network(seed=seed)
    counting = sp.NeuronModel(
        "v[t+1] = 0 : 1", threshold="v > 0.5", emit="v", emit_type="int", emit_limit=15,
        dimensionless=True, default_synapse="Delta",
    )  # fmt: skip
    source = net.add(sp.Population("pixels", 16, counting))
    model = sp.NeuronModel(
        "dv/dt = (-v + 8*i_syn)/tau : 1", threshold="v >= 1", reset="v -= 1", **neuron
    )
    cells = net.add(sp.Population("cells", hidden, model))
    out = net.add(
        sp.Population("digits", 10, sp.NeuronModel("dv/dt = (-v + i_syn)/tau : 1", **neuron))
    )
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    for pre, post in ((source, cells), (cells, out)):
        weights = rng.uniform(-1, 1, (pre.size, post.size)) / np.sqrt(pre.size)
        current = sp.ExponentialCurrent(weight=1.0, delay=0.0, tau_syn=-1.0 / np.log(0.5))
        net.connect(pre, post, sp.Dense(weights), current)
    net.record(out, "v")
    return net


def for_odin(seed: int, hidden: int = 100) -> sp.Network:
    """Integrate-and-fire neurons without leak, kept near 0 from below; the host reads."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("pixels", 64, sp.SpikeSource()))
    model = sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta", after_arrivals="v = max(v, -0.01)",
    )  # fmt: skip
    cells = net.add(sp.Population("cells", hidden, model))
    out = net.add(sp.Population("digits", 10, sp.LeakyIntegrator(beta=1.0)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    for pre, post in ((source, cells), (cells, out)):
        weights = rng.uniform(-2, 2, (pre.size, post.size)) / np.sqrt(pre.size)
        net.connect(pre, post, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(out, "v")
    return net


def row(name: str, net: sp.Network, chip: Any, bits: int | None, epochs: int) -> dict[str, Any]:
    """Train, then name the test images described, quantised, and on the chip."""
    started, (x, y) = time.process_time(), samples(name == "xylo")
    steps = STEPS[name]
    order = np.random.default_rng(1).permutation(len(y))
    train, validate, test = np.split(order, [1258, 1438])
    given = net if bits is None else net.compile("torch", dt=1.0, weight_bits=bits)
    fitted = sp.fit(
        given, (x[train], y[train]), validate=(x[validate], y[validate]), steps=steps,
        epochs=epochs, batch=64, lr=5e-3, schedule="cosine", seed=1,
    )  # fmt: skip
    trained = fitted.module.trained()
    quantised = chip.quantise(trained)
    answers = present(quantised, x[test])
    described, on_chip = 0, 0
    for sample, label in zip(x[test], y[test], strict=True):
        shown = with_drive(trained, sample, "pixels")
        v = shown.run(float(steps), dt=1.0)["digits", "v"].values[0]
        described += int(v.mean(0).argmax() == label)
        run = shown.run(float(steps + quantised.late["digits"]), on=chip, progress=False)
        v = run["digits", "v"].values[0][quantised.late["digits"] :]
        on_chip += int(v.mean(0).argmax() == label)
    n = len(test)
    found = {
        "described": described / n, "quantised": float((answers.argmax(1) == y[test]).mean()),
        "on the chip": on_chip / n,
    }  # fmt: skip
    return {
        "id": f"digits on {chip.name}", "found": found, "samples": n,
        "ok": found["described"] - found["on the chip"] <= 0.01,
        "cpu_seconds": round(time.process_time() - started),
    }  # fmt: skip


if __name__ == "__main__":
    for name in sys.argv[1:] or ("xylo", "odin"):
        if name == "xylo":
            print(json.dumps(row(name, for_xylo(1), sp.chips.XyloAudio3(), None, 15)))
        else:
            print(json.dumps(row(name, for_odin(1), sp.chips.ODIN(), 4, 15)))
