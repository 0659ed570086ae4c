"""NIR files: random graphs written and read, as the library does; damaged files; old files."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import spikestack as sp
from spikestack.errors import FileFormatError, SpikestackError, ValidationError
from spikestack.formats.nir.graph import FIELDS, Graph, Node, checked
from spikestack.formats.nir.hdf5 import read_graph, write_graph
from spikestack.formats.nir.library import from_library, to_library

h5py = pytest.importorskip("h5py")
nir = pytest.importorskip("nir")
FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
NUMBERS = st.floats(-8, 8, width=32)
LEVELS = st.floats(2**-10, 8, width=32)
KINDS = ("IF", "LIF", "LI", "I", "CubaLI", "CubaLIF", "Threshold", "Delay", "Scale")


@st.composite
def neurons(draw: Any, shape: tuple[int, ...]) -> Node:
    kind = draw(st.sampled_from(KINDS))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    fields = {}
    for name in FIELDS[kind]:
        elements = LEVELS if name.startswith(("tau", "delay")) else NUMBERS
        fields[name] = draw(arrays(dtype, shape, elements=elements))
    return Node(kind, fields)


@st.composite
def layers(draw: Any, shape: tuple[int, ...]) -> tuple[Node, tuple[int, ...]]:
    """A linear node on a shape, and the shape after it."""
    if len(shape) == 3 and draw(st.booleans()):
        return Node("Flatten", {"input_type": shape, "start_dim": 0, "end_dim": -1}), (
            int(np.prod(shape)),
        )
    if len(shape) == 3:
        out, side = draw(st.integers(1, 3)), shape[1]
        kernel = draw(arrays(np.float32, (out, shape[0], 2, 2), elements=NUMBERS))
        pads = draw(st.sampled_from(["same", "valid", (1, 1)]))
        after = {"same": side, "valid": side - 1}.get(str(pads), side + 1)
        fields = {"input_shape": shape[1:], "weight": kernel, "stride": (1, 1), "padding": pads,
                  "dilation": (1, 1), "groups": 1, "bias": np.zeros(out, np.float32)}  # fmt: skip
        return Node("Conv2d", fields), (out, after, after)
    n = draw(st.integers(1, 4))
    weight = draw(arrays(np.float64, (n, *shape), elements=NUMBERS))
    if draw(st.booleans()):
        return Node("Linear", {"weight": weight}), (n,)
    bias = draw(arrays(np.float64, (n,), elements=NUMBERS))
    return Node("Affine", {"weight": weight, "bias": bias}), (n,)


@st.composite
def graphs(draw: Any, deep: bool = True) -> Graph:
    """Chains, with loops, shortcuts and graphs within."""
    shape: tuple[int, ...] = draw(st.sampled_from([(3,), (2, 4, 4), (1,)]))
    made = Graph({"in": Node("Input", {"shape": shape})})
    last = "in"
    for k in range(draw(st.integers(1, 4))):
        if deep and draw(st.integers(0, 4)) == 0 and len(shape) == 1:
            inner = draw(graphs(deep=False))
            if inner.nodes["in"]["shape"] == shape:
                made.nodes[f"g{k}"] = Node("NIRGraph", {"graph": inner})
                made.edges.append((last, f"g{k}"))
                last, shape = f"g{k}", inner.nodes["out"]["shape"]
                continue
        if draw(st.booleans()):
            node, shape = draw(layers(shape))
        else:
            node = draw(neurons(shape))
        name = draw(st.sampled_from(["node", "n.", "ü "])) + str(k)
        made.nodes[name] = node
        made.edges.append((last, name))
        if node.type in ("LIF", "IF") and len(shape) == 1 and draw(st.booleans()):
            made.nodes[f"back{k}"] = Node("Linear", {"weight": np.eye(shape[0])})
            made.edges += [(name, f"back{k}"), (f"back{k}", name)]
        last = name
    made.nodes["out"] = Node("Output", {"shape": shape})
    made.edges.append((last, "out"))
    remarks = st.one_of(st.text("abc", min_size=1), NUMBERS)
    made.metadata = draw(st.dictionaries(st.sampled_from(["note", "a/b", "n"]), remarks))
    return checked(made)


def assert_equal(a: Graph, b: Graph) -> None:
    assert set(a.nodes) == set(b.nodes)
    assert sorted(a.edges) == sorted(b.edges)
    assert a.metadata == b.metadata
    for name, node in a.nodes.items():
        other = b.nodes[name]
        assert node.type == other.type
        if node.type == "NIRGraph":
            assert_equal(node["graph"], other["graph"])
            continue
        for key, value in node.fields.items():
            found = other[key]
            if isinstance(value, np.ndarray):
                assert value.dtype == found.dtype and value.tobytes() == found.tobytes(), (
                    name,
                    key,
                )
                assert value.shape == found.shape
            else:
                assert value == found, (name, key)


@FEW
@given(graph=graphs())
def test_written_and_read_graphs_are_equal_bit_by_bit(graph: Graph, tmp_path_factory: Any) -> None:
    path = write_graph(to_library(graph), tmp_path_factory.mktemp("nir") / "a.nir")
    assert_equal(graph, read_graph(path))
    assert_equal(from_library(nir.read(path, type_check=False)), read_graph(path))


@FEW
@given(graph=graphs(), steps=st.integers(1, 5), seed=st.integers(0, 99))
def test_random_graphs_run_or_are_refused_by_name(graph: Graph, steps: int, seed: int) -> None:
    """Both engines give the same; what cannot be meant names a node."""
    try:
        model = sp.formats.nir.read(graph, dt=1.0, time_unit="steps", limit=1e6)
    except ValidationError as error:
        assert "node" in str(error) or "loop" in str(error) or "delay" in str(error)
        return
    shape = model.inputs["in"]
    x = (np.random.default_rng(seed).random((steps, *shape)) < 0.5) * 1.0
    try:
        out = model.run(x, on="reference").output
    except ValidationError as error:
        assert "limit" in str(error)
        return
    assert out.shape == (steps, *graph.nodes["out"]["shape"])
    assert np.isfinite(out).all()
    twice = model.run(np.stack([x, x], 1), on="reference").output
    assert np.array_equal(twice[:, 0], out)
    assert np.array_equal(twice[:, 1], out)


def a_file(folder: Path) -> Path:
    nodes = {
        "in": nir.Input(np.array([20])), "w": nir.Affine(np.ones((30, 20)), np.ones(30)),
        "lif": nir.LIF(*(np.full(30, v) for v in (0.02, 1.0, 0.0, 1.0))),
        "out": nir.Output(np.array([30])),
    }  # fmt: skip
    edges = [("in", "w"), ("w", "lif"), ("lif", "out")]
    nir.write(folder / "a.nir", nir.NIRGraph(nodes, edges, metadata={"note": "text"}))
    return folder / "a.nir"


@pytest.mark.parametrize("part", np.linspace(0.0, 0.98, 14))
def test_a_file_cut_short(part: float, tmp_path: Path) -> None:
    path = a_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises((FileFormatError, ValidationError)):
        sp.formats.nir.read(path, dt=1.0)


@FEW
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)),
                      min_size=1, max_size=40))  # fmt: skip
def test_bytes_flipped(flips: list[tuple[float, int]], tmp_path_factory: Any) -> None:
    """It is read, or refused as damaged or impossible; never anything else."""
    path = a_file(tmp_path_factory.mktemp("nir"))
    data = bytearray(path.read_bytes())
    for place, by in flips:
        data[int(place * len(data))] ^= by
    path.write_bytes(bytes(data))
    with contextlib.suppress(SpikestackError):
        sp.formats.nir.read(path, dt=1.0)


def changed(path: Path, change: Any) -> Path:
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def _replace(place: str, value: Any) -> Any:
    def change(file: Any) -> None:
        del file[place]
        if value is not None:
            file[place] = value

    return change


def _huge(file: Any) -> None:
    del file["node/nodes/lif/tau"]
    file.create_dataset("node/nodes/lif/tau", shape=(10**9,), dtype="f8", chunks=(10**6,),
                        compression="gzip")  # fmt: skip


def _link(file: Any) -> None:
    del file["node/nodes/lif/tau"]
    file["node/nodes/lif/tau"] = h5py.ExternalLink("/etc/passwd", "/x")


def _deep(file: Any) -> None:
    group = file["node/nodes"]
    for _ in range(40):
        group = group.create_group("g")
        group["type"] = "NIRGraph"
        group = group.create_group("nodes")


SPOILT = {
    "no node": (_replace("node", None), FileFormatError),
    "no edges": (_replace("node/edges", None), FileFormatError),
    "edges of numbers": (_replace("node/edges", np.ones((2, 2))), FileFormatError),
    "edges of triples": (_replace("node/edges", np.array([[b"a", b"b", b"c"]])), FileFormatError),
    "no type": (_replace("node/nodes/w/type", None), FileFormatError),
    "type of numbers": (_replace("node/nodes/w/type", 3), FileFormatError),
    "unknown type": (_replace("node/nodes/w/type", "Resistor"), ValidationError),
    "other type": (_replace("node/type", "LIF"), FileFormatError),
    "a node that is an array": (_replace("node/nodes/w", np.ones(3)), FileFormatError),
    "no weight": (_replace("node/nodes/w/weight", None), ValidationError),
    "text for numbers": (_replace("node/nodes/w/weight", "heavy"), ValidationError),
    "complex": (_replace("node/nodes/w/weight", np.ones((30, 20), complex)), SpikestackError),
    "vector for a matrix": (_replace("node/nodes/w/weight", np.ones(20)), ValidationError),
    "a group for an array": (lambda f: (_replace("node/nodes/w/weight", None)(f),
                                        f.create_group("node/nodes/w/weight")), FileFormatError),
    "one number more": (_replace("node/nodes/lif/tau", np.ones(31)), ValidationError),
    "shape of nothing": (_replace("node/nodes/in/shape", np.zeros(0, int)), ValidationError),
    "negative shape": (_replace("node/nodes/in/shape", np.array([-3])), ValidationError),
    "another field": (lambda f: f["node/nodes/lif"].create_dataset("t_ref", data=np.ones(30)),
                      ValidationError),
    "says it is huge": (_huge, FileFormatError),
    "link": (_link, FileFormatError),
    "deep": (_deep, FileFormatError),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_file_is_refused(name: str, tmp_path: Path) -> None:
    change, kind = SPOILT[name]
    with pytest.raises(kind):
        sp.formats.nir.read(changed(a_file(tmp_path), change), dt=1.0)


def test_files_from_before_v_reset(tmp_path: Path) -> None:
    x = np.ones((50, 20))
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    path = changed(a_file(old), _replace("node/nodes/lif/v_reset", None))
    wanted = sp.formats.nir.read(a_file(new), dt=1.0).run(x, on="reference").output
    assert wanted.sum() > 0
    assert np.array_equal(sp.formats.nir.read(path, dt=1.0).run(x, on="reference").output, wanted)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Reading needs h5py alone; writing needs nir."""
    path = a_file(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "nir", None)
    model = sp.formats.nir.read(path, dt=1.0)
    with pytest.raises(sp.errors.MissingExtraError, match=r"spikestack\[nir\]"):
        sp.formats.nir.write(model, tmp_path / "b.nir")
