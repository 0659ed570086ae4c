"""SONATA and others: PyNN's exporter and importer, NEST's spikes, and libsonata."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp

from .sonata_networks import DURATION, EXACT

pytest.importorskip("h5py")
sonata = sp.formats.sonata
VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "sonata"
TRAINS = [[5.0, 20.0], [7.0], [9.0, 30.0], [11.0]]


def spikes_of(archive: Any, name: str, duration: float) -> list[tuple[int, int]]:
    """Neurons and steps, sorted, up to the end of the run."""
    times, ids = archive[f"{name}_times"], archive[f"{name}_ids"]
    steps = np.rint(times / 0.1).astype(int)
    inside = steps <= round(duration / 0.1)
    return sorted(zip(ids[inside].tolist(), steps[inside].tolist()))


def ours(recording: sp.Recording, name: str) -> list[tuple[int, int]]:
    """The same of a recording."""
    return sorted(zip(recording[name].ids.tolist(), recording[name].steps.tolist()))


def test_what_pynn_exported() -> None:
    """A file of PyNN's exporter; NEST, told by PyNN on its grid, fired at the very same steps."""
    circuit = sonata.read_circuit(
        VECTORS / "exported" / "circuit_config.json", manifest={"$BASE_DIR": "."}
    )
    net = circuit.network
    assert {n: p.size for n, p in net.populations.items()} == {"exc": 20, "inh": 5, "src": 4}
    assert circuit.node_ids("exc").tolist() == list(range(3, 23))
    net.drive(net["src"], sp.SpikeTrains(TRAINS))
    for name in ("exc", "inh"):
        net.record(net[name], "spikes")
    recording = net.run(DURATION, precision="float64", progress=False)
    with np.load(VECTORS / "exported_spikes.npz") as theirs:
        for name in ("exc", "inh"):
            expected = spikes_of(theirs, name, DURATION)
            assert len(expected) >= 5
            assert ours(recording, name) == expected


def test_paths_of_pynn() -> None:
    """PyNN names its files as seen from where it ran; what to do is said."""
    with pytest.raises(FileNotFoundError, match="manifest="):
        sonata.read(VECTORS / "exported" / "circuit_config.json")


def test_what_nest_makes_of_ours() -> None:
    """Files with templates of NEST's: exact on the grid, close where NEST integrates finer."""
    found = sonata.read(VECTORS / "written" / "simulation_config.json")
    recording = found.run(precision="float64", progress=False)
    with np.load(VECTORS / "written_spikes.npz") as theirs:
        for name in (*EXACT, "cond", "cond_alpha"):
            expected = spikes_of(theirs, name, DURATION)
            assert len(expected) > 10
            assert ours(recording, name) == expected, name
        adex, mine = spikes_of(theirs, "adex", DURATION), ours(recording, "adex")
        assert [i for i, _ in adex] == [i for i, _ in mine]
        assert max(abs(a - b) for (_, a), (_, b) in zip(adex, mine)) <= 6
        for name in ("squid", "traub"):
            assert abs(len(spikes_of(theirs, name, DURATION)) - len(ours(recording, name))) <= 2


