"""What a training gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .module import SpikingNetwork
from .plan import Plan
from .scoring import EarlyExit, Scores, early_exit, evaluate

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """A trained network and how it came to be.

    Attributes
    ----------
    module
        With the weights that were best on validation, else the last.
    history
        By epoch: ``epoch``, ``loss``, ``accuracy`` (of training, while it learns),
        ``validation_loss``, ``validation_accuracy``, ``rates`` (Hz) and ``spikes`` (per sample) by
        population, ``additions``, ``multiplications`` (synaptic, per sample), ``seconds``.
    best_epoch
        Of the weights, from 1 on.
    validation
        Scores on the validation samples, None without.
    status
        ``"complete"``, ``"stopped early"`` or ``"interrupted"``.
    plan
        What `fit` was told.
    folder
        Of checkpoints.
    """

    module: SpikingNetwork
    history: list[dict[str, Any]]
    best_epoch: int
    validation: Scores | None
    status: str
    plan: Plan
    folder: Path | None

    @property
    def seconds(self) -> float:
        """Of learning, validation left out."""
        return float(sum(row["seconds"] for row in self.history))

    def evaluate(self, data: Any, **how: Any) -> Scores:
        """Scores on other data; see `evaluate`."""
        return evaluate(
            self.module, data, **{"steps": self.plan.steps, "loss": self.plan.loss, **how}
        )

    def early_exit(self, tolerance: float = 0.005) -> EarlyExit:
        """When to answer, chosen on validation; see `training.scoring.early_exit`."""
        from ..errors import ValidationError

        if self.validation is None:
            raise ValidationError("early_exit", "nothing was validated", "fit(..., validate=...)")
        return early_exit(self.validation, tolerance)

    def report(self, path: str | Path, test: Any = None, title: str = "Training") -> Path:
        """Write all of it as one HTML file; `test`, scores or data, is shown instead of validation.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        from .report import write_report

        return write_report(self, path, test, title)

    def __str__(self) -> str:
        ends = f", {self.validation}" if self.validation is not None else ""
        return f"{self.status} after {len(self.history)} epochs, best {self.best_epoch}{ends}"
