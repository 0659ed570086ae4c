"""Signals of bodies and machines: reconstruction, heartbeats, and anomalies in streams."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.sensors import datasets
from spikestack.sensors.anomaly_scoring import (
    PROFILES,
    LabelledSeries,
    anomaly_score,
    probation,
)
from spikestack.sensors.choosing import reconstruction_snr

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SPIKESTACK_DATA", ROOT.parent / "shared" / "data"))


def supplied(name: str) -> Path:
    """A file of the supplied data, or a skipped test."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {path}; SPIKESTACK_DATA may name another folder of the data")
    return path


def example(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "examples" / f"{name}.py"))


def decoded_db(x: np.ndarray, rate: str, kind: Any, **settings: Any) -> tuple[float, float]:
    """dB against the signal about its mean, and events per sample."""
    coder = kind.fitted(x, rate, **settings)
    events = coder.encode(x, rate)
    back = coder.decode(events, len(x), rate)
    if kind is sp.SendOnDelta:
        assert np.abs(back - x).max() <= coder.bound(rate) * (1 + 1e-9)
    return reconstruction_snr(x, back), len(events) / len(x)


@pytest.mark.parametrize(("kind", "more"), [(sp.SendOnDelta, {}), (sp.StepForward, {"most": 100})])
def test_an_ecg_comes_back(kind: Any, more: dict[str, Any]) -> None:
    """30 dB from half a percent of the range on; at one percent, 30 dB of the power above 0."""
    record = example("ecg")["read"](supplied("ecg-mitbih100/ecg100_first20min.npz"))
    x = record.leads[:, 0]
    whole = 10 * np.log10((x**2).mean() / x.var())  # dB by which its mean adds to its power
    at_one, few = decoded_db(x, "360 Hz", kind, **more)
    at_half, many = decoded_db(x, "360 Hz", kind, share=0.005, **more)
    assert at_one > 25.0 and at_one + whole > 30.0 and at_half > 30.0
    assert few < 0.75 and many < 1.7


@pytest.mark.parametrize(("kind", "more"), [(sp.SendOnDelta, {}), (sp.StepForward, {"most": 100})])
def test_speech_comes_back(kind: Any, more: dict[str, Any]) -> None:
    with np.load(supplied("fsdd/fsdd_public.npz")) as data:
        audio, offsets = data["audio"], data["offsets"]
    found = []
    for k in range(0, len(offsets) - 1, 90):
        x = audio[offsets[k] : offsets[k + 1]].astype(float)
        found.append(decoded_db(x, "8000 Hz", kind, share=0.005, **more)[0])
    assert np.mean(found) > 30.0 and min(found) > 15.0


def synthetic_ecg(seconds: int = 40, rate: float = 360.0) -> tuple[np.ndarray, np.ndarray]:
    """Two leads (mV) with P, QRS and T waves, breathing and noise; and the times of R (ms)."""
    rng = np.random.default_rng(5)
    beats = np.cumsum(rng.uniform(600.0, 1000.0, int(seconds / 0.8)))
    beats = beats[beats < seconds * 1e3 - 500.0]
    t = np.arange(int(seconds * rate)) * 1e3 / rate
    x = 0.15 * np.sin(2 * np.pi * t / 4000.0) + 0.01 * rng.normal(size=len(t))
    for height, shift, width in ((0.12, -170.0, 25.0), (1.3, 0.0, 9.0), (-0.25, 30.0, 8.0)):
        x += sum(height * np.exp(-0.5 * ((t - b - shift) / width) ** 2) for b in beats)
    x += sum(0.3 * np.exp(-0.5 * ((t - b - 260.0) / 45.0) ** 2) for b in beats)
    return np.stack([x, 0.7 * x], axis=1), beats


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_heartbeats_are_found_online(on: str) -> None:
    """All of a made-up ECG, whatever the pieces in which it comes."""
    names = example("ecg")
    leads, beats = synthetic_ecg(40 if on == "cpu" else 10)
    beats = beats[beats < len(leads) / 0.36 - 300.0]
    record = names["Record"](leads, 360.0, beats)
    coder = sp.SendOnDelta(d=0.15, start=leads[0])
    found, events = names["listen"](record, coder, on=on)
    scores = names["score"](found, beats)
    assert scores["recall"] == 1.0 and scores["precision"] > 0.97
    again, same = names["listen"](record, coder, piece=1000, on=on)
    inside = again < len(leads) // 1000 * 1000 / 0.36
    assert np.array_equal(found[: inside.sum()], again[inside])
    assert np.array_equal(events.t, same.t) and events.counts().sum() < 2 * 40 * len(leads) / 360


@pytest.mark.parametrize("which", [0, 1])
def test_scoring_of_beats(which: int) -> None:
    """A beat matches one detection, and a detection one beat."""
    score = example("ecg")["score"]
    beats = np.array([1000.0, 2000.0, 3000.0])
    found = (np.array([1010.0, 1020.0, 2500.0]), np.array([900.0, 2100.0, 3149.0]))[which]
    assert score(found, beats)["f1"] == pytest.approx((1 / 3, 1.0)[which])


