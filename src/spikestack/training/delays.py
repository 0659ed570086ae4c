"""Delays that learn: each synapse's, or each source's, as a bump over whole steps that sharpens."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .links import Link
from .products import DenseProduct, ListedProduct, Product

__all__ = ["Delays"]

#: A step whose share is below this everywhere is left out.
_NOTHING = 1e-6
_SHARPEST = 0.5


class Delays(torch.nn.Module):
    """The delays of one projection, in steps, as parameters.

    While training, a spike arrives at all steps from 0 to `longest`, in shares of a Gaussian about
    its delay (dilated convolution with learnable spacings: Hammouamri, Khalfaoui-Hassani and
    Masquelier 2024, ICLR). `sharpen` narrows it; in evaluation (``module.eval()``) delays are
    rounded, and it is the network that `trained` describes.

    Parameters
    ----------
    link
        The projection.
    axonal
        One delay for each source rather than for each synapse (Sun et al. 2023).
    longest
        Steps.
    sizes
        Neurons of both populations.
    """

    width: Any

    def __init__(self, link: Link, axonal: bool, longest: int, sizes: tuple[int, int]) -> None:
        super().__init__()
        self.axonal, self.longest = axonal, longest
        matrix = link.form == "matrix"
        if link.edges is None:
            self.pre, self.post = np.divmod(np.arange(sizes[0] * sizes[1]), sizes[1])
            delays = np.full(len(self.pre), link.parts[0][0])
        else:
            self.pre, self.post, delays = link.edges[:3]
        self.product: Product = DenseProduct()
        if not matrix:
            self.product = ListedProduct(self.pre, self.post, np.arange(len(self.pre)), sizes)
        if axonal:
            first = np.zeros(sizes[0])
            np.maximum.at(first, self.pre, delays)
        else:
            first = delays.reshape(sizes) if matrix else delays
        start = torch.tensor(first, dtype=link.initial.dtype)
        self.steps = torch.nn.Parameter(start)
        self.widest = max(_SHARPEST, longest / 2)
        self.register_buffer("width", torch.tensor(self.widest, dtype=torch.float64))

    def sharpen(self, progress: float) -> None:
        """Set how far training has come, 0 to 1: the width falls exponentially to half a step."""
        progress = min(max(progress, 0.0), 1.0)
        self.width.fill_(self.widest * (_SHARPEST / self.widest) ** progress)

    def shares(self) -> Any:
        """What part arrives after 0, 1, ... steps: (longest + 1, *shape of `steps`)."""
        taps = torch.arange(self.longest + 1, dtype=self.steps.dtype, device=self.steps.device)
        taps = taps.reshape(-1, *[1] * self.steps.ndim)
        if not self.training:
            return (taps == torch.round(self.steps.detach())).to(self.steps.dtype)
        bump = torch.exp(-0.5 * ((taps - self.steps) / float(self.width)) ** 2)
        return bump / (bump.sum(0) + 1e-9)

    def arriving(self, late: Any, weights: Any, apply: Any) -> list[Any]:
        """What arrives, in parts to be added.

        Parameters
        ----------
        late
            Function of a number of steps: spikes as they are so much later, (steps, lanes).
        weights
            Of the projection.
        apply
            Function of product, spikes and weights.
        """
        shares = self.shares()
        felt = [d for d in range(self.longest + 1) if float(shares[d].detach().max()) > _NOTHING]
        if not self.axonal:
            return [apply(self.product, late(d), weights * shares[d]) for d in felt]
        spread = None
        for d in felt:
            spikes = late(d)
            lanes = spikes.reshape(len(spikes), -1, self.steps.numel())
            part = (lanes * shares[d]).reshape(spikes.shape)
            spread = part if spread is None else spread + part
        return [apply(self.product, spread, weights)]

    def rounded(self) -> np.ndarray:
        """Whole steps of every edge, in the order of `pre` and `post`."""
        steps = torch.round(self.steps.detach()).double().cpu().numpy().astype(np.int64)
        return steps[self.pre] if self.axonal else steps.reshape(-1)
