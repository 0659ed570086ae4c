"""ONNX models are read as PyTorch's are; files that are none are refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra train is not installed")
onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")

import spikestack as sp  # noqa: E402
from spikestack.errors import FileFormatError, ValidationError  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _single() -> Any:
    torch.set_default_dtype(torch.float32)
    yield


def model_of(nodes: list[Any], arrays: dict[str, Any], shape: tuple[Any, ...]) -> Any:
    h = onnx.helper
    ends = [
        h.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", *shape]),
        h.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", "outputs"]),
    ]
    given = [onnx.numpy_helper.from_array(a, k) for k, a in arrays.items()]
    graph = h.make_graph(nodes, "g", ends[:1], ends[1:], given)
    return h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)


def residual() -> Any:
    """Convolutions, batch norm, a residual sum, both poolings, a product of matrices."""
    rng, node = np.random.default_rng(0), onnx.helper.make_node
    some = lambda *s: rng.normal(0, 0.4, s).astype(np.float32)  # noqa: E731
    arrays = {
        "w1": some(4, 1, 3, 3), "b1": some(4), "w2": some(4, 4, 3, 3), "w3": some(16, 8),
        "w4": some(8, 5), "b4": some(5), "gain": some(4), "shift": some(4), "mean": some(4),
        "var": np.full(4, 0.5, np.float32), "shape": np.array([-1, 16], np.int64),
    }  # fmt: skip
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c1", "gain", "shift", "mean", "var"], ["n1"]),
        node("Relu", ["n1"], ["r1"], name="first"),
        node("Conv", ["r1", "w2"], ["c2"], pads=[1, 1, 1, 1]),
        node("Add", ["c2", "r1"], ["sum"]),
        node("Relu", ["sum"], ["r2"]),
        node("MaxPool", ["r2"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        node("AveragePool", ["p"], ["q"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", ["q", "shape"], ["f"]),
        node("MatMul", ["f", "w3"], ["m"]),
        node("Relu", ["m"], ["r3"]),
        node("Gemm", ["r3", "w4", "b4"], ["z"]),
        node("Softmax", ["z"], ["y"]),
    ]
    return model_of(nodes, arrays, (1, 8, 8))


def test_a_residual_network(tmp_path: Path) -> None:
    """The numbers are those of ONNX's own evaluator, to twelve bits as spikes."""
    model = residual()
    x = np.random.default_rng(1).random((20, 1, 8, 8)).astype(np.float32)
    from onnx.reference import ReferenceEvaluator

    wanted = ReferenceEvaluator(model).run(None, {"x": x})[0]
    onnx.save(model, tmp_path / "net.onnx")
    for way in (model, tmp_path / "net.onnx", str(tmp_path / "net.onnx")):
        made = sp.convert(way, x, steps=12, neuron="few", method="max")
        own = made.original(x)
        assert np.allclose(torch.softmax(torch.tensor(own), 1).numpy(), wanted, atol=1e-6)
        assert np.abs(made.run(x).outputs - own).max() < 5e-3
    assert made.report.layers[0].name == "first"


def test_refused_by_name(tmp_path: Path) -> None:
    x = np.zeros((4, 6), np.float32)
    node = onnx.helper.make_node
    with pytest.raises(ValidationError, match="'squash': Sigmoid has no spiking counterpart"):
        sp.convert(model_of([node("Sigmoid", ["x"], ["y"], name="squash")], {}, (6,)), x)
    with pytest.raises(ValidationError, match="no fixed shape"):
        sp.convert(model_of([node("Relu", ["x"], ["y"])], {}, ("side",)), x)
    lopsided = node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], pads=[0, 0, 1, 1])
    with pytest.raises(ValidationError, match="pad alike"):
        sp.convert(model_of([lopsided], {}, (1, 4, 4)), x)
    several = [node("Sigmoid", ["x"], ["a"], name="one"), node("Tanh", ["a"], ["y"], name="two")]
    with pytest.raises(ValidationError, match="'one': Sigmoid, 'two': Tanh has no"):
        sp.convert(model_of(several, {}, (6,)), x)
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"hello")
    with pytest.raises(FileFormatError):
        sp.convert(bad, x)
    with pytest.raises(FileNotFoundError):
        sp.convert(tmp_path / "none.onnx", x)


