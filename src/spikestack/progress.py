"""The live progress bar, and a Ctrl-C that stops between steps."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["InterruptGuard", "Meter"]

_PATIENCE = 1.0


class Meter:
    """Shows simulated time, real-time factor and remaining time of a run of `total` ms."""

    def __init__(self, total: float, wanted: bool | None) -> None:
        self.total, self.started = total, time.perf_counter()
        self.allowed = sys.stderr.isatty() if wanted is None else wanted
        self.patience = _PATIENCE if wanted is None else 0.0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        return self

    def show(self, done: float) -> None:
        """Report that `done` ms of the run are over."""
        elapsed = time.perf_counter() - self.started
        if not self.allowed or elapsed < self.patience:
            return
        if self._bar is None:
            self._start()
        factor = elapsed / (done * 1e-3) if done else 0.0
        self._bar.update(
            self._task,
            completed=done,
            now=f"{done:,.0f} of {self.total:,.0f} ms",
            factor=f"real-time factor {factor:.2f}",
        )

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            BarColumn(),
            TextColumn("{task.fields[now]}"),
            TextColumn("{task.fields[factor]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=self.total, now="", factor="")
        self._bar.start()

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


class InterruptGuard:
    """Turns the first Ctrl-C into a flag; a second one interrupts at once."""

    def __init__(self) -> None:
        self.interrupted = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
