"""Running samples with everything recorded that is counted, and reading what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np

from ..errors import UnknownNameError, ValidationError, shorten
from ..network.links import Probe
from ..network.network import Network
from ..recording import Recording
from ..simulation import ENGINES, Simulation
from .counting import Seen, Sent
from .layers import Anatomy

__all__ = ["arranged", "batches", "seen_of"]

#: Samples of one run on the compiled engine, where each injection sorts all events of its run.
_TOGETHER = 16
_FED = ("ExternalSpikes", "ExternalCurrent")


def seen_of(anatomy: Anatomy, run: Recording) -> Seen:
    """What a recording tells; each trial is a sample.

    Raises
    ------
    ValidationError
        If it is of another network or step.
    """
    dt = anatomy.dt
    first, steps = round(run.t_start / dt), round(run.duration / dt)
    sent, missing, samples = {}, {}, 1
    for name, record in run.spikes.items():
        own = anatomy.neurons.get(name)
        if own is None or own.size != record.size or abs(record.dt - dt) > 1e-9 * dt:
            raise ValidationError(
                "measure, recording",
                f"{name!r} of {record.size} neurons, in steps of {record.dt:g} ms",
                "of this network and step",
            )
        samples = record.n_trials
        if record.recorded is not None:
            missing[name] = "only some of its neurons were recorded"
            continue
        trials = np.broadcast_to(record.trials, record.ids.shape)
        sent[name] = _sent(record.steps - first, trials, record.ids, record.values)
    potentials = {}
    for name, own in anatomy.neurons.items():
        trace = run.traces[name].get(own.membrane) if name in run.traces else None
        if trace is not None and np.shape(trace.values)[1:] == (steps, own.size):
            potentials[name] = np.asarray(trace.values)
            samples = len(trace.values)
        if name not in sent:
            missing.setdefault(name, "its spikes were not recorded")
    return Seen(samples, steps, sent, potentials, missing, first == 0)


def _sent(steps: Any, samples: Any, ids: Any, values: Any) -> Sent:
    if values is None:
        return Sent(np.asarray(steps), np.asarray(samples), np.asarray(ids))
    some = np.asarray(values) != 0
    return Sent(*(np.asarray(x)[some] for x in (steps, samples, ids, values)))


def arranged(network: Network, inputs: Any, steps: int | None) -> tuple[dict[str, np.ndarray], int]:
    """Inputs by drive as (samples, steps, neurons) or (samples, neurons), and the steps.

    Raises
    ------
    ValidationError, UnknownNameError
        If they do not fit the network's drives.
    """
    where = "measure, data"
    open_ones = {n: d for n, d in network.drives.items() if type(d.input).__name__ in _FED}
    if not isinstance(inputs, Mapping):
        if len(open_ones) != 1:
            raise ValidationError(where, f"one array for {len(open_ones)} drives",
                                  f"a dict by {', '.join(open_ones) or 'nothing'}")  # fmt: skip
        inputs = {next(iter(open_ones)): inputs}
    made: dict[str, np.ndarray] = {}
    for name, value in inputs.items():
        if name not in open_ones:
            raise UnknownNameError(where, name, open_ones)
        size = open_ones[name].target.size
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValidationError(where, f"got {shorten(value)}", "an array of numbers") from error
        if array.ndim >= 2 and int(np.prod(array.shape[1:])) == size:
            array = array.reshape(len(array), size)
        elif array.ndim >= 3 and int(np.prod(array.shape[2:])) == size:
            array = array.reshape(*array.shape[:2], size)
        else:
            raise ValidationError(where, f"shape {array.shape}",
                                  f"(samples, {size}) or (samples, steps, {size})")  # fmt: skip
        if not np.isfinite(array).all():
            raise ValidationError(where, "holds NaN or infinity", "finite numbers")
        made[name] = array
    return made, _steps(made, steps, where)


def _steps(made: dict[str, np.ndarray], steps: int | None, where: str) -> int:
    lengths = {a.shape[1] for a in made.values() if a.ndim == 3}
    counts = {len(a) for a in made.values()}
    if len(counts) != 1 or 0 in counts:
        raise ValidationError(where, f"{sorted(counts)} samples", "as many by each drive, not none")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise ValidationError("measure, steps", f"got {shorten(steps)}", "a whole number >= 1")
    if len(lengths | ({steps} if steps else set())) != 1:
        raise ValidationError(
            "measure, steps", f"inputs of {sorted(lengths)} steps, and steps={steps}",
            "one length", "say how long still inputs are shown: steps=25",
        )  # fmt: skip
    return lengths.pop() if lengths else int(steps or 0)


def batches(
    anatomy: Anatomy, inputs: dict[str, np.ndarray], steps: int, on: str
) -> Iterator[tuple[Seen, Recording | None, Any]]:
    """Run the samples, some at a time: what was seen, and the run that it was seen in."""
    network = _observed(anatomy)
    count = len(next(iter(inputs.values())))
    for start in range(0, count, _TOGETHER):
        part = {name: array[start : start + _TOGETHER] for name, array in inputs.items()}
        if on == "torch":
            yield _through_torch(anatomy, network, part, steps)
            continue
        run = _simulated(anatomy, network, part, steps, on)
        yield seen_of(anatomy, run), run, None


def _observed(anatomy: Anatomy) -> Network:
    """The network with all spikes and all membranes recorded."""
    made = copy(anatomy.network)
    made.probes, made.synapse_probes = [], []
    for name, population in made.populations.items():
        made.probes.append(Probe(population.whole, "spikes", None))
        if membrane := anatomy.neurons[name].membrane:
            made.probes.append(Probe(population.whole, membrane, None))
    return made


def _simulated(
    anatomy: Anatomy, network: Network, part: dict[str, np.ndarray], steps: int, on: str
) -> Recording:
    if on not in ENGINES:
        raise UnknownNameError("measure, on", on, (*ENGINES, "torch"))
    trials = len(next(iter(part.values())))
    simulation = Simulation(
        network, dt=anatomy.dt, on=on, precision=anatomy.precision, trials=trials, threads=1
    )
    currents = {}
    for name, array in part.items():
        if type(network.drives[name].input).__name__ == "ExternalCurrent":
            currents[name] = array
            continue
        for trial, sample in enumerate(array):
            rows = sample if sample.ndim == 2 else np.broadcast_to(sample, (steps, len(sample)))
            step, unit = np.nonzero(rows)
            times = (step + 1.0) * anatomy.dt
            simulation.inject(name, unit, times, counts=rows[step, unit], trial=trial)
    for now_step in range(steps if any(a.ndim == 3 for a in currents.values()) else 1):
        for name, array in currents.items():
            for trial, sample in enumerate(array):
                now = sample if sample.ndim == 1 else sample[now_step]
                simulation.set(name, now, trial=trial)
        simulation.forward(1)
    simulation.forward(steps - round(simulation.time / anatomy.dt))
    return simulation.recording()


def _through_torch(
    anatomy: Anatomy, network: Network, part: dict[str, np.ndarray], steps: int
) -> tuple[Seen, None, Any]:
    """The same by the trainable module, whose precision is the description's."""
    module: Any = network.compile("torch", dt=anatomy.dt, precision=anatomy.precision)
    module.eval()
    fed = {n: a.swapaxes(0, 1).copy() if a.ndim == 3 else a for n, a in part.items()}
    torch: Any = __import__("torch")
    with torch.no_grad():
        out = module(fed, steps=steps)
    sent, potentials, samples = {}, {}, len(next(iter(part.values())))
    for name in anatomy.neurons:
        x = np.asarray(out.spikes[name]) if name in out.spikes else np.zeros((steps, samples, 0))
        at = np.nonzero(x)
        values = x[at] if anatomy.neurons[name].sends_values else None
        sent[name] = Sent(at[0] + 1, at[1], at[2], values)
        if membrane := anatomy.neurons[name].membrane:
            potentials[name] = np.asarray(out.traces[f"{name}.{membrane}"]).swapaxes(0, 1)
    return Seen(samples, steps, sent, potentials), None, out
