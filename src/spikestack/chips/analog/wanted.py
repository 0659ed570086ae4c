"""What a population's neurons are in continuous time, as analog circuits are set to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import ValidationError
from ...neurons.adex import AdEx
from ...program.program import PopulationProgram, Program
from ..linear import LinearNeuron, identify

__all__ = ["Wanted", "is_adex", "wanted_of"]

#: Pulses that stand for input that acts at once are shorter than a step by this.
_PULSE = 5.0


@dataclass(frozen=True)
class Wanted:
    """Neurons in the description's units; arrays have one number for each neuron, times are in ms.

    Attributes
    ----------
    tau_mem
        Infinite without a leak.
    rest, reset, threshold, start
        Potentials; `threshold` is infinite where neurons never fire.
    tau_refrac
        Refractory period.
    tau_syn, slope
        By receptor: time constant of its current, and by how much a weight of 1 raises the
        potential's slope (per ms).
    direct
        By receptor, whether what arrives is described as acting at once.
    soft
        Whether the reset subtracts.
    adex
        Further parameters of an adaptive exponential neuron, slopes by the capacitance.
    """

    tau_mem: np.ndarray
    rest: np.ndarray
    reset: np.ndarray
    threshold: np.ndarray
    start: np.ndarray
    tau_refrac: np.ndarray
    tau_syn: np.ndarray
    slope: np.ndarray
    direct: tuple[bool, ...]
    soft: bool = False
    adex: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """Whether none of them ever fires."""
        return bool(np.isinf(self.threshold).all())


def is_adex(p: PopulationProgram) -> bool:
    """Whether a population's equations are those of `AdEx`, by its parameters and states."""
    return {"v", "w"} <= set(p.states) and {"delta_t", "tau_w", "a", "gl"} <= set(p.params)


def wanted_of(program: Program, k: int, where: str, fastest: float) -> Wanted:
    """What the neurons of a population are.

    Parameters
    ----------
    program
        Lowered in double precision.
    k
        Which population.
    where
        For messages.
    fastest
        The shortest synaptic time constant that the chip has, in ms as described.

    Raises
    ------
    ValidationError
        If they are neither leaky integrate-and-fire nor adaptive exponential neurons with
        exponential currents.
    """
    p = program.populations[k]
    if is_adex(p):
        return _adex(p, program.dt, where)
    return _linear(identify(p, where), program.dt, where, fastest)


def _linear(n: LinearNeuron, dt: float, where: str, fastest: float) -> Wanted:
    leaks = n.decay < 1.0 - 1e-12
    if (n.decay <= 0).any():
        raise ValidationError(where, "forgets its potential in every step", "a membrane")
    if (~leaks & (n.drift != 0)).any():
        raise ValidationError(where, "drifts without a leak", "a leak, or no constant current")
    with np.errstate(divide="ignore", invalid="ignore"):
        tau_mem = np.where(leaks, -dt / np.log(np.where(leaks, n.decay, 0.5)), np.inf)
        rest = np.where(leaks, n.drift / np.where(leaks, 1.0 - n.decay, 1.0), n.start)
    tau_syn, slope = np.zeros_like(n.gain), np.zeros_like(n.gain)
    for r, direct in enumerate(n.direct):
        if direct:
            tau_syn[r] = max(dt / _PULSE, fastest)
            slope[r] = n.gain[r] / _charge(tau_syn[r], tau_mem, dt)
        else:
            tau_syn[r] = -dt / np.log(n.current_decay[r])
            slope[r] = n.gain[r] / _charge(tau_syn[r], tau_mem, dt)
    return Wanted(
        tau_mem, rest, n.reset, n.threshold, n.start, n.refractory * dt, tau_syn, slope,
        n.direct, n.soft,
    )  # fmt: skip


def _charge(tau_syn: np.ndarray, tau_mem: np.ndarray, dt: float) -> np.ndarray:
    """What a current of slope 1 adds to the potential in one step."""
    away, toward = 1.0 / tau_syn, np.where(np.isinf(tau_mem), 0.0, 1.0 / tau_mem)
    same = np.abs(away - toward) < 1e-9 * away
    gap = np.where(same, 1.0, away - toward)
    apart = (np.exp(-dt * toward) - np.exp(-dt * away)) / gap
    return np.asarray(np.where(same, dt * np.exp(-dt * toward), apart))


def _adex(p: PopulationProgram, dt: float, where: str) -> Wanted:
    raw = dict(zip(p.params, p.values, strict=True))
    got = {name: np.broadcast_to(np.asarray(v, float), p.size) for name, v in raw.items()}
    missing = [n for n in (*AdEx().parameters,) if n not in got and n != "tau_refrac"]
    if missing:
        raise ValidationError(where, f"has no {missing[0]}", "the parameters of sp.AdEx")
    tau_syn, slope = [], []
    for receptor in p.receptors:
        own = [s for s in p.states if s.startswith(f"{receptor.name}.")]
        if own != [f"{receptor.name}.i"] or f"{receptor.name}.tau_syn" not in got:
            problem = f"receptor {receptor.name!r} is no decaying current"
            raise ValidationError(where, problem, "exponential currents")
        tau_syn.append(got[f"{receptor.name}.tau_syn"])
        slope.append(1.0 / got["cm"])
    # The upswing is over within a fraction of a step: the spike is cut where it cannot turn back.
    cut = np.minimum(got["v_spike"], got["v_thresh"] + 5.0 * got["delta_t"])
    steps = np.asarray(0 if p.n_ref is None else p.n_ref, float)
    start = np.broadcast_to(np.asarray(p.initial[p.states.index("v")], float), p.size)
    more = {
        "v_exp": got["v_thresh"], "delta_t": got["delta_t"], "tau_w": got["tau_w"],
        "a": got["a"] / got["cm"], "b": got["b"] / got["cm"], "drive": got["i_offset"] / got["cm"],
    }  # fmt: skip
    none = np.zeros((0, p.size))
    return Wanted(
        got["cm"] / got["gl"], got["v_rest"], got["v_reset"], cut, start,
        np.broadcast_to(steps * dt, p.size),
        np.stack(tau_syn) if tau_syn else none, np.stack(slope) if slope else none,
        (False,) * len(tau_syn), adex=more,
    )  # fmt: skip
