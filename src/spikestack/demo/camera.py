"""Scanned digits as an event camera sees them: all at once, side by side on a wall."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import MissingExtraError
from ..sensors.dvs import V2E, Saccades
from ..sensors.dvs.scenes import Scene

__all__ = ["SIDE", "STEPS", "Seen", "see", "splits"]

#: Pixels of the camera for each digit, in height and width.
SIDE = 20
#: Steps in which a recording of 300 ms is given to the network.
STEPS = 20
#: Pixels to a point of a scanned digit.
_ENLARGED = 2


@dataclass(frozen=True)
class Seen:
    """Digits and what the camera made of them.

    Attributes
    ----------
    images : (n, 8, 8)
        Grey levels 0 to 16.
    labels : (n,)
    events : (n,) of (k, 4) int64
        Of each digit: time (us), column, row, polarity.
    """

    images: np.ndarray
    labels: np.ndarray
    events: list[np.ndarray]

    def steps(self) -> np.ndarray:
        """Whether a pixel fired in a step, float32 (steps, n, 2 polarities, rows, columns)."""
        made = np.zeros((STEPS, len(self.labels), 2, SIDE, SIDE), np.float32)
        for k, events in enumerate(self.events):
            t, x, y, p = events.T
            step = np.minimum(t * STEPS // round(Saccades.duration * 1000), STEPS - 1)
            made[step, k, p, y, x] = 1.0
        return made


class _Wall(Scene):
    """Images in rows, side by side, all of which the camera sees move alike (see `Saccades`)."""

    duration = Saccades.duration
    step = 3.0

    def __init__(self, images: np.ndarray, seed: int) -> None:
        self.columns = int(np.ceil(np.sqrt(len(images))))
        self.rows = -(-len(images) // self.columns)
        super().__init__(self.columns * SIDE, self.rows * SIDE)
        large = np.kron(images, np.ones((1, _ENLARGED, _ENLARGED)))
        self._eye = Saccades(large[0], SIDE, seed=seed)
        self._lights = np.stack([Saccades(image, SIDE).light for image in large])

    def reflectance(self, t: float) -> np.ndarray:
        tiles = np.zeros((self.rows * self.columns, SIDE, SIDE))
        rows, columns = self._eye.view(t)
        tiles[: len(self._lights)] = rows @ self._lights @ columns.T
        shape = self.rows, self.columns, SIDE, SIDE
        return tiles.reshape(shape).swapaxes(1, 2).reshape(self.height, self.width)


def see(limit: int | None = None, seed: int = 1) -> Seen:
    """Let an emulated camera look at scikit-learn's digits, 300 ms each.

    Parameters
    ----------
    limit
        Use only so many images.
    seed
        Of the camera's mismatch and noise, and of the eyes' trembling.

    Raises
    ------
    MissingExtraError
        Without scikit-learn.
    """
    try:
        datasets: Any = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise MissingExtraError("the demo", "demo") from error
    images, labels = datasets.load_digits(return_X_y=True)
    images, labels = images[:limit].reshape(-1, 8, 8), labels[:limit]
    wall = _Wall(images, seed)
    camera = V2E(
        wall.width, wall.height, threshold_on=0.225, threshold_off=0.225, cutoff=100.0, seed=seed
    )
    events = camera.record(wall)
    x, y = events.x.astype(np.int64), events.y.astype(np.int64)
    digit = y // SIDE * wall.columns + x // SIDE
    table = np.stack([events.t, x % SIDE, y % SIDE, events.p.astype(np.int64)], axis=1)
    order = np.argsort(digit, kind="stable")
    ends = np.searchsorted(digit[order], np.arange(len(labels) + 1))
    return Seen(images, labels, np.split(table[order], ends[1:])[: len(labels)])


def splits(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places of training, validation and test: two thirds, a ninth, two ninths of each digit."""
    rng = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        place[mine] = (rng.permutation(len(mine)) + 0.5) / len(mine)
    parts = place < 6 / 9, (place >= 6 / 9) & (place < 7 / 9), place >= 7 / 9
    train, validation, test = (np.flatnonzero(part) for part in parts)
    return train, validation, test
