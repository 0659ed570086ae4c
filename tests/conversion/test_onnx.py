"""ONNX models are read as PyTorch's are; files that are none are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
    for given in (model, tmp_path / "net.onnx", str(tmp_path / "net.onnx")):
        made = sp.convert(given, x, steps=12, neuron="few", method="max")
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
    kernel = {"w": np.ones((1, 1, 2, 2), np.float32)}
    lopsided = node("Conv", ["x", "w"], ["y"], pads=[0, 0, 1, 1])
    with pytest.raises(ValidationError, match="pad alike"):
        sp.convert(model_of([lopsided], kernel, (1, 4, 4)), x)
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"hello")
    with pytest.raises(FileFormatError):
        sp.convert(bad, x)
    with pytest.raises(FileNotFoundError):
        sp.convert(tmp_path / "none.onnx", x)
