"""SONATA: damaged files and impossible ones give a clear error, and nothing half-made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import FileFormatError, SpikestackError, UnknownNameError, ValidationError

h5py = pytest.importorskip("h5py")
sonata = sp.formats.sonata
RUN = "simulation_config.json"


def small() -> sp.Network:
    """Two populations, sources, both kinds of weights, an input, a probe."""
    net = sp.Network(seed=7)
    rng = np.random.default_rng(1)
    a = net.add(sp.Population("exc", (2, 3), sp.LIF(tau_m=rng.uniform(10, 20, 6))))
    b = net.add(sp.Population("inh", 3, sp.LIF(v_rest=-70.0)))
    src = net.add(sp.Population("src", 3, sp.SpikeSource()))
    net.drive(src, sp.SpikeTrains([5.0, 6.0, 7.3, 20.0], [0, 1, 2, 0]), name="src")
    mixed = sp.ExponentialCurrent(weight=np.array([1.0, -2.0, 3.0]), delay=np.array([1.0, 2, 3]))
    net.connect(a, b, sp.FromArrays([0, 1, 2], [0, 1, 2]), mixed, name="e2i")
    net.connect(src, a, sp.FromArrays([0, 1, 2], [0, 1, 2]), sp.ExponentialCurrent(), name="in")
    net.drive(b, sp.StepCurrent([10.0, 30.0], [0.5, 0.0]), name="step")
    net.record(a[[1, 3]], "v", interval=0.5)
    return net


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing wrong, and the output of a run."""
    folder = tmp_path_factory.mktemp("sonata") / "good"
    simulation = sonata.read(sonata.write(small(), folder, duration=50.0))
    simulation.write_output(simulation.run(progress=False), folder / "output")
    return folder


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(good, tmp_path / "copy"))


def survives(read: Callable[[], Any]) -> bool:
    """Whether something was read; anything but an error of ours is one of the test's."""
    try:
        read()
    except (SpikestackError, FileNotFoundError) as error:
        assert len(str(error)) > 20
        return False
    return True


def damaged(data: bytes, rng: np.random.Generator, kind: int) -> bytes:
    """Cut off, some bytes changed, or eight of them set."""
    changed = bytearray(data)
    if kind == 0:
        return data[: rng.integers(len(data))]
    if kind == 1:
        for _ in range(rng.integers(1, 6)):
            changed[rng.integers(len(changed))] = rng.integers(256)
    else:
        at = rng.integers(len(changed))
        changed[at : at + 8] = b"\xff" * 8
    return bytes(changed[: len(data)])


@pytest.mark.parametrize("seed", range(8))
def test_damage(copy: Path, seed: int) -> None:
    """Any file cut off or changed: read as something, or refused."""
    rng = np.random.default_rng(seed)
    files = sorted(p for p in copy.rglob("*") if p.is_file() and p.parent.name != "output")
    for k in range(25):
        file = files[rng.integers(len(files))]
        data = file.read_bytes()
        file.write_bytes(damaged(data, rng, k % 3))
        fine = survives(lambda: sonata.read(copy / RUN))
        assert not (fine and k % 3 == 0 and file.suffix == ".h5"), f"{file.name} is cut off"
        file.write_bytes(data)
    assert survives(lambda: sonata.read(copy / RUN))


@pytest.mark.parametrize("name", ["spikes.h5", "exc_v.h5"])
def test_damaged_results(copy: Path, name: str) -> None:
    """The same of spikes and reports."""
    rng = np.random.default_rng(3)
    file = copy / "output" / name
    read = sonata.read_spikes if name == "spikes.h5" else sonata.read_report
    data = file.read_bytes()
    for k in range(90):
        file.write_bytes(damaged(data, rng, k % 3))
        fine = survives(lambda: read(file))
        assert not (fine and k % 3 == 0)


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON file."""
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def change_text(path: Path, old: str, new: str) -> None:
    """Change a text file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def replace(data: Any, name: str, value: Any) -> None:
    """Put another array in the place of one, its attributes kept."""
    held = dict(data[name].attrs)
    del data[name]
    data[name] = value
    data[name].attrs.update(held)


