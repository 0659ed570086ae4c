"""The cortical microcircuit of Potjans and Diesmann: four layers under 1 mm^2 of cortex."""

from __future__ import annotations

import math

import numpy as np

from ..network import Network, Population
from ..network.inputs import Poisson
from ..network.rules import FixedTotalNumber
from ..neurons.lif import LIF
from ..synapses.exponential_current import ExponentialCurrent
from ..values import Normal

__all__ = ["POPULATIONS", "REFERENCE_RATES", "potjans_diesmann"]

# Potjans and Diesmann 2014, Cereb Cortex 24:785, tables 4 and 5, with the values of the community's
# reference implementation (INM-6/microcircuit-PD14-model).
POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
_SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
_EXTERNAL = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
_V0_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)
_V0_SD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
#: Spikes/s at full scale, one long run of the reference implementation.
REFERENCE_RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
_BACKGROUND_RATE = 8.0
# Connection probability, target by source.
_PROBABILITY = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443),
)
_C, _TAU_M, _TAU_SYN = 0.25, 10.0, 0.5
_PSP = 0.15
_G = -4.0


def psp_to_current(psp: float) -> float:
    """The current jump (nA) whose potential peaks at `psp` mV (same article, appendix)."""
    ratio = _TAU_SYN / _TAU_M
    difference = ratio ** (_TAU_SYN / (_TAU_M - _TAU_SYN)) - ratio ** (_TAU_M / (_TAU_M - _TAU_SYN))
    return psp * _C * (_TAU_M - _TAU_SYN) / (_TAU_M * _TAU_SYN * difference)


def synapse_numbers() -> np.ndarray:
    """Synapses of the full circuit, target by source (int64): K = ln(1-p) / ln(1-1/(N_A N_B))."""
    sizes = np.array(_SIZES, dtype=np.float64)
    pairs = sizes[:, None] * sizes[None, :]
    return np.rint(np.log1p(-np.array(_PROBABILITY)) / np.log1p(-1.0 / pairs)).astype(np.int64)


def potjans_diesmann(seed: int = 1, scale: float = 1.0) -> Network:
    """The microcircuit with Poisson background: 77,169 neurons and 298,880,970 synapses.

    Parameters
    ----------
    seed
        Of the network.
    scale
        Share of neurons and of in-degrees that is kept; weights grow by 1/sqrt(scale), and a
        constant current makes up for the mean input that is lost.
    """
    net = Network(seed)
    numbers, weight = synapse_numbers(), psp_to_current(_PSP) / math.sqrt(scale)
    currents = _compensation(numbers, scale)
    for k, name in enumerate(POPULATIONS):
        cell = LIF.preset(
            "potjans_diesmann", v=Normal(_V0_MEAN[k], _V0_SD[k]), i_offset=currents[k]
        )
        population = net.add(Population(name, round(scale * _SIZES[k]), cell))
        drive = ExponentialCurrent(tau_syn=_TAU_SYN, weight=weight)
        net.drive(population, Poisson(scale * _EXTERNAL[k] * _BACKGROUND_RATE, synapse=drive))
        net.record(population, "spikes")
    for k, target in enumerate(POPULATIONS):
        for j, source in enumerate(POPULATIONS):
            if numbers[k, j]:
                rule = FixedTotalNumber(round(scale**2 * float(numbers[k, j])))
                net.connect(net[source], net[target], rule, _synapse(source, target, weight))
    return net


def _synapse(source: str, target: str, weight: float) -> ExponentialCurrent:
    """Weights of 10 % spread and one sign, delays of 50 % spread."""
    if source.endswith("E"):
        mean = 2 * weight if (source, target) == ("L4E", "L23E") else weight
        low, high, delay = 0.0, None, 1.5
    else:
        mean, low, high, delay = _G * weight, None, 0.0, 0.75
    return ExponentialCurrent(
        tau_syn=_TAU_SYN,
        weight=Normal(mean, 0.1 * abs(mean), low=low, high=high),
        delay=Normal(delay, 0.5 * delay, low=0.05),
    )


def _compensation(numbers: np.ndarray, scale: float) -> list[float]:
    """The constant current (nA) that keeps the mean input of a scaled-down circuit."""
    weight = psp_to_current(_PSP)
    weights = np.array([weight if name.endswith("E") else _G * weight for name in POPULATIONS])
    full = np.tile(weights, (len(POPULATIONS), 1))
    full[POPULATIONS.index("L23E"), POPULATIONS.index("L4E")] *= 2
    in_degrees = numbers / np.array(_SIZES)[:, None]
    recurrent = (full * in_degrees * np.array(REFERENCE_RATES)).sum(axis=1)
    external = weight * np.array(_EXTERNAL) * _BACKGROUND_RATE
    return list(1e-3 * _TAU_SYN * (1.0 - math.sqrt(scale)) * (recurrent + external))
