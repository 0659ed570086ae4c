"""The zoo's digits network on chips without memory: Akida 1.0 and 2.0, and NorthPole.

The spiking network becomes one of frames (two frames of ten steps), is trained on with the few bits
of each chip, and answers in the chip's integers. Then Akida's last layer learns the digits 0 to 7
on the chip, and 8 and 9 from a few examples each; what it forgets is told. Prints JSON.

    python examples/digits_in_frames.py [--quick]
"""

from __future__ import annotations

import argparse
import copy
import json
from typing import Any

import numpy as np
import torch

import spikestack as sp
from spikestack.chips.edge_learning import EdgeLayer
from spikestack.chips.evaluating import present
from spikestack.chips.framing import framed, with_frames_of
from spikestack.chips.neurons.frames import FrameNeuron, FrameSource
from spikestack.demo.frames import FEW, counts, tuned
from spikestack.zoo.tasks import task

STEPS = 20
Part = tuple[np.ndarray, np.ndarray]


def read(parts: dict[str, Part], epochs: int, limit: int | None = None) -> list[dict[str, Any]]:
    """The network on every chip: share of test digits named right."""
    given = sp.zoo.load("digits-camera-chips")
    samples, labels = parts["test"]
    samples, labels = samples[:limit].astype(float), labels[:limit]

    def right(network: sp.Network, chip: Any) -> float:
        answers = present(chip.quantise(network), samples)
        return float((answers.argmax(1) == labels).mean())

    floats = tuned(framed(given, 10), parts, epochs, None)
    rows = []
    for chip, bits in (
        (sp.chips.Akida(), FEW),
        (sp.chips.Akida2(), 8),
        (sp.chips.NorthPole(), 8),
        (sp.chips.NorthPole(bits=4), 4),
    ):
        network = tuned(floats, parts, epochs, bits)
        cores = len(chip.map(network).cores)
        name = chip.name + (f", {chip.bits} bits" if hasattr(chip, "bits") else "")
        rows.append({"chip": name, "right": round(right(network, chip), 4), "cores": cores})
    return rows


def reader(filters: int = 64, seed: int = 1) -> sp.Network:
    """Edges, and shapes that are there or not; digits 0 to 7."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int, sources: int) -> np.ndarray:
        return rng.uniform(-2, 2, shape) / np.sqrt(sources)

    net, one = sp.Network(seed=seed), sp.Delta(weight=1.0, delay=0.0)
    camera = net.add(sp.Population("camera", (2, 20, 20), FrameSource()))
    edges = net.add(sp.Population("edges", (12, 9, 9), FrameNeuron()))
    shapes = net.add(sp.Population("shapes", (filters, 4, 4), FrameNeuron(first=1.0, most=1.0)))
    digits = net.add(sp.Population("digits", 8, sp.LeakyIntegrator(beta=0.0)))
    net.drive(camera, sp.ExternalSpikes(weight=1.0), name="events")
    net.connect(camera, edges, sp.Convolution(drawn(12, 2, 4, 4, sources=32), stride=2), one)
    kernel = drawn(filters, 12, 3, 3, sources=108) / 3
    net.connect(edges, shapes, sp.Convolution(kernel, stride=2), one)
    size = shapes.size
    net.connect(shapes, digits, sp.Dense(drawn(size, 8, sources=size)), one)
    for population in (edges, shapes):
        net.record(population, "spikes")
    net.record(digits, "v")
    return net


def features(net: sp.Network, part: Part) -> np.ndarray:
    """Which shapes are there in a sample's one frame, (samples, shapes)."""
    with torch.no_grad():
        out = with_frames_of(net, 1).compile("torch")(
            torch.tensor(counts(part, STEPS)[0][:, 0])[None]
        )
    return np.asarray(out.spikes["shapes"][0]) > 0


def learn_on_chip(parts: dict[str, Part], epochs: int, shots: tuple[int, ...]) -> dict[str, Any]:
    """Digits 0 to 7 learned by the last layer, then 8 and 9 from a few examples of each."""
    old = {name: (x[y < 8], y[y < 8]) for name, (x, y) in parts.items()}
    net = tuned(reader(), old, epochs, FEW, STEPS, 5e-3)
    seen = {name: features(net, part) for name, part in parts.items()}
    labels = {name: part[1] for name, part in parts.items()}
    known = labels["test"] < 8
    layer = EdgeLayer(
        seen["train"].shape[1], 10, int(1.1 * seen["train"].sum(1).mean()),
        min_plasticity=0.005, plasticity_decay=0.1,
    )  # fmt: skip
    first = labels["train"] < 8
    layer.learn(seen["train"][first], labels["train"][first])

    def right(of: EdgeLayer, which: np.ndarray) -> float:
        return round(float((of.classify(seen["test"][which]) == labels["test"][which]).mean()), 4)

    before, rows = right(layer, known), []
    for shown in shots:
        more = copy.deepcopy(layer)
        for digit in (8, 9):
            places = np.flatnonzero(labels["train"] == digit)[:shown]
            more.learn(seen["train"][places], labels["train"][places])
        rows.append({"shots": shown, "old": right(more, known), "new": right(more, ~known)})
    return {"0 to 7 before": before, "8 and 9 added": rows}


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer epochs and test digits")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    data = task("digits-camera")
    parts = {name: data.samples(name) for name in ("train", "validation", "test")}
    epochs = 6 if quick else 20
    for row in read(parts, epochs, 100 if quick else None):
        print(json.dumps(row))
    print(json.dumps(learn_on_chip(parts, epochs, (5, 10, 20))))


if __name__ == "__main__":
    main()
