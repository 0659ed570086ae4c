"""The linear readout, scored on held-out images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import MissingExtraError

__all__ = ["Score", "score"]

SPLITS, HELD_OUT = 5, 0.25
#: Ridge penalties among which cross-validation within the training images chooses.
PENALTIES = (1e1, 1e2, 1e3, 1e4)


@dataclass(frozen=True)
class Score:
    """Test accuracy over the splits."""

    name: str
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean accuracy, 0 to 1."""
        return float(np.mean(self.accuracies))

    @property
    def spread(self) -> float:
        """Standard deviation over the splits."""
        return float(np.std(self.accuracies))

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} ± {100 * self.spread:.1f} %"


def score(name: str, features: np.ndarray, labels: np.ndarray, seed: int = 0) -> Score:
    """Train a ridge classifier on three quarters of the images and test it on the rest, five times.

    The penalty is chosen by cross-validation within the training images; test images are used for
    nothing but the score.

    Raises
    ------
    MissingExtraError
        Without scikit-learn.
    """
    try:
        from sklearn.linear_model import RidgeClassifier
        from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise MissingExtraError("the demo's readout", "demo") from None
    splits = StratifiedShuffleSplit(SPLITS, test_size=HELD_OUT, random_state=seed)
    found = []
    for train, test in splits.split(features, labels):
        model = make_pipeline(StandardScaler(), RidgeClassifier(solver="cholesky"))
        search = GridSearchCV(model, {"ridgeclassifier__alpha": PENALTIES}, cv=3)
        search.fit(features[train], labels[train])
        found.append(float(search.score(features[test], labels[test])))
    return Score(name, tuple(found))
