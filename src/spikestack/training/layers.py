"""What is done to projections and populations while training only: normalisation and dropout.

A trained network is described without either: see `folding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ..errors import UnknownNameError, ValidationError, shorten
from .links import Link

if TYPE_CHECKING:
    from .module import SpikingNetwork

__all__ = ["BatchNorm", "Layers", "Standard", "channels_first"]

KINDS = ("batch", "tdBN", "weights")


def channels_first(weights: Any, link: Link) -> Any:
    """A view of weights whose first axis is that of the targets' channels, or of the targets."""
    if link.form == "matrix":
        return weights.movedim(1, 0)
    ((_, product),) = link.parts
    stencil = product.stencil  # type: ignore[attr-defined]
    if not stencil.transposed:
        return weights
    grouped = weights.reshape(stencil.groups, -1, *weights.shape[1:])
    return grouped.movedim(2, 1).flatten(0, 1)


def _as_given(made: Any, weights: Any, link: Link) -> Any:
    """The inverse of `channels_first`."""
    if link.form == "matrix":
        return made.movedim(0, 1)
    ((_, product),) = link.parts
    stencil = product.stencil  # type: ignore[attr-defined]
    if not stencil.transposed:
        return made
    grouped = made.reshape(stencil.groups, -1, *made.shape[1:])
    return grouped.movedim(1, 2).reshape(weights.shape)


class BatchNorm(torch.nn.Module):
    """Arrivals of each channel, over steps, trials and places: mean 0, standard deviation `size`.

    Ioffe and Szegedy 2015, over flattened time; with `size` the threshold times a share, the
    threshold-dependent form of Zheng et al. 2021.
    """

    mean: torch.Tensor
    variance: torch.Tensor

    def __init__(self, channels: int, size: float, momentum: float, dtype: Any) -> None:
        super().__init__()
        self.size, self.momentum, self.eps = size, momentum, 1e-5
        self.gain = torch.nn.Parameter(torch.ones(channels, dtype=dtype))
        self.shift = torch.nn.Parameter(torch.zeros(channels, dtype=dtype))
        self.register_buffer("mean", torch.zeros(channels, dtype=dtype))
        self.register_buffer("variance", torch.ones(channels, dtype=dtype))

    def forward(self, arrivals: Any) -> Any:
        """(rows, targets) normalised; by the running statistics when not training."""
        made = torch.nn.functional.batch_norm(
            arrivals.reshape(len(arrivals), len(self.gain), -1), self.mean, self.variance,
            self.gain * self.size, self.shift, self.training, self.momentum, self.eps,
        )  # fmt: skip
        return made.reshape(arrivals.shape)

    def folded(self) -> tuple[Any, Any]:
        """By channel: what weights are multiplied by, and what arrives besides in every step."""
        factor = self.gain * self.size / torch.sqrt(self.variance + self.eps)
        return factor, self.shift - factor * self.mean


class Standard(torch.nn.Module):
    """Weights of each channel made to have mean 0 and variance 1 over their number.

    Qiao et al. 2019, with a gain for each channel.
    """

    def __init__(self, channels: int, size: float, dtype: Any) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.full((channels,), size, dtype=dtype))

    def forward(self, weights: Any) -> Any:
        """(channels, ...) standardised."""
        flat = weights.reshape(len(weights), -1)
        apart = flat - flat.mean(1, keepdim=True)
        scale = torch.rsqrt(apart.square().sum(1, keepdim=True) + 1e-8)
        return (apart * scale * self.gain[:, None]).reshape(weights.shape)


