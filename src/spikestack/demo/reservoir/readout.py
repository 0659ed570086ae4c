"""The linear readout, scored on held-out images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ...errors import MissingExtraError

__all__ = ["HELD_OUT", "PENALTIES", "SPLITS", "Score", "development", "score", "splits"]

SPLITS, HELD_OUT = 5, 0.25
#: Ridge penalties, among which leave-one-out within the training images chooses.
PENALTIES = tuple(float(p) for p in 10.0 ** np.arange(0.0, 5.5, 0.5))
#: Inverse penalty of the logistic regression, chosen on the development images.
LOGISTIC_C = 0.1
#: Fixed for good, whatever the seed of a run: settings have been chosen on these images.
_DEVELOPMENT_SEED = 0


@dataclass(frozen=True)
class Score:
    """Test accuracy over the splits."""

    name: str
    accuracies: tuple[float, ...]
    numbers: int

    @property
    def mean(self) -> float:
        """Mean accuracy, 0 to 1."""
        return float(np.mean(self.accuracies))

    @property
    def spread(self) -> float:
        """Standard deviation over the splits (n - 1)."""
        return float(np.std(self.accuracies, ddof=1))

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} ± {100 * self.spread:.1f} %"


def development(labels: np.ndarray) -> np.ndarray:
    """Indices of the quarter on which settings are chosen; no image of it is ever tested."""
    select = _sklearn("model_selection")
    everything = np.arange(len(labels))
    _, chosen = select.train_test_split(
        everything, test_size=HELD_OUT, stratify=labels, random_state=_DEVELOPMENT_SEED
    )
    return np.sort(chosen)


def splits(labels: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield indices to train on and to test on: five stratified splits, a quarter held out.

    Test images are drawn from outside the development quarter, which is always trained on.
    """
    select = _sklearn("model_selection")
    known = development(labels)
    rest = np.setdiff1d(np.arange(len(labels)), known)
    draw = select.StratifiedShuffleSplit(
        SPLITS,
        test_size=round(HELD_OUT * len(labels)),
        random_state=int(np.random.default_rng(seed).integers(2**32)),
    )
    for train, test in draw.split(rest, labels[rest]):
        yield np.sort(np.concatenate([known, rest[train]])), np.sort(rest[test])


def score(
    name: str, features: np.ndarray, labels: np.ndarray, seed: int = 1, logistic: bool = False
) -> Score:
    """Train the readout on three quarters of the images and test it on the rest, five times.

    Parameters
    ----------
    name
        What the features are.
    features
        Numbers for each image: float64, shape (images, numbers).
    labels
        The digit on each image.
    seed
        Of the splits.
    logistic
        Logistic regression in place of the ridge classifier.

    Returns
    -------
    Score
        Test accuracies. Test images are used for nothing else: scaling and penalty come from the
        training images.

    Raises
    ------
    MissingExtraError
        Without scikit-learn.
    """
    found = []
    # One thread: the order in which threads add would show in the last bits.
    with threadpool_limits(1):
        for train, test in splits(labels, seed):
            model = _model(logistic).fit(features[train], labels[train])
            found.append(float(model.score(features[test], labels[test])))
    return Score(name, tuple(found), features.shape[1])


def _model(logistic: bool) -> Any:
    linear = _sklearn("linear_model")
    if logistic:
        classifier = linear.LogisticRegression(C=LOGISTIC_C, max_iter=2000)
    else:
        classifier = linear.RidgeClassifierCV(alphas=PENALTIES)
    scaler = _sklearn("preprocessing").StandardScaler()
    return _sklearn("pipeline").make_pipeline(scaler, classifier)


def _sklearn(part: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"sklearn.{part}")
    except ImportError as error:
        raise MissingExtraError("the demo's readout", "demo") from error
