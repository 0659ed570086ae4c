"""Small networks and data that tests of training share."""

from __future__ import annotations

from typing import Any

import numpy as np

import spikestack as sp


def lif(beta: float = 0.9, spiking: bool = True) -> sp.NeuronModel:
    """A discrete leaky integrator, with or without spikes."""
    how: dict[str, Any] = {"threshold": "v >= 1", "reset": "v -= 1"} if spiking else {}
    return sp.NeuronModel("v[t+1] = beta*v : 1", parameters={"beta": beta}, dimensionless=True,
                          default_synapse="Delta", **how)  # fmt: skip


def layered(
    inputs: int = 6, hidden: int = 12, classes: int = 3, *, scale: float = 1.0,
    recurrent: bool = False, readout: bool = True, seed: int = 4, delay: float = 0.0,
) -> sp.Network:  # fmt: skip
    """Input, hidden, output."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=1)
    pixels = net.add(sp.Population("pixels", inputs, sp.GradedReLU()))
    middle = net.add(sp.Population("hidden", hidden, lif()))
    out = net.add(sp.Population("out", classes, lif(spiking=not readout)))
    net.drive(pixels, sp.ExternalSpikes(weight=1.0))
    weights = [scale * rng.normal(size=s) / np.sqrt(s[0])
               for s in ((inputs, hidden), (hidden, classes), (hidden, hidden))]  # fmt: skip
    net.connect(pixels, middle, sp.Dense(weights[0]), sp.Delta(weight=1.0, delay=delay))
    net.connect(middle, out, sp.Dense(weights[1]), sp.Delta(weight=1.0, delay=delay))
    if recurrent:
        net.connect(middle, middle, sp.Dense(0.5 * weights[2]), sp.Delta(weight=1.0, delay=1.0),
                    name="back")  # fmt: skip
    if readout:
        net.record(out, "v")
    return net


def blobs(count: int = 90, inputs: int = 6, classes: int = 3, seed: int = 7) -> Any:
    """Still inputs around one centre for each class, float32, and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = np.random.default_rng(1).random((classes, inputs))
    found = centres[labels] + 0.15 * rng.normal(size=(count, inputs))
    return np.clip(found, 0, None).astype(np.float32), labels
