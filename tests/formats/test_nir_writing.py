"""Networks written as NIR graphs: the same spikes when read again, refusals, whole or no files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import FileFormatError, UnknownNameError, ValidationError
from spikestack.formats.nir import to_graph

pytest.importorskip("h5py")
nir = pytest.importorskip("nir")
read, write = sp.formats.nir.read, sp.formats.nir.write
STEPS = 100


def network(
    model: Callable[[], Any], synapse: type, gain: float, delay: float = 0.0, loop: float = 1.0
) -> sp.Network:
    """20 inputs, 10 neurons, and 5 that feed back on each other."""
    rng, net = np.random.default_rng(1), sp.Network()
    given = net.add(sp.Population("given", 20, sp.SpikeSource()))
    net.drive(given, sp.ExternalSpikes(weight=1.0, most=1), name="given")
    hidden, last = (net.add(sp.Population(n, k, model())) for n, k in (("hidden", 10), ("last", 5)))
    for pre, post in ((given, hidden), (hidden, last)):
        weights = gain * rng.normal(size=(pre.size, post.size))
        net.connect(pre, post, sp.Dense(weights), synapse(weight=1.0, delay=delay))
    weights = 0.3 * gain * rng.normal(size=(5, 5))
    net.connect(last, last, sp.Dense(weights), synapse(weight=1.0, delay=loop))
    return net


def spikes(net: sp.Network, x: np.ndarray, dt: float) -> dict[str, np.ndarray]:
    """What our own description does, step by step."""
    if not net.frozen:
        for name in ("hidden", "last"):
            net.record(net[name], "spikes")
    simulation = sp.Simulation(net, dt=dt, on="reference", precision="float64")
    when, ids = np.nonzero(x)
    simulation.inject("given", ids, (when + 1.0) * dt)
    simulation.forward(len(x))
    recording, made = simulation.recording(), {}
    for name in ("hidden", "last"):
        made[name] = np.zeros((len(x), net[name].size))
        made[name][np.rint(recording[name].times / dt).astype(int) - 1, recording[name].ids] = 1
    return made


def given(seed: int = 2) -> np.ndarray:
    return (np.random.default_rng(seed).random((STEPS, 20)) < 0.2) * 1.0


def plain_lif(**more: Any) -> sp.LIF:
    """In units of the threshold, as other tools have it."""
    return sp.LIF(**{"tau_refrac": 0, "v_rest": 0, "v_reset": 0, "v_thresh": 1.0, "v": 0.0} | more)


CELLS: dict[str, tuple[Callable[[], Any], type, float, float]] = {
    "DiscreteLIF": (lambda: sp.DiscreteLIF(beta=0.8), sp.Delta, 0.6, 1.0),
    "DiscreteLIF of several betas": (
        lambda: sp.DiscreteLIF(theta=0.7), sp.Delta, 0.6, 1.0,
    ),
    "IntegrateAndFire": (lambda: sp.IntegrateAndFire(drive=0.1), sp.Delta, 0.6, 1.0),
    "LIF": (lambda: sp.LIF(tau_refrac=0.0), sp.Delta, 8.0, 0.5),
    "LIF with a current": (lambda: sp.LIF(tau_refrac=0.0, i_offset=0.5), sp.Delta, 8.0, 1.0),
    "LIF, exponential": (
        lambda: sp.LIF(tau_refrac=0.0, tau_m=12.0), sp.ExponentialCurrent, 4.0, 0.5,
    ),
    "LIF, equal constants": (
        lambda: sp.LIF(tau_refrac=0.0, tau_m=5.0), sp.ExponentialCurrent, 4.0, 0.5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("late", [0, 3])
@pytest.mark.parametrize("name", CELLS)
def test_the_same_spikes_when_read_again(name: str, late: int, tmp_path: Path) -> None:
    model, synapse, gain, dt = CELLS[name]
    net = network(model, synapse, gain, late * dt, dt)
    wanted = spikes(net, given(), dt)
    assert min(s.sum() for s in wanted.values()) > 0
    again = read(write(net, tmp_path / "net.nir", dt=dt))
    assert again.dt == dt
    run = again.run(given(), on="reference")
    for population, sent in wanted.items():
        assert np.array_equal(run[population], sent), population
    nir.read(tmp_path / "net.nir")


@pytest.mark.parametrize("name", CELLS)
def test_what_was_read_is_written_as_it_was(name: str, tmp_path: Path) -> None:
    model, synapse, gain, dt = CELLS[name]
    first = write(network(model, synapse, gain, 2 * dt, dt), tmp_path / "a.nir", dt=dt)
    second = write(read(first), tmp_path / "b.nir")
    one, two = nir.read(first), nir.read(second)
    assert sorted(one.edges) == sorted(two.edges)
    assert one.metadata == two.metadata
    for node in one.nodes:
        a, b = one.nodes[node].to_dict(), two.nodes[node].to_dict()
        assert a.keys() == b.keys()
        for key in a:
            assert np.array_equal(a[key], b[key]), (node, key)
    assert read(second).network.fingerprint == read(first).network.fingerprint


TOOLS = {
    "snntorch": plain_lif, "norse": plain_lif, "spikingjelly": plain_lif,
    "sinabs": lambda: sp.DiscreteLIF(beta=0.8), "": lambda: sp.DiscreteLIF(beta=0.8),
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_for_a_tool_its_steps_are_those_of_the_network(tool: str, tmp_path: Path) -> None:
    """In single precision, ties included: what fires at the threshold fires just above less."""
    net = network(TOOLS[tool], sp.Delta, 0.6)
    wanted = spikes(net, given(), 1.0)
    model = read(write(net, tmp_path / "net.nir", dt=1.0, dialect=tool))
    assert model.dialect.name == tool
    run = model.run(given(), on="reference")
    for population, sent in wanted.items():
        assert np.array_equal(run[population], sent), population


def test_a_threshold_that_is_met_exactly(tmp_path: Path) -> None:
    net = sp.Network()
    source = net.add(sp.Population("given", 1, sp.SpikeSource()))
    net.drive(source, sp.ExternalSpikes(weight=1.0, most=1), name="given")
    cell = net.add(sp.Population("cell", 1, plain_lif(tau_m=1e9)))
    net.connect(source, cell, sp.OneToOne(), sp.Delta(weight=1.0, delay=0.0))
    for tool in ("", "norse", None):
        model = read(write(net, tmp_path / "net.nir", dt=1.0, dialect=tool))
        assert model.run(np.ones((4, 1)), on="reference").output.sum() == 4


def image_network() -> sp.Network:
    """Convolution with a pooled source, pooling, a matrix; constant drives on both."""
    rng, net = np.random.default_rng(4), sp.Network()
    source = net.add(sp.Population("given", (2, 9, 8), sp.SpikeSource()))
    net.drive(source, sp.ExternalSpikes(weight=1.0, most=1), name="given")
    first = sp.Convolution(rng.normal(size=(4, 1, 3, 2)), 1, (1, 0), groups=2, pool=2)
    a = net.add(sp.Population("a", first.target_shape((2, 9, 8)), sp.IntegrateAndFire(drive=0.1)))
    net.connect(source, a, first, sp.Delta(weight=0.5, delay=0.0))
    pool = sp.Pooling((2, 2), (2, 1))
    b = net.add(sp.Population("b", pool.target_shape(a.shape), sp.IntegrateAndFire()))
    net.connect(a, b, pool, sp.Delta(weight=0.3, delay=0.0))
    c = net.add(sp.Population("c", 3, sp.IntegrateAndFire(drive=np.array([0.0, 0.1, -0.1]))))
    net.connect(b, c, sp.Dense(0.3 * rng.normal(size=(b.size, 3))), sp.Delta(weight=1.0, delay=0.0))
    return net


def test_images(tmp_path: Path) -> None:
    net = image_network()
    for name in "abc":
        net.record(net[name], "spikes")
    x = (np.random.default_rng(6).random((60, 2, 9, 8)) < 0.3) * 1.0
    simulation = sp.Simulation(net, dt=1.0, on="reference", precision="float64")
    when, ids = np.nonzero(x.reshape(60, -1))
    simulation.inject("given", ids, when + 1.0)
    simulation.forward(60)
    recording = simulation.recording()
    model = read(write(net, tmp_path / "net.nir", dt=1.0))
    kinds = {node.type for node in model.graph.nodes.values()}
    assert {"Conv2d", "AvgPool2d", "SumPool2d", "Scale", "Flatten", "Affine", "IF"} <= kinds
    run = model.run(x, on="reference")
    for name in "abc":
        sent = np.zeros((60, net[name].size))
        sent[np.rint(recording[name].times).astype(int) - 1, recording[name].ids] = 1
        assert sent.sum() > 10
        assert np.array_equal(run[name].reshape(60, -1), sent), name


def test_any_rule_and_parts_of_populations(tmp_path: Path) -> None:
    net = sp.Network(seed=3)
    source = net.add(sp.Population("given", 20, sp.SpikeSource()))
    net.drive(source, sp.ExternalSpikes(weight=1.0, most=1), name="given")
    hidden = net.add(sp.Population("hidden", 10, plain_lif()))
    last = net.add(sp.Population("last", 5, plain_lif()))
    some = sp.FixedProbability(0.5)
    net.connect(source[2:], hidden[::2], some, sp.Delta(weight=sp.Normal(0.2, 0.2), delay=0.0))
    listed = sp.FromArrays([0, 0, 3], [1, 1, 3])
    net.connect(source, hidden, listed, sp.Delta(weight=0.6, delay=0.0), name="arrays")
    net.connect(hidden, last, sp.FixedInDegree(4), sp.Delta(weight=0.4, delay=2.0))
    wanted = spikes(net, given(), 1.0)
    assert min(s.sum() for s in wanted.values()) > 0
    run = read(write(net, tmp_path / "net.nir", dt=1.0)).run(given(), on="reference")
    for name, sent in wanted.items():
        assert np.array_equal(run[name], sent), name


def test_a_drive_on_neurons_is_an_input_with_weights(tmp_path: Path) -> None:
    net = sp.Network()
    cells = net.add(sp.Population("cells", 4, sp.DiscreteLIF(beta=0.5)))
    net.drive(cells[1:3], sp.ExternalSpikes(weight=0.6, most=1), name="touch")
    model = read(write(net, tmp_path / "net.nir", dt=1.0))
    assert model.inputs == {"touch": (2,)}
    got = model.run(np.ones((4, 2)), on="reference").output
    assert got.sum(0).tolist() == [0, 1, 1, 0]


def learning() -> sp.Network:
    """Full of what NIR has no nodes for."""
    net = network(sp.AdEx, sp.ExponentialCurrent, 1.0)
    net.add(sp.Population("tired", 3, sp.LIF(tau_refrac=2.0)))
    net.drive(net["tired"], sp.Poisson(10.0, weight=1.0), name="noise")
    tired, every = net["tired"], sp.AllToAll()
    net.connect(net["hidden"], tired, every, sp.ExponentialConductance(weight=0.01))
    learned = sp.ExponentialCurrent(weight=0.1, delay=1.0)
    net.connect(tired, tired, every, learned, plasticity=sp.AdditiveSTDP())
    return net


def test_all_offenders_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        write(learning(), tmp_path / "net.nir", dt=1.0)
    told = str(caught.value)
    for word in ("'hidden'", "'last'", "AdEx", "tau_refrac", "noise", "Poisson", "plastic"):
        assert word in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [learning, image_network])
def test_metadata_keep_what_nodes_cannot(make: Callable[[], sp.Network], tmp_path: Path) -> None:
    net = make()
    path = write(net, tmp_path / "net.nir", dt=1.0, metadata=True)
    model = read(path)
    assert model.network.fingerprint == net.fingerprint
    assert model.network.save(tmp_path / "a").read_bytes() == net.save(tmp_path / "b").read_bytes()
    aside = model.graph.metadata["spikestack/aside"]
    assert ("plastic" in aside) == (make is learning)


def test_kept_descriptions_run(tmp_path: Path) -> None:
    net = network(lambda: plain_lif(tau_refrac=2.0), sp.Delta, 0.6, 1.0)
    wanted = spikes(net, given(), 1.0)
    model = read(write(net, tmp_path / "net.nir", dt=1.0, metadata=True))
    assert np.array_equal(model.run(given(), on="reference").output, wanted["last"])


def test_a_kept_description_of_another_graph_is_refused(tmp_path: Path) -> None:
    write(network(plain_lif, sp.Delta, 0.6), tmp_path / "net.nir", dt=1.0, metadata=True)
    graph = nir.read(tmp_path / "net.nir")
    next(n for n in graph.nodes.values() if isinstance(n, nir.Linear)).weight[0, 0] += 1
    nir.write(tmp_path / "net.nir", graph)
    with pytest.raises(ValidationError, match="changed"):
        read(tmp_path / "net.nir")
    assert "hidden" in read(tmp_path / "net.nir", metadata=False).network.populations
    graph.metadata["spikestack/description"] = "{'"
    with pytest.raises(FileFormatError, match="damaged"):
        read(graph)


def test_what_training_learned_is_written(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    weights = np.random.default_rng(8).normal(size=(3, 4))
    nodes = {
        "in": nir.Input(np.array([4])), "w": nir.Linear(weights), "out": nir.Output(np.array([3])),
        "lif": nir.LIF(*(np.full(3, v) for v in (0.02, 20.0, 0.0, 1.0))),
    }  # fmt: skip
    model = read(nir.NIRGraph(nodes, [("in", "w"), ("w", "lif"), ("lif", "out")]), dialect="norse")
    module = model.network.compile("torch", dt=model.dt)
    for weight in module.weights.values():
        weight.data += 0.5
    path = write(module.trained(), tmp_path / "net.nir", dt=model.dt)
    assert read(path).dialect.name == "norse"
    found = next(n for n in nir.read(path).nodes.values() if isinstance(n, nir.Linear)).weight
    assert np.allclose(found, weights + 0.5, atol=1e-6)


def test_settings_are_checked(tmp_path: Path) -> None:
    net = network(plain_lif, sp.Delta, 0.6)
    for settings, kind in (
        ({}, ValidationError), ({"dt": -1}, ValidationError),
        ({"dt": 1.0, "dialect": "no"}, UnknownNameError),
        ({"dt": 1.0, "outputs": ["no"]}, UnknownNameError),
        ({"dt": 1.0, "precision": "f2"}, UnknownNameError),
        ({"dt": 1.0, "dialect": "spyx"}, UnknownNameError),
        ({"dt": 1.0, "dialect": "sinabs"}, ValidationError),
    ):  # fmt: skip
        with pytest.raises(kind):
            write(net, tmp_path / "net.nir", **settings)
    with pytest.raises(FileNotFoundError):
        write(net, tmp_path / "none" / "net.nir", dt=1.0)
    with pytest.raises(ValidationError):
        write("net", tmp_path / "net.nir", dt=1.0)
    assert list(tmp_path.iterdir()) == []
    assert not net.frozen
    both = to_graph(net, dt=1.0, outputs=["hidden", "last"])
    assert sorted(both.named(("Output",))) == ["hidden_output", "last_output"]


def test_a_file_that_is_there_stays_if_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(network(plain_lif, sp.Delta, 0.6), tmp_path / "net.nir", dt=1.0)
    before = path.read_bytes()

    def fails(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="space"):
        write(network(plain_lif, sp.Delta, 0.7), path, dt=1.0)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["net.nir"]
