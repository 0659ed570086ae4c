"""Sparse frames: counts and their places, nothing where nothing happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import MissingExtraError, ValidationError
from ..events import CameraEvents
from .base import Representation, check_whole, space, span

__all__ = ["SparseCounts", "SparseFrames"]


@dataclass(frozen=True)
class SparseCounts:
    """An array by its entries that are not 0 (coordinate form, COO).

    Attributes
    ----------
    coordinates : int64[dimensions, entries]
        In reading order, each place once.
    values : int32[entries]
        Counts.
    shape
        Of the array.
    """

    coordinates: npt.NDArray[np.int64]
    values: npt.NDArray[np.int32]
    shape: tuple[int, ...]

    def dense(self) -> npt.NDArray[np.int32]:
        """The whole array."""
        out = space(self, self.shape, np.int32)
        out[tuple(self.coordinates)] = self.values
        return out

    def torch(self) -> Any:
        """A coalesced ``torch.sparse_coo`` tensor.

        Raises
        ------
        MissingExtraError
            Without torch.
        """
        try:
            import torch
        except ImportError:
            raise MissingExtraError("a sparse tensor (of torch)", "train") from None
        made = torch.sparse_coo_tensor(
            torch.from_numpy(self.coordinates), torch.from_numpy(self.values), self.shape
        )
        return made.coalesce()

    def __repr__(self) -> str:
        return f"<SparseCounts: {len(self.values):,} entries of {self.shape}>"


@dataclass(frozen=True)
class SparseFrames(Representation):
    """Counts of events by bin of time, polarity and pixel, in coordinate form.

    Parameters
    ----------
    bins
        Of equal time, as in `StackedHistogram`.
    start, stop
        ms; by default from the first event to 1 us after the last.
    """

    bins: int = 10
    start: Any = None
    stop: Any = None

    def __post_init__(self) -> None:
        check_whole(self, ["bins"], 1, 2**40)

    def __call__(self, events: CameraEvents) -> SparseCounts:
        """Coordinates are (bin, polarity, y, x)."""
        events = self._checked(events)
        first, end, inside = span(self, events, self.start, self.stop)
        some, shape = events[inside], (self.bins, 2, events.height, events.width)
        if self.bins * (end - first) >= 2**62 or self.bins * max(events.size, 1) >= 2**62:
            raise ValidationError("SparseFrames.bins", f"{self.bins}", "fewer, or a shorter span")
        bins = (some.t - first) * self.bins // (end - first)
        places, counts = np.unique(bins * events.size + some.unit, return_counts=True)
        coordinates = np.stack(np.unravel_index(places, shape)) if len(places) else np.zeros((4, 0))
        return SparseCounts(coordinates.astype(np.int64), counts.astype(np.int32), shape)
