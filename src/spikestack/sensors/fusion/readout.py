"""Read-outs of spike counts: weights that turn the spikes of a sense into evidence for classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from ...errors import ValidationError, shorten

__all__ = ["SpikingReadout", "log_softmax"]


@dataclass(frozen=True, eq=False)
class SpikingReadout:
    """A weight from each unit to each class: what a spike of the unit says for the class.

    The evidence of a sample is the bias plus the weights of all its spikes. `evidence`, the group
    of the same name, sums it in a network.

    Attributes
    ----------
    weights
        float64 (units, classes), in natural logarithms of probability.
    bias
        float64 (classes,).
    """

    weights: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        weights, bias = np.asarray(self.weights, np.float64), np.asarray(self.bias, np.float64)
        fits = weights.ndim == 2 and bias.shape == weights.shape[1:] and weights.size
        if not fits or not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise ValidationError(
                "SpikingReadout",
                f"weights of shape {weights.shape}, bias of {bias.shape}",
                "finite (units, classes) and (classes,)",
            )
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "bias", bias)

    @classmethod
    def fit(
        cls,
        counts: Any,
        labels: Any,
        classes: int | None = None,
        penalty: float = 3e-4,
        bias: bool = False,
        most: int = 80,
    ) -> SpikingReadout:
        """The weights at which the delta rule comes to rest, found directly.

        Softmax regression on spike counts: each spike of a unit moves its weights by what was
        wanted minus what was said. Counts are in units of three times their root mean square while
        the weights are found, so that `penalty` means the same for any sense.

        Parameters
        ----------
        counts
            (samples, units): spikes, 0 or more.
        labels
            Whole numbers from 0 on.
        classes
            How many; the largest label and one by default.
        penalty
            Of squared weights: what keeps them small, above 0.
        bias
            Whether classes have a bias. Without one silence says nothing, and the answer stays the
            same where a share of all spikes is lost; a sense that is missing does no harm.
        most
            Iterations (L-BFGS).

        Raises
        ------
        ValidationError
            If the arrays do not fit each other, or the penalty is not above 0.
        """
        spikes, wanted = _training(counts, labels, classes, "SpikingReadout.fit")
        if not 0 < penalty < np.inf:
            raise ValidationError("SpikingReadout.fit, penalty", f"got {penalty}", "above 0")
        scale = 3.0 * float(np.sqrt((spikes**2).mean())) or 1.0
        inputs, shape = spikes / scale, (spikes.shape[1] + 1, wanted.shape[1])
        free = np.r_[np.ones(spikes.shape[1]), float(bias)][:, None]

        def cost(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            w = flat.reshape(shape) * free
            said = log_softmax(inputs @ w[:-1] + w[-1])
            wrong = (np.exp(said) - wanted) / len(inputs)
            slope = np.vstack([inputs.T @ wrong + penalty * w[:-1], wrong.sum(axis=0)])
            loss = -(said * wanted).sum() / len(inputs) + penalty * (w[:-1] ** 2).sum() / 2
            return float(loss), (slope * free).ravel()

        # Threads of the matrix library gain nothing here, and cost much where others work too.
        with threadpool_limits(1):
            found = minimize(
                cost,
                np.zeros(shape).ravel(),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": most},
            )
        w = found.x.reshape(shape)
        return cls(w[:-1] / scale, w[-1])

    @classmethod
    def naive_bayes(
        cls, counts: Any, labels: Any, classes: int | None = None, prior: float = 1.0
    ) -> SpikingReadout:
        """Log likelihoods of Poisson units that are independent given the class, in closed form.

        A unit with mean count m(c) has the weight log m(c), and the bias is minus the sum of m(c).
        Where units are not independent, and they rarely are, it is far too sure of itself.

        Parameters
        ----------
        counts, labels, classes
            As for `fit`.
        prior
            Spikes that every unit is taken to have had besides in one sample more of each class,
            above 0.

        Raises
        ------
        ValidationError
            As `fit`; `prior` in place of the penalty.
        """
        spikes, wanted = _training(counts, labels, classes, "SpikingReadout.naive_bayes")
        if not 0 < prior < np.inf:
            raise ValidationError("SpikingReadout.naive_bayes, prior", f"got {prior}", "above 0")
        mean = (wanted.T @ spikes + prior) / (wanted.sum(axis=0)[:, None] + 1.0)
        return cls(np.log(mean).T, -mean.sum(axis=1))

    @property
    def units(self) -> int:
        """How many units it reads."""
        return int(self.weights.shape[0])

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return int(self.weights.shape[1])

    def evidence(self, counts: Any) -> npt.NDArray[np.float64]:
        """Bias and weights of all spikes: (samples, classes) of counts (samples, units).

        Raises
        ------
        ValidationError
            If the counts are of another number of units.
        """
        spikes = np.asarray(counts, np.float64)
        if spikes.ndim != 2 or spikes.shape[1] != self.units:
            raise ValidationError(
                "SpikingReadout.evidence",
                f"counts of shape {spikes.shape}",
                f"(samples, {self.units})",
            )
        return np.asarray(spikes @ self.weights + self.bias)

    def __getitem__(self, which: slice) -> SpikingReadout:
        """The part that reads some of the units, without bias: ``readout[lane.slice]``."""
        if not isinstance(which, slice):
            raise ValidationError("SpikingReadout[...]", f"got {shorten(which)}", "a slice")
        return SpikingReadout(self.weights[which], np.zeros(self.classes))

    def __mul__(self, weight: float) -> SpikingReadout:
        """The same, trusted more or less: what late fusion does with a weight."""
        return SpikingReadout(self.weights * weight, self.bias * weight)

    def __repr__(self) -> str:
        return f"<SpikingReadout: {self.units:,} units, {self.classes} classes>"


def log_softmax(values: Any) -> npt.NDArray[np.float64]:
    """Log probabilities in proportion to the exponentials of each row."""
    shifted = values - values.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _training(
    counts: Any, labels: Any, classes: int | None, where: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Counts as numbers, and for each sample a 1 at its class."""
    spikes, given = np.asarray(counts, np.float64), np.asarray(labels)
    if spikes.ndim != 2 or not spikes.size or not np.isfinite(spikes).all() or spikes.min() < 0:
        raise ValidationError(
            f"{where}, counts", f"of shape {spikes.shape}", "(samples, units), all 0 or more"
        )
    if given.shape != (len(spikes),) or given.dtype.kind not in "iu" or given.min() < 0:
        raise ValidationError(
            f"{where}, labels",
            f"got {shorten(labels)}",
            f"{len(spikes)} whole numbers from 0 on",
        )
    number = int(given.max()) + 1 if classes is None else classes
    if not int(given.max()) < number or number < 2:
        raise ValidationError(
            f"{where}, classes", f"{number}, and a label is {given.max()}", "more, at least 2"
        )
    wanted = np.zeros((len(spikes), number))
    wanted[np.arange(len(spikes)), given] = 1.0
    return spikes, wanted
