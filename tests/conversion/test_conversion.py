"""Any network of rectifiers is converted, as it is; what cannot be is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")
from torch import nn  # noqa: E402

import spikestack as sp  # noqa: E402
from spikestack.conversion import QCFS  # noqa: E402
from spikestack.errors import UnknownNameError, ValidationError  # noqa: E402

from .models import Residual, settled  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _single() -> Any:
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    yield


@pytest.fixture(name="residual")
def _residual() -> tuple[Any, np.ndarray]:
    x = torch.rand(48, 1, 12, 12)
    return settled(Residual(), x), x.numpy()


def given(model: Any, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(torch.tensor(x)).numpy()


def test_the_graph_is_the_network(residual: Any) -> None:
    """Batch norm folded, functional operations read: the same numbers."""
    model, x = residual
    made = sp.convert(model, x, method="percentile", steps=4)
    own = torch.log_softmax(torch.tensor(made.original(x)), 1).numpy()
    assert np.allclose(own, given(model, x), atol=2e-6)
    assert "log_softmax" in made.notes[0]


@pytest.mark.parametrize("neuron", ["plain", "signed", "burst"])
def test_more_steps_come_closer(residual: Any, neuron: str) -> None:
    """A residual net with max pooling, joined channels, groups: the error falls as 1/T squared."""
    model, x = residual
    errors = [
        sp.convert(model, x, method="max", steps=t, neuron=neuron).report.output
        for t in (4, 32, 128)
    ]
    assert errors[2] < errors[1] / 8 and errors[1] < errors[0] / 8


def test_few_spikes_are_bits(residual: Any) -> None:
    """Ten bits, three layers: a thousandth; and at most ten spikes of a neuron."""
    model, x = residual
    made = sp.convert(model, x, steps=12, neuron="few", method="max")
    answer = made.run(x)
    assert made.total_steps == 36
    assert np.abs(answer.outputs - made.original(x)).max() < 1e-3
    assert (answer.spikes <= 12 * (576 + 576 + 24)).all()


@pytest.mark.parametrize("neuron", ["plain", "signed", "burst", "few"])
def test_engines_agree(residual: Any, neuron: str) -> None:
    """The description runs on the compiled engine and gives the spikes that PyTorch gives."""
    model, x = residual
    made = sp.convert(model, x, steps=5, neuron=neuron)
    a, b = made.run(x[:3]), made.run(x[:3], on="cpu")
    assert np.array_equal(a.spikes, b.spikes) and np.array_equal(a.synops, b.synops)
    assert np.allclose(a.outputs, b.outputs, atol=1e-4)
    again = sp.convert(model, x, steps=5, neuron=neuron)
    assert again.network.fingerprint == made.network.fingerprint
    assert np.array_equal(again.run(x[:3]).outputs, a.outputs)


def test_it_is_saved_as_any_network(residual: Any, tmp_path: Any) -> None:
    model, x = residual
    made = sp.convert(model, x, steps=4)
    path = made.network.save(tmp_path / "net.spikestack")
    assert sp.load(path).fingerprint == made.network.fingerprint


def test_calibration_corrects_what_comes_too_soon(residual: Any) -> None:
    """Thresholds by channel and corrected biases bring the outputs closer."""
    model, x = residual
    plain, without, with_ = (
        sp.convert(model, x, steps=4, **settings).report.output
        for settings in (
            {"method": "max"}, {"method": "calibrated", "correct": False}, {"method": "calibrated"}
        )
    )  # fmt: skip
    assert with_ < without and with_ < plain


def test_report_names_causes(residual: Any) -> None:
    """Greatest activation: nothing is clipped. A tenth percentile: nearly all of the error."""
    model, x = residual
    wide = sp.convert(model, x, steps=8, method="max").report
    narrow = sp.convert(model, x, steps=8, method="percentile", percentile=60.0).report
    for a, b in zip(wide.layers, narrow.layers):
        assert a.clipping < 1e-12 < a.quantisation
        assert b.clipping > 10 * b.quantisation
    assert wide.layers[0].unevenness < 1e-9 < wide.layers[1].unevenness
    turn = sp.convert(model, x, steps=8, method="max", in_turn=True).report
    assert max(layer.unevenness for layer in turn.layers) < 1e-6
    assert "quantisation" in str(wide) and wide["relu"].neurons == 576


class _Line(nn.Module):
    """Along one dimension, with a skip from the input, arithmetic, and a mean."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv1d(2, 4, 5, stride=2, padding=2, dilation=1)
        self.b = nn.Conv1d(4, 4, 3, padding="same", groups=4)
        self.norm, self.out = nn.BatchNorm1d(4), nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        x = (x - 0.5) * 2
        y = self.a(x).clamp(min=0)
        y = y + torch.relu(self.norm(nn.functional.max_pool1d(y, 3, 1, 1)))
        y = nn.functional.relu6(self.b(nn.functional.avg_pool1d(y, 2)))
        return self.out(y.mean(2)).softmax(1)