def test_heartbeats_of_the_record(tmp_path: Path) -> None:
    """F1 of 0.995 at 40 events per second and lead: what this project asks."""
    path = supplied("ecg-mitbih100/ecg100_first20min.npz")
    numbers = example("ecg")["main"]([str(path), "--quick", "--out", str(tmp_path / "ecg.png")])
    assert numbers["f1"] >= 0.995
    assert max(numbers["events_per_s_lead_1"], numbers["events_per_s_lead_2"]) <= 40.0
    assert (tmp_path / "ecg.png").stat().st_size > 10_000


def series(n: int = 2000, first: int = 1200, last: int = 1299) -> LabelledSeries:
    return LabelledSeries(np.arange(n) * 60, np.zeros(n), [(first * 60.0, last * 60.0)])


def test_scores_of_the_benchmark() -> None:
    """The first row of each window gives 100; nothing gives 0; rows outside cost by profile."""
    one, perfect = series(), np.zeros(2000)
    perfect[1200] = 1.0
    assert anomaly_score({"a": one}, {"a": perfect}) == (pytest.approx(100.0, abs=0.01), 1.0)
    assert anomaly_score({"a": one}, {"a": np.zeros(2000)})[0] == 0.0
    late = np.zeros(2000)
    late[1299] = 1.0
    assert 50.0 < anomaly_score({"a": one}, {"a": late})[0] < 52.0
    both = perfect.copy()
    both[800] = 1.0
    scores = [anomaly_score({"a": one}, {"a": both}, name)[0] for name in PROFILES]
    assert scores == pytest.approx([94.5, 89.0, 100 * (3 - 0.11) / 3], abs=0.05)
    early = perfect.copy()
    early[: probation(2000)] = 1.0
    assert anomaly_score({"a": one}, {"a": early})[0] == pytest.approx(100.0, abs=0.01)


def test_scores_are_those_of_a_direct_sum() -> None:
    """Against every threshold in turn, summed row by row."""
    rng = np.random.default_rng(2)
    times, n = np.arange(900) * 10, 900
    windows = [(2000.0, 2990.0), (6000.0, 6490.0)]
    given = np.round(rng.random(n), 2)
    best = 0.0
    for level in np.unique(given):
        total = 0.0
        hits = np.full(2, -1.0)
        for k in np.flatnonzero(given >= level):
            if k < 135:
                continue
            inside = [w for w, (a, b) in enumerate(windows) if a <= times[k] <= b]
            ends = [(int(b / 10), int((b - a) / 10) + 1) for a, b in windows]
            if inside:
                last, width = ends[inside[0]]
                value = (2 / (1 + np.exp(-5 * (last - k + 1) / width)) - 1) / 0.98661
                hits[inside[0]] = max(hits[inside[0]], value)
                continue
            before = [(last, width) for last, width in ends if last < k]
            place = (k - before[-1][0]) / (before[-1][1] - 1) if before else np.inf
            total += 0.11 * (2 / (1 + np.exp(5 * place)) - 1 if place <= 3 else -1.0)
        best = max(best, (total + hits.sum() + 2) / 4 * 100)
    one = LabelledSeries(times, np.zeros(n), windows)
    assert anomaly_score({"a": one}, {"a": given})[0] == pytest.approx(best, abs=1e-9)


def test_scores_that_cannot_be() -> None:
    with pytest.raises(ValidationError):
        anomaly_score({"a": series()}, {"a": np.zeros(3)})
    with pytest.raises(ValidationError):
        anomaly_score({"a": series()}, {"a": np.full(2000, np.nan)})


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_a_jump_is_told_at_once_and_nothing_is_looked_up_in_the_future(on: str) -> None:
    """The score of a row does not change when later rows do."""
    detect = example("anomalies")["detect"]
    rng = np.random.default_rng(4)
    values = rng.normal(size=1200)
    values[900:905] += 30.0
    scores = detect(values, on=on)
    assert scores.argmax() in (900, 901) and scores.min() >= 0.0 and scores.max() <= 1.0
    for cut in (400, 700, 902):
        other = values.copy()
        other[cut:] = rng.normal(5.0, 50.0, 1200 - cut)
        assert np.array_equal(detect(other, on=on)[:cut], scores[:cut])


def test_anomalies_of_the_benchmark() -> None:
    """Every third series of the supplied ones, at a threshold of their own."""
    names = example("anomalies")
    found = datasets.nab(supplied("nab/windows.json").parent)
    some = {name: found[name] for name in list(found)[::3]}
    scores = {name: names["detect"](one.values) for name, one in some.items()}
    assert anomaly_score(some, scores)[0] > 45.0
