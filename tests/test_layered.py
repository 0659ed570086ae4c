"""Layers in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import ValidationError


def test_shapes_weights_and_names() -> None:
    layers = [sp.Conv(8, stride=2), "lif", sp.Pool(2), sp.Conv(6, 3, groups=2), "lif",
              sp.Pool(3), sp.Linear(5), sp.LIF(), sp.Linear(10), "readout"]  # fmt: skip
    net = sp.layered((2, 28, 28), layers, seed=3)
    shapes = [p.shape for p in net.populations.values()]
    assert shapes == [(2, 28, 28), (8, 14, 14), (6, 7, 7), (5,), (10,)]
    kernel = net.projections["input->layer1"].rule.kernel
    assert np.abs(kernel).max() <= 18**-0.5 and kernel.std() == pytest.approx(54**-0.5, rel=0.15)
    same, other = (sp.layered((2, 28, 28), layers, seed=s) for s in (3, 4))
    assert np.array_equal(same.projections["input->layer1"].rule.kernel, kernel)
    assert not np.array_equal(other.projections["input->layer1"].rule.kernel, kernel)


def test_sequences() -> None:
    net = sp.layered((2, 20), [sp.Conv(4, 5), "lif", sp.Pool(2), sp.Linear(3), "readout"])
    assert [p.shape for p in net.populations.values()] == [(2, 20), (4, 20), (3,)]
    net.run(3.0, dt=1.0)


@pytest.mark.parametrize("layers, words", [
    (["lif"], "no connection"),
    ([sp.Conv(4), sp.Linear(3)], "neurons between"),
    ([sp.Conv(4), sp.Pool(2), "lif"], "before the connection"),
    ([sp.Conv(4), "lif", sp.Linear(3)], "no neurons"),
    ([sp.Linear(4), "lif", sp.Conv(3), "lif"], "channels"),
    ([sp.Linear(4), "relu"], "no layer"),
])  # fmt: skip
def test_what_makes_no_sense_is_said(layers: list[Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        sp.layered((1, 8, 8), layers)
