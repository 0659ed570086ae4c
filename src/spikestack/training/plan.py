"""How a training goes: what `fit` was told, checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..errors import UnknownNameError, ValidationError, shorten
from ..numerics.random import stream_key
from .losses import Loss, as_loss
from .module import SpikingNetwork

__all__ = ["OPTIMISERS", "Plan"]

#: The learning rate of delays, which are counted in steps, by that of all else, as Hammouamri,
#: Khalfaoui-Hassani and Masquelier 2024 (ICLR) have it.
DELAY_STRIDE = 100.0
#: By name.
OPTIMISERS: dict[str, Any] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adamax": torch.optim.Adamax,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
    "momentum": lambda groups, lr: torch.optim.SGD(groups, lr, momentum=0.9),
}


@dataclass(frozen=True)
class Plan:
    """What `fit` was told; see there."""

    loss: Any
    epochs: int
    batch: int
    optimiser: str | Callable[..., Any]
    lr: float
    weight_decay: float
    schedule: str | None
    clip: float | None
    steps: int | None
    seed: int
    patience: int | None
    regularise: Sequence[Callable[..., Any]]
    augment: Sequence[Callable[..., Any]]
    truncate: int | None
    checkpoint: bool
    save_every: float

    def __post_init__(self) -> None:
        for name, value, least in (
            ("epochs", self.epochs, 1), ("batch", self.batch, 1), ("patience", self.patience, 1),
            ("steps", self.steps, 1), ("truncate", self.truncate, 1), ("seed", self.seed, None),
        ):  # fmt: skip
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and not (whole and (least is None or value >= least)):
                rule = "a whole number" if least is None else f"a whole number from {least} on"
                raise ValidationError(f"fit, {name}", f"got {shorten(value)}", rule)
        for name, number, zero in (
            ("lr", self.lr, False), ("weight_decay", self.weight_decay, True),
            ("save_every", self.save_every, True),
            ("clip", 1.0 if self.clip is None else self.clip, False),
        ):  # fmt: skip
            good = isinstance(number, int | float) and math.isfinite(number)
            if not good or number < 0 or (number == 0 and not zero):
                raise ValidationError(f"fit, {name}", f"got {shorten(number)}",
                                      "0 or more" if zero else "above 0")  # fmt: skip
        if self.schedule not in (None, "cosine"):
            raise UnknownNameError("fit, schedule", self.schedule, ("cosine",))
        if isinstance(self.optimiser, str) and self.optimiser not in OPTIMISERS:
            raise UnknownNameError("fit, optimiser", self.optimiser, OPTIMISERS)
        for name, given in (("regularise", self.regularise), ("augment", self.augment)):
            for each in given:
                if not callable(each):
                    raise ValidationError(f"fit, {name}", f"got {shorten(each)}", "functions")
        as_loss(self.loss)

    @property
    def cost(self) -> Any:
        """The loss."""
        return as_loss(self.loss)

    def optimiser_for(self, module: SpikingNetwork) -> Any:
        """An optimiser of what is trained; weights decay, and delays go in larger strides."""
        found: dict[str, list[Any]] = {}
        for name, parameter in module.named_parameters():
            kind = name.partition(".")[0]
            if parameter.requires_grad:
                known = kind in ("weights", "delays")
                found.setdefault(kind if known else "others", []).append(parameter)
        if not found:
            raise ValidationError("fit", "nothing is trained", "weights or parameters",
                                  "compile with train='weights'")  # fmt: skip
        groups = [
            {
                "params": parameters,
                "weight_decay": self.weight_decay if kind == "weights" else 0.0,
                "stride": DELAY_STRIDE if kind == "delays" else 1.0,
            }
            for kind, parameters in sorted(found.items())
        ]
        make = OPTIMISERS[self.optimiser] if isinstance(self.optimiser, str) else self.optimiser
        made = make(groups, lr=self.lr)
        self.set_lr(made, 0, 1)
        return made

    def set_lr(self, optimiser: Any, done: int, total: int) -> None:
        """Give every group of an optimiser its learning rate after `done` of `total` batches."""
        for group in optimiser.param_groups:
            group["lr"] = self.lr_at(done, total) * group.get("stride", 1.0)

    def lr_at(self, done: int, total: int) -> float:
        """The learning rate after `done` of `total` batches."""
        if self.schedule is None:
            return self.lr
        return self.lr * 0.5 * (1 + math.cos(math.pi * done / total))

    def generator(self, epoch: int, batch: int) -> np.random.Generator:
        """Random numbers of one batch, the same whatever came before."""
        key = int(stream_key(self.seed, "fit", "augment", epoch))
        return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, batch]))

    def words(self) -> dict[str, str]:
        """What must not change when a training goes on, as text."""
        loss = self.cost
        made = {
            "loss": loss.name if isinstance(loss, Loss) else _name(loss),
            "optimiser": _name(self.optimiser),
            "regularise": str(len(self.regularise)),
            "augment": ", ".join(_name(a) for a in self.augment),
        }
        for name in ("batch", "lr", "weight_decay", "schedule", "clip", "steps", "seed",
                     "truncate", "checkpoint"):  # fmt: skip
            made[name] = str(getattr(self, name))
        if self.schedule is not None:
            made["epochs"] = str(self.epochs)
        return made


def _name(given: Any) -> str:
    if isinstance(given, str):
        return given
    known = getattr(given, "__qualname__", None)
    return str(known) if known else type(given).__qualname__
