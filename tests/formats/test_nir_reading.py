"""NIR graphs read as networks: closed forms, every node against NumPy, shapes, times, refusals."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import FileFormatError, UnknownNameError, ValidationError
from spikestack.formats.nir.graph import FIELDS, Graph, Node

pytest.importorskip("h5py")
nir = pytest.importorskip("nir")
signal = pytest.importorskip("scipy.signal")
read = sp.formats.nir.read


def full(n: Any, value: float) -> np.ndarray:
    return np.full(n, value)


def lif(n: Any, tau: float = 0.02, r: float = 1.0, level: float = 1.0, rest: float = 0.0) -> Any:
    return nir.LIF(full(n, tau), full(n, r), full(n, rest), full(n, level))


def chain(shape: tuple[int, ...], *nodes: Any, after: tuple[int, ...] | None = None) -> Any:
    """Input, nodes n0, n1, ..., and Output."""
    names = ["in", *(f"n{k}" for k in range(len(nodes))), "out"]
    ends = nir.Input(np.array(shape)), nir.Output(None if after is None else np.array(after))
    made = dict(zip(names, (ends[0], *nodes, ends[1])))
    return nir.NIRGraph(made, list(pairwise(names)), type_check=False)


def shown(graph: Any, x: Any, dt: float = 1.0, **settings: Any) -> np.ndarray:
    return read(graph, dt=dt, **settings).run(x, on="reference").output


@pytest.mark.parametrize("dt", [1.0, 0.1])
def test_a_neuron_fires_as_often_as_its_equation_says(dt: float) -> None:
    """T = tau ln(R I/(R I - theta)) = 21.97 ms: 45 times a second, whatever the step."""
    steps = round(1000 / dt)
    model = read(chain((1,), lif(1)), dt=dt)
    assert model.run(full((steps, 1), 1.5)).output.sum() == 45


def test_an_input_held_over_the_step_is_integrated_exactly() -> None:
    """v(t) = R I (1 - exp(-t/tau)), at every step, for a coarse one too."""
    graph = chain((2,), nir.LI(np.array([0.02, 0.005]), np.array([2.0, 0.5]), np.zeros(2)))
    v = shown(graph, full((30, 2), 0.7), 3.0)
    t = 3e-3 * np.arange(1, 31)[:, None]
    assert np.allclose(v, 0.7 * np.array([2.0, 0.5]) * (1 - np.exp(-t / [0.02, 0.005])), rtol=1e-9)


@pytest.mark.parametrize("tau_mem", [0.01, 0.005])
def test_a_current_filters_as_its_two_equations_say(tau_mem: float) -> None:
    """Against the matrix exponential of both equations; the second case has equal constants."""
    linalg = pytest.importorskip("scipy.linalg")
    graph = chain((1,), nir.CubaLI(*(full(1, v) for v in (0.005, tau_mem, 1.5, 0.2)), full(1, 3.0)))
    x = np.random.default_rng(0).random((40, 1))
    a = np.array([[-1 / 0.005, 0, 3 / 0.005], [1.5 / tau_mem, -1 / tau_mem, 0], [0, 0, 0]])
    step, state, wanted = linalg.expm(a * 1e-3), np.zeros(3), []
    for value in x[:, 0]:
        state = step @ [state[0], state[1], value]
        wanted.append(state[1] + 0.2)
    assert np.allclose(shown(graph, x)[:, 0], wanted, rtol=1e-9)


def test_integrators_count_seconds() -> None:
    """dv/dt = R I: 100 per second times 2, for 50 ms."""
    assert np.allclose(shown(chain((1,), nir.I(full(1, 100.0))), full((50, 1), 2.0))[-1], 10.0)
    fires = chain((1,), nir.IF(full(1, 1000.0), full(1, 2.5)))
    assert shown(fires, full((9, 1), 1.0))[:, 0].tolist() == [0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_a_threshold_must_be_exceeded() -> None:
    graph = chain((3,), nir.Threshold(np.array([0.5, 1.0, 2.0])))
    assert shown(graph, full((1, 3), 1.0))[0].tolist() == [1, 0, 0]


def test_reset_to_a_value_or_by_subtraction() -> None:
    node = nir.IF(full(1, 1000.0), full(1, 1.0), full(1, -0.5))
    assert shown(chain((1,), node), full((6, 1), 0.75))[:, 0].tolist() == [0, 1, 0, 0, 1, 0]
    spikes = shown(chain((1,), node), full((6, 1), 0.75), reset="subtract")[:, 0]
    assert spikes.tolist() == [0, 1, 1, 0, 1, 1]


def _conv(x: np.ndarray, node: Any) -> np.ndarray:
    """By definition, channel by channel: cross-correlation of the padded image."""
    kernel, group = np.asarray(node.weight), len(node.weight) // node.groups
    axes = kernel.ndim - 2
    listed = [np.atleast_1d(v) if not isinstance(v, str) else v
              for v in (node.stride, node.padding, node.dilation)]  # fmt: skip
    stride, padding, dilation = (
        v if isinstance(v, str) else (tuple(v) * axes)[:axes] for v in listed
    )
    sides = tuple((k - 1) * d + 1 for k, d in zip(kernel.shape[2:], dilation))
    wide = np.zeros((*kernel.shape[:2], *sides))
    wide[(..., *(slice(None, None, d) for d in dilation))] = kernel
    if padding == "same":
        pads = [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in wide.shape[2:]]
    else:
        pads = [(0, 0)] * axes if padding == "valid" else [(p, p) for p in padding]
    x = np.pad(x, [(0, 0), *pads])
    out = []
    for o, filters in enumerate(wide):
        first = o // group * kernel.shape[1]
        seen = zip(x[first:], filters)
        total = sum(signal.correlate(a, f, mode="valid", method="direct") for a, f in seen)
        out.append(total[tuple(slice(None, None, s) for s in stride)] + node.bias[o])
    return np.stack(out)


def _pool(x: np.ndarray, kernel: Any, stride: Any, padding: Any) -> np.ndarray:
    x = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2])
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1]].sum((-2, -1))


RNG = np.random.default_rng(5)
IMAGE, LINE = (4, 7, 6), (4, 9)
CONVOLUTIONS = [
    (IMAGE, nir.Conv2d((7, 6), RNG.normal(size=(6, 4, 3, 2)), 1, 0, 1, 1, RNG.normal(size=6))),
    (IMAGE, nir.Conv2d((7, 6), RNG.normal(size=(6, 4, 3, 3)), (2, 1), (1, 2), 1, 1, np.zeros(6))),
    (IMAGE, nir.Conv2d((7, 6), RNG.normal(size=(2, 4, 3, 2)), 1, 1, (1, 2), 1, np.zeros(2))),
    (IMAGE, nir.Conv2d((7, 6), RNG.normal(size=(4, 2, 2, 2)), 1, "valid", 1, 2, np.zeros(4))),
    (IMAGE, nir.Conv2d((7, 6), RNG.normal(size=(4, 1, 3, 2)), 1, "same", 1, 4, np.ones(4))),
    (LINE, nir.Conv1d(9, RNG.normal(size=(3, 4, 3)), 2, 1, 1, 1, RNG.normal(size=3))),
    (LINE, nir.Conv1d(9, RNG.normal(size=(2, 2, 2)), 1, "same", 3, 2, np.zeros(2))),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "node"), CONVOLUTIONS)
def test_convolutions(shape: tuple[int, ...], node: Any) -> None:
    x = RNG.normal(size=(3, *shape))
    wanted = np.stack([_conv(frame, node) for frame in x])
    assert np.allclose(shown(chain(shape, node), x), wanted, atol=1e-6)
    behind = nir.LI(*(full(wanted.shape[1:], v) for v in (1e-9, 1.0, 0.0)))
    assert np.allclose(shown(chain(shape, node, behind), x), wanted, atol=1e-6)


@pytest.mark.parametrize("kind", ["SumPool2d", "AvgPool2d"])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [
    ((2, 2), (2, 2), (0, 0)), ((3, 2), (1, 2), (0, 0)), ((2, 2), (2, 1), (1, 1)),
])  # fmt: skip
def test_pooling(kind: str, kernel: Any, stride: Any, padding: Any) -> None:
    x = RNG.normal(size=(3, *IMAGE))
    node = getattr(nir, kind)(np.array(kernel), np.array(stride), np.array(padding))
    wanted = np.stack([_pool(frame, kernel, stride, padding) for frame in x])
    wanted = wanted / np.prod(kernel) if kind == "AvgPool2d" else wanted
    assert np.allclose(shown(chain(IMAGE, node), x), wanted, atol=1e-6)
    after = nir.Conv2d(wanted.shape[-2:], RNG.normal(size=(2, 4, 2, 2)), 1, 0, 1, 1, np.ones(2))
    both = np.stack([_conv(frame, after) for frame in wanted])
    assert np.allclose(shown(chain(IMAGE, node, after), x), both, atol=1e-6)


def test_chains_of_linear_nodes_are_folded() -> None:
    w, b, s = RNG.normal(size=(4, 6)), RNG.normal(size=4), RNG.normal(size=4)
    graph = chain((2, 3), nir.Flatten({"input": np.array([2, 3])}, 0, -1), nir.Affine(w, b),
                  nir.Scale(s), nir.Linear(np.ones((1, 4))))  # fmt: skip
    x = RNG.normal(size=(5, 2, 3))
    model = read(graph, dt=1.0)
    assert list(model.network.populations) == ["in", "out"]
    wanted = ((x.reshape(5, 6) @ w.T + b) * s).sum(1, keepdims=True)
    assert np.allclose(model.run(x, on="reference").output, wanted, atol=1e-6)


def test_a_stack_of_matrices_acts_row_by_row() -> None:
    w, x = RNG.normal(size=(2, 4, 3)), RNG.normal(size=(5, 2, 3))
    wanted = np.einsum("boi,tbi->tbo", w, x)
    assert np.allclose(shown(chain((2, 3), nir.Linear(w)), x), wanted, atol=1e-6)


def test_values_go_on_from_neurons_that_do_not_fire() -> None:
    """LI -> Affine -> LI, and samples at once."""
    w, b = RNG.normal(size=(2, 3)), RNG.normal(size=2)
    leak = [nir.LI(full(n, tau), full(n, 1.0), full(n, 0.1)) for n, tau in ((3, 0.01), (2, 0.004))]
    x = RNG.normal(size=(20, 4, 3))
    v, u, wanted = np.full((4, 3), 0.1), np.full((4, 2), 0.1), []
    for given in x:
        a, c = np.exp(-1 / 10), np.exp(-1 / 4)
        v = 0.1 + (v - 0.1) * a + given * (1 - a)
        u = 0.1 + (u - 0.1) * c + (v @ w.T + b) * (1 - c)
        wanted.append(u)
    got = shown(chain((3,), leak[0], nir.Affine(w, b), leak[1]), x)
    assert got.shape == (20, 4, 2)
    assert np.allclose(got, wanted, atol=1e-6)


def test_values_beyond_the_limit_are_refused() -> None:
    leak = nir.I(full(1, 1e5))
    graph = chain((1,), leak, nir.Linear(np.ones((1, 1))), lif(1))
    with pytest.raises(ValidationError, match="limit"):
        shown(graph, full((20, 1), 1.0))
    assert shown(graph, full((20, 1), 1.0), limit=1e5).sum() > 0


def test_delays_of_all_kinds() -> None:
    d = np.array([0.0, 0.002, 0.003])
    x = np.eye(3)[None].repeat(1, 0).reshape(1, 9)[:, [0, 4, 8]]
    pulse = np.zeros((6, 3))
    pulse[0] = x
    late = shown(chain((3,), nir.Delay(d), nir.Threshold(full(3, 0.5))), pulse)
    assert [np.flatnonzero(late[:, k]).tolist() for k in range(3)] == [[0], [2], [3]]
    mixed = chain((3,), nir.Affine(np.ones((3, 3)), full(3, 0.5)), nir.Delay(d),
                  nir.Linear(np.ones((1, 3))))  # fmt: skip
    before = pulse.sum(1) + 0.5
    wanted = sum(np.concatenate([np.zeros(k), before])[:6] for k in (0, 2, 3))
    assert np.allclose(shown(mixed, pulse)[:, 0], wanted, atol=1e-6)


def test_edges_into_one_node_are_added() -> None:
    nodes = {
        "a": nir.Input(np.array([2])), "b": nir.Input(np.array([2])),
        "w": nir.Linear(np.ones((2, 2))), "s": nir.Scale(np.array([2.0, 3.0])),
        "li": nir.I(full(2, 1000.0)), "out": nir.Output(np.array([2])),
    }  # fmt: skip
    edges = [
        ("a", "w"),
        ("b", "w"),
        ("b", "s"),
        ("w", "li"),
        ("s", "li"),
        ("a", "li"),
        ("li", "out"),
    ]
    model = read(nir.NIRGraph(nodes, edges, type_check=False), dt=1.0)
    a, b = RNG.normal(size=(2, 4, 2))
    wanted = ((a + b).sum(1, keepdims=True) + b * [2.0, 3.0] + a).cumsum(0)
    got = model.run({"a": a, "b": b}, on="reference").output
    assert np.allclose(got, wanted, atol=1e-6)


def recurrent() -> Any:
    weight = np.array([[0.0, 2.0], [2.0, 0.0]])
    nodes = {"in": nir.Input(np.array([2])), "z": nir.Threshold(full(2, 0.5)),
             "w": nir.Linear(weight), "out": nir.Output(np.array([2]))}  # fmt: skip
    return nir.NIRGraph(
        nodes, [("in", "z"), ("z", "w"), ("w", "z"), ("z", "out")], type_check=False
    )


def test_what_comes_back_acts_one_step_later() -> None:
    pulse = np.zeros((5, 2))
    pulse[0, 0] = 1
    assert shown(recurrent(), pulse).argmax(1).tolist() == [0, 1, 0, 1, 0]


def test_inner_graphs_are_brought_to_the_top() -> None:
    inner = recurrent()
    outer = chain((2,), inner, nir.Linear(np.ones((1, 2))), nir.Threshold(full(1, 0.5)))
    model = read(outer, dt=1.0)
    assert set(model.network.populations) == {"in", "n0/z", "n2"}
    pulse = np.zeros((5, 2))
    pulse[1, 1] = 1
    assert model.run(pulse, on="reference").output[:, 0].tolist() == [0, 1, 1, 1, 1]


def test_parameters_without_a_shape_take_that_of_what_arrives() -> None:
    scalar = nir.LIF(*(np.array(v) for v in (0.02, 1.0, 0.0, 1.0)))
    w = np.ones((3, 2))
    x = full((60, 2), 1.0)
    wanted = shown(chain((2,), nir.Linear(w), lif(3)), x)
    assert wanted.sum() > 0
    assert np.array_equal(shown(chain((2,), nir.Linear(w), scalar), x), wanted)


def test_no_leak_is_a_time_constant_without_end() -> None:
    """snnTorch writes tau = r = inf for beta = 1."""
    node = nir.LIF(full(1, np.inf), full(1, np.inf), full(1, 0.0), full(1, 2.4))
    got = shown(chain((1,), node), full((9, 1), 1.0), None, dialect="snntorch")
    assert got[:, 0].tolist() == [0, 0, 1, 0, 1, 0, 0, 1, 0]


def test_time_is_never_guessed() -> None:
    slow = chain((1,), lif(1, tau=20.0))
    with pytest.raises(ValidationError, match=r"dt.*pass dt"):
        read(slow)
    with pytest.raises(ValidationError, match=r"20 to 20.*time_unit"):
        read(slow, dt=1.0)
    x = full((100, 1), 1.5)
    wanted = shown(chain((1,), lif(1)), x)
    for unit in ("ms", "steps", 1e-3):
        assert np.array_equal(shown(slow, x, time_unit=unit), wanted)
    assert not np.array_equal(shown(slow, x, time_unit="s"), wanted)
    hinted = chain((1,), lif(1, tau=20.0))
    hinted.metadata = {"time_unit": "ms", "dt": 1e-3}
    assert np.array_equal(read(hinted).run(x, on="reference").output, wanted)


def test_euler_where_the_dialect_says_so() -> None:
    graph, x = chain((1,), nir.LI(full(1, 0.02), full(1, 1.0), full(1, 0.0))), full((3, 1), 1.0)
    v = shown(graph, x, dialect="norse")[:, 0]
    assert np.allclose(v, 1 - 0.95 ** np.arange(1, 4), rtol=1e-9)
    assert not np.allclose(shown(graph, x)[:, 0], v, rtol=1e-3)


def test_the_network_is_an_ordinary_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    model = read(chain((9,), nir.Linear(rng.normal(size=(5, 9))), lif(5, level=0.05)), dt=1.0)
    x = (rng.random((50, 9)) < 0.3) * 1.0
    wanted = model.run(x, on="reference").output
    assert wanted.sum() > 10
    assert np.array_equal(model.run(x).output, wanted)
    loaded = sp.load(model.network.save(tmp_path / "net.spk"))
    assert loaded.fingerprint == model.network.fingerprint
    torch = pytest.importorskip("torch")
    module = model.network.compile("torch", dt=1.0)
    out = module(torch.tensor(x, dtype=torch.float32)[:, None])
    assert np.array_equal(out.spikes["n1"][:, 0].detach().numpy(), wanted)
    out.spikes["n1"].sum().backward()
    assert all(w.grad.abs().sum() > 0 for w in module.weights.values())


def test_it_maps_to_a_chip() -> None:
    rng = np.random.default_rng(3)
    model = read(chain((9,), nir.Linear(rng.normal(size=(5, 9))), lif(5, level=0.05)), dt=1.0)
    x = (rng.random((50, 9)) < 0.3) * 1.0
    wanted = model.run(x, on="reference").output
    net = read(model.graph, dt=1.0).network
    when, ids = np.nonzero(x)
    net.drives.clear()
    net.drive(net["in"], sp.SpikeTrains(when + 1.0, ids, weight=1.0))
    ran = net.run(50.0, on=sp.chips.Loihi(), dt=1.0)
    assert abs(len(ran["n1"].ids) - wanted.sum()) <= 0.05 * wanted.sum()


class Resistor:
    pass


WRONG = {
    "missing node": (lambda n, e: e.append(("n0", "lost")), UnknownNameError, "lost"),
    "edge twice": (lambda n, e: e.append(e[0]), ValidationError, "twice"),
    "unknown type": (lambda n, e: n.update(n0=Resistor()), UnknownNameError, "Resistor"),
    "unequal shapes": (lambda n, e: setattr(n["n1"], "r", np.ones(4)), ValidationError,
                       "r \\(4,\\)"),
    "matrix too wide": (lambda n, e: n.update(n0=nir.Linear(np.ones((3, 5)))), ValidationError,
                        "'n0'.*\\(2,\\).*\\(5,\\)"),
    "neurons too many": (lambda n, e: n.update(n1=lif(4)), ValidationError, "'n1'"),
    "not a number": (lambda n, e: setattr(n["n0"], "weight", full((3, 2), np.nan)),
                     ValidationError, "nan"),
    "text": (lambda n, e: setattr(n["n1"], "tau", "long"), ValidationError, "tau"),
    "no tau": (lambda n, e: setattr(n["n1"], "tau", None), ValidationError, "tau"),
    "negative tau": (lambda n, e: setattr(n["n1"], "tau", full(3, -1.0)), ValidationError, "tau"),
    "loop": (lambda n, e: (n.update(a=nir.Scale(np.ones(3)), b=nir.Scale(np.ones(3))),
                           e.extend([("a", "b"), ("b", "a"), ("n0", "a"), ("b", "n1")])),
             ValidationError, "loop without neurons"),
    "no shape": (lambda n, e: (n.update(n1=nir.LIF(*(np.array(1.0),) * 4)), e.remove(("n0", "n1")),
                               n.update(out=nir.Output(None))),
                 ValidationError, "shape"),
    "two shapes": (lambda n, e: e.append(("in", "n1")), ValidationError, "'n1'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_meant_is_refused_by_name(name: str) -> None:
    spoil, kind, told = WRONG[name]
    graph = chain((2,), nir.Linear(np.ones((3, 2))), lif(3))
    spoil(graph.nodes, graph.edges)
    with pytest.raises(kind, match=told):
        read(graph, dt=1.0)


def test_settings_and_inputs_are_checked() -> None:
    graph = chain((2,), nir.Linear(np.ones((3, 2))), lif(3))
    wrong = ({"dialect": "snntroch"}, {"reset": "never"}, {"reset_delay": True},
             {"time_unit": "hours"}, {"limit": -1}, {"values": 1e9}, {"dt": 0})  # fmt: skip
    for settings in wrong:
        with pytest.raises(ValidationError):
            read(graph, **{"dt": 1.0, **settings})
    model = read(graph, dt=1.0)
    for x in (np.ones((5, 3)), np.ones(2), "spikes", {"other": np.ones((5, 2))},
              full((5, 2), np.inf), full((5, 2), 1e7), {}):  # fmt: skip
        with pytest.raises(ValidationError):
            model.run(x, on="reference")
    with pytest.raises(ValidationError, match="path, or a nir"):
        read(3, dt=1.0)
    with pytest.raises(UnknownNameError):
        model.run(np.ones((2, 2)), on="reference")["nothing"]


def test_all_types_are_known() -> None:
    kinds = {name for name in dir(nir) if isinstance(getattr(nir, name), type)
             and issubclass(getattr(nir, name), nir.NIRNode)} - {"NIRNode"}  # fmt: skip
    assert kinds == set(FIELDS)
    assert len(FIELDS) == 19


def test_plain_graphs_are_taken_too() -> None:
    nodes = {"in": Node("Input", {"shape": (1,)}), "z": Node("Threshold", {"threshold": 0.5}),
             "out": Node("Output")}  # fmt: skip
    graph = Graph(nodes, [("in", "z"), ("z", "out")])
    assert shown(graph, np.ones((2, 1))).sum() == 2


def test_a_missing_file_and_another_kind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.nir", dt=1.0)
    (tmp_path / "text.nir").write_text("not a graph")
    with pytest.raises(FileFormatError, match="HDF5"):
        read(tmp_path / "text.nir", dt=1.0)