def test_the_file_that_nest_read() -> None:
    """The folder asked about is the one that is written today, but for its seed of nothing."""
    from .sonata_networks import many_models

    read = sonata.read(VECTORS / "written" / "simulation_config.json").network
    net = many_models()
    for name, projection in net.projections.items():
        np.testing.assert_array_equal(read.projections[name].rule.pre, projection.rule.pre)
        weight = read.projections[name].synapse.weight
        np.testing.assert_allclose(weight, projection.synapse.weight, rtol=1e-15)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with PyNN's templates, and the output of a run."""
    rng = np.random.default_rng(1)
    net = sp.Network(seed=7)
    place = rng.uniform(0, 100, (20, 3))
    exc = sp.Population("exc", 20, sp.LIF(tau_m=rng.uniform(10, 20, 20), i_offset=0.9), place)
    a, b = net.add(exc), net.add(sp.Population("inh", 5, sp.LIF(v_rest=-70.0, i_offset=1.5)))
    src = net.add(sp.Population("src", 4, sp.SpikeSource()))
    net.drive(src, sp.SpikeTrains(TRAINS), name="src")
    pre, post = rng.integers(0, 20, 60), rng.integers(0, 5, 60)
    weights, delays = rng.uniform(0.1, 1, 60), rng.integers(1, 30, 60) * 0.1
    synapse = sp.ExponentialCurrent(weight=weights, delay=delays, tau_syn=3.0)
    net.connect(a, b, sp.FromArrays(pre, post), synapse, name="e2i")
    mixed = sp.ExponentialCurrent(weight=weights - 0.5, delay=delays)
    net.connect(b, a, sp.FromArrays(post, pre), mixed, name="mixed")
    net.connect(src, b, sp.AllToAll(), sp.ExponentialCurrent(weight=0.5, tau_syn=3.0), name="in")
    net.record(a[[1, 3]], "v", interval=0.5)
    folder = tmp_path_factory.mktemp("sonata") / "net"
    simulation = sonata.read(sonata.write(net, folder, duration=100.0))
    simulation.write_output(simulation.run(progress=False), folder / "output")
    return folder


def test_libsonata_nodes_and_edges(written: Path) -> None:
    """Names, ids, attributes, and both indices."""
    libsonata = pytest.importorskip("libsonata")
    simulation = sonata.read(written / "simulation_config.json")
    nodes = libsonata.NodeStorage(str(written / "nodes.h5"))
    assert nodes.population_names == {"exc", "inh"}
    exc = nodes.open_population("exc")
    every = exc.select_all()
    np.testing.assert_array_equal(
        exc.get_dynamics_attribute("tau_m", every), simulation.network["exc"].model.values["tau_m"]
    )
    at = simulation.network.positions("exc")
    for k, axis in enumerate("xyz"):
        np.testing.assert_array_equal(exc.get_attribute(axis, every), at[:, k])
    edges = libsonata.EdgeStorage(str(written / "edges.h5"))
    assert edges.population_names == {"e2i", "mixed", "in"}
    found = edges.open_population("e2i")
    assert (found.source, found.target, found.size) == ("exc", "inh", 60)
    projection = simulation.network.projections["e2i"]
    every = found.select_all()
    np.testing.assert_array_equal(found.source_nodes(every), projection.rule.pre)
    np.testing.assert_array_equal(found.target_nodes(every), projection.rule.post)
    weights = found.get_attribute("syn_weight", every)
    np.testing.assert_array_equal(weights, projection.synapse.weight)
    for node in range(20):
        expected = np.flatnonzero(projection.rule.pre == node)
        np.testing.assert_array_equal(np.sort(found.efferent_edges([node]).flatten()), expected)
    for node in range(5):
        expected = np.flatnonzero(projection.rule.post == node)
        np.testing.assert_array_equal(np.sort(found.afferent_edges([node]).flatten()), expected)


def test_libsonata_results(written: Path) -> None:
    """Spikes, reports and node sets."""
    libsonata = pytest.importorskip("libsonata")
    recording = sonata.read_spikes(written / "output" / "spikes.h5")
    spikes = libsonata.SpikeReader(str(written / "output" / "spikes.h5"))
    assert set(spikes.get_population_names()) == {"exc", "inh"}
    assert len(recording["exc"]) > 20
    assert spikes["exc"].sorting == "by_time"
    expected = list(zip(recording["exc"].ids.tolist(), recording["exc"].times.tolist()))
    assert spikes["exc"].get() == expected
    report = libsonata.SomaReportReader(str(written / "output" / "exc_v.h5"))["exc"]
    trace = sonata.read_report(written / "output" / "exc_v.h5")["exc", "v"]
    frame = report.get()
    assert report.data_units == "mV" and report.time_units == "ms"
    assert report.get_node_ids() == [1, 3]
    np.testing.assert_allclose(frame.times, trace.times, atol=1e-9)
    np.testing.assert_array_equal(frame.data, trace.values[0])
    sets = libsonata.NodeSets.from_file(str(written / "node_sets.json"))
    nodes = libsonata.NodeStorage(str(written / "nodes.h5")).open_population("exc")
    assert sets.materialize("exc_v", nodes).flatten().tolist() == [1, 3]


