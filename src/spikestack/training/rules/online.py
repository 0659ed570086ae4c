"""Rules that learn while the network runs, in memory that does not grow with time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch

from ...errors import UnknownNameError, ValidationError, shorten
from ..module import SpikingNetwork
from .base import LearningRule
from .eligibility import Eligibility, Filter
from .tangents import Tangents
from .walking import Walk

__all__ = ["LOSSES", "OnlineRule"]


def _classes(targets: Any, answers: Any) -> Any:
    """Targets as rows of 0 and 1, or as they are."""
    if targets.dtype.is_floating_point:
        return targets.to(answers.dtype)
    return torch.nn.functional.one_hot(targets, answers.shape[1]).to(answers.dtype)


LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "cross-entropy": torch.nn.functional.cross_entropy,
    "squared": lambda y, t: ((y - _classes(t, y)) ** 2).sum(1).mean(),
    "smooth": lambda y, t: torch.nn.functional.smooth_l1_loss(y, _classes(t, y)),
}


class OnlineRule(LearningRule):
    """The base of rules that go forward in time.

    A step's loss is that of what the output population answers in it; the loss is its mean over
    steps.

    Parameters
    ----------
    module
        Made by `Network.compile`, of which weights are trained.
    output
        Name of the population that answers, or ``"population.variable"``; by default the only one
        that projects nowhere. What never fires is read by its recorded variable, or ``v``.
    loss
        Of the answers in one step: ``"cross-entropy"``, ``"squared"``, ``"smooth"`` (smooth L1; the
        last two against 0 and 1), or a function of answers (trials, neurons) and targets.
    skip
        First steps in which nothing is learned.

    Raises
    ------
    ValidationError, UnknownNameError
        If the network cannot be learned by this rule.
    """

    _reset = "detached"
    _remembers = True

    def __init__(
        self, module: SpikingNetwork, *, output: str | None = None,
        loss: str | Callable[[Any, Any], Any] = "cross-entropy", skip: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(module)
        name = type(self).__name__
        if isinstance(loss, str) and loss not in LOSSES:
            raise UnknownNameError(f"{name}.loss", loss, LOSSES)
        if isinstance(skip, bool) or not isinstance(skip, int) or skip < 0:
            raise ValidationError(f"{name}.skip", f"got {shorten(skip)}", "steps, 0 or more")
        if module.derived:
            raise ValidationError(f"{name}, train", f"trains {', '.join(module.values)}",
                                  "weights only", "leave out parameters of models")  # fmt: skip
        self.loss = LOSSES[loss] if isinstance(loss, str) else loss
        self.skip = skip
        self.k_out, self.observed = self._answering(output)
        self.tangents = [self._tangents(k) for k in range(len(module.names))]
        self.learned = [
            (n, link) for n, link in enumerate(module.links)
            if module.weights[link.name].requires_grad
        ]  # fmt: skip
        self.trace_bytes = 0

    def _answering(self, output: str | None) -> tuple[int, int | None]:
        """Place of the population that answers, and of the state that is read."""
        m, where = self.module, f"{type(self).__name__}.output"
        name, _, variable = (output or "").partition(".")
        if output is None:
            ends = set(range(len(m.names))) - {link.pre for link in m.links}
            if len(ends) != 1:
                problem = f"{len(ends)} populations project nowhere"
                raise ValidationError(where, problem, "the name of the one that answers")
            (k,) = ends
        elif name not in m.names:
            raise UnknownNameError(where, name, m.names)
        else:
            k = m.names.index(name)
        states = m.program.populations[k].states
        if not variable and m.program.populations[k].code.spike is not None:
            return k, None
        if not variable:
            variable = states[m._traced[k][0]] if m._traced[k] else "v"
        if variable not in states:
            raise UnknownNameError(where, variable, states)
        return k, states.index(variable)

    def _tangents(self, k: int) -> Tangents:
        m, p = self.module, self.module.program.populations[k]
        fed = any(f.population == k and f.receptor < 0 for f in m.feeds)
        return Tangents(
            p, m.surrogates[k], m.scales[k], reset=self._reset, whole=not m.detach_reset,
            fed=p.states.index("i_inj") if fed else None,
            observed=self.observed if k == self.k_out else None,
            dt=m.dt, wide=m.precision == "float64",
        )  # fmt: skip

    def answers(self, inputs: Any, steps: int | None = None) -> Any:
        """What the network answers, (trials, neurons): a mean over steps."""
        self._run(inputs, steps, None, None)
        return self.outputs

    def gradients(
        self, inputs: Any, targets: Any, steps: int | None = None,
        each_step: Callable[[], Any] | None = None,
    ) -> float:  # fmt: skip
        """Run and learn.

        Parameters
        ----------
        inputs, steps
            As the module takes them.
        targets
            Classes (trials,), or values (trials, neurons); with one more axis in front, by step.
        each_step
            Called after every step that has added to ``.grad``: to let an optimiser step at once.

        Returns
        -------
        float
            The loss, a mean over trials and steps.
        """
        return self._run(inputs, steps, torch.as_tensor(targets), each_step)

    def _run(self, inputs: Any, steps: int | None, targets: Any, each_step: Any) -> float:
        m = self.module
        m.constrain()
        fed, steps, trials = m._fed(inputs, steps, None)
        walk = Walk(m, self.tangents, trials)
        made = [] if targets is None else self._eligibilities(walk)
        self.trace_bytes = sum(e.bytes for e in made)
        grads = {link.name: torch.zeros_like(m.weights[link.name].data) for _, link in self.learned}
        total, loss = 0.0, 0.0
        for t in range(steps):
            walk.step({n: x[min(t, len(x) - 1)] for n, x in fed.items()})
            answers = self._read(walk)
            total = total + answers
            if targets is None:
                continue
            by_step = targets.ndim > (2 if targets.dtype.is_floating_point else 1)
            target = targets[t] if by_step else targets
            signals: Mapping[int, Any] = {}
            part, of_answers = self._loss_of(answers, target, self.loss)
            loss += part / steps
            if t >= self.skip:
                signals = self._signals(walk, of_answers / steps, target, steps)
            for e in made:
                e.learn(walk, signals.get(e.link.post), grads[e.link.name])
            if each_step is not None and t >= self.skip:
                self._give(grads)
                each_step()
                for g in grads.values():
                    g.zero_()
        self.outputs = total / steps
        if targets is not None and each_step is None:
            self._give(grads)
        return loss

    def _give(self, grads: dict[str, Any]) -> None:
        for name, grad in grads.items():
            self._add(self.module.weights[name], grad.clone())

    def _read(self, walk: Walk) -> Any:
        if self.observed is None:
            return walk.sent[self.k_out]
        return walk.state(self.k_out, self.observed)

    @staticmethod
    def _loss_of(answers: Any, target: Any, loss: Any) -> tuple[float, Any]:
        """The loss, and its derivative by the answers."""
        with torch.enable_grad():
            free = answers.detach().requires_grad_()
            made = loss(free, target)
            made.backward()
        return float(made.detach()), free.grad

    def _eligibilities(self, walk: Walk) -> list[Eligibility]:
        return [
            Eligibility(
                walk, (n, q), link, product, self.tangents[link.post],
                remembers=self._remembers, filter=self._filter(link.post),
            )
            for n, link in self.learned for q, (_, product) in enumerate(link.parts)
        ]  # fmt: skip

    def _filter(self, k: int) -> Filter | None:
        """Through what the eligibility of projections onto a population passes."""
        return None

    @abstractmethod
    def _signals(self, walk: Walk, of_answers: Any, target: Any, steps: int) -> Mapping[int, Any]:
        """Learning signals of this step by population, (trials, neurons): what each spike is worth.

        Parameters
        ----------
        walk
            The run.
        of_answers
            Derivative of the loss by what the output answers in this step.
        target
            Of this step.
        steps
            In all.
        """
