"""A training under way: where it is, one step, the end of an epoch, what is kept on disk."""

from __future__ import annotations

import hashlib
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import FileFormatError, NumericalError, ValidationError
from ..numerics.random import stream_key
from ..progress import InterruptGuard
from . import checkpoints
from .activity import Counter, activity_of
from .bars import TrainingMeter
from .chunks import back_propagate
from .fitted import Fitted
from .losses import Loss, output_signal
from .module import Output, SpikingNetwork
from .plan import Plan
from .scoring import check_labels, decision, evaluate, steps_of
from .sources import Source, order_of

__all__ = ["Course"]

_CHECKPOINT, _BEST = "checkpoint.pt", "best.pt"


class Course:
    """A training under way."""

    def __init__(
        self, module: SpikingNetwork, plan: Plan, data: Source, held_out: Source | None,
        folder: Path | None,
    ) -> None:  # fmt: skip
        self.module, self.plan, self.data, self.held_out = module, plan, data, held_out
        drawn = module.layers.rates or len(module.layers.norms)
        if drawn and (plan.truncate is not None or plan.checkpoint):
            raise ValidationError(
                "fit", "truncate or checkpoint with dropout or batch normalisation",
                "one or the other", "they see all steps of a batch at once",
            )  # fmt: skip
        self.folder, self.optimiser = folder, plan.optimiser_for(module)
        self.count = -(-len(data) // plan.batch)
        self.epoch = self.batch = 0
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None
        self.status = "complete"
        self._fresh()
        self.saved = time.perf_counter()

    def _fresh(self) -> None:
        """Sums of a new epoch."""
        self.counter = Counter(self.module)
        self.sums = {"loss": 0.0, "right": 0, "seconds": 0.0}

    def begin(self, resume: bool) -> None:
        """Make the folder; go on with what it holds."""
        if self.folder is None:
            if resume:
                raise ValidationError("fit, resume", "without a folder", "folder=...")
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / _CHECKPOINT
        if not path.exists():
            return
        if not resume:
            raise ValidationError("fit, folder", f"{self.folder} holds a training",
                                  "an empty folder", "pass resume=True to go on")  # fmt: skip
        self._load(path)

    def _load(self, path: Path) -> None:
        content = checkpoints.read(path)
        checkpoints.check_same(content["words"], self._words(), path)
        try:
            self.module.load_state_dict(content["weights"])
            self.optimiser.load_state_dict(content["optimiser"])
            self.epoch, self.batch = int(content["epoch"]), int(content["batch"])
            self.history, self.best = content["history"], content["best"]
            self.sums = content["sums"]
            self.counter.load(content["counter"])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise FileFormatError(f"{path}: does not fit this network: {error}") from None

    def _words(self) -> dict[str, str]:
        """What must be the same for a training to go on."""
        m = self.module
        labels = self.data.take(np.arange(min(len(self.data), 64)))[1]
        digest = hashlib.blake2b(labels.cpu().numpy().tobytes(), digest_size=8).hexdigest()
        return {
            **self.plan.words(),
            "populations": ", ".join(
                f"{p.name} {p.size} {m.network[p.name].model!r}" for p in m.program.populations
            ),
            "trained": ", ".join(
                f"{n} {tuple(p.shape)}" for n, p in m.named_parameters() if p.requires_grad
            ),
            "surrogate": ", ".join(map(repr, m.surrogates)),
            "numbers": f"dt {m.dt}, {m.precision}, {m.detach_reset}, {m.deterministic}",
            "samples": f"{len(self.data)}, first labels {digest}",
        }

    def _save(self) -> None:
        if self.folder is None:
            return
        checkpoints.write(
            self.folder / _CHECKPOINT,
            {"words": self._words(), "weights": self.module.state_dict(),
             "optimiser": self.optimiser.state_dict(), "epoch": self.epoch, "batch": self.batch,
             "history": self.history, "best": self.best, "sums": self.sums,
             "counter": self.counter.state()},
        )  # fmt: skip
        self.saved = time.perf_counter()

    def check(self) -> None:
        """Warn of populations that cannot learn as they are."""
        inputs, _ = self.data.take(np.arange(min(len(self.data), self.plan.batch)))
        with torch.no_grad():
            output = self.module(inputs, steps_of(inputs, self.plan.steps))
        for problem in activity_of(self.module, output).problems:
            warnings.warn(f"fit: {problem}", stacklevel=3)

    def run(self, meter: TrainingMeter, guard: InterruptGuard) -> None:
        """Epoch by epoch, until one of the reasons to stop."""
        while self.epoch < self.plan.epochs and not self._is_over():
            order = order_of(len(self.data), self.plan.seed, self.epoch)
            self.module.train()
            # Delays are sharp after the first quarter (Hammouamri et al. 2024).
            self.module.sharpen(4.0 * self.epoch / self.plan.epochs)
            while self.batch < self.count:
                started = time.perf_counter()
                first = self.batch * self.plan.batch
                self._learn(order[first : first + self.plan.batch])
                self.batch += 1
                self.sums["seconds"] += time.perf_counter() - started
                meter.tell(self.epoch * self.count + self.batch, *self._news())
                if guard.interrupted:
                    self.status = "interrupted"
                    return self._save()
                if time.perf_counter() - self.saved >= self.plan.save_every:
                    self._save()
            self._end_epoch()
            self._save()
        return None

    def _is_over(self) -> bool:
        patience = self.plan.patience
        if patience is None or self.held_out is None or not self.history:
            return False
        over = len(self.history) - 1 - self._best_epoch() >= patience
        if over:
            self.status = "stopped early"
        return over

    def _best_epoch(self) -> int:
        if self.held_out is None:
            return len(self.history) - 1
        return min(range(len(self.history)), key=lambda k: _rank(self.history[k]))

    def _news(self) -> tuple[str, str]:
        seen = max(self.counter.samples, 1)
        now = f"epoch {self.epoch + 1} of {self.plan.epochs}, loss {self.sums['loss'] / seen:.3g}"
        last = self.history[-1] if self.history else {}
        known = last.get("validation_accuracy")
        return now, "" if known is None else f"validation {known:.2%}"

    def _learn(self, which: np.ndarray) -> None:
        """One step of the optimiser."""
        plan, module = self.plan, self.module
        inputs, labels = self.data.take(which)
        rng = plan.generator(self.epoch, self.batch)
        for change in plan.augment:
            inputs = {n: torch.from_numpy(change(x.cpu().numpy(), rng)) for n, x in inputs.items()}
        labels = labels.to(module.device)
        done, total = self.epoch * self.count + self.batch, plan.epochs * self.count
        plan.set_lr(self.optimiser, done, total)
        self.optimiser.zero_grad(set_to_none=True)
        devices = [module.device] if module.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            word = int(stream_key(plan.seed, "fit", f"batch {self.batch}", self.epoch))
            torch.manual_seed(word % 2**63)
            value, output = self._gradients(inputs, labels)
        if not np.isfinite(value):
            raise NumericalError(
                f"fit: the loss is {value} in epoch {self.epoch + 1}, batch {self.batch + 1}; "
                "try a smaller lr, or clip=1.0"
            )
        if plan.clip is not None:
            torch.nn.utils.clip_grad_norm_(module.parameters(), plan.clip)
        self.optimiser.step()
        module.constrain()
        self.sums["loss"] += value * len(which)
        if self.data.classes:
            self.sums["right"] += _right(output, labels, plan.cost)

    def _gradients(self, inputs: dict[str, Any], labels: Any) -> tuple[float, Output]:
        plan, cost = self.plan, self.plan.cost
        steps = steps_of(inputs, plan.steps)

        def whole(output: Output) -> Any:
            if self.data.classes and isinstance(cost, Loss):
                check_labels(output, labels, cost)
            made = cost(output, labels)
            for term in plan.regularise:
                made = made + term(output)
            return made

        if plan.truncate is not None or plan.checkpoint:
            seen: list[Output] = []

            def watch(output: Output) -> None:
                self.counter.add(output, samples=not seen)
                seen.append(Output())

            value, output = back_propagate(
                self.module, inputs, steps, whole, length=plan.truncate,
                truncate=plan.truncate is not None, watch=watch,
            )  # fmt: skip
            return float(value), output
        output = self.module(inputs, steps)
        value = whole(output)
        value.backward()
        self.counter.add(output)
        return float(value.detach()), output

    def _end_epoch(self) -> None:
        row = self._row()
        if self.held_out is not None:
            scores = evaluate(self.module, self.held_out, steps=self.plan.steps,
                              loss=self.plan.loss)  # fmt: skip
            row |= {"validation_loss": scores.loss, "validation_accuracy": scores.accuracy}
        self.history.append(row)
        self.epoch, self.batch = self.epoch + 1, 0
        if self._best_epoch() == len(self.history) - 1 and self.held_out is not None:
            self.best = {n: t.clone() for n, t in self.module.state_dict().items()}
            if self.folder is not None:
                checkpoints.write(self.folder / _BEST, {"weights": self.best})
        self._fresh()

    def _row(self) -> dict[str, Any]:
        operations = self.counter.operations().values()
        samples = len(self.data)
        return {
            "epoch": self.epoch + 1,
            "loss": self.sums["loss"] / samples,
            "accuracy": self.sums["right"] / samples if self.data.classes else float("nan"),
            "rates": self.counter.rates(),
            "spikes": self.counter.spikes(),
            "additions": sum(ac for ac, _ in operations),
            "multiplications": sum(mac for _, mac in operations),
            "seconds": self.sums["seconds"],
        }

    def fitted(self) -> Fitted:
        """What came of it, with the best weights."""
        self._is_over()
        if self.best is not None:
            self.module.load_state_dict(self.best)
        scores = None
        if self.held_out is not None:
            scores = evaluate(self.module, self.held_out, steps=self.plan.steps,
                              loss=self.plan.loss)  # fmt: skip
        best = self._best_epoch() + 1 if self.history else 0
        return Fitted(self.module, self.history, best, scores, self.status, self.plan, self.folder)


def _rank(row: dict[str, Any]) -> tuple[float, float]:
    """Small is better: accuracy first, then loss."""
    accuracy = row["validation_accuracy"]
    return (0.0 if np.isnan(accuracy) else -accuracy, row["validation_loss"])


def _right(output: Output, labels: Any, cost: Any) -> int:
    """How many answers are right; 0 where the loss did not look at the answer."""
    with torch.no_grad():
        if not len(output_signal(output, cost.read if isinstance(cost, Loss) else None)[0]):
            return 0
        scores = decision(output, cost, each_step=False)
        return int((scores.argmax(1) == labels).sum())
