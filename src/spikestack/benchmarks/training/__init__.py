"""Training steps, forward and backward: ours, plain PyTorch, and other libraries."""

from __future__ import annotations

from .cases import CASES, Case
from .session import PEERS, TrainSession, TrainSettings

__all__ = ["CASES", "PEERS", "Case", "TrainSession", "TrainSettings"]
