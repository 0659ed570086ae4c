"""Digits of 8 x 8 pixels on small chips: networks trained for Xylo and ODIN; Speck event by event.

Networks are described as the chips are: Xylo's hidden neurons fire several times in a step, ODIN's
potentials do not fall below 0 and events come one in a step, weights have the chip's bits. Pixels
send spikes by their brightness: 64 of them for ODIN, means of four for Xylo's sixteen channels. A
split for each seed, weights of the epoch that is best on validation images. Speck reads what an
event camera saw, with the network of the zoo, in steps of 15 or 3 ms.
Prints one line of JSON for each chip and seed.

    python benchmarks/chips_small_digits.py [xylo] [odin] [speck]
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

import spikestack as sp
from spikestack import training
from spikestack.chips.evaluating import present

SEEDS = (1, 2)
SPIKES, STEPS = 8, 220


def images() -> tuple[np.ndarray, np.ndarray]:
    """Brightness from 0 to 1, (images, 8, 8), and labels."""
    from sklearn.datasets import load_digits

    flat, labels = load_digits(return_X_y=True)
    return flat.reshape(-1, 8, 8) / 16, labels.astype(np.int64)


def channels(bright: np.ndarray, steps: int = 20) -> np.ndarray:
    """Means of four pixels as up to three spikes in a step, (images, steps, 16)."""
    flat = 3 * bright.reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(len(bright), 1, 16)
    # Each input begins at another phase, so that few come in the same step.
    phase = np.random.default_rng(0).random(16)
    sums = np.floor(np.arange(steps + 1)[:, None] * flat + phase)
    return np.diff(sums, axis=1).astype(np.float32)


def one_by_one(bright: np.ndarray) -> np.ndarray:
    """Up to `SPIKES` of a pixel, evenly spread, one in a step, (images, STEPS, 64)."""
    counts = np.rint(bright.reshape(len(bright), 64) * SPIKES).astype(int)
    phase = np.random.default_rng(0).random(64)
    made = np.zeros((len(bright), STEPS, 64), np.float32)
    for k, of in enumerate(counts):
        ids = np.repeat(np.arange(64), of)
        when = np.concatenate([(np.arange(n) + p) / n for n, p in zip(of, phase, strict=True) if n])
        made[k, np.arange(len(ids)), ids[np.argsort(when, kind="stable")]] = 1.0
    return made


def for_xylo(seed: int, hidden: int = 128) -> sp.Network:
    """Currents that halve, membranes that lose an eighth, one spike for each threshold reached."""
    rng = np.random.default_rng(seed)
    neuron = {"dimensionless": True, "parameters": {"tau": -1.0 / np.log(1 - 2.0**-3)}}
    net = sp.Network(seed=seed)
    counting = sp.NeuronModel(
        "v[t+1] = 0 : 1", threshold="v > 0.5", emit="v", emit_type="int", emit_limit=15,
        dimensionless=True, default_synapse="Delta",
    )  # fmt: skip
    source = net.add(sp.Population("pixels", 16, counting))
    model = sp.NeuronModel(
        "dv/dt = (-v + 8*i_syn)/tau : 1\nworth = clip(floor(v), 0, 31) : 1", threshold="v >= 1",
        reset="v -= worth", emit="worth", emit_type="int", emit_limit=31, **neuron,
    )  # fmt: skip
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


def for_odin(seed: int, hidden: int = 120) -> sp.Network:
    """Integrate-and-fire neurons without leak, kept from falling below 0; the host reads."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("pixels", 64, sp.SpikeSource()))
    model = sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= 1", reset="v = 0", dimensionless=True,
        default_synapse="Delta", after_arrivals="v = max(v, 0)",
    )  # fmt: skip
    cells = net.add(sp.Population("cells", hidden, model))
    out = net.add(sp.Population("digits", 10, sp.LeakyIntegrator(beta=1.0)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    for pre, post in ((source, cells), (cells, out)):
        weights = rng.uniform(-2, 2, (pre.size, post.size)) / np.sqrt(pre.size)
        net.connect(pre, post, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(out, "v")
    return net


@dataclass(frozen=True)
class Trial:
    """One chip: its network by seed, what it is shown, and how it is trained."""

    chip: Any
    network: Any
    shown: Any
    training: dict[str, Any]


def trial(name: str) -> Trial:
    """What is done for a chip."""
    if name == "xylo":
        how = {"epochs": 150, "regularise": [training.at_most(2.0, "cells")]}
        return Trial(sp.chips.XyloAudio3(), for_xylo, channels, how)
    return Trial(sp.chips.ODIN(), for_odin, one_by_one, {"epochs": 40})


def row(name: str, seed: int) -> dict[str, Any]:
    """Train, then name the test images described, quantised, and on the chip."""
    from sklearn.svm import SVC

    started, made = time.process_time(), trial(name)
    bright, y = images()
    x = made.shown(bright)
    train, validate, test = np.split(np.random.default_rng(seed).permutation(len(y)), [1258, 1438])

    def fitted(on: Any) -> Any:
        return sp.fit(
            made.network(seed), (x[train], y[train]), validate=(x[validate], y[validate]),
            steps=x.shape[1], batch=64, lr=5e-3, schedule="cosine", seed=seed, progress=False,
            on=on, **made.training,
        )  # fmt: skip

    counts = x.mean(1)
    vectors = SVC(C=10).fit(counts[train], y[train])
    free, bound = fitted(None), fitted(made.chip)
    mapped = made.chip.map(bound.module.trained())
    answers = present(mapped.quantised, x[test])
    found = {
        "support vector machine, numbers of spikes": float(vectors.score(counts[test], y[test])),
        "described, weights in single precision": free.evaluate((x[test], y[test])).accuracy,
        "described": bound.evaluate((x[test], y[test])).accuracy,
        "quantised": float((answers.argmax(1) == y[test]).mean()),
        "on the chip": made.chip.infer(mapped, x[test], progress=False).accuracy(y[test]),
    }
    return {
        "id": f"digits on {made.chip.name}", "seed": seed, "found": found, "samples": len(test),
        "ok": found["described"] - found["on the chip"] <= 0.01,
        "cpu_seconds": round(time.process_time() - started),
    }  # fmt: skip


def speck(steps: int) -> dict[str, Any]:
    """The zoo's network on what the camera saw, in finer steps: by steps, and event by event."""
    from spikestack.demo.camera import SIDE, see, splits
    from spikestack.sensors.dvs import Saccades

    started, seen = time.process_time(), see()
    test, duration = splits(seen.labels, 1)[2], round(Saccades.duration * 1000)
    x, y = np.zeros((len(test), steps, 2, SIDE, SIDE), np.float32), seen.labels[test]
    for k, which in enumerate(test):
        t, column, line, p = seen.events[which].T
        x[k, np.minimum(t * steps // duration, steps - 1), p, line, column] = 1.0
    x, net = x.reshape(len(test), steps, -1), sp.zoo.load("digits-camera-chips")
    chip = sp.chips.Speck(asynchronous=True)
    mapped = chip.map(net)
    described = present(sp.chips.Speck().quantise(net), x).argmax(1)
    found = {
        "by steps": float((described == y).mean()),
        "event by event": chip.infer(mapped, x, progress=False).accuracy(y),
    }
    return {
        "id": "digits on Speck, event by event", "steps": steps, "found": found, "samples": len(y),
        "ok": found["by steps"] - found["event by event"] <= 0.01,
        "cpu_seconds": round(time.process_time() - started),
    }  # fmt: skip


def main() -> None:
    """Print what is asked for, or all."""
    for name in sys.argv[1:] or ("xylo", "odin", "speck"):
        for what in (20, 100) if name == "speck" else SEEDS:
            made = speck(what) if name == "speck" else row(name, what)
            print(json.dumps(made), flush=True)


if __name__ == "__main__":
    main()
