"""How good a trained network is, at what time, for how many spikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..errors import ValidationError, shorten
from .activity import Counter
from .losses import Loss, as_loss, output_signal, readout
from .module import Output, SpikingNetwork
from .sources import Source, as_source

__all__ = ["EarlyExit", "ExitScores", "Scores", "early_exit", "evaluate", "fed_sizes"]


@dataclass(frozen=True)
class Scores:
    """What `evaluate` found.

    Attributes
    ----------
    accuracy
        Share of samples whose class is found; NaN where labels are no classes.
    loss
        Mean over samples; NaN without one.
    accuracy_at
        After each step, (steps,).
    confusion
        Counts, (true class, found class).
    labels, found
        Of each sample, int64 (samples,).
    margins
        float32 (samples, steps): by how much the probability of the first class is above that of
        the second, after each step.
    right
        bool (samples, steps): whether the answer after each step is right.
    spikes_until
        float32 (samples, steps): events of populations that are not sources, up to each step.
    spikes
        Events per sample, by population.
    rates
        Hz, by population.
    operations
        By projection, synaptic operations per sample: additions, multiply-additions.
    samples, steps
        How many.
    dt
        ms.
    """

    accuracy: float
    loss: float
    accuracy_at: np.ndarray
    confusion: np.ndarray
    labels: np.ndarray
    found: np.ndarray
    margins: np.ndarray
    right: np.ndarray
    spikes_until: np.ndarray
    spikes: dict[str, float]
    rates: dict[str, float]
    operations: dict[str, tuple[float, float]]
    samples: int
    steps: int
    dt: float

    @property
    def additions(self) -> float:
        """Synaptic operations that are additions, per sample."""
        return sum(ac for ac, _ in self.operations.values())

    @property
    def multiplications(self) -> float:
        """Synaptic operations that multiply and add, per sample."""
        return sum(mac for _, mac in self.operations.values())

    @property
    def spikes_per_sample(self) -> float:
        """Events of all populations that are not sources."""
        return float(self.spikes_until[:, -1].mean()) if self.steps else 0.0

    def summary(self) -> dict[str, float]:
        """The numbers that belong beside an accuracy, rounded, for printing."""
        return {
            "accuracy": round(self.accuracy, 4),
            "spikes_per_sample": round(self.spikes_per_sample, 1),
            "additions_per_sample": round(self.additions, 1),
            "multiplications_per_sample": round(self.multiplications, 1),
        }

    def __str__(self) -> str:
        return (
            f"accuracy {self.accuracy:.2%} of {self.samples:,} samples in {self.steps} steps, "
            f"{self.spikes_per_sample:,.0f} spikes, {self.additions:,.0f} additions and "
            f"{self.multiplications:,.0f} multiplications per sample"
        )


def evaluate(
    module: SpikingNetwork, data: Any, *, steps: int | None = None, batch: int = 256,
    loss: Any = "readout",
) -> Scores:  # fmt: skip
    """Run a network on labelled data and score its answers.

    Parameters
    ----------
    module
        From `Network.compile` or `fit`.
    data, steps
        As of `fit`.
    batch
        Samples at a time.
    loss
        As of `fit`; its readout decides. A function has none: the output's own decides.

    Raises
    ------
    ValidationError
        If the data do not fit the network.
    """
    source = as_source(data, fed_sizes(module), steps, "evaluate, data")
    asked = as_loss(loss)
    counter, parts = Counter(module), []
    total, learning = 0.0, module.training
    module.eval()
    try:
        for first in range(0, len(source), batch):
            which = np.arange(first, min(first + batch, len(source)))
            inputs, labels = source.take(which)
            with torch.no_grad():
                output, labels = module(inputs, steps_of(inputs, steps)), labels.to(module.device)
                if source.classes:
                    check_labels(output, labels, asked)
                if source.classes or not isinstance(asked, Loss):
                    total += float(asked(output, labels)) * len(which)
            counter.add(output)
            made = _judged(module, output, labels, asked, source)
            parts.append(tuple(None if p is None else p.cpu() for p in made))
    finally:
        module.train(learning)
    return _scores(module, counter, parts, total / len(source), source)


def fed_sizes(module: SpikingNetwork) -> dict[str, int]:
    """Neurons of each drive that a call feeds."""
    return {f.name: len(f.ids) for f in module.feeds if f.kind != "given"}


def steps_of(inputs: dict[str, Any], steps: int | None) -> int:
    """The number of steps of a batch."""
    lengths = {len(x) for x in inputs.values() if x.ndim > 2}
    if lengths:
        return int(lengths.pop())
    if steps is None:
        raise ValidationError("steps", "inputs stand still", "how many steps each is shown",
                              "pass steps=25")  # fmt: skip
    return steps


def check_labels(output: Output, labels: Any, asked: Any) -> None:
    """Refuse a class that no neuron stands for."""
    signal = output_signal(output, asked.read if isinstance(asked, Loss) else None)[0]
    if len(labels) and int(labels.max()) >= signal.shape[2]:
        raise ValidationError("labels", f"class {int(labels.max())} of {signal.shape[2]} outputs",
                              "a neuron for each class")  # fmt: skip


def decision(output: Output, asked: Any, *, each_step: bool) -> Any:
    """Scores of the classes, by the readout that belongs to a loss."""
    loss = asked if isinstance(asked, Loss) else Loss("")
    return readout(output, loss.read, loss.kind, each_step=each_step)


def _judged(
    module: SpikingNetwork, output: Output, labels: Any, asked: Any, source: Source
) -> tuple[Any, ...]:
    """Labels, answers, margins, right answers, spikes so far: (samples, ...) of one batch."""
    targets = {module.names[link.post] for link in module.links}
    sent = [x.ne(0).sum(2) for n, x in output.spikes.items() if n in targets]
    signal = output_signal(output, asked.read if isinstance(asked, Loss) else None)[0]
    so_far = sum(sent).cumsum(0).t() if sent else torch.zeros(signal.shape[1], len(signal))
    if not source.classes:
        none = torch.zeros((len(labels), 0))
        return None, None, none, none.bool(), so_far.float()
    scores = decision(output, asked, each_step=True)
    two = scores.softmax(-1).topk(min(2, scores.shape[2]), dim=-1).values
    margins = (two[..., 0] - two[..., -1]).t() if two.shape[-1] > 1 else two[..., 0].t()
    answers = scores.argmax(-1).t()
    return labels, answers, margins.float(), answers == labels[:, None], so_far.float()


def _scores(
    module: SpikingNetwork, counter: Counter, parts: list[Any], loss: float, source: Source
) -> Scores:
    longest = max(p[4].shape[1] for p in parts)
    # Batches of unequal lengths: the last step's answer stays.
    whole = [
        torch.cat([_stretched(p[k], longest if p[k].shape[1] else 0) for p in parts]).numpy()
        for k in ((1, 2, 3, 4) if source.classes else (2, 3, 4))
    ]
    margins, right, spikes_until = whole[-3:]
    empty = np.zeros(0, np.int64)
    labels = torch.cat([p[0] for p in parts]).numpy() if source.classes else empty
    found = whole[0][:, -1] if source.classes else empty
    classes = int(max(labels.max(initial=-1), found.max(initial=-1))) + 1
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, found), 1)
    return Scores(
        float(np.mean(labels == found)) if source.classes else float("nan"), loss,
        right.mean(0), confusion, labels, found, margins, right, spikes_until, counter.spikes(),
        counter.rates(), counter.operations(), len(source), longest, module.dt,
    )  # fmt: skip


def _stretched(x: Any, length: int) -> Any:
    missing = length - x.shape[1]
    return x if missing <= 0 else torch.cat([x, x[:, -1:].expand(-1, missing)], 1)


@dataclass(frozen=True)
class ExitScores:
    """What answering early costs and saves.

    Attributes
    ----------
    accuracy
        Of the answers when they are given.
    steps
        Mean steps to the answer.
    spikes
        Mean spikes to the answer, sources left out.
    undecided
        Share of samples whose margin was never reached; they are answered at the end.
    """

    accuracy: float
    steps: float
    spikes: float
    undecided: float


@dataclass(frozen=True)
class EarlyExit:
    """Answer as soon as the margin is `margin` or more, not before step `first`."""

    margin: float
    first: int = 1

    def steps(self, scores: Scores) -> tuple[np.ndarray, np.ndarray]:
        """Of each sample, the steps it takes, and whether the margin was reached."""
        ready = scores.margins >= self.margin
        ready[:, : self.first - 1] = False
        reached = np.asarray(ready.any(axis=1))
        return np.where(reached, ready.argmax(1) + 1, scores.steps), reached

    def score(self, scores: Scores) -> ExitScores:
        """What the rule gives on samples that were evaluated."""
        taken, reached = self.steps(scores)
        rows = np.arange(len(taken))
        return ExitScores(
            float(scores.right[rows, taken - 1].mean()), float(taken.mean()),
            float(scores.spikes_until[rows, taken - 1].mean()), float(1 - reached.mean()),
        )  # fmt: skip


def early_exit(
    validation: Scores, tolerance: float = 0.005, margins: Sequence[float] | None = None
) -> EarlyExit:
    """Choose when to answer, on validation: as early as accuracy allows.

    Parameters
    ----------
    validation
        Of samples that are neither trained on nor tested.
    tolerance
        What accuracy may be lost, as a share of all samples.
    margins
        To choose from; 0.02 to 0.98 in steps of 0.02 and some close to 1 by default.

    Raises
    ------
    ValidationError
        If the scores are not of classes.
    """
    if not validation.margins.size:
        raise ValidationError("early_exit", f"got {shorten(validation)}", "scores of classes")
    tried = [*np.arange(0.02, 1.0, 0.02), 0.99, 0.995, 0.999] if margins is None else list(margins)
    whole = validation.accuracy
    rules = [(EarlyExit(float(m)), EarlyExit(float(m)).score(validation)) for m in tried]
    good = [(s.steps, r.margin, r) for r, s in rules if s.accuracy >= whole - tolerance]
    if not good:
        return EarlyExit(float("inf"))
    return min(good, key=lambda g: (g[0], g[1]))[2]
