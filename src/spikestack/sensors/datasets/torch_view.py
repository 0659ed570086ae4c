"""Samples as PyTorch takes them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import MissingExtraError, ValidationError
from .base import Samples
from .batching import Steps

__all__ = ["TorchSamples"]


class TorchSamples:
    """A map-style data set for `torch.utils.data.DataLoader`: (tensor, label).

    Of events, a tensor is float32 (T, N). A loader stacks them as (B, T, N), or as (T, B, N), with
    shorter ones padded, if given ``collate_fn=view.collate``.

    Parameters
    ----------
    samples
        What to show.
    bins, dt, duration, start, binary
        See `Samples.batches`. With none of the first two, items must be arrays.

    Raises
    ------
    MissingExtraError
        Without PyTorch.
    """

    def __init__(
        self, samples: Samples, *, bins: int | None = None, dt: Any = None, duration: Any = None,
        start: Any = 0.0, binary: bool = False,
    ) -> None:  # fmt: skip
        self.samples = samples
        self._torch = _pytorch()
        self._plain = bins is None and dt is None
        self._steps = Steps.given(samples, bins, dt, duration, start, binary)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, k: int) -> tuple[Any, int]:
        item, label = self.samples[int(k)]
        if self._plain and isinstance(item, np.ndarray):
            return self._torch.from_numpy(np.array(item)), label
        inputs, _ = self._steps.dense([item], np.dtype(np.float32))
        return self._torch.from_numpy(inputs[:, 0].copy()), label

    def collate(self, pairs: Sequence[tuple[Any, int]]) -> tuple[Any, Any]:
        """Tensors (T, B, ...) and labels int64 (B,); shorter ones are padded with zeros."""
        if not pairs:
            raise ValidationError("collate", "got no samples", "at least one")
        tensors = [tensor for tensor, _ in pairs]
        pad = self._torch.nn.utils.rnn.pad_sequence
        return pad(tensors), self._torch.tensor([label for _, label in pairs])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_torch"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _torch=_pytorch())

    def __repr__(self) -> str:
        return f"<TorchSamples: {len(self):,} of {len(self.samples.names)} classes>"


def _pytorch() -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise MissingExtraError("a view of samples for PyTorch", "train") from error
