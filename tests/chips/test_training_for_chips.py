"""Training for a chip: its weights while learning, refusals before, nothing lost after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import ValidationError

pytest.importorskip("torch", reason="the extra train is not installed")


def network(soft: bool, beta: float = 1.0) -> sp.Network:
    rng = np.random.default_rng(0)
    model = sp.NeuronModel(
        f"v[t+1] = {beta}*v : 1", threshold="v >= 1", reset="v -= 1" if soft else "v = 0",
        dimensionless=True, default_synapse="Delta",
    )  # fmt: skip
    net = sp.Network(seed=1)
    source = net.add(sp.Population("in", 8, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 20, model))
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator(beta=beta)))
    net.drive(source, sp.ExternalSpikes(weight=1.0), name="events")
    at_once = sp.Delta(weight=1.0, delay=0.0)
    net.connect(source, cells, sp.Dense(rng.normal(0.2, 0.4, (8, 20))), at_once)
    net.connect(cells, out, sp.Dense(rng.normal(0, 0.2, (20, 2))), at_once)
    net.record(out, "v")
    return net


def task(samples: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Which half of the inputs sends more."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, samples)
    rates = np.where((np.arange(8) < 4)[None] == (y == 0)[:, None], 0.5, 0.1)
    x = rng.random((samples, 10, 8)) < rates[:, None]
    return x.astype(np.float32), y


@pytest.mark.parametrize(
    ("chip", "bits"),
    [
        (sp.chips.Speck(), {"in->cells": 8}),
        (sp.chips.ODIN(), {"in->cells": 4}),
        (sp.chips.GenericChip(weight_bits=5), {"in->cells": 5, "cells->out": 5}),
    ],
)
def test_what_was_trained_for_a_chip_loses_nothing_in_its_weights(chip: Any, bits: dict) -> None:
    net, data = network(soft=False), task()
    assert chip.training_settings(net) == {"weight_bits": bits}
    fitted = sp.fit(net, data, epochs=3, steps=10, lr=1e-2, on=chip, progress=False)
    made = chip.quantise(fitted.module.trained())
    assert all(made.losses[name].error == 0.0 for name in bits)
    free = sp.fit(net, data, epochs=3, steps=10, lr=1e-2, progress=False)
    assert chip.quantise(free.module.trained()).losses["in->cells"].error > 0.0


def test_readouts_on_the_chip_get_its_bits() -> None:
    settings = sp.chips.Xylo().training_settings(network(soft=True, beta=0.875))
    assert settings == {"weight_bits": {"in->cells": 8, "cells->out": 8}}


def test_what_a_chip_cannot_have_is_said_before_training() -> None:
    with pytest.raises(ValidationError, match=r"'cells' is reset to a value"):
        sp.fit(network(soft=False), task(), epochs=1, on=sp.chips.Xylo())
    with pytest.raises(ValidationError, match=r"fit, on.*a chip, as sp.chips"):
        sp.fit(network(soft=False), task(), epochs=1, on="xylo")
    module = network(soft=False).compile("torch")
    with pytest.raises(ValidationError, match=r"fit, on.*training_settings"):
        sp.fit(module, task(), epochs=1, on=sp.chips.Speck())
