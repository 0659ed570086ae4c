"""SONATA: files as others write them, by hand: groups, overrides, ids, node sets, inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import FileFormatError, UnknownNameError, ValidationError

h5py = pytest.importorskip("h5py")
sonata = sp.formats.sonata

NODE_TYPES = """\
node_type_id  population model_type   model_template    dynamics_params ei  layer
10            v1         point_neuron nest:iaf_psc_exp  fast.json       e   "L 4"
11            v1         point_neuron nest:iaf_psc_exp  NULL            i   L5
12            v1         point_neuron nest:iaf_psc_delta NULL           i   L5
7             lgn        virtual      NULL              NULL            e   NULL
"""
EDGE_TYPES = """\
edge_type_id population model_template syn_weight delay
1 v1_v1 nest:static_synapse 100.0 1.5
2 v1_v1 nest:static_synapse -40.0 2.0
3 lgn_v1 nest:static_synapse 300.0 1.0
"""
SETS = {
    "e": {"ei": "e"},
    "v1_e": {"ei": "e", "population": "v1"},
    "some": {"population": "v1", "node_id": [100, 104, 999]},
    "deep": {"depth": [1.0, 3], "population": "v1"},
    "both": ["some", "deep"],
    "all": ["both", "lgn"],
    "round": ["about"],
    "about": ["round"],
    "none": {"colour": "red"},
}


def make(folder: Path) -> Path:
    """A circuit and a simulation of six neurons of two models in two groups, and two sources."""
    (folder / "net").mkdir(parents=True)
    (folder / "net" / "node_types.csv").write_text(NODE_TYPES)
    (folder / "net" / "edge_types.csv").write_text(EDGE_TYPES)
    (folder / "net" / "fast.json").write_text(json.dumps({"tau_m": 5.0, "C_m": 200, "V_th": -52.0}))
    with h5py.File(folder / "net" / "nodes.h5", "w") as data:
        data.attrs["magic"] = np.uint32(0x0A7A)
        v1 = data.create_group("nodes/v1")
        v1["node_id"] = np.array([100, 101, 102, 103, 104, 105], np.uint32)
        v1["node_type_id"] = [10, 10, 11, 12, 11, 10]
        v1["node_group_id"] = [0, 0, 1, 1, 0, 0]
        v1["node_group_index"] = [3, 1, 0, 1, 2, 0]
        v1["0/dynamics_params/tau_m"] = [50.0, 51.0, 52.0, 53.0]
        v1["0/x"] = [0.0, 1.0, 2.0, 3.0]
        v1["1/x"] = [10.0, 11.0]
        v1["0/depth"] = np.array([0, 1, 2, 3], np.int32)
        v1["1/I_e"] = [7.0, 0.0]
        data["nodes/lgn/node_type_id"] = np.array([7, 7])
    with h5py.File(folder / "net" / "edges.h5", "w") as data:
        edges(data, "v1_v1", "v1", "v1", [100, 105, 102, 103], [102, 103, 100, 101], [1, 1, 2, 2])
        edges(data, "lgn_v1", "lgn", "v1", [0, 1, 1], [100, 103, 104], [3, 3, 3])
        data["edges/lgn_v1/0/syn_weight"] = [400.0, 20.0, -30.0]
    with h5py.File(folder / "spikes.h5", "w") as data:
        data["spikes/lgn/timestamps"] = [5.0, 12.5, 90.0]
        data["spikes/lgn/node_ids"] = np.array([1, 0, 0], np.uint64)
    (folder / "sets.json").write_text(json.dumps(SETS))
    dump(folder / "circuit.json", circuit())
    dump(folder / "simulation.json", simulation())
    return folder


def edges(
    data: Any, name: str, source: str, target: str, pre: list[int], post: list[int], types: Any
) -> None:
    """A population of edges in one group."""
    group = data.create_group(f"edges/{name}")
    for side, ids, population in (("source", pre, source), ("target", post, target)):
        group[f"{side}_node_id"] = np.array(ids)
        group[f"{side}_node_id"].attrs["node_population"] = population
    group["edge_type_id"] = np.array(types)
    group["edge_group_id"] = np.zeros(len(pre), int)
    group["edge_group_index"] = np.arange(len(pre))
    group.create_group("0")


def circuit() -> dict[str, Any]:
    """Variables in variables, and folders of components."""
    return {
        "manifest": {"$TOP": "${configdir}/.", "$NET": "$TOP/net", "$PARTS": "${NET}"},
        "components": {"point_neuron_models_dir": "$PARTS"},
        "networks": {
            "nodes": [{"nodes_file": "$NET/nodes.h5", "node_types_file": "$NET/node_types.csv"}],
            "edges": [
                {"edges_file": "$NET/edges.h5", "edge_types_file": "$NET/edge_types.csv"},
                {"edges_file": "nowhere.h5", "edge_types_file": "no.csv", "enabled": False},
            ],
        },
    }


def simulation() -> dict[str, Any]:
    """Spikes, two currents, a report, and sections that nobody knows."""
    return {
        "network": "./circuit.json",
        "run": {"tstop": 60.0, "dt": 0.1, "random_seed": 5, "nsteps_block": 100},
        "node_sets_file": "sets.json",
        "conditions": {"v_init": -80},
        "inputs": {
            "trains": {
                "input_type": "spikes",
                "module": "h5",
                "input_file": "spikes.h5",
                "node_set": "lgn",
            },
            "pulse": {
                "input_type": "current_clamp",
                "module": "IClamp",
                "node_set": "some",
                "amp": 0.4,
                "delay": 10.0,
                "duration": 20.0,
            },
            "always": {
                "input_type": "current_clamp",
                "module": "IClamp",
                "node_set": "v1_e",
                "amp": [0.2],
                "delay": [0.0],
                "duration": [1000.0],
            },
        },
        "reports": {
            "potential": {
                "cells": "both",
                "variable_name": "V_m",
                "module": "membrane_report",
                "sections": "soma",
                "start_time": 20.0,
                "end_time": 40.0,
                "dt": 0.5,
            }
        },
        "output": {"output_dir": "out", "spikes_file": "fired.h5"},
        "mpi": {"ranks": 3},
    }


def dump(path: Path, data: Any) -> None:
    """Write JSON."""
    path.write_text(json.dumps(data))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder with all files."""
    return make(tmp_path / "made")


