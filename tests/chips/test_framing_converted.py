"""Converted networks as frames are the rectifiers that they were."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.evaluating import present
from spikestack.chips.framing_converted import framed_converted
from spikestack.errors import ValidationError

torch = pytest.importorskip("torch")


def converted(**how: object) -> tuple[object, np.ndarray, sp.Network]:
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.AvgPool2d(2),
        torch.nn.Conv2d(4, 6, 3), torch.nn.ReLU(), torch.nn.AvgPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4),
    ).eval()  # fmt: skip
    inputs = np.random.default_rng(0).random((60, 1, 8, 8)).astype(np.float32)
    return model, inputs, sp.convert(model, inputs, steps=16, **how).network


def test_answers_are_those_of_the_network_that_was_converted() -> None:
    model, inputs, net = converted(method="percentile")
    with torch.no_grad():
        exact = model(torch.from_numpy(inputs)).numpy()  # type: ignore[operator]
    made = framed_converted(net, 16, most=255)
    drive = next(iter(made.drives))
    rows = inputs.reshape(60, 1, -1).astype(float)
    for chip in (sp.chips.Akida2(), sp.chips.NorthPole()):
        found = present(chip.quantise(made), rows, drive)
        for k in range(4):
            assert np.corrcoef(found[:, k], exact[:, k])[0, 1] > 0.99
    kept = sp.chips.Akida2().map(made)
    assert {layer for core in kept.cores for layer in core.neurons} <= set(made.populations)


def test_other_neurons_are_refused() -> None:
    *_, net = converted(method="percentile", neuron="signed")
    with pytest.raises(ValidationError, match="all of which fire from the start"):
        framed_converted(net, 16)
