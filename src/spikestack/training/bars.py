"""The progress bar of a training."""

from __future__ import annotations

import time

from ..progress import Meter

__all__ = ["TrainingMeter"]


class TrainingMeter(Meter):
    """Shows batches that are done, and how it goes."""

    def tell(self, done: int, now: str, about: str) -> None:
        """Report that `done` batches are over."""
        if not self.allowed or time.perf_counter() - self.started < self.patience:
            return
        if self._bar is None:
            self._start()
        self._bar.update(self._task, completed=done, now=now, factor=about)