def test_who_is_who(made: Path) -> None:
    """Two models make two populations; a node's numbers come from where they should."""
    found = sonata.read_circuit(made / "circuit.json", seed=3)
    assert found.populations == {
        "lgn": ("lgn",),
        "v1": ("v1.iaf_psc_exp", "v1.iaf_psc_delta"),
    }
    net = found.network
    assert net.seed == 3
    assert found.node_ids("v1.iaf_psc_exp").tolist() == [100, 101, 102, 104, 105]
    assert found.node_ids("v1.iaf_psc_delta").tolist() == [103]
    values = net["v1.iaf_psc_exp"].model.values
    # Groups beat types' own files, which beat NEST's defaults; pF become nF, pA nA.
    assert values["tau_m"].tolist() == [53.0, 51.0, 10.0, 52.0, 50.0]
    assert values["cm"].tolist() == [0.2, 0.2, 0.25, 0.25, 0.2]
    assert values["v_thresh"].tolist() == [-52.0, -52.0, -55.0, -55.0, -52.0]
    assert values["i_offset"].tolist() == [0.0, 0.0, 0.007, 0.0, 0.0]
    assert values["tau_refrac"] == 2.0
    assert net["v1.iaf_psc_exp"].model.initial_values["v"] == "v_rest"
    assert net.positions("v1.iaf_psc_exp")[:, 0].tolist() == [3.0, 1.0, 10.0, 2.0, 0.0]
    assert net.positions("v1.iaf_psc_delta").tolist() == [[11.0]]
    assert isinstance(net["lgn"].model, sp.SpikeSource)


def test_edges_go_where_they_should(made: Path) -> None:
    """One population of edges becomes a projection for each pair of models and each receptor."""
    net = sonata.read(made / "circuit.json")
    assert isinstance(net, sp.Network)
    joined = {
        (p.pre.population.name[-5:], p.post.population.name[-5:], int(i), int(j)): (
            float(np.broadcast_to(p.synapse.weight, len(p.rule.pre))[k]),
            float(np.broadcast_to(p.synapse.delay, len(p.rule.pre))[k]),
        )
        for p in net.projections.values()
        for k, (i, j) in enumerate(zip(p.rule.pre, p.rule.post))
    }
    exp, delta = "c_exp", "delta"
    assert joined == {
        (exp, exp, 0, 2): (0.1, 1.5),
        (exp, delta, 4, 0): (100.0, 1.5),
        (exp, exp, 2, 0): (-0.04, 2.0),
        (delta, exp, 0, 1): (-0.04, 2.0),
        ("lgn", exp, 0, 0): (0.4, 1.0),
        ("lgn", delta, 1, 0): (20.0, 1.0),
        ("lgn", exp, 1, 3): (-0.03, 1.0),
    }
    # Both receptors of iaf_psc_exp are alike here, so that they are one.
    assert len(net.projections) == 5
    net.run(5.0, progress=False)


