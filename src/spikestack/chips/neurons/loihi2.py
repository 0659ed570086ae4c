"""Programs of Intel's Loihi 2 in its integers: graded, sigma-delta, ternary, resonating.

All add what arrives to `q`, by `LoihiAxon`; states are whole numbers of 24 bits, sign included. A
spike's value is its payload.
"""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel
from .loihi import LoihiCompartment

__all__ = [
    "DeltaProgram",
    "GradedReLUProgram",
    "GradedVector",
    "LIFProgram",
    "Loihi2Program",
    "ResonatorProgram",
    "SigmaDeltaProgram",
    "SigmaProgram",
    "TernaryLIF",
]

_LAVA = "Lava 0.10, src/lava/proc"
#: Greatest payload; 24 bits with the sign.
_PAYLOAD = 8388607.0


class Loihi2Program(NeuronModel):
    """The base of what is written in the chip's integers: a network holds it as it is."""

    dimensionless = True
    default_synapse = "LoihiAxon"
    fires_at = None
    emit_type = "int"
    emit_limit = _PAYLOAD
    source = _LAVA


class LIFProgram(LoihiCompartment):
    """The compartment of the first Loihi, whose reset may subtract, and whose input may be graded.

    With `subtracts` = 1 a spike takes `taken` off the potential; else it is set to 0. Products of
    weights and payloads that are not whole are rounded down.
    """

    after_arrivals = """
        busy = where(q != 0 or u != 0 or v != 0 or bias != 0, 1, 0)
        u = wrap(u + wrap(floor(q), 24), 24)
        v = clip(trunc(v*(4096 - decay_v)/4096) + wrap(u + bias, 24), v_min, v_max)
    """
    reset = "v = where(subtracts > 0, v - taken, 0)"
    source = "Davies et al. 2018, IEEE Micro 38:82; the chip's program is free (Intel 2021)"

    subtracts = Parameter(0.0, "1", low=0, high=1, meaning="whether a spike subtracts")
    taken = Parameter(0.0, "1", meaning="what it subtracts")


class TernaryLIF(LoihiCompartment):
    """Current-based leaky integrate-and-fire with two thresholds: +1 above one, -1 below the other.

    Either sets the potential to 0.
    """

    threshold = "v > theta or v < lower"
    emit = "where(v > theta, 1, -1)"
    emit_type = "int"
    source = _LAVA

    lower = Parameter(-64.0, "1", high=0, meaning="threshold of spikes of -1")


class GradedVector(Loihi2Program):
    """Passes on the sum of a step, where its magnitude is above the threshold."""

    equations = """
        q[t+1] = 0 : 1
        v[t+1] = 0 : 1
    """
    after_arrivals = "v = clip(q, -8388608, 8388607)"
    threshold = "abs(v) > theta"
    reset = "v = 0"
    emit = "v"

    theta = Parameter(0.0, "1", low=0, meaning="threshold")


class GradedReLUProgram(GradedVector):
    """Passes on the sum of a step, where it is above the threshold."""

    threshold = "v > theta"


class SigmaProgram(Loihi2Program):
    """Decodes deltas: adds up all that ever arrived, and sends the sum in every step."""

    equations = """
        q[t+1] = 0 : 1
        v[t+1] = v : 1
    """
    after_arrivals = "v = clip(v + q, -8388608, 8388607)"
    threshold = "v != 0"
    emit = "v"


class DeltaProgram(Loihi2Program):
    """Encodes what arrives in a step by its change since the last, with what was not sent yet.

    The change is sent where it is at least `theta` in magnitude; with `cumulative` = 1, where the
    sum of all changes since the last spike, each counted as it stood, is. `gain` is 2 to the sum of
    both exponents, by which what arrives is shifted up; `scale` is 2 to that of the state, by which
    what is sent is shifted down.
    """

    equations = """
        before[t+1] = v         : 1
        q[t+1] = 0              : 1
        v[t+1] = 0              : 1
        residue[t+1] = residue  : 1
        wrong[t+1] = wrong      : 1
    """
    after_arrivals = """
        v = q*gain
        residue = wrap(v - before + residue, 24)
        wrong = wrap(wrong + residue, 24)
    """
    threshold = "residue != 0 and where(cumulative > 0, abs(wrong), abs(residue)) >= theta"
    reset = "residue = 0; wrong = 0"
    emit = "floor(residue/scale)"

    theta = Parameter(1.0, "1", low=0, meaning="least change that is sent")
    cumulative = Parameter(0.0, "1", low=0, high=1, meaning="whether errors add up")
    gain = Parameter(1.0, "1", low=1, high=2.0**23, meaning="2 to both exponents")
    scale = Parameter(1.0, "1", low=1, high=2.0**23, meaning="2 to the state's exponent")


class SigmaDeltaProgram(DeltaProgram):
    """Sigma-delta rectifier: adds up deltas and a bias, rectifies, and sends deltas on."""

    equations = """
        before[t+1] = v         : 1
        q[t+1] = 0              : 1
        sigma[t+1] = sigma      : 1
        v[t+1] = v              : 1
        residue[t+1] = residue  : 1
        wrong[t+1] = wrong      : 1
    """
    after_arrivals = """
        sigma = wrap(sigma + q*gain, 24)
        v = max(wrap(sigma + bias, 24), 0)
        residue = wrap(v - before + residue, 24)
        wrong = wrap(wrong + residue, 24)
    """

    bias = Parameter(0.0, "1", meaning="added to the sum before it is rectified")


class ResonatorProgram(Loihi2Program):
    """Resonate-and-fire: a damped rotation of two states, with constants of 12 bits.

    A spike is where `v`, the imaginary part, rises to `theta` while the real part is not negative.
    `cosine` and `sine` are those of the angle of a step times what is left after it, in 1/4096.
    What arrives adds to the real part.
    """

    equations = """
        q[t+1] = 0 : 1
        old[t+1] = x : 1
        x[t+1] = trunc((cosine*x - sine*v)/4096) : 1
        v[t+1] = trunc((sine*old + cosine*v)/4096) : 1
    """
    after_arrivals = "x = clip(x + q, -8388608, 8388607)"
    threshold = "v >= theta and previous(v) < theta and x >= 0"
    emit_type = "none"
    emit_limit = 1.0
    source = "Izhikevich 2001, Neural Netw 14:883; on Loihi 2: Orchard et al. 2021, SiPS"

    cosine = Parameter(3686.0, "1", low=-4096, high=4096, meaning="cosine times what is left")
    sine = Parameter(1024.0, "1", low=-4096, high=4096, meaning="sine times what is left")
    theta = Parameter(64.0, "1", low=0, meaning="threshold")
