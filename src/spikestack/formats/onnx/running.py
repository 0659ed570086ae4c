"""Exported steps, run one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...engines.reference import poisson_counts
from ...errors import FileFormatError, UnknownNameError, ValidationError, shorten
from ...feeding import whole_steps
from ...network.network import Network
from ...program.lower import lower
from .graph import digest_of, package

__all__ = ["inputs_of", "open_model", "run"]

_Run = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


def open_model(path: Path) -> tuple[Any, dict[str, Any]]:
    """A model that `write` made, and what it says of itself.

    Raises
    ------
    FileFormatError
        If it is no sound ONNX model, or not one of `write`.
    """
    onnx = package()
    try:
        model = onnx.load_model(str(path), load_external_data=False)
        onnx.checker.check_model(model)
    except OSError:
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        raise FileFormatError(f"{path}: no sound ONNX model: {first}") from error
    stored = {p.key: p.value for p in model.metadata_props}
    told = stored.get("spikestack", "")
    names = {i.name for i in model.graph.input} | {o.name for o in model.graph.output}
    try:
        about = json.loads(told)
        asked = {*about["inputs"], *about["states"], *about["outputs"]}
        asked |= {state["next"] for state in about["states"].values()}
        float(about["dt_ms"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(f"{path}: does not say what its inputs are: not of ours") from error
    if stored.get("digest") != digest_of(model.graph, told):
        raise FileFormatError(f"{path}: is damaged, or was changed since it was written")
    if not asked <= names:
        raise FileFormatError(f"{path}: lacks {sorted(asked - names)[0]!r}, which it speaks of")
    return model, about


def run(
    path: str | Path,
    inputs: Mapping[str, Any] | None = None,
    *,
    steps: int | None = None,
    record: Iterable[str] = (),
) -> dict[str, np.ndarray]:
    """Run a file of `write` step by step, by onnxruntime if it is installed, else by onnx itself.

    Parameters
    ----------
    path
        The file.
    inputs
        By drive, what it feeds: (steps, neurons), or (samples, steps, neurons), all alike long.
        Drives that are left out feed nothing.
    steps
        How many; by default as many as `inputs` have.
    record
        States to be kept of each step, such as ``"out.v"``.

    Returns
    -------
    dict
        What each population sends (``"out.spikes"``), and what was asked for: float32 (samples,
        steps, neurons), without samples where the inputs have none.

    Raises
    ------
    FileFormatError
        If it is no file of `write`.
    ValidationError
        If the inputs do not fit.
    """
    model, about = open_model(Path(path))
    record = list(record)
    for name in record:
        if name not in about["states"]:
            raise UnknownNameError("onnx.run, record", name, about["states"])
    given, plain, count, steps = _given(inputs or {}, steps, about)
    step = _runner(model)
    defaults = {i.name: package().numpy_helper.to_array(i) for i in model.graph.initializer}
    states = {n: np.repeat(defaults[n], count, 0) for n in about["states"] if n in defaults}
    if len(states) != len(about["states"]):
        raise FileFormatError(f"{path}: lacks states to begin with")
    kept: dict[str, list[np.ndarray]] = {n: [] for n in (*about["outputs"], *record)}
    for t in range(steps):
        fed = {name: values[:, t] for name, values in given.items()}
        if not fed and not states:
            raise ValidationError("onnx.run, inputs", "there are none", "one for the drive")
        try:
            found = step({**states, **fed})
        except Exception as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise FileFormatError(f"{path}: cannot be run: {first}") from error
        states = {n: found[state["next"]] for n, state in about["states"].items()}
        for name, rows in kept.items():
            rows.append(found[name] if name in about["outputs"] else states[name])
    made = {name: np.stack(rows, 1) for name, rows in kept.items()} if steps else {}
    return {name: rows[0] if plain else rows for name, rows in made.items()}


def _given(
    inputs: Mapping[str, Any], steps: int | None, about: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], bool, int, int]:
    """Inputs as (samples, steps, neurons), whether samples were left out, how many, and steps."""
    made, plain = {}, True
    for drive, values in inputs.items():
        name = f"drive.{drive}"
        if name not in about["inputs"]:
            known = [n.removeprefix("drive.") for n in about["inputs"]]
            raise UnknownNameError("onnx.run, inputs", drive, known)
        array = np.asarray(values)
        if array.dtype.kind not in "biuf" or array.ndim not in (2, 3):
            rule = "numbers (steps, neurons) or (samples, steps, neurons)"
            raise ValidationError(f"onnx.run, {drive!r}", f"got {shorten(values)}", rule)
        plain = plain and array.ndim == 2
        made[name] = (array[None] if array.ndim == 2 else array).astype(np.float32)
        if made[name].shape[2] != about["inputs"][name]["size"]:
            raise ValidationError(f"onnx.run, {drive!r}", f"{made[name].shape[2]} neurons",
                                  f"{about['inputs'][name]['size']}")  # fmt: skip
    shapes = {array.shape[:2] for array in made.values()}
    if len(shapes) > 1:
        raise ValidationError("onnx.run, inputs", f"of {sorted(shapes)} samples and steps",
                              "all of the same")  # fmt: skip
    count, longest = next(iter(shapes), (1, 0))
    steps = longest if steps is None else int(steps)
    if made and not 0 <= steps <= longest:
        raise ValidationError("onnx.run, steps", f"got {steps}", f"0 to {longest}, as inputs have")
    return made, plain, count, steps


def _runner(model: Any) -> _Run:
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)
        names = list(evaluator.output_names)
        return lambda fed: dict(zip(names, evaluator.run(None, fed), strict=True))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # Else it says of every state that it has a default.
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    outputs = [o.name for o in session.get_outputs()]
    return lambda fed: dict(zip(outputs, session.run(outputs, fed), strict=True))


def inputs_of(network: Network, duration: Any, dt: float = 1.0) -> dict[str, np.ndarray]:
    """What the network's own drives feed in each step: given trains, Poisson counts, currents.

    Parameters
    ----------
    network
        As given to `write`.
    duration
        ms.
    dt
        ms of a step.

    Returns
    -------
    dict
        By drive, float32 (steps, driven neurons); drives from outside are left out.
    """
    program, steps = lower(network, dt, "float32", 1), whole_steps(duration, dt)
    made: dict[str, np.ndarray] = {}
    for poisson in program.poisson:
        counts = made.setdefault(poisson.name, np.zeros((steps, len(poisson.ids)), np.float32))
        for t in range(poisson.start, min(poisson.stop, steps)):
            counts[t] += poisson_counts(poisson, 0, t + 1)
    for name, drive in network.drives.items():
        trains: Any = drive.input
        if type(trains).__name__ == "SpikeTrains":
            counts = made[name] = np.zeros((steps, drive.target.size), np.float32)
            at = np.maximum(np.floor(trains.times / dt + 0.5).astype(np.int64), 1) - 1
            mine = at < steps
            if trains.trials is not None:
                mine &= np.isin(trains.trials, (-1, 0))
            np.add.at(counts, (at[mine], trains.ids[mine]), 1.0)
    for current in program.current_drives:
        if type(network.drives[current.name].input).__name__ == "StepCurrent":
            rows = [np.broadcast_to(current.amplitude(t), len(current.ids)) for t in range(steps)]
            made[current.name] = np.array(rows, np.float32).reshape(steps, len(current.ids))
    return made
