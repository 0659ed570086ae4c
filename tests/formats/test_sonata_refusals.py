"""SONATA: what has no form there is refused when it is written, all of it in one error."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import MissingExtraError, UnknownNameError, ValidationError

pytest.importorskip("h5py")
sonata = sp.formats.sonata


def refused(net: sp.Network, folder: Path, **settings: object) -> str:
    """What the error says; nothing must have been written."""
    with pytest.raises(ValidationError) as found:
        sonata.write(net, folder / "net", **settings)
    assert list(folder.iterdir()) == []
    return str(found.value)


def test_projections(tmp_path: Path) -> None:
    """Plasticity, devices, junctions, values, names, probes of synapses."""
    net = sp.Network()
    a = net.add(sp.Population("a", 4, sp.LIF()))
    b = net.add(sp.Population("b", 4, sp.LIF()))
    graded = net.add(sp.Population("graded", 4, sp.Relay()))
    stdp = net.connect(a, b, sp.AllToAll(), sp.ExponentialCurrent(), plasticity=sp.AdditiveSTDP())
    net.record(stdp, "w")
    devices = sp.Crossbar(sp.devices.PCM())
    net.connect(b, a, sp.AllToAll(), sp.ExponentialCurrent(), name="pcm", realised_by=devices)
    net.connect(a, a, sp.AllToAll(), sp.GapJunction(weight=0.01, delay=0.0), name="gap")
    net.connect(graded, a, sp.OneToOne(), sp.ExponentialCurrent(), name="up/down")
    said = refused(net, tmp_path)
    for what in (
        "projection 'a->b': plasticity (AdditiveSTDP)",
        "a probe of the projection 'a->b'",
        "projection 'pcm': a crossbar of devices",
        "projection 'gap': GapJunction, which joins potentials",
        "projection 'up/down': a name with '/'",
        "projection 'up/down': spikes of 'graded' that carry values",
    ):
        assert what in said


def test_models(tmp_path: Path) -> None:
    """Models and receptors without template, schemes, fixed point, places, starts."""
    net = sp.Network()
    one = {n: net.add(sp.Population(n, 2, m)) for n, m in (
        ("own", sp.NeuronModel("dv/dt = -v/(10*ms) : mV", threshold="v > 1*mV", reset="v = 0*mV")),
        ("like", sp.NeuronModel("dv/dt = -v/(10*ms) : mV", threshold="v > 1*mV", name="LIF")),
        ("mat", sp.MAT2()),
        ("rk4", sp.LIF(method="rk4")),
        ("fixed", sp.LIF(state_format=sp.FixedPoint(16, 8))),
        ("nmda", sp.LIF()),
        ("two", sp.LIF()),
        ("three", sp.LIF()),
        ("squid", sp.HodgkinHuxley()),
        ("started", sp.LIF()),
        ("adex", sp.AdEx()),
    )}  # fmt: skip
    src = net.add(sp.Population("src", 2, sp.SpikeSource()))
    for name, synapse in (
        ("nmda", sp.NMDA()),
        ("two", sp.ExponentialCurrent()),
        ("two", sp.Delta()),
        ("three", sp.ExponentialCurrent(tau_syn=1.0)),
        ("three", sp.ExponentialCurrent(tau_syn=2.0)),
        ("three", sp.ExponentialCurrent(tau_syn=3.0)),
        ("started", sp.ExponentialCurrent(i=0.5)),
        ("adex", sp.ExponentialCurrent()),
    ):
        net.connect(src, one[name], sp.AllToAll(), synapse, name=f"{name}{len(net.projections)}")
    net.connect(one["adex"], src, sp.OneToOne(), sp.Delta(), name="back")
    said = refused(net, tmp_path)
    for what in (
        "population 'own': the model NeuronModel",
        "population 'like': the model LIF",
        "population 'mat': the model MAT2",
        "population 'rk4': method='rk4'",
        "population 'fixed': states rounded to fixed point",
        "projection 'nmda0': the synapse NMDA",
        "population 'two': receptors of several kinds, Delta, ExponentialCurrent",
        "population 'three': 3 receptors",
        "projection 'started6': i of ExponentialCurrent at the start",
        "population 'adex': AdEx with ExponentialCurrent, for which pynn has no template",
        "population 'squid': HodgkinHuxley, for which pynn has no template",
        "projection 'back': ends at the source 'src'",
    ):
        assert what in said, what


def test_inputs_and_places(tmp_path: Path) -> None:
    """Drives into neurons, currents that differ, probes of receptors, space that repeats."""
    net = sp.Network()
    grid = sp.Grid((2, 2), 10.0, periodic=True)
    a = net.add(sp.Population("a", 4, sp.LIF(), positions=grid))
    b = net.add(sp.Population("b", 4, sp.Izhikevich2004()))
    src = net.add(sp.Population("src", 2, sp.SpikeSource()))
    net.drive(a, sp.Poisson(10.0, weight=0.1), name="noise")
    net.drive(a, sp.SpikeTrains([5.0], [0], weight=0.1), name="trains")
    net.drive(a, sp.ConstantCurrent(np.arange(4.0)), name="ramp")
    net.drive(src, sp.SpikeTrains([5.0], [0], [1]), name="trials")
    net.drive(src, sp.SpikeTrains([5.0], [0]), name="$HOME")
    net.connect(src, a, sp.AllToAll(), sp.ExponentialCurrent())
    net.record(a, "ExponentialCurrent.i")
    net.record(b, "u")
    assert "drive '$HOME': a name with '$'" in refused(net, tmp_path)
    del net.drives["$HOME"]
    said = refused(net, tmp_path)
    for what in (
        "population 'a': positions in a space that repeats",
        "population 'b': the model Izhikevich2004",
        "drive 'noise': Poisson into the neurons of 'a'",
        "drive 'trains': SpikeTrains into the neurons of 'a'",
        "drive 'ramp': a current that differs from neuron to neuron",
        "random spikes of src",
        "the recorded variable 'ExponentialCurrent.i' of 'a'",
    ):
        assert what in said, what


def test_settings(tmp_path: Path) -> None:
    """Targets, times, and folders that hold something else."""
    net = sp.Network()
    assert "no population" in refused(net, tmp_path)
    net.add(sp.Population("a", 1, sp.LIF()))
    with pytest.raises(UnknownNameError, match="neuron"):
        sonata.write(net, tmp_path / "net", target="neuron")
    for wrong in ({"dt": 0.0}, {"duration": float("inf")}, {"dt": "x"}, {"duration": True}):
        refused(net, tmp_path, **wrong)
    with pytest.raises(FileNotFoundError):
        sonata.write(net, tmp_path / "no" / "net")
    sonata.write(net, tmp_path / "net")
    with pytest.raises(ValidationError, match="overwrite=True"):
        sonata.write(net, tmp_path / "net")
    net.add(sp.Population("b", 1, sp.LIF()))
    path = sonata.write(net, tmp_path / "net", overwrite=True)
    assert set(sonata.read(path).network.populations) == {"a", "b"}
    (tmp_path / "net" / "thesis.tex").write_text("mine")
    with pytest.raises(ValidationError, match="and no others"):
        sonata.write(net, tmp_path / "net", overwrite=True)
    assert (tmp_path / "net" / "thesis.tex").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the middle leaves what was there."""
    from spikestack.formats.sonata import writing

    net = sp.Network()
    net.add(sp.Population("a", 1, sp.LIF()))
    path = sonata.write(net, tmp_path / "net")
    before = {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(writing, "_dump", full)
    with pytest.raises(OSError, match="no space"):
        sonata.write(net, tmp_path / "net", overwrite=True)
    assert {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_without_hdf5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named, and nothing is made."""
    net = sp.Network()
    net.add(sp.Population("a", 1, sp.LIF()))
    path = sonata.write(net, tmp_path / "net")
    monkeypatch.setitem(sys.modules, "h5py", None)
    for call in (
        lambda: sonata.write(net, tmp_path / "other"),
        lambda: sonata.read(path),
        lambda: sonata.read_spikes(path),
        lambda: sonata.read_report(path),
    ):
        with pytest.raises(MissingExtraError, match=r"spikestack\[hdf5\]"):
            call()
    assert [p.name for p in tmp_path.iterdir()] == ["net"]
