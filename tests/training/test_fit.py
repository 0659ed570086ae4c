"""`fit`: it learns, stops, goes on after a kill to the same bits, refuses nonsense."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import FileFormatError, NumericalError, ValidationError

torch = pytest.importorskip("torch", reason="the extra train is not installed")
torch.set_num_threads(1)

from trained_nets import blobs, layered  # noqa: E402

from spikestack.training import Fitted, Shift, at_least, at_most  # noqa: E402

HOW: dict[str, Any] = {"steps": 10, "epochs": 3, "batch": 16, "lr": 1e-2, "check": False}


def weights(module: Any) -> dict[str, Any]:
    return {n: p.detach().clone() for n, p in module.named_parameters()}


def same(a: Any, b: Any) -> bool:
    return all(torch.equal(a[n], b[n]) for n in a)


class Killed(Exception):
    pass


class Failing:
    """An augmentation that does nothing, and once stops everything."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        self.left -= 1
        if self.left == 0:
            raise Killed
        return x + 0.01 * rng.random(x.shape, np.float32)


def test_it_learns_and_says_so() -> None:
    fitted = sp.fit(layered(), blobs(), validate=blobs(60, seed=9), **HOW | {"epochs": 15})
    assert fitted.validation.accuracy > 0.85
    assert fitted.history[-1]["loss"] < 0.5 * fitted.history[0]["loss"]
    row = fitted.history[-1]
    assert set(row["rates"]) == {"pixels", "hidden"}
    assert row["additions"] == pytest.approx(3 * row["spikes"]["hidden"])
    assert row["multiplications"] == pytest.approx(12 * row["spikes"]["pixels"])
    best = max(r["validation_accuracy"] for r in fitted.history)
    assert fitted.validation.accuracy == best == fitted.history[fitted.best_epoch - 1][
        "validation_accuracy"]  # fmt: skip


@pytest.mark.parametrize("after", [2, 6, 7, 16])
@pytest.mark.parametrize("how", [{}, {"truncate": 4}, {"optimiser": "momentum"}], ids=str)
def test_going_on_gives_the_same_bits(tmp_path: Path, after: int, how: dict[str, Any]) -> None:
    data, held_out = blobs(), blobs(30, seed=9)
    whole = sp.fit(layered(recurrent=True), data, validate=held_out, augment=Failing(-1),
                   schedule="cosine", **HOW, **how)  # fmt: skip
    with pytest.raises(Killed):
        sp.fit(layered(recurrent=True), data, validate=held_out, augment=Failing(after),
               schedule="cosine", folder=tmp_path, save_every=0.0, **HOW, **how)  # fmt: skip
    torch.manual_seed(99)
    again = sp.fit(layered(recurrent=True, scale=0.1), data, validate=held_out,
                   augment=Failing(-1), schedule="cosine", folder=tmp_path, resume=True,
                   **HOW, **how)  # fmt: skip
    assert same(weights(whole.module), weights(again.module))
    for a, b in zip(whole.history, again.history):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


SCRIPT = """
import sys, torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[2])
from trained_nets import blobs, layered
import spikestack as sp
def slow(x, rng):
    print("batch", flush=True)
    return x
sp.fit(layered(), blobs(), steps=10, epochs=500, batch=16, lr=1e-2, check=False,
       folder=sys.argv[1], save_every=0.0, augment=slow)
"""


def test_a_killed_process_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(20):
            assert process.stdout is not None and process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)

    def slow(x: Any, rng: Any) -> Any:
        return x

    how = HOW | {"epochs": 8, "augment": slow}
    slow.__qualname__ = "slow"
    again = sp.fit(layered(), blobs(), folder=tmp_path, resume=True, **how)
    whole = sp.fit(layered(), blobs(), **how | {"epochs": len(again.history)})
    assert same(weights(whole.module), weights(again.module))


def test_more_epochs_later(tmp_path: Path) -> None:
    whole = sp.fit(layered(), blobs(), **HOW)
    sp.fit(layered(), blobs(), folder=tmp_path, **HOW | {"epochs": 1})
    more = sp.fit(layered(), blobs(), folder=tmp_path, resume=True, **HOW)
    assert same(weights(whole.module), weights(more.module))


def test_it_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    still = sp.fit(layered(), blobs(), validate=blobs(30, seed=9), patience=2,
                   **HOW | {"epochs": 50, "lr": 1e-12})  # fmt: skip
    assert still.status == "stopped early" and len(still.history) == still.best_epoch + 2


def test_everything_else_a_run_may_use() -> None:
    inputs, labels = blobs()
    still = sp.fit(layered(), (inputs, labels), **HOW)
    moving = np.repeat(inputs[:, None], 10, axis=1)
    shown = sp.fit(layered(), (moving, labels), **HOW | {"steps": None})
    assert same(weights(still.module), weights(shown.module))
    pairs = list(zip(moving, labels))
    listed = sp.fit(layered(), pairs, **HOW | {"steps": None})
    assert same(weights(still.module), weights(listed.module))
    regularised = sp.fit(layered(), (inputs, labels), clip=1.0, weight_decay=1e-3,
                         regularise=[at_most(0.5, "hidden", strength=1.0), at_least(0.1)],
                         augment=Shift((2, 3), 1), **HOW)  # fmt: skip
    assert regularised.history[-1]["spikes"]["hidden"] < still.history[-1]["spikes"]["hidden"]


def test_samples_of_events() -> None:
    from spikestack.sensors.datasets import synthetic_patterns

    samples = synthetic_patterns(40, 1, jitter=0.0)
    size = samples[0][0].size
    fitted = sp.fit(layered(size, 32, len(samples.names)), samples, **HOW | {"steps": 30})
    assert fitted.history[-1]["accuracy"] > fitted.history[0]["accuracy"]


