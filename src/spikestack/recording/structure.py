"""Which synapses of a projection were formed and removed, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError
from .checks import checked_dt, checked_span, checked_whole, frozen, integers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["StructureRecord"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class StructureRecord:
    """The synapses that came and went in one projection, in the order in which they did.

    Parameters
    ----------
    projection
        Its name.
    dt
        Step in ms.
    t_start, t_stop
        The window, in ms.
    initial
        Synapses at `t_start`.
    steps : int64[n]
        The step at whose end each came or went; they do not descend.
    pre, post : int32[n]
        Its source and target, by index in their populations.
    created : bool[n]
        Whether it came.

    Raises
    ------
    ValidationError
        When columns differ in length, are out of order, or more synapses go than there are.
    """

    projection: str
    dt: float
    t_start: float
    t_stop: float
    initial: int
    steps: npt.NDArray[np.int64]
    pre: npt.NDArray[np.int32]
    post: npt.NDArray[np.int32]
    created: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        where = f"structure of {self.projection!r}"
        checked_span(self.t_start, self.t_stop, where)
        created = np.asarray(self.created)
        if created.dtype != bool or created.ndim != 1:
            raise ValidationError(where, "created is no column of True and False")
        for name, value in (
            ("dt", checked_dt(self.dt, where)),
            ("initial", checked_whole(self.initial, 0, f"{where}.initial")),
            ("steps", frozen(integers(self.steps, np.int64, f"{where}.steps"))),
            ("pre", frozen(integers(self.pre, np.int32, f"{where}.pre"))),
            ("post", frozen(integers(self.post, np.int32, f"{where}.post"))),
            ("created", frozen(created)),
        ):
            object.__setattr__(self, name, value)
        if len({len(getattr(self, name)) for name in ("steps", "pre", "post", "created")}) > 1:
            raise ValidationError(where, "has columns of unequal length")
        if (np.diff(self.steps) < 0).any() or (self.counts()[1] < 0).any():
            raise ValidationError(where, "has changes out of order, or of synapses that are not")

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """When each came or went, in ms."""
        return np.asarray(self.steps * self.dt, np.float64)

    @property
    def n_created(self) -> int:
        """How many came."""
        return int(self.created.sum())

    @property
    def n_removed(self) -> int:
        """How many went."""
        return len(self) - self.n_created

    def __len__(self) -> int:
        return len(self.steps)

    def counts(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Times (ms) and the number of synapses from each of them on, beginning at `t_start`."""
        steps, first = np.unique(self.steps, return_index=True)
        gained = np.add.reduceat(np.where(self.created, 1, -1), first) if len(first) else first
        times = np.concatenate([[self.t_start], steps * self.dt])
        return times, self.initial + np.concatenate([[0], np.cumsum(gained)]).astype(np.int64)

    def between(self, t_start: float, t_stop: float) -> StructureRecord:
        """The part after `t_start`, up to `t_stop` ms, both within the window."""
        times = self.times
        slack = self.dt / 2
        first, last = np.searchsorted(times, [t_start + slack, t_stop + slack])
        before = int(np.where(self.created[:first], 1, -1).sum())
        rows = slice(first, last)
        return replace(
            self,
            t_start=t_start,
            t_stop=t_stop,
            initial=self.initial + before,
            steps=self.steps[rows],
            pre=self.pre[rows],
            post=self.post[rows],
            created=self.created[rows],
        )

    @classmethod
    def join(cls, pieces: Sequence[StructureRecord]) -> StructureRecord:
        """One record of pieces that follow each other."""
        first = pieces[0]
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(piece, name) for piece in pieces])
            for name in ("steps", "pre", "post", "created")
        }
        return replace(first, t_stop=pieces[-1].t_stop, **columns)

    def plot(self, width: float = 7.0) -> Figure:
        """Draw the number of synapses, and how many came and went, over time.

        Parameters
        ----------
        width
            In inches: 7 for two columns of a page, 3.5 for one.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        from .structure_plot import structure_figure

        return structure_figure(self, width)

    def __repr__(self) -> str:
        return (
            f"<StructureRecord of {self.projection!r}: {self.initial:,} synapses at "
            f"{self.t_start:g} ms, then {self.n_created:,} formed and {self.n_removed:,} removed>"
        )
