"""Neurons without a reset, whose steps do not wait for each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ValidationError, shorten
from ..neurons.base import NeuronModel

__all__ = ["sliding_psn"]


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
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= 32:
        raise ValidationError("sliding_psn.order", f"got {shorten(order)}", "1 to 32")
    start = [0.5**k for k in range(order)] if weights is None else [float(w) for w in weights]
    if len(start) != order:
        raise ValidationError("sliding_psn.weights", f"{len(start)} of them", f"{order}")
    lines = [f"x{k}[t+1] = {f'x{k - 1}' if k > 1 else 'v'} : 1" for k in range(order - 1, 0, -1)]
    lines.append("v[t+1] = 0 : 1")
    total = " + ".join(f"w{k}*{f'x{k}' if k else 'v'}" for k in range(order))
    return NeuronModel(
        "\n".join(lines),
        threshold=f"{total} >= theta",
        parameters={**{f"w{k}": w for k, w in enumerate(start)}, "theta": 1.0},
        dimensionless=True,
        default_synapse="Delta",
        source="Fang et al. 2023, NeurIPS (sliding PSN)",
    )
