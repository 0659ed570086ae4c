"""Exact gradients from the times of spikes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from ...errors import EngineError, UnknownNameError, ValidationError, shorten
from ...units import magnitude, parse_unit
from ..module import SpikingNetwork
from .base import LearningRule
from .event_kernels import Log, backward, forward
from .event_network import EventNetwork, read

__all__ = ["EventProp"]

#: Trials whose gradients are summed by one thread, whatever the number of threads.
_BLOCK = 8
LOSSES = ("membrane", "first spike", "counts")


class EventProp(LearningRule):
    """EventProp (Wunderlich and Pehle 2021): the network runs in continuous time, event by event.

    Spikes happen when a potential reaches its threshold, to rounding; gradients of weights and
    delays are those of the loss as it is, without surrogates. They know nothing of spikes that do
    not exist: begin with weights that make neurons fire, and see `rates`.

    Populations are `SpikeSource`, driven by `ExternalSpikes`; LIF neurons without refractory
    period, reset to rest, as `LIF(tau_refrac=0.0)`; and, to be read from, neurons with the same
    equation and no threshold. Synapses are `ExponentialCurrent`, of one time constant for each
    population, with any delays, feeding forward or back.

    Parameters
    ----------
    module
        Made by `Network.compile`; its step plays no part here.
    duration
        Of a trial, ms.
    loss
        ``"membrane"``: cross-entropy of the mean potential of a readout; ``"first spike"``: of
        minus the times of first spikes, in units of `softness`, neurons that stay silent counting
        as if they fired at the end; ``"counts"``: of numbers of spikes, whose gradient is no exact
        one, since counts only jump: a spike counts as if its number grew by 1 as the potential
        grows from rest to threshold.
    output
        Name of the population that answers; by default the only one that projects nowhere.
    weighting
        ms: the mean of a readout is weighted by exp(-t/weighting), infinite for a plain one; by
        default the duration (Nowotny et al. 2025).
    softness
        ms, of ``"first spike"``.
    learn_delays
        Projections whose delays learn, too: `delays` holds their parameters in ms, one for each
        source and set of its synapses that had the same delay.
    rates
        (least, most, strength): each spike of a neuron that in the mean over trials fires less
        often than `least` or more often than `most` is pushed by `strength` times the difference.
        No exact gradient either.
    floor
        Where a potential reaches its threshold with less than this share of the slope theta/tau_m,
        nothing passes, since a derivative would be divided by next to nothing.
    most
        Spikes after which a trial is refused.

    Raises
    ------
    ValidationError
        If the network holds anything else; it is named.
    """

    def __init__(
        self,
        module: SpikingNetwork,
        duration: Any,
        *,
        loss: str = "membrane",
        output: str | None = None,
        weighting: Any = None,
        softness: Any = 2.0,
        learn_delays: Iterable[str] = (),
        rates: tuple[float, float, float] | None = None,
        floor: float = 1e-3,
        most: int = 1_000_000,
    ) -> None:
        super().__init__(module)
        ms = parse_unit("ms")
        self.duration = float(magnitude(duration, ms, "EventProp.duration"))
        if not 0 < self.duration < np.inf:
            raise ValidationError("EventProp.duration", f"got {shorten(duration)}", "above 0 ms")
        if loss not in LOSSES:
            raise UnknownNameError("EventProp.loss", loss, LOSSES)
        self.loss, self.floor, self.most, self.rates = loss, float(floor), int(most), rates
        given = self.duration if weighting is None else magnitude(weighting, ms, "weighting")
        self.softness = float(magnitude(softness, ms, "EventProp.softness"))
        if not (given > 0 and self.softness > 0):
            raise ValidationError("EventProp", "weighting or softness is not above 0", "above 0 ms")
        self.net: EventNetwork = read(module, 1.0 / float(given))
        self.output = self._answering(output)
        self.delays = torch.nn.ParameterDict()
        for name in learn_delays:
            if name not in self.net.weights:
                raise UnknownNameError("EventProp.learn_delays", name, self.net.weights)
            mine = self.net.delays[[owner == name for owner in self.net.groups]]
            self.delays[name] = torch.nn.Parameter(torch.tensor(mine))
        self.logs: list[Log] = []

    def _answering(self, output: str | None) -> str:
        names = (*self.net.names, *self.net.readouts)
        if output is None:
            sending = {self.module.names[link.pre] for link in self.module.links}
            ends = [n for n in names if n not in sending]
            if len(ends) != 1:
                problem = f"{len(ends)} populations project nowhere"
                raise ValidationError("EventProp.output", problem, "the name of one that answers")
            output = ends[0]
        if output not in names:
            raise UnknownNameError("EventProp.output", output, names)
        if (self.loss == "membrane") != (output in self.net.readouts):
            kind = "has no threshold" if self.loss == "membrane" else "fires"
            raise ValidationError(
                f"EventProp.loss={self.loss!r}", f"population {output!r}", f"one that {kind}"
            )
        return output

    def run(self, inputs: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Spikes of every trial: times in ms, and neurons, counted over all in `net.names`."""
        self._forward(inputs)
        return [(log.times[log.groups < 0], -1 - log.groups[log.groups < 0]) for log in self.logs]

    def spikes(self, name: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """Times (ms) and ids of the spikes of a population in each trial of the last call."""
        if name not in self.net.names:
            raise UnknownNameError("EventProp.spikes", name, self.net.names)
        k = self.net.names.index(name)
        low, high = self.net.layout.first[k : k + 2]
        made = []
        for log in self.logs:
            mine = (log.groups < 0) & (-1 - log.groups >= low) & (-1 - log.groups < high)
            made.append((log.times[mine], -1 - log.groups[mine] - low))
        return made

    def answers(self, inputs: Any) -> Any:
        """What the network answers, (trials, neurons)."""
        self._forward(inputs)
        return self.outputs

    def gradients(self, inputs: Any, targets: Any) -> float:
        """Run, and add exact gradients to ``.grad`` of weights (and of `delays`).

        Parameters
        ----------
        inputs
            ms, (trials, inputs) or (trials, inputs, spikes): when inputs spike; infinite or NaN for
            not at all. For several drives a dict by name.
        targets
            Classes, int64 (trials,).
        """
        read_out = self._forward(inputs)
        answers = self.outputs.requires_grad_()
        loss = torch.nn.functional.cross_entropy(answers, torch.as_tensor(targets).long())
        loss.backward()
        of_answers = answers.grad.numpy()
        self.outputs = answers.detach()
        weights, delays = self._numbers()
        layout = self.net.layout

        def work(low: int, high: int) -> Any:
            grads = np.zeros_like(weights), np.zeros_like(delays)
            for b in range(low, high):
                of_times, of_counts = self._of_spikes(b, of_answers[b])
                of_read = np.zeros(read_out.shape[1])
                if self.loss == "membrane":
                    first, size = self.net.readouts[self.output]
                    of_read[first : first + size] = of_answers[b] * self._norm()
                backward(layout, weights, self.logs[b], self.duration, of_times, of_counts, of_read,
                         self.floor, *grads)  # fmt: skip
            return grads

        made = _in_blocks(work, len(self.logs))
        self._take(sum(w for w, _ in made), sum(d for _, d in made))
        return float(loss.detach())

    def _forward(self, inputs: Any) -> np.ndarray:
        times, who, starts = self._sorted(inputs)
        weights, delays = self._numbers()
        trials = len(starts) - 1
        made = np.zeros((trials, sum(size for _, size in self.net.readouts.values())))
        self.module.constrain()

        def work(low: int, high: int) -> Any:
            return [
                forward(
                    self.net.layout, weights, delays, times[starts[b] : starts[b + 1]],
                    who[starts[b] : starts[b + 1]], self.duration, made[b], self.most,
                )
                for b in range(low, high)
            ]  # fmt: skip

        self.logs = [log for part in _in_blocks(work, trials) for log in part]
        for b, log in enumerate(self.logs):
            if (log.groups < 0).sum() > self.most:
                raise EngineError(f"EventProp: more than {self.most} spikes in trial {b}")
        self.outputs = torch.from_numpy(self._answers(made))
        return made

    def _numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights and delays as they are now."""
        given = [self.module.weights[n].detach().double().reshape(-1) for n in self.net.weights]
        delays = self.net.delays.copy()
        owners = np.array(self.net.groups, dtype=object)
        for name, learned in self.delays.items():
            with torch.no_grad():
                learned.clamp_(min=0.0)
            delays[owners == name] = learned.detach().numpy()
        return torch.cat(given).numpy() if given else np.zeros(0), delays

    def _norm(self) -> float:
        """What makes a mean of an integral."""
        return float(self.net.layout.rate / -np.expm1(-self.net.layout.rate * self.duration)) if (
            self.net.layout.rate > 0) else 1.0 / self.duration  # fmt: skip

    def _answers(self, made: np.ndarray) -> np.ndarray:
        if self.loss == "membrane":
            first, size = self.net.readouts[self.output]
            return made[:, first : first + size] * self._norm()
        low, high = self._span()
        found = np.zeros((len(self.logs), high - low))
        for b, (times, ids) in enumerate(self.spikes(self.output)):
            if self.loss == "counts":
                found[b] = np.bincount(ids, minlength=high - low)
            else:
                first_times = np.full(high - low, self.duration)
                np.minimum.at(first_times, ids, times)
                found[b] = -first_times / self.softness
        return found

    def _span(self) -> tuple[int, int]:
        k = self.net.names.index(self.output)
        low, high = self.net.layout.first[k : k + 2]
        return int(low), int(high)

    def _of_spikes(self, b: int, of_answer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the loss says of the time of each spike of a trial, and of its being there."""
        log = self.logs[b]
        neurons = -1 - log.groups[log.groups < 0]
        of_times, of_counts = np.zeros(len(neurons)), np.zeros(len(neurons))
        if self.loss != "membrane":
            low, high = self._span()
            mine = np.flatnonzero((neurons >= low) & (neurons < high))
            if self.loss == "counts":
                theta = self.net.layout.theta[self.net.names.index(self.output)]
                of_counts[mine] = of_answer[neurons[mine] - low] / theta
            else:
                ids, at = np.unique(neurons[mine], return_index=True)
                of_times[mine[at]] = -of_answer[ids - low] / self.softness
        if self.rates is not None:
            least, most, strength = self.rates
            mean = self._mean_counts()
            push = np.maximum(mean - most, 0) - np.maximum(least - mean, 0)
            of_counts += strength * push[neurons] / len(self.logs)
        return of_times, of_counts

    def _mean_counts(self) -> np.ndarray:
        """Spikes by neuron, a mean over trials."""
        total = np.zeros(self.net.layout.first[-1])
        for log in self.logs:
            np.add.at(total, -1 - log.groups[log.groups < 0], 1.0)
        return total / len(self.logs)

    def _take(self, of_weights: np.ndarray, of_delays: np.ndarray) -> None:
        for name, first in self.net.weights.items():
            parameter = self.module.weights[name]
            if parameter.requires_grad:
                part = of_weights[first : first + parameter.numel()]
                self._add(parameter, torch.tensor(part))
        owners = np.array(self.net.groups, dtype=object)
        for name, parameter in self.delays.items():
            self._add(parameter, torch.tensor(of_delays[owners == name]))

    def _sorted(self, inputs: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Input spikes of all trials: times, sources, and where each trial begins."""
        known = self.net.inputs
        if not isinstance(inputs, Mapping):
            if len(known) != 1:
                raise ValidationError("EventProp, inputs", f"one array for {len(known)} drives",
                                      f"a dict by {', '.join(known) or 'nothing'}")  # fmt: skip
            inputs = {next(iter(known)): inputs}
        times, who, trial = [], [], []
        trials = None
        for name, value in inputs.items():
            if name not in known:
                raise UnknownNameError("EventProp, inputs", name, known)
            given = np.asarray(value, dtype=np.float64)
            given = given[..., None] if given.ndim == 2 else given
            if given.ndim != 3 or given.shape[1] != known[name][1] or (
                trials is not None and len(given) != trials
            ):  # fmt: skip
                raise ValidationError(f"EventProp, {name!r}", f"shape {given.shape}",
                                      f"(trials, {known[name][1]}) or with spikes")  # fmt: skip
            if (given < 0).any():
                raise ValidationError(f"EventProp, {name!r}", f"{given.min()} ms", "0 or later")
            trials = len(given)
            b, i, k = np.nonzero(given <= self.duration)
            times.append(given[b, i, k])
            who.append(known[name][0] + i)
            trial.append(b)
        whole, by = np.concatenate(trial), np.concatenate(times)
        order = np.lexsort((by, whole))
        starts = np.searchsorted(whole[order], np.arange((trials or 0) + 1))
        return by[order], np.concatenate(who)[order].astype(np.int64), starts


def _in_blocks(work: Callable[[int, int], Any], count: int) -> list[Any]:
    """Results of ``work(low, high)`` for blocks of trials, on as many threads as PyTorch has."""
    edges = [(low, min(low + _BLOCK, count)) for low in range(0, count, _BLOCK)]
    threads = min(torch.get_num_threads(), len(edges))
    if threads <= 1:
        return [work(*edge) for edge in edges]
    with ThreadPoolExecutor(threads, thread_name_prefix="spikestack-events") as pool:
        return list(pool.map(lambda edge: work(*edge), edges))