HDF5 = [
    ("nodes.h5", lambda d: d.attrs.__setitem__("magic", 5), "magic number"),
    ("nodes.h5", lambda d: d.__delitem__("nodes/exc/node_type_id"), "no array '/nodes/exc/node_ty"),
    ("nodes.h5", lambda d: d.__delitem__("nodes"), "no population of nodes"),
    ("nodes.h5", lambda d: d.__delitem__("nodes/exc/0"), "no group 0"),
    ("nodes.h5", lambda d: replace(d, "nodes/exc/node_id", [0, 1, 1, 2, 3, 4]), "node_id twice"),
    ("nodes.h5", lambda d: replace(d, "nodes/exc/node_id", [0, 1]), "has 2 entries, and 6"),
    ("nodes.h5", lambda d: replace(d, "nodes/exc/node_id", np.arange(6.0)), "whole numbers"),
    ("nodes.h5", lambda d: replace(d, "nodes/exc/node_id", np.arange(-3, 3)), "not ids >= 0"),
    ("nodes.h5", lambda d: replace(d, "nodes/exc/node_type_id", [0, 0, 0, 0, 0, 9]), "no type 9"),
    ("nodes.h5", lambda d: replace(d, "nodes/exc/node_group_index", [0, 1, 2, 3, 4, 8]), "needs 9"),
    (
        "nodes.h5",
        lambda d: replace(d, "nodes/exc/0/dynamics_params/tau_m", np.full(6, -1.0)),
        "LIF.tau_m",
    ),
    (
        "nodes.h5",
        lambda d: replace(d, "nodes/exc/0/dynamics_params/tau_m", np.full(6, np.nan)),
        "got nan",
    ),
    (
        "nodes.h5",
        lambda d: d["nodes/exc/0/dynamics_params"].__setitem__("tau_x", np.ones(6)),
        "no parameter 'tau_x'",
    ),
    (
        "nodes.h5",
        lambda d: d["nodes/exc/0"].__setitem__("x", h5py.ExternalLink("/etc/hostname", "/")),
        "link to elsewhere",
    ),
    ("edges.h5", lambda d: replace(d, "edges/e2i/target_node_id", [0, 1, 3]), "has not: 3"),
    (
        "edges.h5",
        lambda d: d["edges/e2i/source_node_id"].attrs.__setitem__("node_population", "who"),
        "no source population 'who'",
    ),
    ("edges.h5", lambda d: d.__delitem__("edges/e2i/0/syn_weight"), "no syn_weight"),
    ("edges.h5", lambda d: replace(d, "edges/e2i/source_node_id", [0, 1]), "has 3 entries, and 2"),
    (
        "input_spikes.h5",
        lambda d: d["spikes/src/timestamps"].attrs.__setitem__("units", "weeks"),
        "in 'weeks'",
    ),
    ("input_spikes.h5", lambda d: replace(d, "spikes/src/timestamps", [np.nan] * 4), "no numbers"),
    ("input_spikes.h5", lambda d: d.__delitem__("spikes/src"), "holds no spikes"),
]


@pytest.mark.parametrize(("file", "change", "match"), HDF5, ids=[m for _, _, m in HDF5])
def test_impossible_arrays(copy: Path, file: str, change: Callable[[Any], Any], match: str) -> None:
    """What is missing, of another kind or length, out of range or elsewhere is named."""
    with h5py.File(copy / file, "a") as data:
        change(data)
    with pytest.raises((FileFormatError, ValidationError), match=match):
        sonata.read(copy / RUN)