def test_silence_is_noticed() -> None:
    with pytest.warns(UserWarning, match="'hidden': 100% of neurons are silent"):
        sp.fit(layered(scale=1e-3), blobs(), **HOW | {"check": True, "epochs": 1})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sp.fit(layered(scale=2.0), blobs(), **HOW | {"check": True, "epochs": 1})


def test_refusals(tmp_path: Path) -> None:
    inputs, labels = blobs()
    for wrong, what in (
        ({"epochs": 0}, "epochs"), ({"lr": -1.0}, "lr"), ({"loss": "man"}, "mean membrane"),
        ({"optimiser": "adm"}, "adam"), ({"steps": None}, "still"), ({"resume": True}, "folder"),
        ({"schedule": "linear"}, "cosine"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=what):
            sp.fit(layered(), (inputs, labels), **HOW | wrong)
    with pytest.raises(ValidationError, match="6"):
        sp.fit(layered(), (inputs[:, :4], labels), **HOW)
    with pytest.raises(ValidationError, match="class 7"):
        sp.fit(layered(), (inputs, labels), validate=(inputs, labels + 5), **HOW)
    with pytest.raises(ValidationError, match="nothing is trained"):
        sp.fit(layered().compile("torch", train=()), (inputs, labels), **HOW)
    with pytest.raises(ValidationError, match="NaN"):
        sp.fit(layered(), (inputs + np.float32(np.nan), labels), **HOW)
    with pytest.raises(NumericalError, match="epoch 1, batch 1"):
        sp.fit(
            layered(), (inputs, labels), **HOW | {"loss": lambda out, y: out["out.v"].log().sum()}
        )
    sp.fit(layered(), (inputs, labels), folder=tmp_path, **HOW | {"epochs": 1})
    with pytest.raises(ValidationError, match="resume=True"):
        sp.fit(layered(), (inputs, labels), folder=tmp_path, **HOW)
    with pytest.raises(ValidationError, match="batch"):
        sp.fit(layered(), (inputs, labels), folder=tmp_path, resume=True, **HOW | {"batch": 8})


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    sp.fit(layered(), blobs(), folder=tmp_path, **HOW | {"epochs": 1})
    path = tmp_path / "checkpoint.pt"
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"no checkpoint at all"):
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"checkpoint\.pt"):
            sp.fit(layered(), blobs(), folder=tmp_path, resume=True, **HOW)


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "harmed"),)

    torch.save({"format": "spikestack training 1", "words": Harm()}, tmp_path / "checkpoint.pt")
    with pytest.raises(FileFormatError):
        sp.fit(layered(), blobs(), folder=tmp_path, resume=True, **HOW)
    assert not (tmp_path / "harmed").exists()


def test_report(tmp_path: Path) -> None:
    fitted = sp.fit(layered(), blobs(), validate=blobs(30, seed=9), **HOW)
    assert isinstance(fitted, Fitted)
    page = fitted.report(tmp_path / "r.html", blobs(30, seed=8), "<b>A & B").read_text()
    assert "<b>A" not in page and "&lt;b&gt;A &amp; B" in page
    assert page.count("data:image/png;base64,") == 4
    assert "http://" not in page and "https://" not in page and "<script" not in page
    assert "hidden-&gt;out" in page


def test_dropout_and_delays_are_for_training_only() -> None:
    """Scores come from the network that is described in the end; pieces and dropout do not mix."""
    rng = np.random.default_rng(0)
    net = sp.Network(seed=1)
    source = net.add(sp.Population("in", 8, sp.SpikeSource()))
    out = net.add(sp.Population("out", 2, sp.LeakyIntegrator()))
    net.drive(source, sp.ExternalSpikes(weight=1.0))
    net.connect(source, out, sp.Dense(rng.normal(size=(8, 2))), sp.Delta(weight=1.0, delay=2.0))
    net.record(out, "v")
    module = net.compile("torch", 1.0, train=["weights", "in->out.delay"])
    module.dropout("in", 0.5)
    x = (rng.random((40, 12, 8)) < 0.3).astype(np.float32)
    y = (x[:, :, :4].sum((1, 2)) > x[:, :, 4:].sum((1, 2))).astype(int)
    fitted = sp.fit(module, (x, y), validate=(x, y), epochs=8, progress=False, check=False)
    assert float(module.delays["in->out"].width) == pytest.approx(0.5)
    scores = sp.evaluate(fitted.module, (x, y))
    same = fitted.module.trained().compile("torch", 1.0)
    assert sp.evaluate(same, (x, y)).accuracy == scores.accuracy
    assert module.training
    with pytest.raises(ValidationError, match="dropout"):
        sp.fit(module, (x, y), epochs=1, checkpoint=True, progress=False, check=False)


def test_delays_and_normalisations_are_trained_too() -> None:
    late = layered(delay=3.0).compile("torch", train=["weights", "pixels->hidden.delay"])
    late.normalise("hidden->out", "batch")
    before = weights(late)
    sp.fit(late, blobs(), **HOW)
    moved = {n: float((p.detach() - before[n]).abs().max()) for n, p in late.named_parameters()}
    assert all(change > 1e-3 for change in moved.values()), moved
    assert any(name.startswith("delays") for name in moved)
    assert any(name.startswith("layers") for name in moved)
    # Delays are counted in steps, and go in larger strides.
    assert max(v for n, v in moved.items() if n.startswith("delays")) > 0.2
