"""Events as a graph: each is joined to those before it that are near in space and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import MissingExtraError, ValidationError, shorten
from ...numerics.compiling import njit
from ..events import CameraEvents
from .base import Representation, check_whole, space

__all__ = ["EventEdges", "EventGraph"]


@dataclass(frozen=True)
class EventEdges:
    """The edges of a graph whose nodes are events, in coordinate form (COO).

    Attributes
    ----------
    edges : int64[2, edges]
        The earlier event, and the later one: in order of the later, then of distance.
    distance : float32[edges]
        Pixels.
    nodes
        How many events there are.
    """

    edges: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float32]
    nodes: int

    def degree(self) -> npt.NDArray[np.int64]:
        """How many edges come into each event."""
        return np.bincount(self.edges[1], minlength=self.nodes)

    def torch(self) -> Any:
        """`edges` as a tensor: ``edge_index``, as libraries of graphs take it.

        Raises
        ------
        MissingExtraError
            Without torch.
        """
        try:
            import torch
        except ImportError:
            raise MissingExtraError("a graph (of torch)", "train") from None
        return torch.from_numpy(self.edges)

    def __repr__(self) -> str:
        return f"<EventEdges: {self.edges.shape[1]:,} edges of {self.nodes:,} events>"


@dataclass(frozen=True)
class EventGraph(Representation):
    """Join each event to the nearest before it, within a radius.

    The distance of two events is ``sqrt(dx**2 + dy**2 + (speed*dt)**2)`` pixels; before means in
    the stream, so that events of one moment are joined too. Of more than `neighbours` within
    `radius`, the nearest are taken; of equally near ones, the latest.

    Parameters
    ----------
    radius
        Pixels, above 0, up to 1000; so many lie around an event of the same moment.
    speed
        Pixels per ms: how much a difference of time counts.
    neighbours
        At most so many edges come into an event.
    same_polarity
        Whether only events of one polarity are joined.

    References
    ----------
    S. Schaefer, D. Gehrig, D. Scaramuzza (2022). AEGNN: asynchronous event-based graph neural
    networks. Proc. CVPR, 12371-12381. There edges go both ways; here from the past alone, so that
    a later event changes no edge.
    """

    radius: float = 3.0
    speed: float = 0.3
    neighbours: int = 16
    same_polarity: bool = False

    def __post_init__(self) -> None:
        check_whole(self, ["neighbours"], 1, 1024)
        for name, most in (("radius", 1e3), ("speed", 1e6)):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 < value <= most:
                raise ValidationError(
                    f"EventGraph.{name}", f"got {shorten(value)}", f"above 0, at most {most:g}"
                )

    def __call__(self, events: CameraEvents) -> EventEdges:
        """The edges; nodes are numbered as the events."""
        events, n = self._checked(events), len(events)
        maps = 2 if self.same_polarity else 1
        newest = space(self, (maps, max(events.height, 1), max(events.width, 1)), np.int64, -1)
        near = space(self, (n, self.neighbours), np.int64)
        far = space(self, (n, self.neighbours), np.float64)
        older, count = np.empty(n, np.int64), np.empty(n, np.int64)
        columns = (events.t, events.x, events.y, events.p)
        per_us = float(self.speed) * 1e-3
        _join(*columns, newest, older, float(self.radius), per_us, near, far, count)
        held = np.arange(self.neighbours) < count[:, None]
        later = np.repeat(np.arange(n), count)
        edges = np.stack([near[held], later])
        return EventEdges(edges, np.sqrt(far[held]).astype(np.float32), n)


@njit(cache=True, error_model="numpy")
def _join(
    t: Any,
    x: Any,
    y: Any,
    p: Any,
    newest: Any,
    older: Any,
    radius: float,
    per_us: float,
    near: Any,
    far: Any,
    count: Any,
) -> None:
    """Each pixel's events hang together, the newest first, so that a walk may end early."""
    reach, limit, most = np.int64(radius), radius * radius, near.shape[1]
    height, width, both = newest.shape[1], newest.shape[2], newest.shape[0] - 1
    for i in range(len(t)):
        w, r, c = np.int64(p[i]) * both, np.int64(y[i]), np.int64(x[i])
        k: Any = 0
        top: Any = max(r - reach, 0)
        bottom: Any = min(r + reach + 1, height)
        left: Any = max(c - reach, 0)
        right: Any = min(c + reach + 1, width)
        for a in range(top, bottom):
            for b in range(left, right):
                apart = np.float64((a - r) ** 2 + (b - c) ** 2)
                j = newest[w, a, b]
                while j >= 0:
                    ago = np.float64(t[i] - t[j]) * per_us
                    d = apart + ago * ago
                    if d > limit:
                        break
                    if k == most and not (
                        d < far[i, k - 1] or (d == far[i, k - 1] and j > near[i, k - 1])
                    ):
                        break
                    # What is farther moves one place up; the farthest falls out.
                    at = k if k < most else k - 1
                    while at > 0 and (
                        far[i, at - 1] > d or (far[i, at - 1] == d and near[i, at - 1] < j)
                    ):
                        far[i, at], near[i, at] = far[i, at - 1], near[i, at - 1]
                        at -= 1
                    far[i, at], near[i, at] = d, j
                    k = min(k + 1, most)
                    j = older[j]
        count[i] = k
        older[i] = newest[w, r, c]
        newest[w, r, c] = i
