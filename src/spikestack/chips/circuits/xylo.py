"""Networks in Xylo's numbers: weights of 8 bits, decays by shifts, hidden neurons and outputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ..linear import LinearNeuron
from ..neurons.xylo import XyloFirst, XyloNeuron, XyloSecond
from ..quantising import Loss, Quantised, loss_of
from ..retiming import Hop, lateness
from .edges import Edges
from .reading import Described, acting, copy_inputs, copy_outside, read

__all__ = ["outputs_of", "quantise"]

_MOST_WEIGHT, _SHIFTS = 127.0, 15
#: Of a hidden neuron in a step.
_MOST_SPIKES = 31.0
#: Thresholds that leave three bits for what exceeds them.
_THRESHOLD, _SILENT = 4096.0, 32768.0
_DIRECT = "synapses without a current act over a few steps, by a current that halves in each"
_SEVERAL = "hidden neurons fire up to 31 times in a step, once for each threshold that they reach"
_EARLY = "recurrent currents act a step earlier than described"


def quantise(network: Network, dt: float) -> Quantised:
    """Bring a network into the chip's numbers.

    Every population is a source outside the chip or of neurons that `identify` understands, reset
    by subtraction, with at most two time constants of currents; populations that nothing hears are
    outputs. Decays become shares of powers of two.

    Raises
    ------
    ValidationError
        If anything cannot be had; all of it at once.
    """
    given = read(network, dt, "Xylo", reads_potentials=True, counts=True)
    dt = given.program.dt
    slots, problems = {}, []
    for k, n in given.neurons.items():
        slots[k] = _slots(n)
        problems += _problems(given, k, slots[k])
    hops = [
        Hop(
            e.name, e.pre, e.post, acting(e, given.neurons[e.post]), int(e.pre not in given.outside)
        )
        for e in given.edges if len(e.delays)
    ]  # fmt: skip
    if problems:
        raise ValidationError("Xylo", "; ".join(problems), "networks that the chip has")
    late = lateness(len(given.program.populations), hops)
    delays, notes = _delays(given, late)
    hidden = [n for k, n in given.neurons.items() if k not in outputs_of(given)]
    if any((np.isfinite(n.threshold) & (n.most != _MOST_SPIKES)).any() for n in hidden):
        notes.append(_SEVERAL)
    made, losses = Network(seed=network.seed), {}
    scales, zeros = {}, {}
    copy_outside(given, made)
    for k, n in given.neurons.items():
        name = given.name(k)
        zeros[name] = np.where(np.isinf(n.threshold), n.start, 0.0)
        model, scale, told = _neuron(n, slots[k], name, k in outputs_of(given))
        made.add(Population(name, network.populations[name].shape, model))
        scales[name] = np.full(len(n.decay), scale)
        losses |= told
    wanted = {e.name: _wanted(e, given.neurons[e.post], scales[given.name(e.post)][0])
              for e in given.edges}  # fmt: skip
    shifts = _matrix_shifts(given, wanted)
    for e in given.edges:
        unit = 2.0 ** shifts[_matrix(given, e)]
        weights = np.clip(np.rint(wanted[e.name] / unit), -128, 127) * unit
        losses[e.name] = loss_of(wanted[e.name], weights, 8)
        synapse: Any = (XyloFirst, XyloSecond)[slots[e.post][e.receptor]]
        pre, post = (made[given.name(n)] for n in (e.pre, e.post))
        made.connect(pre, post, FromArrays(e.sources, e.targets),
                     synapse(weight=weights, delay=delays[e.name] * dt), name=e.name)  # fmt: skip
    copy_inputs(network, made)
    names = [p.name for p in given.program.populations]
    later = dict(zip(names, late, strict=True))
    stored = {e.name: e.stored for e in given.edges}
    return Quantised(made, later, scales, zeros, stored, losses, dt=dt, notes=tuple(notes))


def outputs_of(given: Described) -> set[int]:
    """Populations that nothing hears."""
    return set(given.neurons) - {e.pre for e in given.edges}


def _slots(n: LinearNeuron) -> list[int]:
    """Which current each receptor takes: those of equal shifts share one."""
    rows = [tuple(_shift(late)) for late in n.current_decay]
    different = list(dict.fromkeys(rows))
    return [different.index(row) for row in rows]


def _shift(decay: np.ndarray) -> np.ndarray:
    """Shift whose decay is nearest; of a current that is gone at once, 1."""
    lost = np.clip(1.0 - decay, 2.0**-_SHIFTS, 0.5)
    return np.rint(-np.log2(lost)).astype(np.int64)


def _problems(given: Described, k: int, slots: list[int]) -> list[str]:
    n, name = given.neurons[k], given.name(k)
    found = []
    silent = np.isinf(n.threshold)
    if not silent.all() and (not n.soft or not np.allclose(n.reset, n.threshold)):
        found.append(f"{name!r} is reset to a value; train with a reset that subtracts the "
                     "threshold (sp.DiscreteLIF)")  # fmt: skip
    most = 1 if k in outputs_of(given) else 2
    if len(set(slots)) > most:
        found.append(f"{name!r} has currents of {len(set(slots))} time constants; {most} at most")
    if np.any(n.refractory > 0):
        found.append(f"{name!r} is refractory; leave that away")
    zero = np.where(silent, n.start, 0.0)
    if np.any(np.abs(n.decay * zero + n.drift - zero) > 1e-9):
        found.append(f"{name!r} has a bias or rests above 0; shift its potential")
    if k in outputs_of(given) and any(e.post == k and e.pre in given.outside for e in given.edges):
        found.append(f"{name!r} hears inputs and is an output; put hidden neurons between")
    return found


def _delays(given: Described, late: list[int]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Steps of each projection on the chip: 1, or from outside as long as the host waits."""
    found, notes = {}, []
    waits: dict[int, set[int]] = {}
    for e in given.edges:
        direct = given.neurons[e.post].direct[e.receptor]
        steps = e.delays + (not direct) + late[e.post] - late[e.pre]
        notes += [_DIRECT] if direct and _DIRECT not in notes else []
        if e.pre in given.outside:
            waits.setdefault(e.pre, set()).update(np.unique(steps).tolist())
        elif e.pre == e.post and not direct and (steps == 2).all():
            notes += [_EARLY] if _EARLY not in notes else []
            steps = np.ones_like(steps)
        elif (steps != 1).any():
            raise ValidationError(
                f"Xylo, projection {e.name!r}", f"acts after {int(steps.max())} steps", "1 step",
                "use delay=0.0 between layers, and no connections that skip one",
            )  # fmt: skip
        found[e.name] = steps
    for k, steps_of in waits.items():
        if len(steps_of) > 1:
            raise ValidationError(
                f"Xylo, source {given.name(k)!r}", f"has delays of {sorted(steps_of)} steps",
                "one", "add a source for each delay",
            )  # fmt: skip
    return found, notes