def test_node_sets(made: Path) -> None:
    """All of the attributes, any of the values, unions of unions."""
    found = sonata.read_simulation(made / "simulation.json").circuit

    def ids(name: str) -> dict[str, list[int]]:
        return {k: v.tolist() for k, v in found.node_set(name).items()}

    assert ids("e") == {"v1": [100, 101, 105], "lgn": [0, 1]}
    assert ids("v1_e") == {"v1": [100, 101, 105]}
    assert ids("some") == {"v1": [100, 104]}
    assert ids("deep") == {"v1": [100, 101]}
    assert ids("both") == {"v1": [100, 101, 104]}
    assert ids("all") == {"v1": [100, 101, 104], "lgn": [0, 1]}
    assert ids("v1") == {"v1": list(range(100, 106))}
    with pytest.raises(ValidationError, match="round -> about -> round"):
        found.node_set("round")
    with pytest.raises(UnknownNameError, match="colour"):
        found.node_set("none")
    with pytest.raises(UnknownNameError, match="eee"):
        found.node_set("eee")


def test_a_simulation(made: Path) -> None:
    """Inputs, what to record, times, and what plays no part."""
    found = sonata.read(made / "simulation.json")
    assert isinstance(found, sonata.SonataSimulation)
    assert (found.seed, found.duration, found.dt, found.spikes_file) == (5, 60.0, 0.1, "fired.h5")
    assert found.conditions == {"v_init": -80}
    assert set(found.notes) == {
        "1 files of edges are not enabled",
        "the section 'mpi'",
        "run.nsteps_block",
        "conditions.v_init",
    }
    drives = found.network.drives
    assert drives["lgn"].input.times.tolist() == [5.0, 12.5]
    assert drives["lgn"].input.ids.tolist() == [1, 0]
    assert drives["pulse"].input.times.tolist() == [10.0, 30.0]
    assert drives["pulse"].input.amplitudes.tolist() == [0.4, 0.0]
    assert drives["pulse"].target.ids.tolist() == [0, 3]
    assert drives["always"].input.amplitude == 0.2
    recording = found.run(precision="float64", progress=False)
    spikes, report = found.write_output(recording, made / "out")
    assert (spikes.name, report.name) == ("fired.h5", "potential.h5")
    with h5py.File(spikes) as data:
        assert set(data["spikes/v1/node_ids"][()]) <= set(range(100, 106))
        total = sum(len(recording[name]) for name in recording.spikes)
        assert len(data["spikes/v1/node_ids"]) == total > 0
    with h5py.File(report) as data:
        assert data["report/v1/mapping/node_ids"][()].tolist() == [100, 101, 104]
        assert data["report/v1/mapping/time"][()].tolist() == [20.0, 40.0, 0.5]
        column = data["report/v1/data"][:, 2]
    trace = recording["v1.iaf_psc_exp", "v"]
    inside = (trace.times > 19.9) & (trace.times < 39.9)
    np.testing.assert_array_equal(column, trace.of(3)[inside].astype(np.float32))


def test_time_that_starts_later(made: Path) -> None:
    """Times of files count from their own zero, those of the run from the start."""
    config = simulation()
    config["run"] |= {"tstart": 10.0}
    dump(made / "simulation.json", config)
    found = sonata.read_simulation(made / "simulation.json")
    assert found.duration == 50.0
    assert found.network.drives["lgn"].input.times.tolist() == [2.5]
    assert found.network.drives["pulse"].input.times.tolist() == [0.0, 20.0]
    assert "1 spikes of 'trains' come before the run" in found.notes
    files = found.write_output(found.run(progress=False), made / "out")
    with h5py.File(files[1]) as data:
        assert data["report/v1/mapping/time"][()].tolist() == [20.0, 40.0, 0.5]
    assert sonata.read_spikes(files[0]).t_start == 10.0


def test_both_in_one(made: Path) -> None:
    """A file that names a circuit and a simulation; older spikes; files in a folder above."""
    dump(made / "config.json", {"network": "circuit.json", "simulation": "simulation.json"})
    with h5py.File(made / "spikes.h5", "w") as data:
        data["spikes/timestamps"], data["spikes/gids"] = [5.0, 12.5], [1, 0]
    found = sonata.read(made / "config.json")
    assert found.network.drives["lgn"].input.times.tolist() == [5.0, 12.5]
    (made / "below").mkdir()
    config = simulation() | {"network": "../circuit.json", "node_sets_file": "../sets.json"}
    config["inputs"]["trains"]["input_file"] = "../spikes.h5"
    dump(made / "below" / "s.json", config)
    with pytest.raises(ValidationError, match=r"leads out of the folder .* root="):
        sonata.read(made / "below" / "s.json")
    assert sonata.read(made / "below" / "s.json", root=made).seed == 5


