"""``sp.metrics.measure``: what a network costs and how well it does, in NeuroBench's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import UnknownNameError, ValidationError, shorten
from ..network.network import Network
from ..recording import Recording
from ..units import magnitude, parse_unit
from . import scores
from .counting import Tally
from .layers import Anatomy
from .measurement import LayerRow, Measurement, ProjectionRow
from .observing import arranged, batches, seen_of

__all__ = ["Judge", "measure"]

_ANSWERS = ("count", "mean", "last")


def measure(
    network: Network,
    data: Any = None,
    labels: Any = None,
    *,
    dt: Any = None,
    steps: int | None = None,
    on: str = "cpu",
    precision: str = "float32",
    weight_bits: int | Mapping[str, int] | None = None,
    readout: str | None = None,
    answer: str | None = None,
    inferences: int = 1,
    data_step: Any = None,
) -> Measurement:
    """Measure a network as NeuroBench does.

    Parameters
    ----------
    network
        The description; frozen by this.
    data
        A `Recording` of this network, by whatever engine or chip, each of whose trials is an
        inference; or inputs, (samples, steps, neurons) or (samples, neurons) for the same in all
        steps, in a dict by drive where several are fed, which are run here; or None for what does
        not depend on data.
    labels
        Classes of the samples, (samples,): for the accuracy.
    dt
        Step in ms: the recording's, else 1.0.
    steps
        How long still inputs are shown.
    on
        What runs inputs: ``"cpu"``, ``"reference"`` or ``"torch"``.
    precision
        ``"float32"`` or ``"float64"``; also that of the numbers of the footprint.
    weight_bits
        Bits of weights, of all or by projection, for the footprint.
    readout
        The population that answers; the one that sends to none by default.
    answer
        What decides among its neurons: most spikes (``"count"``), the greatest mean potential
        (``"mean"``) or the greatest after the last step (``"last"``). By default ``"count"`` where
        it fires, ``"mean"`` where it does not.
    inferences
        How many inferences a sample is: of a series, as many as are read out.
    data_step
        ms of data that a step stands for, where it is not `dt`; for what is per second.

    Returns
    -------
    Measurement
        Metrics by name. One that is not defined here raises when it is asked for; it is never 0.

    Raises
    ------
    ValidationError, UnknownNameError
        If something does not fit the network.

    References
    ----------
    Yik et al. 2025, Nature Communications 16:1545, "Algorithm track metrics"; and the harness,
    neurobench 2.3. Where definitions leave a choice, docs/neurobench.md says what is taken.
    """
    given = isinstance(data, Recording)
    dt = _step(data, dt)
    anatomy = Anatomy(network, dt, precision, weight_bits)
    tally = Tally(anatomy)
    found: list[np.ndarray] = []
    wanted = None if labels is None else np.asarray(labels)
    if wanted is not None and data is None:
        raise ValidationError("measure, labels", "without data", "inputs or a recording too")
    judge = None if wanted is None else Judge(anatomy, readout, answer)
    if given:
        tally.add(seen_of(anatomy, data))
        if judge is not None:
            found.append(judge.of_recording(data))
    elif data is not None:
        inputs, steps = arranged(network, data, steps)
        for seen, run, out in batches(anatomy, inputs, steps, on):
            tally.add(seen)
            if judge is not None:
                found.append(judge.of_output(out) if run is None else judge.of_recording(run))
    tally.samples *= _whole(inferences)
    shown = (
        dt if data_step is None else magnitude(data_step, parse_unit("ms"), "measure, data_step")
    )
    if not 0 < float(shown) < float("inf"):
        raise ValidationError("measure, data_step", f"got {shorten(data_step)}", "> 0 ms")
    made = _measurement(anatomy, tally, float(shown))
    if wanted is None:
        return made
    answers = np.concatenate(found)
    scored = made.with_scores(accuracy=scores.accuracy(answers, wanted))
    return replace(scored, found=answers)


def _step(data: Any, dt: Any) -> float:
    own = None
    if isinstance(data, Recording):
        steps = [r.dt for r in data.spikes.values()]
        steps += [t.dt for traces in data.traces.values() for t in traces.values()]
        if not steps:
            raise ValidationError("measure, recording", "holds neither spikes nor traces",
                                  "spikes of all populations")  # fmt: skip
        own = float(steps[0])
    asked = own if dt is None else float(magnitude(dt, parse_unit("ms"), "measure, dt"))
    if own is not None and asked != own:
        raise ValidationError("measure, dt", f"{asked:g} ms", f"{own:g} ms, as was recorded")
    return 1.0 if asked is None else asked


def _whole(inferences: int) -> int:
    if isinstance(inferences, bool) or not isinstance(inferences, int) or inferences < 1:
        raise ValidationError("measure, inferences", f"got {shorten(inferences)}", "1 or more")
    return inferences


class Judge:
    """The class that each sample is taken for."""

    def __init__(self, anatomy: Anatomy, readout: str | None, answer: str | None) -> None:
        self.name = anatomy.readout if readout is None else readout
        if self.name not in anatomy.neurons:
            raise UnknownNameError("measure, readout", self.name, anatomy.neurons)
        own = anatomy.neurons[self.name]
        self.size, self.membrane = own.size, own.membrane
        self.answer = answer or ("count" if own.fires else "mean")
        if self.answer not in _ANSWERS:
            raise ValidationError("measure, answer", f"got {shorten(answer)}", f"one of {_ANSWERS}")
        if self.answer != "count" and not self.membrane:
            raise ValidationError("measure, answer", f"{self.name!r} has no potential that lasts",
                                  "'count', or another readout")  # fmt: skip

    def of_recording(self, run: Recording) -> np.ndarray:
        """Of each trial, (trials,)."""
        if self.answer == "count":
            record = run.spikes[self.name]
            trials = np.broadcast_to(record.trials, record.ids.shape)
            counts = np.zeros((record.n_trials, self.size))
            np.add.at(counts, (trials, record.ids), 1.0 if record.values is None else record.values)
            return counts.argmax(1)
        return self._by_potential(np.asarray(run[self.name, self.membrane].values))

    def of_output(self, out: Any) -> np.ndarray:
        """Of each sample of a call of the trainable module, (samples,)."""
        if self.answer == "count":
            return np.asarray(out.spikes[self.name]).sum(0).argmax(1)
        return self._by_potential(np.asarray(out[f"{self.name}.{self.membrane}"]).swapaxes(0, 1))

    def _by_potential(self, v: np.ndarray) -> np.ndarray:
        return np.asarray((v[:, -1] if self.answer == "last" else v.mean(1)).argmax(1))


def _measurement(anatomy: Anatomy, tally: Tally, step: float) -> Measurement:
    values: dict[str, float] = {
        "footprint": sum(anatomy.footprint.values()),
        "parameter_count": anatomy.parameter_count,
        "synapses": anatomy.synapses,
        "execution_rate": 1e3 / step,
    }
    undefined: dict[str, str] = {}
    if anatomy.parameter_count:
        values["connection_sparsity"] = anatomy.zeros / anatomy.parameter_count
    else:
        undefined["connection_sparsity"] = "there are no projections"
    for part in (_operations, _activations, _neurons):
        more, missing = part(anatomy, tally)
        values |= more
        undefined |= missing
    undefined["accuracy"] = "no labels were given"
    samples = tally.samples
    return Measurement(
        repr(anatomy.network).strip("<>"), values, undefined, _layers(anatomy, tally),
        _projections(anatomy, tally), anatomy.footprint, samples,
        tally.sample_steps / samples if samples else 0.0, step,
    )  # fmt: skip


_Part = tuple[dict[str, float], dict[str, str]]
_NOT_RUN = "nothing was run: pass inputs or a recording"


def _operations(anatomy: Anatomy, tally: Tally) -> _Part:
    names = ("effective_acs", "effective_macs", "dense")
    if not tally.samples:
        return {}, dict.fromkeys(names, _NOT_RUN)
    made: dict[str, float] = {"dense": anatomy.dense * tally.sample_steps / tally.samples}
    if not anatomy.layers:
        return {}, dict.fromkeys(names, "there are no projections")
    unknown = _unseen({layer.pre for layer in anatomy.layers}, tally.unknown)
    if unknown := unknown or _unseen(tally.additions, tally.in_flight):
        return made, dict.fromkeys(names[:2], unknown)
    made["effective_acs"] = sum(tally.additions.values()) / tally.samples
    made["effective_macs"] = sum(tally.multiplications.values()) / tally.samples
    return made, {}


def _activations(anatomy: Anatomy, tally: Tally) -> _Part:
    firing = {name: n for name, n in anatomy.neurons.items() if n.fires}
    if not tally.samples or not firing:
        why = "no population sends activations" if tally.samples else _NOT_RUN
        return {}, {"activation_sparsity": why}
    if unknown := _unseen(firing, tally.unknown):
        return {}, {"activation_sparsity": unknown}
    places = sum(n.size for n in firing.values()) * tally.sample_steps
    events = sum(tally.events[name] for name in firing)
    return {"activation_sparsity": (places - events) / places}, {}


def _neurons(anatomy: Anatomy, tally: Tally) -> _Part:
    names = ("membrane_updates", "neuron_operations", "neuron_operations_dense")
    held = [n for n in anatomy.neurons.values() if n.states]
    if not tally.samples:
        return {}, dict.fromkeys(names, _NOT_RUN)
    if not held:
        return {}, dict.fromkeys(names, "no population has a state that lasts")
    steps = tally.sample_steps / tally.samples
    made = {names[2]: steps * sum(n.size * n.operations for n in held)}
    without = {n.name: "has no membrane potential v" for n in held if not n.membrane}
    if unknown := _unseen({n.name for n in held}, tally.unseen | without):
        return made, dict.fromkeys(names[:2], unknown)
    made[names[0]] = sum(tally.updates.values()) / tally.samples
    made[names[1]] = (
        sum(count * anatomy.neurons[n].operations for n, count in tally.updates.items())
        / tally.samples
    )
    return made, {}


def _unseen(names: Any, why: Mapping[str, str]) -> str:
    """The first reason that concerns one of these populations; empty without one."""
    return next((f"{name!r}: {why[name]}" for name in sorted(names) if name in why), "")


def _layers(anatomy: Anatomy, tally: Tally) -> tuple[LayerRow, ...]:
    rows = []
    for name, n in anatomy.neurons.items():
        seen = tally.samples > 0 and name not in tally.unknown
        spikes = tally.events[name] / tally.samples if seen else None
        sparsity = None
        if seen and n.fires:
            sparsity = 1.0 - tally.events[name] / (n.size * tally.sample_steps)
        known = tally.samples > 0 and name in tally.updates and name not in tally.unseen
        updates = tally.updates[name] / tally.samples if known else None
        rows.append(LayerRow(name, n.size, sparsity, spikes, updates, n.operations))
    return tuple(rows)


def _projections(anatomy: Anatomy, tally: Tally) -> tuple[ProjectionRow, ...]:
    rows = []
    for layer in anatomy.layers:
        known = layer.pre not in tally.unknown and layer.name not in tally.in_flight
        seen = tally.samples > 0 and known
        rows.append(ProjectionRow(
            layer.name, layer.form, layer.synapses, layer.weights, layer.zeros,
            tally.additions[layer.name] / tally.samples if seen else None,
            tally.multiplications[layer.name] / tally.samples if seen else None,
            layer.dense * tally.sample_steps / tally.samples if tally.samples else None,
        ))  # fmt: skip
    return tuple(rows)
