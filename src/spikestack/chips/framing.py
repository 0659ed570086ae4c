"""Networks over time as networks of frames, for chips whose neurons have no memory.

`framed` adds up the steps of a spiking network: a frame of input is the counts of its events, and a
neuron sends, at once, as many units as it would have fired spikes (rate equivalence). `levelled`
rounds rectifiers to few levels, by the values that occur. What either loses, training on its result
wins back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ValidationError
from ..network.network import Network
from ..network.population import Population
from ..network.rules import Rule
from ..neurons.base import NeuronModel
from ..neurons.discrete_lif import LeakyIntegrator
from ..neurons.graded_relu import GradedReLU
from ..program.lower import lower
from ..program.program import Program
from ..simulation import Simulation
from ..synapses.delta import Delta
from .circuits.reading import copy_inputs
from .linear import LinearNeuron, identify
from .neurons.frames import FrameNeuron, FrameSource

__all__ = ["framed", "levelled", "with_frames_of"]


def framed(
    network: Network, steps: int, *, most: int = 15, input_most: int = 15, dt: float = 1.0
) -> Network:
    """The network of frames that stands for a spiking network.

    Sources count their events for `steps` steps and send the counts at once. Neurons become
    `FrameNeuron`: the input of all steps, divided by the threshold, less what a leak takes on the
    way to it, as a number from 0 to `most`; where `steps` spikes are more than that, a level stands
    for several. Readouts keep the sum of a frame. Delays are left out. Drives, names, shapes and
    probes stay, so the result takes the input of the network, and answers at the end of a frame.

    Parameters
    ----------
    network
        Sources, leaky or not leaky integrate-and-fire neurons, and readouts that never fire,
        without loops.
    steps
        Of a frame.
    most, input_most
        Greatest number that neurons and sources send: 2^bits - 1.
    dt
        Step in ms, for the constants of the neurons.

    Raises
    ------
    ValidationError
        If a population is none of these; it is named.
    """
    if not (isinstance(steps, int) and 1 <= steps <= 100_000):
        raise ValidationError("framed, steps", f"got {steps!r}", "a whole number from 1 to 100,000")
    program = lower(network, dt, "float64", 1)
    models: dict[str, NeuronModel] = {}
    # By population: what a unit that it sends is worth in spikes; what a spike brings to it in all.
    worth: dict[str, float] = {}
    brings: dict[str, np.ndarray] = {}
    reached = {e.post for e in program.edges}
    for k, p in enumerate(program.populations):
        if k not in reached:
            models[p.name] = FrameSource(steps=steps, most=input_most)
            worth[p.name] = 1.0
            continue
        found = identify(p, f"framed, population {p.name!r}")
        brings[p.name] = _charge(found, p.name)
        models[p.name], worth[p.name] = _neuron(found, steps, most, p.name)
    return _rebuilt(network, program, models, worth, brings)


def _charge(found: LinearNeuron, name: str) -> np.ndarray:
    """What a unit of weight adds to the potential in the end, by receptor."""
    total = found.gain / (1.0 - found.current_decay)
    if len(total) and np.ptp(total, axis=1).max(initial=0.0) > 1e-9:
        raise ValidationError(f"framed, population {name!r}", "has currents that differ by neuron",
                              "the same of all its neurons")  # fmt: skip
    return total[:, 0] if len(total) else np.ones(1)


def _neuron(found: LinearNeuron, steps: int, most: int, name: str) -> tuple[NeuronModel, float]:
    if np.isinf(found.threshold).all():
        return LeakyIntegrator(beta=0.0), 1.0
    rest = found.drift / np.maximum(1.0 - found.decay, 1e-12)
    resting = np.where(found.decay < 1.0, rest, found.start)
    # On its way from rest to threshold a potential leaks by half of what it leaks there.
    reach = found.threshold - np.where(found.soft, resting, found.reset)
    leak = 0.5 * steps * (1.0 - found.decay) * reach
    drift = np.where(found.decay < 1.0, 0.0, steps * found.drift)
    each = max(1.0, steps / most)
    # Between frames nothing arrives, and nothing may be sent.
    if (drift - leak >= reach * 0.5 * (each + 1.0)).any():
        raise ValidationError(f"framed, population {name!r}", "fires without input",
                              "neurons that rest without it")  # fmt: skip
    neuron = FrameNeuron(
        bias=_one(drift - leak), first=_one(reach * 0.5 * (each + 1.0)),
        theta=_one(reach * each), most=float(most),
    )  # fmt: skip
    return neuron, each


def _one(values: np.ndarray) -> Any:
    """A number where all are alike."""
    return float(values[0]) if np.ptp(values) == 0 else values


def _rebuilt(
    network: Network,
    program: Program,
    models: Mapping[str, NeuronModel],
    worth: Mapping[str, float],
    brings: Mapping[str, np.ndarray],
) -> Network:
    """The same description with other neurons, weights multiplied, no delays."""
    made = Network(seed=network.seed)
    for name, p in network.populations.items():
        made.add(Population(name, p.shape, models[name]))
    edges = {e.name: e for e in program.edges}
    for name, q in network.projections.items():
        where = f"frames, projection {name!r}"
        weight: Any = q.synapse.weight
        if not isinstance(weight, float | int | np.ndarray):
            raise ValidationError(where, "has weights that are drawn", "numbers or arrays")
        if not (q.pre.is_whole and q.post.is_whole) or q.is_plastic:
            raise ValidationError(where, "is plastic or of a part", "fixed, of whole populations")
        pre, post = q.pre.population.name, q.post.population.name
        charge = brings[post][edges[name].receptor] if post in brings else 1.0
        synapse = Delta(weight=weight * (worth[pre] * float(charge)), delay=0.0)
        rule: Rule = q.rule
        made.connect(made[pre], made[post], rule, synapse, name=name)
    copy_inputs(network, made)
    return made


def with_frames_of(network: Network, steps: int) -> Network:
    """The same network of frames with frames of `steps` steps.

    With 1 its sources take counts at once, which is how to train it fast.
    """
    models = {n: p.model for n, p in network.populations.items()}
    for name, model in models.items():
        if _is(model, FrameSource):
            given: dict[str, Any] = {n: model.values[n] for n in ("theta", "most")}
            models[name] = FrameSource(steps=steps, **given)
    program = lower(network, 1.0, "float64", 1)
    return _rebuilt(network, program, models, dict.fromkeys(models, 1.0), {})


def _is(model: NeuronModel, kind: type[NeuronModel]) -> bool:
    """Whether it is of a kind, as one that was trained or read from a file is, too."""
    return model.label == kind.__name__ and model.texts() == kind().texts()


def levelled(
    network: Network,
    inputs: np.ndarray,
    *,
    most: int = 15,
    input_most: int = 255,
    share: float = 0.999,
    dt: float = 1.0,
) -> Network:
    """The network with its `GradedReLU` rounded to levels from 0 to `most`.

    Parameters
    ----------
    network
        Rectifiers in layers; other populations stay as they are.
    inputs
        What its drive is given, (samples, neurons): the greatest values but for those above `share`
        of all that are not 0 become the greatest level.
    most, input_most
        Greatest level of neurons, and of the sources.
    share
        Of the values of a population that are to be below the greatest level.
    dt
        Step in ms.

    Raises
    ------
    ValidationError
        If it has not one drive, or a population that stays silent, so that nothing can be told.
    """
    program = lower(network, dt, "float64", 1)
    if len(network.drives) != 1:
        raise ValidationError("levelled", f"{len(network.drives)} drives", "one, that is fed")
    reached = {program.populations[e.post].name for e in program.edges}
    sent = _values(network, np.asarray(inputs, float), dt)
    models: dict[str, NeuronModel] = {}
    worth = dict.fromkeys(network.populations, 1.0)
    for name, p in network.populations.items():
        models[name] = p.model
        if not _is(p.model, GradedReLU):
            continue
        values = sent[name]
        if not len(values):
            raise ValidationError(f"levelled, population {name!r}", "sends nothing",
                                  "inputs at which every population is active")  # fmt: skip
        top = float(np.quantile(values, share))
        if name in reached:
            worth[name] = theta = top / most
            bias: Any = p.model.values.get("bias", 0.0)
            models[name] = FrameNeuron(bias=bias, first=0.5 * theta, theta=theta, most=float(most))
        else:
            worth[name] = top / input_most
            models[name] = FrameSource(theta=worth[name], most=float(input_most))
    return _rebuilt(network, program, models, worth, {})


def _values(network: Network, inputs: np.ndarray, dt: float) -> dict[str, np.ndarray]:
    """What every rectifier sends, but for 0."""
    names = {n: p.model for n, p in network.populations.items()}
    seen = _rebuilt(network, lower(network, dt, "float64", 1), names, dict.fromkeys(names, 1.0), {})
    for name, model in names.items():
        if _is(model, GradedReLU):
            seen.record(seen[name], "spikes")
    simulation = Simulation(seen, dt=dt, trials=len(inputs), precision="float64")
    for trial, sample in enumerate(inputs):
        (unit,) = np.nonzero(sample)
        simulation.inject(next(iter(network.drives)), times=np.full(len(unit), dt), ids=unit,
                          counts=sample[unit], trial=trial)  # fmt: skip
    simulation.advance(dt, progress=False)
    found = simulation.recording()
    return {
        n: np.asarray(found.spikes[n].values, float)
        for n, m in names.items() if _is(m, GradedReLU)
    }  # fmt: skip
