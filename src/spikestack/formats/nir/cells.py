"""Populations as nodes: which neuron models NIR can express, and with which parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import UnknownNameError, ValidationError
from ...network.population import Population
from ...neurons.base import NeuronModel
from ...neurons.discrete_lif import DiscreteLIF, LeakyIntegrator
from ...neurons.integrate_and_fire import IntegrateAndFire
from ...neurons.lif import LIF
from ...neurons.relay import Relay
from ...neurons.spike_source import SpikeSource
from ...synapses.base import Synapse
from ...values import Distribution
from .dialects import DIALECTS, Dialect, dialect_of
from .graph import FIELDS, Node
from .neurons import input_of, neuron_of
from .times import Times

__all__ = ["Cell", "Linear", "cell_of", "read_dialects", "target_dialect"]


@dataclass(frozen=True)
class Linear:
    """v <- decay v + gain x + (1 - decay) rest in one step; a spike where v reaches the threshold.

    Attributes
    ----------
    decay, gain, rest, threshold, reset
        float64 arrays by neuron; of a soft reset, `reset` is None.
    drive
        Added to v in every step.
    fires
        Whether it spikes at all.
    strict
        Whether v must be above the threshold.
    current
        (time constant in ms, resistance) of one synaptic current, or None.
    start
        v at the beginning.
    """

    decay: Any
    gain: Any = 1.0
    rest: Any = 0.0
    drive: Any = 0.0
    threshold: Any = 1.0
    reset: Any = None
    fires: bool = True
    strict: bool = False
    current: tuple[Any, Any] | None = None
    start: Any = 0.0


@dataclass(frozen=True)
class Cell:
    """A population as it is written.

    Attributes
    ----------
    node
        None for a population that is an Input.
    factor
        What weights towards it are multiplied by.
    bias
        What must arrive in every step, or None.
    reset
        ``"to_value"`` or ``"subtract"``; None where nothing is reset.
    """

    node: Node | None
    factor: np.ndarray | float = 1.0
    bias: np.ndarray | None = None
    reset: str | None = None


_TEXTS = ("equations", "after_arrivals", "threshold", "reset", "emit", "refractory")


def _is(model: NeuronModel, kind: Any) -> bool:
    """Whether a model, perhaps read from a file, is the one of the catalogue."""
    return all(getattr(model, name) == getattr(kind, name) for name in _TEXTS)


def _numbers(model: Any) -> dict[str, Any]:
    made = {}
    for name, value in model.scalar_values().items():
        if isinstance(value, Distribution):
            raise ValidationError(name, f"is drawn from {value!r}", "given numbers")
        made[name] = model.values[value] if isinstance(value, str) else value
    return made


def _whole(seconds: Any, dt: float) -> np.ndarray:
    return np.floor(np.asarray(seconds, np.float64) / dt + 0.5)


def _lif(model: NeuronModel, receptors: list[Synapse], dt: float) -> Linear:
    v = _numbers(model)
    if _whole(v["tau_refrac"], dt).any():
        raise ValidationError("tau_refrac", f"is {np.max(v['tau_refrac']):g} ms", "none in NIR")
    decay = np.exp(-dt / np.asarray(v["tau_m"]))
    shift = np.asarray(v["i_offset"]) * v["tau_m"] / v["cm"]
    shared = {"threshold": v["v_thresh"], "reset": v["v_reset"], "start": v["v"]}
    if np.array_equal(v["v"], v["v_rest"]) and np.any(shift) and len(receptors) == 1:
        shared |= {"rest": v["v_rest"], "drive": shift * (1 - decay)}
    else:
        shared["rest"] = v["v_rest"] + shift
    kinds = {type(r).__name__ if not r.saved_label else r.saved_label for r in receptors}
    if not kinds or kinds == {"Delta"}:
        return Linear(decay, **shared)
    if kinds == {"ExponentialCurrent"} and len(receptors) == 1 and "drive" not in shared:
        tau = _numbers(receptors[0])["tau_syn"]
        return Linear(decay, current=(tau, np.asarray(v["tau_m"]) / v["cm"]), **shared)
    raise ValidationError("synapses", f"are {', '.join(sorted(kinds))}",
                          "Delta alone, or one ExponentialCurrent, without i_offset")  # fmt: skip


def _discrete_lif(model: NeuronModel, receptors: list[Synapse], dt: float) -> Linear:
    v = _numbers(model)
    return Linear(np.asarray(v["beta"]), threshold=v["theta"], start=v["v"])


def _integrate(model: NeuronModel, receptors: list[Synapse], dt: float) -> Linear:
    v = _numbers(model)
    if np.any(np.asarray(v["start"]) >= 0.5 * dt) or np.any(np.asarray(v["stop"]) < 1e6):
        raise ValidationError("start, stop", "limit when it fires", "no limits in NIR")
    return Linear(np.asarray(1.0), drive=v["drive"], threshold=v["theta"], start=v["v"])


def _leaky(model: NeuronModel, receptors: list[Synapse], dt: float) -> Linear:
    v = _numbers(model)
    return Linear(np.asarray(v["beta"]), fires=False, start=v["v"])


_CATALOGUE: tuple[tuple[Any, Callable[..., Linear]], ...] = (
    (LIF, _lif), (DiscreteLIF, _discrete_lif), (IntegrateAndFire, _integrate),
    (LeakyIntegrator, _leaky),
)  # fmt: skip


def cell_of(
    population: Population, receptors: list[Synapse], dialect: Dialect, times: Times
) -> Cell:
    """How a population is written.

    Parameters
    ----------
    population
        The population.
    receptors
        One synapse of each kind that ends there.
    dialect, times
        Of the file.

    Raises
    ------
    ValidationError
        If NIR, or the tool, has no such neurons; `where` then names what they have.
    """
    model = population.model
    if model.state_format:
        raise ValidationError("state_format", "rounds states", "none in NIR")
    if _is(model, input_of(None)) or _is(model, SpikeSource()) or _is(model, Relay()):
        return Cell(None)
    if model.label == "NIR_Input":
        return Cell(None)
    if model.label.startswith("NIR_"):
        return _back(population, dialect, times)
    for kind, describe in _CATALOGUE:
        if _is(model, kind):
            linear = describe(model, receptors, times.dt)
            return _written(population.size, linear, dialect, times)
    raise ValidationError("model", f"{model.label} is none of NIR's neurons",
                          "LIF, DiscreteLIF, IntegrateAndFire, LeakyIntegrator, or what was read"
                          " from NIR")  # fmt: skip


def _back(population: Population, dialect: Dialect, times: Times) -> Cell:
    """What was read from NIR: its own parameters."""
    model, values = population.model, _numbers(population.model)
    kind = model.label.removeprefix("NIR_")
    bias = values.get("bias")
    wide = None if bias is None else np.broadcast_to(bias, population.size)
    if kind == "sum":
        return Cell(Node("Scale", {"scale": np.ones(population.size)}), 1.0, wide)
    fields = {}
    for name in FIELDS[kind]:
        value = np.broadcast_to(values[{"threshold": "v_threshold"}.get(name, name)],
                                population.size)  # fmt: skip
        fields[name] = _in_unit(name, kind, value, dialect, times)
    reset = dialect.options["reset"] if "v_threshold" in fields else None
    return Cell(Node(kind, fields), 1.0, wide, reset)


def _in_unit(name: str, kind: str, value: np.ndarray, dialect: Dialect, times: Times) -> np.ndarray:
    """A parameter as files have it, such that reading gives the same bits again."""
    if name in ("tau", "tau_syn", "tau_mem"):
        return _inverse(value, times.unit, np.multiply, np.divide)
    if name == "r" and kind in ("I", "IF") and "dt" in dialect.updates[kind]:
        return _inverse(value, times.unit, np.divide, np.multiply)
    return np.array(value, dtype=np.float64)


def _inverse(value: Any, unit: float, forward: Any, back: Any) -> np.ndarray:
    made = back(np.asarray(value, np.float64), unit)
    for other in (np.nextafter(made, -np.inf), np.nextafter(made, np.inf)):
        made = np.where(forward(made, unit) == value, made, np.where(
            forward(other, unit) == value, other, made))  # fmt: skip
    return np.array(made)


def read_dialects(model: NeuronModel) -> list[Dialect] | None:
    """The dialects, with options, by which a model may have been read; None if it was not."""
    kind = model.label.removeprefix("NIR_")
    if kind == model.label or kind in ("sum", "Input", "Threshold"):
        return None
    node = Node(kind, {name: np.ones(1) for name in FIELDS[kind]})
    bias = np.ones(1) if "bias" in model.parameters else None
    analog = 1.0 if model.emit_type == "float" else None
    some = Times(1.0, 1.0)
    return [
        dialect
        for name in DIALECTS if kind in DIALECTS[name].updates
        for dialect in _with_options(name)
        if any(
            _is(model, neuron_of(node, some, dialect, bias, feeds_back=back, limit=analog))
            for back in (False, True)
        )
    ]  # fmt: skip


def _with_options(name: str) -> list[Dialect]:
    made = []
    for reset, delayed in DIALECTS[name].resets:
        options: dict[str, Any] = {"reset": reset}
        if "reset_delay" in DIALECTS[name].options:
            options["reset_delay"] = delayed
        more: list[Mapping[str, Any]] = [{}]
        if "norm_input" in DIALECTS[name].options:
            more = [
                {"norm_input": n, "spikes": s, "min_v_mem": v}
                for n in (True, False) for s in ("many", "one") for v in (None, 0.0)
            ]  # fmt: skip
        made += [dialect_of(name, options | dict(extra)) for extra in more]
    return made


@dataclass(frozen=True)
class _Target:
    """What a tool takes from files.

    Attributes
    ----------
    exact
        Whether it solves the equations; else it takes Euler steps.
    resistance
        What r must be: ``"free"``, ``"one"``, or ``"steps"`` for tau/dt.
    resets
        That it knows.
    plain
        What must be 0: ``"v_leak"``, ``"v_reset"``; ``"v_leak - v_reset"``.
    integrators
        Whether it has neurons without leak.
    options
        With which it runs what it has read.
    """

    exact: bool
    resistance: str
    resets: tuple[str, ...]
    plain: tuple[str, ...] = ()
    integrators: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


_TARGETS = {
    "": _Target(True, "free", ("to_value", "subtract")),
    "spikestack": _Target(True, "free", ("to_value", "subtract")),
    "norse": _Target(False, "one", ("to_value",), ("v_reset",)),
    "snntorch": _Target(False, "steps", ("to_value",), ("v_leak", "v_reset"), False,
                        {"reset": "to_value", "reset_delay": False}),
    "spikingjelly": _Target(False, "steps", ("to_value",), ("v_leak - v_reset",)),
    "sinabs": _Target(True, "one", ("subtract",), ("v_leak",), False,
                      {"norm_input": False, "spikes": "one"}),
}  # fmt: skip
#: ms; stands for no leak where a tool has no neurons without.
_LONG = 1e9


def target_dialect(name: str) -> Dialect:
    """A tool as a reader of files: with the options by which it runs what it has read.

    Raises
    ------
    UnknownNameError
        If nothing is written for it.
    """
    if name not in _TARGETS:
        raise UnknownNameError("write, dialect", name, (n for n in _TARGETS if n))
    return dialect_of(name, _TARGETS[name].options)


def _written(size: int, linear: Linear, dialect: Dialect, times: Times) -> Cell:
    """Neurons of a known step as a node that takes this step again."""
    if dialect.name not in _TARGETS:
        raise ValidationError("dialect", f"{dialect.tool} is not written for",
                              f"one of {[n for n in _TARGETS if n]}")  # fmt: skip
    target = _TARGETS[dialect.name]
    decay, gain, rest = (np.broadcast_to(np.asarray(a, np.float64), size)
                         for a in (linear.decay, linear.gain, linear.rest))  # fmt: skip
    if (decay <= 0).any() or ((decay == 1).any() and not (decay == 1).all()):
        raise ValidationError("decay", f"is {decay.min():g} to {decay.max():g} in a step",
                              "above 0; 1 for all neurons or none")  # fmt: skip
    _check_start(linear, rest, dialect, decay)
    leaks = bool((decay < 1).all())
    if linear.current is not None and (dialect.name != "spikestack" or not leaks):
        raise ValidationError("synapses", "bring currents that flow a step before they act",
                              "delta synapses, for other tools")  # fmt: skip
    fields: dict[str, Any] = {}
    factor: Any = 1.0
    if leaks or not target.integrators:
        factor = _leak(fields, decay, gain, target, times)
        fields["v_leak"] = rest
    else:
        rate = 1.0 if "dt" not in dialect.updates["IF"] else times.unit / times.dt
        fields["r"] = np.full(size, rate)
        factor = gain
    reset = _spikes(fields, linear, dialect, target, size)
    kind = {(True, True): "LIF", (True, False): "LI", (False, True): "IF", (False, False): "I"}[
        "v_leak" in fields, linear.fires
    ]
    if linear.current is not None:
        kind, factor = f"Cuba{kind}", 1.0
        tau, r = (np.broadcast_to(np.asarray(a, np.float64), size) for a in linear.current)
        fields |= {"tau_mem": fields.pop("tau"), "tau_syn": tau / times.unit, "r": r,
                   "w_in": tau / times.dt}  # fmt: skip
    bias = np.broadcast_to(np.asarray(linear.drive, np.float64), size)
    placed = {name: np.array(fields[name]) for name in FIELDS[kind]}
    return Cell(Node(kind, placed), factor, bias if bias.any() else None, reset)


def _check_start(linear: Linear, rest: Any, dialect: Dialect, decay: Any) -> None:
    usual = rest if (decay < 1).all() else 0.0
    if np.any(np.abs(np.asarray(linear.start) - usual) > 1e-12 * np.maximum(1.0, np.abs(usual))):
        raise ValidationError("v at t = 0", "is not the potential at rest", "no start in NIR")


def _leak(
    fields: dict[str, Any], decay: np.ndarray, gain: np.ndarray, target: _Target, times: Times
) -> np.ndarray:
    """Time constant and resistance; what weights must be multiplied by."""
    with np.errstate(divide="ignore"):
        tau = -times.dt / np.log(decay) if target.exact else times.dt / (1 - decay)
    tau = np.where(decay < 1, tau, _LONG)
    left = 1 - decay if target.exact else times.dt / tau
    fields["tau"] = tau / times.unit
    if target.resistance == "free":
        fields["r"] = gain / left
        return np.ones_like(gain)
    if target.resistance == "steps":
        fields["r"] = tau / times.dt
        return gain
    fields["r"] = np.ones_like(gain)
    return gain if target.exact else gain / left


def _spikes(
    fields: dict[str, Any], linear: Linear, dialect: Dialect, target: _Target, size: int
) -> str | None:
    reset = None
    if linear.fires:
        reset = "subtract" if linear.reset is None else "to_value"
        if reset not in target.resets:
            raise ValidationError(
                "reset", f"is {reset!r}", f"{target.resets[0]!r} in {dialect.tool}"
            )
        threshold = np.broadcast_to(np.asarray(linear.threshold, np.float64), size)
        if dialect.strict and not linear.strict:
            # What fires at the threshold fires above the number next to it.
            kind = np.float64 if dialect.name == "" else np.float32
            threshold = np.nextafter(threshold.astype(kind), kind(-np.inf)).astype(np.float64)
        fields["v_threshold"] = threshold
        value = 0.0 if linear.reset is None else linear.reset
        fields["v_reset"] = np.broadcast_to(np.asarray(value, np.float64), size)
    zero = np.zeros(size)
    levels = {name: fields.get(name, zero) for name in ("v_leak", "v_reset")}
    levels["v_leak - v_reset"] = levels["v_leak"] - levels["v_reset"] if linear.fires else zero
    for name in target.plain:
        if np.any(levels[name] != 0):
            raise ValidationError(name, "is not 0", f"0 in {dialect.tool}")
    return reset
