"""Neurons without a reset, whose steps do not wait for each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..neurons.base import NeuronModel

__all__ = ["band", "masked_psn", "masked_values", "shape_of_masked", "sliding_psn"]

_SOURCE = "Fang et al. 2023, NeurIPS ({} PSN)"
#: What the equation language reads in one expression, and how much of it a step takes.
_NODES, _PER_TERM, _PER_STEP = 2000, 4, 7


def sliding_psn(order: int = 8, weights: Sequence[float] | None = None) -> Any:
    """Sliding parallel spiking neuron: fires where a weighted sum of its last inputs reaches 1.

    h = w0*x[t] + w1*x[t-1] + ...; there is no membrane that decays and no reset. Described with
    the last inputs as states, it runs anywhere, and its weights ``w0``, ``w1``, ... learn like
    any parameter: ``compile(train=["weights", "hidden.w0", "hidden.w1"])``.

    Parameters
    ----------
    order
        Inputs that count, 1 to 32.
    weights
        Of the latest first; by default 1, and each half of the one after it.

    Returns
    -------
    NeuronModel

    References
    ----------
    Fang et al. 2023, NeurIPS, "Parallel spiking neurons with high efficiency and ability to learn
    long-term dependencies", sections 4.2 and 4.3.
    """
    _whole(order, 32, "sliding_psn.order")
    start = [0.5**k for k in range(order)] if weights is None else [float(w) for w in weights]
    if len(start) != order:
        raise ValidationError("sliding_psn.weights", f"{len(start)} of them", f"{order}")
    total = " + ".join(f"w{k}*{_input(k)}" for k in range(order))
    return NeuronModel(
        _last_inputs(order),
        threshold=f"{total} >= theta",
        parameters={**{f"w{k}": w for k, w in enumerate(start)}, "theta": 1.0},
        dimensionless=True,
        default_synapse="Delta",
        source=_SOURCE.format("sliding"),
    )


def masked_psn(
    steps: int, order: int | None = None, weights: Any = None, thresholds: Any = 1.0
) -> Any:
    """Masked parallel spiking neuron: like the sliding one, with weights of every step's own.

    It fires in step t where the sum of ``weights[t, u]*x[u]`` over the last `order` inputs, that
    of t the last of them, reaches ``thresholds[t]``, and never after its `steps`. Described with
    the last inputs as states and a table of weights, it runs anywhere from t = 0 on.
    `SpikingNetwork.parallel` learns the table as one matrix; its numbers are parameters, too:
    ``w2_5`` is the weight of the input two steps ago in step 5, ``theta_5`` the threshold.

    Parameters
    ----------
    steps
        That it can run, 1 to 256.
    order
        Inputs that count, 1 to 32; by default as many as there are steps. `steps` times
        4*`order` + 7 is at most 2,000, about: 64 steps of order 6, 16 of order 16.
    weights
        (steps, steps); what a neuron of this order does not see must be 0. By default 1 for the
        latest input, and half as much for each before it.
    thresholds
        One number, or one for each step.

    Returns
    -------
    NeuronModel

    Raises
    ------
    ValidationError
        If the table is too large, of another shape, or looks further than `order`.

    References
    ----------
    Fang et al. 2023, NeurIPS, "Parallel spiking neurons with high efficiency and ability to learn
    long-term dependencies", section 4.2.
    """
    _whole(steps, 256, "masked_psn.steps")
    order = min(steps, 32) if order is None else order
    _whole(order, min(steps, 32), "masked_psn.order")
    size = sum(_PER_TERM * min(t + 1, order) + _PER_STEP for t in range(steps))
    if size > _NODES:
        raise ValidationError(
            "masked_psn", f"{steps} steps of order {order}", "a smaller table of weights",
            "take fewer steps or a smaller order, or sliding_psn, which has one row for all",
        )  # fmt: skip
    if weights is None:
        apart = np.subtract.outer(np.arange(steps), np.arange(steps))
        weights = np.where(band(steps, order), 0.5 ** np.maximum(apart, 0), 0.0)
    values = masked_values(_table(weights, steps, order), _levels(thresholds, steps), order)
    return NeuronModel(
        _last_inputs(order),
        threshold=f"where(t < {steps + 0.5}*dt, {_rows(0, steps, order)}, -1) >= 0",
        parameters=values,
        dimensionless=True,
        default_synapse="Delta",
        source=_SOURCE.format("masked"),
    )


def shape_of_masked(model: NeuronModel) -> tuple[int, int] | None:
    """Steps and order of a masked parallel spiking neuron, also one from a file; else None."""
    steps = sum(name.startswith("theta_") for name in model.parameters)
    order = sum(name.endswith(f"_{steps - 1}") and name[0] == "w" for name in model.parameters)
    if not 1 <= order <= steps <= 256 or order > 32:
        return None
    try:
        like = masked_psn(steps, order)
    except ValidationError:
        return None
    same = all(
        getattr(model, name) == getattr(like, name)
        for name in ("equations", "threshold", "reset", "refractory", "emit", "state_format")
    )
    same &= list(model.parameters) == list(like.parameters)
    same &= all(isinstance(value, float) for value in model.values.values())
    return (steps, order) if same and not any(model.initial_values.values()) else None


def masked_values(weights: Any, thresholds: Any, order: int) -> dict[str, float]:
    """The table of a masked parallel spiking neuron as its parameters."""
    steps = len(weights)
    made = {
        f"w{k}_{t}": float(weights[t, t - k])
        for t in range(steps)
        for k in range(min(t + 1, order))
    }
    return made | {f"theta_{t}": float(thresholds[t]) for t in range(steps)}


def band(steps: int, order: int) -> np.ndarray:
    """Which inputs a step sees: bool (steps, steps), the last `order` up to its own."""
    apart = np.subtract.outer(np.arange(steps), np.arange(steps))
    seen: np.ndarray = (apart >= 0) & (apart < order)
    return seen


def _whole(given: Any, most: int, where: str) -> None:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise ValidationError(where, f"got {shorten(given)}", f"1 to {most}")


def _input(k: int) -> str:
    """The variable that holds the input `k` steps ago."""
    return f"x{k}" if k else "v"


def _last_inputs(order: int) -> str:
    lines = [f"x{k}[t+1] = {_input(k - 1)} : 1" for k in range(order - 1, 0, -1)]
    return "\n".join([*lines, "v[t+1] = 0 : 1"])


def _rows(first: int, last: int, order: int) -> str:
    """What the threshold is exceeded by, for steps from `first` to before `last`.

    Conditions see the time at the end of a step, which is (step + 1)*dt.
    """
    if last - first == 1:
        terms = (f"w{k}_{first}*{_input(k)}" for k in range(min(first + 1, order)))
        return f"{' + '.join(terms)} - theta_{first}"
    middle = (first + last) // 2
    early, late = _rows(first, middle, order), _rows(middle, last, order)
    return f"where(t < {middle + 0.5}*dt, {early}, {late})"


def _table(given: Any, steps: int, order: int) -> np.ndarray:
    where = "masked_psn.weights"
    made = np.asarray(given, dtype=np.float64)
    if made.shape != (steps, steps) or not np.isfinite(made).all():
        raise ValidationError(where, f"got {shorten(given)}", f"finite, ({steps}, {steps})")
    if made[~band(steps, order)].any():
        raise ValidationError(where, "look into the future or too far back",
                              f"0 but for the last {order} inputs of each step")  # fmt: skip
    return made


def _levels(given: Any, steps: int) -> np.ndarray:
    made = np.asarray(given, dtype=np.float64)
    if made.shape not in ((), (steps,)) or not np.isfinite(made).all():
        raise ValidationError("masked_psn.thresholds", f"got {shorten(given)}",
                              f"a finite number, or {steps}")  # fmt: skip
    return np.broadcast_to(made, steps)
