"""Training that knows what devices do: with noise on weights, or with the arrays in its loop.

Weights are disturbed forward, and gradients pass straight through to the weights as they are meant:
with Gaussian noise whose deviation is a share of a layer's greatest weight (Joshi et al. 2020, Nat
Commun 11:2473, who also cut weights at a multiple of their deviation), or with what the arrays
themselves hold, spread, faults and all, programmed anew as training goes on (chip in the loop: Wan
et al. 2022, Nature 608:504).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...devices.crossbar import Crossbar
from ...errors import MissingExtraError, ValidationError, shorten
from .perceptron import Perceptron, arrays_of, unchanging

if TYPE_CHECKING:
    from ..tiles.array import CrossbarArray

__all__ = ["train_perceptron"]

#: Standard deviations of a layer's weights at which they are cut, where training knows of devices.
_CUT = 2.5


def train_perceptron(
    x: Any,
    labels: Any,
    hidden: Sequence[int] = (64,),
    *,
    noise: float = 0.0,
    crossbar: Crossbar | None = None,
    start: Perceptron | None = None,
    epochs: int = 30,
    batch: int = 64,
    rate: float = 3e-3,
    seed: int = 0,
) -> Perceptron:
    """Train a network of ReLU layers with Adam and cross entropy.

    Parameters
    ----------
    x, labels
        float[samples, inputs]; classes from 0 on, int[samples].
    hidden
        Sizes of the layers between.
    noise
        Standard deviation of the noise on weights, as a share of a layer's greatest weight; drawn
        for every batch.
    crossbar
        Arrays in the loop: those that this description makes, programmed for every batch; drift
        is left out.
    start
        Weights to begin with; drawn otherwise.
    epochs, batch, rate, seed
        Of the training; the rate falls to 0 along a cosine.

    Raises
    ------
    ValidationError
        If samples and labels do not fit each other, or a number is out of its range.
    MissingExtraError
        Without PyTorch.
    """
    given, classes = _checked(x, labels, noise, epochs, batch, rate)
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("train_perceptron", "train") from error
    source = torch.Generator().manual_seed(seed)
    sizes = (given.shape[1], *hidden, int(classes.max()) + 1)
    weights, biases = _begun(torch, sizes, start, source)
    arrays = _arrays(weights, crossbar)
    solver = torch.optim.Adam([*weights, *biases], lr=rate)
    steps = -(-len(given) // batch) * epochs
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(solver, steps)
    images, wanted = torch.tensor(given), torch.tensor(classes)
    for _ in range(epochs):
        order = torch.randperm(len(given), generator=source)
        for part in order.split(batch):
            out = images[part]
            for k, (weight, bias) in enumerate(zip(weights, biases)):
                used = _disturbed(torch, weight, noise, source)
                if arrays:
                    used = _held(torch, used, arrays[k])
                out = (out if k == 0 else torch.relu(out)) @ used + bias
            loss = torch.nn.functional.cross_entropy(out, wanted[part])
            solver.zero_grad()
            loss.backward()
            solver.step()
            falling.step()
            if noise > 0 or arrays:
                _cut(torch, weights)
    return Perceptron(
        tuple(w.detach().double().numpy() for w in weights),
        tuple(b.detach().double().numpy() for b in biases),
    )


def _begun(torch: Any, sizes: tuple[int, ...], start: Perceptron | None, source: Any) -> Any:
    """Weights and biases to train."""
    if start is not None:
        if tuple(w.shape for w in start.weights) != tuple(pairwise(sizes)):
            rule = f"layers of sizes {sizes}"
            raise ValidationError("train_perceptron, start", "other layers", rule)
        found = ([torch.tensor(v, dtype=torch.float32) for v in part]
                 for part in (start.weights, start.biases))  # fmt: skip
        weights, biases = found
    else:
        weights = [torch.randn(shape, generator=source) * (2 / shape[0]) ** 0.5
                   for shape in pairwise(sizes)]  # fmt: skip
        biases = [torch.zeros(size) for size in sizes[1:]]
    return [w.requires_grad_() for w in weights], [b.requires_grad_() for b in biases]


def _arrays(weights: list[Any], crossbar: Crossbar | None) -> list[CrossbarArray]:
    if crossbar is None:
        return []
    return arrays_of([w.detach().double().numpy() for w in weights], unchanging(crossbar))


def _disturbed(torch: Any, weight: Any, noise: float, source: Any) -> Any:
    if noise == 0:
        return weight
    drawn = torch.randn(weight.shape, generator=source)
    return weight + noise * weight.detach().abs().max() * drawn


def _held(torch: Any, weight: Any, array: CrossbarArray) -> Any:
    """What the array holds of weights, with the gradient of the weights."""
    array.reprogram(weight.detach().double().numpy())
    found = torch.as_tensor(array.weights(), dtype=weight.dtype)
    return weight + (found - weight).detach()


def _cut(torch: Any, weights: list[Any]) -> None:
    with torch.no_grad():
        for weight in weights:
            most = _CUT * float(weight.std())
            weight.clamp_(-most, most)


def _checked(
    x: Any, labels: Any, noise: float, epochs: int, batch: int, rate: float
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Samples and labels as arrays, numbers in their ranges."""
    where = "train_perceptron"
    try:
        given, classes = np.asarray(x, np.float32), np.asarray(labels)
    except (TypeError, ValueError):
        raise ValidationError(f"{where}, x", f"got {shorten(x)}", "an array of numbers") from None
    if given.ndim != 2 or 0 in given.shape or not np.isfinite(given).all():
        got = f"an array of shape {given.shape}"
        raise ValidationError(f"{where}, x", got, "finite numbers, samples x inputs")
    fine = classes.shape == (len(given),) and np.issubdtype(classes.dtype, np.integer)
    if not fine or classes.min() < 0 or classes.max() > 10_000:
        rule = f"{len(given)} whole numbers from 0 on"
        raise ValidationError(f"{where}, labels", f"got {shorten(labels)}", rule)
    for name, value, low in (("noise", noise, 0.0), ("rate", rate, 1e-12)):
        if not (isinstance(value, int | float) and low <= value <= 1):
            raise ValidationError(f"{where}, {name}", f"got {shorten(value)}", "from 0 to 1")
    for name, count in (("epochs", epochs), ("batch", batch)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            rule = "a whole number of 1 or more"
            raise ValidationError(f"{where}, {name}", f"got {shorten(count)}", rule)
    return given, classes.astype(np.int64)