@pytest.mark.filterwarnings("ignore")
def test_pynn_imports_ours(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters, edges, weights and delays in PyNN, one projection for each receptor."""
    sim = pytest.importorskip("pyNN.mock")
    from pyNN.serialization import import_from_sonata

    monkeypatch.chdir(written)
    sim.setup()
    net = import_from_sonata("circuit_config.json", sim)
    cells = {a.label: a.populations[0] for a in net.assemblies}
    simulation = sonata.read("simulation_config.json")
    assert cells["exc"].celltype.__class__.__name__ == "IF_curr_exp"
    assert cells["src"].celltype.__class__.__name__ == "SpikeSourceArray"
    for name, key in (("exc", "tau_m"), ("inh", "v_rest"), ("inh", "i_offset")):
        value = simulation.network[name].model.values[key]
        np.testing.assert_array_equal(cells[name].get(key), value)
    joined = {p.label: p for p in net.projections}
    assert set(joined) == {"e2i-0", "mixed-0", "mixed-1", "in-0"}
    assert {joined[f"mixed-{k}"].receptor_type for k in (0, 1)} == {"excitatory", "inhibitory"}
    for name in ("e2i", "mixed"):
        parts = [p for label, p in joined.items() if label.startswith(name)]
        rows = [r for p in parts for r in p.get(["weight", "delay"], format="list")]
        projection = simulation.network.projections[name]
        rule, synapse = projection.rule, projection.synapse
        expected = zip(rule.pre, rule.post, synapse.weight, synapse.delay)
        np.testing.assert_allclose(np.array(sorted(map(tuple, rows))), np.array(sorted(expected)))


@pytest.mark.filterwarnings("ignore")
def test_pynn_exports_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter of the PyNN that is installed: three kinds of cells, in PyNN's own units."""
    sim = pytest.importorskip("pyNN.mock")
    from pyNN.network import Network
    from pyNN.serialization import export_to_sonata

    sim.setup()
    eif = sim.Population(
        3, sim.EIF_cond_exp_isfa_ista(a=[2.0, 3.0, 4.0], tau_m=10.0, cm=0.2), label="eif"
    )
    izhikevich = sim.Population(2, sim.Izhikevich(d=6.0, i_offset=0.014), label="iz")
    hodgkin = sim.Population(2, sim.HH_cond_exp(gbar_Na=18.0), label="hh")
    joined = sim.Projection(
        eif,
        hodgkin,
        sim.FromListConnector([(0, 1, 0.02, 1.5), (2, 0, 0.03, 0.5)]),
        sim.StaticSynapse(),
        receptor_type="inhibitory",
        label="join",
    )
    monkeypatch.chdir(tmp_path)
    export_to_sonata(Network(eif, izhikevich, hodgkin, joined), "out")
    net = sonata.read("out/circuit_config.json", manifest={"$BASE_DIR": "."})
    values = net["eif"].model.values
    assert values["a"] == pytest.approx([0.002, 0.003, 0.004])
    assert values["gl"] == pytest.approx(0.02)
    assert (net["iz"].model.values["d"], net["iz"].model.values["gain"]) == (6.0, 1000.0)
    assert net["hh"].model.values["g_na"] == 18.0
    assert net["hh"].model.initial_values["h"] == 1.0
    (projection,) = net.projections.values()
    assert projection.synapse.values == {"tau_syn": 2.0, "e_rev": -80.0}
    assert sorted(zip(projection.rule.pre, projection.rule.post)) == [(0, 1), (2, 0)]
    assert sorted(projection.synapse.weight) == [0.02, 0.03]
    net.run(5.0, progress=False)


def test_written_folder_moves(written: Path, tmp_path: Path) -> None:
    """Paths are seen from the files: a folder may be moved."""
    shutil.copytree(written, tmp_path / "elsewhere")
    a, b = (sonata.read(f / "simulation_config.json") for f in (written, tmp_path / "elsewhere"))
    assert a.network.fingerprint == b.network.fingerprint
