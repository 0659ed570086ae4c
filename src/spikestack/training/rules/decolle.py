"""Deep continuous local learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ...errors import ValidationError
from ...numerics.random import stream_key, uniform
from ..module import SpikingNetwork
from .online import LOSSES, OnlineRule
from .walking import Walk

__all__ = ["DECOLLE"]


class DECOLLE(OnlineRule):
    """DECOLLE (Kaiser et al. 2020): every layer has a loss of its own, and nothing goes between.

    What a layer sends in a step is read by fixed random weights; the smooth L1 distance of that
    from the target is what the layer learns from, by traces of what arrived.

    Parameters
    ----------
    module, output, loss, skip
        See `OnlineRule`; `loss` is the output's own.
    local
        Loss of the other layers, by the names of `loss`.
    """

    _reset = "ignored"

    def __init__(
        self, module: SpikingNetwork, *, local: str = "smooth", output: str | None = None,
        loss: Any = "cross-entropy", skip: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(module, output=output, loss=loss, skip=skip)
        if local not in LOSSES:
            raise ValidationError("DECOLLE.local", f"got {local!r}", ", ".join(LOSSES))
        self.local = LOSSES[local]
        width = module.program.populations[self.k_out].size
        self.readers = {
            k: self._reader(k, width)
            for k in {link.post for _, link in self.learned} - {self.k_out}
        }

    def _reader(self, k: int, width: int) -> Any:
        """Fixed weights, as a linear layer begins with them."""
        m, size = self.module, self.module.program.populations[k].size
        key = stream_key(m.network.seed, m.names[k], "local readout")
        drawn = np.asarray(uniform(key, np.arange(size * width, dtype=np.uint64)))
        return torch.tensor((2 * drawn - 1).reshape(size, width) / np.sqrt(size), dtype=m.dtype)

    def _signals(self, walk: Walk, of_answers: Any, target: Any, steps: int) -> Mapping[int, Any]:
        made = {self.k_out: of_answers}
        for k, reader in self.readers.items():
            _, grad = self._loss_of(walk.sent[k] @ reader, target, self.local)
            made[k] = grad @ reader.t() / steps
        return made