TEXTS = [
    ("node_types.csv", "node_type_id", "id", "no column 'node_type_id'"),
    ("node_types.csv", "model_type ", "population ", "named twice"),
    ("node_types.csv", "0 exc", "0 exc more", "line 2 has 6 fields, of 5"),
    ("node_types.csv", "0 exc", "zero exc", "line 2 has no node_type_id"),
    ("node_types.csv", "point_neuron", "single_compartment", "single_compartment"),
    ("edge_types.csv", "pynn:StaticSynapse inhibitory", "pynn:TsodyksMarkram x", "TsodyksMarkram"),
    ("edge_types.csv", "inhibitory", "nmda", "receptor type 'nmda'"),
    ("components/0.json", "{", "[", "is no JSON"),
    ("components/0.json", '"cm": 1.0', '"cm": "much"', "got 'much'"),
    ("components/0.json", '"cm": 1.0', '"cm": 1.0, "cm": 2.0', "twice"),
    ("circuit_config.json", '"$NETWORK_DIR": "."', '"$NETWORK_DIR": "$HERE"', r"\$HERE"),
    ("circuit_config.json", '"$NETWORK_DIR": "."', '"$NETWORK_DIR": "$COMPONENT_DIR", '
     '"$A": "$B", "$B": "$A"', "circle"),
    ("circuit_config.json", '"$NETWORK_DIR": "."', '"$NETWORK_DIR": "/etc"', "leads out"),
    ("circuit_config.json", '"$NETWORK_DIR": "."', '"$NETWORK_DIR": ".."', "leads out"),
    ("circuit_config.json", '"$NETWORK_DIR": "."', '"$NETWORK_DIR": 3', "is 3"),
    ("simulation_config.json", '"tstop": 50.0', '"tstop": -1', "tstart < tstop"),
    ("simulation_config.json", '"dt": 0.1', '"dt": "soon"', "got 'soon'"),
    ("simulation_config.json", '"node_set": "inh"', '"node_set": "in"', "'in'"),
    ("simulation_config.json", '"cells": "exc_v"', '"cells": "exc_w"', "'exc_w'"),
    ("simulation_config.json", '"dt": 0.5', '"dt": 0.25', "every 0.25 ms with steps of 0.1"),
    ("simulation_config.json", '"spikes_file": "spikes.h5"', '"spikes_file": "../s.h5"', "folder"),
    ("simulation_config.json", '"amp": 0.5', '"amp": [0.5, 1.0]', "2 amp, 1 delay"),
    ("simulation_config.json", '"amp": 0.5', '"amp": 0.5, "ramp": 3', "'step': 'ramp'"),
    ("node_sets.json", '"population": "exc",', '"population": null,', "is None"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "match"), TEXTS, ids=[t[3] for t in TEXTS])
def test_impossible_texts(copy: Path, file: str, old: str, new: str, match: str) -> None:
    """The same of tables and configurations."""
    change_text(copy / file, old, new)
    errors = (FileFormatError, ValidationError, UnknownNameError)
    with pytest.raises(errors, match=match):
        sonata.read(copy / RUN)


def test_texts_that_grow(copy: Path) -> None:
    """A manifest whose variables double each other is not unfolded."""
    manifest = {f"$V{k}": f"$V{k + 1}$V{k + 1}" for k in range(40)} | {"$V40": "a"}
    edit(copy / "circuit_config.json", lambda data: data["manifest"].update(manifest))
    with pytest.raises(FileFormatError, match="at most 4096"):
        sonata.read(copy / RUN)


def test_links_out_of_the_folder(copy: Path, tmp_path: Path) -> None:
    """A link in the file system does not lead out either."""
    (copy / "nodes.h5").rename(tmp_path / "nodes.h5")
    (copy / "nodes.h5").symlink_to(tmp_path / "nodes.h5")
    with pytest.raises(ValidationError, match="leads out of the folder"):
        sonata.read(copy / RUN)
    assert sonata.read(copy / RUN, root=tmp_path).dt == 0.1


def test_a_claim_of_size(copy: Path) -> None:
    """An array that says it is larger than the file is not allocated."""
    with h5py.File(copy / "edges.h5", "a") as data:
        del data["edges/e2i/0/syn_weight"]
        data.create_dataset("edges/e2i/0/syn_weight", (1 << 40,), "f8", chunks=(1 << 10,))
    with pytest.raises(FileFormatError, match="claims 1099511627776 entries"):
        sonata.read(copy / RUN)


def test_not_a_file(tmp_path: Path) -> None:
    """Missing, a folder, not HDF5, no JSON object."""
    with pytest.raises(FileNotFoundError):
        sonata.read(tmp_path / "nothing.json")
    with pytest.raises(FileFormatError, match="is no JSON"):
        sonata.read(tmp_path)
    (tmp_path / "list.json").write_text("[1, 2]")
    with pytest.raises(FileFormatError, match="object of named sections"):
        sonata.read(tmp_path / "list.json")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(FileFormatError, match="is no JSON"):
        sonata.read(tmp_path / "deep.json")
    (tmp_path / "x.h5").write_text("spikes")
    for read in (sonata.read_spikes, sonata.read_report):
        with pytest.raises(FileFormatError, match="is no HDF5 file"):
            read(tmp_path / "x.h5")