class Layers(torch.nn.Module):
    """Normalisations by projection, dropout by population."""

    def __init__(self, module: SpikingNetwork) -> None:
        super().__init__()
        self.links = {link.name: link for link in module.links}
        self.names, self.rounds, self.scales = module.names, module.rounds, module.scales
        self.shapes = [p.shape for p in module.network.populations.values()]
        self.dtype = module.dtype
        self.norms = torch.nn.ModuleDict()
        self.standards = torch.nn.ModuleDict()
        self.rates: dict[int, float] = {}
        self._keys = {link.name: f"p{k}" for k, link in enumerate(module.links)}

    def normalise(
        self, projection: str, kind: str = "batch", *, size: float | None = None,
        momentum: float = 0.1,
    ) -> None:  # fmt: skip
        """Normalise a projection while training.

        Parameters
        ----------
        projection
            Its name.
        kind
            ``"batch"``: what it brings, by channel of the target, over steps, trials and places.
            ``"tdBN"``: the same, to a standard deviation of the target's threshold. ``"weights"``:
            its weights instead, by channel of the target, which needs no statistics.
        size
            Standard deviation wanted, in units of the target's distance from rest to threshold
            for tdBN (where two branches add, the root of a half is usual), coherent units else; 1.
        momentum
            Share of a batch in the running statistics.

        Raises
        ------
        ValidationError
            If the projection is part of a loop, or has no weights to fold into.
        """
        if projection not in self.links:
            raise UnknownNameError("normalise, projection", projection, self.links)
        link, where = self.links[projection], f"normalise, projection {projection!r}"
        if kind not in KINDS:
            raise ValidationError(where, f"kind {shorten(kind)}", " or ".join(map(repr, KINDS)))
        if link.form not in ("matrix", "kernel"):
            raise ValidationError(where, f"weights are a {link.form}", "a matrix or a kernel")
        self._outside_loops(link.pre, link.post, where)
        shape = self.shapes[link.post]
        by_channel = link.form == "kernel"
        channels = int(channels_first(link.initial, link).shape[0]) if by_channel else 0
        given = 1.0 if size is None else float(size)
        if kind == "weights":
            count = channels or int(torch.tensor(shape).prod())
            self.standards[self._keys[projection]] = Standard(count, given, self.dtype)
            return
        if len(link.parts) > 1:
            raise ValidationError(where, f"{len(link.parts)} delays", "one delay")
        channels = channels or int(torch.tensor(shape).prod())
        scale = float(self.scales[link.post]) if kind == "tdBN" else 1.0
        norm = BatchNorm(channels, given * scale, momentum, self.dtype)
        self.norms[self._keys[projection]] = norm

    def dropout(self, population: str, p: float = 0.5) -> None:
        """While training, silence each neuron towards others for a whole call, by chance.

        Parameters
        ----------
        population
            Its name.
        p
            Probability, 0 to below 1. Spikes of the others count as 1/(1 - p) meanwhile. Drawn from
            PyTorch's generator.
        """
        if population not in self.names:
            raise UnknownNameError("dropout, population", population, self.names)
        where, k = f"dropout, population {population!r}", self.names.index(population)
        if not isinstance(p, int | float) or not 0 <= p < 1:
            raise ValidationError(where, f"p is {shorten(p)}", "0 to below 1")
        for link in self.links.values():
            if link.pre == k:
                self._outside_loops(k, link.post, where)
        self.rates[k] = float(p)

    def _outside_loops(self, pre: int, post: int, where: str) -> None:
        if any(pre in members and post in members for members in self.rounds):
            raise ValidationError(where, "is within a loop", "a part that feeds forward")

    def weights(self, projection: str, given: Any) -> Any:
        """Weights as they act."""
        key, link = self._keys[projection], self.links[projection]
        if key not in self.standards:
            return given
        made = self.standards[key](channels_first(given, link))
        return _as_given(made, given, link)

    def normalised(self, projection: str, arrivals: Any) -> Any:
        """What arrives, (rows, targets)."""
        key = self._keys[projection]
        return self.norms[key](arrivals) if key in self.norms else arrivals

    def dropped(self, population: int, spikes: Any, masks: dict[int, Any]) -> Any:
        """Spikes as others see them, all others alike; `masks` holds those of this call."""
        rate = self.rates.get(population, 0.0)
        if not self.training or not rate or spikes is None:
            return spikes
        if population not in masks:
            lot = torch.rand((1, spikes.shape[1]), dtype=self.dtype, device=spikes.device)
            masks[population] = (lot >= rate).to(self.dtype) / (1 - rate)
        return spikes * masks[population]

    def folded(self, projection: str, given: Any) -> tuple[Any, Any]:
        """Weights as they act when not training, and what arrives besides at every channel."""
        key, link = self._keys[projection], self.links[projection]
        made = self.weights(projection, given)
        if key not in self.norms:
            return made, None
        factor, bias = self.norms[key].folded()  # type: ignore[operator]
        first = channels_first(made, link)
        first = first * factor.reshape(-1, *[1] * (first.ndim - 1))
        return _as_given(first, made, link), bias
