"""What a network's answer is, and what training makes small.

A readout turns what the output did over time, (steps, trials, classes), into one score for each
class. A loss is a function of the output and of the labels; losses for classes know the readout by
which the class is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from ..errors import UnknownNameError, ValidationError, shorten
from .module import Output

__all__ = [
    "LOSSES",
    "READOUTS",
    "Loss",
    "as_loss",
    "latency",
    "output_signal",
    "rate",
    "readout",
    "temporal_efficient",
    "van_rossum",
]


def output_signal(output: Output, name: str | None = None) -> tuple[Any, str]:
    """What is read from: (steps, trials, neurons), and the readout it takes by default.

    Parameters
    ----------
    output
        Of a network.
    name
        A population (its spikes) or ``"population.variable"`` (a recorded trace). By default the
        recorded trace of a population that does not spike, else the spikes of the last population.

    Raises
    ------
    ValidationError
        If several traces could be meant.
    UnknownNameError
        If nothing is called so.
    """
    if name is not None:
        return output[name], "mean" if name in output.traces else "counts"
    quiet = [n for n in output.traces if n.rpartition(".")[0] not in output.spikes]
    if len(quiet) > 1:
        raise ValidationError("readout, name", f"{len(quiet)} recorded outputs", "one of them",
                              f"name it: {', '.join(quiet)}")  # fmt: skip
    if quiet:
        return output.traces[quiet[0]], "mean"
    if not output.spikes:
        raise ValidationError("readout", "the network sends and records nothing",
                              "spikes, or a recorded variable", "net.record(out, 'v')")  # fmt: skip
    return output.spikes[list(output.spikes)[-1]], "counts"


def _mean(x: Any, each: bool) -> Any:
    if not each:
        return x.mean(0)
    return x.cumsum(0) / _so_far(x)


def _so_far(x: Any) -> Any:
    """Steps up to each."""
    return torch.arange(1, len(x) + 1, dtype=x.dtype, device=x.device).reshape(-1, 1, 1)


def _counts(x: Any, each: bool) -> Any:
    return x.cumsum(0) if each else x.sum(0)


def _max(x: Any, each: bool) -> Any:
    return x.cummax(0).values if each else x.amax(0)


def _last(x: Any, each: bool) -> Any:
    return x if each else x[-1]


def _softmax_sum(x: Any, each: bool) -> Any:
    return _counts(x.softmax(-1), each)


def _first(x: Any, each: bool) -> Any:
    times = _FirstSpike.apply(x)
    if not each:
        return -times
    now = _so_far(x)
    return -torch.minimum(times[None], now)


#: By name: from (steps, trials, classes) to (trials, classes), or to what it would have been after
#: each step, (steps, trials, classes).
READOUTS: dict[str, Callable[[Any, bool], Any]] = {
    "mean": _mean,
    "counts": _counts,
    "max": _max,
    "last": _last,
    "softmax sum": _softmax_sum,
    "first": _first,
}


def readout(
    output: Output, name: str | None = None, kind: str | None = None, *, each_step: bool = False
) -> Any:
    """Scores of the classes: (trials, classes).

    Parameters
    ----------
    output
        Of a network.
    name
        What is read: see `output_signal`.
    kind
        ``"mean"`` over time, ``"counts"`` (the sum), ``"max"`` over time, ``"last"`` step,
        ``"softmax sum"`` (softmax in each step, summed), ``"first"`` (the negative step of the
        first spike; the number of steps where there is none). By default the mean of a recorded
        trace, the counts of spikes.
    each_step
        Give what it would be after each step: (steps, trials, classes).
    """
    signal, usual = output_signal(output, name)
    chosen = usual if kind is None else kind
    if chosen not in READOUTS:
        raise UnknownNameError("readout, kind", chosen, READOUTS)
    return READOUTS[chosen](signal, each_step)


@dataclass(frozen=True)
class Loss:
    """A loss for classes.

    Attributes
    ----------
    name
        What it is called in reports.
    kind
        The readout by which classes are decided; None for that of the output.
    formula
        From (steps, trials, classes) and labels (trials,) to a number; by default the cross-entropy
        of the readout.
    read
        What is read: see `output_signal`.
    """

    name: str
    kind: str | None = None
    formula: Callable[[Any, Any], Any] | None = None
    read: str | None = None

    def __call__(self, output: Output, labels: Any) -> Any:
        """The loss of a batch, a tensor without axes."""
        if self.formula is None:
            return cross_entropy(readout(output, self.read, self.kind), labels)
        return self.formula(output_signal(output, self.read)[0], labels)


def rate(scale: float | None = None, read: str | None = None) -> Loss:
    """Cross-entropy of spike counts, or, with `scale`, of mean rates divided by it."""
    if scale is None:
        return Loss("rate", "counts", None, read)
    return Loss(f"rate({scale:g})", "mean", lambda x, y: cross_entropy(x.mean(0) / scale, y), read)


def temporal_efficient(share: float = 1e-3, target: float = 1.0, read: str | None = None) -> Loss:
    """Cross-entropy in each step, plus a pull of the output towards the threshold (TET).

    ``(1 - share) * mean over t of CE(o_t, y) + share * mean((o - target)**2)``: each step has an
    error of its own, so that the answer is good early.

    Deng et al. 2022, ICLR; defaults of its code.
    """

    def formula(x: Any, labels: Any) -> Any:
        steps = cross_entropy(x.flatten(0, 1), labels.repeat(len(x)))
        return (1 - share) * steps + share * ((x - target) ** 2).mean()

    return Loss("tet", "mean", formula, read)


def latency(tau: float = 5.0, read: str | None = None) -> Loss:
    """Cross-entropy of negative first spike times in units of `tau` steps: the first is right.

    The derivative of a time with respect to a spike at that time is -1; of a neuron that stays
    silent, in every step, so that it can come to fire.

    After Mostafa 2018 (IEEE TNNLS 29:3227), by surrogate derivatives.
    """
    return Loss("latency", "first", lambda x, y: cross_entropy(_first(x, False) / tau, y), read)


#: By name.
LOSSES: dict[str, Loss] = {
    # The default: of the mean of a recorded trace, of the counts where only spikes are sent.
    "readout": Loss("readout"),
    "mean membrane": Loss("mean membrane", "mean"),
    "rate": rate(),
    # Bittar and Garner 2022, Front Neurosci 16:865897.
    "softmax sum": Loss("softmax sum", "softmax sum"),
    # Cramer et al. 2022, IEEE TNNLS 33:2744.
    "max": Loss("max", "max"),
    "last": Loss("last", "last"),
    "tet": temporal_efficient(),
    "latency": latency(),
}


def as_loss(given: str | Loss | Callable[[Output, Any], Any]) -> Any:
    """A loss by its name, or as it is.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if isinstance(given, str):
        if given not in LOSSES:
            raise UnknownNameError("loss", given, LOSSES)
        return LOSSES[given]
    if not callable(given):
        raise ValidationError("loss", f"got {shorten(given)}",
                              "a name, a Loss, or a function of output and labels")  # fmt: skip
    return given


