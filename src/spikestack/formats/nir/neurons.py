"""Nodes with a state as neuron models: equations with the parameters of the node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...equations.model import Parameter
from ...neurons.base import NeuronModel
from .dialects import Dialect, Reset
from .graph import Node
from .times import Times

__all__ = ["ANALOG", "PLACE", "input_of", "neuron_of", "relay_of"]

#: Where synapses bring what arrives in a step.
PLACE = "input"
#: Types whose output is a number in every step, not a spike.
ANALOG = ("I", "LI", "CubaLI")
#: Stands for a time constant without end: nothing leaks.
_ENDLESS = 1e30
#: Spikes of one neuron in a step, at most.
_MOST_SPIKES = 2.0**20
_TIMES = ("tau", "tau_syn", "tau_mem")
_MEANINGS = {
    "tau": "membrane time constant, ms", "tau_mem": "membrane time constant, ms",
    "tau_syn": "time constant of the current, ms", "r": "resistance", "v_leak": "resting potential",
    "v_threshold": "threshold", "v_reset": "potential after a spike",
    "w_in": "weight of what arrives", "v_min": "least potential", "bias": "arrives in every step",
}  # fmt: skip


def _value(array: Any) -> Any:
    """One number where all are alike, else a flat array."""
    flat = np.asarray(array, dtype=np.float64).ravel()
    return float(flat[0]) if (flat == flat[0]).all() else np.array(flat)


def _parameters(node: Node, times: Times, dialect: Dialect) -> dict[str, Any]:
    made = {name: np.asarray(v, dtype=np.float64) for name, v in node.fields.items()}
    for name in _TIMES:
        if name in made:
            made[name] = np.minimum(made[name] * times.unit, _ENDLESS)
    if "r" in made:
        # A tool that writes r = tau/dt writes infinity for both where nothing leaks.
        made["r"] = np.where(np.isinf(made["r"]), _ENDLESS / times.dt, made["r"])
        if node.type in ("I", "IF") and "dt" in dialect.updates[node.type]:
            made["r"] = made["r"] / times.unit
    return made


def neuron_of(
    node: Node, times: Times, dialect: Dialect, bias: np.ndarray | None, *,
    feeds_back: bool = False, limit: float | None = None,
) -> NeuronModel:  # fmt: skip
    """The model of a node.

    Parameters
    ----------
    node
        Of a type of `NEURONS`, checked, its arrays of the node's shape.
    times, dialect
        The step, and what a step does.
    bias
        What arrives in every step, of the node's shape; None for nothing.
    feeds_back
        Whether its output comes back to it.
    limit
        Greatest magnitude of an analog output; None if nothing reads it.
    """
    values = _parameters(node, times, dialect)
    lines, states = [], ["x", "v"]
    if bias is not None and np.any(bias):
        values["bias"] = bias
        lines.append("x = x + bias")
    spiking: dict[str, Any] = {}
    if node.type == "Threshold":
        lines.append("v = x")
        values["v_threshold"] = values.pop("threshold")
        spiking["threshold"] = "v > v_threshold"
    else:
        fires = "v_threshold" in values
        reset = dialect.reset_of(node.type, feeds_back) if fires else None
        if reset is not None:
            lines.append(reset.before)
        lines.append(dialect.updates[node.type])
        if reset is not None:
            lines.append(reset.after)
            spiking = _spiking(dialect, reset)
            if reset.before:
                states.append("over")
            if (least := dialect.options.get("min_v_mem")) is not None:
                values["v_min"] = float(least)
                lines.append("v = max(v, v_min)")
    if "current" in {line.split("=")[0].strip() for part in lines for line in part.splitlines()}:
        states.append("current")
    if node.type in ANALOG and limit is not None:
        spiking = {"threshold": "v != 0", "emit": "v", "emit_type": "float", "emit_limit": limit}
    lines.append("x = 0")
    start = dialect.start.get(node.type)
    return _model(
        f"NIR_{node.type}", states, lines, values, spiking,
        {"v": _value(values[start])} if start else {},
    )  # fmt: skip


def _spiking(dialect: Dialect, reset: Reset) -> dict[str, Any]:
    sign = ">" if dialect.strict else ">="
    level = f"v - {reset.less}" if reset.less else "v"
    made: dict[str, Any] = {"threshold": f"{level} {sign} v_threshold", "reset": reset.at_spike}
    if dialect.options.get("spikes") == "many":
        made |= {"emit": "floor(v/v_threshold)", "emit_type": "int", "emit_limit": _MOST_SPIKES}
    elif dialect.options.get("spikes") == "one" and "floor" in reset.at_spike:
        made["reset"] = "v = v - v_threshold"
    return made


def relay_of(bias: np.ndarray | None, limit: float | None) -> NeuronModel:
    """What passes a sum on in the same step, as a value, or only shows it."""
    lines, values = ["v = x", "x = 0"], {}
    if bias is not None and np.any(bias):
        values["bias"], lines = bias, ["v = x + bias", "x = 0"]
    spiking: dict[str, Any] = {}
    if limit is not None:
        spiking = {"threshold": "v != 0", "emit": "v", "emit_type": "float", "emit_limit": limit}
    return _model("NIR_sum", ["x", "v"], lines, values, spiking, {})


def input_of(limit: float | None) -> NeuronModel:
    """What passes on spikes, or values of at most `limit`, in the step in which they come."""
    if limit is None:
        return NeuronModel(
            "v[t+1] = 0 : 1", threshold="v > 0.5", dimensionless=True, default_synapse="Delta",
            name="NIR_Input",
        )  # fmt: skip
    return NeuronModel(
        "v[t+1] = 0 : 1", threshold="v != 0", emit="v", emit_type="float", emit_limit=limit,
        dimensionless=True, default_synapse="Delta", name="NIR_Input",
    )  # fmt: skip


def _model(
    name: str, states: list[str], lines: list[str], values: Mapping[str, Any],
    spiking: dict[str, Any], start: dict[str, Any],
) -> NeuronModel:  # fmt: skip
    after = [line.strip() for part in lines for line in part.splitlines()]
    after = [line for line in after if line]
    parameters, given = {}, {}
    for key, value in values.items():
        low: dict[str, Any] = {"low": 0.0, "low_open": True} if key in _TIMES else {}
        found = _value(value)
        default = found if isinstance(found, float) else float(np.mean(found))
        parameters[key] = Parameter(default, "1", meaning=_MEANINGS.get(key, ""), **low)
        given[key] = found
    return NeuronModel(
        "\n".join(f"{state}[t+1] = {'0' if state == 'x' else state} : 1" for state in states),
        after_arrivals="\n".join(after), parameters=parameters, dimensionless=True, name=name,
        compartments={PLACE: ("x", "i_x")}, default_synapse="Delta",
        source="Pedersen et al. 2024, Nat Commun 15:8122 (NIR)", **spiking, **start, **given,
    )  # fmt: skip