class _Pooled(nn.Module):
    """Overlapping windows of three by three; the rectifier after the pooling; rectangles."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 3, (3, 5), padding=(1, 2)), nn.Conv2d(3, 4, 3, dilation=2)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.mean = nn.AvgPool2d((1, 2), padding=(0, 1), count_include_pad=False)
        self.out = nn.Linear(16, 4)

    def forward(self, x: Any) -> Any:
        x = torch.relu(self.pool(self.a(x)))
        x = self.mean(torch.relu(self.b(x)))
        return self.out(torch.flatten(x, 1).unsqueeze(1).squeeze(1))


@pytest.mark.parametrize(
    ("model", "shape"), [(_Line, (2, 24)), (_Pooled, (1, 12, 12))], ids=["line", "pooled"]
)
def test_other_shapes(model: Any, shape: tuple[int, ...]) -> None:
    """Within the rounding of twelve bits."""
    x = torch.rand(24, *shape)
    try:
        net = settled(model(), x)
        made = sp.convert(net, x, steps=12, neuron="few", method="max")
    except RuntimeError:
        pytest.fail("the model itself does not fit the data")
    own, found = made.original(x), made.run(x).outputs
    wanted = given(net, x.numpy())
    same = torch.softmax(torch.tensor(own), 1).numpy() if model is _Line else own
    assert np.allclose(same, wanted, atol=1e-5)
    assert np.abs(found - own).max() < 5e-3 * max(1, np.abs(own).max())


class _Branching(nn.Module):
    def forward(self, x: Any) -> Any:
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (nn.Sequential(nn.Linear(6, 6), nn.Sigmoid()), "'_1': Sigmoid has no .*use ReLU or QCFS"),
        (nn.Sequential(nn.Linear(6, 6), nn.LayerNorm(6)), "LayerNorm.*use batch norm"),
        (nn.Sequential(nn.Softmax(1), nn.Linear(6, 2)), "softmax.*at the output"),
        (nn.Sequential(nn.Linear(6, 4), nn.Hardtanh()), "'_1': clamp from -1.0"),
        (nn.Sequential(nn.Linear(7, 4)), "fails on the data"),
        (_Branching(), "cannot be traced"),
        (nn.Sequential(nn.Unflatten(1, (1, 6)), nn.MaxPool1d(2)), "may be negative"),
        (3, "a torch.nn.Module"),
    ],
)
def test_refused_by_name(model: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        sp.convert(model, np.zeros((4, 6)))


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 0}, {"steps": 2.5}, {"neuron": "nothing"}, {"method": "nothing"},
        {"percentile": 0}, {"method": "qcfs"}, {"neuron": "few", "steps": 21},
    ],
)  # fmt: skip
def test_settings_are_checked(settings: dict[str, Any]) -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(ValidationError):
        sp.convert(model, np.ones((4, 6)), **settings)


def test_samples_are_checked() -> None:
    made = sp.convert(nn.Sequential(nn.Linear(6, 4), nn.ReLU()), np.ones((4, 6)), steps=4)
    assert made.run(np.ones((2, 6))).outputs.shape == (2, 4)
    for bad in (np.ones((2, 5)), np.full((2, 6), np.nan), "text", np.ones((0, 6))):
        with pytest.raises(ValidationError):
            made.run(bad)
    with pytest.raises(UnknownNameError):
        made.run(np.ones((2, 6)), on="nothing")
    with pytest.raises(ValidationError):
        made.evaluate(np.ones((2, 6)), [1])


def test_training_mode_is_left_alone() -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.5), nn.ReLU(), nn.Linear(4, 2)).train()
    sp.convert(model, np.ones((4, 6)), steps=2)
    assert model.training


def test_qcfs_learns_its_scale() -> None:
    """The scale comes down to where the values are."""
    act, x = QCFS(4, 8.0), torch.rand(200)
    optimiser = torch.optim.Adam(act.parameters(), 0.2)
    for _ in range(100):
        loss = ((act(x) - x) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert 0.7 < float(act.scale.detach()) < 1.3
    assert len(torch.unique(act(10 * torch.randn(1000)))) == 5
    with pytest.raises(ValidationError):
        QCFS(0)