def test_everything_unknown_is_named(made: Path) -> None:
    """Models, synapses, parameters, inputs, reports: all offenders in one error."""
    table = NODE_TYPES.replace("nest:iaf_psc_delta", "nrn:IntFire1").replace(
        "11            v1         point_neuron nest:iaf_psc_exp ",
        "11            v1         biophysical  ctdb:Biophys1   ",
    )
    (made / "net" / "node_types.csv").write_text(table)
    synapses = EDGE_TYPES.replace("3 lgn_v1 nest:static_synapse", "3 lgn_v1 nest:stdp_synapse")
    (made / "net" / "edge_types.csv").write_text(synapses)
    (made / "net" / "fast.json").write_text(json.dumps({"tau_m": 5.0, "tau_z": 1, "delta": 2.0}))
    with pytest.raises(ValidationError) as found:
        sonata.read(made / "circuit.json")
    for what in (
        "population 'v1': 2 nodes of model type 'biophysical' with the template 'ctdb:Biophys1'",
        "population 'v1': 1 nodes of template 'nrn:IntFire1'",
        "nest:iaf_psc_exp has no parameter 'tau_z'",
        "nest:iaf_psc_exp with delta other than 0",
        "edges 'lgn_v1': synapses of the template 'nest:stdp_synapse'",
    ):
        assert what in str(found.value)
    (made / "net" / "node_types.csv").write_text(NODE_TYPES)
    (made / "net" / "edge_types.csv").write_text(EDGE_TYPES)
    (made / "net" / "fast.json").write_text("{}")
    config = simulation()
    config["inputs"]["trains"]["module"] = "poisson"
    config["inputs"]["clamp"] = {"input_type": "voltage_clamp", "module": "SEClamp"}
    config["reports"]["calcium"] = {"cells": "v1", "variable_name": "cai", "sections": "soma"}
    config["reports"]["dendrites"] = {"cells": "v1", "variable_name": "V_m", "sections": "all"}
    dump(made / "simulation.json", config)
    with pytest.raises(ValidationError) as found:
        sonata.read(made / "simulation.json")
    for what in (
        "input 'trains': type 'spikes', module 'poisson'",
        "input 'clamp': type 'voltage_clamp'",
        "report 'calcium': 'cai' of 'v1.iaf_psc_exp'",
        "report 'dendrites': sections 'all'",
    ):
        assert what in str(found.value)


def test_spikes_that_cannot_be(made: Path) -> None:
    """Two in a step, one at 0 ms, of neurons: refused; of nobody: an error."""
    for times, ids, what in (
        ([5.0, 5.01], [1, 1], "come in one step of 0.1 ms"),
        ([0.0], [1], "at 0 ms or before"),
    ):
        with h5py.File(made / "spikes.h5", "w") as data:
            data["spikes/lgn/timestamps"], data["spikes/lgn/node_ids"] = times, ids
        with pytest.raises(ValidationError, match=what):
            sonata.read(made / "simulation.json")
    with h5py.File(made / "spikes.h5", "w") as data:
        data["spikes/other/timestamps"], data["spikes/other/node_ids"] = [5.0], [0]
    with pytest.raises(FileFormatError, match="no spikes of population 'lgn'"):
        sonata.read(made / "simulation.json")
    config = simulation()
    config["inputs"]["trains"]["node_set"] = "v1"
    dump(made / "simulation.json", config)
    with h5py.File(made / "spikes.h5", "w") as data:
        data["spikes/v1/timestamps"], data["spikes/v1/node_ids"] = [5.0], [100]
    with pytest.raises(ValidationError, match="which are not virtual"):
        sonata.read(made / "simulation.json")


def test_conductances_by_sign(tmp_path: Path) -> None:
    """NEST's negative conductance is one at the inhibitory receptor; nsyns multiply."""
    folder = make(tmp_path / "made")
    table = NODE_TYPES.replace("nest:iaf_psc_exp  fast.json", "nest:iaf_cond_exp NULL     ")
    table = table.replace("nest:iaf_psc_exp  NULL", "nest:iaf_cond_exp NULL")
    (folder / "net" / "node_types.csv").write_text(table)
    with h5py.File(folder / "net" / "nodes.h5", "a") as data:
        del data["nodes/v1/0/dynamics_params"]
    with h5py.File(folder / "net" / "edges.h5", "a") as data:
        data["edges/v1_v1/0/nsyns"] = [1, 3, 2, 1]
    net = sonata.read(folder / "circuit.json")
    model = net["v1.iaf_cond_exp"].model
    assert model.values["tau_m"] == pytest.approx(0.25 / 0.0166667)
    into = [p for p in net.projections.values() if p.post.population.name == "v1.iaf_cond_exp"]
    weights = {p.name: (p.synapse.values["e_rev"], np.ravel(p.synapse.weight)) for p in into}
    inhibitory = [w for name, (e, w) in weights.items() if name.endswith(".inhibitory")]
    assert all(e == (-85.0 if n.endswith(".inhibitory") else 0.0) for n, (e, _) in weights.items())
    assert sorted(np.concatenate(inhibitory)) == pytest.approx([0.03, 0.04, 0.08])
