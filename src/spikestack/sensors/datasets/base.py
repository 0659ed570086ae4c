"""What labelled samples are: changed when asked for, kept, given in batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import UnknownNameError, ValidationError, shorten
from ...numerics.random import stream_key, uniform

if TYPE_CHECKING:
    from .batching import Batch
    from .torch_view import TorchSamples

__all__ = ["Samples", "data_folder", "even_split", "part_of", "samples_from"]

_VARIABLE = "SPIKESTACK_DATA"


@dataclass(frozen=True, eq=False)
class Samples(Sequence[tuple[Any, int]]):
    """Labelled samples: ``samples[k]`` is an item and its label; a slice or a mask is a subset.

    It has a length and is indexed by numbers, so that PyTorch's `DataLoader` takes it as a data
    set. Nothing is computed before it is asked for.

    Attributes
    ----------
    labels
        int64: of each sample.
    names
        What labels mean, by number.
    groups
        Of each sample: a speaker, a repetition; empty where there are none.
    ids
        Of each sample, its number in the whole set.
    truth
        What else is known of each sample, by name: arrays, one entry for each.
    content
        What the samples are made from, as text: digests of files, or parameters and seeds. Empty
        where that is not known.
    dt
        ms from sample to sample of signals; 0 of events.
    duration
        ms; no event of any sample of the set comes later. 0 where that is not known.
    front_end
        What `events` uses unless another is given; None of events.
    steps
        The transforms that `map` was given.
    """

    make: Callable[[int], Any]
    labels: np.ndarray
    names: tuple[str, ...]
    groups: np.ndarray
    ids: np.ndarray
    truth: Mapping[str, np.ndarray] = field(default_factory=dict)
    content: str = ""
    dt: float = 0.0
    duration: float = 0.0
    front_end: Callable[[], Any] | None = None
    steps: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice | list | np.ndarray):
            return self.subset(np.arange(len(self))[k])
        if not -len(self) <= k < len(self):
            raise IndexError(k)
        item = self.make(int(self.ids[k]))
        for step in self.steps:
            item = step(item)
        return item, int(self.labels[k])

    def __iter__(self) -> Iterator[tuple[Any, int]]:
        for k in range(len(self)):
            yield self[k]

    def subset(self, which: np.ndarray) -> Samples:
        """Some of them: indices or a mask."""
        groups = self.groups[which] if len(self.groups) else self.groups
        truth = {name: values[which] for name, values in self.truth.items()}
        kept = {"labels": self.labels[which], "groups": groups, "ids": self.ids[which]}
        return replace(self, truth=truth, **kept)

    def map(self, *transforms: Callable[[Any], Any], duration: float | None = None) -> Samples:
        """The same samples, each changed when it is asked for: ``map(clean, sp.VoxelGrid(5))``.

        Parameters
        ----------
        transforms
            Filters, representations, ``cochlea.hear``, or anything else that takes an item; the
            first is done first.
        duration
            ms, where a transform makes events come later than before.
        """
        for step in transforms:
            if not callable(step):
                raise ValidationError(
                    "Samples.map", f"got {shorten(step)}", "something that takes an item",
                    "of an encoder or a cochlea: samples.events(it)",
                )  # fmt: skip
        span = self.duration if duration is None else float(duration)
        return replace(self, steps=(*self.steps, *transforms), duration=span)

    mapped = map

    def events(self, front_end: Any = None) -> Samples:
        """The same samples as events.

        Parameters
        ----------
        front_end
            A cochlea or `MelDelta`, a `Skin`, an `Encoder`, or anything that takes a signal and
            gives events; the set's own by default. An encoder that begins at some value, as
            `SendOnDelta`, begins at each signal's first sample.

        Raises
        ------
        ValidationError
            If its sampling rate is not that of the signals, or there is none.
        """
        from .front_ends import hearing

        if front_end is None and self.front_end is None:
            return self
        chosen = self.front_end() if front_end is None and self.front_end else front_end
        made = self.map(hearing(chosen, self.dt))
        return replace(made, dt=0.0, front_end=None)

    def cached(self, transform: Any = None, **where: Any) -> Samples:
        """The same samples, computed once and kept on disk; see `spikestack...datasets.cached`."""
        from .caching import cached

        return cached(self, transform, **where)

    def batches(self, size: int, **how: Any) -> Iterator[Batch]:
        """Arrays (T, B, N) and labels (B,), batch by batch.

        Parameters
        ----------
        size
            Samples of a batch, B. The last batch may have fewer.
        bins
            How many steps, T. Of events: the time from `start` to `start` + `duration` in so many
            equal parts. Of arrays, whose first axis is time: at least as many as they have.
        dt
            ms of a step, instead of `bins` or with it. Alone, and without `duration`, T is what
            the longest sample of the batch needs.
        duration
            ms; that of the set by default. Later events are left out.
        start
            ms at which the first step begins; earlier events are left out.
        shuffle
            Whether the order is random: the same for the same `seed` and `epoch`.
        seed, epoch
            Whole numbers.
        binary
            Whether steps hold 1 for one event or more, rather than how many there were.
        dtype
            Of the arrays, float32 by default.
        last
            Whether the last batch comes if it is not full.

        Yields
        ------
        Batch
            ``inputs`` (T, B, N), ``labels`` int64 (B,), ``lengths`` int64 (B,): steps before the
            padding, ``ids`` int64 (B,). It unpacks as the first two.

        Raises
        ------
        ValidationError
            If neither bins nor dt is given for events, or samples differ in size.
        MemoryLimitError
            If a batch would not fit into memory.
        """
        from .batching import batches

        return batches(self, size, **how)

    def torch(self, **how: Any) -> TorchSamples:
        """A view of them for PyTorch: a map-style data set of (T, N) tensors and labels.

        Parameters
        ----------
        how
            ``bins``, ``dt``, ``duration``, ``start``, ``binary``, as of `batches`. None of them:
            items must be arrays, and are given as they are.

        Raises
        ------
        MissingExtraError
            Without PyTorch.
        """
        from .torch_view import TorchSamples

        return TorchSamples(self, **how)

    def __repr__(self) -> str:
        return f"<Samples: {len(self):,} of {len(self.names)} classes>"


def samples_from(
    items: Sequence[Any], labels: Any, names: Sequence[str] = (), *, dt: float = 0.0,
    duration: float = 0.0, groups: Any = (),
) -> Samples:  # fmt: skip
    """Samples of your own: events or arrays, and a label from 0 on for each.

    Parameters
    ----------
    items
        Of equal kind.
    labels
        Whole numbers from 0 on.
    names
        Of the classes; their numbers by default.
    dt
        ms between samples of signals.
    duration
        ms, after which no event comes.
    groups
        Of each, or none.

    Raises
    ------
    ValidationError
        If they are not as many, or a label is no number from 0 on.
    """
    from .fingerprints import content_of

    numbers = np.asarray(labels)
    whole = numbers.dtype.kind in "iub" and numbers.shape == (len(items),)
    known = tuple(str(name) for name in names)
    if not whole or (len(numbers) and numbers.min() < 0):
        raise ValidationError("samples_from, labels", f"got {shorten(labels)}",
                              f"{len(items)} whole numbers from 0 on")  # fmt: skip
    known = known or tuple(str(k) for k in range(int(numbers.max(initial=-1)) + 1))
    if numbers.max(initial=-1) >= len(known) or np.shape(groups) not in [(0,), numbers.shape]:
        raise ValidationError("samples_from", f"{len(known)} names, {len(groups)} groups",
                              "a name for each label; a group for each item or none")  # fmt: skip
    held = list(items)
    return Samples(
        held.__getitem__, numbers.astype(np.int64), known, np.asarray(groups),
        np.arange(len(held)), content=content_of(held), dt=dt, duration=duration,
    )  # fmt: skip


def data_folder(folder: str | Path | None = None) -> Path:
    """Where recordings are: as given, else as SPIKESTACK_DATA says, else beside this checkout.

    Raises
    ------
    ValidationError
        If there is no such folder.
    """
    beside = Path(__file__).resolve().parents[5] / "shared" / "data"
    found = Path(folder or os.environ.get(_VARIABLE) or beside)
    if not found.is_dir():
        raise ValidationError(
            "data, folder",
            f"no folder {found}",
            "one with the sets",
            f"pass it, or set {_VARIABLE}",
        )
    return found


def part_of(everyone: Samples, parts: Mapping[str, np.ndarray], split: str) -> Samples:
    """One part of a set by its name, or ``"all"``."""
    if split == "all":
        return everyone
    if split not in parts:
        raise UnknownNameError("split", split, [*parts, "all"])
    return everyone.subset(np.flatnonzero(parts[split]))


def even_split(
    labels: np.ndarray, name: str, *, test: int, validation: int
) -> dict[str, np.ndarray]:
    """A fixed random split in which each part holds about as many of each class."""
    counter = np.arange(len(labels), dtype=np.uint64)
    order = np.argsort(np.asarray(uniform(stream_key(0, name, "split"), counter)))
    # Classes in turn, each in its own order, so that parts hold about as many of each.
    classes = int(labels.max()) + 1
    rank = np.empty(len(labels), np.int64)
    for one in range(classes):
        mine = order[labels[order] == one]
        rank[mine] = np.arange(len(mine)) * classes + one
    place = np.argsort(np.argsort(rank))
    return {
        "test": place < test,
        "validation": (place >= test) & (place < test + validation),
        "train": place >= test + validation,
    }