def van_rossum(spikes: Any, target: Any, tau: float = 10.0, *, mean: bool = True) -> Any:
    """Squared distance of spike trains, each smoothed by ``exp(-t/tau)``.

    Parameters
    ----------
    spikes, target
        (steps, trials, neurons).
    tau
        In steps. As it goes to 0 the distance counts spikes that do not coincide, as it grows it
        compares numbers of spikes.
    mean
        Over trials and neurons; else the sum.

    Notes
    -----
    van Rossum 2001, Neural Comput 13:751. Normalised so that one spike too many costs 1/2.
    """
    apart = spikes - target
    steps = torch.arange(len(apart), dtype=apart.dtype, device=apart.device)
    lag = steps[:, None] - steps[None, :]
    kernel = torch.where(lag >= 0, torch.exp(-lag.clamp(min=0) / tau), 0.0)
    smooth = torch.einsum("ts,sbn->tbn", kernel, apart)
    cost = 0.5 * (1 - torch.exp(apart.new_tensor(-2.0 / tau))) * (smooth**2).sum(0)
    return cost.mean() if mean else cost.sum()


class _FirstSpike(torch.autograd.Function):
    """The step (from 0) of the first spike; the number of steps where there is none."""

    @staticmethod
    def forward(ctx: Any, spikes: Any) -> Any:
        fired = spikes != 0
        times = torch.where(fired.any(0), fired.to(torch.int8).argmax(0), len(spikes))
        ctx.save_for_backward(times)
        ctx.steps = len(spikes)
        return times.to(spikes.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (times,) = ctx.saved_tensors
        now = torch.arange(ctx.steps, device=times.device).reshape(-1, 1, 1)
        at = (now == times) | (times == ctx.steps)
        return torch.where(at, -grads[0], torch.zeros_like(grads[0]))
