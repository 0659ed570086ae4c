"""A subthreshold analog chip of one file, and the published numbers of matrix mode."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.catalogue.dpi import SubthresholdDPI


def driven(model: sp.NeuronModel) -> sp.Network:
    net = sp.Network(seed=5)
    source = net.add(sp.Population("source", 30, sp.PoissonSource(rate=40.0)))
    cells = net.add(sp.Population("cells", 20, model))
    net.connect(source, cells, sp.FixedInDegree(8), sp.ExponentialCurrent(weight=1.0, delay=1.0))
    net.record(cells, "spikes")
    return net


@pytest.mark.parametrize("model", [sp.LIF(tau_refrac=2.0), sp.AdEx(cm=0.6)])
def test_without_mismatch_currents_do_what_potentials_did(model: sp.NeuronModel) -> None:
    net = driven(model)
    told = net.run(300.0, dt=0.1)["cells"]
    found = SubthresholdDPI(mismatch=0.0).run(net, 300.0, dt=0.1)["cells"]
    assert len(found.times) == pytest.approx(len(told.times), rel=0.1) and len(told.times) > 20
    rates = [np.bincount(r.ids, minlength=20) for r in (told, found)]
    assert np.corrcoef(*rates)[0, 1] > 0.85


def test_no_two_circuits_are_alike() -> None:
    net = driven(sp.LIF())
    made = [SubthresholdDPI(seed=s).quantise(net, 0.1).network["cells"].model for s in (1, 1, 2)]
    one, again, other = (m.values["tau"] for m in made)
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert 0.1 < one.std() / one.mean() < 0.35
    run = net.run(100.0, on=SubthresholdDPI(), dt=0.1)
    assert run.speedup == pytest.approx(1.0)
    assert run.bill().dynamic["spikes"] == pytest.approx(883e-12 * run.ledger.total("spikes"))


def test_r12_is_within_its_bands() -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "chips_brainscales.py"
    spec = importlib.util.spec_from_file_location("chips_brainscales", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for row in (module.r12_matrix_noise(), module.r12_matrix_gain()):
        assert row["ok"], row
