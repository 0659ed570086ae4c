"""Targets of the small chips: published values, and what is found here, one JSON row each.

python benchmarks/chips_small.py [r10] [r11] [digits]
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.chips.kernels.odin import Parameters
from spikestack.chips.kernels.odin_core import ODINCore


def hidden_layer(inputs: int, hidden: int, outputs: int, steps: int, seed: int = 0) -> sp.Network:
    """A network like one that spots keywords: inputs, hidden neurons, readout; random weights."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=seed)
    source = net.add(sp.Population("source", inputs, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", hidden, sp.DiscreteLIF(beta=0.9375)))
    out = net.add(sp.Population("out", outputs, sp.DiscreteLIF(beta=0.9375)))
    at, ids = np.nonzero(rng.random((steps, inputs)) < 0.2)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    now = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, cells, sp.Dense(rng.normal(0.1, 0.3, (inputs, hidden))), now)
    net.connect(cells, out, sp.Dense(rng.normal(0.05, 0.1, (hidden, outputs))), now)
    net.record(cells, "spikes")
    net.record(out, "spikes")
    return net


def r10(steps: int = 200) -> dict[str, Any]:
    """Xylo, keyword spotting: 291 uW dynamic, 6.6 uJ an inference; here, events alone.

    Nothing is published that would price an event, so energy is not claimed; what is checked is
    that every spike is counted once at each synapse that it meets.
    """
    run = hidden_layer(16, 63, 8, steps).run(float(steps), on=sp.chips.Xylo())
    spikes = {n: len(run[n].times) for n in ("cells", "out")}
    entered = run.ledger.total("host words in")
    expected = entered * 63 + spikes["cells"] * 8
    found = run.ledger.total("dense events")
    # Weights that have become 0 are synapses all the same.
    published = {"power_uW": 291.0, "energy_uJ": 6.6, "inferences_per_s": 291.0 / 6.6}
    return {
        "id": "R10", "published": published, "found": {"synaptic_events": found, **spikes},
        "expected": expected, "band": 0, "ok": found == expected,
    }  # fmt: skip


def r11() -> dict[str, Any]:
    """ODIN: 12.7 pJ per operation, and the cycles of a schedule of every kind of event."""
    chip = sp.chips.ODIN()
    clock = float(chip.clock)
    rate = 256 * clock * 1e6 / float(chip.spike_cycles)
    parts = chip.prices["parts"]
    power = float(parts.static["chip"]) * 1e-6 + rate * float(parts.energy["dense events"]) * 1e-12
    energy = power / rate * 1e12
    core = ODINCore(Parameters(1, True, 255, False, 0, 0, 0, 0, 0), np.full((256, 256), 1))
    for source in range(10):
        core.spike(source)
    for _ in range(3):
        core.reference()
    core.drift()
    cycles = 10 * (1 + 2 * 256) + 3 * 512 + 32_768
    published = {"energy_pJ": 12.7, "cycles": cycles}
    found = {"energy_pJ": energy, "cycles": core.cycles}
    ok = abs(energy / 12.7 - 1) < 0.01 and core.cycles == cycles
    return {"id": "R11", "published": published, "found": found, "band": 0.01, "ok": ok}


def digits(limit: int = 200) -> dict[str, Any]:
    """Digits before an event camera: share named right, described and on chips."""
    from spikestack.chips.evaluating import present
    from spikestack.zoo.evaluating import evaluate
    from spikestack.zoo.tasks import task

    net = sp.zoo.load("digits-camera-chips")
    samples, labels = task("digits-camera").samples("test")
    chosen = np.linspace(0, len(labels) - 1, limit).round().astype(int)
    samples, labels = samples[chosen], labels[chosen]
    found = {"described": evaluate(net, "digits-camera", limit).accuracy}
    chips = {
        "speck": sp.chips.Speck(),
        "generic, 8 bits": sp.chips.GenericChip(cores=64),
        "generic, 4 bits": sp.chips.GenericChip(cores=64, weight_bits=4),
    }
    for name, chip in chips.items():
        answers = present(chip.quantise(net), samples)
        found[name] = float((answers.argmax(1) == labels).mean())
    lost = found["described"] - min(found[n] for n in chips)
    return {
        "id": "digits", "published": None, "found": found, "samples": len(labels),
        "band": 0.01, "ok": lost <= 0.01,
    }  # fmt: skip


if __name__ == "__main__":
    rows = {"r10": r10, "r11": r11, "digits": digits}
    for name in sys.argv[1:] or rows:
        print(json.dumps(rows[name]()))