def some(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(0, 0.4, shape).astype(np.float32)


def after_conv(*nodes: Any, **arrays: Any) -> Any:
    """Nodes that read "r", three rectified channels of six by six."""
    node = onnx.helper.make_node
    first = [node("Conv", ["x", "w"], ["c"]), node("Relu", ["c"], ["r"])]
    arrays = {"w": some(3, 2, 3, 3), **{k: np.asarray(a) for k, a in arrays.items()}}
    return model_of([*first, *nodes], arrays, (2, 8, 8))


def test_forms_of_exporters() -> None:
    """A shape that is computed, sides that are kept, means by axes, arithmetic by channel."""
    from onnx.reference import ReferenceEvaluator

    from spikestack.conversion.forward import forward
    from spikestack.conversion.reading import read

    node = onnx.helper.make_node
    flat = [
        node("Shape", ["r"], ["s"]), node("Gather", ["s", "zero"], ["g"]),
        node("Unsqueeze", ["g", "first"], ["u"]), node("Concat", ["u", "rest"], ["t"], axis=0),
        node("Reshape", ["r", "t"], ["f"]), node("Transpose", ["k"], ["kt"], perm=[1, 0]),
        node("MatMul", ["f", "kt"], ["y"]),
    ]  # fmt: skip
    models = [
        after_conv(*flat, zero=np.int64(0), first=np.array([0]), rest=np.array([-1]),
                   k=some(4, 108)),
        after_conv(node("Reshape", ["r", "t"], ["y"]), t=np.array([0, 0, -1])),
        after_conv(node("ReduceMean", ["r"], ["y"], axes=[2, 3], keepdims=0)),
        after_conv(node("Sum", ["r", "c"], ["z"]), node("Mul", ["z", "k"], ["y"]),
                   k=some(1, 3, 1, 1)),
        after_conv(node("Neg", ["c"], ["y"])),
        model_of([node("Unsqueeze", ["x", "a"], ["u"]), node("Relu", ["u"], ["y"])],
                 {"a": np.array([1])}, (4,)),
    ]  # fmt: skip
    for model in models:
        graph = read(model)
        x = np.random.default_rng(1).random((5, *graph.input.shape)).astype(np.float32) - 0.3
        wanted = ReferenceEvaluator(model).run(None, {"x": x})[0]
        assert forward(graph, x).shape == wanted.shape
        assert np.allclose(forward(graph, x), wanted, atol=1e-5)


def test_what_would_be_wrong_is_refused() -> None:
    node, x = onnx.helper.make_node, np.zeros((4, 2, 8, 8), np.float32)
    for nodes, arrays, told in (
        ([node("Softmax", ["c"], ["y"], axis=-1)], {}, "softmax over axis -1"),
        ([node("Add", ["r", "k"], ["y"])], {"k": some(6)}, r"an array of shape \(6,\)"),
        ([node("Dropout", ["r", "half", "on"], ["y"])],
         {"half": np.float32(0.5), "on": np.array(True)}, "dropout in training mode"),
        ([node("ConvTranspose", ["r", "k"], ["y"])], {"k": some(3, 2, 2, 2)}, "a convolution"),
        ([node("LeakyRelu", ["c"], ["y"])], {}, "LeakyRelu .*use ReLU"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=told):
            sp.convert(after_conv(*nodes, **arrays), x)
    wrong = node("Gather", ["k", "at"], ["z"])
    with pytest.raises(FileFormatError, match="Gather"):
        sp.convert(after_conv(wrong, node("Neg", ["r"], ["y"]), k=some(3), at=np.int64(9)), x)


def drawn(rng: np.random.Generator) -> Any:
    """A random chain of convolutions, poolings, norms and sums, then full connections."""
    node, nodes, arrays = onnx.helper.make_node, [], {}
    dims = int(rng.integers(1, 3))
    sides = [int(n) for n in rng.integers(7, 12, dims)]
    shape, name = [2, *sides], "x"

    def put(kind: str, *more: str, **settings: Any) -> None:
        nonlocal name
        nodes.append(node(kind, [name, *more], [f"v{len(nodes)}"], **settings))
        name = f"v{len(nodes) - 1}"

    def stored(values: Any) -> str:
        arrays[f"a{len(arrays)}"] = np.asarray(values)
        return f"a{len(arrays) - 1}"

    def normal(*size: int) -> str:
        return stored(rng.normal(0, 0.4, size).astype(np.float32))

    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < 0.3:
            near, far = rng.integers(0, 3, (2, dims))
            put("Pad", stored(np.array([0, 0, *near, 0, 0, *far], np.int64)))
            put_conv = True
        else:
            put_conv = rng.random() < 0.8
        if put_conv:
            kernel = [int(k) for k in rng.integers(1, 4, dims)]
            how: dict[str, Any] = {"strides": [int(t) for t in rng.integers(1, 3, dims)]}
            way = rng.integers(3)
            if way == 0:
                how["auto_pad"] = ("SAME_UPPER", "SAME_LOWER", "VALID")[rng.integers(3)]
            elif way == 1:
                how["pads"] = [int(p) for p in rng.integers(0, 3, 2 * dims)]
                how["dilations"] = [int(d) for d in rng.integers(1, 3, dims)]
            channels = int(rng.integers(2, 5))
            put("Conv", normal(channels, 2, *kernel), normal(channels), **how)
            put("Conv", normal(2, channels, *[1] * dims))
        rest = ("Relu", "Clip", "BatchNormalization", "Add", "Mul", "Identity", "Cast")
        kind = rest[rng.integers(len(rest))]
        if kind == "Clip":
            put("Clip", stored(np.float32(0)), stored(np.float32(rng.uniform(0.3, 6))))
        elif kind == "BatchNormalization":
            put(kind, normal(2), normal(2), normal(2),
                stored(rng.uniform(0.1, 2, 2).astype(np.float32)))  # fmt: skip
        elif kind in ("Add", "Mul"):
            put(kind, normal(1, 2, *[1] * dims))
        else:
            put(kind, **({"to": 1} if kind == "Cast" else {}))
    if rng.random() < 0.5:
        put(("AveragePool", "MaxPool")[rng.integers(2)], kernel_shape=[1] * (dims - 1) + [1],
            strides=[1] * dims)  # fmt: skip
    put("GlobalAveragePool")
    put("Flatten")
    put("MatMul", normal(2, 6))
    put("Relu")
    put("Gemm", normal(5, 6), normal(5), transB=1, alpha=0.7, beta=1.3)
    nodes[-1].output[0] = "y"
    return model_of(nodes, arrays, tuple(shape))


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_random_networks_are_those_of_the_evaluator(seed: int) -> None:
    from onnx.reference import ReferenceEvaluator

    from spikestack.conversion.forward import forward
    from spikestack.conversion.reading import read

    rng = np.random.default_rng(seed)
    model = drawn(rng)
    sides = model.graph.input[0].type.tensor_type.shape.dim[1:]
    x = (rng.random((3, *(d.dim_value for d in sides))) - 0.3).astype(np.float32)
    try:
        wanted = ReferenceEvaluator(model).run(None, {"x": x})[0]
    except Exception:  # The kernel is larger than the map, which is no model.
        assume(False)
    assume(np.isfinite(wanted).all())
    made = forward(read(model), x)
    assert made.shape == wanted.shape
    assert np.allclose(made, wanted, rtol=1e-4, atol=1e-5)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_files_never_crash(seed: int, tmp_path: Path) -> None:
    from spikestack.conversion.reading import read

    rng = np.random.default_rng(seed)
    whole = residual().SerializeToString()
    damaged = bytearray(whole[: rng.integers(len(whole) // 2, len(whole) + 1)])
    for at in rng.integers(0, len(damaged), 3):
        damaged[at] = rng.integers(256)
    (tmp_path / "bad.onnx").write_bytes(bytes(damaged))
    with suppress(FileFormatError, ValidationError):
        read(tmp_path / "bad.onnx")


def test_pads_that_no_convolution_takes_are_refused() -> None:
    node, x = onnx.helper.make_node, np.zeros((4, 2, 8, 8), np.float32)
    pads = {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}
    for nodes, arrays, told in (
        ([node("Pad", ["r", "p"], ["q"]), node("Relu", ["q"], ["y"])], pads, "Relu of a padded"),
        ([node("Pad", ["r", "p"], ["q"], mode="edge"), node("Relu", ["q"], ["y"])], pads, "zeros"),
        ([node("Pad", ["r", "p"], ["q"]), node("Neg", ["q"], ["y"])],
         {"p": np.array([0, 1, 0, 0, 0, 1, 0, 0])}, "zeros around a map"),
        ([node("Cast", ["r"], ["y"], to=7)], {}, "a cast to type 7"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=told):
            sp.convert(after_conv(*nodes, **arrays), x)
