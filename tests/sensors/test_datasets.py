"""Sets of recordings: complete, labelled, split once and for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spikestack.errors import FileFormatError, UnknownNameError, ValidationError
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


def test_what_is_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="SPIKESTACK_DATA"):
        datasets.braille(folder=tmp_path / "nowhere")
    with pytest.raises(ValidationError, match="no file"):
        datasets.braille(folder=tmp_path)
    (tmp_path / "braille").mkdir()
    (tmp_path / "braille" / "braille_public.npz").write_bytes(b"PK broken")
    with pytest.raises(FileFormatError, match="damaged"):
        datasets.braille(folder=tmp_path)
