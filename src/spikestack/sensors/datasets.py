"""Recordings to learn from: labelled samples of five sets, with splits that do not change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, UnknownNameError, ValidationError
from ..numerics.random import stream_key, uniform
from .events import CameraEvents

__all__ = ["Samples", "braille", "data_folder", "heartbeats", "nmnist_small", "spoken_digits"]

_VARIABLE = "SPIKESTACK_DATA"


@dataclass(frozen=True, eq=False)
class Samples(Sequence[tuple[Any, int]]):
    """Labelled samples: ``samples[k]`` is an item and its label.

    It has a length and is indexed by numbers, so that PyTorch's `DataLoader` takes it as a data
    set.

    Attributes
    ----------
    labels
        int64: of each sample.
    names
        What labels mean, by number.
    groups
        Of each sample: a speaker, a repetition; empty where there are none.
    """

    make: Callable[[int], Any]
    labels: np.ndarray
    names: tuple[str, ...]
    groups: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice | list | np.ndarray):
            return self.subset(np.arange(len(self))[k])
        if not -len(self) <= k < len(self):
            raise IndexError(k)
        return self.make(int(self.ids[k])), int(self.labels[k])

    def __iter__(self) -> Iterator[tuple[Any, int]]:
        for k in range(len(self)):
            yield self[k]

    def subset(self, which: np.ndarray) -> Samples:
        """Some of them: indices or a mask."""
        groups = self.groups[which] if len(self.groups) else self.groups
        return replace(self, labels=self.labels[which], groups=groups, ids=self.ids[which])

    def mapped(self, change: Callable[[Any], Any]) -> Samples:
        """The same samples, each changed when it is asked for: ``mapped(cochlea.hear)``."""
        before = self.make
        return replace(self, make=lambda k: change(before(k)))

    def __repr__(self) -> str:
        return f"<Samples: {len(self):,} of {len(self.names)} classes>"


def data_folder(folder: str | Path | None = None) -> Path:
    """Where recordings are: as given, else as SPIKESTACK_DATA says, else beside this checkout.

    Raises
    ------
    ValidationError
        If there is no such folder.
    """
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    found = Path(folder or os.environ.get(_VARIABLE) or beside)
    if not found.is_dir():
        raise ValidationError(
            "data, folder",
            f"no folder {found}",
            "one with the sets",
            f"pass it, or set {_VARIABLE}",
        )
    return found


def nmnist_small(split: str = "train", folder: Any = None) -> Samples:
    """Digits before an event camera that moves: 900 recordings of N-MNIST, `CameraEvents`.

    700 for training, 100 for validation, 100 for the test, about as many of each digit.

    Orchard, Jayawant, Cohen and Thakor 2015, Front Neurosci 9:437.
    """
    data = _archive(folder, "nmnist-small", "nmnist_train900.npz")
    offsets, labels = data["offsets"].astype(np.int64), data["label"].astype(np.int64)
    columns: dict[str, np.ndarray] = {"t": data["t"].astype(np.int64), "p": data["p"]}
    columns |= {name: data[name].astype(np.uint16) for name in ("x", "y")}

    def make(k: int) -> CameraEvents:
        part = slice(offsets[k], offsets[k + 1])
        cut: dict[str, Any] = {name: column[part] for name, column in columns.items()}
        return CameraEvents(**cut, width=34, height=34)

    order = np.argsort(np.asarray(uniform(stream_key(0, "nmnist", "split"), _counter(labels))))
    # Digits in turn, each in its own order, so that parts hold about as many of each.
    rank = np.empty(len(labels), np.int64)
    for digit in range(10):
        mine = order[labels[order] == digit]
        rank[mine] = np.arange(len(mine)) * 10 + digit
    place = np.argsort(np.argsort(rank))
    parts = {
        "test": place < 100,
        "validation": (place >= 100) & (place < 200),
        "train": place >= 200,
    }
    everyone = Samples(make, labels, _digits(), np.zeros(0), np.arange(len(labels)))
    return _part(everyone, parts, split)


def spoken_digits(split: str = "train", folder: Any = None) -> Samples:
    """Spoken digits, 8,000 samples per second, int16; groups are speakers.

    Takes 0 to 4 of each speaker and digit are the test, 5 to 9 validation, the others training.

    Free Spoken Digit Dataset, CC BY-SA 4.0.
    """
    data = _archive(folder, "fsdd", "fsdd_public.npz")
    audio, offsets, take = data["audio"], data["offsets"].astype(np.int64), data["index"]
    labels = data["digit"].astype(np.int64)

    def make(k: int) -> np.ndarray:
        return np.asarray(audio[offsets[k] : offsets[k + 1]])

    parts = {"test": take < 5, "validation": (take >= 5) & (take < 10), "train": take >= 10}
    everyone = Samples(make, labels, _digits(), data["speaker"], np.arange(len(labels)))
    return _part(everyone, parts, split)


def braille(split: str = "train", folder: Any = None) -> Samples:
    """Braille letters under a fingertip of 12 taxels: pressure from 0 to 1, float64 (76, 12).

    Repetitions 0 to 24 are training, 25 to 29 validation, 30 to 39 the test; groups are
    repetitions.

    Mueller-Cleve et al. 2022, Front Neurosci 16:951164, CC BY 4.0.
    """
    data = _archive(folder, "braille", "braille_public.npz")
    taxels, labels = data["taxels"], data["label"].astype(np.int64)
    repetition = data["repetition"]

    def make(k: int) -> np.ndarray:
        return (255.0 - taxels[k]) / 255.0

    parts = {
        "train": repetition < 25,
        "validation": (repetition >= 25) & (repetition < 30),
        "test": repetition >= 30,
    }
    names = tuple(str(name) for name in data["letters"])
    everyone = Samples(make, labels, names, repetition, np.arange(len(labels)))
    return _part(everyone, parts, split)


def heartbeats(folder: Any = None) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Twenty minutes of an electrocardiogram.

    Returns
    -------
    signal
        mV, float64 (samples, 2).
    rate
        Samples per second.
    beats
        int64: samples at which hearts beat.
    kinds
        Of each: ``"N"`` normal, ``"A"`` too early.
    """
    data = _archive(folder, "ecg-mitbih100", "ecg100_first20min.npz")
    signal = (data["adc"].astype(np.float64) - data["adc_zero"]) / data["adc_gain"]
    kinds = data["beat_symbol"].astype(str)
    real = np.isin(kinds, ("N", "A"))
    return signal, float(data["fs"]), data["beat_sample"].astype(np.int64)[real], kinds[real]


def _archive(folder: Any, name: str, file: str) -> dict[str, np.ndarray]:
    path = data_folder(folder) / name / file
    try:
        with np.load(path, allow_pickle=False) as found:
            return dict(found)
    except FileNotFoundError:
        raise ValidationError(
            f"data {name!r}", f"no file {path}", "the set in a folder of its name"
        ) from None
    except (ValueError, OSError, EOFError) as error:
        raise FileFormatError(f"{path}: damaged: {error}") from error


def _part(everyone: Samples, parts: dict[str, np.ndarray], split: str) -> Samples:
    if split == "all":
        return everyone
    if split not in parts:
        raise UnknownNameError("split", split, [*parts, "all"])
    return everyone.subset(np.flatnonzero(parts[split]))


def _digits() -> tuple[str, ...]:
    return tuple(str(digit) for digit in range(10))


def _counter(labels: np.ndarray) -> np.ndarray:
    return np.arange(len(labels), dtype=np.uint64)