def _neuron(
    n: LinearNeuron, slots: list[int], name: str, is_output: bool
) -> tuple[XyloNeuron, float, dict[str, Loss]]:
    silent = np.isinf(n.threshold)
    reach = float(np.where(silent, 0.0, n.threshold).max(initial=0.0))
    scale = 2.0 ** np.floor(np.log2(_THRESHOLD / reach)) if reach else _SILENT / 64.0
    theta = np.where(silent, _SILENT, np.maximum(np.rint(scale * n.threshold), 1.0))
    shifts = {slot: _shift(n.current_decay[r]) for r, slot in enumerate(slots)}
    nothing = np.ones(len(n.decay), np.int64)
    # A potential without leak still loses one unit in a step.
    lost = np.clip(1.0 - n.decay, 2.0**-_SHIFTS, 0.5)
    leak = np.rint(-np.log2(lost))
    model = XyloNeuron(
        share=2.0**leak, share_1=2.0 ** shifts.get(0, nothing),
        share_2=2.0 ** shifts.get(1, nothing), theta=theta, most=1.0 if is_output else _MOST_SPIKES,
    )  # fmt: skip
    losses = {
        f"{name}.threshold": loss_of(np.where(silent, 0, scale * n.threshold),
                                     np.where(silent, 0, theta), 16),
        f"{name}.decay of v": loss_of(1.0 - n.decay, 2.0**-leak, 4),
    }  # fmt: skip
    for r, slot in enumerate(slots):
        late = n.current_decay[r]
        losses[f"{name}.decay of i {slot + 1}"] = loss_of(1.0 - late, 2.0 ** -shifts[slot], 4)
    return model, float(scale), losses


def _wanted(e: Edges, n: LinearNeuron, scale: float) -> np.ndarray:
    """Weights in units of the chip: its currents decay before they act."""
    first = 1.0 if n.direct[e.receptor] else 1.0 - 2.0 ** -_shift(n.current_decay[e.receptor])
    acts = n.gain[e.receptor] * scale / first
    return np.asarray(e.weights * np.broadcast_to(acts, n.decay.shape)[e.targets])


def _matrix(given: Described, e: Edges) -> str:
    return "in" if e.pre in given.outside else "out" if e.post in outputs_of(given) else "hidden"


def _matrix_shifts(given: Described, wanted: dict[str, np.ndarray]) -> dict[str, int]:
    """Each of the three matrices has one shift for all its weights."""
    most: dict[str, float] = {}
    for e in given.edges:
        found = float(np.abs(wanted[e.name]).max(initial=0.0))
        most[_matrix(given, e)] = max(most.get(_matrix(given, e), 0.0), found)
    return {
        name: int(np.clip(np.ceil(np.log2(max(m, 1.0) / _MOST_WEIGHT)), 0, _SHIFTS))
        for name, m in most.items()
    }
