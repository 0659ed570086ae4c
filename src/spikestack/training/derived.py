"""Model parameters that are trained, and what lowering derives from them.

Kernels know propagators, not time constants. Their derivatives with respect to a parameter are
central differences of the lowering itself, in double precision (relative errors near 1e-10), so
that any parameter of any model can be trained, whatever the integration scheme.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..errors import UnknownNameError
from ..program.populations import Draft, finish
from ..program.program import PopulationProgram

__all__ = ["Derived", "key_of"]

_STEP = 6e-6


def key_of(population: str, parameter: str) -> str:
    """What a trained parameter is called in a module: PyTorch allows no dot."""
    return f"{population}:{parameter.replace('.', ':')}"


class Derived:
    """Numbers that a population's step uses, as functions of trained parameters.

    Parameters
    ----------
    draft, population
        Before and after lowering.
    names
        Trained parameters: of the model, or of a receptor as in ``"ExponentialCurrent.tau_syn"``.

    Attributes
    ----------
    touched
        Places of the parameters of the step that depend on them.
    """

    def __init__(self, draft: Draft, population: PopulationProgram, names: tuple[str, ...]) -> None:
        self.draft, self.population, self.names = draft, population, names
        self.start = {name: self._declared(name) for name in names}
        base = self._evaluate(self.start)
        touched: set[int] = set()
        for name in names:
            moved = self._evaluate(self.start | {name: _moved(self.start[name], 1.0)})
            touched |= {k for k, (a, b) in enumerate(zip(base, moved)) if not np.array_equal(a, b)}
        count = len(population.values)
        self.touched = tuple(sorted(k for k in touched if k < count))
        self.started = tuple(sorted(k - count for k in touched if k >= count))

    def _declared(self, name: str) -> np.ndarray:
        model, local = self._owner(name)
        if local not in model.values:
            where = f"train, population {self.population.name!r}"
            raise UnknownNameError(where, name, model.values)
        value = model.values[local]
        return np.asarray(value if np.ndim(value) else float(value), dtype=np.float64)

    def _owner(self, name: str) -> tuple[Any, str]:
        part, dot, local = name.rpartition(".")
        if not dot:
            return self.draft.population.model, local
        if part not in self.draft.receptors:
            where = f"train, population {self.population.name!r}, receptor"
            raise UnknownNameError(where, part, self.draft.receptors)
        return self.draft.receptors[part], local

    def bounds(self, name: str) -> tuple[float, float]:
        """The range that a parameter must not leave."""
        model, local = self._owner(name)
        declared = model.parameters[local]
        inner = 1e-6 * max(1.0, abs(float(np.mean(self.start[name]))))
        return declared.low + inner * declared.low_open, declared.high - inner * declared.high_open

    def _evaluate(self, values: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The step's parameters, then initial states, for values of the trained ones."""
        draft = self.draft
        receptors = dict(draft.receptors)
        population = copy.copy(draft.population)
        for name, value in values.items():
            part, dot, local = name.rpartition(".")
            owner: Any = copy.copy(receptors[part] if dot else population.model)
            given = value if value.ndim else float(value)
            owner.values = {**owner.values, local: given}
            if dot:
                receptors[part] = owner
            else:
                population.model = owner
        made = finish(
            replace(draft, population=population, receptors=receptors), 0, 0,
            self.population.receptors,
        )  # fmt: skip
        return [np.asarray(v, dtype=np.float64) for v in (*made.values, *made.initial)]

    def apply(self, given: dict[str, Any]) -> tuple[Any, ...]:
        """Tensors of the `touched` parameters and `started` initial states, under autograd."""
        made: tuple[Any, ...] = _Lowered.apply(self, *(given[name] for name in self.names))
        return made


def _moved(value: np.ndarray, way: float) -> np.ndarray:
    return value + way * _STEP * np.maximum(np.abs(value), 1e-3)


class _Lowered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, derived: Derived, *given: Any) -> Any:
        values = {
            name: value.detach().double().cpu().numpy() for name, value in zip(derived.names, given)
        }
        ctx.derived, ctx.values, ctx.like = derived, values, given[0].new_empty(0)
        made = derived._evaluate(values)
        count = len(derived.population.values)
        places = (*derived.touched, *(count + k for k in derived.started))
        return tuple(ctx.like.new_tensor(made[k]) for k in places)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        derived, values = ctx.derived, ctx.values
        count = len(derived.population.values)
        places = (*derived.touched, *(count + k for k in derived.started))
        found = []
        for name in derived.names:
            up, down = (_moved(values[name], way) for way in (1.0, -1.0))
            above, below = (derived._evaluate(values | {name: v}) for v in (up, down))
            width, total = up - down, np.zeros_like(values[name])
            for place, grad in zip(places, grads):
                if grad is None:
                    continue
                part = (above[place] - below[place]) / width * grad.double().cpu().numpy()
                total = total + (part if total.ndim else part.sum())
            found.append(ctx.like.new_tensor(total))
        return (None, *found)
